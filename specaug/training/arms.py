"""Arms of an ablation: what each changes against training on real attacks with everything on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specaug.errors import ArgumentError

BASELINE, CONTROL = "real", "control"


@dataclass(frozen=True)
class Arm:
    """One way to train."""

    description: str
    changes: dict[str, Any]
    """Settings of :class:`specaug.training.TrainConfig` that differ from the baseline."""


def _instead(recipe: str, description: str) -> Arm:
    """Bona fide clips, half of them changed, stand for both classes."""
    return Arm(description, {"labels": ("bonafide",), "recipe": recipe, "augment_share": 0.5})


def _beside(recipe: str) -> Arm:
    """Half bona fide, a quarter real attacks, a quarter made of bona fide clips."""
    changes = {"recipe": recipe, "bonafide_share": 0.75, "augment_share": 1 / 3}
    return Arm(f"real attacks, and {recipe} on bona fide clips", changes)


def _shifted(recipe: str) -> Arm:
    return Arm(f"real attacks, {recipe} on half of the clips of both classes", {"recipe": recipe})


ARMS: dict[str, Arm] = {
    BASELINE: Arm("real attacks, two streams", {}),
    "mix-high": _instead("mix-high", "bona fide only; attacks by spectral mixing with attacks"),
    "bandpass": _instead("bandpass", "bona fide only; attacks by band-pass synthesis"),
    "mix-high+bandpass": _instead("mix-high+bandpass", "bona fide only; attacks by one or the other"),
    "traces": _instead(
        "traces", "bona fide only; attacks by blur, noise, sharpening and tone, and a grid in half of them"
    ),
    "profile": _instead("profile", "bona fide only; attacks by a learned spectrum"),
    "recapture-screen": _instead("recapture-screen", "bona fide only; attacks by a simulated display"),
    "recapture-print": _instead("recapture-print", "bona fide only; attacks by a simulated print"),
    "mixed": _instead("mixed", "bona fide only; attacks by displays, prints and traces"),
    CONTROL: _instead(
        "control", "bona fide only; attacks by blur, JPEG and colour: what a recipe has to beat"
    ),
    "real+bandpass": _beside("bandpass"),
    "real+mixed": _beside("mixed"),
    "real+control": _beside("control"),
    "real+fda": _shifted("fda"),
    "real+fact": _shifted("fact"),
    "real+apr": _shifted("apr"),
    "color": Arm("real attacks, the colour stream alone", {"streams": "color"}),
    "spectrum": Arm("real attacks, the spectrum stream alone", {"streams": "spectrum"}),
    "no-hsv": Arm("real attacks, the colour stream without HSV", {"hsv": False}),
    "no-window": Arm("real attacks, spectra without a window", {"window": None}),
}

ARM_SETS: dict[str, tuple[str, ...]] = {
    "smoke": (BASELINE, "bandpass", CONTROL),
    "cpu": tuple(name for name in ARMS if name not in ("real+fact", "real+apr", "real+bandpass")),
    "gpu": tuple(ARMS),
}
"""Arms of each preset where none are named."""


def arm(name: str) -> Arm:
    """An arm by name."""
    if name not in ARMS:
        raise ArgumentError(f"arms: expected some of {', '.join(ARMS)}, got {name!r}")
    return ARMS[name]
