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
from specaug.augment.recipes.recipe_toml import (
    earlier_names,
    parse_recipe,
    preset_names,
    read_preset,
    read_recipe,
)
from specaug.augment.recipes.steps import Branch, Draws, Step, run_draws, steps_of, trial_draw
from specaug.augment.registry import Drawn, label_after, operation
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
        for name, value in (("donor", self.donor), ("label", self.label)):
            if value is not None and value not in LABELS:
                raise ArgumentError(
                    f"recipe {self.name!r}: {name}: expected one of {', '.join(LABELS)}, got {value!r}"
                )
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
        """
        return cls(**read_preset(name))

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
    def find(cls, name: str | Path) -> Recipe:
        """A recipe by the name of a preset, or by the path of a file.

        Raises
        ------
        ArgumentError
            It is neither, or the file cannot be read.
        """
        if str(name) in (*preset_names(), *earlier_names()):
            return cls.from_preset(str(name))
        if not Path(name).is_file():
            raise ArgumentError(
                f"recipe: expected a TOML file or one of {', '.join(preset_names())}, got {str(name)!r}"
            )
        return cls.from_toml(name)

    @property
    def takes_donor(self) -> bool:
        """Whether any step takes a second clip."""
        return any(operation(s.operation).partner for b in self.branches for s in b.steps)

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

    def run(
        self, clip: Any, drawn: Mapping[str, Any], donor: Any = None, *, channel_axis: int | None = -1
    ) -> Applied:
        """:meth:`apply`, with the largest share of clipped values and the halvings of the guard."""
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


def _settings(step: Step) -> str:
    unit = " [px of the source]" if step.in_source_px else ""
    return f"{step.ranges!r}{unit}"
