"""Displays by name: technology, pitch by their data sheets, and where the subpixels of each color lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from specaug.errors import ArgumentError

Technology = Literal["lcd", "oled"]


@dataclass(frozen=True)
class Subpixel:
    """One lit rectangle; lengths in display px."""

    x: float
    """Middle."""
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Panel:
    """One kind of display."""

    technology: Technology
    diagonal: float
    """Inches."""
    columns: int
    """Of the longer side."""
    rows: int
    period: int
    """Display px after which the arrangement of subpixels repeats, along each axis."""
    subpixels: tuple[tuple[Subpixel, ...], tuple[Subpixel, ...], tuple[Subpixel, ...]]
    """Of red, green and blue within one period."""

    @property
    def pitch(self) -> float:
        """Distance of the display's px, mm.

        Examples
        --------
        >>> round(PANELS["monitor-24-1080p"].pitch, 4)
        0.2744
        """
        return self.diagonal * 25.4 / math.hypot(self.columns, self.rows)


_STRIPES = (
    (Subpixel(1 / 6, 0.5, 0.28, 0.84),),
    (Subpixel(3 / 6, 0.5, 0.28, 0.84),),
    (Subpixel(5 / 6, 0.5, 0.28, 0.84),),
)
"""Thirds of a px, each in a black matrix: an aperture of 71 %, at the upper end of what displays have."""

_BLACK_STRIPES = (
    (Subpixel(1 / 6, 0.5, 0.24, 0.72),),
    (Subpixel(3 / 6, 0.5, 0.24, 0.72),),
    (Subpixel(5 / 6, 0.5, 0.24, 0.72),),
)
"""The same for fine pitches, where lines and transistors take a larger part: an aperture of 52 %."""

_DIAMOND = (
    (Subpixel(0.5, 0.5, 0.46, 0.46), Subpixel(1.5, 1.5, 0.46, 0.46)),
    tuple(Subpixel(x, y, 0.36, 0.36) for x in (0.0, 1.0) for y in (0.0, 1.0)),
    (Subpixel(1.5, 0.5, 0.52, 0.52), Subpixel(0.5, 1.5, 0.52, 0.52)),
)
"""PenTile: a green subpixel for each px, and a red or a blue one in between, in turn, as micrographs of phones show
them; squares stand for the diamonds."""

PANELS: dict[str, Panel] = {
    "monitor-24-1080p": Panel("lcd", 23.8, 1920, 1080, 1, _STRIPES),
    "monitor-27-1440p": Panel("lcd", 27.0, 2560, 1440, 1, _STRIPES),
    "monitor-27-2160p": Panel("lcd", 27.0, 3840, 2160, 1, _BLACK_STRIPES),
    "laptop-15-768p": Panel("lcd", 15.6, 1366, 768, 1, _STRIPES),
    "laptop-15-1080p": Panel("lcd", 15.6, 1920, 1080, 1, _STRIPES),
    "laptop-13-1600p": Panel("lcd", 13.3, 2560, 1600, 1, _BLACK_STRIPES),
    "tablet-11-lcd": Panel("lcd", 10.9, 2360, 1640, 1, _BLACK_STRIPES),
    "phone-6-lcd": Panel("lcd", 6.1, 1792, 828, 1, _BLACK_STRIPES),
    "phone-6-oled": Panel("oled", 6.4, 2400, 1080, 2, _DIAMOND),
    "phone-7-oled": Panel("oled", 6.8, 3088, 1440, 2, _DIAMOND),
}
"""Sizes and resolutions as data sheets give them; monitors, laptops, a tablet and phones."""


def panel(name: str) -> Panel:
    """The panel of that name."""
    if name not in PANELS:
        raise ArgumentError(f"panel: expected one of {', '.join(PANELS)}, got {name!r}")
    return PANELS[name]


def display_density(*, pitch: float, distance: float, focal_length: float, pixel: float) -> float:
    """Display px for one sensor px of a camera before a display.

    Parameters
    ----------
    pitch : float
        Distance of the display's pixels, mm.
    distance : float
        From the lens to the display, mm.
    focal_length : float
        Of the lens, mm, focused on the display.
    pixel : float
        Distance of the sensor's pixels, mm.

    Returns
    -------
    float
        Frequency of the display's grid in cycles per sensor px.

    Examples
    --------
    >>> round(display_density(pitch=0.0935, distance=250.0, focal_length=4.25, pixel=0.0014), 3)
    0.866
    """
    # By the thin lens, the sensor stands at f·D / (D - f) behind it: that over D is the magnification.
    return pixel * (distance - focal_length) / focal_length / pitch
