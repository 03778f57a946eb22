"""The recipe that an adapter of another library was given, and who may lend to whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specaug.augment import OPERATIONS, Recipe
from specaug.augment.recipes.steps import Branch, Step, steps_of, trial_draw
from specaug.augment.registry import label_after
from specaug.errors import ArgumentError
from specaug.records import Label


def chosen_recipe(recipe: Recipe | str | Path, ranges: Any = None) -> Recipe:
    """The recipe that `recipe` stands for; with `ranges`, the operation of that name.

    Raises
    ------
    ArgumentError
        For an unknown name, ranges beside what is no operation, or ranges of another operation.
    """
    if ranges is None:
        return recipe if isinstance(recipe, Recipe) else _found(recipe)
    name = recipe.replace("-", "_") if isinstance(recipe, str) else recipe
    if not isinstance(name, str) or name not in OPERATIONS:
        raise ArgumentError(f"ranges: expected None unless recipe is the name of an operation, got {recipe!r:.80}")
    return _one_step(name, _ranges_of(OPERATIONS[name].ranges, ranges))


def takes_donor(drawn: Mapping[str, Any]) -> bool:
    """Whether a step that was drawn takes a second image."""
    return any(OPERATIONS[step.operation].partner for step in steps_of(drawn))


def donor_label(recipe: Recipe, label: Label) -> Label | None:
    """Label of the donor of an image, as :func:`specaug.load` chooses it; None where the recipe takes none."""
    if recipe.donor is None:
        return None
    return recipe.donor if label == "bonafide" else label


def label_or_none(recipe: Recipe, drawn: Mapping[str, Any], label: Label) -> Label | None:
    """Label of an image after a draw, None where the draw is not for it.

    As in :func:`specaug.load`: a bona fide image is changed and takes the label of the result; an attack is changed
    only by what keeps labels, so that the change itself tells nothing of the class.
    """
    after = recipe.label_after(drawn, label, donor_label(recipe, label))
    if label == "attack" and (after != label or recipe.label_after(drawn, "bonafide") == "attack"):
        return None
    return after


def _found(recipe: str | Path) -> Recipe:
    name = str(recipe).replace("-", "_")
    try:
        return Recipe.find(recipe)
    except ArgumentError:
        if name not in OPERATIONS:
            raise
    return _one_step(name, OPERATIONS[name].ranges())


def _one_step(name: str, ranges: Any) -> Recipe:
    donor: Label | None = None
    if OPERATIONS[name].partner is not None:
        try:
            donor = "bonafide"
            if label_after(trial_draw(name, ranges, in_source_px=False), "bonafide", "attack") == "attack":
                donor = "attack"
        except ArgumentError:
            pass
    return Recipe(name, (Branch(name, (Step(name, ranges),)),), donor)


def _ranges_of(expected: type, ranges: Any) -> Any:
    """Ranges from a record, or from some of its fields in a mapping."""
    if isinstance(ranges, expected):
        return ranges
    if not isinstance(ranges, Mapping):
        raise ArgumentError(f"ranges: expected {expected.__name__}, got {type(ranges).__name__}")
    names = {f.name for f in dataclasses.fields(expected)}
    if not set(ranges) <= names:
        raise ArgumentError(
            f"ranges: expected fields of {expected.__name__} ({', '.join(sorted(names))}), got {sorted(ranges)}"
        )
    return expected(**ranges)
