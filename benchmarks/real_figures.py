"""How well a rule that saw one arm does on real recaptures, and how far an arm is from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from real_cues import BANDS, DECIBEL, band_means, cues, spectra, whitened_peaks
from real_photos import Crops

from specaug import Recipe
from specaug.errors import ArgumentError
from specaug.training.linear_rule import fit_rule

PENALTY = 0.01
"""Of the rule's squared weights. Set once and for all arms; there are more cues than photographs of most authors."""
LEAST = 4
"""Photographs of a kind below which an author is not tested on it."""
RESAMPLES = 400
CLEAN, REAL = "clean", "real"
"""Arms that no recipe makes: photographs as they are, and the real recaptures of the other authors."""
SEED = 20_261_130

Pair = tuple[np.ndarray, np.ndarray]


def auc(low: np.ndarray, high: np.ndarray) -> float:
    """Chance that a value of `high` is above one of `low`; a tie counts half.

    Examples
    --------
    >>> auc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.875
    """
    order = np.sort(low)
    below, upto = (np.searchsorted(order, high, side=side) for side in ("left", "right"))
    return float((below + upto).mean() / (2 * len(low)))


@dataclass(frozen=True, eq=False)
class Measured:
    """Crops with all that is measured of them."""

    crops: Crops

    @cached_property
    def cues(self) -> np.ndarray:
        return cues(self.crops.pixels)

    @cached_property
    def spectra(self) -> np.ndarray:
        return spectra(self.crops.pixels)

    @cached_property
    def peaks(self) -> np.ndarray:
        """(n, 2) highest whitened peak of luma and of color."""
        found = whitened_peaks(self.crops.pixels).max(axis=-1)
        return np.stack([found[:, 0], found[:, 1:].max(axis=1)], axis=1)


def made_by(recipe: Recipe, crops: Crops) -> Crops:
    """What a recipe makes of each clean crop; the draw of a crop depends on its place in the list alone."""
    if recipe.takes_donor:
        raise ArgumentError(f"recipe: expected one that takes no donor, got {recipe.name!r}")
    clean = np.flatnonzero(crops.of(CLEAN))
    pixels = crops.pixels[clean].copy()
    for row, place in enumerate(clean):
        drawn = recipe.sample(np.random.default_rng((SEED, int(place))), scale=float(crops.reduction[place]))
        pixels[row] = recipe.apply(pixels[row], drawn)
    rest = crops.take(clean)
    return Crops(pixels, rest.author, rest.kind, rest.photograph, rest.reduction)


def by_photograph(scores: np.ndarray, photograph: np.ndarray) -> np.ndarray:
    """Mean score of each photograph's crops."""
    _, inverse = np.unique(photograph, return_inverse=True)
    return np.bincount(inverse, scores) / np.bincount(inverse)


def tested_authors(crops: Crops, kind: str) -> list[str]:
    """Authors with enough photographs, clean ones and ones of `kind`."""

    def count(author: str, which: str) -> int:
        return len(np.unique(crops.photograph[crops.of(which) & (crops.author == author)]))

    authors = np.unique(crops.author).tolist()
    return [a for a in authors if min(count(a, CLEAN), count(a, kind)) >= LEAST]


def on_real(real: Measured, arm: Measured | None, kind: str) -> dict[str, Pair]:
    """Scores of clean photographs and of real recaptures of each author, by a rule that saw neither of that author.

    The rule is fitted to the other authors' clean crops against what the arm makes of them, or, where `arm` is None,
    against their real recaptures.
    """
    crops, found = real.crops, {}
    for author in tested_authors(crops, kind):
        own = crops.author == author
        good = real.cues[crops.of(CLEAN) & ~own]
        bad = real.cues[crops.of(kind) & ~own] if arm is None else arm.cues[arm.crops.author != author]
        if len(good) and len(bad):
            found[author] = _scored(good, bad, (real, crops.of(CLEAN) & own), (real, crops.of(kind) & own))
    return found


def told_apart(real: Measured, arm: Measured, kind: str) -> dict[str, Pair]:
    """Scores of what the arm makes and of real recaptures, by a rule that was fitted to those of other authors."""
    crops, found = real.crops, {}
    for author in tested_authors(crops, kind):
        own, theirs = crops.author == author, arm.crops.author == author
        bad = real.cues[crops.of(kind) & ~own]
        if len(bad) and not theirs.all():
            found[author] = _scored(arm.cues[~theirs], bad, (arm, theirs), (real, crops.of(kind) & own))
    return found


