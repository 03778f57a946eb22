"""What a network goes by, as figures and maps, as text and as JSON."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.attribution.changes import ClipChange
from specaug.attribution.effects import BaseRates, Effect, Shift
from specaug.attribution.explain_config import ExplainConfig
from specaug.attribution.fourier_sensitivity import SensitivityMap
from specaug.attribution.integrated_gradients import AttributionMaps


@dataclass(frozen=True)
class Threshold:
    """At which logit a clip is taken for an attack."""

    value: float
    rule: str
    """Where it comes from, in words."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What changes of clips do to a network, and which parts of them its logit comes from.

    Made by :func:`specaug.explain`.
    """

    network: str
    """Name of the run or of the module."""
    dataset: str
    config: ExplainConfig
    frames: int
    """Of a clip, as the network sees it."""
    shape: tuple[int, int]
    """Height and width of a frame, as the network sees it, px."""
    clips: tuple[int, int]
    """Bona fide clips and attacks that were changed."""
    available: int
    """Clips of the split."""
    subjects: int
    """Of the clips that were changed."""
    threshold: Threshold
    base: BaseRates
    """Errors of the clips as they are."""
    effects: tuple[tuple[ClipChange, Effect], ...]
    faces: np.ndarray
    """(2, H, W, 3) float32 in [0, 1], mean frame of bona fide clips and of attacks."""
    waves: SensitivityMap | None
    gradients: AttributionMaps | None
    notes: tuple[str, ...]
    """What has to be known beside the figures, in whole sentences."""

    def __repr__(self) -> str:
        return f"Explanation({self.network}, {sum(self.clips)} clips, {len(self.effects)} changes)"

    @property
    def relied_on(self) -> list[tuple[ClipChange, Effect]]:
        """Changes whose ACER interval leaves out 0, the largest first."""
        shown = [(change, effect) for change, effect in self.effects if effect.acer.shown]
        return sorted(shown, key=lambda pair: -abs(pair[1].acer.value))

    def findings(self) -> list[str]:
        """What matters most, in whole sentences."""
        found = [
            f"Without {_noun(change)} ACER {_by(effect.acer)} (APCER {_points(effect.apcer.value)}, "
            f"BPCER {_points(effect.bpcer.value)} points)."
            for change, effect in self.relied_on
        ]
        if self.effects and not found:
            found = ["No single change moves ACER beyond its interval: see the notes on what that means."]
        chance = "On these clips the network is not shown to be better than chance"
        return found if self.base.separates else [f"{chance}: there may be no decision to explain.", *found]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; of the gradients the sums of the planes, not the maps."""
        values: dict[str, Any] = _plain(
            {
                "network": self.network,
                "dataset": self.dataset,
                "settings": dataclasses.asdict(self.config),
                "sample": {
                    "split": self.config.split,
                    "bonafide": self.clips[0],
                    "attack": self.clips[1],
                    "available": self.available,
                    "subjects": self.subjects,
                },
                "threshold": dataclasses.asdict(self.threshold),
                "base": dataclasses.asdict(self.base),
                "effects": [_effect(change, effect) for change, effect in self.effects],
                "waves": None if self.waves is None else vars(self.waves),
                "gradients": None
                if self.gradients is None
                else {name: value for name, value in vars(self.gradients).items() if name != "maps"},
                "findings": self.findings(),
                "notes": list(self.notes),
            }
        )
        return values

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.network} on {sum(self.clips)} of {self.available} {self.config.split} clips of {self.dataset}, "
                f"{self.subjects} subjects; threshold {self.threshold.value:.6g}: {self.threshold.rule}",
                f"as they are: ACER {self.base.acer:.1%}, APCER {self.base.apcer:.1%}, BPCER {self.base.bpcer:.1%}",
                "",
                *_table(self.effects),
                *([""] if self.effects else []),
                *self.findings(),
                *(f"note: {note}" for note in self.notes),
            ]
        )


def _noun(change: ClipChange) -> str:
    if change.kind == "band":
        return f"the band {change.name} ({change.about.partition(';')[0]})"
    if change.kind == "angle":
        return f"the detail at {change.name}"
    return f"the view {change.name}" if change.kind == "view" else change.name


def _by(shift: Shift) -> str:
    return f"{'rises' if shift.value > 0 else 'falls'} by {abs(100 * shift.value):.0f} points"


def _points(value: float) -> str:
    return f"{round(100 * value) + 0.0:+.0f}"  # a small number below 0 is no -0


def _table(effects: tuple[tuple[ClipChange, Effect], ...]) -> list[str]:
    if not effects:
        return []
    rows = [("without", "ACER", "95 % interval, simultaneous", "APCER", "BPCER")]
    for change, effect in effects:
        acer = effect.acer
        reach = f"{_points(acer.low)} to {_points(acer.high)}{' *' if acer.shown else '  '}"
        rows.append(
            (
                change.name,
                *(_points(acer.value), reach, _points(effect.apcer.value), _points(effect.bpcer.value)),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def _effect(change: ClipChange, effect: Effect) -> dict[str, Any]:
    band = change.band
    limits = {} if band is None else {"low": band.low, "high": band.high, "angle": band.angle}
    return {
        "kind": change.kind,
        "name": change.name,
        "about": change.about,
        **limits,
        **dataclasses.asdict(effect),
    }


def _plain(value: Any) -> Any:
    """JSON values; a number that is not finite is null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
