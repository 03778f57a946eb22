"""Settings of a phone's camera and of the hand that holds it: plain numbers, without OpenCV.

Lengths are px of the sensor where nothing else is said; a file may hold fewer (`reduction`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from specaug.arrays import check_number
from specaug.augment.recapture.limits import (
    MAX_SCALE,
    MIN_SCALE,
    Limits,
    Pair,
    check_ranges,
    check_record,
    check_whole,
    draw_logarithmic,
    draw_several,
)
from specaug.errors import ArgumentError

RangesT = TypeVar("RangesT", bound="PhoneRanges")

VERSION = 2
"""Of the records below; those without a version are of version 1."""

PHONE: Limits = {
    "scale": (MIN_SCALE, MAX_SCALE),
    "smaller": (1.0, 4.0),
    "turn": (-0.3, 0.3),
    "keystone": (-0.2, 0.2),
    "bend": (-0.2, 0.2),
    "offset": (0.0, 2.0),
    "reduction": (1.0, 8.0),
    "lens_sigma": (0.05, 8.0),
    "lens_edge": (1.0, 4.0),
    "lens_axis": (-7.0, 7.0),
    "full_well": (10.0, 1e9),
    "read_noise": (0.0, 1e3),
    "stack": (1, 64),
    "tint": (0.2, 5.0),
    "luma_threshold": (0.0, 1.0),
    "color_threshold": (0.0, 1.0),
    "color_radius": (0.0, 16.0),
    "exposure": (0.05, 5.0),
    "contrast": (-2.0, 2.0),
    "saturation": (0.0, 4.0),
    "sharpening": (0.0, 5.0),
    "halo": (0.2, 8.0),
    "quality": (0, 100),
    "shutter": (1e-5, 1.0),
    "row_time": (0.0, 1e-3),
    "interval": (0.0, 1e4),
    "drift": (0.0, 5.0),
    "approach": (0.0, 0.2),
    "tremor": (0.0, 2.0),
    "tremor_hz": (4.0, 16.0),
    "degree": (1.0, 200.0),
    "seed": (0, 2**63),
}
"""Lowest and highest value of each number, whether drawn or given."""


@dataclass(frozen=True, kw_only=True)
class Phone:
    """The camera of a recapture, its hand and its file."""

    scale: float = 1.0
    """Px of the phone's file per crop px, where the face is as large as a live one."""
    smaller: float = 1.0
    """How much smaller it is; no fewer than 0.75 px of the file are calculated for a crop px."""
    turn: float = 0.0
    """Roll of the phone against the picture, radians."""
    keystone: Pair = (0.0, 0.0)
    """Change of distance from one edge of the crop to the other, as a share, along x and y."""
    bend: Pair = (0.0, 0.0)
    """Change of magnification towards the edges of the crop, as a share, along x and y: a curved display or sheet, and
    the distortion of the lens."""
    offset: Pair = (0.0, 0.0)
    """Where the crop begins on the sensor, px: decides under which color filter a pixel falls."""
    reduction: float = 1.0
    """Sensor px per px of the file, along each axis; 1 keeps the mosaic's own px."""
    lens_sigma: float = 0.6
    """Blur of the lens where it is sharpest in the crop, sensor px."""
    lens_edge: float = 1.0
    """Blur at the opposite edge of the crop, as a multiple of `lens_sigma`."""
    lens_axis: float = 0.0
    """Direction in which the blur grows, radians."""
    full_well: float = 4000.0
    """Electrons of a full pixel; fewer at a higher ISO."""
    read_noise: float = 2.5
    """Standard deviation, electrons."""
    stack: int = 4
    """Frames that the phone aligns and averages."""
    tint: Pair = (1.0, 1.0)
    """Error of the white balance: factors of red and blue."""
    luma_threshold: float = 0.008
    """Detail of luma below this, as a share of white, is taken for noise."""
    color_threshold: float = 0.04
    """The same for color, several times as much."""
    color_radius: float = 3.0
    """Standard deviation over which color is averaged, sensor px."""
    exposure: float = 1.0
    """Mean light over that of the clip."""
    contrast: float = 0.0
    """Octaves by which the tone curve is steeper at the mean than a straight one."""
    saturation: float = 1.0
    sharpening: float = 0.5
    """Share of the detail that is added once more."""
    halo: float = 1.3
    """Radius of the sharpening, standard deviation, sensor px."""
    quality: int = 85
    """JPEG quality of each frame, 1 to 100; 0 leaves it out."""
    shutter: float = 0.02
    """Time for which a row is exposed, seconds."""
    row_time: float = 15e-6
    """Time from one row of the file to the next, seconds."""
    interval: float = 1 / 24
    """Seconds from one frame of the clip to the next."""
    drift: float = 0.1
    """Slow movement of the hand, root mean square, degrees along each axis."""
    approach: float = 0.002
    """Change of distance by the same slow movement, root mean square, as a share of the distance."""
    tremor: float = 0.02
    """The same for the tremble of muscles."""
    tremor_hz: float = 10.0
    """Its middle frequency."""
    degree: float = 25.0
    """Px of the file for one degree of the phone's view."""
    seed: int = 0
    """Of noise, movement, dust and paper."""
    version: int = VERSION
    """Of this record."""

    def __post_init__(self) -> None:
        check_record(self, PHONE)
        check_whole(self, "stack", "quality", "seed", "version")
        if self.version != VERSION:
            raise ArgumentError(f"version: expected {VERSION}, got {self.version!r}")


