"""CPU time of ``specaug --help`` in units of ``import click, rich``, and what it loads.

python benchmarks/bench_help.py [--repeats 15]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from statistics import median

from results import median_ratio, save

HELP = "from specaug_cli.main import cli; cli.main(['--help'], standalone_mode=False)"
FLOOR = "import click, rich"
HEAVY = ("numpy", "pyarrow", "av", "cv2", "rich", "torch", "specaug.records", "specaug.pipeline")
TARGET = 1.3


def run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=compiled
    ).stdout


def cpu_seconds(code: str) -> float:
    """User and system time of a fresh interpreter, which other load of the machine hardly changes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    run(HELP), run(FLOOR)  # so that files are compiled and cached
    pairs = [(cpu_seconds(HELP), cpu_seconds(FLOOR)) for _ in range(repeats)]
    ours, floor = zip(*pairs, strict=True)
    loaded = run(f"{HELP}; import sys; print(*[m for m in {HEAVY!r} if m in sys.modules])")
    figures = {
        "ratio": round(median_ratio(ours, floor), 3),
        "target": TARGET,
        "specaug --help CPU ms": round(1e3 * median(ours), 1),
        "click and rich CPU ms": round(1e3 * median(floor), 1),
        "heavy modules loaded": loaded.splitlines()[-1].split(),
    }
    save("help", figures, "click", "rich")


if __name__ == "__main__":
    main()
