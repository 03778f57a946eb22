"""`specaug.catalog.scan_raw` of large trees: seconds, and whether they grow with the number of files and no faster.

    python benchmarks/bench_scan.py [--sizes 25000 50000 100000] [--repeats 3]

Two trees of empty files: photos as CelebA-Spoof lays them out (each with its box file, so half of the files are
media), and plain folders of videos. The layout is recognised, not named, so every layout looks at every name.
``exponent`` is the slope of log CPU seconds over log files; 1 is linear. CPU seconds are those of this process;
``load_average`` tells how busy the machine was, which wall seconds suffer from.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from results import save

from specaug.catalog import scan

PER_FOLDER = 50


def celeba(n_files: int) -> Iterator[str]:
    """Photos and their boxes."""
    for number in range(n_files // 2):
        subject, kind = number // PER_FOLDER, ("live", "spoof")[number % 2]
        split = "test" if subject % 5 == 0 else "train"
        name = f"Data/{split}/{subject}/{kind}/{number:06}"
        yield f"{name}.jpg"
        yield f"{name}_BB.txt"


def plain(n_files: int) -> Iterator[str]:
    """Videos below class, species and subject."""
    for number in range(n_files):
        subject = number // PER_FOLDER
        split = ("train", "train", "train", "dev", "test")[subject % 5]
        yield f"{split}/{('live', 'spoof/print')[number % 2]}/s{subject:05}/{number:06}.mp4"


TREES: dict[str, Callable[[int], Iterator[str]]] = {"celeba-spoof": celeba, "folders": plain}


def plant(paths: Iterator[str], root: Path) -> None:
    """Empty files of these names."""
    made: set[Path] = set()
    for path in paths:
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.touch()


def measure(root: Path, layout: str, repeats: int) -> dict[str, float | int]:
    """Median and largest seconds of a scan after one that fills the system's cache of names."""
    catalog = scan(root)
    if catalog.layout != layout:
        raise RuntimeError(f"expected layout {layout}, got {catalog.layout}")
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        scan(root)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return {
        "sources": len(catalog.sources),
        "skipped": len(catalog.skipped),
        "seconds": round(statistics.median(wall), 3),
        "seconds_max": round(max(wall), 3),
        "cpu_seconds": round(statistics.median(cpu), 3),
    }


def exponent(rows: dict[int, dict[str, float | int]]) -> float:
    """Slope of log CPU seconds over log files."""
    sizes = np.log(list(rows))
    seconds = np.log([row["cpu_seconds"] for row in rows.values()])
    return round(float(np.polyfit(sizes, seconds, 1)[0]), 3)


def main() -> None:
    """Measure all trees at all sizes and save the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[25_000, 50_000, 100_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="Print, do not write the result.")
    options = parser.parse_args()
    figures: dict[str, object] = {"load_average": round(os.getloadavg()[0], 1)}
    for name, names in TREES.items():
        rows: dict[int, dict[str, float | int]] = {}
        for size in options.sizes:
            with tempfile.TemporaryDirectory() as folder:
                plant(names(size), Path(folder))
                rows[size] = measure(Path(folder), name, options.repeats)
            print(name, size, rows[size], flush=True)
        figures[name] = {
            "by_files": {str(size): row for size, row in rows.items()},
            **({"exponent": exponent(rows)} if len(rows) > 1 else {}),
        }
    if not options.dry:
        save("scan", figures, "specaug", "numpy")


if __name__ == "__main__":
    main()
