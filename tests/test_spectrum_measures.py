"""Spectrum images and clips as measurements: symmetry, scale, layouts, and energy in space and in time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.spectrum import (
    MAX_RADIUS,
    clip_spectrum,
    log_spectrum,
    radial_profile,
    silent_face_spectrum,
    temporal_spectrum,
)

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])
windows = pytest.mark.parametrize("window", [None, "hann"])


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def slow_spectrum(plane, window):
    """|F| at every (ky, kx) by sums of exponentials, zero frequency at [H//2, W//2]."""
    height, width = plane.shape
    x = plane - plane.mean()
    if window:
        hann = [0.5 * (1 - np.cos(2 * np.pi * np.arange(n) / n)) for n in plane.shape]
        x = x * hann[0][:, None] * hann[1]
    waves = [np.exp(-2j * np.pi * np.outer(np.arange(n) - n // 2, np.arange(n)) / n) for n in plane.shape]
    return np.abs(waves[0] @ x @ waves[1].T) / math.sqrt(height * width)


@windows
@libraries
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (2, 2), (6, 7), (7, 6), (8, 8), (9, 5)])
def test_every_bin_is_where_the_slow_transform_has_it(shape, window, library):
    plane = noise(*shape)
    given_ = plane if library == "numpy" else torch.asarray(plane)
    ours = np.asarray(log_spectrum(given_, channel_axis=None, window=window))
    np.testing.assert_allclose(ours, np.log1p(255 * slow_spectrum(plane, window)), atol=1e-9)


@pytest.mark.parametrize("gain", [0.0, 1e-3, 1.0, 1e6])
def test_the_gain_scales_amplitudes_before_the_logarithm(gain):
    plane = noise(12, 15)
    ours = log_spectrum(plane, channel_axis=None, gain=gain)
    np.testing.assert_allclose(ours, np.log1p(gain * slow_spectrum(plane, "hann")), atol=1e-9)


@given(st.integers(-20, 20), st.integers(-20, 20))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_without_a_window_a_circular_shift_changes_nothing(dy, dx):
    plane = noise(15, 18)
    shifted = log_spectrum(np.roll(plane, (dy, dx), axis=(0, 1)), channel_axis=None, window=None)
    np.testing.assert_allclose(shifted, log_spectrum(plane, channel_axis=None, window=None), atol=1e-9)


@windows
def test_turned_pictures_have_turned_spectra(window):
    plane = noise(15, 21)

    def spectrum(x):
        return log_spectrum(x, channel_axis=None, window=window)

    np.testing.assert_allclose(spectrum(plane.T), spectrum(plane).T, atol=1e-9)
    if window is None:  # a periodic window is not its own mirror image
        np.testing.assert_allclose(spectrum(plane[::-1]), spectrum(plane)[::-1], atol=1e-9)
        np.testing.assert_allclose(spectrum(plane[:, ::-1]), spectrum(plane)[:, ::-1], atol=1e-9)


@windows
@pytest.mark.parametrize("shape", [(9, 11), (8, 10), (8, 11)])
def test_a_spectrum_is_even_in_frequency(shape, window):
    plane = log_spectrum(noise(*shape), channel_axis=None, window=window)
    rows = slice(1 - shape[0] % 2, None)  # an even size has one frequency without a mirror image
    columns = slice(1 - shape[1] % 2, None)
    inner = plane[rows, columns]
    np.testing.assert_allclose(inner, inner[::-1, ::-1], atol=1e-9)


@windows
def test_brightness_is_no_part_of_a_spectrum_and_contrast_scales_it(window):
    plane = noise(16, 17)
    own, brighter, weaker = (
        np.expm1(log_spectrum(p, channel_axis=None, window=window)) for p in (plane, plane + 0.4, plane / 4)
    )
    np.testing.assert_allclose(brighter, own, atol=1e-9)
    np.testing.assert_allclose(weaker, own / 4, atol=1e-9)


def test_a_window_spreads_a_line_over_three_bins_with_half_on_either_side():
    """The transform of a periodic Hann window is 1/2 at zero and -1/4 beside it."""
    x = 0.2 * np.cos(2 * np.pi * 9 * np.arange(32) / 32)[None, :] * np.ones((32, 1))
    spectrum = np.expm1(log_spectrum(0.5 + x, channel_axis=None)) / 255
    assert spectrum[16, 16 + 9] == pytest.approx(0.1 * 32 / 4)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            expected = 0.1 * 32 / 4 / 2 ** (abs(dy) + abs(dx))
            assert spectrum[16 + dy, 25 + dx] == pytest.approx(expected)
    assert spectrum[16 + 2, 25] < 1e-9
    assert spectrum[16, 25 + 2] < 1e-9


@libraries
@pytest.mark.parametrize("channels", ["luma", "rgb", "hsv"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_planes_lie_where_the_channels_were(channels, axis, library):
    batch = noise(2, 9, 10, 3)
    expected = [log_spectrum(x, channels=channels) for x in batch]
    moved = np.moveaxis(batch, -1, axis)
    given_ = moved if library == "numpy" else torch.asarray(moved)
    ours = np.asarray(log_spectrum(given_, channels=channels, channel_axis=axis))
    if channels != "luma":
        assert ours.shape[axis] == (3 if channels == "rgb" else 4)
        ours = np.moveaxis(ours, axis, -1)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("channels", ["luma", "rgb", "hsv"])
def test_an_empty_batch_has_no_spectra_and_the_shape_of_some(channels, dtype):
    empty, one = (np.zeros((n, 8, 9, 3), dtype) for n in (0, 1))
    made = log_spectrum(empty, channels=channels)
    assert made.shape == (0, *log_spectrum(one, channels=channels).shape[1:])
    assert made.dtype == ("float32" if dtype == "uint8" else dtype)


@libraries
def test_stretching_is_of_each_plane_and_of_a_flat_one_zero(library):
    batch = np.stack([noise(8, 9), np.full((8, 9), 0.5), 0.01 * noise(8, 9, seed=1)])
    given_ = batch if library == "numpy" else torch.asarray(batch)
    made = np.asarray(log_spectrum(given_, channel_axis=None, normalize="image"))
    plain = log_spectrum(batch, channel_axis=None)
    for i in (0, 2):
        expected = (plain[i] - plain[i].min()) / (plain[i].max() - plain[i].min())
        np.testing.assert_allclose(made[i], expected, atol=1e-12)
    np.testing.assert_array_equal(made[1], 0)


@libraries
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_silent_face_spectra_of_batches_and_layouts(axis, library):
    batch = np.random.default_rng(0).integers(0, 256, (2, 10, 13, 3), np.uint8)
    moved = np.moveaxis(batch, -1, axis)
    given_ = moved if library == "numpy" else torch.asarray(np.ascontiguousarray(moved))
    ours = np.asarray(silent_face_spectrum(given_, channel_axis=axis))
    for picture, spectrum in zip(batch, ours, strict=True):
        np.testing.assert_allclose(spectrum, silent_face_spectrum(picture), atol=1e-6)
        assert spectrum.max() == 1
        assert spectrum[5, 6] == 1  # the mean, in grey levels, is the strongest


@pytest.mark.parametrize(("shape", "axis"), [((8, 8, 4), -1), ((8, 8, 1), -1), ((3, 8, 8), -1), ((8, 8), -1)])
def test_silent_face_wants_three_channels(shape, axis):
    with pytest.raises(ArgumentError, match=r"image: expected (3 channels|shape)"):
        silent_face_spectrum(np.zeros(shape, np.uint8), channel_axis=axis)


@libraries
@pytest.mark.parametrize("frames", [1, 2, 5, 8])
def test_energy_over_time_is_that_of_every_pixel(frames, library):
    clip = noise(frames, 4, 5)
    given_ = clip if library == "numpy" else torch.asarray(clip)
    spectrum = np.asarray(temporal_spectrum(given_, channel_axis=None))
    assert spectrum.shape == (frames // 2 + 1, 4, 5)
    weights = np.array([1 if k == 0 or 2 * k == frames else 2 for k in range(frames // 2 + 1)])
    np.testing.assert_allclose(np.tensordot(weights, spectrum**2, 1), np.sum(clip**2, axis=0))


@libraries
@pytest.mark.parametrize("channels", ["luma", "rgb", "hsv"])
@pytest.mark.parametrize("per", ["pixel", "band"])
def test_the_axis_of_time_may_be_anywhere_before_the_picture(channels, per, library):
    clips = noise(2, 6, 9, 10, 3)  # N, T, H, W, C
    expected = np.stack([temporal_spectrum(c, channels=channels, per=per) for c in clips])
    for order, time, channel in (((1, 0, 2, 3, 4), 0, 4), ((4, 1, 0, 2, 3), 1, 0), ((0, 4, 1, 2, 3), 2, 1)):
        moved = clips.transpose(order)
        given_ = moved if library == "numpy" else torch.asarray(moved)
        ours = np.asarray(
            temporal_spectrum(given_, channels=channels, per=per, time_axis=time, channel_axis=channel)
        )
        if per == "band":
            ours = ours.reshape(expected.shape)
        else:
            maps = [a for a in order if a != 4 or channels != "luma"]
            ours = ours.transpose(np.argsort(maps))
        np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_frames_in_reverse_have_the_same_spectrum_in_time():
    clip = noise(7, 4, 5, 3)
    np.testing.assert_allclose(temporal_spectrum(clip[::-1]), temporal_spectrum(clip), atol=1e-12)
    np.testing.assert_allclose(
        temporal_spectrum(np.roll(clip, 3, axis=0)), temporal_spectrum(clip), atol=1e-12
    )


@pytest.mark.parametrize(("kx", "band"), [(1, 0), (3, 1), (8, 2), (15, 3)])
@pytest.mark.parametrize("amplitude", [0.1, 0.3])
def test_a_grating_counts_in_the_band_that_holds_it(kx, band, amplitude):
    bands = {"a": (0.0, 0.05), "b": (0.05, 0.15), "c": (0.15, 0.3), "d": (0.3, MAX_RADIUS)}
    wave = amplitude * np.cos(2 * np.pi * kx * np.arange(40) / 40)
    clip = np.broadcast_to(0.5 + wave, (1, 40, 40))
    ours = temporal_spectrum(clip, per="band", bands=bands, channel_axis=None)[0]
    radius = np.hypot(np.fft.fftfreq(40)[:, None], np.fft.fftfreq(40))
    low, high = list(bands.values())[band]
    count = np.sum((radius >= low) & (radius < (high if band < 3 else 1)) & (radius > 0))
    # Energy of a wave is HW a^2 / 2, spread over the bins of its band.
    expected = np.where(np.arange(4) == band, math.sqrt(1600 * amplitude**2 / 2 / count), 0)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_a_band_that_holds_no_bin_is_zero():
    bands = {"none": (0.01, 0.02), "all": (0.0, MAX_RADIUS)}
    ours = temporal_spectrum(noise(1, 8, 8), per="band", bands=bands, channel_axis=None)
    assert ours.shape == (1, 2)
    assert ours[0, 0] == 0 < ours[0, 1]


def test_a_flat_clip_has_a_finite_gradient_in_every_band():
    clip = torch.full((4, 8, 8, 3), 0.5, dtype=torch.float64, requires_grad=True)
    temporal_spectrum(clip, per="band").sum().backward()
    assert torch.isfinite(clip.grad).all()


@libraries
@pytest.mark.parametrize("channels", ["luma", "rgb"])
def test_forms_of_a_clip_follow_from_the_spectra_of_its_frames(channels, library):
    clip = noise(5, 8, 9, 3)
    given_ = clip if library == "numpy" else torch.asarray(clip)
    stack = np.stack([log_spectrum(f, channels=channels, gain=10.0, window=None) for f in clip])
    made = {
        form: np.asarray(clip_spectrum(given_, form=form, channels=channels, gain=10.0, window=None))
        for form in ("stack", "mean", "difference")
    }
    np.testing.assert_allclose(made["stack"], stack, atol=1e-9)
    np.testing.assert_allclose(made["mean"], stack.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(made["difference"], np.diff(stack, axis=0), atol=1e-9)
    np.testing.assert_allclose(made["difference"].sum(axis=0), stack[-1] - stack[0], atol=1e-9)


def test_clips_without_channels_and_settings_of_the_measure_are_handed_on():
    clip = noise(2, 5, 8, 9)
    ours = clip_spectrum(clip, form="mean", time_axis=1, channel_axis=None, gain=3.0)
    assert ours.shape == (2, 8, 9)
    np.testing.assert_allclose(ours, log_spectrum(clip, channel_axis=None, gain=3.0).mean(axis=1))
    bands = clip_spectrum(clip, form="temporal", time_axis=1, channel_axis=None, per="band")
    np.testing.assert_array_equal(bands[0], temporal_spectrum(clip[0], per="band", channel_axis=None))


@pytest.mark.parametrize(
    ("time", "channel"), [(1, -1), (2, -1), (3, -1), (2, 1), (3, 1), (1, 1), (-2, 0), (-1, 0)]
)
@pytest.mark.parametrize("measure", [clip_spectrum, temporal_spectrum])
def test_rows_columns_and_channels_are_no_axis_of_time(time, channel, measure):
    clip = np.zeros((3, 3, 3, 3))
    match = f"time_axis: expected an axis before rows and columns, got {time}"
    with pytest.raises(ArgumentError, match=match):
        measure(clip, time_axis=time, channel_axis=channel)


@pytest.mark.parametrize(
    ("settings_", "match"),
    [
        ({"per": "frame"}, "per: expected one of pixel, band, got 'frame'"),
        ({"channels": "grey"}, "channels: expected one of luma, rgb, hsv, got 'grey'"),
        ({"bands": {"bad": (0.3, 0.1)}, "per": "band"}, r"low: expected at most high = 0\.1, got 0\.3"),
        (
            {"channel_axis": None, "channels": "hsv"},
            "channels: expected luma where channel_axis is None, got 'hsv'",
        ),
    ],
)
def test_bad_settings_in_time_are_named(settings_, match):
    with pytest.raises(ArgumentError, match=match):
        temporal_spectrum(np.zeros((2, 8, 8, 3)), **settings_)


def test_a_profile_of_a_turned_picture_is_the_same():
    plane = noise(20, 26)
    ours = radial_profile(plane, bins=9, channel_axis=None, window=None)
    for turned in (plane.T, plane[::-1], np.rot90(plane), np.roll(plane, 5, axis=1)):
        np.testing.assert_allclose(
            radial_profile(turned, bins=9, channel_axis=None, window=None), ours, atol=1e-9
        )
