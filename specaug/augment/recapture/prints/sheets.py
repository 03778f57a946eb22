"""Printers and papers by name: how white, how black, how sharp, how even.

Reflectances are those of a densitometer, 10 to the power of minus the density. Densities of black: 2.0 and more on
glossy photo paper and 1.7 on matt paper (Imatest, "Dmax"), 1.4 for toner on copy paper and 1.2 for its ink, as
printers' data sheets have them. Copy paper reflects 82 to 88 % and is a little blue, photo paper 88 to 92 %.

Light runs sideways in paper: its modulation transfer is halved at 1 / (0.15 to 0.35 mm), for all papers that were
measured (Arney, "Humble attempt to depict line spread function measurement"; Rogers 1998), which a Gaussian of
0.187 times that length does. Ink runs along the fibers of copy paper by some 0.05 to 0.1 mm, on coated paper by half
of that, and toner by the size of its grains and the cell of its screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from specaug.augment.recapture.limits import Triple
from specaug.errors import ArgumentError

SheetName = Literal["laser-plain", "laser-coated", "inkjet-plain", "inkjet-photo"]


@dataclass(frozen=True)
class Sheet:
    """One kind of printer on one kind of paper."""

    white: Triple
    """Reflectance of the bare paper: red, green, blue."""
    black: float
    """Reflectance of the darkest print, as a share of the paper's."""
    strength: float
    """Density of the colored inks over that of the best."""
    spread: float
    """Standard deviation by which ink and screen soften the picture, mm."""
    scatter: float
    """Standard deviation of the way of light sideways in the paper, mm."""
    ruling: float
    """Distance of the dots, mm; 0 where they are too small for any phone (ink jets: 0.02 to 0.04 mm)."""
    grain: float
    """Standard deviation of the ink's share where it covers half, over features of 0.4 mm."""
    fibers: float
    """Standard deviation of the paper's own reflectance, over features of 0.3 and 3 mm."""
    gloss: float
    """Most that a lamp's reflection adds, as a share of the paper's light."""
    gloss_width: float
    """Standard deviation of that reflection, mm: a mirror shows a lamp, matt paper a wide sheen."""


SHEETS: dict[str, Sheet] = {
    "laser-plain": Sheet((0.83, 0.84, 0.86), 0.040, 0.85, 0.055, 0.055, 0.24, 0.012, 0.010, 0.06, 40.0),
    "laser-coated": Sheet((0.87, 0.88, 0.89), 0.020, 0.95, 0.045, 0.040, 0.19, 0.008, 0.004, 0.25, 15.0),
    "inkjet-plain": Sheet((0.83, 0.84, 0.86), 0.063, 0.65, 0.080, 0.065, 0.0, 0.014, 0.010, 0.03, 60.0),
    "inkjet-photo": Sheet((0.89, 0.90, 0.91), 0.009, 1.00, 0.035, 0.030, 0.0, 0.003, 0.002, 0.35, 10.0),
}
"""Screens of 106 and 133 lines an inch for toner, as printers of 600 and 1200 dots an inch have them."""


def sheet(name: str) -> Sheet:
    """The sheet of that name."""
    if name not in SHEETS:
        raise ArgumentError(f"sheet: expected one of {', '.join(get_args(SheetName))}, got {name!r}")
    return SHEETS[name]
