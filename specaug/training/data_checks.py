"""Whether a data set has what training needs: dev, both classes, and no gaps to warn of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from specaug.errors import ArgumentError
from specaug.loader import load
from specaug.loader.tensors import TorchClips
from specaug.records import LABELS, Coverage, Notice
from specaug.shards import data_files, stream_columns
from specaug.training.train_config import TrainConfig

_COVERED = ("split", "label", "pai", "dataset", "subject", "source_id")


def check_dev(out: Path) -> None:
    """Refuse a data set without dev clips: nothing could say when to stop, nor which threshold to take."""
    files = data_files(out)
    if files and not any(file.name.startswith("dev-") and file.parent.name == "captured" for file in files):
        raise ArgumentError(
            "dev: expected captured clips in dev, by which training stops and thresholds are set, got none: build"
            " with --split 70,15,15 where RAW has no splits, or with --dev-from-train 0.2 where it has train and test"
        )


def gaps_of(out: Path) -> tuple[Notice, ...]:
    """Warnings of classes, splits, species and subjects that the captured clips of a data set lack."""
    groups: set[tuple[str, str, str]] = set()
    subjects: dict[str, set[tuple[str, str]]] = {}
    for file in data_files(out):
        for columns in stream_columns(file, _COVERED) if file.parent.name == "captured" else ():
            rows = zip(*(columns[name] for name in _COVERED), strict=True)
            for split, label, pai, dataset, subject, source in rows:
                groups.add((split, LABELS[int(label)], pai or ""))
                who = (dataset or "", subject) if subject else ("", f"/{source}")
                subjects.setdefault(split, set()).add(who)
    counts = {split: len(found) for split, found in subjects.items()}
    return Coverage(frozenset(groups), counts).notices()


def check_classes(clips: TorchClips, out: Path, config: TrainConfig) -> None:
    """Refuse one class: training on it ends in a network that knows nothing, and dev could not tell."""
    present = set(clips.stream.present)
    if "bonafide" not in present:
        raise ArgumentError("labels: expected bona fide clips to train on, got none")
    makes = clips.stream.augment is not None and _makes_attacks(clips.stream.augment)
    if "attack" not in present and not makes:
        raise ArgumentError("labels: expected attacks to train on, or a recipe that makes them, got neither")
    judges = load(out, split="dev", as_="numpy").stream.present
    if len(judges) < len(LABELS):
        missing = "attacks" if "bonafide" in judges else "bona fide clips"
        raise ArgumentError(f"dev: expected clips of both classes, got no {missing}")


def _makes_attacks(recipe: Any) -> bool:
    draws = (recipe.sample(np.random.default_rng(i), scale=1.0) for i in range(64))
    return any(recipe.label_after(drawn, "bonafide", recipe.donor) == "attack" for drawn in draws)
