"""What differs between bona fide and attack, in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from specaug.differences.band_difference import BandDifference
from specaug.differences.clip_measures import COLOR, LOCAL
from specaug.differences.difference_sentences import sentences
from specaug.differences.flicker import FEWEST_COMMON, SHORTEST, FlickerLine, common_frequencies
from specaug.differences.intervals import difference_interval
from specaug.differences.peaks import Peak
from specaug.differences.side_measures import SideMeasures
from specaug.differences.spectra import BANDS, BINS, OCTAVES, decibels
from specaug.spectrum import radial_bins


@dataclass(frozen=True, eq=False)
class DifferenceNumbers:
    """Two sides and what differs between them, in numbers and sentences."""

    bonafide: SideMeasures
    attack: SideMeasures
    peaks: tuple[Peak, ...]
    """Waves that one side has and the other has not, the strongest first."""
    lines: tuple[FlickerLine, ...]
    """Flicker that one side has and the other has not, the strongest first."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the aligned frames."""
        return int(self.attack.power.shape[0]), int(self.attack.power.shape[1])

    @property
    def ratio_db(self) -> np.ndarray:
        """(H, W) attack over bona fide, dB, zero frequency in the middle, averaged over 3x3 frequencies."""
        return np.asarray(decibels(self.attack.power) - decibels(self.bonafide.power))

    @property
    def local_db(self) -> dict[str, np.ndarray]:
        """Band to (H, W): attack over bona fide, dB, of the local energy over the face."""
        return dict(zip(LOCAL, self.attack.local - self.bonafide.local, strict=True))

    @cached_property
    def bands(self) -> tuple[BandDifference, ...]:
        """Low, mid and high."""
        return self._bands("bands", BANDS)

    @cached_property
    def octaves(self) -> tuple[BandDifference, ...]:
        """Finer bands."""
        return self._bands("octaves", OCTAVES)

    def _bands(
        self, key: str, limits: Mapping[str, tuple[float, float]], comparisons: int = 1
    ) -> tuple[BandDifference, ...]:
        sides = [(side.subjects, getattr(side, key)) for side in (self.bonafide, self.attack)]
        half = difference_interval(*sides, comparisons=comparisons)
        bonafide, attack = (values.mean(axis=0).tolist() for _, values in sides)
        found = []
        for number, (name, (low, high)) in enumerate(limits.items()):
            middle, reach = attack[number] - bonafide[number], None if half is None else float(half[number])
            interval = None if reach is None else (middle - reach, middle + reach)
            found.append(BandDifference(name, low, high, bonafide[number], attack[number], interval))
        return tuple(found)

    @property
    def most_telling(self) -> BandDifference:
        """The octave that tells the sides apart best: by the interval where there is one, else by decibels.

        It is the best of all octaves, so its interval is wider than theirs: 95 % for all of them together.
        """

        def strength(band: BandDifference) -> float:
            if band.interval is None:
                return abs(band.difference_db)
            return abs(band.difference_db) / max((band.interval[1] - band.interval[0]) / 2, 1e-9)

        return max(self._bands("octaves", OCTAVES, comparisons=len(OCTAVES)), key=strength)

    @property
    def own_names(self) -> dict[str, str] | None:
        """What the sides are called where both are bona fide or both attacks; None where they are one of each."""
        if self.attack.labels != {"bonafide"} and self.bonafide.labels != {"attack"}:
            return None
        sides = {"bonafide": self.bonafide, "attack": self.attack}
        return {key: f'"{" ".join(side.name.split())}"' for key, side in sides.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits the comparison."""
        return tuple(_notes(self))

    @property
    def findings(self) -> tuple[str, ...]:
        """What differs, in sentences, the most telling first."""
        return sentences(self.peaks, self.lines, self.most_telling, self.color, self.own_names)

    def as_json(self) -> dict[str, Any]:
        """All numbers as plain values."""
        difference, half = self.profile_difference
        return {
            "bonafide": _side(self.bonafide),
            "attack": _side(self.attack),
            "size": list(self.size),
            "findings": list(self.findings),
            "bands": [band.as_json() for band in self.bands],
            "octaves": [band.as_json() for band in self.octaves],
            "peaks": [_peak(peak) for peak in self.peaks],
            "flicker": [_line(line) for line in self.lines],
            "temporal": self._temporal(),
            "color": self.color,
            "profile": {
                "cycles_per_px": radial_bins(BINS).tolist(),
                "bonafide_db": self.bonafide.profile.tolist(),
                "attack_db": self.attack.profile.tolist(),
                "difference_db": difference.tolist(),
                "interval_half_width_db": None if half is None else half.tolist(),
            },
            "notes": list(self.notes),
        }

    @property
    def profile_difference(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(bins,) attack minus bona fide, dB, and half the width of its interval; None for too few subjects."""
        sides = [(side.subjects, side.profiles) for side in (self.bonafide, self.attack)]
        return self.attack.profile - self.bonafide.profile, difference_interval(*sides)

    @property
    def color(self) -> dict[str, dict[str, float]]:
        """Mean hue (degrees, weighted by saturation), saturation, value, red, green and blue of both sides."""
        found: dict[str, dict[str, float]] = {}
        means = {name: getattr(self, name).color.mean(axis=0) for name in ("bonafide", "attack")}
        hues = {name: math.degrees(math.atan2(m[1], m[0])) % 360 for name, m in means.items()}
        turn = (hues["attack"] - hues["bonafide"] + 180) % 360 - 180
        found["hue"] = {**hues, "difference": turn}
        for number, name in enumerate(COLOR[2:], start=2):
            values = {side: float(m[number]) for side, m in means.items()}
            found[name] = {**values, "difference": values["attack"] - values["bonafide"]}
        return found

    def _temporal(self) -> dict[str, Any] | None:
        sides = {"bonafide": self.bonafide.temporal, "attack": self.attack.temporal}
        if all(side is None for side in sides.values()):
            return None
        return {
            name: side and {"hertz": side.hertz.tolist(), "decibels": side.decibels.tolist()}
            for name, side in sides.items()
        }


def _side(side: SideMeasures) -> dict[str, Any]:
    return {
        **{"name": side.name, "clips": side.clips, "of": side.total, "subjects": len(side.subjects)},
        **{"scale": side.scale, "shown": side.typical.name},
    }


def _peak(peak: Peak) -> dict[str, Any]:
    return {
        **{"cycles_per_px": peak.frequency, "angle_degrees": peak.angle, "period_px": peak.period},
        **{"fx": peak.fx, "fy": peak.fy, "decibels": peak.decibels},
        **{"amplitude": peak.amplitude, "more_in": peak.more_in},
    }


def _line(line: FlickerLine) -> dict[str, Any]:
    return {
        **{"hertz": line.hertz, "decibels": line.decibels},
        **{"amplitude": line.amplitude, "more_in": line.more_in},
    }


_SCALES_APART = 1.25
"""Ratio of scales from which frequencies of the crops are clearly not those of the cameras: a third of an octave."""


def _notes(report: DifferenceNumbers) -> Iterator[str]:
    names = report.own_names or {"bonafide": "bona fide", "attack": "attack"}
    scales = report.bonafide.scale, report.attack.scale
    if scales[0] and scales[1] and max(scales) > _SCALES_APART * min(scales):  # type: ignore[type-var, operator]
        yield (
            f"The faces differ in size: {scales[0]:.2f} source px per px of the crop of {names['bonafide']}, "
            f"{scales[1]:.2f} of {names['attack']}. What was reduced more has lost detail for that alone."
        )
    sides = ((names["bonafide"], report.bonafide), (names["attack"], report.attack))
    still = [name for name, side in sides if side.temporal is None]
    if still:
        yield f"No flicker can be told: the frames of {' and '.join(still)} are not evenly spaced in time, or few."
    yield from _few_frequencies(report)
    for name, side in sides:
        if side.temporal is not None and side.temporal.frames < SHORTEST:
            yield (
                f"Lines of flicker are named from {SHORTEST} evenly spaced frames on; {name} has "
                f"{side.temporal.frames}."
            )
        if side.total > side.clips:
            yield f"Of {side.total:,} {name} clips {side.clips} were measured, chosen by a hash of their ids."
        if side.clips > 1 and len(side.subjects) < 2:
            yield f"All {name} clips are of one subject, so there are no intervals."
    if max(side.clips for _, side in sides) > 1:
        yield "Faces, color planes and the low band show the clip of each side that is nearest to its mean."


def _few_frequencies(report: DifferenceNumbers) -> Iterator[str]:
    sides = report.bonafide.temporal, report.attack.temporal
    if sides[0] is None or sides[1] is None or min(sides[0].frames, sides[1].frames) < SHORTEST:
        return
    common = common_frequencies(sides[0], sides[1])
    if common < FEWEST_COMMON:
        yield (
            f"No line of flicker can be told: of one side only {common} frequencies lie in the band that both frame "
            f"rates reach; {FEWEST_COMMON} are needed. Compare clips of one frame rate, or longer ones."
        )
