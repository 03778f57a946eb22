"""High dynamic range and wide gamuts to what a display of 100 cd/m² with the primaries of BT.709 shows.

References
----------
ITU-R BT.2100-2 (07/2018): PQ (table 4) and HLG (table 5), with the system gamma of HLG.
ITU-R BT.2446-1 (03/2021), 6: method C, tone mapping that keeps skin and reference white.
ITU-R BT.2087-0 (10/2015): conversion between the primaries of BT.2020 and BT.709, in linear light.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

HLG_PEAK = 1000.0
"""cd/m² of the display that HLG is taken to be graded for, whose system gamma is 1.2."""
SDR_PEAK = 100.0
_GAMMA = 2.4
"""Of a reference display, ITU-R BT.1886."""

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
"""Constants of PQ."""
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
"""Constants of HLG."""
_K1, _K2, _K3, _K4 = 0.83802, 15.09968, 0.74204, 78.99439
"""Constants of method C. At the knee, 69.8 cd/m², the two parts differ by 0.035 cd/m² and have one slope."""
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])

_CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
}
"""(x, y) of red, green, blue and white: H.273, table 2."""


def display_referred(rgb: Array, transfer: str) -> Array:
    """Light of a display, from non-linear BT.2100 signals.

    Parameters
    ----------
    rgb : (…, 3) float64
        R'G'B' in [0, 1] with the primaries of BT.2020; values outside are clipped.
    transfer : {"smpte2084", "arib-std-b67"}
        PQ or HLG.

    Returns
    -------
    numpy.ndarray
        (…, 3) cd/m²: of PQ as it says, of HLG on a display of `HLG_PEAK`.
    """
    signal = np.clip(rgb, 0, 1)
    if transfer == "smpte2084":
        power = signal ** (1 / _M2)
        light = 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
        return np.asarray(light)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - _C) / _A) + _B) / 12)
    luminance = scene @ _LUMA_2020
    # The system gamma of a display of 1,000 cd/m² is 1.2, so what it shows is E * Y^0.2 * 1,000.
    return np.asarray(HLG_PEAK * scene * luminance[..., None] ** 0.2)


def tone_mapped(light: Array) -> Array:
    """R'G'B' for a display of 100 cd/m² with the primaries of BT.709, by method C of ITU-R BT.2446-1.

    Up to 70 cd/m², where faces lie, the curve is a straight line, and reference white (203 cd/m²) comes out at 96 % of
    the signal: what was exposed alike in HDR and SDR looks alike. The curve acts on luminance and leaves chromaticity.
    The method's headroom of 9 % above white does not fit into RGB, so light from 332 cd/m² on is white. Its optional
    crosstalk between channels is left out.

    Parameters
    ----------
    light : (…, 3) array
        cd/m², primaries of BT.2020.

    Returns
    -------
    numpy.ndarray
        (…, 3) in [0, 1], for a display gamma of 2.4.
    """
    luminance = light @ _LUMA_2020
    factor = _curve(luminance) / np.maximum(luminance, 1e-9)
    relative = light * factor[..., None] / SDR_PEAK
    return _signal(relative @ _to_bt709("bt2020").T)


def _curve(luminance: Array) -> Array:
    """The tone curve of BT.2446-1, method C, cd/m² to cd/m²."""
    knee = 58.5 / _K1
    above = _K2 * np.log(np.maximum(luminance, knee) / knee - _K3) + _K4
    return np.asarray(np.where(luminance < knee, _K1 * luminance, above))


def _signal(light: Array) -> Array:
    """Linear light in [0, 1] as R'G'B' for a display gamma of 2.4."""
    return np.asarray(np.clip(light, 0, 1) ** (1 / _GAMMA))


def gamut_to_bt709(rgb: Array, primaries: str) -> Array:
    """The same colours with the primaries of BT.709; those outside its gamut are clipped.

    Parameters
    ----------
    rgb : (…, 3) float64
        R'G'B' for a display gamma of 2.4.
    primaries : {"bt2020", "smpte431", "smpte432"}

    Returns
    -------
    numpy.ndarray
        (…, 3) float64 in [0, 1].
    """
    return _signal(np.clip(rgb, 0, None) ** _GAMMA @ _to_bt709(primaries).T)


@lru_cache(maxsize=4)
def _to_bt709(primaries: str) -> Array:
    """(3, 3) matrix for linear light; white goes to white."""
    return np.asarray(np.linalg.solve(_to_xyz("bt709"), _to_xyz(primaries)))


def _to_xyz(primaries: str) -> Array:
    """(3, 3) matrix from linear R, G, B to X, Y, Z relative to the white of the primaries (SMPTE RP 177)."""
    xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in _CHROMATICITIES[primaries]])
    corners, white = xyz[:3].T, xyz[3]
    scaled = corners * np.linalg.solve(corners, white)
    return np.asarray(scaled / white[:, None])
