"""Requests and replies between parent and child as bytes: records, arrays, lengths, and messages that are none."""

from __future__ import annotations

import json
import struct
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from specaug.isolate.protocol import (
    PREFIX_BYTES,
    pack,
    read_reply,
    read_request,
    reply_length,
    reply_message,
    request_line,
    unpack,
)
from specaug.records import BuildConfig, Clip, Failure, MediaInfo, Source

FAILURE = Failure("id", "a.mp4", "dev", "decode", "truncated", 'two "of"\n8', attempts=2, frame_index=3)


def there_and_back(value: object) -> Any:
    buffers: list[memoryview] = []
    text = json.dumps(pack(value, buffers))
    return unpack(json.loads(text), memoryview(b"".join(buffers)))


def clip(number: int = 0, n: int = 2) -> Clip:
    rows = np.arange(n * 12, dtype=np.float32)
    return Clip(
        clip_id=f"c{number}",
        source=Source("live/\udce9.mp4", "bonafide", source_id=f"s{number}"),
        info=MediaInfo("video", 4, 3, n, np.arange(n) / 3, np.array([0]), fps=29.97),
        frames=tuple(bytes([number, i]) * (i + 1) for i in range(n)),
        frame_index=np.arange(n, dtype=np.int32),
        score=rows[:n],
        scale=rows[:n] + 1,
        padding=rows[:n] * 0,
        box=rows[: 4 * n].reshape(n, 4),
        landmarks=np.full((n, 5, 2), np.nan, np.float32),
        warp=rows[: 6 * n].reshape(n, 2, 3) + number,
    )


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -(2**63), 2**70, 0.1, -0.0, 1e308, "", "é\udcff", (), b"", (b"\x00", ((),))],
)
def test_plain_values_keep_value_and_type(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)
    assert str(back) == str(value)  # the sign of zero


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((0, 3), np.float32),
        np.array(7, np.int16),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(20)[::-3],
        np.array([True, False]),
        np.array(["a", "bcd"]),
        np.array([1 + 2j]),
        np.array(["2020-01-01"], "datetime64[D]"),
    ],
)
def test_arrays_keep_dtype_shape_and_values_and_are_writable(value):
    back = there_and_back(value)
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert np.array_equal(back, value)
    assert back.flags.writeable
    assert not np.may_share_memory(back, value)


@pytest.mark.parametrize(
    "value", [np.float32(0.1), np.int8(-3), np.bool_(True), np.float64(np.inf), np.uint64(2**63)]
)
def test_scalars_stay_scalars_of_their_type(value):
    back = there_and_back(value)
    assert type(back) is type(value)
    assert back == value


@pytest.mark.parametrize(
    "value",
    [
        [1],
        {"a": 1},
        {1, 2},
        object(),
        bytearray(b"x"),
        memoryview(b"x"),
        1j,
        Exception("x"),
        np.array([None]),
        BuildConfig,
    ],
)
def test_other_types_are_refused_wherever_they_are(value):
    for packed in (value, (1, (value,))):
        with pytest.raises(
            TypeError, match=f"value: expected a record of specaug, got {type(value).__name__}"
        ):
            pack(packed, [])


@pytest.mark.parametrize(
    "record", [FAILURE, replace(FAILURE, frame_index=None), Source("a", "attack", pai="print/1")]
)
def test_records_of_plain_fields_come_back_equal(record):
    assert there_and_back(record) == record


def test_a_config_keeps_every_field():
    config = BuildConfig(
        split=(70, 15, 15),
        dev_from_train=0.25,
        size=96,
        model="/m\udce9",
        timeout=0.5,
        max_failures="2%",
        seed=2**40,
    )
    assert there_and_back(config) == config


def test_buffers_are_taken_in_the_order_of_the_fields():
    buffers: list[memoryview] = []
    packed = pack((clip(1), b"between", clip(2)), buffers)
    first, between, second = unpack(json.loads(json.dumps(packed)), memoryview(b"".join(buffers)))
    assert between == b"between"
    for one, number in ((first, 1), (second, 2)):
        for name in (field.name for field in fields(Clip) if field.name not in ("source", "info")):
            np.testing.assert_array_equal(getattr(one, name), getattr(clip(number), name))
        assert one.source == clip(number).source
        np.testing.assert_array_equal(one.info.pts_seconds, clip(number).info.pts_seconds)


@pytest.mark.parametrize("value", [b"abc", np.arange(4), np.float64(1)])
def test_buffers_that_are_too_short_are_told(value):
    buffers: list[memoryview] = []
    packed = json.loads(json.dumps(pack(value, buffers)))
    data = b"".join(buffers)
    with pytest.raises(ValueError, match=f"buffers: expected {len(data)} more bytes, got {len(data) - 1}"):
        unpack(packed, memoryview(data[:-1]))


@pytest.mark.parametrize("timeout", [None, 0.25, 900.0])
@pytest.mark.parametrize("path", ["a.mp4", "line\nbreak \u2028 é \udcff.mp4", '"\\', "\x00"])
def test_a_request_is_one_line_of_ascii(path, timeout):
    source = Source(path, "bonafide", subject=path, source_id="1")
    line = request_line(source, BuildConfig(frames=3), raw=f"/raw/{path}", timeout=timeout)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read_request(line) == (source, BuildConfig(frames=3), f"/raw/{path}", timeout)


def message_of(*outcomes: Clip | Failure, seconds: dict[str, float] | None = None) -> bytes:
    return b"".join(reply_message(outcomes, seconds or {}))


def test_a_reply_is_prefix_header_and_buffers():
    message = message_of(clip(3), FAILURE, seconds={"decode": 0.5})
    magic, header, buffers = struct.unpack("<8sQQ", message[:PREFIX_BYTES])
    assert magic == b"specaug\x01"
    assert len(message) == PREFIX_BYTES + header + buffers == reply_length(message[:PREFIX_BYTES])
    assert json.loads(message[PREFIX_BYTES : PREFIX_BYTES + header])["seconds"] == {"decode": 0.5}
    data = b"".join(clip(3).frames)
    assert data[:2] in message[PREFIX_BYTES + header :]  # pictures as they are, not as text
    assert buffers > len(data)


@pytest.mark.parametrize("outcomes", [(), (FAILURE,), (FAILURE, FAILURE)])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_reply_of_failures_comes_back(outcomes, kind):
    assert read_reply(kind(message_of(*outcomes, seconds={"probe": 1e-9}))) == (outcomes, {"probe": 1e-9})


def test_the_pieces_of_a_reply_do_not_copy_the_pictures():
    item = clip(1)
    pieces = reply_message((item,), {})
    assert any(piece.obj is item.frames[0] for piece in pieces)


@pytest.mark.parametrize("at", range(8))
def test_another_magic_is_no_message(at):
    message = bytearray(message_of(FAILURE))
    message[at] ^= 0x20
    assert reply_length(message) == 0


def test_nothing_but_a_prefix_is_needed_for_the_length():
    message = message_of(FAILURE)
    assert reply_length(message[:PREFIX_BYTES]) == reply_length(message + b"more") == len(message)
    with pytest.raises(struct.error):
        reply_length(message[: PREFIX_BYTES - 1])


def test_a_reply_cut_short_is_an_error_and_no_other_clip():
    message = message_of(clip(1))
    for size in (len(message) - 1, len(message) - 60, PREFIX_BYTES + 5):
        with pytest.raises(ValueError, match=r"buffers|Unterminated|Expecting|delimiter"):
            read_reply(message[:size])
