"""Write the tables of verdicts and intervals in docs/metrics.md from the result of benchmarks/bench_verdicts.py.

python docs/make_verdicts.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "verdicts.json"
PAGE = ROOT / "docs" / "metrics.md"
BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)] + [""]


def wrong(cells: list[dict[str, Any]]) -> list[float]:
    """Shares of "better" or "worse"."""
    return [cell["better"] + cell["worse"] for cell in cells]


def percent(share: float) -> str:
    """In percent, one decimal."""
    return f"{100 * share:.1f}"


def null(figures: dict[str, Any]) -> list[str]:
    """Arms that are trained the same way: the largest share over numbers of species."""
    cells = figures["cells"]
    noises = sorted({cell["noise"] for cell in cells})
    rows = []
    for n, seeds in sorted({(cell["subjects"], cell["seeds"]) for cell in cells}):
        found = [
            [c for c in cells if (c["subjects"], c["seeds"], c["noise"]) == (n, seeds, noise)]
            for noise in noises
        ]
        rows.append([str(n), str(seeds), *(percent(max(wrong(some))) for some in found)])
    shares = wrong(cells)
    text = (
        f'Arms that are trained the same way, {figures["repeats"]:,} pairs in each of {len(cells)} cells: "better" or '
        f'"worse", in percent, is always wrong. At most {percent(max(shares))}, on average '
        f"{percent(sum(shares) / len(shares))}. Each figure is the largest of one, two and three species that are as "
        "hard; the luck of a run is the standard deviation of its shift on the logit (a row's own luck is 1)."
    )
    head = ["subjects", "seeds", *(f"luck of runs {noise:g}" for noise in noises)]
    return [text, "", *table(head, rows)]


def hostile(figures: dict[str, Any]) -> list[str]:
    """Less friendly worlds."""
    cells = figures["cells"]
    rows = []
    for world in dict.fromkeys(cell["world"] for cell in cells):
        own = [cell for cell in cells if cell["world"] == world]
        worst = max(own, key=lambda cell: cell["better"] + cell["worse"])
        at = f"{worst['subjects']} subjects, {worst['seeds']} seeds"
        rows.append([world, percent(sum(wrong(own)) / len(own)), percent(max(wrong(own))), at])
    text = (
        f"The same in less friendly worlds, {figures['repeats']:,} pairs for each of eight designs from 6 subjects "
        "with 3 seeds to 100 with 10:"
    )
    return [text, "", *table(["world", "on average", "at most", "with"], rows)]


def power(figures: dict[str, Any]) -> list[str]:
    """How often a true difference is shown."""
    cells = figures["cells"]
    differences = sorted({cell["difference"] for cell in cells}, reverse=True)
    rows = []
    for n, seeds in sorted({(cell["subjects"], cell["seeds"]) for cell in cells}):
        own = {c["difference"]: c for c in cells if (c["subjects"], c["seeds"]) == (n, seeds)}
        shown = [f"{100 * own[d]['better']:.0f}" for d in differences]
        rows.append([str(n), str(seeds), *shown])
    least = min(cell["covered"] for cell in cells)
    acers = [cell["acer"] for cell in cells]
    opposite = max(cell["worse"] for cell in cells)
    text = (
        f"True differences that are shown as such, percent of {figures['repeats']:,} pairs (luck of runs 0.25, two "
        f"species, ACER of the first arm {percent(min(acers))} to {percent(max(acers))} %). The opposite was "
        f"said in at most {percent(opposite)} %; intervals hold the true difference in at least {percent(least)} %."
    )
    head = ["subjects", "seeds", *(f"{100 * -d:.0f} points lower" for d in differences)]
    return [text, "", *table(head, rows)]


def intervals(figures: dict[str, Any], eer: dict[str, Any]) -> list[str]:
    """How often intervals of `evaluate` hold the truth."""
    cells = figures["cells"]
    rows = []
    for cell in cells:
        n = cell["subjects"]
        both = [
            f"{percent(cell[name]['least'])} / {percent(cell[name]['mean'])}"
            for name in ("apcer", "bpcer", "acer")
        ]
        dev = [c["covered"] for c in eer["cells"] if c["subjects"] == n]
        last = f"{percent(min(dev))} / {percent(sum(dev) / len(dev))}" if dev else ""
        rows.append([str(n), *both, last])
    text = (
        "How often 95 % intervals of `evaluate` hold the rate of the population, at the threshold that was used: least "
        f"/ mean, in percent, of {cells[0]['worlds']} worlds for each number of subjects with "
        f"{figures['repeats']:,} test sets each (one to three species, equal or not, 1 to 10 rows, rates "
        "from 2 to 69 %, subjects alike or not). "
        f"EER on dev: {eer['repeats']:,} sets."
    )
    head = ["subjects", "APCER of the worst species", "BPCER", "ACER", "EER (dev)"]
    return [text, "", *table(head, rows)]


def tables(result: dict[str, Any]) -> str:
    """What stands between the marks."""
    figures = result["figures"]
    parts = [
        *null(figures["null"]),
        *hostile(figures["hostile"]),
        *power(figures["power"]),
        *intervals(figures["intervals"], figures["eer"]),
        f"{result['machine']}, commit {result['commit']}, {result['date']}.",
    ]
    return "\n".join([BEGIN, "", *parts, "", END])


def page(text: str, result: dict[str, Any]) -> str:
    """The page with new tables."""
    before, rest = text.split(BEGIN)
    return before + tables(result) + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(), json.loads(RESULT.read_text())))
