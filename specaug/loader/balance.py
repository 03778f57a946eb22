"""How often each row is visited in an epoch: once, or so that labels, species or datasets have their shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from specaug.errors import ArgumentError
from specaug.loader.load_config import Balance


@dataclass(frozen=True, eq=False)
class _Part:
    """Groups of rows that are visited as often as one another, and what all of them take of an epoch."""

    share: float
    groups: Sequence[np.ndarray]


def visits_for(
    keys: Mapping[str, np.ndarray],
    *,
    kept: np.ndarray,
    balance: Balance | None,
    bonafide_share: float,
    total: int | None = None,
    rng: np.random.Generator,
) -> np.ndarray:
    """How often each row is visited in an epoch.

    Parameters
    ----------
    keys : mapping of str to (n,) array
        ``label``, ``pai`` and ``dataset`` of the rows.
    kept : (n,) bool
        Rows to visit at all.
    balance : {None, "label", "pai", "dataset", "label+dataset"}
        See :class:`specaug.loader.LoadConfig`. No row is left out unless `total` says so: the scarcer ones are
        visited more often, and which of them once more than others is drawn.
    bonafide_share : float
    total : int, optional
        Visits in an epoch; with fewer than there are rows, which come is drawn.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) int

    Raises
    ------
    ArgumentError
        Labels are to be balanced, and one has no rows.

    Examples
    --------
    >>> keys = {"label": np.array([0, 1, 1, 1]), "pai": np.array(["none", "print", "print", "replay"])}
    >>> kept, rng = np.ones(4, bool), np.random.default_rng(0)
    >>> visits_for(keys, kept=kept, balance="pai", bonafide_share=0.5, rng=rng)
    array([4, 1, 1, 2])
    """
    visits = kept.astype(np.int64)
    if balance is None:
        if total is not None:
            visits[kept] = _spread(total, int(kept.sum()), rng)
        return visits
    parts = _parts(keys, kept, balance, bonafide_share)
    for part, times in zip(parts, _times(parts, total, rng), strict=True):
        for rows, n in zip(part.groups, times, strict=True):
            visits[rows] = _spread(n, len(rows), rng)
    return visits


def _parts(
    keys: Mapping[str, np.ndarray], kept: np.ndarray, balance: Balance, bonafide_share: float
) -> list[_Part]:
    if balance == "dataset":
        return [_Part(1.0, _groups(keys["dataset"], kept))]
    rows = {name: kept & (keys["label"] == label) for label, name in enumerate(("bona fide", "attack"))}
    for name in ("attack", "bona fide"):
        if not rows[name].any():
            raise ArgumentError(f"balance: expected rows of both classes, got no {name} rows")
    by = {"pai": (None, "pai"), "label+dataset": ("dataset", "dataset")}.get(balance, (None, None))
    shares = (bonafide_share, 1 - bonafide_share)
    return [
        _Part(share, [np.flatnonzero(chosen)] if column is None else _groups(keys[column], chosen))
        for share, chosen, column in zip(shares, rows.values(), by, strict=True)
    ]


def _groups(values: np.ndarray, chosen: np.ndarray) -> list[np.ndarray]:
    """Rows that are chosen, by value."""
    return [np.flatnonzero(chosen & (values == value)) for value in np.unique(values[chosen])]


def _times(parts: Sequence[_Part], total: int | None, rng: np.random.Generator) -> list[list[int]]:
    """Visits of each group of each part; of groups that cannot be alike, who gets more is drawn."""
    if total is None:
        shares = [part.share / len(part.groups) for part in parts]
        length = max(
            len(rows) / share for part, share in zip(parts, shares, strict=True) for rows in part.groups
        )
        return [[round(length * share)] * len(part.groups) for part, share in zip(parts, shares, strict=True)]
    first = round(total * parts[0].share)
    totals = [first, total - first][: len(parts)]
    return [
        [n] if len(part.groups) == 1 else _spread(n, len(part.groups), rng).tolist()
        for part, n in zip(parts, totals, strict=True)
    ]


def _spread(total: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`total` visits over `n` rows, as evenly as whole numbers allow."""
    visits = np.full(n, total // n)
    visits[rng.permutation(n)[: total % n]] += 1
    return visits
