"""Frames that give way to keyframes nearby: how far they move, and that none is taken twice."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specaug.align import TEMPLATE
from specaug.errors import ArgumentError
from specaug.extract import extract
from specaug.records import BuildConfig, Clip, Face, Source
from specaug.sampling import POLICIES, clip_indices, frame_indices, snapped


def moved(indices: list[int], entries: list[int], n_frames: int = 1000) -> list[int]:
    return snapped(np.array(indices), np.array(entries, dtype=np.int64), n_frames=n_frames).tolist()


def test_a_frame_moves_by_less_than_half_of_the_step():
    assert moved([100, 120, 140], [111, 129]) == [100, 111, 140]
    assert moved([100, 120, 140], [110, 130]) == [100, 120, 140]
    assert moved([100, 121, 142], [110]) == [110, 121, 142]
    assert moved([100, 121, 142], [111]) == [100, 111, 142]


def test_the_nearest_keyframe_is_taken_and_of_two_the_earlier():
    assert moved([50, 150, 250], [140, 145, 156]) == [50, 145, 250]
    assert moved([50, 150, 250], [145, 155]) == [50, 145, 250]


def test_the_shorter_step_counts_on_both_sides():
    assert moved([100, 110, 200], [114, 115, 150]) == [100, 114, 200]
    assert moved([100, 110, 200], [115, 156]) == [100, 110, 156]
    assert moved([100, 200, 210], [60, 155]) == [60, 200, 210]


def test_the_step_of_a_single_frame_is_the_video():
    assert moved([50], [0], n_frames=101) == [0]
    assert moved([50], [0], n_frames=100) == [50]


def test_without_keyframes_and_without_frames_nothing_moves():
    assert moved([3, 9], []) == [3, 9]
    assert moved([], [3]) == []
    assert moved([4, 5, 6], [3, 7]) == [4, 5, 6]


def test_keyframes_that_are_no_frames_are_refused():
    with pytest.raises(ArgumentError, match=r"keyframes: expected indices in \[0, 10\), got 3 to 10"):
        moved([1], [3, 10], n_frames=10)


@given(
    n_frames=st.integers(1, 120),
    n=st.integers(1, 12),
    clips=st.integers(1, 4),
    policy=st.sampled_from(POLICIES),
    seed=st.integers(0, 2**32),
    keys=st.sets(st.integers(0, 119)),
)
def test_every_frame_is_distinct_near_and_nearest(n_frames, n, clips, policy, seed, keys):
    entries = [key for key in sorted(keys) if key < n_frames]
    spans = clip_indices(n_frames, n=n, clips=clips, policy=policy, rng=seed)
    chosen = np.concatenate(spans).tolist()
    for before, after in zip(chosen, moved(chosen, entries, n_frames), strict=True):
        others = [abs(before - other) for other in chosen if other != before]
        near = [key for key in entries if 2 * abs(key - before) < min(others, default=n_frames)]
        assert after == min(near, key=lambda key: (abs(key - before), key), default=before)
    result = moved(chosen, entries, n_frames)
    assert result == sorted(set(result))


class Everywhere:
    """A detector that finds one face in each image."""

    name, version = "everywhere", "0"

    def __call__(self, image: object) -> list[Face]:
        points = (8 + TEMPLATE * 0.4).astype(np.float32)
        return [Face(np.array([8, 8, 56, 56], np.float32), points, 0.9)]

    def refine(self, image: object, face: Face) -> Face:
        return face


def film(path: Path, n_frames: int, x264: str, **options: str) -> Path:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": x264, **options})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for t in range(n_frames):
            frame = av.VideoFrame.from_ndarray(image ^ np.uint8(t % 2), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def taken(path: Path, **settings: object) -> list[list[int]]:
    config = BuildConfig(size=16, min_face=8, **settings)
    source = Source(path.name, "bonafide", source_id="0" * 32)
    made = extract(source, config, raw=path.parent, detector=Everywhere())
    assert all(isinstance(clip, Clip) for clip in made), made
    return [clip.frame_index.tolist() for clip in made]


GROUPS = "keyint=20:min-keyint=20:scenecut=0"


def test_a_build_takes_keyframes_within_half_of_the_step(tmp_path):
    path = film(tmp_path / "a.mp4", 120, GROUPS)
    assert taken(path, frames=3, snap="none") == [[20, 60, 99]]
    assert taken(path, frames=3, snap="keyframe") == [[20, 60, 100]]
    assert taken(path, frames=10, snap="keyframe") == [[6, 20, 30, 40, 54, 60, 80, 89, 100, 113]]


def test_clips_of_one_video_share_no_frame(tmp_path):
    path = film(tmp_path / "a.mp4", 120, GROUPS)
    clips = taken(path, frames=2, clips=3, snap="keyframe")
    assert clips == [[10, 20], [50, 60], [90, 100]]


def test_keyframes_that_decoding_cannot_begin_with_are_not_taken(tmp_path):
    """Decoders of H.264 need the first keyframe of a stream with open groups."""
    path = film(tmp_path / "a.mkv", 120, GROUPS + ":open-gop=1:bframes=3")
    assert taken(path, frames=3, snap="keyframe") == taken(path, frames=3)


def test_frames_that_are_counted_stay(tmp_path):
    path = film(tmp_path / "a.ts", 120, GROUPS + ":tff=1")
    assert taken(path, frames=3, snap="keyframe") == taken(path, frames=3)


def test_frame_indices_alone_know_nothing_of_it():
    assert frame_indices(120, n=3, policy="uniform", keyframes=np.array([0])).tolist() == [20, 60, 99]
