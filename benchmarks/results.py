"""How every benchmark writes what it found: figures with machine, versions and commit."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def machine() -> str:
    """The processor's name and how many cores this process may use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit that was measured, with ``+`` where the tree differs from it."""
    git = ["git", "-C", str(HERE)]
    head = subprocess.run(
        [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def median_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Median of a/b, pair by pair, so that a drift of the machine's speed cancels."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def alternate(*calls: Callable[[], object], repeats: int) -> list[list[float]]:
    """Seconds of each call over `repeats` rounds, the calls taking turns, after one round that does not count."""
    seconds: list[list[float]] = [[] for _ in calls]
    for round_number in range(repeats + 1):
        for times, call in zip(seconds, calls, strict=True):
            start = time.perf_counter()
            call()
            if round_number:
                times.append(time.perf_counter() - start)
    return seconds


def save(name: str, figures: dict[str, Any], *packages: str) -> None:
    """Print the result and write it to ``benchmarks/results/{name}.json``."""
    result = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(*packages),
        "figures": figures,
    }
    text = json.dumps(result, indent=1)
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    sys.stdout.write(text + "\n")
