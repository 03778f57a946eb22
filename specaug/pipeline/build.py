"""The whole way: scan, plan, shards in parallel, sums."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specaug.catalog import Catalog
from specaug.catalog.tree import is_folder
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.faces import detector_version
from specaug.pipeline.backends.dispatch import build_shards
from specaug.pipeline.changed_content import note_stamps, refuse_other_contents
from specaug.pipeline.conflicts import conflict_notices
from specaug.pipeline.finalization import finalize_locked, report_of
from specaug.pipeline.lock import Hold, hold
from specaug.pipeline.notices import keep_skipped, with_notices
from specaug.pipeline.plan import Plan, check_settings, extend_plan, load_plan, make_plan, save_plan
from specaug.pipeline.pseudonym import key_of
from specaug.pipeline.raw_location import remember_raw
from specaug.pipeline.remote.local_copies import LocalOut, check_ends, local_out, local_raw, open_read_only
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.scanning import scan_with
from specaug.pipeline.versions import process_versions, refuse_mix, with_detector
from specaug.records import BuildConfig, BuildReport, Receipt, ShardPlan
from specaug.shards import SKIPPED, STATE, clear_staging, out_errors, read_receipt
from specaug.storage import is_remote

OWNED = (
    *("data", "failures", STATE, SKIPPED),
    *("README.md", "dataset_info.json", "croissant.json", "manifest.jsonl"),
)
"""What a build writes into OUT, and all that --overwrite removes."""


@dataclass(frozen=True)
class Progress:
    """How far a build is; given to the callback after every shard."""

    sources: int
    """Sources asked for in this run."""
    done: int
    """Sources finished, by this run or an earlier one."""
    done_before: int
    """Those that an earlier run had finished."""
    clips: int
    failures: int


def build_dataset(
    raw: Path | str,
    out: Path | str,
    config: BuildConfig | None = None,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> BuildReport:
    """Turn raw PAD media into Parquet shards.

    An interrupted build goes on where it stopped, a finished one is a no-op, and files that are new in
    RAW become further shards.

    Parameters
    ----------
    raw : path or address
        Folder of photos and videos; never written to. Or a place in an object store, such as
        ``s3://bucket/raw``; media are fetched one by one.
    out : path or address
        Folder for the data set; new, empty, or made by an earlier build. Or a place in an object store; shards are
        stored as they are finished.
    config : BuildConfig, optional
    overwrite : bool
        Remove what an earlier build wrote into `out` and start again.
    dry_run : bool
        Write nothing; the report tells what would be planned: sources, shards, sources that are known to fail.
    progress : callable, optional
        Gets a :class:`Progress` after each shard.

    Returns
    -------
    BuildReport

    Raises
    ------
    ArgumentError
        `raw` or `out` cannot be used, or an option does not fit.
    CatalogError, NothingToDoError
        `raw` holds nothing that the layout understands. `out` is not touched.
    PlanMismatchError
        `out` was planned with another configuration, or `raw` changed.
    BuildLockedError
        Another build holds `out`.
    NoSpaceError
        The disk is full; finished shards are kept.
    """
    check_arguments(build_dataset, raw=raw, out=out, config=config, overwrite=overwrite, dry_run=dry_run)
    config = config or BuildConfig()
    if dry_run:
        return plan_only(raw, out, config, overwrite=overwrite)
    if config.part and overwrite:
        raise ArgumentError("overwrite: expected a whole build, got one part of several; remove OUT first")
    check_ends(raw, out)
    _check_synthesis(out, config)
    with local_raw(raw) as source:
        _check_raw(source.path)
        if not is_remote(out):
            _check_out(source.path, Path(out))
        settings = settings_of(config)
        catalog = scan_with(source.path, config)
        catalog = replace(catalog, skipped=catalog.skipped + source.skipped)
        with local_out(out, part=config.part, overwrite=overwrite) as target:
            report = _build(catalog, source, target, config, settings, overwrite, progress)
    return _with_synthetic(report, Path(out), config) if config.synthesize else report


def _with_synthetic(report: BuildReport, out: Path, config: BuildConfig) -> BuildReport:
    """Add synthetic clips to a finished build, as the setting asks for."""
    from specaug.pipeline.synthesis.synthesize_clips import synthesize

    assert config.synthesize is not None
    made = synthesize(
        out, config.synthesize, seed=config.seed, jobs=config.jobs, mix_versions=config.mix_versions
    )
    note = f"{made.clips} synthetic clips by recipe {made.recipe} in {out / 'data' / 'synthetic'}."
    return replace(report, notes=(*report.notes, note))


def _check_synthesis(out: Path | str, config: BuildConfig) -> None:
    """Refuse before any work what would be refused at the end."""
    if config.synthesize is None:
        return
    if config.part:
        raise ArgumentError(
            "synthesize: expected a whole build, got one part of several; synthesize after finalize"
        )
    if is_remote(out):
        raise ArgumentError(f"synthesize: expected OUT on this machine, got {str(out)!r}")
    from specaug.augment.recipes.recipe import Recipe  # most builds need none of the operations

    Recipe.find(config.synthesize)


def _build(
    catalog: Catalog,
    raw: LocalRaw,
    target: LocalOut,
    config: BuildConfig,
    settings: dict[str, Any],
    overwrite: bool,
    progress: Callable[[Progress], None] | None,
) -> BuildReport:
    """Plan, shards and sums of what was scanned."""
    out, part = target.path, config.part
    with hold(out, part=part) as held:
        if overwrite:
            with out_errors(out):
                _clear(out)
        if not part:
            shutil.rmtree(out / STATE / "tmp", ignore_errors=True)  # left by a run that was killed
            clear_staging(out)
        key = key_of(config)
        planned = load_plan(out, key)

        def note(seen: Mapping[str, str]) -> None:
            note_stamps(out, seen, part=part)
            target.plan_saved()

        plan, mine, before = _checked_plan(planned, raw, out, config, catalog, settings, note=note)
        if plan != planned:
            save_plan(out, plan, key)
        if keep_skipped(out, catalog.skipped, key) or plan != planned:
            target.plan_saved()
        if raw.address is None:
            remember_raw(out, raw.path)
        try:
            _run(mine, before, config, raw, target, held, progress)
        finally:
            if not part:
                shutil.rmtree(out / STATE / "tmp", ignore_errors=True)  # of workers that were stopped
        if part:
            report = report_of(plan, out, mine, done_before=before)
        else:
            report = finalize_locked(out, plan, done_before=before)
            target.sums_written()
        return replace(
            with_notices(report, plan, catalog.skipped, catalog=catalog, whole=not part), notes=catalog.notes
        )


def _checked_plan(
    planned: Plan | None,
    raw: LocalRaw,
    out: Path,
    config: BuildConfig,
    catalog: Catalog,
    settings: dict[str, Any],
    *,
    note: Callable[[Mapping[str, str]], None] | None = None,
) -> tuple[Plan, tuple[ShardPlan, ...], dict[str, Receipt]]:
    """The plan, the shards of this build, and receipts of those that are finished.

    Writes nothing, but for what `note` does with stamps of files that were read again.

    Raises
    ------
    PlanMismatchError
        What is there was built from other files, with other settings or by other versions.
    """
    plan = _next_plan(planned, raw.path, config, catalog, settings)
    mine = plan.shards[config.shard_index :: config.shard_count]
    before = {s.name: r for s in mine if (r := read_receipt(out, s)) is not None}
    plan = _with_versions(plan, before, mine, config)
    refuse_other_contents(mine, before, raw, out, key_of(config), note=note)
    return plan, mine, before


def _with_versions(
    plan: Plan, before: Mapping[str, Receipt], mine: Sequence[ShardPlan], config: BuildConfig
) -> Plan:
    """The plan with the versions that its shards are built with.

    Raises
    ------
    PlanMismatchError
        There is something left to build, and what is there was built by others.
    """
    here = with_detector(process_versions(), plan.settings["detector_version"])
    if not plan.versions or not (before or config.part):
        return replace(plan, versions=here)  # nothing is there yet; parts may be at work elsewhere
    if len(before) < len(mine):
        earlier = [plan.versions, *(receipt.versions for receipt in before.values())]
        refuse_mix(earlier, here, accept=config.mix_versions)
    return plan


def settings_of(config: BuildConfig) -> dict[str, Any]:
    """What decides the bytes that a build writes: see :attr:`specaug.pipeline.plan.Plan.settings`."""
    key = key_of(config)
    pseudonyms = {} if key is None else {"pseudonymize": key.fingerprint}
    detector = detector_version(config.detector, model=config.model)
    return {**config.content_settings(), "detector_version": detector, **pseudonyms}


def _check_raw(raw: Path) -> None:
    """RAW is a readable folder."""
    if not is_folder(raw):
        raise ArgumentError(f"raw: expected an existing folder, got {str(raw)!r}")
    if not os.access(raw, os.R_OK | os.X_OK):
        raise ArgumentError(f"raw: expected a readable folder, got {str(raw)!r}")


def _check_out(raw: Path, out: Path) -> None:
    """OUT is usable, and neither it nor RAW lies in the other."""
    inside, target = raw.resolve(), out.resolve()
    if inside == target:
        raise ArgumentError(f"out: expected another folder than RAW, got {str(out)!r}")
    if target.is_relative_to(inside) or inside.is_relative_to(target):
        raise ArgumentError(f"out: expected a folder beside RAW, got {str(out)!r}, one within the other")
    if out.exists() and not out.is_dir():
        raise ArgumentError(f"out: expected a folder, got the file {str(out)!r}")
    if out.is_dir() and not (out / STATE).is_dir() and any(out.iterdir()):
        raise ArgumentError(
            f"out: expected a new, empty or earlier built folder, got {str(out)!r} with other files"
        )


def _clear(out: Path) -> None:
    """Remove what a build wrote, but for the lock that is held, and nothing else."""
    for name in OWNED:
        path = out / name
        if path.is_dir() and not path.is_symlink():
            for entry in path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif not (name == STATE and entry.name == "lock"):
                    entry.unlink()
        else:
            path.unlink(missing_ok=True)


def _next_plan(
    planned: Plan | None, raw: Path, config: BuildConfig, catalog: Catalog, settings: dict[str, Any]
) -> Plan:
    """The plan of OUT, made, confirmed or extended."""
    if planned is None:
        return make_plan(catalog, raw, config, settings=settings)
    check_settings(planned, settings)
    return extend_plan(planned, _without_others(catalog, planned, config), raw, config)


def _without_others(catalog: Catalog, planned: Plan, config: BuildConfig) -> Catalog:
    """For one part of several, the catalog without what other parts were given: each checks its own files, and
    all take notice of new ones. Else a hundred parts would open every file a hundred times."""
    if not config.part:
        return catalog
    apart = [s for k, s in enumerate(planned.shards) if k % config.shard_count != config.shard_index]
    paths = {source.path for shard in apart for source in shard.sources}
    return replace(catalog, sources=tuple(s for s in catalog.sources if s.path not in paths))


def _run(
    shards: tuple[ShardPlan, ...],
    before: dict[str, Receipt],
    config: BuildConfig,
    raw: LocalRaw,
    target: LocalOut,
    held: Hold,
    progress: Callable[[Progress], None] | None,
) -> None:
    """Build what has no receipt yet."""
    pending = [shard for shard in shards if shard.name not in before]
    total = sum(len(s.sources) + len(s.known) for s in shards)
    state = Progress(total, 0, 0, 0, 0)
    for receipt in before.values():
        state = _with_receipt(state, receipt)
    state = replace(state, done_before=state.done)
    tell = progress or (lambda state: None)
    tell(state)
    with closing(build_shards(pending, config, raw, target.path)) as finished:
        for receipt in finished:
            held.check()
            target.shard_finished(receipt)
            state = _with_receipt(state, receipt)
            tell(state)


def _with_receipt(state: Progress, receipt: Receipt) -> Progress:
    return replace(
        state,
        done=state.done + receipt.sources,
        clips=state.clips + receipt.rows,
        failures=state.failures + sum(n for _, n in receipt.reasons),
    )


def plan_only(
    raw: Path | str, out: Path | str, config: BuildConfig | None = None, *, overwrite: bool = False
) -> BuildReport:
    """What :func:`build_dataset` would plan, without writing anything: sources, shards, known failures.

    Raises
    ------
    ArgumentError, CatalogError, NothingToDoError, PlanMismatchError
        As :func:`build_dataset` would.
    """
    config = config or BuildConfig()
    check_ends(raw, out)
    with local_raw(raw) as source, open_read_only(out) as seen:
        _check_raw(source.path)
        if not is_remote(out):
            _check_out(source.path, seen.path)
        settings = settings_of(config)
        catalog = scan_with(source.path, config)
        catalog = replace(catalog, skipped=catalog.skipped + source.skipped)
        if overwrite:
            plan = make_plan(catalog, source.path, config, settings=settings)
        else:
            planned = load_plan(seen.path, key_of(config))
            plan, *_ = _checked_plan(planned, source, seen.path, config, catalog, settings)
    reasons = Counter(failure.reason for shard in plan.shards for failure in shard.known)
    report = BuildReport(
        sources=plan.sources,
        clips=0,
        failures=reasons.total(),
        by_reason=dict(sorted(reasons.items())),
        shards=len(plan.shards),
        skipped=plan.skipped,
        notes=catalog.notes,
        warnings=conflict_notices(plan.shards),
    )
    return with_notices(report, plan, catalog.skipped, catalog=catalog, whole=False)