@dataclass(frozen=True, kw_only=True)
class PhoneRanges:
    """From where the camera of a recapture is drawn; each field says where its range comes from."""

    scale: Pair | None = None
    """None takes that of the clip itself, source px per crop px."""
    smaller: Pair = (1.0, 1.3)
    """How much smaller a replayed face is in its frame than a live one: a display or a sheet must fit in with its
    surroundings, or an edge would give it away."""
    turn: Pair = (-0.09, 0.09)
    """±5°: what is left when somebody holds a phone parallel to a display (measured on real recaptures)."""
    keystone: Pair = (-0.04, 0.04)
    """A crop takes a fifth to half of a frame, over which a display at 10° to 20° recedes by 5 to 15 %."""
    bend: Pair = (-0.012, 0.012)
    """1 to 2 % of distortion of a phone's lens at the corner, and displays bent at 1000 to 1800 mm."""
    offset: Pair = (0.0, 2.0)
    """One period of the mosaic."""
    reduced: float = 0.4
    """Assumed share of files that hold fewer px than the sensor: photographs of 12 megapixels sent by a messenger at
    1280 to 1600 px, or 4K sensors read out for 1080p."""
    reduction: Pair = (1.5, 3.2)
    """4000 px reduced to 1280 to 2560, drawn evenly on a logarithmic scale."""
    lens_sigma: Pair = (0.45, 1.1)
    """A phone's lens passes half of the contrast at 0.22 to 0.42 cycles/px (sigma = 0.187 / f50: 0.45 to 0.85 px); near
    focus, frames of a stack that are aligned to a fraction of a px, and the hand during an exposure come on top. Drawn
    evenly on a logarithmic scale: of real recaptures some are sharper than what they show, and more are softer."""
    lens_edge: Pair = (1.0, 1.9)
    """Assumed: corners pass half of the frequencies that the middle does, and a tilted display leaves the focus."""
    full_well: Pair = (500.0, 6000.0)
    """Pixels of 1 to 1.4 µm hold some 6000 electrons at the lowest gain; rooms need ISO 50 to 600.
    Drawn evenly on a logarithmic scale."""
    read_noise: Pair = (1.5, 3.5)
    """Of back-illuminated sensors."""
    stack: tuple[int, int] = (3, 9)
    """Frames of a burst, as in HDR+ (Hasinoff et al. 2016)."""
    tint: Pair = (0.94, 1.06)
    """Assumed: errors of white that are just seen in mixed light."""
    luma_threshold: Pair = (0.003, 0.012)
    """One to three times the noise that the stack leaves at middle grey."""
    color_threshold: Pair = (0.03, 0.1)
    """Color is denoised some eight times as much as luma, since the eye does not see what is lost."""
    color_radius: Pair = (1.5, 3.0)
    exposure: Pair = (0.8, 1.25)
    contrast: Pair = (0.25, 1.0)
    """A phone's tone curve is 0.3 to 0.6 octaves steeper in the middle than sRGB, and here it is laid on a picture that
    has one; reflections and blur take some 0.3, and 0 to 0.4 octaves are left, as on real displays."""
    saturation: Pair = (1.15, 1.8)
    """Displays and automatics each make color stronger; reflections take a part, and real recaptures come out between
    -1.6 and +4 dB."""
    sharpening: Pair = (0.3, 1.6)
    """Adds 2 to 6 dB at high frequencies after a reduction, the latter being the most that was measured."""
    halo: Pair = (1.0, 1.6)
    quality: tuple[int, int] = (60, 96)
    """Messengers 60 to 85, cameras 85 to 96."""
    shutter: Pair = (1 / 250, 1 / 30)
    """Of automatics in a room before a display, seconds; evenly on a logarithmic scale."""
    row_time: Pair = (8e-6, 25e-6)
    """8 to 30 ms for the rows of a frame, whose file has 1080 to 1500."""
    interval: Pair = (1 / 30, 0.5)
    """From frames that follow each other to eight over four seconds; evenly on a logarithmic scale."""
    drift: Pair = (0.01, 0.15)
    """Below 2 Hz; assumed: 0.1 to 0.2° for a phone held in a hand, less where it is steadied optically."""
    approach: Pair = (0.0, 0.004)
    """1 to 2 mm at a distance of 400 mm."""
    tremor: Pair = (0.003, 0.03)
    """8 to 12 Hz, physiological; assumed: up to some hundredths of a degree."""
    tremor_hz: Pair = (8.0, 12.0)
    degree: Pair = (17.0, 30.0)
    """1280 to 1920 px over 65° to 75°."""

    def __post_init__(self) -> None:
        check_ranges(self, PHONE)
        check_number("reduced", self.reduced, low=0.0, high=1.0)
        for name in ("quality", "stack"):
            if any(value != int(value) for value in getattr(self, name)):
                raise ArgumentError(f"{name}: expected whole numbers, got {getattr(self, name)!r}")

    def at_scale(self: RangesT, scale: float) -> RangesT:
        """The same for a clip of `scale` source px per crop px, as far as a recapture is calculated."""
        scale = check_number("scale", scale, low=1e-3, high=1e3)
        if self.scale is not None:
            return self
        near = min(max(scale, MIN_SCALE), MAX_SCALE)
        return replace(self, scale=(near, near))


