"""High dynamic range and wide gamuts to what a display of 100 cd/m² with the primaries of BT.709 shows.

References
----------
ITU-R BT.2100-2 (07/2018): PQ (table 4) and HLG (table 5), with the system gamma of HLG.
ITU-R BT.2446-1 (03/2021), 4: method A, tone mapping of 1,000 cd/m² to 100 cd/m².
ITU-R BT.2087-0 (10/2015): conversion between the primaries of BT.2020 and BT.709, in linear light.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

HDR_PEAK = 1000.0
"""cd/m² that method A takes as the peak of its input: what HLG is graded for, and phones master to."""
SDR_PEAK = 100.0
_GAMMA = 2.4
"""Of a reference display, ITU-R BT.1886."""

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
"""Constants of PQ."""
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
"""Constants of HLG."""
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])

_CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
}
"""(x, y) of red, green, blue and white: H.273, table 2."""


def display_referred(rgb: Array, transfer: str) -> Array:
    """Light of a display of `HDR_PEAK`, from non-linear BT.2100 signals.

    Parameters
    ----------
    rgb : (…, 3) float64
        R'G'B' in [0, 1] with the primaries of BT.2020; values outside are clipped.
    transfer : {"smpte2084", "arib-std-b67"}
        PQ or HLG.

    Returns
    -------
    numpy.ndarray
        (…, 3) cd/m², at most `HDR_PEAK`: PQ beyond it is clipped, as a display of that peak does.
    """
    signal = np.clip(rgb, 0, 1)
    if transfer == "smpte2084":
        power = signal ** (1 / _M2)
        light = 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
        return np.asarray(np.minimum(light, HDR_PEAK))
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - _C) / _A) + _B) / 12)
    luminance = scene @ _LUMA_2020
    # The system gamma of a display of 1,000 cd/m² is 1.2, so what it shows is E * Y^0.2 * 1,000.
    return np.asarray(HDR_PEAK * scene * luminance[..., None] ** 0.2)


def tone_mapped(light: Array) -> Array:
    """R'G'B' for a display of 100 cd/m² with the primaries of BT.709, by method A of ITU-R BT.2446-1.

    Parameters
    ----------
    light : (…, 3) float64
        cd/m², 0 to `HDR_PEAK`, primaries of BT.2020.

    Returns
    -------
    numpy.ndarray
        (…, 3) float64 in [0, 1], for a display gamma of 2.4.
    """
    rgb = (light / HDR_PEAK) ** (1 / _GAMMA)
    luma = rgb @ _LUMA_2020
    mapped = _curve(luma)
    # Scaling of the colour differences, with the standard's 1.1; a black pixel has none.
    factor = mapped / np.maximum(1.1 * luma, 1e-12)
    blue, red = factor * (rgb[..., 2] - luma) / 1.8814, factor * (rgb[..., 0] - luma) / 1.4746
    luma = mapped - np.maximum(0.1 * red, 0)
    green = (luma - 0.2627 * (luma + 1.4746 * red) - 0.0593 * (luma + 1.8814 * blue)) / 0.6780
    wide = np.stack([luma + 1.4746 * red, green, luma + 1.8814 * blue], axis=-1)
    return gamut_to_bt709(np.clip(wide, 0, 1), "bt2020")


def _curve(luma: Array) -> Array:
    """The tone curve of BT.2446-1, method A: luma of `HDR_PEAK` to luma of `SDR_PEAK`, both in [0, 1]."""
    wide, narrow = (1 + 32 * (peak / 10_000) ** (1 / 2.4) for peak in (HDR_PEAK, SDR_PEAK))
    perceived = np.log(1 + (wide - 1) * luma) / np.log(wide)
    knee = np.where(
        perceived <= 0.7399,
        1.0770 * perceived,
        np.where(
            perceived < 0.9909, -1.1510 * perceived**2 + 2.7811 * perceived - 0.6302, 0.5 * perceived + 0.5
        ),
    )
    return np.asarray((narrow**knee - 1) / (narrow - 1))


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
    light = np.clip(rgb, 0, None) ** _GAMMA @ _to_bt709(primaries).T
    return np.asarray(np.clip(light, 0, 1) ** (1 / _GAMMA))


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
