"""Bands sum to the image, and a map shows where a wave is."""

from __future__ import annotations

import numpy as np
import pytest
from made_frames import SIDE, grating, noise

from specaug.differences.local_energy import band_image, local_decibels
from specaug.spectrum import BANDS


def test_bands_sum_to_the_image():
    image = np.random.default_rng(1).integers(0, 256, (50, 64, 3), dtype=np.uint8)
    total = sum(band_image(image, *limits) for limits in BANDS.values())
    np.testing.assert_allclose(total, image / 255, atol=1e-6)


@pytest.mark.parametrize(("frequency", "band"), [(0.045, "mid"), (0.2, "high"), (0.45, "high")])
def test_a_wave_is_in_its_band(frequency, band):
    wave = 0.5 + grating(frequency, 20, 0.1)[0]
    inner = slice(16, -16)  # at the border, the mirrored wave has a kink of all frequencies
    found = {name: band_image(wave, *limits)[inner, inner].std() for name, limits in BANDS.items()}
    assert found[band] == pytest.approx(0.1 / np.sqrt(2), rel=0.1)
    assert all(found[name] < 0.02 for name in BANDS if name != band)


def test_the_map_shows_where_the_wave_is():
    plain, waved = noise(1, 2), noise(2, 2)
    waved[:, :, : SIDE // 2] += grating(0.2, 0, 0.1)[:, :, : SIDE // 2]
    ratio = local_decibels(waved, *BANDS["high"]) - local_decibels(plain, *BANDS["high"])
    # noise 0.05² and a wave of 0.1²/2 in front of it; a little of both lies below the band
    assert ratio[:, :24].mean() == pytest.approx(10 * np.log10(1 + 0.005 / 0.0025), abs=0.5)
    assert abs(ratio[:, -24:].mean()) < 0.3
