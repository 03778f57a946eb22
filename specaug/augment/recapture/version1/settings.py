"""What a recapture of version 1 is drawn from, and what was drawn: plain numbers, without OpenCV."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from specaug.arrays import check_number
from specaug.augment.recapture.limits import (
    MAX_SCALE,
    MIN_SCALE,
    Limits,
    Pair,
    Triple,
    check_ranges,
    check_record,
    check_whole,
    draw_logarithmic,
    draw_several,
)
from specaug.errors import ArgumentError

Screening = Literal["dots", "grain"]
RangesT = TypeVar("RangesT", bound="SecondCameraRanges")

_CAMERA: Limits = {
    "scale": (MIN_SCALE, MAX_SCALE),
    "turn": (-0.2, 0.2),
    "keystone": (-0.2, 0.2),
    "offset": (0.0, 2.0),
    "lens_sigma": (0.05, 5.0),
    "full_well": (10.0, 1e9),
    "read_noise": (0.0, 1e3),
    "sharpening": (0.0, 5.0),
    "tint": (0.2, 5.0),
    "exposure": (0.05, 5.0),
    "shake": (0.0, 20.0),
    "interval": (0.0, 1e4),
    "quality": (0, 100),
    "seed": (0, 2**63),
}
"""Lowest and highest value of each number of a camera, whether drawn or given."""
_SCREEN: Limits = {
    "density": (0.05, 4.0),
    "white": (0.1, 5.0),
    "black": (0.0, 0.5),
    "flicker": (0.0, 0.5),
    "glare": (0.0, 1.0),
    "glare_at": (0.0, 1.0),
}
_PRINT: Limits = {
    "cell": (1.0, 32.0),
    "scatter": (0.05, 8.0),
    "curl": (-0.2, 0.2),
    "light": (0.1, 5.0),
    "slope": (-1.0, 1.0),
    "sway": (0.0, 30.0),
}


@dataclass(frozen=True, kw_only=True)
class SecondCamera:
    """The camera of the recapture, its hand and its file; lengths are px of its sensor."""

    scale: float = 1.0
    """Sensor px per crop px."""
    turn: float = 0.0
    """Roll of the sensor against the picture, radians."""
    keystone: Pair = (0.0, 0.0)
    """Change of distance from one edge to the other, as a share, along x and y."""
    offset: Pair = (0.0, 0.0)
    """Where the crop begins on the sensor, px: decides under which colour filter a pixel falls."""
    lens_sigma: float = 0.4
    full_well: float = 4000.0
    """Electrons of a full pixel."""
    read_noise: float = 3.0
    """Standard deviation, electrons."""
    sharpening: float = 0.4
    tint: Pair = (1.0, 1.0)
    """Error of the white balance: factors of red and blue."""
    exposure: float = 1.0
    """Mean light over that of the clip."""
    shake: float = 0.5
    """Standard deviation of the hand's movement, px."""
    interval: float = 1.0
    """Frames at 24 a second from one frame of the clip to the next."""
    quality: int = 85
    """JPEG quality of each frame, 1 to 100; 0 leaves it out."""
    seed: int = 0
    """Of noise, movement and paper."""

    def __post_init__(self) -> None:
        check_record(self, _CAMERA)
        check_whole(self, "quality", "seed")


@dataclass(frozen=True, kw_only=True)
class RecaptureScreenParams(SecondCamera):
    """A display, as a second camera sees it."""

    density: float = 0.8
    """Display px for one sensor px."""
    white: Triple = (1.0, 1.0, 1.0)
    black: float = 0.005
    """Light of a dark pixel, as a share of white."""
    flicker: float = 0.01
    """Strength of the bands that a dimmed backlight and a rolling shutter make."""
    glare: float = 0.0
    """Light reflected by the glass at its brightest point, as a share of white."""
    glare_at: Pair = (0.5, 0.5)
    """Shares of width and height."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_record(self, _SCREEN)


@dataclass(frozen=True, kw_only=True)
class RecapturePrintParams(SecondCamera):
    """A printed photograph of the first frame, as a second camera sees it."""

    screening: Screening = "dots"
    """Dots of varied size on a grid, or dots of one size at random (ink jet)."""
    cell: float = 2.3
    """Distance of the dots, sensor px."""
    scatter: float = 0.6
    """Way of the light sideways inside the paper, standard deviation, sensor px."""
    curl: float = 0.0
    """How far the sheet bends, as a share of its height."""
    light: Triple = (1.0, 1.0, 1.0)
    slope: float = 0.0
    """Change of the light from left to right, as a share."""
    sway: Triple = (1.0, 1.0, 0.003)
    """Movement of the sheet in the hand: sensor px along x and y, roll in radians."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.screening not in get_args(Screening):
            raise ArgumentError(
                f"screening: expected one of {', '.join(get_args(Screening))}, got {self.screening!r}"
            )
        check_record(self, _PRINT)


