"""Judge a run on the test clips of a data set, at the thresholds of the dev clips it was chosen by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.metrics import PadReport, Scored, video_scores
from specaug.metrics import evaluate as error_rates
from specaug.metrics.evaluation import Unseen
from specaug.pipeline.plan import load_plan
from specaug.records import LABELS, Notice, Source, Split
from specaug.shards import failure_files, stream_columns, write_json
from specaug.shards.tables import write_columns
from specaug.training.run_folder import METRICS, Progress, read_progress, read_run
from specaug.training.run_record import dataset_digest
from specaug.training.scoring import Scores
from specaug.training.torch_setup import numerics
from specaug.training.train_overlap import Overlap, overlap_of, read_seen, shown_in
from specaug.training.trained_model import scorer_of

Level = Literal["video", "clip"]


@dataclass(frozen=True)
class RunReport:
    """What a run does on a test set."""

    report: PadReport
    level: Level
    notes: tuple[str, ...]
    """What has to be known beside the report's own notes."""
    overlap: Overlap = field(default_factory=Overlap)
    """What of the test set was seen in training or dev."""
    warnings: tuple[Notice, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nobody and nothing of the test set was seen in training or dev."""
        return not any(self.overlap.counts().values())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the level, the fields of the report with all notes, and what the figures are worth."""
        values = self.report.to_dict()
        return {
            "level": self.level,
            **values,
            "notes": [*values["notes"], *self.notes],
            "overlap": self.overlap.counts(),
            "valid": self.valid,
            "warnings": [notice.as_json() for notice in self.warnings],
        }

    def __str__(self) -> str:
        return "\n".join([str(self.report), *(f"note: {note}" for note in self.notes)])


def evaluate(
    run: Path | str,
    out: Path | str,
    *,
    cross: Path | str | None = None,
    level: Level = "video",
    unseen: Unseen | None = None,
    resamples: int = 1000,
) -> RunReport:
    """Score dev and test, and write ``scores/*.parquet`` and ``metrics.json`` into the run's folder.

    Parameters
    ----------
    run : path
        A folder that :func:`specaug.training.train` made.
    out : path
        The data set that it was trained on: its dev clips give the thresholds.
    cross : path, optional
        Another data set, whose test clips are judged in place of those of `out`.
    level : {"video", "clip"}
        A video's score is the mean of its clips' scores.
    unseen : {"raise", "allow"}, optional
        Whether species may be in only one of dev and test; allowed by default across data sets only.
    resamples : int
        For the intervals.

    Returns
    -------
    RunReport

    Raises
    ------
    ArgumentError
        No run, a data set without the splits, one class or a species missing.
    SpecaugError
        A checkpoint of another architecture, damaged files.
    """
    check_arguments(evaluate, run=run, out=out, cross=cross, level=level, unseen=unseen, resamples=resamples)
    run, out = Path(run), Path(out)
    config, data = read_run(run)
    progress, seen = read_progress(run), read_seen(run)
    other = None if cross is None else Path(cross)
    with numerics(config):
        score = scorer_of(run, config)
        dev, test = score(out, "dev"), score(other or out, "test")
    name = "" if other is None else f"{other.resolve().name}-"
    for split, scores in (("dev", dev), (f"{name}test", test)):
        write_scores(run / f"scores/{split}.parquet", scores, out=run)
    deciding = with_failures(dev, out, "dev", level=level)
    judged = with_failures(test, other or out, "test", level=level, prefix=name)
    report = error_rates(
        deciding,
        judged,
        unseen=unseen or ("raise" if other is None else "allow"),
        resamples=resamples,
    )
    notes = []
    if dataset_digest(out) != data.get("digest"):
        seen += shown_in(out, ("dev",))
        notes.append(
            f"the run was trained on other data than {out.name}, whose dev clips give the thresholds."
        )
    if other is not None:
        notes.append(f"cross-dataset: thresholds from dev of {out.name}, test from {other.name}.")
    notes += lost(other or out, "test")
    overlap = overlap_of(shown_in(other or out, ("test",)), seen)
    warnings = (*overlap.notices(), *_unfinished(run, progress), *unnamed(judged))
    # The report itself notes a set without any subject.
    noted = [w for w in warnings if w.kind != "no_subjects" or judged.subject is not None]
    notes += [f"{notice.detail}." for notice in noted]
    result = RunReport(report, level, tuple(notes), overlap, (*report.warnings, *warnings))
    figures = {**result.to_dict(), "thresholds_from": dataset_digest(out)}
    write_json(run / f"{name}{METRICS}", figures, out=run)
    return result


def _unfinished(run: Path, progress: Progress) -> Iterator[Notice]:
    """A warning of a run that has more to train."""
    if not progress.finished:
        left = progress.epochs - progress.epochs_done
        yield Notice(
            "unfinished_run",
            f"the run has trained {progress.epochs_done} of {progress.epochs} epochs: the figures are those of an"
            f" unfinished run; finish it with `specaug train OUT -o {run.name}`",
            left,
        )


def unnamed(test: Scored) -> Iterator[Notice]:
    """A warning of presentations that name no subject, which resampling takes as independent."""
    n = len(test.labels)
    unnamed = n if test.subject is None else int((test.subject == "").sum())
    if unnamed:
        yield Notice(
            "no_subjects",
            f"{unnamed} of {n} test presentations name no subject: each counts as a person of its own, so intervals"
            " may be too narrow; name subjects in RAW",
            unnamed,
        )


def write_scores(path: Path, scores: Scores, *, out: Path) -> None:
    """Scores per clip, with what each clip is."""
    columns = {**scores.columns, "label": scores.labels, "score": scores.scores}
    write_columns(path, columns, out=out)


def with_failures(scores: Scores, out: Path, split: Split, *, level: Level, prefix: str = "") -> Scored:
    """Scores as the metrics take them, with a row for each source in which no face was found.

    Subjects are named with their data set, so that equal names in two of them stay two people; without any name
    there are no subjects.

    Raises
    ------
    ArgumentError
        One class only, or scores that are not finite; the message names the split.
    """
    try:
        return _scored(scores, out, split, level=level, prefix=prefix)
    except ArgumentError as error:
        raise ArgumentError(f"{prefix}{split}: {error}") from None


def _scored(scores: Scores, out: Path, split: Split, *, level: Level, prefix: str) -> Scored:
    values, labels, columns = scores.scores, scores.labels, scores.columns
    if level == "video":
        values, first = video_scores(values, columns["source_id"])
        labels, columns = labels[first], {name: column[first] for name, column in columns.items()}
    missed = faceless(out, split)
    subjects = zip(columns["dataset"], columns["subject"], strict=True)
    names = [
        *(_subject(prefix, dataset, subject) for dataset, subject in subjects),
        *(_subject(prefix, source.dataset, source.subject or "") for source in missed),
    ]
    return Scored(
        scores=np.concatenate([values, np.full(len(missed), np.nan)]),
        labels=np.concatenate([labels, [LABELS.index(source.label) for source in missed]]).astype(np.int64),
        pai=np.concatenate([columns["pai"], np.array([s.pai for s in missed], dtype=np.str_)]),
        subject=np.array(names) if any(names) else None,
        acquired=np.repeat([True, False], [len(values), len(missed)]),
    )


def _subject(prefix: str, dataset: str, subject: str) -> str:
    """A name for one person; empty where nobody is known."""
    return f"{prefix}{dataset}/{subject}" if subject else ""


def faceless(out: Path, split: Split) -> list[Source]:
    """Sources of a split in which no usable face was found: failures to acquire."""
    ids = {source_id for source_id, stage in _failed(out, split) if stage in ("detect", "align")}
    plan = load_plan(out) if ids else None
    return [s for shard in plan.shards for s in shard.sources if s.source_id in ids] if plan else []


def lost(out: Path, split: Split) -> list[str]:
    """A note on sources that could not be read, which no rate counts."""
    n = sum(stage not in ("detect", "align") for _, stage in _failed(out, split))
    return (
        [f"{n} {split} sources could not be read and are in no rate: see the failures of {out.name}."]
        if n
        else []
    )


def _failed(out: Path, split: Split) -> list[tuple[str, str]]:
    """(source_id, stage) of whole sources that failed."""
    found = []
    for file in failure_files(out):
        for part in stream_columns(file, ("source_id", "split", "stage", "frame_index")):
            whole = np.array([value is None or value != value for value in part["frame_index"].tolist()])
            kept = whole & (part["split"] == split)
            found += list(zip(part["source_id"][kept].tolist(), part["stage"][kept].tolist(), strict=True))
    return found
