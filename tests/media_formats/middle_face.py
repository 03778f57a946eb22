"""A detector that sees one face in the middle of every picture, and what a source gives with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from specaug.align import template
from specaug.extract import extract
from specaug.planes import PlaneImage, as_plane_image
from specaug.records import BuildConfig, Clip, Face, Failure, MediaKind, Source
from specaug.shards.schema import clip_schema, clip_table

CONFIG = BuildConfig(frames=2, size=48, min_face=20, jobs=1, image_format="raw")


class MiddleFace:
    """Sees an upright face of 44 px, with points where a crop of CONFIG wants them at about scale 1."""

    name, version = "middle", "1"

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        planes = as_plane_image(image)
        center = np.array([planes.width / 2, planes.height / 2])
        points = (template(44, 1.0) - 22 + center).astype(np.float32)
        box = np.concatenate([center - 22, center + 22]).astype(np.float32)
        return [Face(box, points, 0.9)]

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return face


def outcome(path: Path, kind: MediaKind, config: BuildConfig = CONFIG) -> Clip | Failure:
    """The one clip or failure of a file."""
    source = Source(path.name, "bonafide", kind=kind, source_id="0" * 32)
    (result,) = extract(source, config, raw=path.parent, detector=MiddleFace())
    return result


def row_of(path: Path, kind: MediaKind, config: BuildConfig = CONFIG) -> dict[str, Any]:
    """The row of a file's clip, with its colours as a mapping."""
    clip = outcome(path, kind, config)
    assert isinstance(clip, Clip), clip
    (row,) = clip_table([clip], clip_schema(image_format=config.image_format, size=config.size)).to_pylist()
    return row | {"color": json.loads(row["color"])}


def failure_of(path: Path, kind: MediaKind, config: BuildConfig = CONFIG) -> Failure:
    """The failure of a file."""
    failure = outcome(path, kind, config)
    assert isinstance(failure, Failure), failure
    return failure
