"""What the two arguments of a comparison stand for: arrays, media files, clips of OUT, or groups of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from specaug.arrays import check_image
from specaug.differences.clip_measures import ClipToCompare, LoadedClip
from specaug.differences.media_clip import clip_of_media
from specaug.differences.out_clips import (
    Conditions,
    Where,
    clip_by_id,
    clips_where,
    described,
    is_out,
    looks_like_clip_id,
    parse_where,
)
from specaug.differences.side_measures import SideMeasures, measure_side
from specaug.errors import ArgumentError
from specaug.faces import FaceDetector
from specaug.records import BuildConfig, Label
from specaug.storage import is_remote

MOST_CLIPS = 200
"""Clips of a group that are measured, unless it is said otherwise."""
_OF_ATTACKS = ("label", "pai")
"""Columns that tell attacks apart: one set of conditions for both sides does not ask them of bona fide clips."""


@dataclass(frozen=True, eq=False)
class SideSettings:
    """What holds for both sides."""

    out: Path | str | None = None
    config: BuildConfig = field(default_factory=BuildConfig)
    detector: FaceDetector | None = None
    fps: float | None = None
    most: int = MOST_CLIPS
    names: Mapping[str, str] = field(default_factory=dict)
    """Label to what a media file is called; by default its name."""
    two_outs: bool = False
    """Whether the sides are of two OUTs, whose subjects are different people."""


def measured_side(
    thing: Any, label: Label, conditions: Conditions | None, settings: SideSettings
) -> SideMeasures:
    """Find and measure one side.

    Parameters
    ----------
    thing : (T, H, W, 3) or (H, W, 3) array, path or str
    label : {"bonafide", "attack"}
        Of a group whose conditions name none.
    conditions : mapping or None
        None for no group.
    settings : SideSettings
    """
    if not isinstance(thing, str | Path):
        return measure_side(label, [_of_array(thing, label, settings.fps)])
    out, clip_id = _address(thing, label, settings.out)
    if out is None:
        clip = clip_of_media(Path(thing), label, settings.config, detector=settings.detector)
        return measure_side(settings.names.get(label, clip.name), [clip])
    within = f"{out}/" if settings.two_outs else ""
    if clip_id is not None:
        return measure_side(clip_id, [clip_by_id(out, clip_id, within=within)])
    wanted = _completed(conditions or {}, label)
    clips, total = clips_where(out, wanted, most=settings.most, within=within)
    return measure_side(described({k: v for k, v in wanted.items() if k != "origin"}), clips, total=total)


def told_apart(bonafide: Any, attack: Any) -> dict[str, str]:
    """Names of two files: as many of their last folders as tell them apart.

    Examples
    --------
    >>> told_apart("raw/live/a/1.mp4", "raw/fake/a/1.mp4")
    {'bonafide': 'live/a/1.mp4', 'attack': 'fake/a/1.mp4'}
    """
    if not (isinstance(bonafide, str | Path) and isinstance(attack, str | Path)):
        return {}
    first, second = Path(bonafide).parts, Path(attack).parts
    parts = 1
    while parts < max(len(first), len(second)) and first[-parts:] == second[-parts:]:
        parts += 1
    return {"bonafide": "/".join(first[-parts:]), "attack": "/".join(second[-parts:])}


def of_two_outs(bonafide: Any, attack: Any, out: Path | str | None) -> bool:
    """Whether both sides are clips of built data sets, and of two of them."""
    places: set[str] = set()
    for thing, label in ((bonafide, "bonafide"), (attack, "attack")):
        place = _address(thing, label, out)[0] if isinstance(thing, str | Path) else None  # type: ignore[arg-type]
        if place is not None:
            places.add(str(place) if is_remote(str(place)) else str(Path(place).resolve()))
    return len(places) > 1


def check_sides(
    bonafide: Any,
    attack: Any,
    conditions: tuple[Conditions | None, Conditions | None],
    settings: SideSettings,
) -> None:
    """Refuse what would compare something with itself, or conditions of what is no group, before any work.

    Raises
    ------
    ArgumentError
    """
    for thing, label, asked in zip((bonafide, attack), ("bonafide", "attack"), conditions, strict=True):
        is_group = isinstance(thing, str | Path) and _is_group(thing, label, settings.out)  # type: ignore[arg-type]
        if asked is not None and not is_group:
            raise ArgumentError(
                f"where: expected groups of clips of a built data set, got {label} {_shown(thing)}"
            )
        if bonafide is attack and not is_group:
            raise ArgumentError("attack: expected something to compare with; only OUT holds both sides")


def _is_group(thing: Path | str, label: Label, out: Path | str | None) -> bool:
    place, clip_id = _address(thing, label, out)
    return place is not None and clip_id is None


def _shown(thing: Any) -> str:
    return repr(str(thing)) if isinstance(thing, str | Path) else "frames"


def _completed(conditions: Conditions, label: Label) -> dict[str, Sequence[str]]:
    """Conditions with the label of the side, and captured clips, where nothing else is asked for."""
    named = {"label": (label,)} if not {"label", "clip_id"} & conditions.keys() else {}
    captured = {} if {"origin", "clip_id"} & conditions.keys() else {"origin": ("captured",)}
    return {**named, **conditions, **captured}


def split_conditions(where: Where | Sequence[Where] | None) -> tuple[Conditions | None, Conditions | None]:
    """Conditions of bona fide clips and of attacks.

    One set is for both, but that `label` and `pai` are asked of attacks only; two are one for each side.
    """
    if where is None or not where:
        return None, None
    sets = [parse_where(w) for w in ([where] if isinstance(where, str) or hasattr(where, "items") else where)]  # type: ignore[arg-type]
    if len(sets) == 1:
        shared = {name: values for name, values in sets[0].items() if name not in _OF_ATTACKS}
        return shared, sets[0]
    if len(sets) == 2:
        return sets[0], sets[1]
    raise ArgumentError(f"where: expected one set of conditions for both sides, or two, got {len(sets)}")


def _address(thing: Path | str, label: Label, out: Path | str | None) -> tuple[Path | str | None, str | None]:
    """(OUT, clip id) that an argument stands for: (None, None) for a media file, no id for a group."""
    if isinstance(thing, str) and is_remote(thing):
        head, _, last = thing.rstrip("/").rpartition("/")
        return (head, last) if looks_like_clip_id(last) else (thing, None)
    path = Path(thing)
    if is_out(path):
        return path, None
    if path.exists():
        return None, None
    if is_out(path.parent) and path.parent != path:
        return path.parent, path.name
    if out is not None:
        return out, str(thing)
    raise ArgumentError(
        f"{label}: expected a photo, a video, a folder of clips that build-dataset made (OUT), or one of its clips "
        f"(OUT/CLIP_ID), got {str(thing)!r}, which does not exist"
    )


def _of_array(array: Any, name: str, fps: float | None) -> ClipToCompare:
    check_image(name, array, channels=3)
    frames = np.asarray(array)
    frames = frames[None] if frames.ndim == 3 else frames
    if frames.ndim != 4 or not len(frames) or min(frames.shape[1:3]) < _SMALLEST:
        raise ArgumentError(
            f"{name}: expected frames of shape (T, H, W, 3) of at least {_SMALLEST} px, got {frames.shape}"
        )
    clip = LoadedClip(frames, frames if fps and len(frames) > 1 else None, fps)
    return ClipToCompare(name, name, lambda: clip)


_SMALLEST = 32
"""Smaller crops have no frequency in the band ``low`` but the mean."""
