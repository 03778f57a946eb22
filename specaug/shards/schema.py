"""The Arrow schema of clips and failures, fixed and versioned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from specaug.errors import SpecaugError
from specaug.records import LABELS, Clip, Failure, ImageFormat, readable_path

SCHEMA_VERSION = 2
"""2: `color`, `pixel_aspect`, `field`, `orientation` and `bytes_digest`; crops are cut from the decoder's planes."""

Row = Mapping[str, Any]
"""One line of a table, by column."""

# Hugging Face `datasets` decodes a column only where its Arrow type equals the declared feature to the
# letter: child order bytes, path; all nullable; int64 for a class label.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

_FEATURES = {
    "frames": {"feature": {"_type": "Image"}, "_type": "Sequence"},
    "label": {"names": list(LABELS), "_type": "ClassLabel"},
}

_TEXT = (
    "clip_id",
    "source_id",
    "parent_id",
    "dataset",
    "split",
    "pai",
    "subject",
    "session",
    "device",
    "origin",
    "recipe",
    "source_path",
)
LABEL_LIKE = ("dataset", "split", "pai", "subject", "session", "device", "origin")
"""Columns with few distinct values: dictionary encoded."""
MEDIA = ("frames", "frames_raw")
"""Columns that hold pictures: stored as they are, without statistics."""

FAILURE_SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("source_id", "source_path", "split", "stage", "reason", "detail")],
        ("attempts", pa.int32()),
        ("frame_index", pa.int32()),
    ],
    metadata={"specaug": json.dumps({"schema_version": SCHEMA_VERSION, "kind": "failures"})},
)


def clip_schema(*, image_format: ImageFormat, size: int) -> pa.Schema:
    """Schema of a shard of clips.

    Parameters
    ----------
    image_format : {"png", "webp", "jpeg", "raw"}
        How frames are stored; ``raw`` replaces the column ``frames`` by ``frames_raw``.
    size : int
        Side of a crop, px.

    Returns
    -------
    pyarrow.Schema
        With the keys ``specaug`` (version, format, shape) and ``huggingface`` (features) in its metadata.
    """
    raw = image_format == "raw"
    floats, rows = pa.list_(pa.float32()), pa.list_(pa.list_(pa.float32()))
    fields = [
        *[(name, pa.string()) for name in _TEXT],
        ("label", pa.int64()),
        ("frames_raw", pa.binary()) if raw else ("frames", pa.list_(IMAGE)),
        ("frame_index", pa.list_(pa.int32())),
        ("pts_seconds", pa.list_(pa.float64())),
        *[(name, floats) for name in ("score", "scale", "padding")],
        *[(name, rows) for name in ("box", "landmarks", "warp")],
        ("source_width", pa.int32()),
        ("source_height", pa.int32()),
        ("fps", pa.float32()),
        ("source_frames", pa.int32()),
        ("missing_frames", pa.int32()),
        ("rotation", pa.int32()),
        ("color", pa.string()),
        ("pixel_aspect", pa.float32()),
        ("field", pa.string()),
        ("orientation", pa.int32()),
        ("bytes_digest", pa.string()),
    ]
    features = {name: feature for name, feature in _FEATURES.items() if not (raw and name == "frames")}
    ours: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "kind": "clips", "image_format": image_format}
    ours["frame_shape"] = [size, size, 3]
    if raw:
        ours["frames_raw"] = {"dtype": "uint8", "shape": ["T", size, size, 3], "order": "C"}
    metadata = {"specaug": json.dumps(ours), "huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(fields, metadata=metadata)


def check_version(name: str, version: object) -> None:
    """Refuse a file of another version of the schema.

    Raises
    ------
    SpecaugError
        It names the file, both versions and what to do.
    """
    if version != SCHEMA_VERSION:
        raise SpecaugError(
            f"{name}: expected schema version {SCHEMA_VERSION}, got {version!r}: build the data set again, "
            "or install the specaug that made it"
        )


def clip_table(clips: Sequence[Clip | Row], schema: pa.Schema) -> pa.Table:
    """Clips, or rows read from another file of that schema, as a table in the order given."""
    rows = [_row(clip, schema) if isinstance(clip, Clip) else dict(clip) for clip in clips]
    return pa.Table.from_pylist(rows, schema=schema)


def failure_table(failures: Sequence[Failure]) -> pa.Table:
    """Failures as rows of :data:`FAILURE_SCHEMA`, in the order given."""
    rows = [{name: getattr(failure, name) for name in FAILURE_SCHEMA.names} for failure in failures]
    for row in rows:
        row["source_path"] = row["source_path"] or None
    return pa.Table.from_pylist(rows, schema=FAILURE_SCHEMA)


def _row(clip: Clip, schema: pa.Schema) -> dict[str, Any]:
    source, info = clip.source, clip.info
    row: dict[str, Any] = {
        "clip_id": clip.clip_id,
        "source_id": source.source_id,
        "parent_id": None,
        "dataset": source.dataset,
        "split": source.split,
        "pai": source.pai,
        "subject": _text(source.subject),
        "session": _text(source.session),
        "device": _text(source.device),
        "origin": "captured",
        "recipe": None,
        "source_path": readable_path(source.path) or None,
        "label": LABELS.index(source.label),
        "frame_index": clip.frame_index,
        "pts_seconds": clip.pts_seconds,
        "score": clip.score,
        "scale": clip.scale,
        "padding": clip.padding,
        "box": list(clip.box),
        "landmarks": _flat(clip.landmarks),
        "warp": _flat(clip.warp),
        "source_width": info.width,
        "source_height": info.height,
        "fps": info.fps,
        "source_frames": info.n_frames,
        "missing_frames": info.missing_frames,
        "rotation": info.rotation,
        "color": info.color.as_json(),
        "pixel_aspect": info.pixel_aspect,
        "field": info.field_used,
        "orientation": info.orientation,
        "bytes_digest": clip.bytes_digest,
    }
    if "frames_raw" in schema.names:
        row["frames_raw"] = b"".join(clip.frames)
    else:
        # A path here would leak identities, and readers open it where bytes is null.
        row["frames"] = [{"bytes": frame, "path": None} for frame in clip.frames]
    return row


def _flat(values: np.ndarray) -> list[np.ndarray]:
    return list(values.reshape(len(values), -1))


def _text(value: str | None) -> str | None:
    """Names from file names may hold bytes that are no Unicode."""
    return None if value is None else readable_path(value)
