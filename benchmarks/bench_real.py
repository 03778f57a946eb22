"""Does what recipes make resemble real recaptures? Measured on photographs of yours.

    python benchmarks/bench_real.py MEDIA [RECIPE ...] [--each 4] [--network] [--name real]

MEDIA holds ``AUTHOR/clean/*``, photographs of a person's camera, and ``AUTHOR/screen/*`` or ``AUTHOR/print/*``, the
same person's photographs of displays or of prints, of two authors at least. A RECIPE is a preset or a TOML file. Crops
of 128 px, clean and recaptured alike, pass one warp at a random place, turn and reduction, so that neither a grid of
JPEG blocks nor an edge tells the two apart.

- ``on_real``: a linear rule on spectra, peaks and fine residuals (nothing of brightness or mean color) is fitted to
  the clean crops of all authors but one against what the recipe makes of them, and tried on the clean photographs and
  real recaptures of that author: cameras and displays it never saw. The AUC is the mean over authors. For the arm
  ``real`` it is fitted to the other authors' real recaptures: the limit.
- ``told_apart``: the same rule between what a recipe makes and real recaptures, 0.5 where it cannot tell; for the arm
  ``clean``, photographs as they are.
- ``change``: mean change of log-amplitude in five bands, dB, of luma and of red - luma; ``distance``: root mean square
  over all frequencies of the difference from the real change, for ``clean`` that of doing nothing.
- ``peaks``: share of crops whose highest peak of the whitened spectrum is beyond the 98 % point of clean crops.
- ``network``: ``on_real`` by a small network on pixels (needs torch; minutes an arm).

Intervals are 95 %, over photographs, and over authors where there are three or more. Photographs stay where they are:
the result holds figures and the names of the authors' folders.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from real_figures import REAL, Measured, figures_of, made_by, summary
from real_photos import KINDS, Crops, cut_crops
from results import save

from specaug import Recipe
from specaug.errors import SpecaugError

RECIPES = ("control", "traces", "mixed", "recapture-screen", "recapture-print")


def measure(crops: Crops, recipes: Sequence[str], *, epochs: int = 0, seeds: int = 2) -> dict[str, Any]:
    """All figures of `crops`, by kind of recapture; with `epochs` those of a network too."""
    made = {name: made_by(Recipe.find(name), crops) for name in recipes}
    real, arms = Measured(crops), {name: Measured(own) for name, own in made.items()}
    kinds = {}
    for kind in KINDS[1:]:
        found = figures_of(real, arms, kind)
        if found is None:
            continue
        if epochs:
            _add_network(found, crops, made, kind, epochs, seeds)
        kinds[kind] = found
    return {"photographs": counts(crops), "kinds": kinds}


def _add_network(
    found: dict[str, Any], crops: Crops, made: dict[str, Crops], kind: str, epochs: int, seeds: int
) -> None:
    from real_network import network_on_real  # here: torch is loaded only where it is asked for

    for name in (REAL, *made):
        scores = network_on_real(crops, made.get(name), kind, epochs=epochs, seeds=seeds)
        found["arms"][name]["network"] = summary(scores)


def counts(crops: Crops) -> dict[str, dict[str, int]]:
    """Photographs of each author and kind that gave crops."""
    return {
        author: {
            kind: len(np.unique(crops.photograph[crops.of(kind) & (crops.author == author)]))
            for kind in KINDS
        }
        for author in np.unique(crops.author).tolist()
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--each", type=int, default=4, help="crops of a photograph")
    parser.add_argument("--network", action="store_true", help="train a small network too")
    parser.add_argument("--epochs", type=int, default=40, help="of the network")
    parser.add_argument("--name", default="real", help="of the result")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        crops = cut_crops(given.media, each=given.each)
        found = measure(crops, given.recipes, epochs=given.epochs if given.network else 0)
    except SpecaugError as error:
        sys.exit(f"bench_real: {error}")
    if not found["kinds"]:
        sys.exit(
            f"bench_real: expected an author with 4 clean and 4 recaptured photographs, got {found['photographs']}"
        )
    settings = {"crops": len(crops.pixels), "each": given.each, "interval": "95 %"}
    save(given.name, {**settings, **found}, "numpy", "scipy", "opencv-python", "pillow", "torch")


if __name__ == "__main__":
    main()
