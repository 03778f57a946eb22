"""Clips to scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from specaug.augment import Recipe, as_recipe
from specaug.errors import ArgumentError
from specaug.loader import ClipLoader, LoadConfig, compute_views, load
from specaug.loader.tensors import TorchClips
from specaug.model import TwoStreamNet
from specaug.records import Split
from specaug.training.train_config import TrainConfig

SCORE_COLUMNS = ("clip_id", "source_id", "dataset", "subject", "pai")


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the clips of one split, in the order of the shards."""

    scores: np.ndarray
    """(n,) float64 logits: higher = more likely an attack."""
    labels: np.ndarray
    """(n,) int64."""
    columns: dict[str, np.ndarray]
    """(n,) str for each of :data:`SCORE_COLUMNS`."""

    def __repr__(self) -> str:
        return f"Scores({len(self.scores)} clips)"


def recipe_of(config: TrainConfig) -> Recipe | None:
    """The augmentation of a run, None where there is none."""
    return None if config.recipe is None else as_recipe(config.recipe)


def training_clips(out: Path, config: TrainConfig) -> TorchClips:
    """What a run learns from."""
    settings = {f.name: getattr(config.loading(), f.name) for f in dataclasses.fields(LoadConfig)}
    clips = load(out, split="train", origin=config.origin, augment=recipe_of(config), **settings)
    assert isinstance(clips, TorchClips)
    _check_pixels(clips, config)
    return clips


def _check_pixels(clips: ClipLoader, config: TrainConfig) -> None:
    side = min(clips.stream.groups[0].frame_shape[:2])
    if config.pixels is not None and config.pixels > side:
        raise ArgumentError(f"pixels: expected at most the side of the crops, {side}, got {config.pixels}")


def middle_of(frames: Tensor, pixels: int | None) -> Tensor:
    """The central `pixels` by `pixels` of (B, T, H, W, 3) frames; all of them where it is None."""
    if pixels is None:
        return frames
    if pixels > min(frames.shape[2:4]):
        raise ArgumentError(
            f"pixels: expected at most the side of the crops, {min(frames.shape[2:4])}, got {pixels}"
        )
    top, left = ((n - pixels) // 2 for n in frames.shape[2:4])
    return frames[:, :, top : top + pixels, left : left + pixels]


def views_of(
    batch: Mapping[str, Any], config: TrainConfig, views: Sequence[str], device: torch.device
) -> dict[str, Tensor]:
    """What the network sees of a batch: the middle of the frames, on its device."""
    frames = middle_of(batch["rgb"].to(device), config.pixels)
    return compute_views(frames, views, window=config.window)  # type: ignore[arg-type]  # names of views


def score_split(
    network: TwoStreamNet, out: Path, split: Split, config: TrainConfig, *, device: torch.device
) -> Scores:
    """Scores of all captured clips of a split."""

    def logits(batch: Mapping[str, Any]) -> np.ndarray:
        found: Tensor = network(**views_of(batch, config, network.views, device))
        return np.asarray(found.double().cpu().numpy())

    network.eval()
    with torch.inference_mode():
        return scored_clips(out, split, config, logits)


def judged_clips(out: Path, split: Split, config: TrainConfig) -> ClipLoader:
    """All captured clips of a split, in the order of the shards, whichever process asks."""
    clips = load(out, split=split, frames=config.frames, batch_size=config.batch_size, rank=0, world=1)
    _check_pixels(clips, config)
    return clips


def scored_clips(
    out: Path, split: Split, config: TrainConfig, score: Callable[[Mapping[str, Any]], np.ndarray]
) -> Scores:
    """What `score` makes of each batch of the captured clips of a split."""
    scores, labels = [], []
    columns: dict[str, list[str]] = {name: [] for name in SCORE_COLUMNS}
    for batch in judged_clips(out, split, config):
        scores.append(score(batch))
        labels.append(batch["label"].numpy())
        for name, values in columns.items():
            values.extend(batch[name])
    return Scores(
        np.concatenate(scores),
        np.concatenate(labels),
        {name: np.array(values, dtype=np.str_) for name, values in columns.items()},
    )
