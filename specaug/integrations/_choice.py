"""The recipe that an adapter of another library was given, and who may lend to whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specaug.augment import OPERATIONS, Recipe
from specaug.augment.recipes.recipe import as_recipe
from specaug.augment.recipes.steps import steps_of
from specaug.augment.registry import operation
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
        return as_recipe(recipe)
    name = recipe.replace("-", "_") if isinstance(recipe, str) else None
    if name not in OPERATIONS:
        raise ArgumentError(
            f"ranges: expected None where recipe is not the name of an operation, got {type(ranges).__name__} "
            f"beside {recipe!r:.80}"
        )
    return Recipe.from_operation(name, ranges)


def takes_donor(drawn: Mapping[str, Any]) -> bool:
    """Whether a step that was drawn takes a second image."""
    return any(operation(step.operation).partner for step in steps_of(drawn))


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
