"""Train the reference network or its baseline, judge it, and tell what a change to its training is worth."""

from __future__ import annotations

from specaug.training.ablation import ablate
from specaug.training.arms import ARMS
from specaug.training.callbacks import TrainCallback
from specaug.training.comparison import Ablation
from specaug.training.run_evaluation import RunReport, evaluate_run
from specaug.training.train_config import PRESETS, TrainConfig, preset
from specaug.training.train_report import TrainReport
from specaug.training.train_run import train

__all__ = [
    "ARMS",
    "PRESETS",
    "Ablation",
    "RunReport",
    "TrainCallback",
    "TrainConfig",
    "TrainReport",
    "ablate",
    "evaluate_run",
    "preset",
    "train",
]
