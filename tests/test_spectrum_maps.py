"""Spectrum images and profiles: peaks where theory puts them, energy kept, peers reproduced."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.color import rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.spectrum import (
    MAX_RADIUS,
    RadialStatistics,
    clip_spectrum,
    log_spectrum,
    radial_bins,
    radial_profile,
    silent_face_spectrum,
    temporal_spectrum,
)

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
sides = st.integers(2, 40)


def grating(shape, ky, kx, amplitude=0.2):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return 0.5 + amplitude * np.cos(2 * np.pi * (ky * y / shape[0] + kx * x / shape[1]))


def reference_log_spectrum(plane, gain=255.0, hann=True):
    """The definition, in float64 and over the whole plane."""
    window = 1.0
    if hann:
        tall, wide = (np.sin(np.pi * np.arange(n) / n) ** 2 for n in plane.shape)
        window = tall[:, None] * wide
    spectrum = np.fft.fftshift(np.fft.fft2(window * (plane - plane.mean()), norm="ortho"))
    return np.log(1 + gain * np.abs(spectrum))


@given(sides, sides, st.booleans(), st.data())
@settings(deadline=None, max_examples=50)
def test_log_spectrum_is_the_definition(height, width, hann, data):
    plane = np.random.default_rng(data.draw(st.integers(0, 99))).random((height, width))
    ours = log_spectrum(plane, channel_axis=None, window="hann" if hann else None)
    np.testing.assert_allclose(ours, reference_log_spectrum(plane, hann=hann), atol=1e-9)


@pytest.mark.parametrize("shape", [(32, 32), (33, 48), (31, 45)])
@pytest.mark.parametrize(("ky", "kx"), [(0, 5), (4, 0), (3, -7), (-6, 2)])
def test_grating_peaks_at_its_frequency(shape, ky, kx):
    spectrum = log_spectrum(grating(shape, ky, kx), channel_axis=None, window=None)
    centre = (shape[0] // 2, shape[1] // 2)
    expected = {(centre[0] + s * ky, centre[1] + s * kx) for s in (1, -1)}
    largest = np.argsort(spectrum, axis=None)[-2:]
    assert {tuple(map(int, np.unravel_index(i, shape))) for i in largest} == expected
    # Half the amplitude in each of two bins, times sqrt(HW) for the ortho norm.
    assert spectrum.max() == pytest.approx(np.log(1 + 255 * 0.1 * np.sqrt(np.prod(shape))), rel=1e-6)


def test_energy_is_kept_without_a_window(rng):
    plane = rng.random((24, 31))
    amplitude = np.expm1(log_spectrum(plane, channel_axis=None, window=None, gain=1.0))
    assert np.sum(amplitude**2) == pytest.approx(np.sum((plane - plane.mean()) ** 2))


def test_window_removes_the_cross_of_a_ramp():
    ramp = np.tile(np.linspace(0, 1, 64), (64, 1))
    bare, windowed = (log_spectrum(ramp, channel_axis=None, window=w) for w in (None, "hann"))
    # Far out on the axis the leak of the border is all there is.
    assert windowed[32, 55:].max() < 0.2 * bare[32, 55:].min()


def test_uint8_is_divided_by_255(rng):
    image = rng.integers(0, 256, (16, 18, 3), dtype=np.uint8)
    ours = log_spectrum(image)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, log_spectrum(image / 255.0), atol=1e-4)


def test_luma_weights_and_single_channel(rng):
    image = rng.random((16, 16, 3))
    plane = image @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(log_spectrum(image), log_spectrum(plane, channel_axis=None), atol=1e-9)
    np.testing.assert_array_equal(log_spectrum(plane[..., None]), log_spectrum(plane, channel_axis=None))


def test_rgb_gives_each_plane_and_hsv_four(rng):
    image = rng.random((12, 14, 3))
    rgb, hsv = log_spectrum(image, channels="rgb"), log_spectrum(image, channels="hsv")
    assert (rgb.shape, hsv.shape) == ((12, 14, 3), (12, 14, 4))
    np.testing.assert_allclose(rgb[..., 1], log_spectrum(image[..., 1], channel_axis=None))
    hue, saturation, _ = np.moveaxis(rgb_to_hsv(image), -1, 0)
    expected = (np.cos(2 * np.pi * hue), np.sin(2 * np.pi * hue), saturation)
    for i, plane in enumerate(expected):
        np.testing.assert_allclose(hsv[..., i], log_spectrum(plane, channel_axis=None), atol=1e-9)


def test_hue_is_circular():
    """Reds on either side of zero are neighbours: their spectrum is as quiet as that of two greens."""

    def hue_planes(low, high):
        pattern = np.where(np.arange(16)[:, None] % 2 == 0, low, high) * np.ones((16, 16))
        hsv = np.stack((pattern % 1, np.ones_like(pattern), np.ones_like(pattern)), axis=-1)
        return log_spectrum(
            cv2.cvtColor((hsv * [360, 1, 1]).astype(np.float32), cv2.COLOR_HSV2RGB), channels="hsv"
        )

    red, green = hue_planes(-0.01, 0.01), hue_planes(1 / 3 - 0.01, 1 / 3 + 0.01)
    amplitudes = [
        np.hypot(*np.moveaxis(np.expm1(spectrum[..., :2]), -1, 0)).max() for spectrum in (red, green)
    ]
    assert amplitudes[0] == pytest.approx(amplitudes[1], rel=1e-3)


def test_frozen_values():
    image = (np.arange(4 * 4 * 3).reshape(4, 4, 3) % 7 * 36).astype(np.uint8)
    expected = [
        [3.9047, 3.6832, 2.1194, 3.6832],
        [4.8218, 3.5905, 3.6972, 3.8921],
        [3.3322, 2.4005, 0.0, 2.4005],
        [4.8218, 3.8921, 3.6972, 3.5905],
    ]
    np.testing.assert_allclose(log_spectrum(image, window=None), expected, atol=1e-4)


def test_image_normalisation_stretches_each_plane(rng):
    stretched = log_spectrum(rng.random((2, 16, 16, 3)), normalize="image")
    np.testing.assert_allclose(stretched.min(axis=(1, 2)), 0)
    np.testing.assert_allclose(stretched.max(axis=(1, 2)), 1)
    np.testing.assert_array_equal(log_spectrum(np.ones((8, 8, 3)), normalize="image"), 0)


def test_statistics_make_their_own_data_standard(rng):
    images = rng.random((40, 32, 32, 3))
    statistics = RadialStatistics.fit(images, bins=8)
    profiles = np.array([radial_profile(x, bins=8) for x in images])
    np.testing.assert_allclose(statistics.mean, profiles.mean(axis=0))
    standard = np.array([log_spectrum(x, normalize=statistics) for x in images])
    assert abs(standard[:, 16, 20:28].mean()) < 0.5
    plain = log_spectrum(images[0])
    radius = np.hypot(*np.meshgrid(np.arange(-16, 16) / 32, np.arange(-16, 16) / 32, indexing="ij"))
    centres = radial_bins(8)
    mean, deviation = (np.interp(radius, centres, v) for v in (statistics.mean, statistics.deviation))
    np.testing.assert_allclose(log_spectrum(images[0], normalize=statistics), (plain - mean) / deviation)


def test_silent_face_preset_is_what_its_authors_compute(rng):
    image = rng.integers(0, 256, (80, 61, 3), dtype=np.uint8)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    logarithm = np.log(np.abs(np.fft.fftshift(np.fft.fft2(grey))) + 1)
    expected = (logarithm - logarithm.min() + 1) / (logarithm.max() - logarithm.min() + 1)
    np.testing.assert_allclose(silent_face_spectrum(image), expected, atol=1e-6)
    np.testing.assert_allclose(
        silent_face_spectrum(torch.asarray(image)).numpy(), expected, atol=1e-5
    )  # float32
    np.testing.assert_allclose(silent_face_spectrum(grey, channel_axis=None), expected, atol=1e-6)


def test_silent_face_reads_bgr_as_bgr_so_rgb_is_given_as_it_is(rng):
    image = rng.integers(0, 256, (80, 80, 3), dtype=np.uint8)
    grey = cv2.cvtColor(np.ascontiguousarray(image[..., ::-1]), cv2.COLOR_BGR2GRAY)  # as its loader does
    logarithm = np.log(np.abs(np.fft.fftshift(np.fft.fft2(grey))) + 1)
    expected = (logarithm - logarithm.min() + 1) / (logarithm.max() - logarithm.min() + 1)
    np.testing.assert_allclose(
        silent_face_spectrum(image), expected, rtol=0, atol=6e-8
    )  # a rounding of float32
    assert np.abs(silent_face_spectrum(image[..., ::-1].copy()) - expected).max() > 1e-3


def test_clip_forms_are_made_of_the_frames(rng):
    clip = rng.integers(0, 256, (5, 12, 14, 3), dtype=np.uint8)
    stack = clip_spectrum(clip)
    np.testing.assert_array_equal(stack, np.stack([log_spectrum(frame) for frame in clip]))
    np.testing.assert_allclose(clip_spectrum(clip, form="mean"), stack.mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(clip_spectrum(clip, form="difference"), stack[1:] - stack[:-1])


@pytest.mark.parametrize("form", ["stack", "mean", "difference", "temporal"])
@pytest.mark.parametrize("channels", ["luma", "rgb"])
def test_clips_of_a_batch_with_channels_first(form, channels, rng):
    batch = rng.random((2, 4, 6, 8, 3))
    expected = [clip_spectrum(clip, form=form, channels=channels) for clip in batch]
    first = np.moveaxis(batch, -1, 1)  # (N, C, T, H, W)
    ours = clip_spectrum(first, form=form, channels=channels, time_axis=2, channel_axis=1)
    if channels == "rgb":
        ours = np.moveaxis(ours, 1, -1)
    np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize("frames", [7, 8])
def test_flicker_peaks_at_its_frequency_in_time(frames):
    level = 0.5 + 0.1 * np.cos(2 * np.pi * 2 * np.arange(frames) / frames)
    clip = np.broadcast_to(level[:, None, None, None], (frames, 6, 6, 3))
    spectrum = temporal_spectrum(clip)
    assert spectrum.shape == (frames // 2 + 1, 6, 6)
    np.testing.assert_allclose(spectrum[2], 0.05 * np.sqrt(frames))
    np.testing.assert_allclose(spectrum[[1, 3]], 0, atol=1e-12)
    np.testing.assert_allclose(spectrum[0], 0.5 * np.sqrt(frames))


def test_a_still_clip_has_only_the_zero_frequency_in_time(rng):
    clip = np.broadcast_to(rng.random((16, 16, 3)), (8, 16, 16, 3))
    assert np.abs(temporal_spectrum(clip)[1:]).max() < 1e-12
    bands = temporal_spectrum(clip, per="band")
    assert bands.shape == (5, 3)
    assert np.abs(bands[1:]).max() < 1e-12


def test_flicker_of_one_band_shows_in_that_band():
    strength = 0.1 * (1 + 0.5 * np.cos(np.pi * np.arange(8)))
    clip = np.stack([grating((32, 32), 0, 8, a) for a in strength])
    bands = temporal_spectrum(clip, per="band", channel_axis=None)
    assert bands[4, 2] > 0.01
    assert np.abs(bands[1:, :2]).max() < 1e-12
    several = temporal_spectrum(np.repeat(clip[..., None], 3, axis=-1), per="band", channels="rgb")
    np.testing.assert_allclose(several, np.stack([bands] * 3))


def test_band_amplitude_is_the_root_mean_square_over_its_bins():
    bands = {"all": (0.0, MAX_RADIUS)}
    image = np.random.default_rng(0).random((1, 9, 10))
    ours = temporal_spectrum(image, per="band", bands=bands, channel_axis=None)
    assert ours.item() == pytest.approx(np.sqrt(np.sum((image - image.mean()) ** 2) / (9 * 10 - 1)))


@given(sides, sides, st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_profile_is_the_mean_over_each_ring(height, width, bins):
    plane = np.random.default_rng(height + width).random((height, width))
    spectrum = log_spectrum(plane, channel_axis=None)
    # Diagonals lie exactly on the limits of some bins: the frequencies are to be formed alike, as k / n.
    fy, fx = ((np.arange(n) - n // 2) / n for n in plane.shape)
    number = np.minimum((np.hypot(fy[:, None], fx) * (bins / MAX_RADIUS)).astype(int), bins - 1)
    profile = radial_profile(plane, bins=bins, channel_axis=None)
    for i in np.unique(number):
        assert profile[i] == pytest.approx(spectrum[number == i].mean(), abs=1e-9)
    assert np.isfinite(profile).all()


def test_profile_of_a_grating_peaks_at_its_radius():
    profile = radial_profile(grating((64, 64), 0, 16), bins=32, channel_axis=None)
    assert radial_bins(32)[profile.argmax()] == pytest.approx(0.25, abs=MAX_RADIUS / 64)


def test_empty_bins_are_interpolated():
    profile = radial_profile(np.random.default_rng(0).random((8, 8)), bins=64, channel_axis=None)
    held = np.unique(
        (np.hypot(*np.meshgrid(np.fft.fftfreq(8), np.fft.rfftfreq(8))) * 64 / MAX_RADIUS).astype(int)
    )
    held = np.minimum(held, 63)
    np.testing.assert_allclose(profile, np.interp(np.arange(64), held, profile[held]), atol=1e-12)


MEASURES = {
    "log": log_spectrum,
    "rgb": lambda x, **kw: log_spectrum(x, channels="rgb", **kw),
    "hsv": lambda x, **kw: log_spectrum(x, channels="hsv", normalize="image", **kw),
    "profile": lambda x, **kw: radial_profile(x, bins=8, **kw),
    "temporal": temporal_spectrum,
    "band": lambda x, **kw: temporal_spectrum(x, per="band", **kw),
}


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("name", MEASURES)
def test_torch_equals_numpy(name, dtype, rng):
    image = (rng.random((4, 15, 12, 3)) * (255 if dtype == "uint8" else 1)).astype(dtype)
    ours, theirs = MEASURES[name](image), MEASURES[name](torch.asarray(image))
    assert isinstance(theirs, torch.Tensor)
    assert str(theirs.dtype) == f"torch.{ours.dtype}"
    # An error of 2e-7 in F is one of 255 times as much in log(1 + 255 |F|) where F is small. float16 results
    # are rounded to 11 bits, and hue before that.
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-2 if dtype == "float16" else 5e-5)


@pytest.mark.parametrize("name", MEASURES)
def test_read_only_input_is_never_written(name, rng):
    image = rng.random((4, 15, 12, 3), dtype=np.float32)
    before = image.copy()
    image.flags.writeable = False
    MEASURES[name](image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", ["log", "rgb", "profile"])
def test_batch_equals_loop(name, rng):
    images = rng.integers(0, 256, (2, 3, 15, 12, 3), dtype=np.uint8)
    batch = MEASURES[name](images)
    for i in np.ndindex(2, 3):
        np.testing.assert_array_equal(batch[i], MEASURES[name](images[i]))


@pytest.mark.parametrize("name", ["log", "rgb", "profile", "temporal", "band"])
def test_gradient(name, rng):
    image = torch.asarray(rng.uniform(0.2, 0.8, (3, 6, 5, 3)), requires_grad=True)
    assert torch.autograd.gradcheck(MEASURES[name], (image,))


def test_gradient_of_a_flat_image_is_finite():
    image = torch.full((8, 8, 3), 0.5, requires_grad=True)
    log_spectrum(image).sum().backward()
    assert torch.isfinite(image.grad).all()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"channels": "lab"}, "channels: expected one of luma, rgb, hsv, got 'lab'"),
        ({"window": "hamming"}, "window: expected one of None, hann, got 'hamming'"),
        ({"gain": -1.0}, "gain: expected a number .* got -1.0"),
        ({"normalize": "max"}, "normalize: expected one of None, image, got 'max'"),
        ({"channel_axis": 5}, "channel_axis: expected -3 to 2 for 3 axes, got 5"),
        ({"channel_axis": None, "channels": "rgb"}, "channels: expected luma where channel_axis is None"),
    ],
)
def test_bad_setting_is_named(settings, match):
    with pytest.raises(ArgumentError, match=match):
        log_spectrum(np.zeros((8, 8, 3)), **settings)


@pytest.mark.parametrize("function", [log_spectrum, radial_profile, temporal_spectrum])
@pytest.mark.parametrize(
    ("image", "match"),
    [
        (np.full((2, 8, 8, 3), np.inf), ": expected finite numbers, got values from inf"),
        (np.zeros((2, 8, 8, 3), np.int64), ": expected dtype uint8 or .*, got int64"),
        (np.zeros((2, 0, 8, 3)), r": expected at least one pixel, got shape \(2, 0, 8, 3\)"),
        (np.zeros((2, 8, 8, 5)), ": expected 3 channels on axis -1"),
        ("picture", ": expected a NumPy array or a torch tensor, got str"),
    ],
)
def test_bad_image_is_named(function, image, match):
    with pytest.raises(ArgumentError, match=match):
        function(image)


def test_other_bad_input_is_named():
    with pytest.raises(ArgumentError, match="bins: expected a positive integer, got 0"):
        radial_profile(np.zeros((8, 8, 3)), bins=0)
    with pytest.raises(ArgumentError, match="time_axis: expected an axis before rows"):
        temporal_spectrum(np.zeros((4, 8, 8, 3)), time_axis=1)
    with pytest.raises(ArgumentError, match="form: expected one of stack, mean, difference, temporal"):
        clip_spectrum(np.zeros((4, 8, 8, 3)), form="median")
    with pytest.raises(ArgumentError, match="image: expected dtype uint8, got float64"):
        silent_face_spectrum(np.zeros((8, 8, 3)))
    with pytest.raises(ArgumentError, match="images: expected at least two"):
        RadialStatistics.fit([np.zeros((8, 8, 3))])
    with pytest.raises(ArgumentError, match="deviation"):
        RadialStatistics(np.zeros(3), np.zeros(3))
