"""Settings of a display and of the phone before it: plain numbers, without OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specaug.arrays import check_number
from specaug.augment.recapture.limits import (
    Limits,
    Pair,
    Triple,
    check_ranges,
    check_record,
    check_whole,
    draw_logarithmic,
    draw_several,
)
from specaug.augment.recapture.panels import PANELS, panel
from specaug.augment.recapture.phone.settings import Phone, PhoneRanges, draw_phone
from specaug.errors import ArgumentError

SCREEN: Limits = {
    "density": (0.05, 8.0),
    "white": (0.1, 5.0),
    "adaptation": (0.0, 1.0),
    "black": (0.0, 0.5),
    "veil": (0.0, 1.0),
    "glare": (0.0, 1.0),
    "glare_at": (0.0, 1.0),
    "glare_size": (0.02, 2.0),
    "window": (0.0, 1.0),
    "window_at": (-1.0, 1.0),
    "falloff": (0.0, 0.9),
    "slope": (-1.0, 1.0),
    "dust": (0, 200),
    "pwm": (0.0, 1.0),
    "pwm_hz": (10.0, 1e5),
    "pwm_duty": (0.02, 1.0),
}
_DENSITY = SCREEN["density"]
_NEAREST = 70.0
"""Millimeters at which phones begin to focus: 80 to 150 for main cameras, 30 to 50 in macro modes."""
_VIEW = 1.4
"""Width of a phone's view over its distance: 2 tan 35°."""


@dataclass(frozen=True, kw_only=True)
class RecaptureScreenParams(Phone):
    """A display, as a second phone sees it."""

    panel: str = "laptop-15-1080p"
    """Name of the display in :data:`specaug.augment.recapture.panels.PANELS`."""
    density: float = 0.8
    """Display px for one sensor px."""
    white: Triple = (1.0, 1.0, 1.0)
    """Light of its white."""
    adaptation: float = 1.0
    """Share of the color of its white that the automatic balances away, on a logarithmic scale."""
    black: float = 0.005
    """Light of a dark pixel, as a share of white."""
    veil: float = 0.0
    """Light of the room that the glass scatters everywhere, as a share of white."""
    glare: float = 0.0
    """Light of a reflected lamp at its brightest point, as a share of white."""
    glare_at: Pair = (0.5, 0.5)
    """Shares of width and height."""
    glare_size: float = 0.3
    """Standard deviation, as a share of the side."""
    window: float = 0.0
    """Light of a reflected window, as a share of white."""
    window_at: Pair = (0.2, 0.1)
    """Its left upper corner, shares of width and height."""
    falloff: float = 0.0
    """Share of its light that a display loses from the middle of the crop to a corner."""
    slope: Pair = (0.0, 0.0)
    """Change of its light from one edge of the crop to the other, as a share, along x and y."""
    dust: int = 0
    """Specks on the glass."""
    pwm: float = 0.0
    """Depth of the dimming by pulses: 1 switches the light off in between."""
    pwm_hz: float = 240.0
    pwm_duty: float = 0.5
    """Share of a period in which the light is on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        panel(self.panel)
        check_record(self, SCREEN)
        check_whole(self, "dust")


@dataclass(frozen=True, kw_only=True)
class RecaptureScreenRanges(PhoneRanges):
    """From where :func:`sample_recapture_screen` draws; each field says where its range comes from."""

    panels: tuple[str, ...] = (
        *PANELS,
        "monitor-24-1080p",
        "laptop-15-1080p",
        "laptop-15-1080p",
        "laptop-15-768p",
    )
    """One is taken; what stands twice is taken twice as often."""
    fill: Pair = (0.8, 3.0)
    """Width of the display over that of the phone's view: from a display with its surroundings to a part of it, but no
    nearer than lenses focus. Drawn evenly on a logarithmic scale."""
    sensor_width: Pair = (1920.0, 4000.0)
    """Sensor px over the phone's view, from videos that were read out at 1080p to photographs of 12 megapixels; a file
    of the sensor's own px is a part of it (digital zoom)."""
    density: Pair | None = None
    """Display px for a sensor px, evenly on a logarithmic scale; None calculates it of `panels`, `fill` and
    `sensor_width`."""
    white: Pair = (0.88, 1.14)
    """Red and blue against green of displays set to 5500 to 8500 K."""
    night_light: float = 0.12
    """Share of displays whose white was made warmer for the evening; assumed."""
    night_red: Pair = (1.1, 1.5)
    """3400 to 5000 K, in linear sRGB against green."""
    night_blue: Pair = (0.45, 0.8)
    adaptation: Pair = (0.6, 1.0)
    """Automatics leave a part of a warm light's color; assumed."""
    black: Pair = (0.0005, 0.012)
    """Contrast of 2000:1 to 80:1, the latter seen from aside."""
    veil: Pair = (0.0, 0.03)
    """4 % of the light of a room a fifth as bright as the display, and flare of the lens."""
    glare: Pair = (0.0, 0.06)
    glare_size: Pair = (0.1, 0.5)
    windows: float = 0.15
    """Share of displays in which a window is reflected; assumed."""
    window: Pair = (0.01, 0.08)
    """4 % of a window that is half to twice as bright as the display."""
    falloff: Pair = (0.0, 0.12)
    """A liquid crystal loses a third of its light at 30° aside, a lens as much in its corners; a crop sees a part."""
    slope: Pair = (-0.15, 0.15)
    dust: tuple[int, int] = (0, 6)
    dimmed: float = 0.35
    """Share of displays that are dimmed by pulses; assumed."""
    pwm: Pair = (0.03, 0.25)
    """Assumed: partial dips at the brightness of a room; 1 is a display that is off between its pulses."""
    pwm_hz: Pair = (200.0, 960.0)
    """Evenly on a logarithmic scale."""
    pwm_duty: Pair = (0.4, 0.95)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(
            self,
            {name: limits for name, limits in SCREEN.items() if name not in ("glare_at", "window_at")}
            | {"fill": (0.05, 20.0), "sensor_width": (64.0, 1e5), "night_red": SCREEN["white"]}
            | {"night_blue": SCREEN["white"]},
        )
        for name in ("night_light", "windows", "dimmed"):
            check_number(name, getattr(self, name), low=0.0, high=1.0)
        if any(value != int(value) for value in self.dust):
            raise ArgumentError(f"dust: expected whole numbers, got {self.dust!r}")
        if not self.panels:
            raise ArgumentError(f"panels: expected one or more of {', '.join(PANELS)}, got ()")
        for name in self.panels:
            panel(name)


