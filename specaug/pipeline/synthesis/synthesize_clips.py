"""Spoof-like clips made from the bona fide ones of a data set, as further shards beside the captured ones."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np

from specaug.augment.recipes.recipe import Recipe, as_recipe
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError, NothingToDoError, WorkerLostError
from specaug.pipeline.backends.local_pool import local_processes
from specaug.pipeline.finalization import finalize_locked, receipts_of
from specaug.pipeline.lock import Hold, hold
from specaug.pipeline.plan import Plan, load_plan
from specaug.pipeline.synthesis.donor_pairs import Clips, Donors, donor_shards, pairs_of_shard
from specaug.pipeline.synthesis.synthesis_plan import (
    SynthesisPlan,
    SynthesisRun,
    SyntheticShard,
    load_synthesis,
    new_run,
    save_synthesis,
    shard_name,
)
from specaug.pipeline.synthesis.synthetic_shard import Setting, make_shard
from specaug.pipeline.versions import process_versions, refuse_mix, with_detector
from specaug.records import SPLITS, Receipt, Split
from specaug.shards import (
    STATE,
    data_file,
    groups_of_file,
    other_receipts,
    read_keys,
    receipt_file,
    remove_file,
)
from specaug.shards.out_hint import out_hint
from specaug.storage import is_remote

Splits = Literal["train", "dev", "test", "all"]


@dataclass(frozen=True)
class SynthesisReport:
    """What a run made, earlier ones with the same settings included."""

    recipe: str
    clips: int
    shards: int
    done_before: int
    """Shards that were finished before."""
    table: tuple[tuple[str, str, str, int], ...] = ()
    """(split, label, pai, clips)."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by stage, summed over workers, of the shards that this run made."""


