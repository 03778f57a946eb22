"""Which frames of a video to take: index arithmetic, nothing else."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from specaug.arrays import check_number
from specaug.checked_fields import quoted
from specaug.errors import ArgumentError
from specaug.records import Sampling

_MOST_FRAMES = 2**31
POLICIES: tuple[Sampling, ...] = get_args(Sampling)


def frame_indices(
    n_frames: int,
    *,
    n: int,
    policy: Sampling,
    rng: np.random.Generator | int | None = None,
    fps: float | None = None,
    keyframes: np.ndarray | None = None,
) -> np.ndarray:
    """Choose frames of a video, by their position in presentation order.

    Parameters
    ----------
    n_frames : int
        Frames of the video.
    n : int
        Frames asked for. Each policy but ``all`` gives ``min(n, n_frames)`` distinct ones.
    policy : {"uniform", "stride", "consecutive", "random", "keyframes", "all"}
        * ``uniform``: the middle frame of each of `n` equal segments; mirrored in time, but for the middle
          one of an even number of frames.
        * ``stride``: from the first frame on with a constant step: one second where `fps` is known, shorter
          where the video is too short for that, and as wide as fits where `fps` is unknown.
        * ``consecutive``: neighbours in the middle of the video, or from a random start if `rng` is given.
        * ``random``: without replacement, each frame equally likely.
        * ``keyframes``: spread over `keyframes` as ``uniform`` is over frames; where there are too few of
          them, all of them and the rest spread over the other frames.
        * ``all``: every frame, whatever `n` says.
    rng : numpy.random.Generator, int or None
        Source of randomness for ``random`` and ``consecutive``.
    fps : float or None
        Frames per second, for ``stride``; None or 0 where unknown.
    keyframes : (K,) int array or None
        Presentation indices of the keyframes, for ``keyframes``; where none are known, frames are spread as by
        ``uniform``.

    Returns
    -------
    (m,) int64 array
        Ascending, distinct, in ``[0, n_frames)``; empty exactly where `n_frames` is 0.

    Raises
    ------
    ArgumentError
        For an unknown policy, a negative number, or `keyframes` that are no frames of the video.

    Examples
    --------
    >>> frame_indices(100, n=4, policy="uniform")
    array([12, 37, 62, 87])
    >>> frame_indices(100, n=4, policy="stride", fps=30)
    array([ 0, 25, 50, 75])
    >>> frame_indices(3, n=8, policy="random", rng=0)
    array([0, 1, 2])
    """
    n_frames = _frame_count(n_frames)
    count = min(_integer("n", n, low=1), n_frames)
    if policy not in POLICIES:
        raise ArgumentError(f"policy: expected one of {', '.join(POLICIES)}, got {policy!r}")
    if keyframes is not None and policy == "keyframes":
        _keyframes(n_frames, keyframes)
    if policy == "all" or count == n_frames:
        return np.arange(n_frames, dtype=np.int64)
    chosen = _CHOOSERS[policy](n_frames, count, rng=rng, fps=_rate(fps), keyframes=keyframes)
    return np.asarray(chosen, dtype=np.int64)


def clip_indices(
    n_frames: int,
    *,
    n: int,
    clips: int,
    policy: Sampling,
    rng: np.random.Generator | int | None = None,
    fps: float | None = None,
    keyframes: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Choose the frames of several clips of a video, one clip in each of `clips` equal spans of time.

    Spans differ by at most one frame. A video with fewer frames than `clips` gives one clip a frame.

    Parameters
    ----------
    n_frames, n, policy, rng, fps, keyframes
        As in :func:`frame_indices`, which is called once for each span.
    clips : int
        Clips asked for.

    Returns
    -------
    list of (m,) int64 array
        ``min(clips, n_frames)`` arrays, in order of time, with no frame in two of them.

    Raises
    ------
    ArgumentError
        As :func:`frame_indices` does, and for `clips` below 1.

    Examples
    --------
    >>> clip_indices(100, n=2, clips=2, policy="uniform")
    [array([12, 37]), array([62, 87])]
    """
    n_frames = _frame_count(n_frames)
    spans = min(_integer("clips", clips, low=1), max(n_frames, 1))
    edges = np.arange(spans + 1, dtype=np.int64) * n_frames // spans
    generator = None if rng is None else np.random.default_rng(rng)
    keys = None if keyframes is None else _keyframes(n_frames, keyframes)
    chosen = []
    for start, stop in itertools.pairwise(edges):
        inside = None if keys is None else keys[(keys >= start) & (keys < stop)] - start
        span = int(stop - start)
        taken = frame_indices(span, n=n, policy=policy, rng=generator, fps=fps, keyframes=inside)
        chosen.append(start + taken)
    return chosen if n_frames else []


