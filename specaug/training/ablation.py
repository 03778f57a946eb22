"""Train arms that differ in one thing with several seeds, and compare them on the same subjects."""

from __future__ import annotations

import dataclasses
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from specaug.augment import Recipe
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.metrics import Scored
from specaug.metrics.thresholds import eer_of
from specaug.records import Split
from specaug.shards import write_json, write_text
from specaug.shards.tables import read_columns
from specaug.training.arms import ARM_SETS, BASELINE, chosen_arms
from specaug.training.comparison import Ablation, Outcome, compare_arms
from specaug.training.curve_plots import draw_arms
from specaug.training.run_evaluation import evaluate, unnamed, with_failures
from specaug.training.run_folder import check_run
from specaug.training.run_record import data_record, run_record
from specaug.training.scoring import SCORE_COLUMNS, Scores, training_clips
from specaug.training.train_config import TrainConfig, scale_of
from specaug.training.train_overlap import overlap_of, shown_in
from specaug.training.train_run import train

_JUDGED: tuple[Split, Split] = ("dev", "test")


@dataclass(frozen=True)
class _Task:
    """One run; small and picklable."""

    out: Path
    run: Path
    arm: str
    config: TrainConfig


def ablate(
    out: Path | str,
    run: Path | str,
    *,
    arms: Sequence[str | Path | Recipe] | None = None,
    seeds: int = 3,
    scale: Literal["smoke", "cpu", "gpu"] = "cpu",
    config: TrainConfig | None = None,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Ablation:
    """Compare ways to train, each with the same seeds, on the same test subjects.

    Runs that are finished are not trained again, so an interrupted ablation goes on.

    Parameters
    ----------
    out : path
        A data set with train, dev and test.
    run : path
        Folder for all runs, ``ablation.json``, ``ablation.md`` and ``ablation.png``.
    arms : sequence of str, path or Recipe, optional
        Names of :data:`specaug.training.arms.ARMS`, or recipes, see :func:`specaug.training.arms.arm`; the baseline
        ``real`` is always there.
    seeds : int
        Runs of each arm.
    scale : {"smoke", "cpu", "gpu"}
        Settings of the runs, and which arms where none are named.
    config : TrainConfig, optional
        In place of the settings of the scale.
    jobs : int
        Runs at the same time, one thread each.
    progress : callable, optional
        Called with (what was done, runs done, runs in all).

    Returns
    -------
    Ablation

    Raises
    ------
    ArgumentError
        An unknown arm or scale, and as :func:`specaug.training.train`.
    PlanMismatchError
        A run in the folder is of other settings, another recipe, other data or other versions of packages.
    """
    check_arguments(ablate, out=out, run=run, seeds=seeds, scale=scale_of(scale), config=config, jobs=jobs)
    out, run = Path(out), Path(run)
    if seeds < 1 or jobs < 1:
        raise ArgumentError(f"seeds, jobs: expected at least 1, got {seeds!r}, {jobs!r}")
    base = config or TrainConfig.at_scale(scale)
    chosen = chosen_arms((BASELINE, *(arms or ARM_SETS[scale_of(scale)])))
    # As many clips, and so as many steps, for every arm, however many rows it learns from.
    base = dataclasses.replace(base, epoch_clips=base.epoch_clips or training_clips(out, base).n_clips())
    tasks = [
        _Task(
            out,
            run / name / f"seed-{seed}",
            name,
            dataclasses.replace(base, seed=seed, **chosen[name].changes),
        )
        for seed in range(seeds)
        for name in chosen
    ]
    data = data_record(out)
    for task in tasks:  # before hours of training, and not when its turn comes
        check_run(task.run, run_record(task.config, data), name=f"{task.arm}/seed-{task.config.seed}")
    for done, task in enumerate(_all_done(tasks, jobs), start=1):
        if progress:
            progress(f"{task.arm}, seed {task.config.seed}", done, len(tasks))
    outcomes = {
        name: [
            outcome_of(task.out, task.run)
            for task in sorted(tasks, key=lambda t: t.config.seed)
            if task.arm == name
        ]
        for name in chosen
    }
    overlap = overlap_of(shown_in(out, ("test",)), shown_in(out, ("train", "dev")))
    warnings = (*overlap.notices(), *unnamed(_scored(out, tasks[0].run, "test")))
    told = {name: one.description for name, one in chosen.items()}
    result = dataclasses.replace(compare_arms(outcomes, descriptions=told), warnings=warnings)
    about = run_record(base, data)
    write_json(run / "ablation.json", {**about, "seeds": seeds, **result.to_dict()}, out=run)
    write_text(run / "ablation.md", result.to_markdown(), out=run)
    draw_arms(result, run / "ablation.png", out=run)
    return result


def _all_done(tasks: Sequence[_Task], jobs: int) -> Iterator[_Task]:
    """Tasks as they are done."""
    if jobs == 1:
        yield from map(_do, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_do, task) for task in tasks]):
            yield future.result()


def _do(task: _Task) -> _Task:
    train(task.out, task.run, task.config)
    evaluate(task.run, task.out, resamples=100)
    return task


def outcome_of(out: Path, run: Path) -> Outcome:
    """Which test presentations of `out` a finished run gets wrong, at the threshold of its dev scores."""
    dev, test = (_scored(out, run, split) for split in _JUDGED)
    _, threshold = eer_of(dev, worst=False)
    accepted = test.scores < threshold
    kept = test.has_score
    wrong = np.where(test.labels == 1, accepted, ~accepted)
    assert test.pai is not None  # is always given
    # Presentations without a subject are people of their own.
    return Outcome(wrong[kept], test.pai[kept], test.units()[kept].astype(np.str_))


def _scored(out: Path, run: Path, split: Split) -> Scored:
    columns = read_columns(run / f"scores/{split}.parquet")
    scores = Scores(columns["score"], columns["label"], {name: columns[name] for name in SCORE_COLUMNS})
    return with_failures(scores, out, split, level="video")
