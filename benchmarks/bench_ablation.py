"""The CPU scale of the ablation on a simulated set, with its table.

    python benchmarks/bench_ablation.py FOLDER [-j N] [--subjects 12] [--seeds 3] [--scale cpu] [--into DIR]

FOLDER keeps the raw set, the shards and all runs; started again, it goes on. The time is that of the ablation alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from results import commit, machine, versions

from specaug import build_dataset
from specaug.demo_data import demo
from specaug.records import BuildConfig
from specaug.training import ablate

HERE = Path(__file__).parent / "ablation"
TABLE = "<!-- table -->"
PAGE = HERE.parents[1] / "docs/ablation.md"


def data_set(folder: Path, *, subjects: int, jobs: int) -> Path:
    """Shards of a simulated set, made once."""
    raw, out = folder / "raw", folder / "out"
    if not raw.is_dir():
        demo(raw, subjects=subjects, seed=0, jobs=jobs)
    build_dataset(raw, out, BuildConfig(jobs=jobs))
    return out


def write_tables(into: Path, about: dict[str, Any], table: str) -> None:
    """The table beside the figures, and in the documentation where the figures are those of this folder."""
    note = f"{about['demo_subjects']} simulated subjects, {about['machine']}, commit {about['commit']}."
    head = (HERE / "README.md").read_text().split(TABLE)[0].rstrip()
    (into / "README.md").write_text(
        f"{head}\n\n{TABLE}\n\n{note}\n\n![ACER of each arm](result.png)\n\n{table}"
    )
    if into == HERE:
        head = PAGE.read_text().split(TABLE)[0].rstrip()
        PAGE.write_text(f"{head}\n\n{TABLE}\n\n{note}\n\n{table}")


def tell(what: str, done: int, total: int) -> None:
    """Progress on stderr."""
    sys.stderr.write(f"{done}/{total} runs: {what}\n")


def main() -> None:
    """Run, and write results beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--subjects", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scale", default="cpu")
    parser.add_argument("--into", type=Path, default=HERE, help="where results are written")
    given = parser.parse_args()
    out = data_set(given.folder, subjects=given.subjects, jobs=given.jobs)
    fresh = not (given.folder / "runs").exists()
    start = time.perf_counter()
    result = ablate(
        out, given.folder / "runs", seeds=given.seeds, scale=given.scale, jobs=given.jobs, progress=tell
    )
    seconds = time.perf_counter() - start if fresh else None
    figures = json.loads((given.folder / "runs/ablation.json").read_text())
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions("torch", "numpy", "opencv-python"),
        "seconds": seconds,
        "jobs": given.jobs,
        "demo_subjects": given.subjects,
    }
    (given.into / "result.json").write_text(json.dumps({**about, **figures}, indent=1, sort_keys=True) + "\n")
    shutil.copy(given.folder / "runs/ablation.png", given.into / "result.png")
    write_tables(given.into, about, result.to_markdown())
    sys.stdout.write(f"{result}\n")


if __name__ == "__main__":
    main()
