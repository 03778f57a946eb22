"""Train the reference network or its baseline, judge it, export it, and tell what a change to training is worth."""

from __future__ import annotations

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint

try:
    import torch as torch
except ImportError as error:
    raise MissingDependencyError(f"training needs torch ({error}): {install_hint('train')}") from error

from specaug.training.ablation import ablate
from specaug.training.arms import ARMS
from specaug.training.callbacks import TrainCallback
from specaug.training.comparison import Ablation
from specaug.training.export_run import ExportReport, export
from specaug.training.run_evaluation import RunReport, evaluate
from specaug.training.train_config import SCALES, TrainConfig
from specaug.training.train_report import TrainReport
from specaug.training.train_run import train

__all__ = [
    "ARMS",
    "SCALES",
    "Ablation",
    "ExportReport",
    "RunReport",
    "TrainCallback",
    "TrainConfig",
    "TrainReport",
    "ablate",
    "evaluate",
    "export",
    "train",
]
