"""Which sources go into which shard: decided once, written down, extended but never changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specaug.catalog import Catalog
from specaug.errors import MediaError, PlanMismatchError
from specaug.extract.source_content import stamp_of
from specaug.parsing import parse_json
from specaug.pipeline.duplicates import drop_duplicates, unreadable
from specaug.pipeline.pseudonym import Key, key_of, opened, sealed
from specaug.pipeline.source_id import file_sample, folder_sample, inside_test
from specaug.records import (
    SPLITS,
    BuildConfig,
    Failure,
    ShardPlan,
    Source,
    Split,
    Versions,
    readable_path,
    settings_digest,
)
from specaug.shards import STATE, write_atomically

PLAN_VERSION = 2
"""2: with the setting `hdr`, for clips of schema version 2."""
OTHER_CONTENT = "other content now"


@dataclass(frozen=True)
class Plan:
    """Everything that one OUT will hold."""

    settings: dict[str, Any]
    """What decides the bytes that are written: :meth:`BuildConfig.content_settings` and the detector's version."""
    shards: tuple[ShardPlan, ...]
    skipped: int = 0
    """Files that the layout did not understand or that are no media."""
    versions: Versions = ()
    """What decides bytes, as the machine had it that planned; see :mod:`specaug.pipeline.versions`."""

    def __post_init__(self) -> None:
        digest, detector = settings_digest(self.settings), str(self.settings.get("detector_version", ""))
        shards = tuple(replace(shard, settings=digest, detector=detector) for shard in self.shards)
        object.__setattr__(self, "shards", shards)

    @property
    def sources(self) -> int:
        """Sources asked for, failed ones included."""
        return sum(len(shard.sources) + len(shard.known) for shard in self.shards)


def make_plan(catalog: Catalog, raw: Path, config: BuildConfig, *, settings: dict[str, Any]) -> Plan:
    """Plan the first build of an OUT.

    Parameters
    ----------
    catalog : Catalog
    raw : Path
    config : BuildConfig
    settings : dict
        See :attr:`Plan.settings`.

    Returns
    -------
    Plan
        Shards of whole sources of one split, sources sorted by id, so that neither the number of workers
        nor the order of a folder listing matters.
    """
    sources, known = identify(catalog, raw, follow_symlinks=config.follow_symlinks, key=key_of(config))
    kept, copies = drop_duplicates(sources, raw)
    shards = _shards(kept, known + copies, config.sources_per_shard, {})
    return Plan(settings, shards, skipped=len(catalog.skipped))


def extend_plan(plan: Plan, catalog: Catalog, raw: Path, config: BuildConfig) -> Plan:
    """Add what is new in RAW as further shards; what was planned before stays as it is.

    Only a file that was known to fail and can be read now leaves its shard, for one of the new ones.

    Raises
    ------
    PlanMismatchError
        A file that was planned has other content now, or another label, subject or split.
    """
    sources, known = identify(catalog, raw, follow_symlinks=config.follow_symlinks, key=key_of(config))
    old_sources = {source.path: source for shard in plan.shards for source in shard.sources}
    old_failures = [failure for shard in plan.shards for failure in shard.known]
    old_ids = {s.source_id for s in old_sources.values()} | {f.source_id for f in old_failures}
    _refuse_changes(old_sources, sources)
    fresh = [s for s in sources if s.source_id not in old_ids]
    unclear = {f.source_id for f in old_failures if f.reason == "conflict"}
    originals = [*_present(old_sources, raw), *(s for s in sources if s.source_id in unclear)]
    kept, copies = drop_duplicates(fresh, raw, originals=originals) if fresh else ([], [])
    failures = [f for f in known + copies if f.source_id not in old_ids]
    counts = {split: sum(shard.split == split for shard in plan.shards) for split in SPLITS}
    shards = _shards(kept, failures, config.sources_per_shard, counts)
    repaired = {readable_path(s.path) for s in (*kept, *fresh)} | {f.source_path for f in failures}
    disputed = {f.source_id: f for f in copies if f.reason == "conflict"}
    found = {source.path: source for source in sources}
    old_shards = tuple(_as_found(shard, repaired, disputed, found) for shard in plan.shards)
    return replace(plan, shards=old_shards + shards, skipped=len(catalog.skipped))


