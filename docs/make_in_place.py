"""Write docs/in-place-of-attacks.md from the results of bench_recipes.py, bench_realism.py and bench_real.py.

python docs/make_in_place.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from real_section import real_section

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "recipes.json"
REALISM = ROOT / "benchmarks" / "results" / "realism.json"
REAL = ROOT / "benchmarks" / "results" / "real.json"
PAGE = ROOT / "docs" / "in-place-of-attacks.md"
IN_FREQUENCY = ("traces", "profile", "mix-high", "bandpass")
"""Recipes of this library's own kind; the others simulate displays and prints, as the demo set itself does."""

EARLIER = (
    "An earlier version of this page gave intervals, p-values and verdicts of a method that took too many differences "
    "for real ([metrics](metrics.md#verdicts)). Only rates were kept of these runs, and no scores, so they are left "
    "out here."
)

_MEASURES = ("bona fide", "attacks of other subjects")
"""What recipes are compared with in spectra."""

HEAD = """# Recipes in place of attacks

Can a network that has never seen an attack be taught by attacks that a recipe makes of bona fide clips? The ruler is
the recipe `control`: plain blur, JPEG and colour in place of attacks. What does not beat it has shown nothing.

**Simulated data.** Subjects and devices are those of `specaug demo`. A figure here says how recipes compare in that
world, and nothing of real printers and displays: run `specaug ablate` on a set of yours. What was measured on real
recaptures stands [apart](#on-real-recaptures).
"""

NEAR = """
## How near in spectra

Distance of mean spectra from those of attacks of the same simulated set, over space and over time, and a two-sample
test: how well a linear rule on spectra, fitted to other subjects, tells made attacks from real ones (0.5: it cannot).
Intervals are 95 %, over subjects.

![Bona fide, attacks, and what each recipe makes, spectra beneath](operations/pictures/recipes.png)
"""
TAIL = """
## Why most recipes fail, and what `traces@1` did

Seen while recipes were first chosen, on the research set below with two seeds of training each, where a few points
are noise. The `traces` of today keeps the first and the third, and takes its trace from real recaptures:

- **Noise.** A recaptured face has gone through two lenses, and the noise of the last sensor comes after both.
  `control` blurs scene and noise alike, so a network learns that attacks have less noise, and takes the noise of a
  real attack for a sign of life. [scene_blur](operations/scene_blur.md) takes detail and leaves the noise.
- **Trace.** That blur alone taught the network nothing that held on the attacks of the set recipes were chosen on: it
  needs the waves of a display or the [grain](operations/grain.md) of a surface on top, at frequencies above 0.12 cpp
  and with amplitudes of 1 to 6 %, one or the other and not both. With twice the strength and dots of a halftone in
  place of grain it was worse.
- **Nuisance.** Tone and JPEG on a part of the made attacks keep the network from learning that an attack is what has
  passed the library's rounding. Without them it was best after two or three epochs, and worse. Bona fide clips with
  the same tone and JPEG as further examples of bona fide did not help.
- **Donors.** `mix-high` and `bandpass` take the upper band of a real attack, phase or amplitude, as it is: the
  donor's own edges come with it. They see real attacks, so they are no answer to the question above; they are here as
  what is usually done.
- `profile` holds three curves of mean spectra for each species, learned on another simulated set with other devices.
  It needs attacks once, but no attack clip travels.

## How it was measured

Recipes were chosen on one research set (`specaug demo --subjects 48 --seed 4101`: its training, dev and test
subjects), when simulated attacks were a little paler than bona fide clips. Their contrast is alike now, and the
recipes were the same. The sets of this page were made for this table and used once. `python
benchmarks/bench_recipes.py FOLDER --first-seed N` makes another.

## Limits

- `mixed` uses the very simulation that made the attacks, with settings of its own: an upper limit of what simulation
  can do here.
- Verdicts take subjects and seeds of training as drawn at random, and devices as they are.
- Simulated prints hold still within: a recipe does not need to make that, but a network may learn it from attacks.
- Dev holds real attacks: they choose epoch and threshold, of every arm alike. No attack is learned from.
- Crops whose scale is near 1 were used, in the middle of which all frequencies of the source are seen. Where faces
  are reduced to half or a third, most of the trace is gone, whatever the recipe.
"""


def page(result: dict[str, Any], realism: dict[str, Any], real: dict[str, Any]) -> str:
    """The page."""
    figures = result["figures"]
    ways = figures["ways"]
    arms = {arm["name"]: arm for arm in figures["ablation"]["arms"]}
    parts = [HEAD, *_setup(result), *_table(arms, ways), "", *_verdict(arms, ways)]
    shown = [*parts, NEAR, *_distances(realism["figures"]), *real_section(real), TAIL.rstrip(), ""]
    return "\n".join(shown)


