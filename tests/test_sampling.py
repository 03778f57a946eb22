"""Which frames are chosen."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.sampling import POLICIES, clip_indices, frame_indices

COUNTED = [policy for policy in POLICIES if policy != "all"]


@st.composite
def requests(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """n_frames and every keyword that some policy uses."""
    n_frames = draw(st.integers(0, 400))
    keys = draw(st.sets(st.integers(0, n_frames - 1))) if n_frames else set()
    return n_frames, {
        "n": draw(st.integers(1, 60)),
        "policy": draw(st.sampled_from(POLICIES)),
        "rng": draw(st.integers(0, 2**32)),
        "fps": draw(st.sampled_from([None, 0, 0.5, 25, 29.97, 240])),
        "keyframes": np.array(sorted(keys), dtype=np.int64),
    }


@settings(deadline=None)
@given(requests())
def test_distinct_ascending_in_range_and_as_many_as_there_are(request: tuple[int, dict[str, Any]]) -> None:
    n_frames, asked = request
    chosen = frame_indices(n_frames, **asked)
    assert chosen.dtype == np.int64
    assert chosen.ndim == 1
    assert len(chosen) == (n_frames if asked["policy"] == "all" else min(asked["n"], n_frames))
    assert np.all(np.diff(chosen) > 0)
    assert np.all((chosen >= 0) & (chosen < n_frames))


@settings(deadline=None)
@given(requests())
def test_same_seed_same_frames(request: tuple[int, dict[str, Any]]) -> None:
    n_frames, asked = request
    np.testing.assert_array_equal(frame_indices(n_frames, **asked), frame_indices(n_frames, **asked))


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 60))
def test_uniform_is_mirrored_in_time(n_frames: int, n: int) -> None:
    chosen = frame_indices(n_frames, n=n, policy="uniform")
    mirrored = n_frames - 1 - chosen[::-1]
    middle = len(chosen) // 2
    moved = np.flatnonzero(chosen != mirrored)
    # An even number of frames has no middle one.
    assert moved.tolist() == ([middle] if n_frames % 2 == 0 and len(chosen) % 2 else [])


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 60))
def test_uniform_holds_the_centre_of_each_equal_segment(n_frames: int, n: int) -> None:
    chosen = frame_indices(n_frames, n=n, policy="uniform")
    centres = (np.arange(len(chosen)) + 0.5) * n_frames / len(chosen)
    # Frame k lasts from k to k + 1.
    assert np.all(np.abs(chosen + 0.5 - centres) <= 0.5 + 1e-9)


@pytest.mark.parametrize(("n_frames", "middle"), [(1, 0), (2, 1), (5, 2), (100, 50)])
def test_one_uniform_frame_is_the_middle_one(n_frames: int, middle: int) -> None:
    assert frame_indices(n_frames, n=1, policy="uniform").tolist() == [middle]


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(2, 60), st.sampled_from([None, 1, 10, 29.97]))
def test_stride_starts_at_the_first_frame_and_has_one_step(n_frames: int, n: int, fps: float | None) -> None:
    chosen = frame_indices(n_frames, n=n, policy="stride", fps=fps)
    assert chosen[0] == 0
    assert len(set(np.diff(chosen).tolist())) <= 1


def test_stride_is_a_second_where_the_video_is_long_enough() -> None:
    assert frame_indices(1000, n=4, policy="stride", fps=29.97).tolist() == [0, 30, 60, 90]
    assert frame_indices(40, n=4, policy="stride", fps=29.97).tolist() == [0, 10, 20, 30]
    assert frame_indices(1000, n=4, policy="stride").tolist() == [0, 250, 500, 750]


def test_consecutive_lies_in_the_middle_or_anywhere() -> None:
    assert frame_indices(11, n=3, policy="consecutive").tolist() == [4, 5, 6]
    starts = {int(frame_indices(5, n=3, policy="consecutive", rng=seed)[0]) for seed in range(60)}
    assert starts == {0, 1, 2}


@settings(deadline=None)
@given(st.integers(2, 500), st.integers(1, 60), st.integers(0, 99))
def test_consecutive_has_no_gap(n_frames: int, n: int, seed: int) -> None:
    assert set(np.diff(frame_indices(n_frames, n=n, policy="consecutive", rng=seed))) <= {1}


def test_random_takes_each_frame_equally_often() -> None:
    rng = np.random.default_rng(3)
    counts = np.zeros(10)
    for _ in range(3000):
        counts[frame_indices(10, n=3, policy="random", rng=rng)] += 1
    # 900 expected; binomial standard deviation 25.
    assert np.all(np.abs(counts - 900) < 5 * 25.1)


def test_random_works_without_a_seed_and_moves_a_generator_on() -> None:
    assert len(frame_indices(100, n=5, policy="random")) == 5
    rng = np.random.default_rng(0)
    first, second = (frame_indices(10**6, n=8, policy="random", rng=rng) for _ in range(2))
    assert first.tolist() != second.tolist()


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 40), st.data())
def test_keyframes_are_taken_before_other_frames(n_frames: int, n: int, data: st.DataObject) -> None:
    keys = np.array(sorted(data.draw(st.sets(st.integers(0, n_frames - 1)))), dtype=np.int64)
    chosen = frame_indices(n_frames, n=n, policy="keyframes", keyframes=keys)
    expected = min(len(keys), len(chosen))
    assert len(np.intersect1d(chosen, keys)) == expected


def test_keyframes_are_spread_over_the_video() -> None:
    keys = np.arange(0, 1000, 10)
    chosen = frame_indices(1000, n=4, policy="keyframes", keyframes=keys)
    assert chosen.tolist() == [120, 370, 620, 870]


@settings(deadline=None)
@given(requests(), st.integers(1, 12))
def test_clips_lie_in_equal_spans_of_time(request: tuple[int, dict[str, Any]], clips: int) -> None:
    n_frames, asked = request
    chosen = clip_indices(n_frames, clips=clips, **asked)
    assert len(chosen) == min(clips, n_frames)
    for number, clip in enumerate(chosen):
        start, stop = (k * n_frames // len(chosen) for k in (number, number + 1))
        assert stop - start in (n_frames // len(chosen), n_frames // len(chosen) + 1)
        assert len(clip) == (stop - start if asked["policy"] == "all" else min(asked["n"], stop - start))
        assert np.all((clip >= start) & (clip < stop))


@pytest.mark.parametrize("policy", COUNTED)
def test_one_clip_is_the_whole_video(policy: str) -> None:
    asked: dict[str, Any] = {"n": 5, "policy": policy, "rng": 1, "fps": 25, "keyframes": np.array([0, 50])}
    (clip,) = clip_indices(100, clips=1, **asked)
    np.testing.assert_array_equal(clip, frame_indices(100, **asked))


def test_clips_draw_from_one_stream_of_random_numbers() -> None:
    first, second = clip_indices(10**6, n=8, clips=2, policy="random", rng=5)
    assert (first + 500_000).tolist() != second.tolist()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"policy": "best"}, r"policy: expected one of uniform, .*, got 'best'"),
        ({"n": 0}, r"n: expected an integer of at least 1, got 0"),
        ({"n": 2.5}, r"n: expected an integer, got 2.5"),
        ({"policy": "keyframes", "keyframes": np.array([100])}, r"keyframes: expected indices in \[0, 100\)"),
        ({"policy": "keyframes", "keyframes": np.array([0.5])}, r"keyframes: .* integer array"),
        ({"policy": "stride", "fps": -1}, r"fps: expected a finite number of at least 0, got -1"),
        ({"policy": "stride", "fps": float("nan")}, r"fps: .* got nan"),
    ],
)
def test_bad_arguments_are_named(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        frame_indices(100, **({"n": 4, "policy": "uniform"} | asked))


def test_negative_counts_are_named() -> None:
    with pytest.raises(ArgumentError, match="n_frames: expected an integer of at least 0, got -1"):
        frame_indices(-1, n=1, policy="uniform")
    with pytest.raises(ArgumentError, match="clips: expected an integer of at least 1, got 0"):
        clip_indices(10, n=1, clips=0, policy="uniform")


def test_keyframes_are_checked_even_where_every_frame_is_taken() -> None:
    with pytest.raises(ArgumentError, match="keyframes"):
        frame_indices(3, n=8, policy="keyframes", keyframes=np.array([7]))


def test_without_known_keyframes_frames_are_spread_evenly() -> None:
    spread = frame_indices(100, n=4, policy="keyframes")
    assert spread.tolist() == frame_indices(100, n=4, policy="uniform").tolist()


def test_the_module_needs_numpy_only() -> None:
    code = "import sys, specaug.sampling; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"numpy", "specaug"} <= set(loaded.split())
    assert not {"av", "cv2", "PIL", "torch"} & set(loaded.split())
