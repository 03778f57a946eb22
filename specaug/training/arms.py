"""Arms of an ablation: what each changes against training on real attacks with everything on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specaug.augment import Recipe, as_recipe
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.checked_fields import did_you_mean
from specaug.errors import ArgumentError

BASELINE, CONTROL = "real", "control"
_FOLDER = re.compile(r"\w[\w+.-]*")
"""Names that a folder can have everywhere, and that lead to no other folder."""


@dataclass(frozen=True)
class Arm:
    """One way to train."""

    description: str
    changes: dict[str, Any]
    """Settings of :class:`specaug.training.TrainConfig` that differ from the baseline."""


def _instead(recipe: str | Recipe, description: str) -> Arm:
    """Bona fide clips, half of them changed, stand for both classes."""
    return Arm(description, {"labels": ("bonafide",), "recipe": recipe, "augment_share": 0.5})


def _beside(recipe: str | Recipe) -> Arm:
    """Half bona fide, a quarter real attacks, a quarter made of bona fide clips."""
    changes = {"recipe": recipe, "bonafide_share": 0.75, "augment_share": 1 / 3}
    return Arm(f"real attacks, and {_name(recipe)} on bona fide clips", changes)


def _shifted(recipe: str | Recipe) -> Arm:
    return Arm(f"real attacks, {_name(recipe)} on half of the clips of both classes", {"recipe": recipe})


def _name(recipe: str | Recipe) -> str:
    return recipe if isinstance(recipe, str) else recipe.name


ARMS: dict[str, Arm] = {
    BASELINE: Arm("real attacks, two streams", {}),
    "mix-high": _instead("mix-high", "bona fide only; attacks by spectral mixing with attacks"),
    "bandpass": _instead("bandpass", "bona fide only; attacks by band-pass synthesis"),
    "mix-high+bandpass": _instead("mix-high+bandpass", "bona fide only; attacks by one or the other"),
    "traces": _instead(
        "traces", "bona fide only; attacks by blur, noise, sharpening and tone, and a grid in half of them"
    ),
    "profile": _instead("profile", "bona fide only; attacks by a learned spectrum"),
    "recapture-screen": _instead("recapture-screen", "bona fide only; attacks by a simulated display"),
    "recapture-print": _instead("recapture-print", "bona fide only; attacks by a simulated print"),
    "mixed": _instead("mixed", "bona fide only; attacks by displays, prints and traces"),
    CONTROL: _instead(
        "control", "bona fide only; attacks by blur, JPEG and colour: what a recipe has to beat"
    ),
    "real+bandpass": _beside("bandpass"),
    "real+mixed": _beside("mixed"),
    "real+control": _beside("control"),
    "real+fda": _shifted("fda"),
    "real+fact": _shifted("fact"),
    "real+apr": _shifted("apr"),
    "color": Arm("real attacks, the colour stream alone", {"streams": "color"}),
    "spectrum": Arm("real attacks, the spectrum stream alone", {"streams": "spectrum"}),
    "no-hsv": Arm("real attacks, the colour stream without HSV", {"hsv": False}),
    "no-window": Arm("real attacks, spectra without a window", {"window": None}),
}

ARM_SETS: dict[str, tuple[str, ...]] = {
    "smoke": (BASELINE, "bandpass", CONTROL),
    "cpu": tuple(name for name in ARMS if name not in ("real+fact", "real+apr", "real+bandpass")),
    "gpu": tuple(ARMS),
}
"""Arms of each scale where none are named."""


def arm(wanted: str | Path | Recipe) -> tuple[str, Arm]:
    """An arm, with the name of the folder of its runs.

    Parameters
    ----------
    wanted : str, path or Recipe
        A name of :data:`ARMS`; else a recipe, see :meth:`specaug.Recipe.find`, whose attacks stand for all attacks in
        training; or ``real+`` and a recipe, which is used beside real attacks.

    Raises
    ------
    ArgumentError
        It is none of these, or a recipe that makes no attacks would have to stand for them.
    """
    if isinstance(wanted, str) and wanted in ARMS:
        return wanted, ARMS[wanted]
    beside = isinstance(wanted, str) and wanted.startswith(f"{BASELINE}+")
    recipe = _recipe(wanted.removeprefix(f"{BASELINE}+") if isinstance(wanted, str) else wanted, wanted)
    name = f"{BASELINE}+{recipe.name}" if beside else recipe.name
    if not _FOLDER.fullmatch(name):
        raise ArgumentError(f"arms: expected a recipe of letters, digits and +-_. in its name, got {name!r}")
    if not recipe.makes_attacks:
        if not beside:
            raise ArgumentError(
                f"arms: expected a recipe that makes attacks, {name!r} makes none: ask for 'real+{name}'"
            )
        return name, _shifted(recipe)
    return name, _beside(recipe) if beside else _instead(recipe, f"bona fide only; attacks by {name}")


def chosen_arms(wanted: Iterable[str | Path | Recipe]) -> dict[str, Arm]:
    """Arms by name, each once.

    Raises
    ------
    ArgumentError
        As :func:`arm`; or two different ones have one name, and would share a folder.
    """
    chosen: dict[str, Arm] = {}
    for one in wanted:
        name, made = arm(one)
        if chosen.setdefault(name, made) != made or (name in ARMS and made != ARMS[name]):
            raise ArgumentError(
                f"arms: expected a name of its own for each, got two arms called {name!r}: rename a recipe"
            )
    return chosen


def _recipe(value: str | Path | Recipe, wanted: object) -> Recipe:
    try:
        return as_recipe(value, argument="arms")
    except ArgumentError as error:
        if not isinstance(value, str) or "+" in value or Path(value).is_file():
            raise ArgumentError(f"arms: {error}") from error
        told = f"arms: expected some of {', '.join(ARMS)}, or a recipe, got {wanted!r}"
        raise ArgumentError(told + did_you_mean(wanted, (*ARMS, *shipped_names()))) from error
