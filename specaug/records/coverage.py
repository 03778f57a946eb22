"""Whether every class, split and species of a set is there: the warnings of scan, build, report and training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from specaug.records.choices import LABELS, SPLITS
from specaug.records.media import Source
from specaug.records.notice import Notice, NoticeKind

FEW_SUBJECTS = 5
"""A split of fewer subjects tells more of those few people than of PAD."""
_NAMED = 5
"""So many names are shown."""
_LABELS: tuple[tuple[str, NoticeKind, str], ...] = (
    (LABELS[0], "no_bonafide", "bona fide"),
    (LABELS[1], "no_attack", "attack"),
)


@dataclass(frozen=True)
class Coverage:
    """What a set holds."""

    groups: frozenset[tuple[str, str, str]]
    """(split, label, species)."""
    subjects: Mapping[str, int] | None = None
    """Subjects by split, where they are known; whatever names no subject counts as one of its own."""
    built: bool = False
    """These are clips of sources that cover more."""

    def notices(self) -> tuple[Notice, ...]:
        """One warning for each kind of gap."""
        if not self.groups:
            return ()
        return (*self._labels(), *self._splits(), *self._species(), *self._few())

    def _labels(self) -> Iterator[Notice]:
        present = {label for _, label, _ in self.groups}
        for label, kind, name in _LABELS:
            if label not in present:
                yield Notice(
                    kind, f"nothing is {name}: neither training nor error rates are possible without", 1
                )

    def _splits(self) -> Iterator[Notice]:
        there = {split for split, _, _ in self.groups}
        empty = [split for split in SPLITS if split not in there]
        if not empty:
            return
        if self.built:
            ways = "all sources there failed"
        elif there == {"train"}:
            ways = "name the splits in RAW, or build with --split 70,15,15"
        elif there == {"train", "test"}:
            ways = "build with --dev-from-train 0.2, or name a folder 'dev' in RAW"
        else:
            ways = "name them in RAW, as folders or in its list"
        yield Notice("empty_split", f"nothing is in {_and(empty)}: {ways}", len(empty))

    def _species(self) -> Iterator[Notice]:
        places: dict[str, set[str]] = {}
        for split, label, species in self.groups:
            if label == LABELS[1]:
                places.setdefault(species, set()).add(split)
        if len(set[str]().union(*places.values())) < 2:
            return
        alone = [f"{species} ({min(found)})" for species, found in sorted(places.items()) if len(found) == 1]
        if alone:
            yield Notice(
                "species_in_one_split",
                f"{len(alone)} attack species are in one split only: {_first(alone)}; error rates of dev and test do"
                " not compare where species differ",
                len(alone),
            )

    def _few(self) -> Iterator[Notice]:
        counts = self.subjects or {}
        few = [f"{split} ({counts[split]})" for split in SPLITS if 0 < counts.get(split, 0) < FEW_SUBJECTS]
        if few:
            yield Notice(
                "few_subjects",
                f"fewer than {FEW_SUBJECTS} subjects in {_first(few)}: figures of so few people say little",
                len(few),
            )


def coverage_of(sources: Iterable[Source]) -> Coverage:
    """What a number of sources covers."""
    groups: set[tuple[str, str, str]] = set()
    subjects: dict[str, set[tuple[str, str]]] = {}
    for source in sources:
        groups.add((source.split, source.label, source.pai))
        who = (source.dataset, source.subject) if source.subject else ("", f"/{source.path}")
        subjects.setdefault(source.split, set()).add(who)
    return Coverage(frozenset(groups), {split: len(found) for split, found in subjects.items()})


def further(notices: Iterable[Notice], others: Iterable[Notice]) -> tuple[Notice, ...]:
    """`notices`, and of `others` those of kinds that are not among them."""
    first = tuple(notices)
    kinds = {notice.kind for notice in first}
    return (*first, *(notice for notice in others if notice.kind not in kinds))


def _first(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)