def synthesize(
    out: Path | str,
    recipe: Recipe | Path | str,
    *,
    per_clip: int = 1,
    split: Splits = "train",
    donors: Donors = "other",
    seed: int = 0,
    jobs: int | None = None,
    overwrite: bool = False,
    mix_versions: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SynthesisReport:
    """Add synthetic clips to a data set.

    What is made of which clip with which donor is decided first and written into ``OUT/.specaug``. Run again with the
    same settings, an interrupted run goes on, a finished one is a no-op, and captured shards that are new get
    theirs. Other settings add a further set of clips.

    Parameters
    ----------
    out : path
        A folder that ``specaug build-dataset`` made and finished.
    recipe : Recipe, str or path
        See :meth:`specaug.Recipe.find`.
    per_clip : int
        Synthetic clips for each bona fide one.
    split : {"train", "dev", "test", "all"}
        Clips stay in the split of their parents, and take donors from it. Evaluate on captured clips.
    donors : {"other", "same", "any"}
        Donors of other subjects, of the same one, or any.
    seed : int
    jobs : int, optional
        Worker processes; by default the usable cores.
    overwrite : bool
        Remove all synthetic clips of earlier runs first.
    mix_versions : bool
        Go on with a run that other versions of the packages have begun.
    progress : callable, optional
        Gets the clips that are made and all of them, after each shard.

    Returns
    -------
    SynthesisReport

    Raises
    ------
    ArgumentError
        `out` holds no data set, a setting is out of range, or a clip has no donor.
    NothingToDoError
        There is no bona fide clip in the split.
    PlanMismatchError
        The build of `out` is not finished, or other versions of the packages have begun this run.
    BuildLockedError
        A build holds `out`.
    """
    check_arguments(
        synthesize,
        out=out,
        per_clip=per_clip,
        split=split,
        donors=donors,
        seed=seed,
        jobs=jobs,
        overwrite=overwrite,
        mix_versions=mix_versions,
    )
    _check_limits(out, per_clip, seed)
    chosen = as_recipe(recipe)
    folder = Path(out)
    if load_plan(folder) is None:
        raise ArgumentError(
            f"out: expected a folder that build-dataset made, got {str(out)!r}; {out_hint(out)}"
        )
    with hold(folder) as held:
        _remove_temporary(folder)  # left by a run that was killed
        plan = load_plan(folder)  # again: a change may have been carried out just now
        assert plan is not None
        before = load_synthesis(folder) if not overwrite else SynthesisPlan()
        run = new_run(chosen, per_clip=per_clip, donors=donors, seed=seed)
        wanted = SPLITS if split == "all" else (split,)
        run = _planned(folder, plan, before.run(run.digest) or run, chosen, wanted)
        after = before.with_run(run)
        if after != before or overwrite:
            save_synthesis(folder, after)
        _remove_strays(folder, after)
        try:
            report = _make(folder, plan, run, chosen, wanted, jobs, held, progress, mix_versions=mix_versions)
        finally:
            _remove_temporary(folder)  # of workers that were stopped
        finalize_locked(folder, plan)
        return report


def _check_limits(out: Path | str, per_clip: int, seed: int) -> None:
    if is_remote(out):
        raise ArgumentError(f"out: expected a folder of this machine, got {str(out)!r}")
    if not 1 <= per_clip <= 1000:
        raise ArgumentError(f"per_clip: expected 1 to 1000, got {per_clip!r}")
    if seed < 0:
        raise ArgumentError(f"seed: expected 0 or more, got {seed!r}")


def _planned(
    out: Path, plan: Plan, run: SynthesisRun, recipe: Recipe, splits: Sequence[Split]
) -> SynthesisRun:
    """The run with a shard for every captured one of the splits that has bona fide clips, old ones as they were."""
    shards = {shard.captured: shard for shard in run.shards}
    asked = 0
    for split in splits:
        captured = [s for s in plan.shards if s.split == split]
        receipts = {r.shard: r for r in receipts_of(out, captured) if r.rows}
        fresh = [
            r
            for r in receipts.values()
            if r.shard not in shards or shards[r.shard].captured_sha256 != r.sha256
        ]
        asked += sum(n for r in receipts.values() for label, _, n in r.groups if label == "bonafide")
        clips = _clips_of(out, sorted(receipts)) if fresh else None
        for receipt in fresh:
            assert clips is not None
            made = _shard(receipt, run, recipe, clips)
            if made.pairs:
                shards[receipt.shard] = made
    if not asked:
        raise NothingToDoError(f"there are no bona fide clips in split {' or '.join(splits)}")
    return replace(run, shards=tuple(shards[name] for name in sorted(shards)))


def _shard(receipt: Receipt, run: SynthesisRun, recipe: Recipe, clips: Clips) -> SyntheticShard:
    pairs = pairs_of_shard(
        clips, receipt.shard, label=recipe.donor, donors=run.donors, per_clip=run.per_clip, seed=run.seed
    )
    return SyntheticShard(
        name=shard_name(receipt.shard, run),
        split=receipt.split,
        captured=receipt.shard,
        captured_sha256=receipt.sha256,
        donors=donor_shards(clips, pairs),
        pairs=pairs,
    )


def _clips_of(out: Path, shards: Sequence[str]) -> Clips:
    """Ids of all clips of some captured shards."""
    groups = [(name, group) for name in shards for group in groups_of_file(data_file(out, name))]
    names = np.repeat([name for name, _ in groups], [group.rows for _, group in groups])
    return Clips(read_keys([group for _, group in groups]), names)


def _remove_temporary(out: Path) -> None:
    shutil.rmtree(out / STATE / "tmp", ignore_errors=True)


def _remove_strays(out: Path, plan: SynthesisPlan) -> None:
    """Remove synthetic files that no run names: a run that was killed while it took older ones away leaves some."""
    named = {shard.name for shard in plan.shards()}
    receipts = {receipt_file(out, name, origin="synthetic") for name in named}
    data = {data_file(out, name, origin="synthetic") for name in named}
    # Receipts first: data without a receipt counts as not made, a receipt without its data as damage.
    for path in sorted((out / STATE / "done").glob("synthetic-*.json")):
        if path not in receipts:
            remove_file(path)
    for path in sorted((out / "data" / "synthetic").glob("*.parquet")):
        if path not in data:
            remove_file(path)


def _make(
    out: Path,
    plan: Plan,
    run: SynthesisRun,
    recipe: Recipe,
    splits: Sequence[Split],
    jobs: int | None,
    held: Hold,
    progress: Callable[[int, int], None] | None,
    *,
    mix_versions: bool,
) -> SynthesisReport:
    """Make what has no receipt yet."""
    mine = [shard for shard in run.shards if shard.split in splits]
    hashes = {shard.name: shard.hash for shard in mine}
    done = [r for r in other_receipts(out) if hashes.get(r.shard) == r.plan_hash]
    finished = {receipt.shard for receipt in done}
    setting = _setting(plan, recipe, run)
    pending = [shard for shard in mine if shard.name not in finished]
    if pending:
        here = with_detector(process_versions(), setting.detector)
        refuse_mix([receipt.versions for receipt in done], here, accept=mix_versions)
    total, receipts = sum(len(shard.pairs) for shard in mine), list(done)
    tell = progress or (lambda clips, all_: None)
    tell(sum(r.rows for r in receipts), total)
    seconds: Counter[str] = Counter()
    for receipt in _receipts(pending, setting, out, jobs):
        held.check()
        receipts.append(receipt)
        seconds.update(dict(receipt.seconds))
        tell(sum(r.rows for r in receipts), total)
    table: Counter[tuple[str, str, str]] = Counter()
    for receipt in receipts:
        for label, pai, clips in receipt.groups:
            table[receipt.split, label, pai] += clips
    rows = tuple((*key, n) for key, n in sorted(table.items()))
    return SynthesisReport(recipe.name, table.total(), len(mine), len(done), rows, dict(seconds))


def _setting(plan: Plan, recipe: Recipe, run: SynthesisRun) -> Setting:
    settings: dict[str, Any] = plan.settings
    return Setting(
        recipe,
        replace(run, shards=()),  # what every worker gets need not name all clips
        image_format=settings["image_format"],
        jpeg_quality=settings["jpeg_quality"],
        size=settings["size"],
        detector=settings["detector_version"],
    )


def _receipts(
    pending: Sequence[SyntheticShard], setting: Setting, out: Path, jobs: int | None
) -> Iterator[Receipt]:
    """Receipts as shards are made. Only records travel between processes, never pixels."""
    if not pending:
        return
    builder = os.getpid()
    workers = min(jobs or joblib.cpu_count(), len(pending))
    if workers == 1:
        yield from (make_shard(shard, setting, out, builder=builder) for shard in pending)
        return
    with local_processes(workers):
        pool = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    try:
        yield from pool(joblib.delayed(make_shard)(shard, setting, out, builder=builder) for shard in pending)
    except BrokenProcessPool as error:
        raise WorkerLostError(
            f"a worker was lost; run the same again, what is finished is kept ({error})"
        ) from error
