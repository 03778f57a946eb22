"""The folder of a run: its record, how far it came, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from specaug.errors import ArgumentError, SpecaugError
from specaug.model import TwoStreamNet
from specaug.parsing import parse_json
from specaug.shards import write_atomically, write_json
from specaug.training.crop_record import CROPS, crop_record
from specaug.training.run_record import Record, check_same, data_record, run_record
from specaug.training.train_config import TrainConfig
from specaug.training.train_overlap import write_seen

CONFIG, PROGRESS, METRICS = "config.json", "progress.json", "metrics.json"
LAST, BEST = "checkpoints/last.pt", "checkpoints/best.pt"


@dataclass(frozen=True)
class Progress:
    """How far a run came."""

    epochs_done: int
    epochs: int
    """At most."""
    stopped_early: bool = False
    """Because dev got no better."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.stopped_early or self.epochs_done >= self.epochs


def open_run(run: Path, out: Path, config: TrainConfig) -> bool:
    """Write the record of a new run; True if the folder holds one of the same record, to resume.

    Raises
    ------
    PlanMismatchError
        The folder holds a run of other settings, another recipe, other data or other versions of packages.
    """
    wanted = run_record(config, data_record(out))
    if check_run(run, wanted):
        return True
    write_seen(run, out)
    write_progress(run, Progress(0, config.planned_epochs))
    # Last: it is what makes the folder a run.
    write_json(run / CONFIG, {**wanted, CROPS: crop_record(out)}, out=run)
    return False


def check_run(run: Path, wanted: Record, *, name: str | None = None) -> bool:
    """Whether a folder holds a run, which has to be of the record that is wanted.

    Parameters
    ----------
    run : Path
    wanted : dict
        What :func:`specaug.training.run_record.run_record` gave.
    name : str, optional
        What to call the folder in place of its name.

    Raises
    ------
    PlanMismatchError
        It is of another record.
    """
    if not (run / CONFIG).is_file():
        return False
    check_same(_record_of(run), wanted, name=name or run.name)
    return True


def read_run(run: Path) -> tuple[TrainConfig, dict[str, Any]]:
    """Settings of a run, and which data it was trained on.

    Raises
    ------
    ArgumentError
        The folder holds no run.
    """
    values = _record_of(run)
    try:
        return TrainConfig.from_dict(values["config"]), values["data"]
    except (ValueError, TypeError) as error:
        raise _no_run(run, error) from error


def run_recipe(run: Path) -> dict[str, Any]:
    """Name, content and digest of the recipe of a run; empty without one.

    Raises
    ------
    ArgumentError
        The folder holds no run.
    """
    recipe: dict[str, Any] = _record_of(run)["recipe"]
    return recipe


def _record_of(run: Path) -> Record:
    """The record of a run; only its recipe may be empty."""
    try:
        values = parse_json((run / CONFIG).read_text())
        parts = {part: dict(values[part].items()) for part in ("config", "data", "versions")}
        return {**values, **parts, "recipe": dict(values["recipe"] or {})}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # JSON of any other shape
        raise _no_run(run, error) from error


def _no_run(run: Path, error: Exception) -> ArgumentError:
    return ArgumentError(f"run: expected a folder that specaug train made, got {str(run)!r} ({error})")


def write_progress(run: Path, progress: Progress) -> None:
    """Write how far a run came."""
    write_json(run / PROGRESS, vars(progress), out=run)


def read_progress(run: Path) -> Progress:
    """How far a run came.

    Raises
    ------
    SpecaugError
        The file is missing, or not what :func:`write_progress` writes.
    """
    try:
        values = parse_json((run / PROGRESS).read_text())
        early = bool(values.get("stopped_early", False))
        return Progress(int(values["epochs_done"]), int(values["epochs"]), early)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecaugError(
            f"{run.name}/{PROGRESS}: expected epochs_done and epochs of the run ({error}): run specaug train again,"
            " which writes it"
        ) from error


def save_checkpoint(run: Path, name: str, state: dict[str, Any]) -> None:
    """Write tensors and plain values; complete once it has its name."""
    write_atomically(run / name, lambda path: torch.save(state, path), out=run)


def load_checkpoint(run: Path, name: str) -> dict[str, Any]:
    """Read a checkpoint, without running code that it may hold.

    Raises
    ------
    SpecaugError
        It is missing, damaged, or no checkpoint of :func:`train`.
    """
    try:
        state = torch.load(run / name, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise SpecaugError(f"{run.name}/{name}: expected a checkpoint, there is none: train first") from None
    except Exception as error:  # torch tells damage by many types, none of them documented
        raise SpecaugError(
            f"{run.name}/{name}: cannot be read as a checkpoint: it is damaged, or holds more than tensors and plain "
            f"values ({type(error).__name__})"
        ) from error
    if not isinstance(state, dict):
        raise SpecaugError(
            f"{run.name}/{name}: expected a checkpoint of specaug train, got a {type(state).__name__}"
        )
    return state


def network_of(run: Path, config: TrainConfig) -> TwoStreamNet:
    """The best network of a run.

    Raises
    ------
    SpecaugError
        The checkpoint is of another architecture than the settings say.
    """
    state = load_checkpoint(run, BEST)
    found, wanted = state.get("architecture"), config.architecture()
    if found != wanted:
        raise SpecaugError(f"{run.name}/{BEST}: expected a network with {wanted}, got one with {found}")
    network = TwoStreamNet(**wanted)
    try:
        network.load_state_dict(state["model"])
    except (RuntimeError, KeyError, TypeError) as error:
        raise SpecaugError(f"{run.name}/{BEST}: holds another network than {wanted}: {error}") from error
    network.eval()
    return network
