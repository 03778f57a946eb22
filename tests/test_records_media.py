"""Records of sources, faces, clips and failures: what they refuse, what they compute, how they show themselves."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.records import (
    LABELS,
    REASONS,
    SPLITS,
    STAGES,
    Clip,
    Face,
    Failure,
    MediaInfo,
    ShardPlan,
    Source,
    plan_hash,
    readable_path,
    settings_digest,
)

SOURCE = Source("live/a.mp4", "bonafide")


def test_the_words_of_the_tables_are_fixed():
    assert LABELS == ("bonafide", "attack")  # the class label of the data set: its order is its number
    assert SPLITS == ("train", "dev", "test")
    assert STAGES == ("discover", "probe", "decode", "detect", "align", "encode", "synthesize")


def test_reasons_may_be_added_and_none_is_renamed():
    assert len(REASONS) == len(set(REASONS))
    assert set(REASONS) >= {
        *("decoder_error", "duplicate", "face_too_small", "internal", "native_crash", "no_face"),
        *("out_of_memory", "row_too_large", "timeout", "too_large", "truncated", "unreadable", "unsupported"),
    }


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("split", "dev", "val"),
        ("kind", "frames", "audio"),
        ("turn", "270", "45"),
        ("box_format", "eye_pos", "yolo"),
        ("split", "test", "Test"),
        ("turn", "look", 90),
    ],
)
def test_a_source_takes_only_the_words_of_its_fields(field, good, bad):
    assert getattr(dataclasses.replace(SOURCE, **{field: good}), field) == good
    with pytest.raises(
        ArgumentError, match=rf"^{field}: expected one of .*{good}.*, got {bad!r}(; did you mean .*)?$"
    ):
        dataclasses.replace(SOURCE, **{field: bad})


@pytest.mark.parametrize(
    ("label", "pai", "fits"),
    [
        ("bonafide", "none", True),
        ("attack", "print", True),
        ("bonafide", "print", False),
        ("attack", "none", False),
        ("attack", "None", True),
    ],
)
def test_an_instrument_is_named_exactly_for_attacks(label, pai, fits):
    if fits:
        assert Source("a.mp4", label, pai).pai == pai
        return
    words = f"pai: expected 'none' exactly for bona fide, got '{pai}' for {label}"
    with pytest.raises(ArgumentError, match=f"^{words}$"):
        Source("a.mp4", label, pai)


def test_an_unknown_label_is_refused_before_its_instrument():
    with pytest.raises(ArgumentError, match="label: expected one of bonafide, attack, got 'live'"):
        Source("a.mp4", "live", "none")


@pytest.mark.parametrize(
    ("stage", "reason", "words"),
    [
        ("look", "no_face", "stage: expected one of discover, .*, got 'look'"),
        ("detect", "slow", "reason: expected one of unreadable, .*, got 'slow'"),
    ],
)
def test_a_failure_takes_only_known_stages_and_reasons(stage, reason, words):
    with pytest.raises(ArgumentError, match=words):
        Failure("1", "a.mp4", "train", stage, reason, "")
    failure = Failure("1", "a.mp4", "train", "detect", "no_face", "")
    assert (failure.attempts, failure.frame_index) == (1, None)


@pytest.mark.parametrize(
    ("box", "size", "center"),
    [
        ((10, 20, 40, 100), 80, (25, 60)),
        ((10, 20, 110, 30), 100, (60, 25)),
        ((-5, -5, 5, 5), 10, (0, 0)),
        ((0.5, 0, 1, 0.25), 0.5, (0.75, 0.125)),
    ],
)
def test_a_face_is_as_large_as_the_longer_side_of_its_box(box, size, center):
    face = Face(np.array(box, np.float32), np.zeros((5, 2), np.float32), 0.5)
    assert face.size == size
    assert isinstance(face.size, float)
    np.testing.assert_array_equal(face.center, center)


def info_of(n: int) -> MediaInfo:
    return MediaInfo("video", 640, 480, n, np.arange(n) * 0.04, np.array([0]), 25.0, missing_frames=3)


def clip_of(source: Source, index: list[int]) -> Clip:
    n = len(index)
    return Clip(
        "abc-000",
        source,
        info_of(100),
        (b"x",) * n,
        np.array(index, np.int32),
        *(np.zeros(n, np.float32) for _ in range(3)),
        np.zeros((n, 4), np.float32),
        np.zeros((n, 5, 2), np.float32),
        np.zeros((n, 2, 3), np.float32),
    )


def test_times_of_a_clip_are_those_of_its_frames_in_the_source():
    clip = clip_of(SOURCE, [5, 50, 99])
    np.testing.assert_allclose(clip.pts_seconds, [0.2, 2.0, 3.96], rtol=1e-12)
    assert clip.pts_seconds.dtype == np.float64


def test_records_show_sizes_and_never_pixels():
    assert repr(info_of(7)) == "MediaInfo(video, 640x480, n_frames=7, fps=25, missing_frames=3)"
    odd = dataclasses.replace(SOURCE, path="live/\udcff.mp4")
    assert repr(clip_of(odd, [1, 2])) == r"Clip(abc-000, 2 frames, 'live/\\xff.mp4')"


def test_a_notebook_shows_what_is_known_of_a_clip_and_leaves_out_the_rest():
    source = Source("a&b.mp4", "attack", "print", subject="s1", split="dev", dataset="demo")
    html = clip_of(source, [3, 8])._repr_html_()
    cells = re.findall("<tr><th>(.*?)</th><td>(.*?)</td></tr>", html)
    assert cells == [
        *(("label", "attack"), ("pai", "print"), ("subject", "s1"), ("split", "dev"), ("dataset", "demo")),
        *(("source", "a&amp;b.mp4"), ("frame_index", "[3, 8]")),
    ]


def bytes_of(text: str) -> bytes:
    """The name that a readable path stands for, by its two rules."""

    def byte(match: re.Match[bytes]) -> bytes:
        return b"\\" if match[0] == rb"\\" else bytes([int(match[1], 16)])

    return re.sub(rb"\\\\|\\x([0-9a-f]{2})", byte, text.encode())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.lists(st.sampled_from([b"\\", b"x41", b"a/", b"\xff", "é".encode(), b"\xc3", b"\n"])).map(b"".join))
def test_a_readable_path_is_unicode_that_names_one_file_only(name):
    text = readable_path(os.fsdecode(name))
    text.encode("utf-8")  # no surrogate is left
    assert bytes_of(text) == name


def test_a_plan_is_known_by_its_name_its_settings_and_its_sources_in_order():
    text = b'["train-00000-of-00001", "5e77", ["a1", "b2"], ["c3"]]'
    expected = hashlib.blake2b(text, digest_size=16).hexdigest()
    assert plan_hash("train-00000-of-00001", "5e77", ["a1", "b2"], ["c3"]) == expected
    sources = tuple(dataclasses.replace(SOURCE, source_id=name) for name in ("a1", "b2"))
    lost = (Failure("c3", "x.mp4", "train", "discover", "duplicate", "same"),)
    plan = ShardPlan("train-00000-of-00001", "train", sources, lost, "5e77")
    assert plan.hash == expected
    others = [
        dataclasses.replace(plan, sources=sources[::-1]),
        dataclasses.replace(plan, known=()),
        dataclasses.replace(plan, name="train-00000-of-00002"),
        dataclasses.replace(plan, settings="5e78"),
    ]
    assert len({expected, *(other.hash for other in others)}) == 5


def test_names_and_details_of_files_are_no_part_of_the_hash():
    lost = Failure("c3", "x.mp4", "train", "discover", "duplicate", "same")
    plan = ShardPlan("dev-00000-of-00001", "dev", (), (lost,))
    renamed = dataclasses.replace(lost, source_path="y.mp4", detail="other", attempts=4)
    assert dataclasses.replace(plan, known=(renamed,)).hash == plan.hash


def test_a_digest_of_settings_does_not_depend_on_their_order():
    expected = hashlib.blake2b(b'{"align": "clip", "split": [1, 2, 3]}', digest_size=16).hexdigest()
    assert settings_digest({"split": [1, 2, 3], "align": "clip"}) == expected
    assert settings_digest({"align": "clip", "split": (1, 2, 3)}) == expected
    assert settings_digest({"align": "clip", "split": [1, 3, 2]}) != expected
