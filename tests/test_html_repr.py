"""Clips in a notebook: every frame a picture, every name text."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from specaug.records import Clip, MediaInfo, Source
from specaug.shards import decode_image, encode_image


def clip(frames, path="a.mp4", subject="s1"):
    n = len(frames)
    return Clip(
        "c-000",
        Source(path, "attack", "print", subject=subject),
        MediaInfo("video", 64, 48, n, np.arange(n) / 24, np.array([0])),
        tuple(frames),
        np.arange(n, dtype=np.int32),
        *(np.zeros(n, np.float32) for _ in range(3)),
        np.zeros((n, 4), np.float32),
        np.zeros((n, 5, 2), np.float32),
        np.zeros((n, 2, 3), np.float32),
    )


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg"])
def test_pictures_are_those_of_the_clip(image_format, rng):
    frames = [rng.integers(0, 256, (16, 16, 3), np.uint8) for _ in range(3)]
    encoded = [encode_image(frame, image_format=image_format) for frame in frames]
    html = clip(encoded)._repr_html_()
    found = re.findall(r'src="data:image/(\w+);base64,([^"]+)"', html)
    assert [kind for kind, _ in found] == [image_format] * 3
    for (_, data), original in zip(found, encoded, strict=True):
        np.testing.assert_array_equal(decode_image(base64.b64decode(data)), decode_image(original))


def test_long_clips_show_eight_frames_and_raw_ones_none(rng):
    png = encode_image(np.zeros((16, 16, 3), np.uint8), image_format="png")
    html = clip([png] * 64)._repr_html_()
    assert re.findall(r'alt="frame (\d+)"', html) == [str(n) for n in range(0, 64, 8)]
    assert "<img" not in clip([b"\0" * 768] * 3)._repr_html_()


def test_names_are_text():
    html = clip([], path="<script>x</script>.mp4", subject='"><img src=x>')._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
