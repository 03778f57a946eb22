"""Small media, a detector that always sees a face in their middle, and looks into what was built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from specaug.align import template
from specaug.extract import extract
from specaug.faces import FaceDetector
from specaug.media.write import write_video
from specaug.planes import PlaneImage, as_plane_image
from specaug.records import BuildConfig, Clip, Face, Failure, Source
from specaug.shards import sha256
from specaug.stage_timer import Stopwatch

SMALL = BuildConfig(frames=4, size=64, min_face=20, jobs=1)
WIDTH, HEIGHT, FRAMES = 160, 120, 12


class MiddleFace:
    """Sees one face, upright, in the middle of every picture that is not black."""

    name, version = "middle", "1"

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        planes = as_plane_image(image)
        if planes.rgb().max() < 40:
            return []
        center = np.array([planes.width / 2, planes.height / 2])
        points = (template(80, 1.0) - 40 + center).astype(np.float32)
        box = np.concatenate([center - 40, center + 40]).astype(np.float32)
        return [Face(box, points, 0.9)]

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return face


def scene(number: int, t: int) -> np.ndarray:
    """A smooth picture that differs by number and moves with t."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = [
        np.sin((x + 2 * t) / (9 + c + number % 5) + number) + np.cos(y / (7 + c) + number) for c in range(3)
    ]
    return np.clip(128 + 50 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


def add_video(path: Path, number: int, *, black: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (scene(number, t) * (0 if black else 1) for t in range(FRAMES))
    write_video(path, frames, fps=24)


WorkOn = Callable[[Source, BuildConfig, Path, Stopwatch | None], tuple[Clip | Failure, ...]]


def in_process_with(detector: FaceDetector) -> WorkOn:
    """Work in this process, with `detector`, in place of the supervised child."""
    return lambda source, config, raw, watch: extract(source, config, raw=raw, detector=detector, watch=watch)


in_process = in_process_with(MiddleFace())


def everything(out: Path) -> dict[str, bytes]:
    """Content of every file in OUT that is there to stay; of receipts without what was measured."""
    files = {p.relative_to(out).as_posix(): p for p in sorted(out.rglob("*")) if p.is_file()}
    locks = (".specaug/lock", ".specaug/workers")
    found = {name: path.read_bytes() for name, path in files.items() if not name.startswith(locks)}
    for name in found:
        if name.startswith(".specaug/done/"):
            found[name] = json.dumps({**json.loads(found[name]), "seconds": [], "stamps": []}).encode()
    return found


def hashes(out: Path) -> dict[str, str]:
    """Digest of every file that is data, by name."""
    folders = ("data", "failures")
    files = [path for folder in folders for path in sorted((out / folder).rglob("*.parquet"))]
    return {path.relative_to(out).as_posix(): sha256(path) for path in files}


def rows_of(out: Path) -> list[dict]:
    return [
        row for path in sorted((out / "data").rglob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def failures(out: Path) -> dict[str, tuple[str, str]]:
    tables = [pq.read_table(path).to_pylist() for path in sorted((out / "failures").glob("*.parquet"))]
    return {row["source_path"]: (row["stage"], row["reason"]) for table in tables for row in table}
