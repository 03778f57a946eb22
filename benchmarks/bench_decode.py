"""Eight frames of a 1080p video: specaug.media against OpenCV's grab and retrieve, one thread each.

    python benchmarks/bench_decode.py [--repeats 7] > decode.json

Methodology: the video is made once (moving textures, H.264, B-frames, one group of pictures of 250 and, in a second
run, groups of one second); each way is warmed up once, then timed in turn, so that a change in the machine's speed
meets both. ``ratio`` is the median of the ratios of the pairs. Specaug's time holds probing, sampling and decoding.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1")

import av
import cv2
import numpy as np

import specaug
from specaug.media import probe, read_frames
from specaug.sampling import frame_indices

WIDTH, HEIGHT, FRAMES, FPS, WANTED = 1920, 1080, 150, 30, 8


def make_video(path: Path, *, group: int, seed: int = 0) -> None:
    """Two textures that move against each other, under the noise of a sensor."""
    rng = np.random.default_rng(seed)
    back = cv2.GaussianBlur(rng.integers(0, 256, (HEIGHT + 400, WIDTH + 800, 3), dtype=np.uint8), (0, 0), 3)
    back = cv2.normalize(back, None, 0, 255, cv2.NORM_MINMAX)
    front = cv2.resize(back, None, fx=0.4, fy=0.4)
    noise = rng.normal(0, 2.5, (7, HEIGHT, WIDTH, 1)).astype(np.float32).repeat(3, axis=3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "medium", "crf": "23", "bf": "3", "g": str(group), "threads": "1"}
        for t in range(FRAMES):
            picture = back[2 * t : 2 * t + HEIGHT, 4 * t : 4 * t + WIDTH].copy()
            y, x = 200 + int(100 * np.sin(t / 10)), 300 + 5 * t
            picture[y : y + 500, x : x + 600] = front[:500, :600]
            cv2.add(picture, noise[t % len(noise)], dst=picture, dtype=cv2.CV_8U)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
        container.mux(stream.encode())


def by_specaug(path: Path) -> list[np.ndarray]:
    """Probe, choose, decode."""
    info = probe(path, "video")
    indices = frame_indices(info.n_frames, n=WANTED, policy="uniform")
    return [frame.image for frame in read_frames(path, info, indices)]


def by_opencv(path: Path) -> list[np.ndarray]:
    """Grab up to the last wanted frame, retrieve the wanted ones."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(frame_indices(count, n=WANTED, policy="uniform").tolist())
    images = []
    for index in range(max(wanted) + 1):
        capture.grab()
        if index in wanted:
            images.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
    capture.release()
    return images


def by_full_decode(path: Path) -> list[np.ndarray]:
    """Every frame by PyAV, for comparison of the pixels."""
    wanted = set(frame_indices(FRAMES, n=WANTED, policy="uniform").tolist())
    with av.open(str(path)) as container:
        frames = enumerate(container.decode(video=0))
        return [frame.to_ndarray(format="rgb24") for i, frame in frames if i in wanted]


def seconds(call: Callable[[Path], Any], path: Path) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call(path)
    return time.perf_counter() - start


def run(path: Path, *, repeats: int) -> dict[str, Any]:
    """Time both, in turn."""
    mine, theirs, truth = by_specaug(path), by_opencv(path), by_full_decode(path)
    pairs = [(seconds(by_specaug, path), seconds(by_opencv, path)) for _ in range(repeats)]
    ratios = sorted(a / b for a, b in pairs)
    return {
        "specaug_seconds": statistics.median(a for a, _ in pairs),
        "opencv_seconds": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(ratios),
        "ratio_range": [ratios[0], ratios[-1]],
        "identical_to_full_decode": all(map(np.array_equal, mine, truth)) and len(mine) == WANTED,
        "mean_difference_to_opencv": float(
            np.mean([np.abs(a.astype(int) - b.astype(int)).mean() for a, b in zip(mine, theirs, strict=True)])
        ),
        "megabytes": path.stat().st_size / 1e6,
    }


def environment() -> dict[str, Any]:
    """What the figures depend on."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {
            "specaug": specaug.__version__,
            "av": av.__version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
        },
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, group in (("one_group", 250), ("groups_of_a_second", FPS)):
            path = Path(folder) / f"{name}.mp4"
            make_video(path, group=group)
            results[name] = run(path, repeats=options.repeats)
    video = {"size": [WIDTH, HEIGHT], "frames": FRAMES, "fps": FPS, "codec": "h264", "wanted": WANTED}
    report = {"benchmark": "decode", "repeats": options.repeats, "video": video, "results": results}
    json.dump(report | environment(), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