def _scored(good: np.ndarray, bad: np.ndarray, *tested: tuple[Measured, np.ndarray]) -> Pair:
    features = np.concatenate([good, bad])
    rule = fit_rule(features, np.repeat([0, 1], [len(good), len(bad)]), penalty=PENALTY)
    low, high = (by_photograph(rule.scores(m.cues[rows]), m.crops.photograph[rows]) for m, rows in tested)
    return low, high


def summary(scores: Mapping[str, Pair]) -> dict[str, Any] | None:
    """Mean AUC over authors with 95 % intervals, over photographs and over authors; None without an author.

    ``over_photographs`` draws photographs within each author, who stay: what more photographs of these people would
    narrow. ``over_authors`` draws the people too, which says something of others; it needs at least three.
    """
    if not scores:
        return None
    rng, authors = np.random.default_rng(SEED), list(scores)
    single = {author: auc(*scores[author]) for author in authors}

    def drawn(chosen: Sequence[str]) -> float:
        return float(np.mean([auc(*(rng.choice(side, len(side)) for side in scores[a])) for a in chosen]))

    found = {
        "auc": _rounded(np.mean(list(single.values()))),
        "over_photographs": _interval(lambda: drawn(authors)),
        "by_author": {author: _rounded(value) for author, value in single.items()},
    }
    if len(authors) >= 3:
        found["over_authors"] = _interval(lambda: drawn(rng.choice(authors, len(authors)).tolist()))
    return found


def _interval(draw: Callable[[], float]) -> list[float]:
    values = [draw() for _ in range(RESAMPLES)]
    return [_rounded(v) for v in np.quantile(values, (0.025, 0.975))]


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 3)


def change(real: Measured, arm: Measured | None, kind: str) -> np.ndarray:
    """(3, bins) mean over authors of the change of log-amplitude from their clean crops, dB; the real one for None."""
    crops, changes = real.crops, []
    for author in tested_authors(crops, kind):
        own = crops.author == author
        before = real.spectra[crops.of(CLEAN) & own].mean(axis=0)
        after = (
            real.spectra[crops.of(kind) & own] if arm is None else arm.spectra[arm.crops.author == author]
        ).mean(axis=0)
        changes.append(DECIBEL * (after - before))
    return np.asarray(np.mean(changes, axis=0))


def distance(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Root mean square over frequency of the difference of two changes (3, bins), dB, of luma and of color."""
    reached = ~np.isnan(a[0])
    square = (a - b)[:, reached] ** 2
    return {"luma_db": _rounded(np.sqrt(square[0].mean())), "color_db": _rounded(np.sqrt(square[1:].mean()))}


def in_bands(curves: np.ndarray) -> dict[str, list[float]]:
    """The change by band: luma, and red - luma."""
    means = band_means(curves)
    return {
        name: [round(float(v), 2) for v in means[plane]] for plane, name in enumerate(("luma_db", "color_db"))
    }


def peak_share(real: Measured, shown: np.ndarray) -> dict[str, float]:
    """Share of crops with peaks (n, 2) `shown` beyond the 98 % point of all clean crops, of luma and of color."""
    limit = np.quantile(real.peaks[real.crops.of(CLEAN)], 0.98, axis=0)
    share = (shown > limit).mean(axis=0)
    return {"luma": _rounded(share[0]), "color": _rounded(share[1])}


def figures_of(real: Measured, arms: Mapping[str, Measured], kind: str) -> dict[str, Any] | None:
    """All figures on real recaptures of one kind; None where no author has enough of them."""
    authors = tested_authors(real.crops, kind)
    if not authors:
        return None
    clean = Measured(real.crops.take(np.flatnonzero(real.crops.of(CLEAN))))
    truly = change(real, None, kind)
    rows: dict[str, Any] = {
        REAL: {
            "on_real": summary(on_real(real, None, kind)),
            "change": in_bands(truly),
            "peaks": peak_share(real, real.peaks[real.crops.of(kind)]),
        }
    }
    for name, arm in {CLEAN: clean, **arms}.items():
        own = change(real, arm, kind)
        rows[name] = {
            "on_real": None if name == CLEAN else summary(on_real(real, arm, kind)),
            "told_apart": summary(told_apart(real, arm, kind)),
            "change": in_bands(own),
            "distance": distance(own, truly),
            "peaks": peak_share(real, arm.peaks),
        }
    return {"authors": authors, "bands": [list(band) for band in BANDS], "arms": rows}