def _as_found(
    shard: ShardPlan, repaired: set[str], disputed: Mapping[str, Failure], found: Mapping[str, Source]
) -> ShardPlan:
    """A planned shard, without known failures that can be read now and without sources of which a new file has the
    content and another label or subject: those are failures from now on, and the shard is built again."""
    known = [f for f in shard.known if f.source_path not in repaired]
    lost = [disputed[s.source_id] for s in shard.sources if s.source_id in disputed]
    return replace(
        shard,
        sources=tuple(found.get(s.path, s) for s in shard.sources if s.source_id not in disputed),
        known=tuple(sorted([*known, *lost], key=lambda f: f.source_id) if lost else known),
    )


def _present(planned: Mapping[str, Source], raw: Path) -> list[Source]:
    """Planned sources that are still there: they are the originals, whatever their names sort to."""
    return [source for source in planned.values() if (raw / source.path).exists()]


def _refuse_changes(planned: Mapping[str, Source], now: Sequence[Source]) -> None:
    """Raise if a planned file is another file now, or means something else."""
    refuse_changed(
        [
            (readable_path(source.path), change)
            for source in now
            if source.path in planned and (change := _change(planned[source.path], source))
        ]
    )


def refuse_changed(changed: Sequence[tuple[str, str]]) -> None:
    """Raise if there are files (path, what is other about them) that are not what was planned.

    Raises
    ------
    PlanMismatchError
    """
    if changed:
        more = f" (and {len(changed) - 1} more files)" if len(changed) > 1 else ""
        # A label or split that changed is no matter of another attempt.
        repaired = any(change == OTHER_CONTENT for _, change in changed)
        way = (
            "Files that had failed and were repaired: 'specaug retry OUT'. Else build"
            if repaired
            else "Build"
        )
        raise PlanMismatchError(
            f"RAW changed since OUT was planned: {changed[0][0]!r} has {changed[0][1]}{more}. "
            f"{way} into a new folder, or with --overwrite."
        )


def _change(before: Source, now: Source) -> str:
    """What differs between a source as planned and as found, in words."""
    if before == now:
        return ""
    if before.source_id != now.source_id:
        return OTHER_CONTENT
    compared = [f.name for f in dataclasses.fields(Source) if f.compare]
    differs = [name for name in compared if getattr(before, name) != getattr(now, name)]
    return ", ".join(f"{name} {getattr(now, name)!r}, was {getattr(before, name)!r}" for name in differs)


