"""Chosen frames of every short video against slow definitions, and what each policy takes from its settings."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from specaug.errors import ArgumentError
from specaug.sampling import POLICIES, clip_indices, frame_indices

SHORT = [(n_frames, n) for n_frames in range(1, 26) for n in (1, 2, 3, 4, 7, 10)]


def chosen(n_frames, n, policy, **settings):
    return frame_indices(n_frames, n=n, policy=policy, **settings).tolist()


def slow_uniform(items, count):
    """The item that holds the centre of each of `count` equal segments; a centre between two goes inwards."""
    taken = []
    for k in range(count):
        centre = Fraction((2 * k + 1) * len(items), 2 * count)
        index = centre.numerator // centre.denominator
        if centre.denominator == 1 and 2 * centre > len(items):
            index -= 1
        taken.append(items[index])
    return taken


def test_the_policies_are_those_that_are_documented():
    assert POLICIES == ("uniform", "stride", "consecutive", "random", "keyframes", "all")


def test_uniform_frames_are_those_of_the_definition_in_every_short_video():
    for n_frames, n in SHORT:
        expected = slow_uniform(range(n_frames), min(n, n_frames))
        assert chosen(n_frames, n, "uniform") == expected, (n_frames, n)


@pytest.mark.parametrize(
    ("fps", "second"), [(1, 1), (2.4, 2), (2.6, 3), (0.2, 1), (30, 30), (29.97, 30), (240, 240)]
)
def test_a_stride_is_a_second_or_what_fits(fps, second):
    for n_frames, n in SHORT:
        step = min(second, n_frames // min(n, n_frames))
        expected = [k * step for k in range(min(n, n_frames))]
        assert chosen(n_frames, n, "stride", fps=fps) == expected, (n_frames, n)


@pytest.mark.parametrize("fps", [None, 0, 0.0])
def test_an_unknown_rate_takes_the_widest_step_that_fits(fps):
    for n_frames, n in SHORT:
        frames = chosen(n_frames, n, "stride", fps=fps)
        step = frames[1] - frames[0] if len(frames) > 1 else 1
        assert frames == list(range(0, len(frames) * step, step))
        if len(frames) > 1:
            assert len(frames) * step <= n_frames < len(frames) * (step + 1)


def test_consecutive_frames_leave_as_much_before_as_after():
    for n_frames, n in SHORT:
        frames = chosen(n_frames, n, "consecutive")
        assert frames == list(range(frames[0], frames[0] + min(n, n_frames)))
        before, after = frames[0], n_frames - 1 - frames[-1]
        assert after - before in (0, 1), (n_frames, n)


@pytest.mark.parametrize("policy", ["consecutive", "random"])
def test_draws_reach_both_ends_of_a_video(policy):
    rng = np.random.default_rng(0)
    seen = {f for _ in range(200) for f in chosen(12, 4, policy, rng=rng)}
    assert seen == set(range(12))


@pytest.mark.parametrize("policy", ["uniform", "stride", "keyframes", "all"])
def test_policies_without_chance_use_no_randomness(policy):
    rng = np.random.default_rng(0)
    chosen(30, 4, policy, rng=rng, fps=5)
    assert rng.random() == np.random.default_rng(0).random()


def test_keyframes_are_spread_as_frames_are_and_topped_up_by_others():
    for n_frames in range(1, 15):
        for size in range(min(n_frames, 5) + 1):
            for keys in itertools.islice(itertools.combinations(range(n_frames), size), 12):
                for n in (1, 2, 4, 6):
                    count = min(n, n_frames)
                    others = [f for f in range(n_frames) if f not in keys]
                    if len(keys) >= count:
                        expected = slow_uniform(keys, count)
                    else:
                        expected = sorted([*keys, *slow_uniform(others, count - len(keys))])
                    ours = chosen(n_frames, n, "keyframes", keyframes=np.array(keys, dtype=np.int64))
                    assert ours == expected, (n_frames, keys, n)


@pytest.mark.parametrize(
    "keyframes",
    [np.array([9, 3, 3, 0, 9]), [0, 3, 9], np.array([0, 3, 9], np.uint8), np.array([9, 3, 0], np.int32)],
)
def test_keyframes_may_come_in_any_order_and_more_than_once(keyframes):
    assert chosen(12, 3, "keyframes", keyframes=keyframes) == [0, 3, 9]


@pytest.mark.parametrize(
    ("keyframes", "match"),
    [
        ([-1, 3], r"keyframes: expected indices in \[0, 12\), got -1 to 3"),
        ([3, 12], r"keyframes: expected indices in \[0, 12\), got 3 to 12"),
        ([[1, 2]], r"keyframes: expected a one-dimensional integer array, got shape \(1, 2\), dtype int64"),
        (5, r"keyframes: expected a one-dimensional integer array, got shape \(\), dtype int64"),
        ([0.0, 1.0], r"keyframes: .* dtype float64"),
        ([True, False], r"keyframes: .* dtype bool"),
        (["1"], r"keyframes: expected a one-dimensional integer array"),
    ],
)
def test_what_are_no_keyframes_is_refused_where_they_are_used(keyframes, match):
    with pytest.raises(ArgumentError, match=match):
        chosen(12, 3, "keyframes", keyframes=keyframes)
    assert len(chosen(12, 3, "uniform", keyframes=keyframes)) == 3


def test_no_keyframes_at_all_may_have_any_dtype():
    assert chosen(12, 3, "keyframes", keyframes=[]) == chosen(12, 3, "uniform")
    assert chosen(12, 3, "keyframes", keyframes=np.zeros(0)) == chosen(12, 3, "uniform")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_video_of_no_frames_has_none_and_no_clips(policy):
    assert frame_indices(0, n=3, policy=policy, rng=0).shape == (0,)
    assert clip_indices(0, n=3, clips=2, policy=policy, rng=0) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("n_frames", "n"), [(1, 1), (1, 9), (5, 5), (5, 6)])
def test_as_many_frames_as_there_are_are_all_of_them(policy, n_frames, n):
    settings = {"rng": 0, "fps": 25, "keyframes": np.array([0])}
    assert chosen(n_frames, n, policy, **settings) == list(range(n_frames))


@pytest.mark.parametrize("make", [int, np.int64, np.uint8, np.int16, np.array])
def test_counts_may_be_whole_numbers_of_any_kind(make):
    assert chosen(make(20), make(4), "uniform") == chosen(20, 4, "uniform")
    assert len(clip_indices(make(20), n=make(2), clips=make(3), policy="uniform")) == 3


@pytest.mark.parametrize("bad", [2.0, "2", None, np.array([2]), np.float64(2)])
def test_counts_that_are_none_are_named(bad):
    with pytest.raises(ArgumentError, match=r"^n_frames: expected an integer, got"):
        frame_indices(bad, n=1, policy="uniform")
    with pytest.raises(ArgumentError, match=r"^n: expected an integer, got"):
        frame_indices(5, n=bad, policy="uniform")
    with pytest.raises(ArgumentError, match=r"^clips: expected an integer, got"):
        clip_indices(5, n=1, clips=bad, policy="uniform")


@pytest.mark.parametrize("fps", [-1e-9, float("inf"), float("nan"), -25])
def test_a_rate_is_finite_and_not_negative(fps):
    with pytest.raises(ArgumentError, match=r"^fps: expected a finite number of at least 0, got"):
        chosen(100, 3, "stride", fps=fps)


@pytest.mark.parametrize("policy", ["Uniform", "", None, 3])
def test_an_unknown_policy_is_refused_even_for_an_empty_video(policy):
    for n_frames in (0, 10):
        with pytest.raises(ArgumentError, match=r"policy: expected one of uniform, stride, .*, all, got"):
            frame_indices(n_frames, n=2, policy=policy)


def test_spans_of_clips_cover_the_video_and_differ_by_a_frame():
    for n_frames, clips in itertools.product(range(1, 23), range(1, 9)):
        spans = clip_indices(n_frames, n=1, clips=clips, policy="all")
        assert np.concatenate(spans).tolist() == list(range(n_frames))
        sizes = {len(span) for span in spans}
        assert len(spans) == min(clips, n_frames)
        assert max(sizes) - min(sizes) <= 1


def test_a_clip_sees_the_keyframes_of_its_own_span():
    keys = np.array([2, 5, 11, 12, 19])
    ours = clip_indices(20, n=2, clips=2, policy="keyframes", keyframes=keys)
    assert [clip.tolist() for clip in ours] == [[2, 5], [11, 19]]
    edge = clip_indices(20, n=1, clips=2, policy="keyframes", keyframes=np.array([10]))
    assert [clip.tolist() for clip in edge] == [[5], [10]]
    with pytest.raises(ArgumentError, match=r"keyframes: expected indices in \[0, 20\), got 2 to 20"):
        clip_indices(20, n=2, clips=2, policy="keyframes", keyframes=np.array([2, 20]))


def test_clips_go_on_with_the_generator_that_they_are_given():
    seeded = clip_indices(1000, n=3, clips=4, policy="random", rng=5)
    generator = np.random.default_rng(5)
    by_hand = [250 * k + frame_indices(250, n=3, policy="random", rng=generator) for k in range(4)]
    np.testing.assert_array_equal(seeded, by_hand)
