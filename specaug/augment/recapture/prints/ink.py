"""Tone and gamut of four inks on paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.prints.sheets import Sheet

BEST_INKS = np.array(
    [[0.08, 0.48, 0.74], [0.66, 0.08, 0.30], [0.90, 0.78, 0.08], [0.05, 0.05, 0.05]], np.float32
)
"""Reflectance over that of the paper of cyan, magenta, yellow and black, (4, 3), as in offset and photo prints."""
_BLACK_SHARE = 0.7
"""Part of what all three colors share in the dark that black takes over (grey component replacement)."""
_ROUNDS = 4


def inks_of(sheet: Sheet) -> Array:
    """(4, 3) reflectance of full layers over that of the paper: by Beer and Lambert, density goes with thickness."""
    inks = BEST_INKS.astype(np.float64) ** sheet.strength
    # The darkest print has black over all colors; what they take away is not asked of black once more.
    inks[3] = sheet.black / inks[:3].prod(axis=0).mean() ** (1 - _BLACK_SHARE)
    return np.clip(inks, 1e-3, 1).astype(np.float32)


def compensate_black(light: Array, black: float) -> Array:
    """Linear `light` in [0, 1] scaled onto [black, 1], as printer drivers do.

    Black point compensation (ISO 18619): what would be darker than the paper's darkest is not cut off, but all of the
    picture becomes paler in proportion.
    """
    return np.asarray(np.float32(black) + np.float32(1 - black) * light, np.float32)


def mean_reflectance(coverage: Sequence[Array], inks: Array, *, color: int) -> Array:
    """(…) share of the light of one color that comes back from dots which overlap by chance (Demichel).

    `coverage` holds the share of the paper under each of the four inks, (…) each, and `inks` (4, 3) reflectances.
    """
    total: npt.NDArray[np.float32] | float = 1.0
    for share, ink in zip(coverage, inks[:, color], strict=True):
        total = total * (1 - share * np.float32(1 - ink))
    return np.asarray(total, np.float32)


def separate(reflectance: Array, inks: Array) -> list[Array]:
    """Four shares (…) of the paper, 0 to 1, that inks must cover to show `reflectance` (…, 3) over the paper's.

    The inverse of :func:`mean_reflectance`: black takes over part of what all colors share, and the others are found
    in turn, each given what the rest absorbs. What the inks cannot reach is cut off: the gamut.
    """
    wanted = np.clip(reflectance, 0, 1).astype(np.float32)
    black = np.float32(_BLACK_SHARE) * np.square(1 - wanted.max(axis=-1))
    coverage = [np.zeros_like(black), np.zeros_like(black), np.zeros_like(black), black]
    for _ in range(_ROUNDS):
        for ink in range(3):
            coverage[ink] = np.zeros_like(black)
            rest = wanted[..., ink] / mean_reflectance(coverage, inks, color=ink)
            coverage[ink] = np.clip((1 - rest) / np.float32(1 - inks[ink, ink]), 0, 1)
    return coverage


def printed(light: Array, sheet: Sheet) -> Array:
    """(H, W, 3) mean reflectance, over that of the paper, of linear `light` (H, W, 3) in [0, 1] printed on `sheet`."""
    inks = inks_of(sheet)
    coverage = separate(compensate_black(light, sheet.black), inks)
    return np.stack([mean_reflectance(coverage, inks, color=c) for c in range(3)], axis=-1)
