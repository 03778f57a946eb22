"""Train the reference network, judge it, and tell what a change to its training is worth."""

from __future__ import annotations

from specaug.training.ablation import ablate
from specaug.training.arms import ARMS
from specaug.training.comparison import Ablation
from specaug.training.config import PRESETS, TrainConfig, preset
from specaug.training.fit import TrainReport, train
from specaug.training.judging import RunReport, evaluate_run

__all__ = [
    "ARMS",
    "PRESETS",
    "Ablation",
    "RunReport",
    "TrainConfig",
    "TrainReport",
    "ablate",
    "evaluate_run",
    "preset",
    "train",
]
