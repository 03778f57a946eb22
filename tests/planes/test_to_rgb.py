"""Samples to RGB: matrices, ranges and depths against the standard's formulas; known colours of HDR."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from specaug.planes.hdr import display_referred, gamut_to_bt709, tone_mapped
from specaug.planes.to_rgb import to_uint8, values_to_rgb
from specaug.records import ColorInfo

WEIGHTS = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
}


def coded(rgb: np.ndarray, matrix: str, range_: str, bits: int) -> np.ndarray:
    """Y', C_B, C_R of R'G'B' in [0, 1], not rounded: equations 36 to 47 of ITU-T H.273."""
    kr, kb = WEIGHTS[matrix]
    y = kr * rgb[..., 0] + (1 - kr - kb) * rgb[..., 1] + kb * rgb[..., 2]
    blue, red = (rgb[..., 2] - y) / (2 * (1 - kb)), (rgb[..., 0] - y) / (2 * (1 - kr))
    scale, top = 2 ** (bits - 8), 2**bits - 1
    if range_ == "full":
        return np.stack([top * y, top * blue + 2 ** (bits - 1), top * red + 2 ** (bits - 1)], axis=-1)
    return np.stack([scale * (219 * y + 16), scale * (224 * blue + 128), scale * (224 * red + 128)], axis=-1)


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("range_", ["limited", "full"])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_coded_colors_come_back(rng, matrix, range_, bits):
    rgb = rng.uniform(0, 1, (20, 20, 3))
    color = ColorInfo(matrix=matrix, range=range_, bits=bits)
    back = values_to_rgb(coded(rgb, matrix, range_, bits), color)
    np.testing.assert_allclose(back, rgb, atol=1e-12)


@pytest.mark.parametrize(
    ("range_", "bits", "black", "white"),
    [("limited", 8, 16, 235), ("limited", 10, 64, 940), ("limited", 12, 256, 3760), ("full", 8, 0, 255)],
)
def test_black_and_white_are_those_of_the_standard(range_, bits, black, white):
    color = ColorInfo(matrix="bt709", range=range_, bits=bits)
    middle = 2.0 ** (bits - 1)
    values = np.array([[[black, middle, middle], [white, middle, middle]]], np.float64)
    assert to_uint8(values_to_rgb(values, color)).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    grey = ColorInfo(matrix="gray", range=range_, bits=bits)
    assert to_uint8(values_to_rgb(values[..., 0], grey)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_rounding_is_once_and_to_the_nearest():
    rgb = np.array([[[-0.1, 0.499 / 255, 0.501 / 255], [254.4 / 255, 254.6 / 255, 1.3]]])
    assert to_uint8(rgb).tolist() == [[[0, 0, 1], [254, 255, 255]]]


def test_full_scale_rgb_of_ten_bits_is_white():
    values = np.full((1, 1, 3), 1023.0)
    assert to_uint8(values_to_rgb(values, ColorInfo(bits=10))).tolist() == [[[255, 255, 255]]]


# HDR


def test_pq_has_the_levels_of_bt2100():
    """ITU-R BT.2408 table: signal 0.58 is 203 cd/m2 (reference white), 0.508 about 100, 0.752 about 1000."""
    signal = np.array([0.0, 0.508, 0.58069, 0.7518])
    light = display_referred(np.repeat(signal[:, None], 3, axis=1), "smpte2084")[:, 0]
    np.testing.assert_allclose(light, [0, 100, 203, 1000], rtol=0.005, atol=1e-9)
    assert display_referred(np.ones((1, 3)), "smpte2084").max() == pytest.approx(10_000)


def test_hlg_has_the_levels_of_bt2100():
    """0.75 is reference white, 203 cd/m2 on a display of 1,000; 1 is the peak; 0.5 is a twelfth of scene light."""
    signal = np.array([0.0, 0.5, 0.75, 1.0])
    light = display_referred(np.repeat(signal[:, None], 3, axis=1), "arib-std-b67")[:, 0]
    np.testing.assert_allclose(light, [0, 1000 * (1 / 12) ** 1.2, 203, 1000], rtol=0.003, atol=1e-9)


def test_hlg_is_continuous_where_its_two_parts_meet():
    below, above = (display_referred(np.full((1, 3), 0.5 + e), "arib-std-b67")[0, 0] for e in (-1e-7, 1e-7))
    assert abs(below - above) < 1e-3


def reference_method_c(light: float) -> float:
    """The tone curve of ITU-R BT.2446-1 method C for a grey of `light` cd/m2, as a signal for gamma 2.4."""
    knee = 58.5 / 0.83802
    sdr = 0.83802 * light if light < knee else 15.09968 * np.log(light / knee - 0.74204) + 78.99439
    return min(1.0, sdr / 100) ** (1 / 2.4)


@pytest.mark.parametrize(
    "light", [0.0, 1.0, 10.0, 50.0, 69.0, 71.0, 100.0, 203.0, 300.0, 331.0, 340.0, 1000.0]
)
def test_greys_are_mapped_by_the_curve_of_bt2446(light):
    mapped = tone_mapped(np.full((1, 3), light))[0]
    np.testing.assert_allclose(
        mapped, reference_method_c(light), atol=2e-4
    )  # the standard's rounded matrices


def test_tone_mapping_is_smooth_and_monotonic_up_to_white():
    levels = np.linspace(0, 320, 3201)
    mapped = tone_mapped(np.repeat(levels[:, None], 3, axis=1))[:, 0] ** 2.4 * 100
    slope = np.diff(mapped) / np.diff(levels)
    assert np.all(slope > 0)
    # The published constants leave a step of 0.035 cd/m2 at the knee, 69.8 cd/m2: a twentieth of a level.
    smooth = np.abs(levels[1:-1] - 69.8) > 0.3
    assert np.abs(np.diff(slope))[smooth].max() < 0.01
    assert np.abs(np.diff(mapped)).max() < 0.13
    assert mapped[0] == 0


def test_reference_white_stays_nearly_white():
    assert tone_mapped(np.full((1, 3), 203.0))[0, 0] == pytest.approx(0.960, abs=0.002)


def test_skin_keeps_its_chromaticity():
    """Linear light of a face of 50 cd/m2 is scaled, so its ratios stay."""
    skin = np.array([[72.0, 44.0, 33.0]])
    mapped = tone_mapped(skin) ** 2.4
    other = tone_mapped(0.5 * skin) ** 2.4
    np.testing.assert_allclose(mapped / other, 2.0, rtol=1e-9)


def test_the_gamut_matrix_is_that_of_bt2087():
    """ITU-R BT.2087-0 gives the inverse with four digits: columns are the primaries of BT.2020 in BT.709."""
    published = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    inside = np.array([[0.5, 0.5, 0.5], [0.45, 0.5, 0.4], [0.6, 0.5, 0.55]])
    linear = gamut_to_bt709(inside ** (1 / 2.4), "bt2020") ** 2.4
    np.testing.assert_allclose(linear, inside @ published.T, atol=2e-4)


@pytest.mark.parametrize("primaries", ["bt2020", "smpte431", "smpte432"])
def test_greys_keep_their_place_in_any_gamut(primaries):
    greys = np.repeat(np.linspace(0, 1, 11)[:, None], 3, axis=1)
    np.testing.assert_allclose(gamut_to_bt709(greys, primaries), greys, atol=1e-9)


def test_a_saturated_red_is_clipped_to_the_narrow_gamut():
    (red,) = gamut_to_bt709(np.array([[1.0, 0.0, 0.0]]), "bt2020")
    assert red.tolist() == [1.0, 0.0, 0.0]


def test_sdr_of_the_usual_primaries_is_left_alone(rng):
    rgb = rng.uniform(0, 1, (4, 4, 3))
    values = coded(rgb, "bt709", "limited", 8)
    plain = values_to_rgb(values, ColorInfo(matrix="bt709", range="limited"))
    for primaries in ("bt709", "bt470bg", "smpte170m", "unspecified"):
        named = values_to_rgb(values, ColorInfo(matrix="bt709", range="limited", primaries=primaries))
        np.testing.assert_array_equal(named, plain)


def test_exact_thirds_of_the_integer_grid():
    """An independent reference in fractions: every eighth sample value of limited BT.601."""
    kr, kb = Fraction(299, 1000), Fraction(114, 1000)
    color = ColorInfo(matrix="bt601", range="limited")
    steps = range(16, 241, 32)
    for y in steps:
        for cb in steps:
            for cr in steps:
                luma = Fraction(y - 16, 219)
                blue, red = Fraction(cb - 128, 224), Fraction(cr - 128, 224)
                r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
                g = (luma - kr * r - kb * b) / (1 - kr - kb)
                expected = [min(255, max(0, round(255 * v))) for v in (r, g, b)]
                values = np.array([[[y, cb, cr]]], np.float64)
                assert to_uint8(values_to_rgb(values, color))[0, 0].tolist() == expected
