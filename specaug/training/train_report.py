"""What a training came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specaug.records import Notice
from specaug.training.train_config import Model


@dataclass(frozen=True)
class TrainReport:
    """What a run came to."""

    run: Path
    epochs: int
    """That were trained, earlier parts of the run included; 1 for a rule."""
    best_epoch: int
    dev_loss: float
    """Of the best epoch."""
    dev_eer: float
    stopped_early: bool
    warnings: tuple[Notice, ...] = ()
    """Classes, splits, species and subjects that the data set lacks."""
    model: Model = "two-stream"
