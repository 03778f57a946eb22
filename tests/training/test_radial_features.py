"""Features of the baseline: planted waves and flicker where they must show, against slow sums."""

from __future__ import annotations

import numpy as np
import pytest

from specaug import radial_profile
from specaug.training.radial_features import BINS, KINDS, QUANTILE, SECTOR, clip_features, feature_count

SIZE, T = 64, 4
TOP = np.sqrt(0.5)


def features(clip, **settings):
    """(kinds, planes, bins) of one clip."""
    return clip_features(clip[None], **settings)[0].reshape(len(KINDS), 3, BINS)


def clip_of(*patterns, level=128.0, noise=3.0):
    """(T, SIZE, SIZE, 3) uint8: grey with noise that stays, and patterns added."""
    steady = np.random.default_rng(0).normal(0, noise, (1, SIZE, SIZE, 3)).repeat(T, axis=0)
    return np.clip(np.rint(level + steady + sum(patterns)), 0, 255).astype(np.uint8)


def wave(cycles_per_px):
    """(1, 1, SIZE, 1) along x."""
    return 20 * np.cos(2 * np.pi * cycles_per_px * np.arange(SIZE))[None, None, :, None]


def ring_of(cycles_per_px):
    return int(cycles_per_px * BINS / TOP)


@pytest.mark.parametrize("frequency", [8 / 64, 14 / 64, 25 / 64])
def test_a_grating_stands_out_in_its_ring_and_in_no_other(frequency):
    rise = features(clip_of(wave(frequency)))[1, 0] - features(clip_of(0))[1, 0]
    # A Hann window spreads a wave over its neighbours, one frequency on either side.
    ring = ring_of(frequency)
    assert rise.argmax() == ring
    assert rise[ring] > 1
    far = np.abs(np.arange(BINS) - ring) > 1
    assert np.abs(rise[far]).max() < 0.1


@pytest.mark.parametrize(("axis", "kind"), [(2, 2), (1, 3)])
def test_a_grating_lies_along_its_axis(axis, kind):
    """Frequencies near one axis rise above the mean of their ring, those near the other fall below it."""
    grating = np.moveaxis(wave(14 / 64), 2, axis)
    rise = (features(clip_of(grating)) - features(clip_of(0)))[:, 0, ring_of(14 / 64)]
    assert rise[kind] > 0.1
    assert rise[5 - kind] < 0


def test_a_wave_of_colour_alone_is_seen_in_colour_alone():
    """Red up and green down by what luma weighs them: luma stays."""
    colour = wave(14 / 64) * np.array([0.587, -0.299, 0.0])
    rise = (features(clip_of(colour)) - features(clip_of(0)))[1, :, ring_of(14 / 64)]
    assert abs(rise[0]) < 0.2  # rounding to whole levels leaves some
    assert rise[2] > 1


def test_flicker_is_seen_in_changes_and_hardly_in_frames():
    flicker = np.array([1, -1, 1, -1])[:, None, None, None] * wave(14 / 64) / 4
    moving, still = features(clip_of(flicker)), features(clip_of(flicker[:1]))
    assert np.allclose(still[4], 0)
    assert moving[4, 0].argmax() == ring_of(14 / 64)
    assert np.abs(moving[0] - still[0]).max() < 0.05


def test_frames_are_the_mean_radial_profile():
    clip = clip_of(np.random.default_rng(1).normal(0, 20, (T, SIZE, SIZE, 3)))
    light = clip / 255 @ [0.299, 0.587, 0.114]
    expected = [
        radial_profile(plane, bins=BINS, channel_axis=None).mean(axis=0)
        for plane in (light, clip[..., 2] / 255 - light, clip[..., 0] / 255 - light)
    ]
    assert features(clip)[0] == pytest.approx(np.array(expected), abs=1e-4)


def test_what_stands_out_in_rings_and_what_changes_are_those_of_slow_sums():
    clip = clip_of(wave(11 / 64), np.random.default_rng(2).normal(0, 9, (T, SIZE, SIZE, 3)))
    light = clip / 255 @ [0.299, 0.587, 0.114]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)

    def logs(pictures):
        flat = pictures - pictures.mean(axis=(1, 2), keepdims=True)
        spectrum = np.fft.fft2(flat * hann[:, None] * hann) / SIZE
        return np.log1p(255 * np.abs(spectrum)).mean(axis=0)

    frequency = np.fft.fftfreq(SIZE)
    radius = np.hypot(frequency[:, None], np.abs(frequency))
    # Diagonal frequencies lie on borders of rings: the quotient first, as the library has it.
    ring = np.minimum((radius * (BINS / TOP)).astype(int), BINS - 1)
    # Each pair of mirrored frequencies once, as far as columns tell them apart.
    once = frequency >= 0
    angle = np.abs(np.arctan2(np.abs(frequency)[:, None], np.abs(frequency)))
    frames, changes = logs(light), logs(np.diff(light, axis=0))
    found = features(clip)[:, 0]
    for k in range(BINS):
        held = frames[:, once][ring[:, once] == k]
        low, high = np.quantile(held, 0.5), np.quantile(held, QUANTILE)
        assert found[1, k] == pytest.approx(high - low, abs=2e-3)
        for kind, near in ((2, angle < SECTOR), (3, angle > np.pi / 2 - SECTOR)):
            part = frames[:, once][(near & (ring == k))[:, once]]
            expected = part.mean() - held.mean() if part.size else 0
            assert found[kind, k] == pytest.approx(expected, abs=2e-3)
        assert found[4, k] == pytest.approx(changes[ring == k].mean(), abs=2e-3)


def test_one_frame_has_no_changes_and_small_crops_have_every_feature():
    clip = clip_of(0)[:1, :8, :8]
    found = clip_features(clip[None])
    assert found.shape == (1, feature_count())
    assert np.isfinite(found).all()
    assert not features(clip)[4].any()


def test_clips_of_a_batch_do_not_meet():
    clips = np.stack([clip_of(0), clip_of(wave(0.2)), clip_of(wave(0.1))])
    together = clip_features(clips)
    assert all(np.array_equal(together[i : i + 1], clip_features(clips[i : i + 1])) for i in range(3))


def test_the_window_is_that_of_the_settings():
    """Without one the borders of a slope leak into every ring."""
    slope = np.linspace(-60, 60, SIZE)[None, None, :, None]
    rise = features(clip_of(slope), window=None)[0, 0] - features(clip_of(slope))[0, 0]
    assert (rise[4:14] > 0.1).all()
