"""On-the-fly augmentation: which clips are changed, with which donors, by numbers drawn from what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from specaug.augment.recipes.steps import pai_after
from specaug.errors import ArgumentError
from specaug.records import LABELS, Label
from specaug.shards import EncodedClip, EncodedRows, RowGroup

POOL = 64
"""Donors of one label that a consumer holds, encoded, during an epoch."""
_POOL_GROUPS = 8
"""Row groups that they are read from."""


@runtime_checkable
class AugmentRecipe(Protocol):
    """What `augment` has to be; :class:`specaug.Recipe` is one."""

    @property
    def donor(self) -> Label | None:
        """Label of the second clip that it takes, None where it takes none."""

    def sample(self, rng: np.random.Generator, *, scale: float) -> Mapping[str, Any]:
        """Draw the parameters for a clip with `scale` source px per crop px; ``steps`` of the result lists them."""

    def apply(
        self, clip: np.ndarray, drawn: Mapping[str, Any], donor: np.ndarray | None = None
    ) -> np.ndarray:
        """Do what was drawn to (T, H, W, 3) uint8."""

    def label_after(
        self, drawn: Mapping[str, Any], label: Label = "bonafide", donor_label: Label | None = None
    ) -> Label:
        """The label of the result."""


@dataclass(frozen=True)
class Donor:
    """A clip that lends its spectrum."""

    clip: EncodedClip
    source_id: str
    pai: str


@dataclass(frozen=True, eq=False)
class Changed:
    """A clip after augmentation."""

    frames: np.ndarray
    label: int
    pai: str
    drawn: Mapping[str, Any]
    donor: str | None
    """`source_id` of the donor."""


FOR_FRAMES, FOR_TRANSFORM = (1,), (2,)
"""What else than augmentation a generator of a clip is for, as the key of its seed."""


def clip_rng(
    seed: int, epoch: int, clip_id: str, visit: int, *, purpose: tuple[int, ...] = ()
) -> np.random.Generator:
    """A generator that depends on the clip, its visit and what it is for, and on nothing else."""
    digest = hashlib.blake2b(clip_id.encode(), digest_size=8).digest()
    words = np.frombuffer(digest, "<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([seed, epoch, *words, visit], spawn_key=purpose))


class Donors:
    """Clips of one label from one split, the same for every consumer in an epoch.

    Parameters
    ----------
    groups : sequence of RowGroup
        Of the split.
    keys : dict of str to (rows,) array
        What :func:`specaug.shards.read_keys` gives for them.
    label : {"bonafide", "attack"}
    among : (rows,) bool, optional
        Rows to choose from.
    rng : numpy.random.Generator
        Draws which clips.

    Raises
    ------
    ArgumentError
        No captured clip has that label.
    """

    def __init__(
        self,
        groups: Sequence[RowGroup],
        keys: Mapping[str, np.ndarray],
        label: Label,
        *,
        among: np.ndarray | None = None,
        rng: np.random.Generator,
    ) -> None:
        fits = (keys["label"] == LABELS.index(label)) & (keys["origin"] != "synthetic")
        fits = fits if among is None else fits & among
        if not fits.any():
            raise ArgumentError(f"augment: expected {label} clips in the same split as donors, got none")
        starts = np.concatenate([[0], np.cumsum([group.rows for group in groups])])
        self._held: list[Donor] = []
        holders = [g for g, n in enumerate(np.add.reduceat(fits, starts[:-1])) if n]
        chosen = rng.permutation(holders)[:_POOL_GROUPS]
        each = -(-POOL // len(chosen))
        for group in chosen:
            rows = np.flatnonzero(fits[starts[group] : starts[group + 1]])
            self._read(groups[group], rng.permutation(rows)[:each])

    def _read(self, group: RowGroup, rows: np.ndarray) -> None:
        held = EncodedRows(group)
        for row in rows.tolist():
            source_id, pai = held.value(row, "source_id"), held.value(row, "pai")
            self._held.append(Donor(held.clip(row).copied(), source_id or "", pai or ""))

    def draw(self, source_id: str, *, rng: np.random.Generator) -> Donor:
        """A donor that is not of the given source.

        Raises
        ------
        ArgumentError
            There is none.
        """
        others = [donor for donor in self._held if donor.source_id != source_id]
        if not others:
            raise ArgumentError(f"augment: expected a donor of another source than {source_id!r}, got none")
        return others[int(rng.integers(len(others)))]


def augment_clip(
    frames: np.ndarray,
    row: Mapping[str, Any],
    recipe: AugmentRecipe,
    donors: Mapping[Label, Donors],
    *,
    rng: np.random.Generator,
) -> Changed | None:
    """Change a clip as a recipe says, if that leaves a label that is known.

    A bona fide clip is changed and takes the label of the result. An attack is changed only by what keeps labels, so
    that the change itself tells nothing of the class; its donor is an attack then.

    Parameters
    ----------
    frames : (T, H, W, 3) uint8
    row : mapping
        ``label``, ``pai``, ``source_id`` and ``scale`` of the clip.
    recipe : AugmentRecipe
    donors : mapping of label to Donors
    rng : numpy.random.Generator

    Returns
    -------
    Changed or None
        None where the clip stays as it is.
    """
    drawn = recipe.sample(rng, scale=float(row["scale"]))
    label: Label = LABELS[row["label"]]
    if recipe.label_after(drawn, "bonafide", recipe.donor) == "attack" and label == "attack":
        return None
    donor_label = recipe.donor and (recipe.donor if label == "bonafide" else label)
    if not drawn["steps"]:
        return None
    after = recipe.label_after(drawn, label, donor_label)
    if label == "attack" and after != label:  # a recipe that calls all it makes bona fide
        return None
    donor = donors[donor_label].draw(row["source_id"], rng=rng) if donor_label else None
    lent = donor.clip.decode(spread(donor.clip.n_frames, len(frames))) if donor else None
    made = after != label
    return Changed(
        frames=recipe.apply(frames, drawn, lent),
        label=LABELS.index(after),
        pai=pai_after(drawn, donor.pai if donor else None) if made else row["pai"],
        drawn=drawn,
        donor=donor.source_id if donor else None,
    )


def drawn_frames(held: int, wanted: int, *, rng: np.random.Generator) -> list[int]:
    """Which `wanted` of `held` frames are taken, drawn without repeats and in their order; all, spread, where too few.

    Examples
    --------
    >>> drawn_frames(8, 3, rng=np.random.default_rng(0))
    [4, 5, 7]
    """
    if held <= wanted:
        return spread(held, wanted)
    return np.sort(rng.choice(held, wanted, replace=False)).tolist()  # type: ignore[no-any-return]


def spread(held: int, wanted: int) -> list[int]:
    """Which of `held` frames stand for `wanted`, evenly.

    Examples
    --------
    >>> spread(8, 4), spread(2, 4), spread(3, 3)
    ([1, 3, 5, 7], [0, 0, 1, 1], [0, 1, 2])
    """
    return [(2 * i + 1) * held // (2 * wanted) for i in range(wanted)]
