"""Who a simulated subject is: a record of some forty numbers, drawn from a generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

HairStyle = Literal["bald", "buzz", "short", "fringe", "parted", "long", "curly"]
Beard = Literal["none", "stubble", "moustache", "full"]
Glasses = Literal["none", "round", "square"]
Colour = tuple[float, float, float]
"""Linear-light RGB reflectance."""

_LIGHT_SKIN, _DARK_SKIN = np.array([0.74, 0.50, 0.38]), np.array([0.125, 0.068, 0.042])
_HAIR = {
    "black": (0.014, 0.011, 0.010),
    "dark": (0.034, 0.020, 0.013),
    "brown": (0.085, 0.045, 0.022),
    "auburn": (0.150, 0.052, 0.020),
    "blond": (0.330, 0.205, 0.095),
    "grey": (0.200, 0.193, 0.186),
}
_IRIS = {
    "dark": (0.030, 0.016, 0.010),
    "brown": (0.085, 0.042, 0.018),
    "green": (0.085, 0.110, 0.055),
    "blue": (0.100, 0.140, 0.180),
}
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Subject:
    """One made-up person. Lengths and places are in face units (see :mod:`specaug.demo_data.drawing`)."""

    face_width: float
    """From the middle to the side of the head."""
    crown: float
    """From the origin up to the top of the skull."""
    chin: float
    """From the origin down to the chin."""
    jaw_taper: float
    jaw_square: float
    """Exponent of the outline below the eyes; 2 is an ellipse."""
    robust: float
    """0 soft to 1 strong brows and jaw."""
    eye_x: float
    eye_y: float
    eye_width: float
    """Half the width of an eye."""
    eye_opening: float
    """From the middle of an eye up to its lid."""
    eye_tilt: float
    iris: Colour
    brow_rise: float
    """From the middle of an eye up to its brow."""
    brow_thickness: float
    brow_arch: float
    nose_length: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    """Half the width of the mouth."""
    upper_lip: float
    lower_lip: float
    smile: float
    """How far the corners of the mouth lie above its middle."""
    lip_colour: float
    """0 as the skin, 1 strongly red."""
    skin: Colour
    redness: float
    freckles: float
    age: float
    """0 young to 1 old: wrinkles, spots, bags under the eyes."""
    hair: HairStyle
    hair_colour: Colour
    hairline: float
    parting: float
    beard: Beard
    glasses: Glasses
    glasses_colour: Colour
    cloth: Colour
    cloth_accent: Colour
    pattern: Literal["plain", "stripes", "checks"]
    neckline: Literal["round", "v"]


def muted_colour(rng: np.random.Generator, *, low: float, high: float, saturation: float) -> Colour:
    """A colour of everyday things: brightness from `low` to `high`, at most `saturation` away from grey."""
    tint = 1 + saturation * rng.uniform(-1, 1, 3)
    red, green, blue = np.clip(rng.uniform(low, high) * tint, 0.01, 0.95)
    return float(red), float(green), float(blue)


def _skin_colour(melanin: float, rng: np.random.Generator) -> Colour:
    """Between the lightest and the darkest skin; even steps of `melanin` look like even steps."""
    colour = np.exp(np.log(_LIGHT_SKIN) * (1 - melanin) + np.log(_DARK_SKIN) * melanin)
    red, green, blue = colour * (1 + np.array([0.05, 0.0, -0.08]) * rng.uniform(-1, 1))
    return float(red), float(green), float(blue)


def _hair_colour(melanin: float, age: float, rng: np.random.Generator) -> Colour:
    if age > 0.78:
        return _HAIR["grey"]
    names = ("blond", "brown", "auburn", "dark") if melanin < 0.35 else ("black", "dark", "black")
    return _HAIR[names[rng.integers(len(names))]]


def _hair_style(robust: float, age: float, rng: np.random.Generator) -> HairStyle:
    if robust < 0.5:
        soft: tuple[HairStyle, ...] = ("long", "long", "parted", "curly", "fringe")
        return soft[rng.integers(len(soft))]
    strong: tuple[HairStyle, ...] = ("short", "short", "buzz", "parted", "curly", "fringe", "bald")
    return strong[rng.integers(len(strong) if age > 0.35 else len(strong) - 1)]


def _beard(robust: float, rng: np.random.Generator) -> Beard:
    kinds: tuple[Beard, ...] = ("none", "none", "stubble", "full", "stubble", "moustache")
    return kinds[rng.integers(len(kinds))] if robust >= 0.5 else "none"


def sample_subject(number: int, *, rng: np.random.Generator) -> Subject:
    """Draw the subject with this number.

    Skin, age and strength of features step by irrational fractions from one number to the next, so that any run of
    consecutive numbers covers their ranges evenly; everything else is random.
    """
    start = rng.uniform(0, 0.12, 3)
    melanin = float((start[0] + number * _GOLDEN) % 1)
    age = float((start[1] + 0.31 + number * (2**0.5 - 1)) % 1)
    robust = float((start[2] + number * 0.5 + (number // 2) * (3**0.5 - 1) * 0.5) % 1)
    draw = rng.uniform
    iris = "dark" if melanin > 0.45 else ("brown", "green", "blue", "brown")[rng.integers(4)]
    glasses: tuple[Glasses, ...] = ("none", "none", "none", "round", "square")
    return Subject(
        face_width=draw(0.67, 0.73) + 0.05 * robust,
        crown=draw(1.00, 1.06),
        chin=draw(0.99, 1.05) + 0.06 * robust,
        jaw_taper=draw(0.20, 0.30) - 0.12 * robust,
        jaw_square=draw(1.95, 2.15) + 0.35 * robust,
        robust=robust,
        eye_x=draw(0.295, 0.335),
        eye_y=draw(-0.12, -0.07),
        eye_width=draw(0.130, 0.155),
        eye_opening=draw(0.058, 0.074) - 0.010 * age,
        eye_tilt=draw(-0.06, 0.12),
        iris=_IRIS[iris],
        brow_rise=draw(0.165, 0.205) - 0.03 * robust,
        brow_thickness=draw(0.014, 0.022) + 0.012 * robust,
        brow_arch=draw(0.01, 0.05),
        nose_length=draw(0.38, 0.46),
        nose_width=draw(0.105, 0.135) + 0.035 * melanin,
        nose_height=draw(0.20, 0.28),
        mouth_y=draw(0.53, 0.59),
        mouth_width=draw(0.22, 0.28),
        upper_lip=draw(0.036, 0.052) + 0.018 * melanin,
        lower_lip=draw(0.058, 0.074) + 0.022 * melanin,
        smile=draw(0.015, 0.060),
        lip_colour=draw(0.1, 0.5) + 0.5 * (1 - robust) * float(rng.uniform() < 0.5),
        skin=_skin_colour(melanin, rng),
        redness=draw(0.2, 1.0) * (1 - 0.6 * melanin),
        freckles=draw(0, 1) ** 3 * (1 - melanin),
        age=age,
        hair=_hair_style(robust, age, rng),
        hair_colour=_hair_colour(melanin, age, rng),
        hairline=draw(-0.68, -0.54) - 0.06 * age * robust,
        parting=draw(-0.35, 0.35),
        beard=_beard(robust, rng),
        glasses=glasses[rng.integers(len(glasses))],
        glasses_colour=muted_colour(rng, low=0.01, high=0.05, saturation=0.6),
        cloth=muted_colour(rng, low=0.04, high=0.5, saturation=0.5),
        cloth_accent=muted_colour(rng, low=0.04, high=0.6, saturation=0.4),
        pattern=("plain", "plain", "stripes", "checks")[rng.integers(4)],
        neckline="v" if rng.uniform() < 0.35 else "round",
    )
