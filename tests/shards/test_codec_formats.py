"""The bytes of a crop: formats, colour order, quality, and input that is no picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from specaug.errors import ArgumentError
from specaug.shards import decode_image, encode_image
from specaug.shards.codec import decode_into

# ISO/IEC 10918-1, table K.1, as published; libjpeg uses it unscaled at quality 50.
LUMINANCE_50 = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""


def picture(height: int = 12, width: int = 20) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


def pillow(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(("image_format", "name"), [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")])
def test_a_format_is_what_another_reader_takes_it_for(image_format, name):
    found = pillow(encode_image(picture(), image_format=image_format))
    assert (found.format, found.size, found.mode) == (name, (20, 12), "RGB")


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_another_reader_sees_the_same_pixels_in_rgb_order(image_format):
    assert np.array_equal(np.asarray(pillow(encode_image(picture(), image_format=image_format))), picture())


def test_jpeg_colours_are_in_rgb_order():
    flat = np.full((16, 16, 3), (200, 90, 20), np.uint8)
    data = encode_image(flat, image_format="jpeg", jpeg_quality=100)
    for found in (np.asarray(pillow(data)), decode_image(data)):
        assert np.abs(found.astype(int) - (200, 90, 20)).max() <= 2  # rounding of YCbCr


def test_raw_is_the_pixels_row_by_row():
    assert encode_image(picture(), image_format="raw") == picture().tobytes()


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg", "raw"])
def test_a_view_is_encoded_as_its_copy(image_format):
    view = np.asfortranarray(picture())[::-2, 1::3]
    assert not view.flags.c_contiguous
    assert encode_image(view, image_format=image_format) == encode_image(
        view.copy(order="C"), image_format=image_format
    )


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg", "raw"])
def test_a_picture_that_may_not_be_written_to_is_left_alone(image_format):
    image = picture()
    image.flags.writeable = False
    encode_image(image, image_format=image_format)
    assert np.array_equal(image, picture())


def test_jpeg_quality_is_that_of_the_standard_table():
    tables = pillow(encode_image(picture(), image_format="jpeg", jpeg_quality=50)).quantization  # type: ignore[attr-defined]
    assert sorted(tables[0]) == sorted(map(int, LUMINANCE_50.split()))
    best = pillow(encode_image(picture(), image_format="jpeg", jpeg_quality=100)).quantization  # type: ignore[attr-defined]
    assert set(best[0]) == {1}


def test_jpeg_quality_is_95_unless_told():
    assert encode_image(picture(), image_format="jpeg") == encode_image(
        picture(), image_format="jpeg", jpeg_quality=95
    )
    assert encode_image(picture(), image_format="jpeg") != encode_image(
        picture(), image_format="jpeg", jpeg_quality=96
    )


def test_jpeg_components_have_one_sampling():
    found = pillow(encode_image(picture(), image_format="jpeg"))
    assert [layer[1:3] for layer in found.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_webp_is_the_lossless_kind():
    assert encode_image(picture(), image_format="webp")[12:16] == b"VP8L"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((3, 4, 4), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int8),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), bool),
    ],
)
def test_other_shapes_and_types_are_named(image):
    message = f"image: expected (H, W, 3) uint8, got {image.shape} {image.dtype}"
    for image_format in ("png", "webp", "jpeg", "raw"):
        with pytest.raises(ArgumentError) as caught:
            encode_image(image, image_format=image_format)
        assert str(caught.value) == message


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg"])
def test_any_buffer_is_decoded(image_format, wrap):
    data = encode_image(picture(), image_format=image_format)
    assert np.array_equal(decode_image(wrap(data)), decode_image(data))
    target = np.zeros((12, 20, 3), np.uint8)
    decode_into(wrap(data), target)
    assert np.array_equal(target, decode_image(data))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP"])
def test_pictures_of_other_modes_become_rgb(form):
    gray = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)
    found = decode_image(saved(Image.fromarray(gray), form, **({"lossless": True} if form == "WEBP" else {})))
    assert np.array_equal(found, np.repeat(gray[..., None], 3, axis=2))


def test_a_palette_is_looked_up():
    image = Image.fromarray(np.full((4, 4, 3), (250, 10, 60), np.uint8)).convert(
        "P", palette=Image.Palette.ADAPTIVE
    )
    assert np.array_equal(decode_image(saved(image, "PNG")), np.full((4, 4, 3), (250, 10, 60), np.uint8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"no picture",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\x00\x00\x00\x00WEBPVP8L",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"\xff\xd8\xff" + bytes(50),
    ],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ArgumentError, match="data: expected an encoded picture, got"):
        decode_image(data)
    with pytest.raises(ArgumentError, match="data: expected an encoded picture, got"):
        decode_into(data, np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg"])
def test_a_row_of_a_batch_is_written_to_and_no_other(image_format):
    data = encode_image(picture(), image_format=image_format)
    batch = np.full((3, 12, 20, 3), 77, np.uint8)
    decode_into(data, batch[1])
    assert np.array_equal(batch[1], decode_image(data))
    assert (batch[[0, 2]] == 77).all()


@pytest.mark.parametrize("image_format", ["png", "webp"])
@pytest.mark.parametrize("shape", [(20, 12, 3), (12, 20, 1), (12, 19, 3), (1, 12, 20, 3)])
def test_another_shape_is_named_and_nothing_is_written(image_format, shape):
    target = np.full(shape, 77, np.uint8)
    with pytest.raises(ArgumentError, match=r"data: expected a picture of shape \(.*\), got \(12, 20, 3\)"):
        decode_into(encode_image(picture(), image_format=image_format), target)
    assert (target == 77).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (64, 1), (7, 13)])
def test_pictures_of_any_shape_keep_it(shape):
    for image_format in ("png", "webp", "jpeg"):
        found = decode_image(encode_image(picture(*shape), image_format=image_format))
        assert (found.shape, found.dtype) == ((*shape, 3), np.uint8)
