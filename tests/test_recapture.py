"""Recaptured clips against optics: where moiré lies, what moves, what stays."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import (
    Drawn,
    RecaptureScreenRanges,
    Recipe,
    apply_drawn,
    recapture_print,
    recapture_screen,
)
from specaug.augment.recapture import display_density
from specaug.augment.recapture.optics import View, sight_lines
from specaug.augment.recapture.prints.print_settings import RecapturePrintRanges
from specaug.augment.recapture.version1 import RecapturePrintParams, RecaptureScreenParams
from specaug.augment.recapture.version1 import RecapturePrintRanges as EarlierPrintRanges
from specaug.augment.recapture.version1.screen import STRIPE_HEIGHT, STRIPE_WIDTH, stripes
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

SILENT = {"full_well": 1e9, "read_noise": 0.0, "sharpening": 0.0, "shake": 0.0, "quality": 0}
SCREEN = RecaptureScreenParams(**SILENT, flicker=0.0, glare=0.0)
PRINT = RecapturePrintParams(**SILENT, sway=(0.0, 0.0, 0.0), slope=0.0)
KINDS = {"recapture_screen": SCREEN, "recapture_print": PRINT}
every_kind = pytest.mark.parametrize("name", KINDS)


def run(name, clip, params, **axes):
    return apply_drawn(clip, Drawn(name, params), **axes).image


def amplitude_of(picture):
    """(n, n) amplitude of waves, Hann windowed, zero frequency in the middle."""
    n = picture.shape[0]
    window = np.outer(np.hanning(n), np.hanning(n))
    values = picture - (picture * window).sum() / window.sum()
    return np.fft.fftshift(np.abs(np.fft.fft2(values * window))) * 2 / window.sum()


def strongest(picture, lowest=0.01):
    """(fx, fy) of the strongest wave above `lowest` cycles/px, in the half plane fx >= 0, and its amplitude."""
    n = picture.shape[0]
    f = np.fft.fftshift(np.fft.fftfreq(n))
    amplitude = amplitude_of(picture.astype(float))
    amplitude[(np.hypot(f[:, None], f[None]) < lowest) | (np.broadcast_to(f, (n, n)) < 0)] = 0
    row, column = np.unravel_index(np.argmax(amplitude), amplitude.shape)
    return np.array([f[column], f[row]]), amplitude[row, column]


def folded(f, lattice):
    """The frequency of least length that samples on a grid with the reciprocal `lattice` cannot tell from f."""
    steps = [np.array([i, j]) @ lattice for i in range(-6, 7) for j in range(-6, 7)]
    nearest = min((f - step for step in steps), key=lambda g: float(np.hypot(*g)))
    return nearest if nearest[0] >= 0 else -nearest


RED = np.array([[0.5, 0.0], [0.0, 0.5]])
GREEN = np.array([[0.5, 0.5], [0.5, -0.5]])


@pytest.mark.parametrize("turn", [0.0, 0.04])
@pytest.mark.parametrize("distance", [177.0, 190.0, 235.0])
@pytest.mark.parametrize(("channel", "lattice"), [(0, RED), (1, GREEN)])
def test_moire_stands_at_the_beat_of_display_and_sensor(turn, distance, channel, lattice):
    """A display of 0.1 mm pitch before a lens of 4 mm and pixels of 1.5 µm."""
    density = display_density(pitch=0.1, distance=distance, focal_length=4.0, pixel=0.0015)
    grey = np.full((192, 192, 3), 128, np.uint8)
    out = run("recapture_screen", grey, replace(SCREEN, density=density, turn=turn))
    # The display's columns as the turned sensor sees them, folded by the grid of one colour, then turned upright.
    c, s = np.cos(turn), np.sin(turn)
    beat = folded(density * np.array([c, -s]), lattice)
    expected = np.array([[c, -s], [s, c]]) @ beat
    found, amplitude = strongest(out[..., channel])
    assert amplitude > 0.5
    np.testing.assert_allclose(found, expected if expected[0] >= 0 else -expected, atol=1.2 / 192)


def test_a_crop_of_larger_scale_shows_the_beat_at_a_higher_frequency():
    density, grey = 0.93, np.full((160, 160, 3), 128, np.uint8)
    for scale in (1.0, 1.5, 1.8):
        out = run("recapture_screen", grey, replace(SCREEN, density=density, scale=scale))
        found, _ = strongest(out[..., 1])
        np.testing.assert_allclose(found, [scale * 0.07, 0], atol=1.2 / 160)


def test_a_grid_that_the_sensor_resolves_has_no_moire():
    """Ten sensor px for a display px: red and blue, at every second pixel, resolve the waves that pass the lens."""
    density, grey = 0.1, np.full((192, 192, 3), 128, np.uint8)
    out = run("recapture_screen", grey, replace(SCREEN, density=density, lens_sigma=1.6)).astype(float)
    f = np.fft.fftshift(np.fft.fftfreq(192))
    radius = np.hypot(f[:, None], f[None])
    for channel in range(3):
        amplitude = amplitude_of(out[..., channel])
        assert amplitude[np.abs(radius - density) < 0.02].max() > 50
        # What is slower than the grid: the rounding to 8 bits, and nothing else.
        assert amplitude[(radius > 0.02) & (radius < density - 0.03)].max() < 0.2


def test_no_grid_is_seen_through_a_soft_lens():
    grey = np.full((96, 96, 3), 128, np.uint8)
    out = run("recapture_screen", grey, replace(SCREEN, density=0.8, lens_sigma=1.5))
    assert np.ptp(out, axis=(0, 1)).max() <= 2


def oversampled_stripes(x, y, sigma, fine):
    """(h, w, 3) by brute force: rectangles at `fine` points a sensor px along each axis, blurred and averaged."""
    seen = []
    for colour in range(3):
        across = np.abs((x - (colour + 0.5) / 3 + 0.5) % 1 - 0.5) < STRIPE_WIDTH / 2
        down = np.abs((y - 0.5 + 0.5) % 1 - 0.5) < STRIPE_HEIGHT / 2
        light = (across & down) / (STRIPE_WIDTH * STRIPE_HEIGHT)
        blurred = cv2.GaussianBlur(light.astype(np.float32), (0, 0), sigma * fine)
        h, w = (n // fine for n in light.shape)
        seen.append(blurred.reshape(h, fine, w, fine).mean(axis=(1, 3)))
    return np.stack(seen, axis=-1)


@pytest.mark.parametrize(
    ("density", "turn", "keystone", "error"),
    [(0.8, 0.03, 0.0, 0.006), (1.1, 0.1, 0.04, 0.003), (0.55, -0.05, 0.04, 0.02)],
)
def test_the_closed_form_is_what_heavy_oversampling_tends_to(density, turn, keystone, error):
    n, sigma, margin = 24, 0.35, 4
    view = View(1.0, turn, (keystone, -keystone))
    matrix = view.matrix((n, n))
    x, y = sight_lines(matrix, (n, n))
    ours = stripes(x * np.float32(density), y * np.float32(density), lens_sigma=sigma).at(0, 0)
    errors = []
    for fine in (16, 48):
        at = (np.arange(-margin * fine, (n + margin) * fine) + 0.5) / fine - 0.5
        far = matrix[2, 0] * at + matrix[2, 1] * at[:, None] + matrix[2, 2]
        rows = [(row[0] * at + row[1] * at[:, None] + row[2]) / far * density for row in matrix[:2]]
        brute = oversampled_stripes(*rows, sigma, fine)[margin:-margin, margin:-margin]
        errors.append(np.abs(ours - brute).mean())
    assert errors[1] < errors[0]
    # One Jacobian stands for the whole frame: with a keystone of 4 %, strong waves are off by some per cent of them.
    assert errors[1] < error
    assert ours.std() == pytest.approx(brute.std(), rel=0.02)


def test_coarse_oversampling_is_wrong_which_is_why_it_is_not_used():
    density, sigma, n = 0.93, 0.35, 32
    x, y = sight_lines(View(1.0, 0.0, (0.0, 0.0)).matrix((n, n)), (n, n))
    ours = stripes(x * np.float32(density), y * np.float32(density), lens_sigma=sigma).at(0, 0)
    at = (np.arange(-4 * 4, (n + 4) * 4) + 0.5) / 4 - 0.5
    brute = oversampled_stripes(*np.meshgrid(at * density, at * density), sigma, 4)[4:-4, 4:-4]
    assert brute.std() > 1.5 * ours.std()


def blob(side, at):
    y, x = np.mgrid[:side, :side]
    light = 60 + 120 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 128)
    return np.repeat(np.rint(light)[..., None], 3, axis=-1).astype(np.uint8)


@every_kind
@pytest.mark.parametrize(
    "changes",
    [{}, {"turn": 0.05}, {"offset": (1.7, 0.2), "turn": -0.05}, {"scale": 1.6, "offset": (0.3, 1.9)}],
)
def test_what_is_shown_stays_where_it_is(name, changes):
    picture = blob(96, (60.0, 38.0))
    out = run(name, picture, replace(KINDS[name], **changes, lens_sigma=1.2)).astype(float).mean(axis=-1)
    weight = np.clip(cv2.GaussianBlur(out, (0, 0), 3.0) - np.median(out) - 12, 0, None)
    y, x = np.mgrid[:96, :96]
    found = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
    np.testing.assert_allclose(found, (60, 38), atol=0.5)


@every_kind
def test_the_mean_light_is_that_of_the_clip_times_the_exposure(name, rng):
    picture = rng.integers(60, 190, (80, 80, 3)).astype(np.uint8)
    shown = [run(name, picture, replace(KINDS[name], exposure=e, lens_sigma=2.0)) for e in (0.7, 1.0, 1.3)]
    linear = [((x / 255.0) ** 2.2).mean() for x in shown]
    np.testing.assert_allclose(np.array(linear) / linear[1], (0.7, 1.0, 1.3), rtol=0.03)
    # Contrast is lost in between, so the weighted mean of sRGB values is not that of linear light.
    assert linear[1] == pytest.approx(((picture / 255.0) ** 2.2).mean(), rel=0.08)


@every_kind
def test_only_noise_differs_between_frames_of_a_still_clip(name):
    still = np.repeat(blob(64, (30.0, 30.0))[None], 6, axis=0)
    silent = run(name, still, KINDS[name], clip_axis=0)
    # A billion electrons still have noise, of a raw value here and there.
    assert np.abs(silent - silent[:1].astype(float)).mean() < 0.02
    noisy = run(name, still, replace(KINDS[name], full_well=2000.0), clip_axis=0).astype(float)
    assert len({frame.tobytes() for frame in noisy}) == 6
    rest = noisy - silent
    together = [np.corrcoef(rest[i].ravel(), rest[i + 1].ravel())[0, 1] for i in range(5)]
    # Demosaicing correlates neighbours, not frames: some 700 independent values bound a correlation by 3/26.
    assert np.abs(together).max() < 0.12


def test_a_display_plays_and_a_print_does_not(rng):
    clip = np.stack([blob(64, (20.0 + 6 * i, 32.0)) for i in range(4)])
    played = run("recapture_screen", clip, SCREEN, clip_axis=0).astype(float).mean(axis=-1)
    columns = [cv2.GaussianBlur(frame, (0, 0), 3.0).sum(axis=0).argmax() for frame in played]
    np.testing.assert_allclose(columns, [20, 26, 32, 38], atol=2)
    printed = run("recapture_print", clip, PRINT, clip_axis=0)
    assert np.abs(printed - printed[:1].astype(float)).mean() < 0.02
    assert np.abs(printed[0].astype(float) - run("recapture_print", clip[0], PRINT)).mean() < 0.02


@every_kind
def test_a_hand_moves_the_whole_picture(name):
    still = np.repeat(blob(96, (48.0, 48.0))[None], 5, axis=0)
    moved = run(name, still, replace(KINDS[name], shake=2.5, interval=20.0, lens_sigma=1.2), clip_axis=0)
    tops = [
        np.unravel_index(cv2.GaussianBlur(f.astype(np.float32).mean(axis=-1), (0, 0), 4).argmax(), (96, 96))
        for f in moved
    ]
    spread = np.std(tops, axis=0)
    assert (spread > 0.5).all()
    assert (spread < 6).all()


def test_bands_run_over_the_rows_and_change_with_time():
    grey = np.full((3, 64, 64, 3), 128, np.uint8)
    out = run(
        "recapture_screen", grey, replace(SCREEN, lens_sigma=1.5, flicker=0.1, interval=1.0), clip_axis=0
    )
    rows = out.mean(axis=(2, 3))
    assert np.ptp(rows, axis=1).min() > 5
    assert np.abs(rows[0] - rows[1]).max() > 3
    assert np.ptp(out.astype(int), axis=2).max() <= 2


@every_kind
@given(seed=st.integers(0, 2**32), scale=st.sampled_from([0.3, 1.0, 1.7, 5.0]))
@settings(deadline=None, max_examples=6)
def test_a_draw_in_json_gives_the_same_bytes(name, seed, scale):
    recipe = Recipe.from_preset(name.replace("_", "-"))
    clip = np.random.default_rng(seed).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    drawn = recipe.sample(seed, scale=scale)
    assert 0.75 <= drawn["steps"][0]["params"]["scale"] <= 1.8
    again = json.loads(json.dumps(drawn))
    assert recipe.apply(clip, drawn).tobytes() == recipe.apply(clip, again).tobytes()
    assert recipe.label_after(drawn) == "attack"


@every_kind
def test_axes_batches_floats_and_tensors_are_the_same_film(name, rng):
    params = replace(KINDS[name], full_well=3000.0, shake=1.0)
    clips = rng.integers(0, 256, (2, 3, 36, 32, 3), dtype=np.uint8)
    expected = np.stack([run(name, clip, params, clip_axis=0) for clip in clips])
    assert expected.shape == clips.shape
    np.testing.assert_array_equal(run(name, clips, params, clip_axis=1), expected)
    first = np.moveaxis(clips, -1, 2)
    np.testing.assert_array_equal(
        np.moveaxis(run(name, first, params, channel_axis=2, clip_axis=1), 2, -1), expected
    )
    swapped = run(name, np.swapaxes(clips, 0, 1), params, clip_axis=0)
    np.testing.assert_array_equal(np.swapaxes(swapped, 0, 1), expected)
    np.testing.assert_allclose(run(name, clips / 255, params, clip_axis=1), expected / 255, atol=1e-6)
    tensor = run(name, torch.asarray(clips), params, clip_axis=1)
    assert tensor.dtype == torch.uint8
    np.testing.assert_array_equal(tensor.numpy(), expected)
    single = np.stack([run(name, frame, params) for frame in clips[0]])
    np.testing.assert_array_equal(run(name, clips[0], params), single)


def test_functions_draw_from_their_ranges():
    picture = blob(48, (24.0, 24.0))
    np.testing.assert_array_equal(recapture_screen(picture, rng=3), recapture_screen(picture, rng=3))
    assert (recapture_screen(picture, rng=3) != recapture_screen(picture, rng=4)).any()
    fixed = RecaptureScreenRanges(density=(0.5, 0.5), turn=(0.01, 0.01))
    assert recapture_screen(picture, rng=3, ranges=fixed).shape == picture.shape
    photo = RecapturePrintRanges(sheets=("inkjet-photo",))
    assert (recapture_print(picture, rng=3, ranges=photo) != recapture_print(picture, rng=3)).any()


@pytest.mark.parametrize(
    ("colour", "channel", "angle"),
    [((90, 160, 160), 0, 15), ((160, 90, 160), 1, 75), ((165, 165, 80), 2, 0), ((60, 60, 60), 0, 45)],
)
def test_each_ink_stands_at_its_angle_and_distance(colour, channel, angle):
    """Cyan, magenta, yellow and black, each in the colour of light that it takes away, or next to that one."""
    sheet = replace(PRINT, cell=6.0, scatter=0.3, lens_sigma=0.3)
    out = run("recapture_print", np.tile(np.array(colour, np.uint8), (192, 192, 1)), sheet)
    amplitude, found = amplitude_of(out[..., channel].astype(float)), []
    f = np.fft.fftshift(np.fft.fftfreq(192))
    radius = np.hypot(f[:, None], f[None])
    amplitude[(radius < 0.1) | (radius > 0.2)] = 0
    for _ in range(8):
        row, column = np.unravel_index(np.argmax(amplitude), amplitude.shape)
        found.append((radius[row, column], np.degrees(np.arctan2(f[row], f[column])) % 90))
        amplitude[row - 3 : row + 4, column - 3 : column + 4] = 0
    np.testing.assert_allclose([r for r, _ in found], 1 / 6, atol=1 / 192)
    near = [abs((a - angle + 45) % 90 - 45) < 2 for _, a in found]
    assert sum(near) >= 3  # two waves of a grid of dots, each twice in a spectrum


@pytest.mark.parametrize("function", [recapture_screen, recapture_print])
def test_pictures_of_a_batch_share_the_device_and_not_the_noise(function):
    same = np.repeat(blob(48, (24.0, 24.0))[None], 4, axis=0)
    together = function(same, rng=3)
    np.testing.assert_array_equal(together[0], function(same[0], rng=3))
    np.testing.assert_array_equal(together, function(same, rng=3))
    assert len({picture.tobytes() for picture in together}) == 4
    means = together.mean(axis=(1, 2))
    assert np.ptp(means, axis=0).max() < 3  # one exposure and tint


@every_kind
def test_parameters_of_lists_are_those_of_tuples(name):
    params = KINDS[name]
    assert type(params)(**json.loads(json.dumps(asdict(params)))) == params


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: recapture_screen(x[..., :1]), "image: expected 3 channels on axis -1, got shape"),
        (lambda x: recapture_screen(x * 1.0), r"image: expected floats in \[0, 1\]"),
        (
            lambda x: recapture_print(x, channel_axis=None),
            "channel_axis: expected an axis of three channels, got None",
        ),
        (
            lambda x: recapture_print(x[None], clip_axis=1),
            "clip_axis: expected an axis before rows and columns, got 1",
        ),
        (
            lambda x: recapture_print(x[None], clip_axis=9),
            "clip_axis: expected an axis before rows and columns, got 9",
        ),
        (lambda x: recapture_screen(x, scale=0), r"scale: expected a number in \[0.001, 1000\], got 0"),
        (lambda x: recapture_print(x, scale=float("nan")), "scale: expected a number .* got nan"),
        (lambda x: recapture_print(x, ranges=3), "ranges: expected RecapturePrintRanges or None, got 3"),
        (
            lambda x: RecaptureScreenRanges(density=(0.5, 9.0)),
            r"density: expected a number in \[0.05, 8\], got 9",
        ),
        (lambda x: RecaptureScreenRanges(glare=(0.5, 0.1)), "glare: expected the lowest number first"),
        (lambda x: RecaptureScreenRanges(turn=0.1), "turn: expected a lowest and a highest number, got 0.1"),
        (lambda x: RecapturePrintRanges(quality=(60, 80.5)), "quality: expected whole numbers"),
        (lambda x: EarlierPrintRanges(roll=(0.0, 50.0)), r"roll: expected a number in \[0, 30\], got 50"),
        (lambda x: EarlierPrintRanges(screenings=()), "screenings: expected one or more of dots, grain"),
        (
            lambda x: Recipe.from_text(
                "[[steps]]\noperation = 'recapture_screen'\nranges = { tint = [0.9, 9] }"
            ),
            r"steps.*tint: expected a number in \[0.2, 5\], got 9",
        ),
        (lambda x: RecaptureScreenParams(density=0), r"density: expected a number in \[0.05, 4\], got 0"),
        (lambda x: RecaptureScreenParams(white=(1, 1)), r"white: expected 3 numbers, got \(1, 1\)"),
        (
            lambda x: RecapturePrintParams(screening="lines"),
            "screening: expected one of dots, grain, got 'lines'",
        ),
        (lambda x: RecapturePrintParams(quality=80.5), "quality: expected a whole number, got 80.5"),
    ],
)
def test_a_bad_call_is_named(call, match):
    with pytest.raises(ArgumentError, match=match):
        call(blob(32, (16.0, 16.0)))
