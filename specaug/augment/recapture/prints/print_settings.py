"""Settings of a print before a phone: plain numbers, without OpenCV.

Lengths on the sheet are mm, so that one number is true of all phones; `pitch` turns them into px.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from specaug.arrays import check_number
from specaug.augment.recapture.limits import (
    Limits,
    Pair,
    Triple,
    check_ranges,
    check_record,
    draw_logarithmic,
    draw_several,
)
from specaug.augment.recapture.phone.settings import Phone, PhoneRanges, draw_phone
from specaug.augment.recapture.prints.sheets import SheetName, sheet
from specaug.errors import ArgumentError

_PRINT: Limits = {
    "pitch": (0.005, 2.0),
    "spread": (0.0, 10.0),
    "light": (0.1, 5.0),
    "lamp_angle": (0.0, 1.4),
    "lamp_axis": (-7.0, 7.0),
    "lamp_distance": (100.0, 1e5),
    "curl": (-0.02, 0.02),
    "shadow": (0.0, 0.9),
    "shadow_at": (-1.0, 1.0),
    "shadow_axis": (-7.0, 7.0),
    "penumbra": (0.5, 500.0),
    "veil": (0.0, 0.5),
    "gloss": (0.0, 3.0),
    "gloss_at": (-2.0, 3.0),
    "sway": (0.0, 20.0),
    "tremble": (0.0, 5.0),
    "speed": (-200.0, 200.0),
}
"""Lowest and highest value of each number, whether drawn or given."""


@dataclass(frozen=True, kw_only=True)
class RecapturePrintParams(Phone):
    """A printed photograph of the first frame, held before a phone."""

    sheet: SheetName = "laser-plain"
    """Printer and paper."""
    pitch: float = 0.08
    """Mm of the sheet that a px of the sensor sees."""
    spread: float = 1.0
    """Softness of this printer over that of its kind."""
    light: Triple = (1.0, 1.0, 1.0)
    """Color of the lamp, which the white balance knows."""
    lamp_angle: float = 0.3
    """Between the lamp and the normal of the sheet, radians."""
    lamp_axis: float = 0.0
    """Direction on the sheet towards the lamp, radians from x to y."""
    lamp_distance: float = 1500.0
    """Mm."""
    curl: float = 0.0
    """Curvature of the sheet towards the lamp, per mm."""
    shadow: float = 0.0
    """Share of the light that a shadow takes; 0 where none falls on the crop."""
    shadow_at: float = 0.0
    """Place of its edge, as a share of the crop from its middle."""
    shadow_axis: float = 0.0
    penumbra: float = 20.0
    """Softness of its edge, standard deviation, mm."""
    veil: float = 0.02
    """Light of the room on the surface and in the lens, over that of white paper."""
    gloss: float = 0.0
    """Reflection of a lamp or window, over the most that this paper shows."""
    gloss_at: Pair = (0.5, 0.5)
    """Its place, shares of width and height of the crop; may lie outside."""
    sway: float = 0.5
    """Slow movement of the sheet in the hand, root mean square, mm along each axis; the roll is as many degrees."""
    tremble: float = 0.05
    """Tremble of that hand, mm, at `tremor_hz`."""
    speed: Pair = (0.0, 0.0)
    """Of the sheet against the phone while a frame is exposed, mm/s."""

    def __post_init__(self) -> None:
        super().__post_init__()
        sheet(self.sheet)
        check_record(self, _PRINT)


@dataclass(frozen=True, kw_only=True)
class RecapturePrintRanges(PhoneRanges):
    """From where a print before a phone is drawn; each field says where its range comes from."""

    lens_sigma: Pair = (0.9, 2.3)
    """A sheet that a hand holds, bent and tilted, leaves the focus: 10 to 30 mm at a distance of 250 mm are a disc of 3
    to 9 µm for a lens of 6 mm at f/1.8, or 0.7 to 2.1 px of standard deviation beyond what the lens has in focus. Real
    prints are softer than their pictures by 0.7 to 2 px of the file."""
    full_well: Pair = (125.0, 1500.0)
    """Paper in a room of 100 to 300 lux sends a quarter of a display's light to the phone, whose gain is four times as
    high. Drawn evenly on a logarithmic scale."""
    luma_threshold: Pair = (0.006, 0.024)
    """Twice that before a display, as the noise is, which goes with the root of the light."""
    contrast: Pair = (0.0, 0.6)
    """The phone's curve is made for a lit room around the sheet, and is some 0.3 octaves flatter than before a display,
    whose surroundings are dark: real prints come out 0.4 octaves down, of which ink and veil take some 0.6."""
    saturation: Pair = (1.0, 1.3)
    """That of the phone; paper adds none, as displays do."""
    sheets: tuple[SheetName, ...] = ("laser-plain", "laser-coated", "inkjet-plain", "inkjet-photo")
    """One is taken; what stands twice is taken twice as often."""
    pitch: Pair = (0.045, 0.12)
    """A sheet of 150 to 300 mm that fills half or all of 4000 px; drawn evenly on a logarithmic scale."""
    spread: Pair = (0.8, 1.6)
    """From a printer in order to draft mode and worn drums."""
    light: Pair = (0.8, 1.15)
    """Red and blue of lamps against green, after the phone has set its gains."""
    lamp_angle: Pair = (0.0, 1.0)
    """From straight above to 57°."""
    lamp_distance: Pair = (400.0, 3000.0)
    """Desk lamp to window, mm; drawn evenly on a logarithmic scale."""
    curl: Pair = (-0.004, 0.004)
    """Radii of bending from 250 mm, of a sheet held at one edge."""
    shaded: float = 0.3
    """Share of draws in which a shadow falls on the crop."""
    shadow: Pair = (0.05, 0.35)
    """Shadow of hand, head or phone beside the light of the room."""
    penumbra: Pair = (4.0, 40.0)
    """Mm; drawn evenly on a logarithmic scale."""
    veil: Pair = (0.002, 0.03)
    """4 % of the room's light are reflected at every surface, and the room is darker than the lamp; lenses spread 1 to
    3 % of what they see, of which the phone's black level takes a part away."""
    glossy: float = 0.35
    """Share of draws in which a lamp's reflection falls on the crop or near it."""
    gloss: Pair = (0.1, 1.0)
    gloss_at: Pair = (-0.2, 1.2)
    sway: Pair = (0.1, 0.8)
    """A sheet in a hand moves by one to three mm over seconds, and faces are followed."""
    tremble: Pair = (0.01, 0.08)
    speed: Pair = (-8.0, 8.0)
    """Mm/s along each axis, of a sway of 2 mm at 0.5 Hz."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, _PRINT)
        for name in ("shaded", "glossy"):
            check_number(name, getattr(self, name), low=0.0, high=1.0)
        if not self.sheets or not set(self.sheets) <= set(get_args(SheetName)):
            raise ArgumentError(
                f"sheets: expected one or more of {', '.join(get_args(SheetName))}, got {self.sheets!r}"
            )
        object.__setattr__(self, "sheets", tuple(self.sheets))


def sample_recapture_print(
    ranges: RecapturePrintRanges = RecapturePrintRanges(), *, rng: np.random.Generator
) -> RecapturePrintParams:
    """Draw a printed sheet, a lamp and a phone."""
    drawn = draw_phone(ranges, rng)
    drawn |= {name: draw_logarithmic(getattr(ranges, name), rng) for name in _LOGARITHMIC}
    drawn |= {name: float(rng.uniform(*getattr(ranges, name))) for name in _EVENLY}
    drawn |= {name: float(rng.uniform(-np.pi, np.pi)) for name in ("lamp_axis", "shadow_axis")}
    drawn |= {name: draw_several(getattr(ranges, name), 2, rng) for name in ("gloss_at", "speed")}
    red, blue = draw_several(ranges.light, 2, rng)
    drawn |= {"light": (red, 1.0, blue), "shadow_at": float(rng.uniform(-0.5, 0.5))}
    drawn["sheet"] = ranges.sheets[int(rng.integers(len(ranges.sheets)))]
    # Both coins are tossed always: what follows of `rng` depends on nothing but the ranges.
    for name, share in (("shadow", ranges.shaded), ("gloss", ranges.glossy)):
        if rng.uniform() >= share:
            drawn[name] = 0.0
    return RecapturePrintParams(**drawn)


_EVENLY = ("spread", "lamp_angle", "curl", "shadow", "veil", "gloss", "sway", "tremble")
_LOGARITHMIC = ("pitch", "lamp_distance", "penumbra")
