"""The folder of a run: settings, versions, which data, checkpoints."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from specaug import __version__
from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.model import TwoStreamNet
from specaug.parsing import parse_json, parse_json_lines
from specaug.shards import data_files, sha256, write_atomically, write_json
from specaug.training.train_config import TrainConfig

CONFIG, ENVIRONMENT, METRICS = "config.json", "environment.json", "metrics.json"
LAST, BEST = "checkpoints/last.pt", "checkpoints/best.pt"
_LIBRARIES = ("torch", "numpy", "scipy", "opencv-python", "pyarrow", "pyspng", "simplejpeg")


def dataset_hash(out: Path) -> str:
    """blake2b-128 over names and SHA-256 of all files of clips; the manifest's sums where there is one."""
    known = _recorded_sums(out / "manifest.jsonl")
    digest = hashlib.blake2b(digest_size=16)
    for file in data_files(out):
        name = file.relative_to(out).as_posix()
        digest.update(f"{name} {known.get(name) or sha256(file)}\n".encode())
    return digest.hexdigest()


def _recorded_sums(manifest: Path) -> dict[str, str]:
    """Name to SHA-256 of the files of clips that a manifest names; nothing where there is none."""
    if not manifest.is_file():
        return {}
    try:
        lines = parse_json_lines(manifest.read_text())
        return {line["file"]: line["sha256"] for line in lines if "file" in line}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecaugError(
            f"{manifest.name}: expected the manifest of a build, got another text ({error}): see `specaug verify`"
        ) from error


def open_run(run: Path, out: Path, config: TrainConfig) -> bool:
    """Write the settings of a new run; True if it is an old one of the same settings and data, to go on with.

    Raises
    ------
    PlanMismatchError
        The folder holds a run of other settings or data.
    """
    wanted = {
        "config": config.content_settings(),
        "data": {"hash": dataset_hash(out), "name": out.resolve().name},
    }
    if (run / CONFIG).is_file():
        found = _settings_of(run)
        differs = [
            f"{key} {found[part].get(key)!r}, not {value!r}"
            for part in ("config", "data")
            for key, value in wanted[part].items()
            if key != "name" and found[part].get(key) != value
        ]
        if differs:
            raise PlanMismatchError(
                f"{run.name}: holds a run with {', '.join(differs)}: choose another folder"
            )
        return True
    write_json(run / ENVIRONMENT, environment(), out=run)
    write_json(run / CONFIG, wanted, out=run)  # last: it is what makes the folder a run
    return False


def read_run(run: Path) -> tuple[TrainConfig, dict[str, Any]]:
    """Settings of a run, and which data it was trained on.

    Raises
    ------
    ArgumentError
        The folder holds no run.
    """
    values = _settings_of(run)
    try:
        return TrainConfig.from_dict(values["config"]), values["data"]
    except (ValueError, TypeError) as error:
        raise _no_run(run, error) from error


def _settings_of(run: Path) -> dict[str, dict[str, Any]]:
    """What stands in the settings of a run: ``config`` and ``data``."""
    try:
        values = parse_json((run / CONFIG).read_text())
        found: dict[str, dict[str, Any]] = {part: dict(values[part].items()) for part in ("config", "data")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # JSON of any other shape
        raise _no_run(run, error) from error
    return found


def _no_run(run: Path, error: Exception) -> ArgumentError:
    return ArgumentError(f"run: expected a folder that specaug train made, got {str(run)!r} ({error})")


def environment() -> dict[str, Any]:
    """Versions and machine."""
    found = {"specaug": __version__, "python": platform.python_version(), "platform": platform.platform()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


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
