"""What colour and spectra hold at most: three float32 copies of the picture, their results included."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from specaug.color import hsv_to_rgb, rgb_to_hsv
from specaug.spectrum import log_spectrum, radial_profile, temporal_spectrum

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "rgb_to_hsv": rgb_to_hsv,
    "hsv_to_rgb": hsv_to_rgb,
    "log_spectrum luma": log_spectrum,
    "log_spectrum rgb": lambda x: log_spectrum(x, channels="rgb"),
    "log_spectrum hsv": lambda x: log_spectrum(x, channels="hsv"),
    "temporal_spectrum": temporal_spectrum,
    "radial_profile": radial_profile,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("n", [1, 4])
def test_memory_stays_within_three_float_copies_of_the_batch(name, dtype, n, rng):
    x = rng.random((n, 224, 224, 3), np.float32)
    x = (255 * x).astype(np.uint8) if dtype == "uint8" else x
    FUNCTIONS[name](x)  # masks and tables are made
    tracemalloc.start()
    FUNCTIONS[name](x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 3 * 4 * x.size


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_colours_of_many_pixels_are_those_of_few(axis, rng):
    image = np.moveaxis(rng.random((50, 230, 3)), -1, axis)
    for convert in (rgb_to_hsv, hsv_to_rgb):
        whole = np.moveaxis(convert(image, channel_axis=axis), axis, -1)
        rows = [convert(row) for row in np.moveaxis(image, axis, -1)]
        np.testing.assert_array_equal(whole, np.stack(rows))
