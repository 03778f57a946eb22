"""One clip, small enough to be part of a page: frames, colour planes, spectra, where it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from specaug.color import LUMA_WEIGHTS, hsv_to_rgb, rgb_to_hsv
from specaug.html_report.sharpness import laplacian_variance
from specaug.spectrum import log_spectrum, temporal_spectrum
from specaug.web_page import data_uri as data_uri

_FRAMES = 8
_SMALL, _LARGE, _LARGEST = 96, 160, 256
"""Sides of a frame, of a plane, and of the frame in the middle, px."""
_PROVENANCE = (
    *("clip_id", "source_path", "dataset", "split", "pai", "subject", "session", "device", "origin"),
    *("parent_id", "recipe", "source_width", "source_height", "fps", "source_frames", "missing_frames"),
)


@dataclass(frozen=True)
class Exhibit:
    """What the page shows of a clip."""

    name: str
    """clip_id."""
    frames: tuple[tuple[str, str], ...]
    """(caption, data URI) of frames, evenly over the clip."""
    planes: tuple[tuple[str, str], ...]
    """(caption, data URI): hue, saturation, value, spectra of the frame in the middle, and over time."""
    facts: tuple[tuple[str, str], ...]
    """(name, value) of what the shard says."""
    image: str = ""
    """Data URI of the frame in the middle, at a size to look at."""
    order: Mapping[str, str | float] = field(default_factory=dict)
    """What clips are filtered and sorted by: split, label, score, scale, sharpness; NaN where it is not known."""


def exhibit(row: dict[str, Any]) -> Exhibit:
    """What to show of a row with its decoded frames.

    Parameters
    ----------
    row : dict
        As :func:`specaug.shards.read_rows` gives it.

    Returns
    -------
    Exhibit
    """
    frames: list[np.ndarray] = row["frames"]
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).round().astype(int))
    shown = tuple((_moment(row, i), data_uri(frames[i], _SMALL)) for i in chosen.tolist())
    planes = _planes(frames, [frames[i] for i in chosen])
    image = data_uri(frames[len(frames) // 2], _LARGEST)
    return Exhibit(row["clip_id"], shown, planes, _facts(row), image, _order(row, frames[len(frames) // 2]))


def _order(row: dict[str, Any], image: np.ndarray) -> dict[str, str | float]:
    known = {
        name: [v for v in row[name] or [] if v is not None and math.isfinite(v)]
        for name in ("score", "scale")
    }
    means = {name: sum(values) / len(values) if values else math.nan for name, values in known.items()}
    label = "bona fide" if not row["label"] else f"attack {row['pai'] or ''}".strip()
    sharpness = laplacian_variance(image.astype(np.float64) @ np.array(LUMA_WEIGHTS))
    return {"split": row["split"] or "", "label": label, **means, "sharpness": sharpness}


def _moment(row: dict[str, Any], i: int) -> str:
    index, seconds = row["frame_index"] or [], row["pts_seconds"] or []
    number = f"frame {index[i]}" if i < len(index) else f"number {i}"
    return f"{number}, {seconds[i]:.2f} s" if i < len(seconds) else number


def _planes(frames: list[np.ndarray], chosen: list[np.ndarray]) -> tuple[tuple[str, str], ...]:
    picture = frames[len(frames) // 2]
    hue, saturation, value = np.moveaxis(rgb_to_hsv(picture), -1, 0)
    full = np.ones_like(hue)
    colours = hsv_to_rgb(np.stack((hue, full, full), axis=-1))
    planes = [
        ("hue", np.rint(colours * 255).astype(np.uint8)),
        ("saturation", _grey(saturation, 1.0)),
        ("value", _grey(value, 1.0)),
        ("log spectrum", _grey(log_spectrum(picture), None)),
    ]
    if len(chosen) > 1:
        change = temporal_spectrum(np.stack(chosen))[1:].max(axis=0)
        planes.append(("change over time", _grey(change, None)))
    return tuple((name, data_uri(plane, _LARGE)) for name, plane in planes)


def _grey(values: np.ndarray, top: float | None) -> np.ndarray:
    """(H, W) values of 0 to `top`, by default their maximum, as a grey picture."""
    top = max(float(values.max()), 1e-6) if top is None else top
    grey = np.rint(np.clip(values / top, 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _facts(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    facts = [("label", "attack" if row["label"] else "bonafide")]
    facts += [(name, str(row[name])) for name in _PROVENANCE if row.get(name) not in (None, "")]
    for name in ("scale", "padding", "score"):
        values = [v for v in row[name] or [] if v is not None and math.isfinite(v)]
        if values:
            facts.append((name, f"{min(values):.3g} to {max(values):.3g}"))
    return tuple(facts)