_EVENLY = (
    "smaller",
    "turn",
    "lens_edge",
    "read_noise",
    "luma_threshold",
    "color_threshold",
    "color_radius",
    "exposure",
    "contrast",
    "saturation",
    "sharpening",
    "halo",
    "row_time",
    "drift",
    "approach",
    "tremor",
    "tremor_hz",
    "degree",
)
_LOGARITHMIC = ("lens_sigma", "full_well", "shutter", "interval")
_BOTH_AXES = ("keystone", "bend", "offset", "tint")
_WHOLE = ("stack", "quality")


def draw_phone(ranges: PhoneRanges, rng: np.random.Generator) -> dict[str, Any]:
    """Drawn fields of a :class:`Phone`, for the records that extend it."""
    drawn: dict[str, Any] = {"scale": float(rng.uniform(*(ranges.scale or (1.0, 1.0))))}
    drawn |= {name: float(rng.uniform(*getattr(ranges, name))) for name in _EVENLY}
    drawn |= {name: draw_logarithmic(getattr(ranges, name), rng) for name in _LOGARITHMIC}
    drawn |= {name: draw_several(getattr(ranges, name), 2, rng) for name in _BOTH_AXES}
    for name in _WHOLE:
        low, high = getattr(ranges, name)
        drawn[name] = int(rng.integers(low, high + 1))
    is_reduced, reduction = rng.uniform() < ranges.reduced, draw_logarithmic(ranges.reduction, rng)
    drawn["reduction"] = reduction if is_reduced else 1.0
    drawn["lens_axis"] = float(rng.uniform(-np.pi, np.pi))
    drawn["seed"] = int(rng.integers(2**53))  # whole in every reader of JSON
    return drawn
