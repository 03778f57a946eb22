"""What a training tells its caller while it runs: figures after each batch and each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from specaug.errors import ArgumentError


class TrainCallback(Protocol):
    """Any callable that takes an epoch, a step and figures, such as a function that writes them to a log.

    Parameters
    ----------
    epoch : int
        From 0.
    step : int
        Batches that were learned from since the run began, in all epochs. A run that goes on counts on from its last
        checkpoint, so steps after it come again, with the same figures.
    metrics : dict of str to float
        After each batch ``loss`` and ``learning_rate``. After each epoch ``train_loss``, the mean of its batches,
        ``dev_loss``, ``dev_eer`` and ``learning_rate``, the columns of ``curves.csv``. Losses are binary
        cross-entropies in nats, that of dev with both classes weighed alike; ``dev_eer`` is a share of 1.
    """

    def __call__(self, epoch: int, step: int, metrics: dict[str, float]) -> object:
        """Do with the figures what is wanted; the result is not looked at, and an error ends the training."""


@dataclass(frozen=True)
class Callbacks:
    """Several of them, called in their order."""

    each: Sequence[TrainCallback] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.each, Sequence) or not all(callable(one) for one in self.each):
            raise ArgumentError(
                f"callbacks: expected a list of callables (epoch, step, metrics), got {type(self.each).__name__}"
            )

    def tell(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Call each with a mapping of its own."""
        for callback in self.each:
            callback(epoch, step, dict(metrics))
