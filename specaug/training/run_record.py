"""What decides the result of a run, as plain JSON values, and how two such records differ."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from specaug import __version__
from specaug.augment.recipes.recipe_content import json_digest, recipe_content
from specaug.errors import PlanMismatchError, SpecaugError
from specaug.parsing import parse_json_lines
from specaug.shards import data_files, sha256
from specaug.training.scoring import recipe_of
from specaug.training.torch_setup import device_of
from specaug.training.train_config import TrainConfig

_LIBRARIES = ("numpy", "opencv-python", "pyspng", "scipy", "simplejpeg")
"""Packages, beside torch and specaug, that decode, augment or transform what a network learns from."""
_SHOWN = 4
"""So many differences are told."""

Record = dict[str, Any]


def run_record(config: TrainConfig, data: Record) -> Record:
    """What ``config.json`` of a run holds.

    Parameters
    ----------
    config : TrainConfig
    data : dict
        What :func:`data_record` gave.

    Returns
    -------
    dict
        ``config`` (all settings that decide what comes out), ``recipe`` (name, content and digest, or None), ``data``
        and ``versions``, which have to be the same where a run goes on; and ``execution`` and ``device``, which may
        change.
    """
    return {
        "config": config.content_settings(),
        "execution": config.run_settings(),
        "recipe": _recipe(config),
        "data": data,
        "versions": versions(),
        "device": _device(config),
    }


def data_record(out: Path) -> Record:
    """Name and digest of a data set."""
    return {"name": out.resolve().name, "digest": dataset_digest(out)}


def dataset_digest(out: Path) -> str:
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


def versions() -> dict[str, str]:
    """Versions of the packages that may change the result of a run."""
    # torch's own version names its build too, such as +cpu or +cu130, which its metadata may not.
    found = {"specaug": __version__, "torch": str(torch.__version__)}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _recipe(config: TrainConfig) -> Record | None:
    recipe = recipe_of(config)
    if recipe is None:
        return None
    content = recipe_content(recipe)
    name = config.content_settings()["recipe"]
    return {"name": name, "content": content, "digest": json_digest(content)}


def _device(config: TrainConfig) -> dict[str, str]:
    device = device_of(config)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "type": device.type,
        "name": name,
        "platform": platform.platform(),
        "python": platform.python_version(),
    }


def check_same(found: Mapping[str, Any], wanted: Mapping[str, Any], *, name: str) -> None:
    """Raise if two records of runs differ in what decides a result.

    Parameters
    ----------
    found, wanted : mapping
        What the folder holds, and what :func:`run_record` gives now.
    name : str
        What to call the folder.

    Raises
    ------
    PlanMismatchError
        It names what differs, with both values, and what to do.
    """
    differs = list(differences(found, wanted))
    if not differs:
        return
    more = f" and {len(differs) - _SHOWN} more differences" if len(differs) > _SHOWN else ""
    versions_differ = found["versions"] != wanted["versions"]
    ways = "install those versions, or choose another folder" if versions_differ else "choose another folder"
    raise PlanMismatchError(f"{name}: holds a run with {', '.join(differs[:_SHOWN])}{more}: {ways}")


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two records in settings, recipe, data and versions, in words."""
    there, here = (record["recipe"] or {} for record in (found, wanted))
    same_recipe = there.get("digest") == here.get("digest")
    renamed = found["config"].get("recipe") != wanted["config"].get("recipe")
    for key in {**wanted["config"], **found["config"]}:
        held, value = found["config"].get(key), wanted["config"].get(key)
        # The same recipe may lie in another place.
        if held != value and not (key == "recipe" and same_recipe):
            yield f"{key} {held!r}, not {value!r}"
    if not (same_recipe or renamed):
        yield from (f"recipe: {told}" for told in _apart(there.get("content"), here.get("content")))
    if found["data"].get("digest") != wanted["data"]["digest"]:
        yield f"data {_named(found['data'])}, not {_named(wanted['data'])}"
    before, now = found["versions"], wanted["versions"]
    for package in sorted({*before, *now}):
        if before.get(package) != now.get(package):
            yield f"{package} {before.get(package)!r}, not {now.get(package)!r}"


def _named(data: Mapping[str, Any]) -> str:
    return f"{data.get('name')!r} (digest {data.get('digest')})"


def _apart(there: Any, here: Any, place: str = "") -> Iterator[str]:
    """Places in which two JSON values differ, with both values."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            yield from _apart(there.get(key), here.get(key), f"{place}.{key}" if place else key)
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for number, (a, b) in enumerate(zip(there, here, strict=True)):
            yield from _apart(a, b, f"{place}[{number}]")
    elif there != here:
        yield f"{place} {there!r:.60}, not {here!r:.60}"