def sample_recapture_screen(
    ranges: RecaptureScreenRanges = RecaptureScreenRanges(), *, rng: np.random.Generator
) -> RecaptureScreenParams:
    """Draw a display and a phone."""
    phone = draw_phone(ranges, rng)
    name = ranges.panels[int(rng.integers(len(ranges.panels)))]
    low, high = ranges.dust
    has_window, window = rng.uniform() < ranges.windows, float(rng.uniform(*ranges.window))
    is_dimmed, pwm = rng.uniform() < ranges.dimmed, float(rng.uniform(*ranges.pwm))
    return RecaptureScreenParams(
        **phone,
        panel=name,
        density=_density(ranges, name, rng),
        white=_white(ranges, rng),
        adaptation=float(rng.uniform(*ranges.adaptation)),
        black=float(rng.uniform(*ranges.black)),
        veil=float(rng.uniform(*ranges.veil)),
        glare=float(rng.uniform(*ranges.glare)),
        glare_at=draw_several((0.0, 1.0), 2, rng),
        glare_size=float(rng.uniform(*ranges.glare_size)),
        window=window if has_window else 0.0,
        window_at=draw_several((-0.3, 0.8), 2, rng),
        falloff=float(rng.uniform(*ranges.falloff)),
        slope=draw_several(ranges.slope, 2, rng),
        dust=int(rng.integers(low, high + 1)),
        pwm=pwm if is_dimmed else 0.0,
        pwm_hz=draw_logarithmic(ranges.pwm_hz, rng),
        pwm_duty=float(rng.uniform(*ranges.pwm_duty)),
    )


def _density(ranges: RecaptureScreenRanges, name: str, rng: np.random.Generator) -> float:
    """Display px for a sensor px: px of the panel over those of the sensor that it fills."""
    if ranges.density is not None:
        return draw_logarithmic(ranges.density, rng)
    shown = panel(name)
    nearest = max(ranges.fill[0], shown.pitch * shown.columns / (_VIEW * _NEAREST))
    filled = draw_logarithmic((ranges.fill[0], min(ranges.fill[1], nearest)), rng)
    density = shown.columns / (filled * float(rng.uniform(*ranges.sensor_width)))
    return min(max(density, _DENSITY[0]), _DENSITY[1])


def _white(ranges: RecaptureScreenRanges, rng: np.random.Generator) -> Triple:
    red, blue = draw_several(ranges.white, 2, rng)
    warm = (float(rng.uniform(*ranges.night_red)), 1.0, float(rng.uniform(*ranges.night_blue)))
    return warm if rng.uniform() < ranges.night_light else (red, 1.0, blue)
