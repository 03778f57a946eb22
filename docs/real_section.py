"""The section "On real recaptures" of docs/in-place-of-attacks.md, from the result of benchmarks/bench_real.py."""

from __future__ import annotations

from typing import Any

HEAD = """
## On real recaptures

The figures above are of simulated attacks. These are of photographs: things before phones, and the same things filmed
from displays or prints, by people who have nothing to do with this library. A linear rule on spectra, peaks and fine
residuals learns from clean photographs against what one recipe makes of them, and is tried on the clean photographs
and real recaptures of a person whose camera and displays it never saw. `python benchmarks/bench_real.py MEDIA` does
this on photographs of yours and says what each figure is.

### On the people that recipes were drawn up with
"""

PRINTS = (
    "real prints (one person kept apart)",
    (-1.6, -4.4, -3.7, -2.7, -1.6),
    (-2.7, -2.7, -1.8, -0.8, -0.2),
)
"""Mean change of log-amplitude in the bands of the benchmark, luma and red - luma, dB."""

READING = """
`told apart`: between what a recipe makes and real recaptures; 0.5 cannot tell. `distance`: of mean spectra from those
of real recaptures, luma/color. `peaks`: share of crops with a wave that only 2 % of clean crops have. Names with `@1`
are recipes as they were before. With two people a rule has only one other person to learn from, and their displays
differ: one lifts the highest frequencies most, the other the low ones. So the arm of real recaptures is no limit here,
and a recipe, whose draws differ too, can do better. By this rule the old `recapture-screen` did as well on them as the
new one, with color and peaks that real displays do not have. `recapture-print` is here for completeness: a print is
no display, and no photograph of one was among these. Its ranges were adjusted to what is known of real prints:
"""

APART = """
### On people kept apart

Measured in November 2026 with a script of the same kind, on five people whose photographs nobody saw who worked on the
recipes, and with the recipes as they were before (`@1`). Displays are of several kinds, prints are one printer's on
plain paper. AUC as above; for `real`, of a rule that learned from other people's recaptures, or for
prints from other scenes of the same printer.

| arm | displays | told apart (clean: 0.82) | distance on displays, dB (doing nothing: 1.2/1.4) | prints |
| --- | --- | --- | --- | --- |
| `control` | 0.33 | 0.99 | 4.3/1.9 | 0.67 |
| `recapture-screen@1` | 0.73 | 0.92 | 1.4/3.2 | 0.62 |
| `traces@1` | 0.70 | 1.00 | 0.5/2.6 | 0.39 |
| `mixed@1` | 0.74 | 0.96 | 1.3/2.7 | 0.58 |
| `recapture-print@1` | 0.61 | 1.00 | 2.8/3.8 | 0.55 |
| real recaptures | 0.82 | | | 0.96 |

Displays transferred, three quarters of the way from `control` to real recaptures; prints did not beat blur and JPEG.
Recipes were told from real recaptures more easily than photographs are: by color noise and demosaic mazes that no
phone lets through, and dots that no sheet shows at arm's length. That is what the recipes of today were changed for.
What they reach on these people is not known here.

**Not shown.** Faces: things were photographed. Printers: one, on one paper. Video: these are single photographs, so
nothing is said of what moves, of pulses of light or of a network that sees time.
"""

SHOWN = {"real": "real recaptures", "clean": "photographs as they are"}


def real_section(result: dict[str, Any]) -> list[str]:
    """Lines of the section."""
    figures = result["figures"]
    lines = [HEAD.rstrip(), "", _people(result), ""]
    for kind, found in figures["kinds"].items():
        lines += [*_table(kind, found), ""]
    return [*lines, READING.strip(), "", *_prints(figures["kinds"]["screen"]), APART.rstrip()]


def _prints(found: dict[str, Any]) -> list[str]:
    """Changes of real prints beside those that recipes make of the clean photographs."""
    bands = [f"{low:g} to {high:g}" for low, high in found["bands"]]
    made = [
        (f"`{name}`", *(found["arms"][name]["change"][plane] for plane in ("luma_db", "color_db")))
        for name in ("recapture-print@1", "recapture-print")
    ]
    head = ["change, luma/color, dB, at cycles/px", *bands]
    rows = [head, ["---"] * len(head)]
    for name, luma, color in (PRINTS, *made):
        rows.append([name, *(f"{a:+.1f}/{b:+.1f}" for a, b in zip(luma, color, strict=True))])
    return [f"| {' | '.join(row)} |" for row in rows]


def _people(result: dict[str, Any]) -> str:
    figures = result["figures"]
    people = "; ".join(
        f"{author}: " + ", ".join(f"{n} {kind}" for kind, n in counts.items() if n)
        for author, counts in figures["photographs"].items()
    )
    return (
        f"Photographs of {len(figures['photographs'])} people ({people}), {figures['crops']} crops of 128 px. "
        f"Intervals are 95 %, over photographs. Commit {result['commit']}, {result['date']}."
    )


def _table(kind: str, found: dict[str, Any]) -> list[str]:
    has_network = any(arm.get("network") for arm in found["arms"].values())
    head = [f"arm ({kind})", "AUC on real recaptures", "told apart", "distance, dB", "peaks, luma/color"]
    head += ["AUC, network"] if has_network else []
    rows = [head, ["---"] * len(head)]
    for name, arm in found["arms"].items():
        cells = [SHOWN.get(name, f"`{name}`")]
        distance, peaks = arm.get("distance"), arm["peaks"]
        cells += [_auc(arm.get("on_real")), _auc(arm.get("told_apart"))]
        cells += [f"{distance['luma_db']:.1f}/{distance['color_db']:.1f}" if distance else ""]
        cells += [f"{peaks['luma']:.2f}/{peaks['color']:.2f}"]
        rows.append(cells + ([_auc(arm.get("network"))] if has_network else []))
    return [f"| {' | '.join(row)} |" for row in rows]


def _auc(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    low, high = found["over_photographs"]
    return f"{found['auc']:.2f} ({low:.2f} to {high:.2f})"