def snapped(indices: np.ndarray, entries: np.ndarray, *, n_frames: int) -> np.ndarray:
    """Move chosen frames to keyframes nearby, which are decoded without the frames before them.

    A frame goes to the nearest of `entries`, the earlier of two, if that is less than half as far away as the nearest
    other chosen frame; else it stays. Frames that are spread evenly therefore move by less than half of their step,
    and neighbors do not move at all.

    Parameters
    ----------
    indices : (m,) int array
        Chosen frames of the whole video, ascending, distinct.
    entries : (k,) int array
        Frames that need no other one to be decoded.
    n_frames : int
        Frames of the video: what stands in for the distance to another frame where only one is chosen.

    Returns
    -------
    (m,) int64 array
        Ascending and distinct.

    Raises
    ------
    ArgumentError
        For `entries` that are no frames of the video.

    Examples
    --------
    >>> snapped(np.array([12, 37, 62, 87]), np.array([0, 25, 50]), n_frames=100)
    array([ 0, 25, 50, 87])
    """
    n_frames = _frame_count(n_frames)
    indices, keys = np.asarray(indices, dtype=np.int64), _keyframes(n_frames, entries)
    if not keys.size or not indices.size:
        return indices
    steps = np.diff(indices, prepend=indices[0] - n_frames, append=indices[-1] + n_frames)
    after = np.searchsorted(keys, indices)
    left, right = keys[np.maximum(after - 1, 0)], keys[np.minimum(after, keys.size - 1)]
    nearest = np.where(np.abs(indices - left) <= np.abs(right - indices), left, right)
    is_near = 2 * np.abs(nearest - indices) < np.minimum(steps[:-1], steps[1:])
    return np.where(is_near, nearest, indices)


def _uniform(n_frames: int, count: int, **_: Any) -> np.ndarray:
    """Frames that hold the centres of `count` equal segments; ties go towards the middle."""
    left = (2 * np.arange(count // 2, dtype=np.int64) + 1) * n_frames // (2 * count)
    middle = [n_frames // 2] if count % 2 else []
    return np.concatenate([left, np.array(middle, dtype=np.int64), n_frames - 1 - left[::-1]])


def _stride(n_frames: int, count: int, *, fps: float, **_: Any) -> np.ndarray:
    """The widest step that fits, but no wider than a second."""
    widest = n_frames // count
    step = min(widest, max(1, round(fps))) if fps else widest
    return np.arange(count, dtype=np.int64) * step


def _consecutive(n_frames: int, count: int, *, rng: np.random.Generator | int | None, **_: Any) -> np.ndarray:
    """Neighbours around the middle, or from a start that `rng` draws."""
    slack = n_frames - count
    start = slack // 2 if rng is None else int(np.random.default_rng(rng).integers(0, slack, endpoint=True))
    return np.arange(start, start + count, dtype=np.int64)


def _random(n_frames: int, count: int, *, rng: np.random.Generator | int | None, **_: Any) -> np.ndarray:
    """`count` of the frames, without replacement."""
    return np.sort(np.random.default_rng(rng).choice(n_frames, size=count, replace=False))


def _spread_keyframes(n_frames: int, count: int, *, keyframes: np.ndarray | None, **_: Any) -> np.ndarray:
    """Keyframes first; other frames only where there are too few."""
    keys = np.zeros(0, dtype=np.int64) if keyframes is None else _keyframes(n_frames, keyframes)
    if len(keys) >= count:
        return np.take(keys, _uniform(len(keys), count))
    others = np.setdiff1d(np.arange(n_frames, dtype=np.int64), keys)
    return np.sort(np.concatenate([keys, others[_uniform(len(others), count - len(keys))]]))


_CHOOSERS: dict[str, Callable[..., np.ndarray]] = {
    "uniform": _uniform,
    "stride": _stride,
    "consecutive": _consecutive,
    "random": _random,
    "keyframes": _spread_keyframes,
}


def _integer(name: str, value: int, *, low: int) -> int:
    """`value` as an int that is at least `low`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ArgumentError(f"{name}: expected an integer, got {quoted(value)}") from None
    if isinstance(value, bool):
        raise ArgumentError(f"{name}: expected an integer, got {value!r}")
    if number < low:
        raise ArgumentError(f"{name}: expected an integer of at least {low}, got {quoted(number)}")
    return number


def _frame_count(n_frames: int) -> int:
    """Frames of a video; so few that products of indices stay within 64 bits."""
    number = _integer("n_frames", n_frames, low=0)
    if number > _MOST_FRAMES:
        raise ArgumentError(f"n_frames: expected at most {_MOST_FRAMES}, got {quoted(number)}")
    return number


def _rate(fps: float | None) -> float:
    """Frames per second, 0 where unknown."""
    try:
        return 0.0 if fps is None else check_number("fps", fps, low=0.0)
    except ArgumentError as error:
        raise ArgumentError(f"fps: expected a finite number of at least 0, got {quoted(fps)}") from error


def _keyframes(n_frames: int, keyframes: np.ndarray) -> np.ndarray:
    """Keyframe indices, ascending and distinct."""
    keys = np.asarray(keyframes)
    if keys.ndim != 1 or (keys.size and not np.issubdtype(keys.dtype, np.integer)):
        raise ArgumentError(
            f"keyframes: expected a one-dimensional integer array, got shape {keys.shape}, dtype {keys.dtype}"
        )
    keys = np.unique(keys.astype(np.int64))
    if keys.size and (keys[0] < 0 or keys[-1] >= n_frames):
        raise ArgumentError(f"keyframes: expected indices in [0, {n_frames}), got {keys[0]} to {keys[-1]}")
    return keys
