"""A recipe by what a user calls it: a name, a file, an operation, or several of these joined by ``+``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from specaug.augment.recipes.recipe_toml import Fields, read_recipe, read_shipped, shipped_name, shipped_names
from specaug.augment.recipes.steps import Branch, Step, trial_draw
from specaug.augment.registry import OPERATIONS, label_after, operation
from specaug.checked_fields import did_you_mean, record_from
from specaug.errors import ArgumentError
from specaug.records import Label


def find_fields(name: str | Path) -> Fields:
    """Fields of the recipe that `name` stands for.

    Parameters
    ----------
    name : str or path
        A recipe that comes with the library, else an operation, else a TOML file; where there is none of these, such
        names joined by ``+``. In names, ``-`` and ``_`` are alike.

    Returns
    -------
    dict
        As of :func:`specaug.augment.recipes.recipe_toml.parse_recipe`.

    Raises
    ------
    ArgumentError
        It stands for nothing, a file cannot be read, or what is joined does not fit together.
    """
    text = str(name)
    if (shipped := shipped_name(text)) is not None:
        return read_shipped(shipped)
    if (spelled := text.replace("-", "_")) in OPERATIONS:
        return operation_fields(spelled)
    if Path(name).is_file():
        return read_recipe(Path(name))
    if "+" in text:
        return _joined(text, [find_fields(part.strip()) for part in text.split("+")])
    recipes = shipped_names()
    others = [name for name in OPERATIONS if name.replace("_", "-") not in recipes]
    raise ArgumentError(
        f"recipe: expected a TOML file, a recipe ({', '.join(recipes)}), an operation ({', '.join(others)}) "
        f"or several joined by '+', got {text!r}{did_you_mean(text, (*recipes, *others))}"
    )


def operation_fields(name: str, ranges: Any = None, probability: float = 1.0) -> Fields:
    """Fields of a recipe of one step.

    Parameters
    ----------
    name : str
        Of an operation.
    ranges : record, mapping or None
        Ranges of the operation, or some of their fields; None for its own.
    probability : float
        How often it is applied, 0 to 1.
    """
    kind = operation(name).ranges
    if ranges is None or isinstance(ranges, Mapping):
        ranges = record_from(kind, ranges or {}, where="ranges")
    steps = (Step(name, ranges, probability),)
    fields = {"name": name, "branches": (Branch(name, steps),), "donor": _donor_of(name, ranges)}
    return {**fields, "label": None, "description": ""}


def _donor_of(name: str, ranges: Any) -> Label | None:
    """Label of the donors of an operation: an attack where that makes an attack, else the label that is kept."""
    if operation(name).partner is None:
        return None
    try:
        return label_after(trial_draw(name, ranges, in_source_px=False), "bonafide", "attack")
    except ArgumentError:
        return "bonafide"


def _joined(text: str, parts: list[Fields]) -> Fields:
    """Several recipes as branches of one, drawn from evenly."""
    donors = {part["donor"] for part in parts} - {None}
    labels = {part["label"] for part in parts}
    if len(donors) > 1 or len(labels) > 1:
        raise ArgumentError(f"recipe: expected parts with one label of donors and of results, got {text!r}")
    branches = tuple(
        replace(branch, weight=branch.weight / sum(b.weight for b in part["branches"]))
        for part in parts
        for branch in part["branches"]
    )
    return {
        "name": "+".join(part["name"] for part in parts),
        "branches": branches,
        "donor": next(iter(donors), None),
        "label": next(iter(labels)),
        "description": "",
    }