def _distances(figures: dict[str, Any]) -> list[str]:
    clips = figures["clips"]
    rows = [("made by", "against", "over space, dB", "over time, dB", "told apart, AUC"), ["---"] * 5]
    for name, against in figures["figures"].items():
        for kind, found in against.items():
            cells = [
                f"{found[key][0]:.2f} ({found[key][1]:.2f} to {found[key][2]:.2f})"
                for key in ("radial_db", "temporal_db", "auc")
            ]
            shown = name if name in _MEASURES else f"`{name}`"
            rows.append((shown, kind.removeprefix("against "), *cells))
    table = [f"| {' | '.join(row)} |" for row in rows]
    made = f"{clips['bona_fide']} bona fide clips and {clips['all attacks']} attacks of {figures['subjects']} subjects."
    return [*table, "", made, *_nearest(figures["figures"])]


def _nearest(found: dict[str, Any]) -> list[str]:
    """Which recipe comes nearest, and which ones nobody can tell from attacks."""
    recipes = {name: against for name, against in found.items() if name not in _MEASURES}
    best = min(recipes, key=lambda name: min(figures["radial_db"][0] for figures in recipes[name].values()))
    passing = [name for name, against in recipes.items() if any(f["auc"][1] <= 0.5 for f in against.values())]
    shown = ", ".join(f"`{name}`" for name in passing)
    return [
        f"`{best}` is the nearest in space; that alone is not what teaches a network, as the first table shows.",
        f"{shown} cannot be told from attacks." if passing else "No recipe passes for attacks.",
    ]


def _setup(result: dict[str, Any]) -> list[str]:
    figures = result["figures"]
    table, config = figures["ablation"], figures["ablation"]["config"]
    sets = figures["sets"]
    return [
        f"{len(sets)} sets of {figures['subjects of each']} subjects (seeds {', '.join(map(str, sets))}), each with 4 "
        f"cameras, 4 displays and 4 printers of its own for training, dev and test: no device of test was seen before. "
        f"{table['subjects']} test subjects, {figures['seeds']} seeds of training, {config['epochs']} epochs of "
        f"{config['epoch_clips']} clips, {config['frames']} frames, the middle {config['pixels']} px, width "
        f"{config['width']}. Thresholds are those of each run's dev set. Commit {result['commit']}, {result['date']}.",
        "",
    ]


def _table(arms: dict[str, Any], ways: dict[str, Any]) -> list[str]:
    """Error rates; intervals, p and verdicts only of results of the method that docs/metrics.md describes."""
    judged = _judged(arms)
    head = ["in place of attacks", "ACER %", "APCER %", "BPCER %", "minus control, points"]
    head += ["share of the way from control to real"]
    rows = [head, ["---"] * len(head)]
    for name in sorted(arms, key=lambda name: arms[name]["acer"]):
        arm, way = arms[name], ways[name]
        low, high = (100 * v for v in arm["acer_interval"])
        acer = f"{100 * arm['acer']:.1f}" + (f" ({low:.1f} to {high:.1f})" if judged else "")
        to = next((d for d in arm["differences"] if d["to"] == "control"), None)
        share = "" if name in ("real", "control") else f"{100 * way['share of the way']:.0f} %"
        shown = "real attacks" if name == "real" else f"`{name}`"
        rates = [f"{100 * arm[key]:.1f}" for key in ("apcer", "bpcer")]
        rows.append([shown, acer, *rates, _difference(to) if to else "", share])
    table = [f"| {' | '.join(row)} |" for row in rows]
    return table if judged else [*table, "", EARLIER]


def _judged(arms: dict[str, Any]) -> bool:
    return all("verdict" in difference for arm in arms.values() for difference in arm["differences"])


def _difference(to: dict[str, Any]) -> str:
    if "verdict" not in to:
        return f"{100 * to['acer']:+.1f}"
    low, high = (100 * v for v in to["interval"])
    return f"{100 * to['acer']:+.1f} ({low:+.1f} to {high:+.1f}), p {to['p_holm']:.2g}: {to['verdict']}"


def _verdict(arms: dict[str, Any], ways: dict[str, Any]) -> list[str]:
    best = min((name for name in IN_FREQUENCY if name in arms), key=lambda name: arms[name]["acer"])
    lines = [f"The best recipe in the frequency domain here is `{best}`."]
    for name in dict.fromkeys((best, "traces")):
        way = ways[name]
        side = "beyond" if way["below half the way"] > 0 else "short of"
        lines.append(
            f"`{name}` has {100 * way['below control']:.1f} points less than the control, "
            f"{abs(100 * way['below half the way']):.1f} points {side} half of the way to real attacks."
        )
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(*(json.loads(path.read_text()) for path in (RESULT, REALISM, REAL))))
