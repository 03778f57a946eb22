"""Seconds in which a recipe of many branches is read.

    python benchmarks/bench_recipe_text.py

CPU seconds of this process, the median of five; ``same`` has branches that are alike but for their names and weights,
``other`` ranges of their own. ``exponent`` is the slope of log seconds over log branches; 1 is linear.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from results import save

from specaug import Recipe

COUNTS = (5_000, 10_000, 20_000)
REPEATS = 5


def text_of(count: int, *, same: bool) -> str:
    """A recipe of `count` branches."""
    return "".join(
        f'[[branches]]\nname = "b{n}"\nweight = {n + 1}\n[[branches.steps]]\noperation = "jpeg"\n'
        + ("" if same else f"[branches.steps.ranges]\nquality = [{30 + n % 50}, 90]\n")
        for n in range(count)
    )


def seconds(text: str) -> float:
    """Median over the repeats."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        Recipe.from_text(text)
        found.append(time.process_time() - start)
    return statistics.median(found)


def main() -> None:
    """Measure and save."""
    figures = {}
    for name, same in (("same", True), ("other", False)):
        found = [seconds(text_of(count, same=same)) for count in COUNTS]
        slope = float(np.polyfit(np.log(COUNTS), np.log(found), 1)[0])
        by_count = {str(count): round(value, 3) for count, value in zip(COUNTS, found, strict=True)}
        figures[name] = {"seconds": by_count, "exponent": round(slope, 3)}
        print(name, figures[name])
    save("recipe_text", figures, "numpy")


if __name__ == "__main__":
    main()
