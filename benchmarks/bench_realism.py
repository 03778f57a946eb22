"""How spoof-like is what a recipe makes? Its distance from the attacks of the same data set, and a two-sample test.

    python benchmarks/bench_realism.py OUT [--per-clip 1] [--resamples 500] [RECIPE ...]

Each bona fide clip of OUT is changed by each recipe, in memory, with donors of other subjects where a recipe takes
some. Three figures for each recipe, with bona fide clips as they are as the baseline, and one half of the attacks
against the other half as what is possible at best:

- ``radial_db``: root mean square, over frequency and the planes luma, red - luma, blue - luma, of the difference of
  mean log-amplitudes (by frequency of the source) from those of attacks; ``temporal_db``: the same for the Fourier
  transform over the frames.
- ``auc``: a two-sample test. A linear rule on those spectra is fitted to the clips of other subjects, and tried on
  those of a subject; 0.5 cannot tell, 1 always can.

Recipes that look like one species are compared with its attacks, the others with all. Intervals are 95 %, by
resampling subjects. On ``specaug demo`` the attacks are simulated: the figures say how near a recipe comes to that
simulation.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from results import save

from specaug import Recipe
from specaug.augment.profile.measure import log_amplitudes
from specaug.pipeline.synthesis.profile_fitting import scale_of, species_of
from specaug.records import SPLITS
from specaug.shards import EncodedRows, find_groups

RECIPES = (
    "control", "fda", "fact", "apr", "mix-high", "bandpass", "traces", "profile",
    "recapture-screen", "recapture-print", "mixed",
)  # fmt: skip
LOOKS_LIKE = {"recapture-screen": ("replay",), "recapture-print": ("print",)}
DECIBEL = 20 / np.log(10)
RIDGE = 3.0


@dataclass(frozen=True, eq=False)
class Sample:
    """Spectra of some clips."""

    subjects: np.ndarray
    """(n,) str."""
    radial: np.ndarray
    """(n, 3, bins) mean log-amplitude."""
    reached: np.ndarray
    """(n, bins) bool: which frequencies of the source the crops hold."""
    temporal: np.ndarray
    """(n, T // 2) mean log-amplitude over time."""

    def take(self, index: np.ndarray) -> Sample:
        """Some of the clips."""
        return Sample(self.subjects[index], self.radial[index], self.reached[index], self.temporal[index])

    def features(self, reached: np.ndarray) -> np.ndarray:
        """(n, d) what the classifier sees."""
        return np.concatenate(
            [self.radial[:, :, reached].reshape(len(self.radial), -1), self.temporal], axis=1
        )


@dataclass(frozen=True, eq=False)
class Held:
    """A clip of the data set."""

    frames: np.ndarray
    subject: str
    pai: str
    scale: float


def read_clips(out: Path) -> list[Held]:
    """Captured clips of all splits: nothing is trained here that is tested elsewhere."""
    clips = []
    for split in SPLITS:
        if not list((out / "data/captured").glob(f"{split}-*.parquet")):
            continue
        for group in find_groups(out, split=split, origins=("captured",)):
            rows = EncodedRows(group, ("clip_id", "subject", "dataset", "pai", "scale"))
            for row in range(group.rows):
                subject = f"{rows.value(row, 'dataset')}/{rows.value(row, 'subject')}"
                scale = scale_of(rows.value(row, "scale"))
                clips.append(
                    Held(rows.clip(row).decode(), subject, species_of(rows.value(row, "pai")), scale)
                )
    return clips


def temporal_spectrum(frames: np.ndarray) -> np.ndarray:
    """(T // 2,) mean over pixels of the log-amplitude of luma over time; the mean over time left out."""
    luma = frames.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    amplitude = np.abs(np.fft.rfft(luma - luma.mean(axis=0), axis=0, norm="ortho"))
    return np.log(amplitude[1:] + 1 / 255).mean(axis=(1, 2))


def measured(clips: Sequence[Held], frames: Sequence[np.ndarray]) -> Sample:
    """Spectra of `frames`, made of `clips`."""
    radial = [log_amplitudes(f, c.scale) for c, f in zip(clips, frames, strict=True)]
    return Sample(
        np.array([c.subject for c in clips]),
        np.stack([values.mean(axis=0) for values, _ in radial]),
        np.stack([reached > 0 for _, reached in radial]),
        np.stack([temporal_spectrum(f) for f in frames]),
    )


def changed(
    recipe: Recipe, live: Sequence[Held], donors: Sequence[Held], rng: np.random.Generator
) -> list[np.ndarray]:
    """Each clip after a draw of the recipe that does something."""
    made = []
    for clip in live:
        drawn = recipe.sample(rng, scale=clip.scale)
        while not drawn["steps"]:
            drawn = recipe.sample(rng, scale=clip.scale)
        others = [d.frames for d in donors if d.subject != clip.subject]
        donor = others[int(rng.integers(len(others)))] if recipe.takes_donor else None
        made.append(recipe.apply(clip.frames, drawn, donor))
    return made


def distance(a: Sample, b: Sample, name: str, reached: np.ndarray) -> float:
    """dB between means."""
    x, y = (getattr(s, name).mean(axis=0) for s in (a, b))
    difference = (x - y)[..., reached] if name == "radial" else x - y
    return float(DECIBEL * np.sqrt(np.mean(difference**2)))


def scores(a: Sample, b: Sample, reached: np.ndarray, folds: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the clips of both samples by rules that were fitted to other subjects."""
    x = np.concatenate([a.features(reached), b.features(reached)])
    second = np.arange(len(x)) >= len(a.subjects)
    subjects = np.concatenate([a.subjects, b.subjects])
    fold = np.unique(subjects, return_inverse=True)[1] % folds
    result = np.empty(len(x))
    for held_out in range(folds):
        known = fold != held_out
        mean, deviation = x[known].mean(axis=0), x[known].std(axis=0) + 1e-6
        z = np.column_stack([(x - mean) / deviation, np.ones(len(x))])
        weight = np.where(second[known], 1 / second[known].sum(), 1 / (~second[known]).sum())
        # In the dual form: there are more features than clips.
        kernel = z[known] @ z[known].T / x.shape[1]
        dual = np.linalg.solve(
            kernel + RIDGE * np.diag(1 / (weight * known.sum())) / 10, 2.0 * second[known] - 1
        )
        result[~known] = z[~known] @ z[known].T @ dual / x.shape[1]
    return result[~second], result[second]


def auc(low: np.ndarray, high: np.ndarray) -> float:
    """Chance that a value of `high` is above one of `low`."""
    return float((high[None] > low[:, None]).mean() + 0.5 * (high[None] == low[:, None]).mean())


def resampled(
    figure: Callable[[np.ndarray, np.ndarray], float],
    subjects: tuple[np.ndarray, np.ndarray],
    resamples: int,
) -> list[float]:
    """A figure and its 95 % interval over subjects, drawn with replacement, the same ones for both samples."""
    names = np.unique(np.concatenate(subjects))
    rng = np.random.default_rng(0)
    rows = [{name: np.flatnonzero(own == name) for name in names} for own in subjects]
    values = []
    for _ in range(resamples):
        drawn = rng.choice(names, names.size)
        a, b = (np.concatenate([own[name] for name in drawn]) for own in rows)
        if a.size and b.size:
            values.append(figure(a, b))
    whole = figure(*(np.arange(len(own)) for own in subjects))
    return [round(float(v), 3) for v in (whole, *np.quantile(values, (0.025, 0.975)))]


def compared(made: Sample, attacks: Sample, reached: np.ndarray, resamples: int) -> dict[str, list[float]]:
    """All figures of one set of clips, each with its interval."""
    pair = (made.subjects, attacks.subjects)
    figures = {
        f"{name}_db": resampled(
            lambda a, b, n=name: distance(made.take(a), attacks.take(b), n, reached),
            pair,
            resamples,  # type: ignore[misc]
        )
        for name in ("radial", "temporal")
    }
    x, y = scores(made, attacks, reached)
    return figures | {"auc": resampled(lambda a, b: auc(x[a], y[b]), pair, resamples)}


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--per-clip", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=500)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    clips = read_clips(given.out)
    live, spoof = ([c for c in clips if (c.pai == "none") is flag] for flag in (True, False))
    every = measured(spoof, [c.frames for c in spoof])
    species = np.array([c.pai for c in spoof])
    sets = {name: every.take(np.flatnonzero(species == name)) for name in sorted(set(species.tolist()))}
    sets["all attacks"] = every
    plain = measured(live, [c.frames for c in live])
    reached = every.reached.all(axis=0) & plain.reached.all(axis=0)
    subjects = np.unique(every.subjects)
    half = np.isin(every.subjects, subjects[::2])
    best = compared(
        every.take(np.flatnonzero(half)), every.take(np.flatnonzero(~half)), reached, given.resamples
    )
    figures: dict[str, object] = {
        "bona fide": {f"against {n}": compared(plain, s, reached, given.resamples) for n, s in sets.items()},
        "attacks of other subjects": {"against all attacks": best},
    }
    for name in given.recipes:
        recipe = Recipe.find(name)
        rng = np.random.default_rng(0)
        donors = spoof if recipe.donor == "attack" else live
        frames = [f for _ in range(given.per_clip) for f in changed(recipe, live, donors, rng)]
        made = measured(live * given.per_clip, frames)
        targets = [n for n in LOOKS_LIKE.get(name, ()) if n in sets] or ["all attacks"]
        figures[name] = {f"against {n}": compared(made, sets[n], reached, given.resamples) for n in targets}
    counts = {"bona_fide": len(live), **{n: len(s.subjects) for n, s in sets.items()}}
    settings = {
        "clips": counts,
        "subjects": len({c.subject for c in clips}),
        "interval": "95 % over subjects",
    }
    save("realism", {**settings, "figures": figures}, "numpy", "scipy", "opencv-python")


if __name__ == "__main__":
    main()
