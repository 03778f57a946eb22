"""Which way up: at most one turn, and only of videos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from specaug.align import TEMPLATE
from specaug.extract.orientation import QUARTERS, turned, upright
from specaug.media import probe, read_frames
from specaug.media.write import write_video
from specaug.planes import Frame
from specaug.records import Face, MediaInfo, Source

FACE = Face(np.array([0, 0, 112, 112], np.float32), TEMPLATE.astype(np.float32), 0.9)


@pytest.fixture
def info(tmp_path) -> MediaInfo:
    """A video, wider than high, whose corners differ."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 230
    write_video(tmp_path / "a.mp4", [image] * 3, fps=10)
    return probe(tmp_path / "a.mp4", "video")


def show(tmp_path):
    def frame(info: MediaInfo) -> Frame:
        (shown,) = read_frames(tmp_path / "a.mp4", info, np.array([1]))
        return shown

    return frame


@pytest.mark.parametrize("degrees", QUARTERS)
def test_the_reader_turns_frames_by_what_the_record_says(tmp_path, info, degrees):
    plain = show(tmp_path)(info).image
    record = turned(info, degrees)
    image = show(tmp_path)(record).image
    assert image.shape[:2] == (record.height, record.width)
    assert np.array_equal(image, np.rot90(plain, -degrees // 90))
    assert turned(record, 360 - degrees).rotation == 0


@pytest.mark.parametrize("turn", ["90", "180", "270"])
def test_a_table_turns_a_video_without_a_tag_and_no_other(info, turn):
    def never(*args):
        raise AssertionError("a table needs no look")

    assert upright(info, turn, show=never, find=never).rotation == int(turn)
    tagged = turned(info, 180)
    assert upright(tagged, turn, show=never, find=never) is tagged
    photo = MediaInfo("image", 4, 4, 1, np.zeros(1), np.zeros(1, np.int64))
    assert upright(photo, turn, show=never, find=never) is photo
    assert upright(info, "none", show=never, find=never) is info


def light_corner(image: np.ndarray) -> tuple[bool, bool]:
    """(upper, left): where it is bright."""
    y, x = np.unravel_index(np.argmax(image[::12, ::12, 0]), image[::12, ::12, 0].shape)
    return bool(12 * y < image.shape[0] / 2), bool(12 * x < image.shape[1] / 2)


@pytest.mark.parametrize("stored", QUARTERS)
def test_a_look_finds_the_turn_that_shows_an_upright_face(tmp_path, info, stored):
    tagged = turned(info, stored)

    def find(frame: Frame) -> list[Face]:
        # The face is upright where the bright corner is upper left and the picture is wide, else upside down.
        good = light_corner(frame.image) == (True, True) and frame.image.shape[1] > frame.image.shape[0]
        return [FACE if good else replace(FACE, landmarks=-FACE.landmarks)]

    found = upright(tagged, "look", show=show(tmp_path), find=find)
    assert found.rotation == 0
    assert (found.width, found.height) == (info.width, info.height)


def test_a_look_that_sees_nothing_changes_nothing(tmp_path, info):
    assert upright(info, "look", show=show(tmp_path), find=lambda frame: []) is info


@pytest.mark.parametrize(("field", "value"), [("turn", "45"), ("box_format", "corners"), ("kind", "audio")])
def test_a_source_takes_known_words_only(field, value):
    with pytest.raises(ValueError, match=f"{field}: expected one of .*, got '{value}'"):
        Source("a.mp4", "bonafide", **{field: value})