def _shards(
    sources: Sequence[Source], failures: Sequence[Failure], per_shard: int | None, counts: dict[Split, int]
) -> tuple[ShardPlan, ...]:
    """Cut sorted sources into shards numbered from `counts` on, per split."""
    shards: list[ShardPlan] = []
    for split in SPLITS:
        mine = sorted((s for s in sources if s.split == split), key=lambda s: s.source_id)
        lost = tuple(sorted((f for f in failures if f.split == split), key=lambda f: f.source_id))
        size = per_shard or min(max(-(-len(mine) // 8), 4), 64)
        parts = [tuple(mine[i : i + size]) for i in range(0, len(mine), size)]
        if lost and not parts:
            parts = [()]
        first = counts.get(split, 0)
        total = first + len(parts)
        shards += [
            ShardPlan(f"{split}-{first + i:05d}-of-{total:05d}", split, part, lost if i == 0 else ())
            for i, part in enumerate(parts)
        ]
    return tuple(shards)


def identify(
    catalog: Catalog, raw: Path, *, follow_symlinks: bool, key: Key | None = None
) -> tuple[list[Source], list[Failure]]:
    """Give every source its id; what cannot be read is a failure already.

    An id is blake2b-128 of the relative path, the size and a sample of the content (start, middle, end),
    so it depends neither on where RAW lies nor on which other files are there. With a key, the hash is keyed.
    """
    is_inside = inside_test(raw)
    sources: list[Source] = []
    failures: list[Failure] = []
    for source in catalog.sources:
        problem: str | None = None
        content, stamp = b"", ""
        path = f"{raw}/{source.path}"
        try:
            if not (follow_symlinks or is_inside(source.path)) and os.path.exists(path):  # noqa: PTH110
                problem = "link leaves RAW (--follow-symlinks accepts it)"
            else:
                stamp = stamp_of(path, source.kind)  # first: what is written from now on makes it another
                content = folder_sample(Path(path)) if source.kind == "frames" else file_sample(path)
        except OSError as error:
            problem = error.strerror or str(error) or type(error).__name__
        except MediaError as error:
            problem = error.detail
        known = replace(source, source_id=_source_id(source.path, content, key), stamp=stamp)
        if problem is None:
            sources.append(known)
        else:
            failures.append(unreadable(known, problem))
    failures += [
        unreadable(replace(source, source_id=_source_id(source.path, b"", key)), reason)
        for source, reason in catalog.broken
    ]
    return sources, failures


def _source_id(path: str, content: bytes, key: Key | None) -> str:
    text = os.fsencode(path) + b"\0" + content
    if key is not None:  # else names could be told by trying, above all of files that cannot be read
        return key.digest("source", text).hex()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def load_plan(out: Path, key: Key | None = None) -> Plan | None:
    """The plan that OUT was made from, or None; of a pseudonymous OUT, names of files need its key.

    Raises
    ------
    PlanMismatchError
        The plan is of another version of specaug, or damaged.
    """
    file = out / STATE / "plan.json"
    if not file.exists():
        return None
    try:
        value = parse_json(file.read_text())
        if value["plan_version"] != PLAN_VERSION:
            raise PlanMismatchError(
                f"OUT: expected a plan of version {PLAN_VERSION}, got {value['plan_version']!r}: another version of "
                "specaug built it. Build into a new folder, or with --overwrite."
            )
        shards = tuple(
            ShardPlan(
                shard["name"],
                shard["split"],
                tuple(Source(**source) for source in shard["sources"]),
                tuple(Failure(**failure) for failure in shard["known"]),
            )
            for shard in value["shards"]
        )
        versions = tuple((str(name), str(version)) for name, version in value.get("versions", []))
        return Plan(value["settings"], opened(shards, key), value["skipped"], versions)
    except (ValueError, KeyError, TypeError) as error:
        raise PlanMismatchError(f"OUT: the plan cannot be read ({error}); build with --overwrite") from error


def save_plan(out: Path, plan: Plan, key: Key | None = None) -> None:
    """Write the plan down before any work: JSON, one key a line, records as they come, since it may be large.

    With a key, names of files are sealed.
    """
    plan = replace(plan, shards=sealed(plan.shards, key))

    def write(path: Path) -> None:
        with path.open("w", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in _plan_lines(plan))

    write_atomically(out / STATE / "plan.json", write, out=out)


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield f'{{\n"plan_version": {PLAN_VERSION},\n"settings": {json.dumps(plan.settings, sort_keys=True)},\n"shards": ['
    for number, shard in enumerate(plan.shards):
        yield '{\n"known": [' if not number else ',\n{\n"known": ['
        yield ",\n".join(map(_record_lines, shard.known))
        yield f'],\n"name": {json.dumps(shard.name)},\n"settings": {json.dumps(shard.settings)},\n"sources": ['
        yield ",\n".join(map(_record_lines, shard.sources))
        yield f'],\n"split": {json.dumps(shard.split)}\n}}'
    yield f'],\n"skipped": {plan.skipped},\n"versions": {json.dumps(plan.versions)}\n}}'


def _record_lines(record: Source | Failure) -> str:
    # Without an indent json encodes in C, ten times as fast; the separator makes the lines.
    values = {name: value for name, value in vars(record).items() if name != "stamp"}
    return "{\n" + json.dumps(values, sort_keys=True, separators=(",\n", ": "))[1:-1] + "\n}"


def check_settings(plan: Plan, settings: dict[str, Any]) -> None:
    """Raise if OUT was planned with other settings than these.

    Raises
    ------
    PlanMismatchError
        Names each setting that differs, with both values.
    """
    names: Iterable[str] = sorted({*plan.settings, *settings})
    differs = [
        f"{name}: OUT has {plan.settings.get(name)!r}, asked for {settings.get(name)!r}"
        for name in names
        if plan.settings.get(name) != settings.get(name)
    ]
    if differs:
        raise PlanMismatchError(
            f"OUT was planned with another configuration ({'; '.join(differs)}). "
            "Use the same settings, another folder, or --overwrite."
        )
