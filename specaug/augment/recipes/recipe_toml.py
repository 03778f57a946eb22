"""Recipes as TOML files: those that come with the library, and a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from specaug.augment.recipes.steps import Branch, Step, trial_draw
from specaug.augment.registry import EARLIER, OPERATIONS, operation
from specaug.augment.units import has_units
from specaug.checked_fields import did_you_mean, record_from
from specaug.errors import ArgumentError
from specaug.parsing import parse_toml
from specaug.records import Label

_RECIPE = {"name": str, "description": str, "donor": str, "label": str, "steps": list, "branches": list}
_BRANCH = {"name": str, "weight": float, "steps": list, "recipe": str}
_STEP = {"operation": str, "probability": float, "unit": str, "ranges": dict}
_KINDS = {str: "a text", float: "a number", list: "a list of tables", dict: "a table"}
_UNITS = ("crop", "source")

Fields = dict[str, Any]
"""What a recipe is made of: name, branches, donor, label, description."""


@lru_cache(maxsize=1)
def shipped_names() -> tuple[str, ...]:
    """Names of the recipes that come with the library, sorted."""
    files = resources.files("specaug.augment").joinpath("recipes", "shipped").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


@lru_cache(maxsize=1)
def earlier_names() -> tuple[str, ...]:
    """Names of those recipes in earlier versions, sorted: they give what they gave then."""
    files = resources.files("specaug.augment").joinpath("recipes", "shipped", "earlier").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def read_shipped(name: str, *, where: str = "recipe") -> Fields:
    """Fields of a recipe that comes with the library; ``-`` and ``_`` in its name are alike.

    Raises
    ------
    ArgumentError
        There is none of that name.
    """
    found = shipped_name(name)
    if found is None:
        choices = shipped_names()
        told = f"{where}: expected one of {', '.join(choices)}, got {name!r}"
        raise ArgumentError(told + did_you_mean(name, choices))
    return _shipped(found)


def shipped_name(name: str) -> str | None:
    """The name of a recipe that comes with the library as its file spells it, None where there is none."""
    spelled = name.replace("_", "-")
    return spelled if spelled in (*shipped_names(), *earlier_names()) else None


@lru_cache(maxsize=64)
def _shipped(name: str) -> Fields:
    folder = resources.files("specaug.augment").joinpath("recipes", "shipped")
    file = (folder.joinpath("earlier") if name in earlier_names() else folder).joinpath(f"{name}.toml")
    return parse_recipe(file.read_text(encoding="utf-8"), name=name)


def read_recipe(path: Path) -> Fields:
    """Fields of a recipe in a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ArgumentError(f"recipe: cannot read {str(path)!r}: {reason}") from error
    return parse_recipe(text, name=path.stem)


def parse_recipe(text: str, *, name: str) -> Fields:
    """Fields of a recipe in TOML text.

    Parameters
    ----------
    text : str
    name : str
        Its name where the text gives none.

    Returns
    -------
    dict
        ``name``, ``branches``, ``donor``, ``label``, ``description``.

    Raises
    ------
    ArgumentError
        The text is no TOML, or something in it does not fit; the message names the place.

    Examples
    --------
    >>> parse_recipe('[[steps]]\\noperation = "moire"', name="mine")["branches"][0].steps[0].probability
    1.0
    """
    where = f"recipe {name!r}"
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ArgumentError(f"{where}: expected TOML, got a text that is none: {error}") from error
    _check_keys(values, _RECIPE, where)
    if ("steps" in values) == ("branches" in values):
        raise ArgumentError(f"{where}: expected either steps or branches")
    name = values.get("name", name)
    if "steps" in values:
        branches: tuple[Branch, ...] = (Branch(name, _steps(values["steps"], where)),)
        donor = values.get("donor")
    else:
        branches, donor = _branches(values["branches"], values, where)
    return {
        "name": name,
        "branches": branches,
        "donor": donor,
        "label": values.get("label"),
        "description": values.get("description", ""),
    }


