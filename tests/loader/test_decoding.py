"""Whoever decodes, the pixels are the same."""

from __future__ import annotations

import numpy as np
import pytest
from making import frames_of

from specaug.errors import ArgumentError
from specaug.shards import codec, encode_image

FORMATS = ("png", "jpeg", "webp")


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("size", [32, 52])
def test_fast_decoders_agree_with_opencv(monkeypatch, image_format, size):
    data = encode_image(frames_of(3, size=size)[0], image_format=image_format)
    into = np.empty((size, size, 3), np.uint8)
    codec.decode_into(data, into)
    fast = codec.decode_image(data)
    monkeypatch.setattr(codec, "pyspng", None)
    monkeypatch.setattr(codec, "simplejpeg", None)
    assert np.array_equal(fast, codec.decode_image(data))
    assert np.array_equal(into, fast)
    codec.decode_into(data, into)
    assert np.array_equal(into, fast)


@pytest.mark.parametrize("image_format", FORMATS)
def test_half_a_picture_is_none(image_format):
    data = encode_image(frames_of(3)[0], image_format=image_format)
    with pytest.raises(ArgumentError, match="data: expected an encoded picture"):
        codec.decode_image(data[: len(data) // 2])
    with pytest.raises(ArgumentError, match="data: expected an encoded picture"):
        codec.decode_into(data[: len(data) // 2], np.empty((32, 32, 3), np.uint8))


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("size", [16, 48])
def test_another_size_is_refused(image_format, size):
    data = encode_image(frames_of(3)[0], image_format=image_format)
    with pytest.raises(ArgumentError, match="data: expected"):
        codec.decode_into(data, np.empty((size, size, 3), np.uint8))
