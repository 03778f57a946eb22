"""Cameras, displays and printers: every split has its own, so that test shows devices that nobody trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from specaug.augment.recapture.version1.camera import Camera, sample_camera
from specaug.augment.recapture.version1.paper import Print, sample_print
from specaug.augment.recapture.version1.screen import Screen, sample_screen
from specaug.records import SPLITS, Split

PER_SPLIT = 4
"""Devices of each kind in a split."""
_STRATA = PER_SPLIT * len(SPLITS)
_DENSITY = (0.70, 1.05)
_CELL = (1.7, 2.5)
_LENS = (0.32, 0.56)


@dataclass(frozen=True)
class Body:
    """What is the same in all clips of one camera; light and ISO differ."""

    lens_sigma: float
    read_noise: float
    sharpening: float
    tint: tuple[float, float]


@dataclass(frozen=True)
class Display:
    """What is the same in all replays on one display."""

    density: float
    white: tuple[float, float, float]
    black: float
    flicker: float


@dataclass(frozen=True)
class Printer:
    """What is the same in all prints of one printer."""

    screening: Literal["dots", "grain"]
    cell: float
    scatter: float


@dataclass(frozen=True)
class Devices:
    """The devices of one split."""

    bodies: tuple[Body, ...]
    displays: tuple[Display, ...]
    printers: tuple[Printer, ...]

    def camera(self, *, rng: np.random.Generator) -> Camera:
        """One of the cameras, in the light and at the ISO of one clip."""
        body = self.bodies[int(rng.integers(len(self.bodies)))]
        drawn = sample_camera(rng=rng)
        return replace(
            drawn,
            lens_sigma=body.lens_sigma,
            read_noise=body.read_noise,
            sharpening=body.sharpening,
            tint=body.tint,
        )

    def screen(self, shake: float, *, rng: np.random.Generator) -> Screen:
        """One of the displays, placed for one clip."""
        display = self.displays[int(rng.integers(len(self.displays)))]
        drawn = sample_screen(shake, rng=rng)
        return replace(
            drawn,
            density=display.density,
            white=display.white,
            black=display.black,
            flicker=display.flicker,
        )

    def sheet(self, shake: float, height: int, *, rng: np.random.Generator) -> Print:
        """A print of one of the printers, held for one clip."""
        printer = self.printers[int(rng.integers(len(self.printers)))]
        drawn = sample_print(shake, height, rng=rng)
        return replace(drawn, screening=printer.screening, cell=printer.cell, scatter=printer.scatter)


def devices_of(split: Split, *, seed: int) -> Devices:
    """The devices of a split.

    What tells devices apart most (density of a display, distance of a printer's dots, sharpness of a lens) is taken
    from as many slices of its range as there are devices in all splits, dealt out at random: no two devices share a
    slice, and every split spans the range.

    Parameters
    ----------
    split : {"train", "dev", "test"}
    seed : int

    Returns
    -------
    Devices
        The same for the same arguments.
    """
    dealt = np.random.default_rng([seed, 1 << 20])
    decks = {
        name: dealt.permutation(_STRATA).reshape(len(SPLITS), -1) for name in ("body", "display", "printer")
    }
    number = SPLITS.index(split)
    rng = np.random.default_rng([seed, 1 << 20, number])
    return Devices(
        tuple(_body(stratum, rng) for stratum in decks["body"][number]),
        tuple(_display(stratum, rng) for stratum in decks["display"][number]),
        tuple(_printer(stratum, rng) for stratum in decks["printer"][number]),
    )


def _within(limits: tuple[float, float], stratum: int, rng: np.random.Generator) -> float:
    """A number from one slice of a range, evenly on a logarithmic scale."""
    low, high = (math.log(v) for v in limits)
    return math.exp(low + (stratum + rng.uniform()) / _STRATA * (high - low))


def _body(stratum: int, rng: np.random.Generator) -> Body:
    drawn = sample_camera(rng=rng)
    return Body(_within(_LENS, stratum, rng), drawn.read_noise, drawn.sharpening, drawn.tint)


def _display(stratum: int, rng: np.random.Generator) -> Display:
    drawn = sample_screen(0.0, rng=rng)
    return Display(_within(_DENSITY, stratum, rng), drawn.white, drawn.black, drawn.flicker)


def _printer(stratum: int, rng: np.random.Generator) -> Printer:
    drawn = sample_print(0.0, 480, rng=rng)
    return Printer(drawn.screening, _within(_CELL, stratum, rng), drawn.scatter)
