"""Exhibits: which frames and planes of a clip are shown, how large, and what is said beside them."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hand_shards import attack_row, clip_row, flat, noisy
from PIL import Image

from specaug.html_report.exhibit import data_uri, exhibit


def opened(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert (picture.format, picture.mode) == ("JPEG", "RGB")
    return np.asarray(picture).astype(int)


def clip_of(frames, **changes):
    numbers = list(range(len(frames)))
    return clip_row(0, frames=frames, frame_index=numbers, pts_seconds=[n / 2 for n in numbers], **changes)


def planes_of(*frames):
    return {name: opened(uri) for name, uri in exhibit(clip_of(list(frames))).planes}


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (1, [0]),
        (2, [0, 1]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (9, [0, 1, 2, 3, 5, 6, 7, 8]),
        (15, [0, 2, 4, 6, 8, 10, 12, 14]),
        (50, [0, 7, 14, 21, 28, 35, 42, 49]),
    ],
)
def test_at_most_eight_frames_are_shown_evenly_from_first_to_last(frames, shown):
    made = exhibit(clip_of([flat(4 * n) for n in range(frames)]))
    assert [caption for caption, _ in made.frames] == [f"frame {n}, {n / 2:.2f} s" for n in shown]
    levels = [opened(uri).mean() for _, uri in made.frames]
    np.testing.assert_allclose(levels, [4 * n for n in shown], atol=1)


@pytest.mark.parametrize(
    ("index", "seconds", "captions"),
    [
        ([12, 30], [0.5, 1.004], ["frame 12, 0.50 s", "frame 30, 1.00 s"]),
        (None, [0.0, 2.0], ["number 0, 0.00 s", "number 1, 2.00 s"]),
        ([3, 4], None, ["frame 3", "frame 4"]),
        ([], [], ["number 0", "number 1"]),
        ([7], [0.25], ["frame 7, 0.25 s", "number 1"]),
        ([0, 1], [0.25], ["frame 0, 0.25 s", "frame 1"]),
    ],
)
def test_captions_say_what_is_known_of_the_moment(index, seconds, captions):
    row = clip_row(0, frames=[flat(1), flat(2)], frame_index=index, pts_seconds=seconds)
    assert [caption for caption, _ in exhibit(row).frames] == captions


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [
        ((40, 30), 96, (40, 30)),  # never enlarged
        ((96, 96), 96, (96, 96)),
        ((97, 97), 96, (96, 96)),
        ((192, 96), 96, (96, 48)),
        ((100, 400), 96, (24, 96)),
        ((2000, 3), 96, (96, 1)),
        ((3, 2000), 96, (1, 96)),
        ((101, 50), 50, (50, 25)),
    ],
)
def test_pictures_are_scaled_down_to_their_longer_side(shape, side, size):
    picture = np.full((*shape, 3), 130, np.uint8)
    found = opened(data_uri(picture, side))
    assert found.shape == (*size, 3)
    assert np.abs(found - 130).max() <= 1


def test_scaling_down_filters():
    y, x = np.mgrid[0:200, 0:200]
    board = np.repeat((255 * ((x + y) % 2))[..., None], 3, axis=2).astype(np.uint8)
    assert np.abs(opened(data_uri(board, 50)) - 127.5).max() < 4


def test_frames_are_smaller_than_planes():
    made = exhibit(clip_of([np.full((300, 300, 3), 90, np.uint8)]))
    assert opened(made.frames[0][1]).shape == (96, 96, 3)
    assert {opened(uri).shape for _, uri in made.planes} == {(160, 160, 3)}


def test_planes_have_a_fixed_order_and_one_more_where_time_passes():
    names = ["hue", "saturation", "value", "log spectrum"]
    assert [name for name, _ in exhibit(clip_of([flat(9)])).planes] == names
    assert [name for name, _ in exhibit(clip_of([flat(9)] * 2)).planes] == [*names, "change over time"]


def colored(red, green, blue):
    return np.full((32, 32, 3), (red, green, blue), np.uint8)


@pytest.mark.parametrize(
    ("color", "hue", "saturation", "value"),
    [
        ((200, 50, 50), (255, 0, 0), 191, 200),
        ((30, 60, 30), (0, 255, 0), 128, 60),
        ((0, 0, 255), (0, 0, 255), 255, 255),
        ((90, 90, 0), (255, 255, 0), 255, 90),
        ((80, 80, 80), (255, 0, 0), 0, 80),
    ],
)
def test_planes_of_a_plain_color(color, hue, saturation, value):
    planes = planes_of(colored(*color))
    # A plain picture loses two levels at most in JPEG's color conversion.
    np.testing.assert_allclose(planes["hue"][16, 16], hue, atol=2)
    np.testing.assert_allclose(planes["saturation"][16, 16], saturation, atol=2)
    np.testing.assert_allclose(planes["value"][16, 16], value, atol=2)


def test_planes_are_those_of_the_frame_in_the_middle():
    assert planes_of(flat(10), flat(20), flat(90))["value"].mean() == pytest.approx(20, abs=1)
    assert planes_of(flat(10), flat(90))["value"].mean() == pytest.approx(90, abs=1)


def test_a_spectrum_is_white_where_it_is_highest_and_its_waves_are_where_they_belong():
    x = np.arange(32) * np.ones((32, 1))
    wave = np.repeat((128 + 100 * np.cos(2 * np.pi * 6 * x / 32))[..., None], 3, axis=2).astype(np.uint8)
    spectrum = planes_of(wave)["log spectrum"][..., 1]
    assert spectrum.max() >= 250
    bright = np.argwhere(spectrum > 200)
    assert set(bright[:, 0]) <= {15, 16, 17}
    assert spectrum[16, 10] > 200
    assert spectrum[16, 22] > 200
    assert spectrum[16, 14:19].max() < 60  # the mean is taken out first
    assert spectrum[:8].max() < 60


def test_change_over_time_is_white_where_something_changes_and_black_elsewhere():
    frames = [flat(60) for _ in range(4)]
    for n, frame in enumerate(frames):
        frame[8:24, 16:] = 60 + 60 * (n % 2)
    change = planes_of(*frames)["change over time"][..., 1]
    assert change[10:22, 20:].min() > 245
    assert change[:, :12].max() < 8
    assert change[28:].max() < 8


def test_a_still_clip_has_no_change_over_time():
    assert planes_of(noisy(1), noisy(1), noisy(1))["change over time"].max() <= 1


def facts(**changes):
    return dict(exhibit(attack_row(1, **changes)).facts)


def test_facts_start_with_the_label():
    assert exhibit(clip_row(0)).facts[0] == ("label", "bonafide")
    assert exhibit(attack_row(0)).facts[0] == ("label", "attack")


def test_facts_are_all_that_is_known_of_where_a_clip_came_from():
    known = {"session": "2", "recipe": "{}", "parent_id": "p", "missing_frames": 3}
    row = attack_row(1, **known)
    expected = {"label": "attack", "scale": "1.5 to 1.5", "padding": "0 to 0", "score": "0.9 to 0.9"}
    names = ("clip_id", "source_path", "dataset", "split", "pai", "subject", "device", "origin")
    numbers = ("source_width", "source_height", "fps", "source_frames")
    expected |= {name: str(row[name]) for name in (*names, *numbers, *known)}
    assert facts(**known) == expected


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_known_is_left_out(value):
    assert {"subject", "device"}.isdisjoint(facts(subject=value, device=value))


def test_zero_is_known():
    told = facts(missing_frames=0, source_frames=0)
    assert (told["missing_frames"], told["source_frames"]) == ("0", "0")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.23456, 0.98765], "0.988 to 1.23"),
        ([2.0], "2 to 2"),
        ([float("nan"), 3.0, None, float("inf"), 1.0], "1 to 3"),
        ([float("nan")], None),
        ([], None),
        (None, None),
        ([0.0, 0.0], "0 to 0"),
    ],
)
@pytest.mark.parametrize("name", ["scale", "padding", "score"])
def test_numbers_by_frame_are_told_from_least_to_most(name, values, text):
    assert facts(**{name: values}).get(name) == text


def test_an_exhibit_is_named_by_its_clip():
    assert exhibit(clip_row(5)).name == clip_row(5)["clip_id"]
