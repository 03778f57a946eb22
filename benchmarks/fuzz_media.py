"""Thousands of damaged photos and videos through real builds: each must be a row or a typed failure.

    python benchmarks/fuzz_media.py [--mutants 6000] [--batch 500] [--seed 0] [--keep FOLDER] [--only mp4-h264 ...]

Every border of every container unit is cut and every length field bent; random damage fills up to the number asked
for. Boxes are given, so that the time goes into reading. Checked for every batch: sources = with clips + failures and
each file in exactly one of them, no reason ``internal``, ``timeout``, ``native_crash`` or ``out_of_memory``, stages and
reasons of the schema, no path in a detail, ``verify`` finds nothing, the same bytes from one worker as from two; and
for a file that was only cut, or whose checksums cover the damage, that each crop equals one of the intact file:
nothing patched up.
Files that break a rule are kept in FOLDER. Ends with 1 if there are any.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq

os.environ.setdefault("SVT_LOG", "0")

from media_mutants import MUTATIONS, Mutant, mutate, systematic
from media_seeds import BOXES, FRAMES, Seed, make_seeds
from results import save

from specaug.pipeline import build_dataset
from specaug.records import BuildConfig, Reason, Stage
from specaug.shards import sha256, verify

ALARMING = ("internal", "timeout", "native_crash", "out_of_memory")
"""Reasons that no damaged file should end with: the first a defect of ours, the others of a decoder."""
CONFIG = BuildConfig(detector="sidecar", frames=2, size=32, min_face=16, timeout=60, jobs=2)
PACKAGES = ("av", "pillow", "opencv-python", "numpy", "pyarrow")


@dataclass
class Tally:
    """What became of the mutants."""

    outcomes: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    """By seed, mutation and outcome: ``clips`` or ``stage/reason``."""
    findings: list[str] = field(default_factory=list)
    exact_clips: int = 0
    """Clips whose crops had to be, and were, those of the intact file."""
    seconds: float = 0.0

    def add(self, mutant: Mutant, outcome: str) -> None:
        """Count one."""
        by_mutation = self.outcomes.setdefault(mutant.seed, {})
        by_mutation.setdefault(mutant.mutation, Counter())[outcome] += 1


def mutants(seeds: Sequence[Seed], count: int, *, rng: np.random.Generator) -> Iterator[Mutant]:
    """`count` different damaged files: the systematic ones in random order, then random ones in turn."""
    seen = {hashlib.sha256(seed.data).digest() for seed in seeds}
    listed = [mutant for seed in seeds for mutant in systematic(seed)]
    kinds = [(seed, kind) for seed in seeds for kind in MUTATIONS]
    turn = 0
    while count:
        if listed:
            mutant = listed.pop(int(rng.integers(len(listed))))
        else:
            seed, kind = kinds[turn % len(kinds)]
            mutant = mutate(seed, kind, seeds, rng=rng)
            turn += 1
        digest = hashlib.sha256(mutant.data).digest()
        if digest not in seen:  # equal files would be duplicates of each other
            seen.add(digest)
            count -= 1
            yield mutant


def write_raw(raw: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """A raw folder with an explicit list, one file of boxes for all."""
    raw.mkdir(parents=True)
    (raw / "boxes.face").write_text(BOXES)
    with (raw / "sources.csv").open("w", newline="") as listing:
        rows = csv.writer(listing)
        rows.writerow(["path", "label", "boxes"])
        for name, data in files:
            (raw / name).write_bytes(data)
            rows.writerow([name, "bonafide", "boxes.face"])


def crops_of(seeds: Sequence[Seed], root: Path) -> dict[str, set[bytes]]:
    """Every crop of every intact seed, as encoded; all of them must become clips."""
    write_raw(root / "intact", [(f"{seed.name}.{seed.suffix}", seed.data) for seed in seeds])
    build_dataset(root / "intact", root / "intact-out", _with(frames=4 * FRAMES))
    found = {row["source_path"].rpartition(".")[0]: crops for row, crops in _rows(root / "intact-out")}
    lost = {seed.name for seed in seeds} - found.keys()
    if lost:
        raise SystemExit(f"intact seeds that give no clip: {sorted(lost)}")
    return found


def _with(**changes: int) -> BuildConfig:
    return BuildConfig(**{**CONFIG.__dict__, **changes})


def _rows(out: Path) -> Iterator[tuple[dict[str, str], set[bytes]]]:
    """Rows and their encoded crops."""
    for path in sorted((out / "data").rglob("*.parquet")):
        for row in pq.read_table(path, columns=["source_path", "frames"]).to_pylist():
            yield row, {frame["bytes"] for frame in row["frames"]}


def run_batch(batch: Sequence[Mutant], root: Path, intact: dict[str, set[bytes]], tally: Tally) -> list[int]:
    """Build one batch twice, check all promises, count outcomes; the numbers of mutants with a finding."""
    names = {f"{number:05d}.{mutant.suffix}": number for number, mutant in enumerate(batch)}
    write_raw(root / "raw", [(name, batch[number].data) for name, number in names.items()])
    start = time.perf_counter()
    report = build_dataset(root / "raw", root / "out", CONFIG)
    tally.seconds += time.perf_counter() - start
    build_dataset(root / "raw", root / "again", _with(jobs=1))
    bad: list[int] = []

    def note(number: int | None, text: str) -> None:
        mutant = None if number is None else batch[number]
        where = "" if mutant is None else f"{mutant.seed} {mutant.mutation} .{mutant.suffix}: "
        tally.findings.append(where + text)
        if number is not None:
            bad.append(number)

    _compare(root, names, note)
    for row, crops in _rows(root / "out"):
        number = names[row["source_path"]]
        tally.add(batch[number], "clips")
        if batch[number].exact:
            tally.exact_clips += 1
            if not crops <= intact[batch[number].seed]:
                note(number, "a crop that the intact file does not hold")
    failed = _check_failures(root / "out", batch, names, tally, note)
    counted = Counter([*(names[row["source_path"]] for row, _ in _rows(root / "out")), *failed])
    if sorted(counted) != list(range(len(batch))) or set(counted.values()) != {1}:
        note(None, "a file is not exactly once a row or a failure")
    if report.sources != len(batch) or report.sources != report.clips + report.failures:
        note(None, f"the sum does not hold: {report}")
    if not (checked := verify(root / "out")).ok:
        note(None, f"verify: {checked.problems}")
    return bad


def _check_failures(
    out: Path, batch: Sequence[Mutant], names: dict[str, int], tally: Tally, note
) -> list[int]:  # type: ignore[no-untyped-def]
    """Count failures, look at their words; the numbers of the failed mutants."""
    failed: list[int] = []
    for path in sorted((out / "failures").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            number = names[row["source_path"]]
            failed.append(number)
            what = f"{row['stage']}/{row['reason']}"
            tally.add(batch[number], what)
            if row["stage"] not in get_args(Stage) or row["reason"] not in get_args(Reason):
                note(number, f"not in the schema: {what}")
            if row["reason"] in ALARMING:
                note(number, f"{what}: {row['detail']}")
            if str(out.parent) in row["detail"] or "\n" in row["detail"] or not row["detail"]:
                note(number, f"words of a failure: {row['detail']!r}")
    return failed


def _compare(root: Path, names: dict[str, int], note) -> None:  # type: ignore[no-untyped-def]
    """The same files from one worker as from two; if not, whose rows differ."""
    first, again = root / "out", root / "again"
    files = sorted(path.relative_to(first) for path in first.rglob("*.parquet"))
    if files != sorted(path.relative_to(again) for path in again.rglob("*.parquet")):
        note(None, "other files from one worker than from two")
        return
    for file in files:
        if sha256(first / file) == sha256(again / file):
            continue
        rows = [pq.read_table(folder / file).to_pylist() for folder in (first, again)]
        by_path = [{row["source_path"]: row for row in listed} for listed in rows]
        for path in by_path[0].keys() | by_path[1].keys():
            if by_path[0].get(path) != by_path[1].get(path):
                note(names[path], "another outcome in a second build")


def main() -> None:
    """Fuzz, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that break a rule")
    parser.add_argument("--only", nargs="*", default=(), help="names of seeds")
    arguments = parser.parse_args()
    rng, tally = np.random.default_rng(arguments.seed), Tally()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        seeds = make_seeds(root, only=arguments.only)
        intact = crops_of(seeds, root)
        waiting = mutants(seeds, arguments.mutants, rng=rng)
        number = 0
        while batch := [mutant for _, mutant in zip(range(arguments.batch), waiting, strict=False)]:
            number += 1
            for bad in run_batch(batch, root / str(number), intact, tally):
                _keep(arguments.keep, batch[bad], f"{number:03d}-{bad:05d}")
            sys.stderr.write(f"{number * arguments.batch} mutants, {len(tally.findings)} findings\n")
    save("fuzz_media", figures(tally, seeds, arguments.seed), *PACKAGES)
    sys.exit(bool(tally.findings))


def _keep(folder: Path | None, mutant: Mutant, name: str) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{mutant.seed}-{mutant.mutation}.{mutant.suffix}").write_bytes(mutant.data)


def figures(tally: Tally, seeds: Sequence[Seed], seed: int) -> dict[str, object]:
    """What goes into the result."""
    total: Counter[str] = Counter()
    for by_mutation in tally.outcomes.values():
        for outcomes in by_mutation.values():
            total.update(outcomes)
    return {
        "seed": seed,
        "formats": len(seeds),
        "mutants": total.total(),
        "mutants_a_second_j2": total.total() / tally.seconds,
        "clips_compared_with_the_intact_file": tally.exact_clips,
        "outcomes": dict(total.most_common()),
        "findings": tally.findings,
        "by_format_and_mutation": {
            name: {kind: dict(sorted(outcomes.items())) for kind, outcomes in sorted(by_mutation.items())}
            for name, by_mutation in sorted(tally.outcomes.items())
        },
    }


if __name__ == "__main__":
    main()