@dataclass(frozen=True, kw_only=True)
class SecondCameraRanges:
    """From where the camera of a recapture is drawn."""

    scale: Pair | None = None
    """Sensor px per crop px; None takes those of the clip itself, source px per crop px."""
    turn: Pair = (-0.05, 0.05)
    keystone: Pair = (-0.04, 0.04)
    lens_sigma: Pair = (0.30, 0.55)
    full_well: Pair = (900.0, 12_000.0)
    """Drawn evenly on a logarithmic scale."""
    read_noise: Pair = (1.5, 6.0)
    sharpening: Pair = (0.1, 0.8)
    tint: Pair = (0.93, 1.07)
    exposure: Pair = (0.85, 1.15)
    shake: Pair = (0.0, 0.8)
    interval: Pair = (1.0, 12.0)
    quality: tuple[int, int] = (70, 96)

    def __post_init__(self) -> None:
        check_ranges(self, _CAMERA)
        if any(value != int(value) for value in self.quality):
            raise ArgumentError(f"quality: expected whole numbers, got {self.quality!r}")

    def at_scale(self: RangesT, scale: float) -> RangesT:
        """The same for a clip of `scale` source px per crop px, as far as a recapture is calculated."""
        scale = check_number("scale", scale, low=1e-3, high=1e3)
        if self.scale is not None:
            return self
        near = min(max(scale, MIN_SCALE), MAX_SCALE)
        return replace(self, scale=(near, near))


@dataclass(frozen=True, kw_only=True)
class RecaptureScreenRanges(SecondCameraRanges):
    """From where :func:`sample_recapture_screen` draws."""

    density: Pair = (0.45, 1.15)
    """Drawn evenly on a logarithmic scale."""
    white: Pair = (0.88, 1.14)
    black: Pair = (0.002, 0.02)
    flicker: Pair = (0.0, 0.01)
    glare: Pair = (0.0, 0.06)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, _SCREEN)


@dataclass(frozen=True, kw_only=True)
class RecapturePrintRanges(SecondCameraRanges):
    """From where :func:`sample_recapture_print` draws."""

    screenings: tuple[Screening, ...] = ("dots", "dots", "grain")
    """One is taken; what stands twice is taken twice as often."""
    cell: Pair = (1.6, 2.8)
    scatter: Pair = (0.4, 0.8)
    curl: Pair = (-0.02, 0.02)
    light: Pair = (0.78, 1.10)
    """Of red and blue against green."""
    slope: Pair = (-0.25, 0.25)
    sway: Pair = (0.0, 4.0)
    roll: Pair = (0.0, 0.01)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, _PRINT | {"roll": _PRINT["sway"]})
        choices = get_args(Screening)
        if not self.screenings or not set(self.screenings) <= set(choices):
            raise ArgumentError(
                f"screenings: expected one or more of {', '.join(choices)}, got {self.screenings!r}"
            )


def _camera(ranges: SecondCameraRanges, rng: np.random.Generator) -> dict[str, Any]:
    """Drawn fields of the camera."""
    scale = ranges.scale or (1.0, 1.0)
    return {
        "scale": float(rng.uniform(*scale)),
        "turn": float(rng.uniform(*ranges.turn)),
        "keystone": draw_several(ranges.keystone, 2, rng),
        "offset": draw_several((0.0, 2.0), 2, rng),
        "lens_sigma": float(rng.uniform(*ranges.lens_sigma)),
        "full_well": draw_logarithmic(ranges.full_well, rng),
        "read_noise": float(rng.uniform(*ranges.read_noise)),
        "sharpening": float(rng.uniform(*ranges.sharpening)),
        "tint": draw_several(ranges.tint, 2, rng),
        "exposure": float(rng.uniform(*ranges.exposure)),
        "shake": float(rng.uniform(*ranges.shake)),
        "interval": float(rng.uniform(*ranges.interval)),
        "quality": int(rng.integers(ranges.quality[0], ranges.quality[1] + 1)),
        "seed": int(rng.integers(2**53)),  # whole in every reader of JSON
    }


def sample_recapture_screen(
    ranges: RecaptureScreenRanges = RecaptureScreenRanges(), *, rng: np.random.Generator
) -> RecaptureScreenParams:
    """Draw a display and a camera."""
    red, blue = draw_several(ranges.white, 2, rng)
    return RecaptureScreenParams(
        **_camera(ranges, rng),
        density=draw_logarithmic(ranges.density, rng),
        white=(red, 1.0, blue),
        black=float(rng.uniform(*ranges.black)),
        flicker=float(rng.uniform(*ranges.flicker)),
        glare=float(rng.uniform(*ranges.glare)),
        glare_at=draw_several((0.0, 1.0), 2, rng),
    )


def sample_recapture_print(
    ranges: RecapturePrintRanges = RecapturePrintRanges(), *, rng: np.random.Generator
) -> RecapturePrintParams:
    """Draw a sheet of paper and a camera."""
    red, blue = draw_several(ranges.light, 2, rng)
    across, down = draw_several(ranges.sway, 2, rng)
    return RecapturePrintParams(
        **_camera(ranges, rng),
        screening=ranges.screenings[int(rng.integers(len(ranges.screenings)))],
        cell=float(rng.uniform(*ranges.cell)),
        scatter=float(rng.uniform(*ranges.scatter)),
        curl=float(rng.uniform(*ranges.curl)),
        light=(red, 1.0, blue),
        slope=float(rng.uniform(*ranges.slope)),
        sway=(across, down, float(rng.uniform(*ranges.roll))),
    )
