"""Scores with labels, checked once, so that every figure is computed on the same footing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from specaug.errors import ArgumentError

NO_SPECIES = ("none", "", "bonafide", "live", "real", "genuine")
"""What `pai` may say of a bona fide row; ``none`` is the word of the shards."""
ONE_SPECIES = "attack"
"""Name of the only species where no `pai` is given."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of clips or videos with what is known of each; valid once it exists.

    Parameters
    ----------
    scores : (n,) float
        Higher = more likely an attack. Finite, except where `acquired` is False.
    labels : (n,) int
        0 bona fide, 1 attack.
    pai : (n,) str, optional
        Attack instrument species; ``none`` for bona fide. Without it all attacks are one species.
    subject : (n,) str, optional
        Whose presentation it is; rows of one subject are resampled together. Without it each row stands alone.
    acquired : (n,) bool, optional
        False where no face was found, so that there is no score: a failure to acquire.

    Raises
    ------
    ArgumentError
        For lengths that differ, labels other than 0 and 1, a class without rows, scores that are not finite, an
        attack without species, or a bona fide row with one.
    """

    scores: np.ndarray
    labels: np.ndarray
    pai: np.ndarray | None = None
    subject: np.ndarray | None = None
    acquired: np.ndarray | None = None

    def __post_init__(self) -> None:
        labels = _labels(self.labels)
        acquired = _acquired(self.acquired, len(labels))
        for name, value in (
            ("labels", labels),
            ("acquired", acquired),
            ("scores", _scores(self.scores, len(labels), acquired)),
            ("pai", _names("pai", self.pai, len(labels))),
            ("subject", _names("subject", self.subject, len(labels))),
        ):
            object.__setattr__(self, name, value)
        for label, word in ((0, "bona fide"), (1, "attack")):
            if not (labels[self.has_score] == label).any():
                raise ArgumentError(
                    f"labels: expected both classes among the scores, got no {word} ({label})"
                )
        self._check_species()

    def _check_species(self) -> None:
        if self.pai is None:
            return
        unnamed = np.isin(self.pai, NO_SPECIES)
        wrong = unnamed != (self.labels == 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ArgumentError(
                f"pai: expected a species for each attack and 'none' for bona fide, "
                f"got {str(self.pai[row])!r} for label {self.labels[row]} in row {row}"
            )
        scored = set(self.pai[self.has_score])
        for species in sorted(set(self.pai[~unnamed])):
            if species not in scored:
                raise ArgumentError(f"pai: expected scores of every species, got none of {str(species)!r}")

    @classmethod
    def of(cls, data: Scored | Mapping[str, Any] | Any, name: str = "data") -> Scored:
        """From a mapping or a record with the fields of this class; other fields are left alone.

        Raises
        ------
        ArgumentError
            Scores or labels are missing, or as the class does; the message names `name`.
        """
        if isinstance(data, Scored):
            return data
        get = data.get if isinstance(data, Mapping) else lambda key: getattr(data, key, None)
        fields: dict[str, Any] = {key: get(key) for key in cls.__dataclass_fields__}
        missing = [key for key in ("scores", "labels") if fields[key] is None]
        if missing:
            raise ArgumentError(f"{name}: expected scores and labels, got no {' and no '.join(missing)}")
        try:
            return cls(**fields)
        except ArgumentError as error:
            raise ArgumentError(f"{name}: {error}") from None

    @property
    def has_score(self) -> np.ndarray:
        """(n,) bool, False for failures to acquire."""
        return np.ones(len(self.labels), np.bool_) if self.acquired is None else self.acquired

    @property
    def species(self) -> tuple[str, ...]:
        """Species among the attacks, sorted."""
        if self.pai is None:
            return (ONE_SPECIES,)
        return tuple(sorted({str(name) for name in self.pai[self.labels == 1]}))

    def is_species(self, name: str) -> np.ndarray:
        """(n,) bool, True for attacks of that species, failures to acquire included."""
        attack = np.asarray(self.labels == 1)
        return attack if self.pai is None else attack & (self.pai == name)

    @property
    def bonafide_scores(self) -> np.ndarray:
        """Scores of bona fide rows."""
        return np.asarray(self.scores[self.has_score & (self.labels == 0)])

    @property
    def attack_scores(self) -> np.ndarray:
        """Scores of attacks, all species pooled."""
        return np.asarray(self.scores[self.has_score & (self.labels == 1)])

    def scores_by_pai(self) -> dict[str, np.ndarray]:
        """Scores of each species."""
        return {name: self.scores[self.has_score & self.is_species(name)] for name in self.species}

    def units(self) -> np.ndarray:
        """(n,) int, number of the subject of each row, from 0; a row without a name is a subject of its own."""
        rows = np.arange(len(self.labels))
        if self.subject is None:
            return rows
        keys = [f"row {row}" if name == "" else f"subject {name}" for row, name in enumerate(self.subject)]
        return np.unique(keys, return_inverse=True)[1]

    def __repr__(self) -> str:
        attacks = int((self.labels == 1).sum())
        return (
            f"Scored({len(self.labels) - attacks} bona fide, {attacks} attacks of {', '.join(self.species)})"
        )


def video_scores(
    scores: npt.ArrayLike, source: Sequence[str] | npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """The score of each video: the mean of the scores of its clips.

    Parameters
    ----------
    scores : (n,) array
        One for each clip.
    source : (n,) array
        Which video each clip is from.

    Returns
    -------
    means : (m,) float64
        In the order in which videos first appear.
    first : (m,) int
        Index of the first clip of each video, to take its label, species and subject from.

    Raises
    ------
    ArgumentError
        For lengths that differ, or scores that are not finite.

    Examples
    --------
    >>> means, first = video_scores([0.2, 0.4, 0.9], ["b", "b", "a"])
    >>> means.round(3), first
    (array([0.3, 0.9]), array([0, 2]))
    """
    names = np.asarray(source)
    values = _scores(scores, len(names), None)
    _, first, group = np.unique(names, return_index=True, return_inverse=True)
    means = np.bincount(group, weights=values) / np.bincount(group)
    order = np.argsort(first)
    return means[order], first[order]


def _labels(labels: npt.ArrayLike) -> np.ndarray:
    try:
        values = np.asarray(labels)
    except (TypeError, ValueError):
        raise ArgumentError("labels: expected a one-dimensional array, got rows of other lengths") from None
    if values.ndim != 1 or not len(values):
        raise ArgumentError(f"labels: expected a one-dimensional array with rows, got shape {values.shape}")
    if not np.isin(values, (0, 1)).all():
        other = next(value for value in values.tolist() if value not in (0, 1))
        raise ArgumentError(f"labels: expected 0 (bona fide) and 1 (attack) only, got {other!r}")
    return values.astype(np.int64)


def _scores(scores: npt.ArrayLike, n: int, acquired: np.ndarray | None) -> np.ndarray:
    try:
        given = np.asarray(scores)
        values = given.real.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # the last: a tensor that keeps its gradient
        raise ArgumentError(f"scores: expected numbers, got {type(scores).__name__} ({error})") from None
    if np.iscomplexobj(given):
        raise ArgumentError(f"scores: expected real numbers, got {given.dtype}")
    if values.shape != (n,):
        raise ArgumentError(f"scores: expected shape ({n},), one score for each row, got {values.shape}")
    wrong = ~np.isfinite(values)
    if acquired is not None:
        wrong &= acquired
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ArgumentError(
            f"scores: expected finite numbers, got {values[row]} in row {row} ({wrong.sum()} in all)"
        )
    return values


def _acquired(acquired: npt.ArrayLike | None, n: int) -> np.ndarray | None:
    if acquired is None:
        return None
    values = np.asarray(acquired)
    if values.shape != (n,) or not np.isin(values, (0, 1)).all():
        raise ArgumentError(f"acquired: expected ({n},) booleans, got {values.dtype} of shape {values.shape}")
    return values.astype(bool)


def _names(field: str, names: Sequence[str] | npt.ArrayLike | None, n: int) -> np.ndarray | None:
    if names is None:
        return None
    given = np.asarray(names, dtype=object)
    if given.shape != (n,):
        got = len(given) if given.ndim == 1 else f"shape {given.shape}"
        raise ArgumentError(f"{field}: expected {n} names, one for each row, got {got}")
    return np.array(["" if _is_missing(name) else str(name) for name in given], dtype=np.str_)


def _is_missing(name: object) -> bool:
    """None, NaN and the missing value of pandas: what tables hold where there is no text."""
    if isinstance(name, str):
        return False
    try:
        return name is None or not name == name  # noqa: SIM201  # the missing value of pandas is not a bool
    except TypeError:
        return True
