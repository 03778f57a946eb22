"""What a loader's state holds beside its place, and whether it fits the loader that is to go on from it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from specaug.augment import Recipe
from specaug.augment.recipes.recipe_content import json_digest, recipe_content
from specaug.errors import ArgumentError
from specaug.loader.clip_stream import ClipStream
from specaug.loader.donors import AugmentRecipe
from specaug.loader.order import Share
from specaug.shards.groups import guarded

_KINDS = ({"epoch", "clips", "consumer", "made_of"}, {"epoch", "batches", "readers", "made_of"})
_DECIDING = ("clip_id", "dataset", "label", "pai")
"""Columns whose values decide which rows come when."""


def made_of(stream: ClipStream) -> dict[str, Any]:
    """Data, split, and every setting that decides order or content, as plain JSON values."""
    return {
        "data": _digest(stream),
        "split": stream.split,
        "origin": sorted(stream.origins),
        "augment": _name_of(stream.augment),
        **stream.config.bound(),
    }


def check_state(state: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Refuse what is no state, or one of other data or settings than `own`.

    Raises
    ------
    ArgumentError
        It names every difference.
    """
    if not isinstance(state, Mapping) or not any(keys <= set(state) for keys in _KINDS):
        got = f"keys {sorted(map(str, state))}" if isinstance(state, Mapping) else repr(state)
        raise ArgumentError(f"state: expected one of state_dict or state_after, got {got}")
    theirs = state["made_of"]
    differing = [name for name in own if name not in theirs or theirs[name] != own[name]]
    if differing:
        wanted = ", ".join(_told(name, own) for name in differing)
        raise ArgumentError(
            f"state: expected that of a loader with {wanted}, got one with "
            f"{', '.join(_told(name, theirs) for name in differing)}: load with the settings and the data of the state,"
            " or begin the epoch again without it"
        )


def check_same(what: str, own: list[Any], given: object) -> None:
    """Refuse a state of other readers, whose counts would mean other clips.

    Raises
    ------
    ArgumentError
        It names what is counted by, and both.
    """
    if given != own:
        raise ArgumentError(f"state: expected that of {what} = {own}, got {given}")


def check_consumer(own: Share, given: list[int], *, loaded_in_worker: bool) -> None:
    """Refuse counted clips of another consumer.

    A worker goes on from the state that is loaded in it, which may be that of another worker's share: after a resume
    from counted batches they have changed places. What is loaded before workers start would be that of all of them.

    Raises
    ------
    ArgumentError
        It names both.
    """
    if own.workers > 1 and not loaded_in_worker:
        raise ArgumentError(
            f"state: expected one of state_after for {own.workers} workers, got state_dict of [rank, world, worker, "
            f"workers] = {given}: load it in its worker, as a StatefulDataLoader does"
        )
    worker = given[2] if loaded_in_worker and len(given) == 4 else own.worker
    check_same("[rank, world, worker, workers]", [own.rank, own.world, worker, own.workers], given)


def _told(name: str, values: Mapping[str, Any]) -> str:
    return f"{name}={values.get(name)!r}"


def _digest(stream: ClipStream) -> str:
    """blake2b-128 of names and footers of the files, and of which rows there are.

    A footer holds the size of every column of every row group, and the range of its values, those of crops too.
    """
    digest = hashlib.blake2b(digest_size=16)
    for file in dict.fromkeys(group.path for group in stream.groups):
        digest.update(file.name.encode())
        digest.update(guarded(file.name, partial(_footer, file)))
    for name in _DECIDING:
        digest.update("\0".join(map(str, stream.keys[name].tolist())).encode())
    return digest.hexdigest()


def _footer(file: Path) -> bytes:
    """The last part of a Parquet file: the footer, its length in 4 bytes, and the word PAR1."""
    with file.open("rb") as stream:
        stream.seek(-8, os.SEEK_END)
        stream.seek(-8 - int.from_bytes(stream.read(4), "little"), os.SEEK_END)
        return stream.read()


def _name_of(recipe: AugmentRecipe | None) -> str | None:
    """A recipe by its content; another object by its type, or by its fields where it is a dataclass."""
    if recipe is None:
        return None
    if isinstance(recipe, Recipe):
        return f"{recipe.name} {json_digest(recipe_content(recipe))}"
    kind = type(recipe)
    known = dataclasses.is_dataclass(recipe)
    return f"{kind.__module__}.{kind.__qualname__}{f' {recipe!r}' if known else ''}"
