"""Scan, plan and sums over very many sources, each step in a process of its own: seconds and memory.

    python benchmarks/scale_plan.py FOLDER SOURCES     (bench_scale.py calls it)

RAW holds real files with content of their own, but of a few bytes: nothing here decodes them. Receipts are written as
workers write them, but for the sync to the disk; data files are sparse ones of the right size.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specaug.catalog import scan
from specaug.pipeline.finalization import finalize
from specaug.pipeline.plan import Plan, extend_plan, load_plan, make_plan, save_plan
from specaug.records import BuildConfig, Receipt
from specaug.shards import data_file
from specaug.shards.state import receipt_file

PER_SUBJECT = 100
CONFIG = BuildConfig()


def make_raw(raw: Path, count: int) -> None:
    """`count` files of unlike content, a hundred a subject."""
    for number in range(count):
        subject, index = divmod(number, PER_SUBJECT)
        folder = raw / ("live" if subject % 2 else "attack/print") / f"s{subject:05d}"
        if not index:
            folder.mkdir(parents=True)
        (folder / f"{index}.mp4").write_bytes(number.to_bytes(8))


def write_receipts(out: Path, plan: Plan) -> None:
    """A receipt and a data file for every shard."""
    (out / "data/captured").mkdir(parents=True)
    (out / ".specaug/done").mkdir(parents=True)
    for shard in plan.shards:
        clips = len(shard.sources)
        receipt = Receipt(
            shard=shard.name,
            plan_hash=shard.hash,
            split=shard.split,
            rows=clips,
            bytes=1000,
            sha256="0" * 64,
            failures=0,
            failures_sha256="",
            sources=clips,
            with_clips=clips,
            groups=(("bonafide", "none", clips),),
        )
        receipt_file(out, shard.name).write_text(json.dumps(dataclasses.asdict(receipt), indent=1))
        with data_file(out, shard.name).open("wb") as file:
            file.truncate(1000)


def steps(raw: Path, out: Path) -> dict[str, tuple[Callable[[], Any], Callable[[Any], object]]]:
    """Name to (what it needs first, what is timed)."""

    def planned(_: object = None) -> Plan:
        plan = load_plan(out)
        if plan is None:
            raise SystemExit("no plan")
        return plan

    return {
        "scan": (lambda: None, lambda _: scan(raw)),
        "plan": (
            lambda: scan(raw),
            lambda catalog: save_plan(
                out, make_plan(catalog, raw, CONFIG, settings=CONFIG.content_settings())
            ),
        ),
        "load": (lambda: None, planned),
        "extend": (
            lambda: (planned(), scan(raw)),
            lambda both: extend_plan(both[0], both[1], raw, CONFIG),
        ),
        "finalize": (lambda: None, lambda _: finalize(out)),
    }


def measure(raw: Path, out: Path, step: str) -> dict[str, float]:
    """Seconds of one step, and the largest resident size of the process that did it, MiB."""
    code = f"import scale_plan; scale_plan.run_step({str(raw)!r}, {str(out)!r}, {step!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def run_step(raw: str, out: str, step: str) -> None:
    """Do it here and print the figures."""
    prepare, timed = steps(Path(raw), Path(out))[step]
    given = prepare()
    start, cpu = time.perf_counter(), time.process_time()
    timed(given)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}))


def measure_all(root: Path, count: int) -> dict[str, Any]:
    """Every step over `count` sources, made below `root` and removed again."""
    raw, out = root / "raw", root / "out"
    make_raw(raw, count)
    figures: dict[str, Any] = {step: measure(raw, out, step) for step in ("scan", "plan", "load", "extend")}
    plan = load_plan(out)
    if plan is None:
        raise SystemExit("no plan")
    write_receipts(out, plan)
    figures["finalize"] = measure(raw, out, "finalize")
    figures["shards"] = len(plan.shards)
    figures["plan_mib"] = (out / ".specaug/plan.json").stat().st_size / 2**20
    shutil.rmtree(root)
    return figures


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.stdout.write(json.dumps(measure_all(folder, int(sys.argv[2])), indent=1) + "\n")
