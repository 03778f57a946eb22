"""Writing videos: the same bytes, complete or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from specaug.errors import ArgumentError
from specaug.media.write import write_video


def ramp(n: int, height: int = 48, width: int = 64) -> Iterator[np.ndarray]:
    for i in range(n):
        row = np.linspace(0, 200, width) + 5 * i
        yield np.broadcast_to(row[None, :, None], (height, width, 3)).astype(np.uint8)


def test_frames_come_back_nearly_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert write_video(path, ramp(10), fps=25, crf=4) == 10
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 25)
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(frames) == 10
    for got, wanted in zip(frames, ramp(10), strict=True):
        # Grey levels pass through limited-range YUV, whose steps are 255 / 219 wide.
        assert np.abs(got.astype(int) - wanted).mean() < 2


_WRITE_NOISY_CLIPS = """
import hashlib, pathlib, sys
import cv2, numpy as np
from specaug.media.write import write_video
for width, height in ((96, 72), (160, 128), (160, 120)):
    for clip in range(3):
        rng = np.random.default_rng(clip)
        field = cv2.GaussianBlur(rng.standard_normal((height + 32, width + 40)), (0, 0), 2)
        moved = (field[2 * i : 2 * i + height, i : i + width] * 250 + 120 for i in range(6))
        grey = (np.clip(m + rng.normal(0, 3, m.shape), 0, 255).astype(np.uint8) for m in moved)
        write_video(sys.argv[1], (np.repeat(g[..., None], 3, axis=2) for g in grey))
        print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest())
"""


def test_the_same_frames_give_the_same_bytes_whatever_the_heap_holds(tmp_path: Path) -> None:
    """glibc fills memory with a byte of our choice, so an encoder that reads what it never wrote shows itself."""
    printed = []
    for fill in ("1", "77", "200"):
        command = [sys.executable, "-c", _WRITE_NOISY_CLIPS, str(tmp_path / "a.mp4")]
        environment = os.environ | {"MALLOC_PERTURB_": fill, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        printed.append(done.stdout.split())
    assert len(printed[0]) == 9
    assert printed[0] == printed[1] == printed[2]


def test_a_higher_rate_factor_makes_a_smaller_file(tmp_path: Path, rng: np.random.Generator) -> None:
    frames = rng.integers(0, 255, (4, 48, 64, 3), dtype=np.uint8)
    for crf in (10, 40):
        write_video(tmp_path / f"{crf}.mp4", frames, crf=crf)
    assert (tmp_path / "40.mp4").stat().st_size < 0.5 * (tmp_path / "10.mp4").stat().st_size


def test_a_failure_leaves_no_file_and_keeps_an_old_one(tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield from ramp(3)
        raise RuntimeError("camera unplugged")

    old = tmp_path / "old.mp4"
    old.write_bytes(b"before")
    for name in ("new.mp4", "old.mp4"):
        with pytest.raises(RuntimeError, match="unplugged"):
            write_video(tmp_path / name, broken())
    assert [p.name for p in tmp_path.iterdir()] == ["old.mp4"]
    assert old.read_bytes() == b"before"


def test_nothing_has_the_final_name_before_the_last_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    def watched() -> Iterator[np.ndarray]:
        for frame in ramp(3):
            assert not path.exists()
            yield frame

    write_video(path, watched())
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "at least one frame"),
        ([np.zeros((48, 64, 3), np.float32)], "uint8"),
        ([np.zeros((48, 64), np.uint8)], r"\(H, W, 3\)"),
        ([np.zeros((47, 64, 3), np.uint8)], "even height and width, got 47 x 64"),
        ([np.zeros((48, 64, 3), np.uint8), np.zeros((48, 66, 3), np.uint8)], r"one size, got uint8 \(48, 66"),
    ],
)
def test_frames_that_do_not_fit_are_refused(tmp_path: Path, frames: list[np.ndarray], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        write_video(tmp_path / "a.mp4", frames)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("setting", [{"fps": 0}, {"crf": 52}])
def test_settings_out_of_range_are_named(tmp_path: Path, setting: dict) -> None:
    with pytest.raises(ArgumentError, match=next(iter(setting))):
        write_video(tmp_path / "a.mp4", ramp(2), **setting)
