"""Given boxes: inside the image or refused, and in px of an image with square pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from specaug.errors import ArgumentError, MediaError
from specaug.extract import extract
from specaug.faces import check_inside, parse_boxes, read_boxes
from specaug.records import BuildConfig, Clip, Face, Failure, Source

WIDTH, HEIGHT = 640, 480


def box(x: float, y: float, width: float, height: float) -> Face:
    """A face of one line of a box file."""
    (face,) = parse_boxes(f"0 {x} {y} {width} {height}")(0)
    return face


@pytest.mark.parametrize(
    ("x", "y"), [(-101, 200), (700, 200), (300, -101), (300, 481), (640, 480), (-100.5, -100.5), (1e6, 1e6)]
)
def test_box_wholly_outside_is_no_face(x, y):
    with pytest.raises(
        MediaError, match=r"the given box of frame 7, .* lies outside the 640x480 image"
    ) as raised:
        check_inside(box(x, y, 100, 100), 7, width=WIDTH, height=HEIGHT)
    assert (raised.value.stage, raised.value.reason) == ("detect", "no_face")


@pytest.mark.parametrize(
    ("x", "y", "width", "height"),
    [
        (-51, 200, 100, 100),
        (591, 200, 100, 100),
        (300, -52, 100, 100),
        (-40, -40, 100, 100),
        (-500, -500, 1700, 1500),
    ],
)
def test_box_of_which_more_than_half_is_outside_is_refused(x, y, width, height):
    expected = (
        r"frame 7 reaches from .* in a 640x480 image; expected frame x y width height: are these corners\?"
    )
    with pytest.raises(MediaError, match=expected) as raised:
        check_inside(box(x, y, width, height), 7, width=WIDTH, height=HEIGHT)
    assert (raised.value.stage, raised.value.reason) == ("detect", "unreadable")


@pytest.mark.parametrize(
    ("x", "y", "width", "height"),
    [
        (0, 0, 640, 480),
        (-0.5, -0.5, 640, 480),
        (-49, 200, 100, 100),
        (588, 200, 100, 100),
        (300, 429, 100, 100),
        (-25, -25, 100, 100),
        (-60, -60, 740, 600),
    ],
)
def test_box_at_the_border_is_fine(x, y, width, height):
    check_inside(box(x, y, width, height), 7, width=WIDTH, height=HEIGHT)


@pytest.mark.parametrize("corners", [(400, 300, 520, 440), (350, 250, 470, 400), (500, 100, 600, 210)])
def test_corners_that_are_given_as_sizes_are_refused(corners):
    check_inside(box(*corners[:2], *np.subtract(corners[2:], corners[:2])), 0, width=WIDTH, height=HEIGHT)
    with pytest.raises(MediaError, match="are these corners"):
        check_inside(box(*corners), 0, width=WIDTH, height=HEIGHT)


@pytest.mark.parametrize("line", ["3 100 50 -60 80", "3 100 50 60 -80", "3 100 50 -1 0"])
def test_negative_sizes_are_refused(tmp_path, line):
    expected = (
        r"line 2: expected frame x y width height, got a negative size in \['3', .*corners go as x y width"
    )
    text = f"0 1 2 3 4\n{line}"
    with pytest.raises(ArgumentError, match=expected):
        parse_boxes(text)
    (tmp_path / "a.face").write_text(text)
    with pytest.raises(MediaError, match=f"detect: unreadable: box file a.face: boxes: {expected}"):
        read_boxes(tmp_path / "a.face")


# through a build's worker


def texture(width: int, height: int) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def made_of(source: Source, folder: Path, boxes: str) -> Clip | Failure:
    (folder / source.path).with_suffix(".face").write_text(boxes)
    config = BuildConfig(frames=2, size=32, detector="sidecar", min_face=20)
    (outcome,) = extract(source, config, raw=folder)
    return outcome


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ("0 900 900 100 100", "no_face", "lies outside the 640x480 image"),
        ("0 400 300 520 440", "unreadable", "expected frame x y width height: are these corners?"),
        ("0 400 300 -5 440", "unreadable", "got a negative size"),
        ("0 600 440 80 80", "unreadable", "reaches from (600, 440) to (680, 520)"),
    ],
)
def test_source_with_such_a_box_is_a_failure_that_says_so(tmp_path, line, reason, detail):
    Image.fromarray(texture(WIDTH, HEIGHT)).save(tmp_path / "a.png")
    source = Source(path="a.png", label="bonafide", source_id="0" * 32, kind="image")
    failure = made_of(source, tmp_path, line)
    assert isinstance(failure, Failure)
    assert (failure.stage, failure.reason) == ("detect", reason)
    assert detail in failure.detail


def test_box_at_the_border_gives_a_clip(tmp_path):
    Image.fromarray(texture(WIDTH, HEIGHT)).save(tmp_path / "a.png")
    source = Source(path="a.png", label="bonafide", source_id="0" * 32, kind="image")
    clip = made_of(source, tmp_path, "0 560 420 90 70")
    assert isinstance(clip, Clip), clip
    assert clip.box[0].tolist() == [560, 420, 650, 490]
    assert clip.padding[0] > 0


def write_oblong(path: Path, aspect: Fraction) -> None:
    """A video of 160x120 px whose pixels have the aspect."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(texture(160, 120), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("aspect", "turn", "expected"),
    [
        (Fraction(1), "none", [40, 30, 100, 90]),
        (Fraction(4, 3), "none", [40.5 * 4 / 3 - 0.5, 30, 100.5 * 4 / 3 - 0.5, 90]),
        (Fraction(3, 4), "none", [40.5 * 0.75 - 0.5, 30, 100.5 * 0.75 - 0.5, 90]),
        (Fraction(4, 3), "90", [40, 30.5 * 4 / 3 - 0.5, 100, 90.5 * 4 / 3 - 0.5]),
    ],
)
def test_given_boxes_are_scaled_by_the_aspect_of_pixels(tmp_path, aspect, turn, expected):
    """The side of the upright image that was the width of the stored one is scaled."""
    write_oblong(tmp_path / "a.mp4", aspect)
    source = Source(path="a.mp4", label="bonafide", source_id="0" * 32, turn=turn)
    clip = made_of(source, tmp_path, "\n".join(f"{i} 40 30 60 60" for i in range(3)))
    assert isinstance(clip, Clip), clip
    np.testing.assert_allclose(clip.box, [expected] * 2, atol=1e-4)


def test_box_that_lies_inside_only_by_its_aspect_is_fine(tmp_path):
    """213 px are as wide as 160 of them; the box is measured after it was scaled."""
    write_oblong(tmp_path / "a.mp4", Fraction(4, 3))
    source = Source(path="a.mp4", label="bonafide", source_id="0" * 32)
    clip = made_of(source, tmp_path, "\n".join(f"{i} 110 20 48 80" for i in range(3)))
    assert isinstance(clip, Clip), clip
