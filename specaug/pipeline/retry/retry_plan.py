"""Which sources are run again, as they are in RAW now, each in the shard that it was in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.catalog import Catalog
from specaug.errors import PlanMismatchError
from specaug.pipeline.duplicates import drop_duplicates
from specaug.pipeline.plan import Plan, identify
from specaug.pipeline.pseudonym import Key
from specaug.pipeline.retry.retry_shard import RetryPlan
from specaug.records import Failure, ShardPlan, Source, readable_path


@dataclass(frozen=True)
class _Found:
    """What is in RAW now, by readable path."""

    sources: Mapping[str, Source]
    problems: Mapping[str, Failure]
    """Why a file cannot be a source: unreadable, or the copy of another."""
    gone: frozenset[str] = frozenset()
    """What had failed before any work and is no longer in RAW."""


def replan(
    plan: Plan,
    picked: Mapping[str, int],
    raw: Path,
    known: Catalog | None,
    *,
    follow_symlinks: bool,
    key: Key | None = None,
) -> tuple[Plan, list[RetryPlan]]:
    """The plan after another look at the sources that failed.

    Parameters
    ----------
    plan : Plan
    picked : mapping of str to int
        Attempts so far by source_id, of the failures to run again.
    raw : Path
    known : Catalog or None
        A scan of RAW, where failures that were known before any work are among those picked.
    follow_symlinks : bool
    key : Key, optional
        Of a pseudonymous OUT.

    Returns
    -------
    plan : Plan
        A file with other content than planned has another id now. It stays in its shard, as does what could not be
        read at all and can be now.
    tasks : list of RetryPlan
        The shards that change.

    Raises
    ------
    PlanMismatchError
        A file belongs to another split now.
    """
    found = _look(plan, picked, raw, known, follow_symlinks=follow_symlinks, key=key)
    shards: list[ShardPlan] = []
    tasks: list[RetryPlan] = []
    for shard in plan.shards:
        task = _again(shard, picked, found)
        tasks += [task] if task is not None else []
        shards.append(shard if task is None else task.shard)
    return replace(plan, shards=tuple(shards)), tasks


def _look(
    plan: Plan,
    picked: Mapping[str, int],
    raw: Path,
    known: Catalog | None,
    *,
    follow_symlinks: bool,
    key: Key | None,
) -> _Found:
    """Identify what was picked, and compare what is new with everything that was planned."""
    planned = [source for shard in plan.shards for source in shard.sources]
    paths = {f.source_path for shard in plan.shards for f in shard.known if f.source_id in picked}
    wanted = [source for source in planned if source.source_id in picked]
    broken: list[tuple[Source, str]] = []
    if known is not None:
        wanted += [source for source in known.sources if readable_path(source.path) in paths]
        broken += [pair for pair in known.broken if readable_path(pair[0].path) in paths]
    wanted.sort(key=lambda source: source.path)
    now, problems = identify(
        Catalog("", tuple(wanted), (), tuple(broken)), raw, follow_symlinks=follow_symlinks, key=key
    )
    ids = {source.source_id for source in planned}
    fresh = [source for source in now if source.source_id not in ids]
    renewed = {source.path for source in fresh}
    originals = [s for s in planned if s.path not in renewed and (raw / s.path).exists()]
    kept, copies = drop_duplicates(fresh, raw, originals=originals)
    same = [source for source in now if source.source_id in ids]
    return _Found(
        {readable_path(source.path): source for source in (*same, *kept)},
        {failure.source_path: failure for failure in (*problems, *copies)},
        frozenset() if known is None else frozenset(paths - {readable_path(s.path) for s in _all(known)}),
    )


def _all(catalog: Catalog) -> Iterator[Source]:
    yield from catalog.sources
    yield from (source for source, _ in catalog.broken)


def _again(shard: ShardPlan, picked: Mapping[str, int], found: _Found) -> RetryPlan | None:
    """A shard with what was picked looked at anew; None if nothing was picked from it."""
    sources: list[Source] = []
    known: list[Failure] = []
    attempts: dict[str, int] = {}
    for source in shard.sources:
        path = readable_path(source.path)
        copy = found.problems.get(path)
        if copy is not None and copy.reason in ("duplicate", "conflict"):
            known.append(replace(copy, attempts=picked.get(source.source_id, 0) + 1))
        elif source.source_id not in picked:
            sources.append(source)
        else:  # what cannot be read is for the worker to say
            _take(found.sources.get(path, source), shard, sources, attempts, picked[source.source_id])
    for failure in shard.known:
        if failure.source_id not in picked:
            known.append(failure)
        elif failure.reason == "conflict" and failure.source_path in found.gone:
            continue  # somebody has decided, as the message asks for
        elif failure.source_path in found.sources and not _is_old_copy(failure, found):
            _take(found.sources[failure.source_path], shard, sources, attempts, failure.attempts)
        else:
            problem = found.problems.get(failure.source_path, failure)
            known.append(replace(problem, attempts=failure.attempts + 1))
    disputed = len(known) > len(shard.known)  # a file that was repaired has the content of one that has clips
    if not disputed and not picked.keys() & {
        *(s.source_id for s in shard.sources),
        *(f.source_id for f in shard.known),
    }:
        return None
    changed = replace(
        shard,
        sources=tuple(sorted(sources, key=lambda source: source.source_id)),
        known=tuple(sorted(known, key=lambda failure: failure.source_id)),
    )
    return RetryPlan(changed, tuple(sorted(attempts.items())))


def _take(
    source: Source, shard: ShardPlan, sources: list[Source], attempts: dict[str, int], tried: int
) -> None:
    if source.split != shard.split:
        raise PlanMismatchError(
            f"RAW changed since OUT was planned: {readable_path(source.path)!r} is in {source.split} now, it was "
            f"planned for {shard.split}. Build into a new folder, or with --overwrite."
        )
    sources.append(source)
    attempts[source.source_id] = tried


def _is_old_copy(failure: Failure, found: _Found) -> bool:
    """A duplicate whose content is what it was: the clips of its original stand for it, wherever that is now."""
    return failure.reason == "duplicate" and found.sources[failure.source_path].source_id == failure.source_id
