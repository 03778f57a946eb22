"""Splits that are assigned here, and whether any subject is in two."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from specaug.errors import ArgumentError
from specaug.records import SPLITS, Source, Split

Unit = tuple[str, str, str]
"""Who is assigned as a whole: ("subject", data set, subject), or ("path", "", path) where no subject is known."""


def assign_splits(
    sources: list[Source], shares: tuple[float, float, float], *, seed: int = 0
) -> list[Source]:
    """Assign whole subjects to train, dev and test; more sources never move a subject.

    Parameters
    ----------
    sources : list of Source
        A source without subject counts as a subject of its own.
    shares : (float, float, float)
        Expected shares of subjects, any positive scale.
    seed : int
        Key of the hash.

    Returns
    -------
    list of Source

    Examples
    --------
    >>> one = Source("live/ann/1.mp4", "bonafide", subject="ann")
    >>> two = Source("live/ann/2.mp4", "bonafide", subject="ann")
    >>> a, b = assign_splits([one, two], (70, 15, 15))
    >>> a.split == b.split
    True
    """
    return [replace(source, split=_place(_unit(source), shares, seed)) for source in sources]


def _place(unit: Unit, shares: tuple[float, float, float], seed: int) -> Split:
    """The split of a subject."""
    point = int.from_bytes(_digest(unit, seed)) / 2**64 * sum(shares)
    if point < shares[0]:
        return SPLITS[0]
    return SPLITS[1] if point < shares[0] + shares[1] else SPLITS[2]


def _unit(source: Source) -> Unit:
    return ("subject", source.dataset, source.subject) if source.subject else ("path", "", source.path)


def _digest(unit: Unit, seed: int) -> bytes:
    text = "\0".join(unit).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=8, key=str(seed).encode()).digest()


def by_shares(
    sources: list[Source], shares: tuple[float, float, float] | None, seed: int
) -> tuple[list[Source], tuple[str, ...]]:
    """Sources with the split that ``--split`` gives them, and what was decided, in sentences.

    Raises
    ------
    ArgumentError
        There are splits already, or one would have no subject.
    """
    if shares is None:
        if sources and {s.split for s in sources} == {"train"}:
            return sources, ("All sources are 'train': RAW names no other split, and no --split is given.",)
        return sources, ()
    if any(s.split != "train" for s in sources):
        raise ArgumentError("split: RAW has splits of its own, which are kept; leave the option out")
    note = (
        f"Whole subjects are assigned to splits by a hash keyed with seed {seed}, "
        f"shares {':'.join(f'{share:g}' for share in shares)}."
    )
    given = assign_splits(sources, shares, seed=seed)
    _refuse_empty(given, shares, seed)
    return given, (note + _unnamed(sources),)


def _refuse_empty(sources: Sequence[Source], shares: tuple[float, float, float], seed: int) -> None:
    """Raise where a split that is asked for has no subject; the message says what would work."""
    asked = [split for split, share in zip(SPLITS, shares, strict=True) if share > 0]
    empty = [split for split in asked if split not in {source.split for source in sources}]
    if not (sources and empty):
        return
    units = sorted({_unit(source) for source in sources})
    if len(units) < len(asked):
        way = f"{len(asked)} splits need at least as many subjects{_fewer_splits(units)}"
    elif (other := _working_seed(units, shares)) is None:
        way = f"give {' and '.join(empty)} a larger share"
    else:
        way = f"--seed {other} would give every split a subject, and so may a larger share"
    raise ArgumentError(
        f"split: {','.join(f'{share:g}' for share in shares)} leaves {' and '.join(empty)} without a subject:"
        f" {len(units)} subjects are assigned by a hash keyed with seed {seed}; {way}"
    )


def _fewer_splits(units: Sequence[Unit]) -> str:
    """What works for one or two subjects."""
    seed = _working_seed(units, (50, 0, 50)) if len(units) > 1 else None
    return ": leave the option out" if seed is None else f": --split 50,0,50 --seed {seed} would do"


def _working_seed(units: Sequence[Unit], shares: tuple[float, float, float]) -> int | None:
    """The first seed that gives every split a subject, if one of the first 100 does."""
    asked = sum(share > 0 for share in shares)
    some = units[:1000]  # more subjects would only do better
    seeds = (s for s in range(100) if len({_place(unit, shares, s) for unit in some}) == asked)
    return next(seeds, None)


def dev_from_train(sources: list[Source], share: float, seed: int) -> tuple[list[Source], str]:
    """Move whole subjects from train to dev, where there is no dev.

    The subjects of train are put in the order of a hash keyed with `seed`, and the first ``share`` of them,
    rounded, at least one, become dev. The same subjects come out whatever files they have.

    Parameters
    ----------
    sources : list of Source
    share : float
        In (0, 1).
    seed : int

    Returns
    -------
    sources : list of Source
    note : str
        What was decided.

    Raises
    ------
    ArgumentError
        There is a dev split already, or train has fewer than two subjects.
    """
    if any(s.split == "dev" for s in sources):
        raise ArgumentError("dev_from_train: RAW has a dev split of its own, which is kept; leave it out")
    train = [s for s in sources if s.split == "train"]
    units = sorted({_unit(s) for s in train}, key=lambda unit: (_digest(unit, seed), unit))
    if len(units) < 2:
        raise ArgumentError(f"dev_from_train: expected at least two subjects in train, got {len(units)}")
    number = min(max(1, round(share * len(units))), len(units) - 1)
    chosen = set(units[:number])
    moved = [replace(s, split="dev") if s.split == "train" and _unit(s) in chosen else s for s in sources]
    note = (
        f"RAW has no dev split: {number} of {len(units)} subjects of train are 'dev', chosen by a hash keyed"
        f" with seed {seed} (--dev-from-train {share:g})."
    )
    return moved, note + _unnamed(train)


def _unnamed(sources: Sequence[Source]) -> str:
    """A warning where subjects are not known."""
    unnamed = sum(s.subject is None for s in sources)
    if not unnamed:
        return ""
    return (
        f" {unnamed} sources name no subject, and each of them counts as a subject of its own:"
        " the same person may be in two splits."
    )


def leaking(sources: Iterable[Source]) -> list[tuple[str, str]]:
    """(data set, subject) of whoever is in more than one split, sorted."""
    splits: dict[tuple[str, str], set[Split]] = {}
    for source in sources:
        if source.subject is not None:
            splits.setdefault((source.dataset, source.subject), set()).add(source.split)
    return sorted(who for who, found in splits.items() if len(found) > 1)


def leak_note(sources: Iterable[Source]) -> tuple[str, ...]:
    """A note if subjects are in more than one split."""
    found = leaking(sources)
    if not found:
        return ()
    return (f"Leakage: {len(found)} subjects are in more than one split, the first is {found[0][1]!a}.",)
