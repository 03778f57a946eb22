"""A JPEG is decoded whole or refused: what libjpeg would patch is never delivered."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from specaug.errors import MediaError
from specaug.media import jpeg
from specaug.media.jpeg import decode_strictly

pytest.importorskip("simplejpeg", reason="has wheels for x86-64 and 64-bit ARM alone")


@pytest.fixture(scope="module")
def sound() -> bytes:
    """A (96, 128) JPEG of noise, whose data are nearly all of the file."""
    image = np.random.default_rng(6).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 90))
    return bytes(data.tobytes())


def test_a_sound_one_is_that_of_opencv(sound):
    expected = cv2.imdecode(np.frombuffer(sound, np.uint8), cv2.IMREAD_COLOR_RGB)
    decoded = decode_strictly(sound)
    # Both are libjpeg-turbo; its inverse transforms differ by a level or two between versions.
    assert np.abs(decoded.astype(int) - expected).max() <= 3


def test_one_that_lacks_only_its_end_marker_is_read(sound):
    assert sound.endswith(b"\xff\xd9")
    np.testing.assert_array_equal(decode_strictly(sound[:-2]), decode_strictly(sound))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.99])
def test_one_whose_data_break_off_is_truncated(sound, share):
    with pytest.raises(MediaError, match="Premature end of JPEG file") as raised:
        decode_strictly(sound[: int(share * len(sound))])
    assert (raised.value.stage, raised.value.reason) == ("decode", "truncated")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_one_whose_data_are_zero_from_somewhere_on_is_refused(sound, share):
    start = int(share * len(sound))
    with pytest.raises(MediaError) as raised:
        decode_strictly(sound[:start] + bytes(len(sound) - start - 2) + b"\xff\xd9")
    assert (raised.value.stage, raised.value.reason) == ("decode", "decoder_error")


def test_what_follows_the_image_is_not_looked_at(sound):
    np.testing.assert_array_equal(decode_strictly(sound + b"\0" * 40), decode_strictly(sound))


def test_without_its_decoder_a_jpeg_is_refused_and_not_taken_on_trust(sound, monkeypatch):
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    with pytest.raises(
        MediaError, match="decode: unsupported: JPEG needs simplejpeg: pip install simplejpeg"
    ):
        decode_strictly(sound)
