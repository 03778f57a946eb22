"""Learn a model from the training clips of a data set, stop by its dev clips."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError, SpecaugError
from specaug.loader.tensors import TorchClips
from specaug.metrics import eer
from specaug.model import TwoStreamNet
from specaug.shards import write_text
from specaug.training.balanced_loss import balanced_loss
from specaug.training.callbacks import Callbacks, TrainCallback
from specaug.training.curve_plots import draw_curves
from specaug.training.data_checks import check_classes, check_dev, gaps_of
from specaug.training.radial_run import train_radial
from specaug.training.run_folder import (
    BEST,
    LAST,
    Progress,
    load_checkpoint,
    open_run,
    save_checkpoint,
    write_progress,
)
from specaug.training.scoring import score_split, training_clips, views_of
from specaug.training.torch_setup import device_of, numerics, process_group, shared
from specaug.training.train_config import TrainConfig
from specaug.training.train_report import TrainReport

CURVES = "curves.csv"
Row = dict[str, float]


@dataclass
class _State:
    """Where a run is: what a checkpoint holds beside the weights."""

    epoch: int = 0
    batches: int = 0
    """Given in this epoch."""
    loss_sum: float = 0.0
    clips: int = 0
    """Behind `loss_sum`."""
    history: list[Row] = field(default_factory=list)
    finished: bool = False
    steps: int = 0
    """Batches learned from, in all epochs."""

    @property
    def best(self) -> int:
        """Epoch with the least dev loss, from 0; -1 before any."""
        return int(np.argmin([row["dev_loss"] for row in self.history])) if self.history else -1


def train(
    out: Path | str,
    run: Path | str,
    config: TrainConfig | None = None,
    *,
    progress: Callable[[Row], None] | None = None,
    callbacks: Sequence[TrainCallback] = (),
) -> TrainReport:
    """Train the reference network, or fit the baseline that it has to beat.

    A run that was interrupted goes on from its last checkpoint and comes to the same weights; a finished one is left as
    it is. On a CPU all is deterministic. Dev alone decides which epoch is the best and when to stop.

    Parameters
    ----------
    out : path
        A data set with clips in train and dev.
    run : path
        The folder of the run.
    config : TrainConfig, optional
    progress : callable, optional
        Called after each epoch with its row of the curves.
    callbacks : sequence of callable
        Called with (epoch, step, metrics) after each batch and after each epoch, in the process of rank 0; see
        :class:`specaug.training.TrainCallback`. A baseline calls them once, a finished run does not.

    Returns
    -------
    TrainReport

    Raises
    ------
    ArgumentError
        For settings that do not fit the data: one class only, crops smaller than asked for; callbacks that cannot be
        called.
    PlanMismatchError
        `run` holds a run of other settings, another recipe, other data or other versions of packages.
    SpecaugError
        For damaged data, or a loss that is no number.
    """
    check_arguments(train, out=out, run=run, config=config)
    out, run, config, told = Path(out), Path(run), config or TrainConfig(), Callbacks(callbacks)
    if config.model == "radial":
        return train_radial(out, run, config, told)
    device = device_of(config)
    with numerics(config), process_group(device) as (rank, world):
        check_dev(out)
        clips = training_clips(out, config)
        check_classes(clips, out, config)
        if rank == 0:
            open_run(run, out, config)
        fit = Fit(out, run, config, clips, device, rank, world, told if rank == 0 else None)
        report = fit.go(progress)
        return replace(report, warnings=gaps_of(out))


class Fit:
    """One run in one process."""

    def __init__(
        self,
        out: Path,
        run: Path,
        config: TrainConfig,
        clips: TorchClips,
        device: torch.device,
        rank: int,
        world: int,
        callbacks: Callbacks | None = None,
    ) -> None:
        self.out, self.run, self.config, self.clips = out, run, config, clips
        self.callbacks = callbacks or Callbacks()
        self.device, self.rank, self.world = device, rank, world
        self.network = TwoStreamNet(**config.architecture()).to(device)
        self.parallel = DistributedDataParallel(self.network) if world > 1 else self.network
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.amp)
        self.state = _State()
        self.workers = max(config.workers, 1)
        self.batches_an_epoch = clips.n_batches()

    def go(self, progress: Callable[[Row], None] | None) -> TrainReport:
        if (self.run / LAST).is_file():
            self._restore(load_checkpoint(self.run, LAST))
        self._tell_progress()  # the last process may have been killed between checkpoint and progress
        while not self.state.finished:
            self._epoch()
            row = self._close_epoch()
            if progress and self.rank == 0:
                progress(row)
            figures = {name: value for name, value in row.items() if name != "epoch"}
            self.callbacks.tell(int(row["epoch"]), self.state.steps, figures)
        history, best = self.state.history, self.state.best
        return TrainReport(
            run=self.run,
            epochs=len(history),
            best_epoch=best,
            dev_loss=history[best]["dev_loss"],
            dev_eer=history[best]["dev_eer"],
            stopped_early=self._stopped_early,
        )

    def _epoch(self) -> None:
        state = self.state
        self.clips.set_epoch(state.epoch)
        self.clips.load_state_dict(self.clips.state_after(state.batches, workers=self.workers))
        self.parallel.train()
        for batch in DataLoader(self.clips, batch_size=None, num_workers=self.config.workers):
            loss = self.step(batch)
            state.loss_sum += loss * len(batch["label"])
            state.clips += len(batch["label"])
            state.batches += 1
            state.steps += 1
            if state.batches % self.config.checkpoint_batches == 0:
                self._save()
            rate = self.optimizer.param_groups[0]["lr"]
            self.callbacks.tell(state.epoch, state.steps, {"loss": loss, "learning_rate": rate})

    def step(self, batch: dict[str, Any]) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        views = views_of(batch, self.config, self.network.views, self.device)
        with torch.autocast(self.device.type, enabled=self.config.amp):
            logits = self.parallel(**views)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, batch["label"].to(logits))
        value = float(loss.item())  # once a step: a GPU is waited for
        if not math.isfinite(value):
            raise SpecaugError(
                f"loss: expected a number, got {value} in epoch {self.state.epoch}: try a lower learning rate"
            )
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return value

    def _learning_rate(self) -> float:
        done = (self.state.epoch + self.state.batches / self.batches_an_epoch) / self.config.epochs
        return self.config.learning_rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2

    def _close_epoch(self) -> Row:
        """Judge on dev, on rank 0; keep the best; decide whether to stop, on every rank alike."""
        state = self.state
        row = shared(self._judged() if self.rank == 0 else None, world=self.world)
        state.history.append(row)
        if self.rank == 0 and state.best == state.epoch:
            weights = {name: value.cpu() for name, value in self.network.state_dict().items()}
            best = {"architecture": self.config.architecture(), "model": weights, "epoch": state.epoch}
            save_checkpoint(self.run, BEST, best)
        stale = state.epoch - state.best >= self.config.patience
        state.epoch, state.batches, state.loss_sum, state.clips = state.epoch + 1, 0, 0.0, 0
        state.finished = stale or state.epoch >= self.config.epochs
        if self.rank == 0:
            write_text(self.run / CURVES, _csv(state.history), out=self.run)
            if state.finished:
                draw_curves(state.history, self.run / "curves.png", out=self.run)
        self._save()
        self._tell_progress()
        return row

    @property
    def _stopped_early(self) -> bool:
        return self.state.finished and self.state.epoch < self.config.epochs

    def _tell_progress(self) -> None:
        if self.rank == 0:
            progress = Progress(self.state.epoch, self.config.epochs, self._stopped_early)
            write_progress(self.run, progress)

    def _judged(self) -> Row:
        dev = score_split(self.network, self.out, "dev", self.config, device=self.device)
        return {
            "epoch": self.state.epoch,
            "learning_rate": self._learning_rate(),
            "train_loss": self.state.loss_sum / self.state.clips,
            "dev_loss": balanced_loss(dev.scores, dev.labels),
            "dev_eer": eer(dev.scores, dev.labels)[0],
        }

    def _save(self) -> None:
        if self.rank:
            return
        save_checkpoint(
            self.run,
            LAST,
            {
                "architecture": self.config.architecture(),
                "model": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "state": dict(vars(self.state)),
                "consumers": [self.world, self.workers],
            },
        )

    def _restore(self, saved: dict[str, Any]) -> None:
        name, found = f"{self.run.name}/{LAST}", saved.get("architecture")
        if found != self.config.architecture():
            raise SpecaugError(
                f"{name}: expected a network with {self.config.architecture()}, got one with {found}"
            )
        try:
            self._take(saved)
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, ArgumentError):
                raise
            raise SpecaugError(f"{name}: holds no state of this run ({error!r})") from error

    def _take(self, saved: dict[str, Any]) -> None:
        self.state = _State(**saved["state"])
        if self.state.batches and saved["consumers"] != [self.world, self.workers]:
            raise ArgumentError(
                f"workers: expected {saved['consumers'][0]} processes with {saved['consumers'][1]} workers to go on "
                f"within an epoch, got {self.world} with {self.workers}"
            )
        self.network.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])


def _csv(history: list[Row]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return stream.getvalue()
