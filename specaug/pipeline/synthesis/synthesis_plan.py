"""What was asked to be synthesised in an OUT: written down before it is done, extended and never changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specaug.augment.recipes.recipe import Recipe
from specaug.augment.recipes.recipe_content import json_digest, profile_curves
from specaug.errors import PlanMismatchError
from specaug.parsing import parse_json
from specaug.pipeline.synthesis.donor_pairs import Donors, Pair
from specaug.records import Split
from specaug.shards import STATE, write_json

VERSION = 1


@dataclass(frozen=True)
class SyntheticShard:
    """The clips that are made of one captured shard."""

    name: str
    split: Split
    captured: str
    """Shard of the parents."""
    captured_sha256: str
    """Content of that shard when this was planned."""
    donors: tuple[str, ...]
    """Shards of the donors."""
    pairs: tuple[Pair, ...]

    @property
    def hash(self) -> str:
        """blake2b-128 over all of it, so that a receipt can name what it is for."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class SynthesisRun:
    """One recipe, and what is made by it."""

    recipe: str
    """Its name."""
    digest: str
    """Of recipe, profiles and settings: the same digest makes the same clips."""
    per_clip: int
    donors: Donors
    seed: int
    shards: tuple[SyntheticShard, ...] = ()


@dataclass(frozen=True)
class SynthesisPlan:
    """All runs in an OUT."""

    runs: tuple[SynthesisRun, ...] = ()

    def run(self, digest: str) -> SynthesisRun | None:
        """The run with that digest."""
        return next((run for run in self.runs if run.digest == digest), None)

    def with_run(self, run: SynthesisRun) -> SynthesisPlan:
        """The same with `run` added, or put in place of the one with its digest."""
        if self.run(run.digest) is None:
            return SynthesisPlan((*self.runs, run))
        return SynthesisPlan(tuple(run if old.digest == run.digest else old for old in self.runs))

    def shards(self) -> Iterator[SyntheticShard]:
        """Of all runs."""
        for run in self.runs:
            yield from run.shards


def new_run(recipe: Recipe, *, per_clip: int, donors: Donors, seed: int) -> SynthesisRun:
    """A run without shards."""
    whom: Donors = donors if recipe.takes_donor else "any"
    return SynthesisRun(recipe.name, _digest(recipe, per_clip, whom, seed), per_clip, whom, seed)


def shard_name(captured: str, run: SynthesisRun) -> str:
    """Name of the shard that a run makes of a captured one.

    Examples
    --------
    >>> shard_name("train-00000-of-00002", SynthesisRun("My recipe", "0123456789abcdef", 1, "any", 0))
    'train-00000-of-00002-my-recipe-01234567'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", run.recipe.lower()).strip("-")[:40] or "recipe"
    return f"{captured}-{slug}-{run.digest[:8]}"


def _digest(recipe: Recipe, per_clip: int, donors: Donors, seed: int) -> str:
    """Hex digest of everything that decides the bytes of synthetic clips, but for their parents."""
    curves = list(profile_curves(recipe).values())
    return json_digest([dataclasses.asdict(recipe), per_clip, donors, seed, curves])


def _file(out: Path) -> Path:
    return out / STATE / "synthesis.json"


def save_synthesis(out: Path, plan: SynthesisPlan) -> None:
    """Write the plan; what was in it before stays in it."""
    value = {"version": VERSION, "runs": [_packed(run) for run in plan.runs]}
    write_json(_file(out), value, out=out)


def _packed(run: SynthesisRun) -> dict[str, Any]:
    value = dataclasses.asdict(run)
    for shard in value["shards"]:
        shard["pairs"] = [[pair["parent"], pair["variant"], pair["donor"]] for pair in shard["pairs"]]
    return value


def load_synthesis(out: Path) -> SynthesisPlan:
    """The plan of an OUT, empty where nothing was synthesised.

    Raises
    ------
    PlanMismatchError
        It is of another version of specaug, or damaged.
    """
    if not _file(out).exists():
        return SynthesisPlan()
    try:
        value = parse_json(_file(out).read_text())
        if value["version"] != VERSION:
            raise PlanMismatchError(
                f"OUT: expected a synthesis plan of version {VERSION}, got {value['version']!r}"
            )
        return SynthesisPlan(tuple(_unpacked(run) for run in value["runs"]))
    except (ValueError, KeyError, TypeError) as error:
        raise PlanMismatchError(
            f"OUT: the synthesis plan cannot be read ({error}); use --overwrite"
        ) from error


def _unpacked(value: dict[str, Any]) -> SynthesisRun:
    shards = tuple(
        SyntheticShard(
            **{
                **shard,
                "donors": tuple(shard["donors"]),
                "pairs": tuple(Pair(parent, variant, donor) for parent, variant, donor in shard["pairs"]),
            }
        )
        for shard in value["shards"]
    )
    return replace(SynthesisRun(**{**value, "shards": ()}), shards=shards)
