"""The content of a recipe as plain values, so that a record of it does not depend on a file that may change."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from specaug.augment.profile.draws import named_profile
from specaug.augment.recipes.recipe import Recipe


def recipe_content(recipe: Recipe) -> dict[str, Any]:
    """Everything that decides what a recipe does.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    dict
        Plain JSON values: the fields of the recipe without its description, and under ``profiles`` the digest of each
        learned profile that its steps name.

    Examples
    --------
    >>> content = recipe_content(Recipe.from_preset("control"))
    >>> sorted(content)
    ['branches', 'donor', 'label', 'name', 'profiles']
    """
    content = dataclasses.asdict(recipe)
    del content["description"]
    content["profiles"] = {name: json_digest(curves) for name, curves in profile_curves(recipe).items()}
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]  # lists for tuples, as a reader gets them


def profile_curves(recipe: Recipe) -> dict[str, list[Any]]:
    """The curves of the profiles that a recipe names, by name, sorted: of bona fide clips, and of each species."""
    names = sorted({s.ranges.file for b in recipe.branches for s in b.steps if s.operation == "profile"})
    profiles = {name: named_profile(name) for name in names}
    return {
        name: [profile.bonafide.tolist(), {pai: gains.tolist() for pai, gains in profile.attack.items()}]
        for name, profile in profiles.items()
    }


def json_digest(value: Any) -> str:
    """blake2b-128 of plain JSON values, whatever the order of their keys.

    Examples
    --------
    >>> json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1})
    True
    """
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).hexdigest()
