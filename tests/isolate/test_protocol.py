"""A record that passes between parent and child is the same to the last bit."""

from __future__ import annotations

import dataclasses
import json

import misbehave
import numpy as np
import pytest
from asking import Make, source
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from specaug.isolate.protocol import pack, read_reply, reply_length, reply_message, unpack
from specaug.records import Clip, Failure, MediaInfo


def same(one: object, other: object) -> bool:
    """Equal to the last bit, missing numbers included."""
    if isinstance(one, np.ndarray | np.generic):
        assert isinstance(other, np.ndarray | np.generic)
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one)
        )
    return type(one) is type(other) and one == other


class TestWire:
    def test_every_field_of_a_clip_comes_back(self, make: Make) -> None:
        (outcome,) = make().extract(source("clip"))
        assert isinstance(outcome, Clip)
        assert same(outcome, misbehave.clip(source("clip")))

    def test_arrays_can_be_written_to_as_those_of_the_function(self, make: Make) -> None:
        (outcome,) = make().extract(source("clip"))
        assert isinstance(outcome, Clip)
        assert outcome.box.flags.writeable

    @given(arrays(scalar_dtypes(), array_shapes(min_dims=0, min_side=0)), st.binary(), st.floats())
    @settings(deadline=None, max_examples=60)
    def test_any_array_and_bytes_come_back(self, array: np.ndarray, blob: bytes, number: float) -> None:
        buffers: list[memoryview] = []
        value = (array, blob, (number, None, True, "\udce9 \u2028"))
        text = json.loads(json.dumps(pack(value, buffers)))
        back = unpack(text, memoryview(b"".join(buffers)))
        assert same(back[0], array)
        assert back[1] == blob
        assert same(np.float64(back[2][0]), np.float64(number)) or np.isnan(number)
        assert back[2][1:] == (None, True, "\udce9 \u2028")

    def test_what_is_no_record_is_refused(self) -> None:
        with pytest.raises(TypeError, match="expected a record of specaug, got set"):
            pack((set(),), [])
        with pytest.raises(TypeError, match="got ndarray"):
            pack(np.array([object()]), [])

    def test_of_a_decoders_own_info_the_record_passes(self) -> None:
        class Own(MediaInfo):
            extra = object()

        info = Own("image", 4, 3, 1, np.zeros(1), np.zeros(1, np.int64))
        buffers: list[memoryview] = []
        back = unpack(pack(info, buffers), memoryview(b"".join(buffers)))
        assert type(back) is MediaInfo
        assert back.width == 4

    def test_message_tells_its_length(self) -> None:
        failure = Failure("a", "a", "dev", "probe", "unreadable", "é")
        message = b"".join(reply_message((failure,), {"probe": 0.1}))
        assert reply_length(message) == len(message)
        assert read_reply(message) == ((failure,), {"probe": 0.1})
        assert reply_length(b"x" + message[1:]) == 0
