"""Write docs/operations/speed.md from the results of the benchmarks.

python docs/make_speed.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def table(rows: dict[str, dict[str, Any]]) -> list[str]:
    """A row for each setting: the ratio of each call to the floor, which comes first and is 1."""
    calls = [name for name, cell in next(iter(rows.values())).items() if isinstance(cell, dict)]
    lines = [f"| | {' | '.join(calls[1:])} |", "|---" * len(calls) + "|"]
    for setting, cells in rows.items():
        values = [f"{cells[name]['ratio']:.2f}" for name in calls[1:]]
        lines.append(f"| {setting} | {' | '.join(values)} |")
    return lines


def memory(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Peak of what NumPy held, in float32 copies of the batch."""
    calls = [name for name in next(iter(rows.values())) if name != "bare"]
    lines = [f"| | {' | '.join(calls)} |", "|---" * (len(calls) + 1) + "|"]
    for setting, cells in rows.items():
        lines.append(f"| {setting} | {' | '.join(str(cells[n]['float32 copies']) for n in calls)} |")
    return lines


def main() -> None:
    """Write the page."""
    result = json.loads((RESULTS / "spectrum.json").read_text())
    imports = json.loads((RESULTS / "import.json").read_text())
    figures = result["figures"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        "# Speed",
        "",
        f"Measured {result['date']} at commit {result['commit']} on {result['machine']}; {versions}.",
        "One process, one thread; the calls of a row take turns, and a number is the median of ratios to the floor",
        "in the same round: scipy's rfft2 of both pictures and irfft2, bare. Written by",
        "`docs/make_speed.py` from `benchmarks/bench_spectrum.py`, which tells what the others are.",
        "",
    ]
    for title, rows in figures.items():
        lines += [f"## {title}", "", *table(rows), ""]
    lines += ["## Memory, float32 copies of the batch", "", *memory(figures["batches, 224 px"]), ""]
    lines += [
        "## Import",
        "",
        f"`import specaug` takes {imports['figures']['ratio']} of the time of `import numpy, scipy.fft`",
        f"(commit {imports['commit']}).",
    ]
    (ROOT / "docs" / "operations" / "speed.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
