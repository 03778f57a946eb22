"""Recipes: operations in a row, or a choice among such rows, drawn once for a clip and replayed from the record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from specaug.arrays import check_number
from specaug.augment.engine import Applied
from specaug.augment.recipes.recipe_names import find_fields, operation_fields
from specaug.augment.recipes.recipe_toml import parse_recipe, read_recipe, read_shipped
from specaug.augment.recipes.steps import Branch, Draws, Step, run_draws, steps_of, takes_donor, trial_draw
from specaug.augment.registry import Drawn, label_after, operation
from specaug.checked_fields import check_fields
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.records import LABELS, Label


@dataclass(frozen=True)
class Recipe:
    """How a clip is changed: one branch is drawn by its weight, then each of its steps by its probability.

    A draw holds for all frames of a clip. It is made of plain JSON values, is enough to do the same again, byte for
    byte, and is what a synthetic row keeps in its column ``recipe``.

    Examples
    --------
    >>> recipe = Recipe.from_preset("control")
    >>> clip = np.full((2, 32, 32, 3), 128, np.uint8)
    >>> drawn = recipe.sample(np.random.default_rng(1))
    >>> bool((recipe.apply(clip, drawn) == recipe.apply(clip, drawn)).all())
    True
    """

    name: str
    branches: tuple[Branch, ...]
    donor: Label | None = None
    """Label of the second clip that some step takes; None where none does."""
    label: Label | None = None
    """What every result stands for, whatever its steps do to a label; None asks the steps."""
    description: str = ""

    def __post_init__(self) -> None:
        if not self.branches:
            raise ArgumentError(f"recipe {self.name!r}: expected at least one branch")
        try:
            check_fields(self)
        except ArgumentError as error:
            raise ArgumentError(f"recipe {self.name!r}: {error}") from error
        if self.takes_donor != (self.donor is not None):
            expected = f"one of {', '.join(LABELS)}" if self.takes_donor else "none, no step takes one"
            raise ArgumentError(f"recipe {self.name!r}: donor: expected {expected}, got {self.donor!r}")
        for branch in self.branches:
            self._check_label(branch)

    def _check_label(self, branch: Branch) -> None:
        """Refuse steps after which nobody can know the label of a clip that was bona fide, whichever are drawn."""
        labels: set[Label] = {"bonafide"}
        for step in branch.steps:
            if step.probability == 0:
                continue
            drawn = trial_draw(step.operation, step.ranges, step.in_source_px)
            try:
                after = {self._label_of([drawn], label, self.donor) for label in sorted(labels)}
            except ArgumentError as error:
                raise ArgumentError(f"recipe {self.name!r}: branch {branch.name!r}: {error}") from error
            labels = after if step.probability == 1 else labels | after

    @classmethod
    def from_preset(cls, name: str) -> Recipe:
        """One of the recipes that come with the library, by name, such as ``fda`` or ``recapture-screen``.

        A recipe whose operation has changed is there in its earlier version too, such as ``recapture-screen@1``.

        Raises
        ------
        ArgumentError
            There is none of that name.
        """
        return cls(**read_shipped(name))

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """A recipe from a TOML file; see ``docs/recipes.md`` for its keys.

        Raises
        ------
        ArgumentError
            The file cannot be read, or something in it does not fit; the message names the place.
        """
        return cls(**read_recipe(Path(path)))

    @classmethod
    def from_text(cls, text: str, *, name: str = "recipe") -> Recipe:
        """A recipe from TOML text; `name` counts where the text gives none.

        Examples
        --------
        >>> recipe = Recipe.from_text('[[steps]]\\noperation = "moire"')
        >>> recipe.label_after(recipe.sample(0))
        'attack'
        """
        return cls(**parse_recipe(text, name=name))

    @classmethod
    def from_operation(cls, operation: str, ranges: Any = None, *, probability: float = 1.0) -> Recipe:
        """A recipe of one step.

        Parameters
        ----------
        operation : str
            A name of :data:`specaug.augment.OPERATIONS`.
        ranges : record, mapping or None
            Ranges of the operation, such as :class:`specaug.augment.MoireRanges`, or some of their fields; None for
            its own.
        probability : float
            How often it is applied, 0 to 1.

        Examples
        --------
        >>> Recipe.from_operation("moire", {"number": [2, 3]}).branches[0].steps[0].ranges.number
        (2, 3)
        """
        return cls(**operation_fields(operation, ranges, probability))

    @classmethod
    def find(cls, name_or_path: str | Path) -> Recipe:
        """The recipe that a name or a path stands for, as every command and function takes it.

        Parameters
        ----------
        name_or_path : str or path
            In this order: a recipe that comes with the library, such as ``traces``; an operation, which is a recipe
            of one step with its own ranges; a TOML file; or several of these joined by ``+``, from which is drawn
            evenly. In names, ``-`` and ``_`` are alike.

        Raises
        ------
        ArgumentError
            It stands for nothing, a file cannot be read or is no recipe, or parts of ``a+b`` take donors or stand for
            results of different labels.

        Examples
        --------
        >>> Recipe.find("recapture_screen") == Recipe.from_preset("recapture-screen")
        True
        >>> [branch.weight for branch in Recipe.find("mix-high+moire").branches]
        [1.0, 1.0]
        """
        return cls(**find_fields(name_or_path))

    @property
    def takes_donor(self) -> bool:
        """Whether any step takes a second clip."""
        return any(operation(s.operation).partner for b in self.branches for s in b.steps)

    @property
    def makes_attacks(self) -> bool:
        """Whether a bona fide clip becomes an attack, in some branch at least."""
        steps = [
            [trial_draw(s.operation, s.ranges, s.in_source_px) for s in branch.steps if s.probability]
            for branch in self.branches
        ]
        return self.label == "attack" or any(
            self._label_of(drawn, "bonafide", self.donor) == "attack" for drawn in steps
        )

    def sample(self, rng: np.random.Generator | int | None = None, *, scale: float = 1.0) -> Draws:
        """Draw all parameters for one clip.

        Parameters
        ----------
        rng : numpy.random.Generator, int or None
        scale : float
            Source px per crop px of the clip, for steps that are measured in px of the source.

        Returns
        -------
        dict
            Plain JSON values; ``steps`` is empty where no coin fell for a step.
        """
        generator = np.random.default_rng(rng)
        scale = check_number("scale", scale, low=1e-3, high=1e3)
        weights = np.array([branch.weight for branch in self.branches])
        branch = self.branches[int(generator.choice(weights.size, p=weights / weights.sum()))]
        drawn = [step.draw(scale=scale, rng=generator) for step in branch.steps]
        steps = [one.to_dict() for one in drawn if one is not None]
        made = {"recipe": self.name, "branch": branch.name, "scale": scale, "steps": steps}
        return json.loads(json.dumps(made))  # type: ignore[no-any-return]  # lists for tuples, as a reader gets them

    @eager
    def apply(
        self, clip: Any, drawn: Mapping[str, Any], donor: Any = None, *, channel_axis: int | None = -1
    ) -> Any:
        """Do what was drawn.

        Parameters
        ----------
        clip : (…, T, H, W, 3) array
            uint8 or float in [0, 1], NumPy or torch; (H, W, 3) is a single frame.
        drawn : mapping
            What :meth:`sample` gave, or the same after a way through JSON.
        donor : array or None
            Clip or frame of the same frame size, where a step takes one. Another number of frames is spread
            evenly over those of `clip`.
        channel_axis : int or None
            Axis of the channels.

        Returns
        -------
        array of the shape and dtype of `clip`

        Raises
        ------
        ArgumentError
            For a missing or superfluous donor, a draw that is none, and as the operations do.
        """
        return self.run(clip, drawn, donor, channel_axis=channel_axis).image

    @eager
    def run(
        self, clip: Any, drawn: Mapping[str, Any], donor: Any = None, *, channel_axis: int | None = -1
    ) -> Applied:
        """:meth:`apply`, with the largest share of clipped values and the halvings of the guard."""
        if donor is not None and not self.takes_donor and not takes_donor(steps_of(drawn)):
            raise ArgumentError(f"donor: expected None, since no step of {self.name!r} takes one, got a clip")
        return run_draws(clip, drawn, donor, channel_axis=channel_axis)

    def label_after(
        self, drawn: Mapping[str, Any], label: Label = "bonafide", donor_label: Label | None = None
    ) -> Label:
        """Label of a clip of label `label` after `drawn`; the donor's is :attr:`donor` where not told."""
        steps = steps_of(drawn)
        if self.label is not None and steps:
            return self.label
        return self._label_of(steps, label, donor_label or self.donor)

    def _label_of(self, steps: Sequence[Drawn], label: Label, donor_label: Label | None) -> Label:
        for step in steps:
            label = label_after(step, label, donor_label if operation(step.operation).partner else None)
        return label

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{escape(branch.name)}</td><td>{branch.weight / self._weight:.0%}</td>"
            f"<td>{step.probability:.0%}</td><td>{escape(step.operation)}</td>"
            f"<td><code>{escape(_settings(step))}</code></td></tr>"
            for branch in self.branches
            for step in branch.steps
        ]
        head = "<tr><th>branch</th><th>drawn</th><th>applied</th><th>operation</th><th>ranges</th></tr>"
        donor = f", donors: {self.donor}" if self.donor else ""
        caption = f"<b>{escape(self.name)}</b>{donor}. {escape(self.description)}"
        return f"<table><caption>{caption}</caption>{head}{''.join(rows)}</table>"

    @property
    def _weight(self) -> float:
        return sum(branch.weight for branch in self.branches)


def as_recipe(value: Recipe | str | Path, *, argument: str = "recipe") -> Recipe:
    """A recipe from whatever a user gives for one: itself, a name, or a path, see :meth:`Recipe.find`.

    Parameters
    ----------
    value : Recipe, str or path
    argument : str
        How messages call the argument that it came by.

    Returns
    -------
    Recipe

    Raises
    ------
    ArgumentError
        It is none of these, or stands for nothing.

    Examples
    --------
    >>> as_recipe("traces") == as_recipe(Recipe.from_preset("traces"))
    True
    """
    if isinstance(value, Recipe):
        return value
    if not isinstance(value, str | Path):
        kind = type(value).__name__
        raise ArgumentError(
            f"{argument}: expected a Recipe, the name of one or a path, got {kind} {value!r:.80}"
        )
    return Recipe.find(value)


def _settings(step: Step) -> str:
    unit = " [px of the source]" if step.in_source_px else ""
    return f"{step.ranges!r}{unit}"