def _branches(tables: list[Any], wanted: Fields, where: str) -> tuple[tuple[Branch, ...], Label | None]:
    """Branches, those of named recipes among them, and the label of the donors that they take."""
    made: list[Branch] = []
    donor = wanted.get("donor")
    for i, table in enumerate(tables):
        place = f"{where}: branches[{i}]"
        if (
            isinstance(table, dict) and "preset" in table and "recipe" not in table
        ):  # as the key was called before
            table = {"recipe" if key == "preset" else key: value for key, value in table.items()}
        _check_keys(table, _BRANCH, place)
        if ("steps" in table) == ("recipe" in table):
            raise ArgumentError(f"{place}: expected either steps or recipe")
        weight = float(table.get("weight", 1.0))
        if not 0 < weight < float("inf"):
            raise ArgumentError(f"{place}.weight: expected a number above 0, got {table['weight']!r}")
        if "steps" in table:
            made.append(Branch(table.get("name", f"branch {i}"), _steps(table["steps"], place), weight))
            continue
        inner = read_shipped(table["recipe"], where=f"{place}.recipe")
        _check_fit(inner, donor, wanted.get("label"), f"{place}.recipe")
        donor = donor or inner["donor"]
        total = sum(b.weight for b in inner["branches"])
        made += [replace(b, weight=weight * b.weight / total) for b in inner["branches"]]
    return tuple(made), donor


def _check_fit(inner: Fields, donor: Label | None, label: Label | None, where: str) -> None:
    """Refuse a recipe whose donors or declared label are not those of the recipe around it."""
    name = inner["name"]
    if inner["donor"] is not None and donor not in (None, inner["donor"]):
        raise ArgumentError(f"{where}: {name} takes donors of label {inner['donor']}, the recipe {donor}")
    if inner["label"] not in (None, label):
        raise ArgumentError(
            f"{where}: {name} stands for {inner['label']}, the recipe must say so too, got label {label!r}"
        )


def _steps(tables: list[Any], where: str) -> tuple[Step, ...]:
    if not tables:
        raise ArgumentError(f"{where}: steps: expected at least one")
    return tuple(_step(table, f"{where}: steps[{i}]") for i, table in enumerate(tables))


def _step(table: Any, where: str) -> Step:
    _check_keys(table, _STEP, where)
    name = table.get("operation")
    if name not in OPERATIONS and name not in EARLIER:
        told = f"{where}.operation: expected one of {', '.join(OPERATIONS)}, got {name!r}"
        raise ArgumentError(told + did_you_mean(name, OPERATIONS))
    probability, unit = table.get("probability", 1.0), table.get("unit", "crop")
    if not 0 <= probability <= 1:
        raise ArgumentError(f"{where}.probability: expected a number from 0 to 1, got {probability!r}")
    if unit not in _UNITS:
        raise ArgumentError(f"{where}.unit: expected one of {', '.join(_UNITS)}, got {unit!r}")
    chosen = operation(name)
    ranges: Any = record_from(chosen.ranges, table.get("ranges", {}), where=f"{where}.ranges")
    if unit == "source" and not has_units(ranges):
        raise ArgumentError(f"{where}.unit: expected 'crop', {name} has no length or frequency to convert")
    step = Step(name, ranges, float(probability), unit == "source")
    try:  # what the record cannot know alone, its sampler or the parameters refuse
        trial_draw(name, ranges, unit == "source")
    except (ValueError, TypeError, IndexError) as error:
        raise ArgumentError(f"{where}.ranges: {error}") from error
    return step


def _check_keys(table: Any, kinds: Mapping[str, type], where: str) -> None:
    """Refuse keys that there are not, and values of another kind."""
    if not isinstance(table, Mapping):
        raise ArgumentError(f"{where}: expected a table, got {table!r}")
    for key, value in table.items():
        if key not in kinds:
            told = f"{where}: expected keys {', '.join(kinds)}, got {key!r}"
            raise ArgumentError(told + did_you_mean(key, kinds))
        fits = type(value) in (int, float) if kinds[key] is float else isinstance(value, kinds[key])
        if not fits:
            raise ArgumentError(f"{where}.{key}: expected {_KINDS[kinds[key]]}, got {value!r}")
