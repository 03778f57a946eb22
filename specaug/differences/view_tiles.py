"""Images of both sides and of their differences, as uint8 arrays that a sheet or a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from specaug.arrays import to_unit
from specaug.color import hsv_to_rgb, luma, rgb_to_hsv
from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.differences.local_energy import band_image
from specaug.differences.side_measures import SideMeasures
from specaug.differences.spectra import BANDS, decibels, detail_range, frequency_range

BLUE, NEUTRAL, ORANGE = (11, 98, 180), (246, 246, 244), (196, 72, 8)
"""More in bona fide, equal, more in the attack: the colors of both sides wherever they are drawn."""
COLUMNS = ("face", "low", "mid", "high", "spectrum", "hue", "saturation", "value")
_FILLED = 0.4
"""The shared gain makes the largest value of a band, but for one pixel in 200, so far from gray, white being 1."""
_STEPS_DB = (6, 12, 18, 24, 36)
"""Ends of color scales, dB."""
_COLOR_STEPS = (0.05, 0.1, 0.2, 0.4, 1.0)
"""Ends of color scales of planes, white being 1."""


@dataclass(frozen=True)
class Heading:
    """What stands above a column."""

    title: str
    detail: str
    difference: str
    """What its third image shows."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Images of a report, drawn when they are asked for."""

    report: DifferenceNumbers

    @cached_property
    def _frames(self) -> dict[str, np.ndarray]:
        return {name: _middle(side) for name, side in self._sides.items()}

    @property
    def _sides(self) -> dict[str, SideMeasures]:
        return {"bonafide": self.report.bonafide, "attack": self.report.attack}

    @cached_property
    def _bands(self) -> dict[str, dict[str, np.ndarray]]:
        """Band to side to (H, W, 3)."""
        return {
            band: {name: band_image(frame, *limits) for name, frame in self._frames.items()}
            for band, limits in BANDS.items()
        }

    @cached_property
    def gains(self) -> dict[str, float]:
        """By what the differences from gray of a band are multiplied on both sides; 1 for the low band."""
        gains = {"low": 1.0}
        for band in ("mid", "high"):
            largest = np.quantile(np.abs(np.stack(list(self._bands[band].values()))), 0.995)
            gains[band] = round(min(_FILLED / max(float(largest), 1e-6), 100.0), 1)
        return gains

    def side(self, name: str) -> dict[str, np.ndarray]:
        """Column to (H, W, 3) uint8 of one side, ``bonafide`` or ``attack``."""
        frame = self._frames[name]
        hue, saturation, value = np.moveaxis(np.asarray(rgb_to_hsv(frame)), -1, 0)
        full = np.ones_like(hue)
        # Where there is hardly any color, hue is noise: it fades to gray.
        hues = hsv_to_rgb(np.stack((hue, np.minimum(1, 4 * saturation), full * 0.9), axis=-1))
        bands = {
            band: _bytes(images[name] if band == "low" else 0.5 + self.gains[band] * images[name])
            for band, images in self._bands.items()
        }
        return {
            "face": _bytes(frame),
            **bands,
            "spectrum": _gray(self._spectrum(name)),
            "hue": _bytes(np.asarray(hues)),
            "saturation": _gray(saturation),
            "value": _gray(value),
        }

    def _spectrum(self, name: str) -> np.ndarray:
        """0 to 1, of a scale that both sides share."""
        spectra = {key: decibels(side.power) for key, side in self._sides.items()}
        low, high = np.quantile(np.stack(list(spectra.values())), (0.01, 0.9995))
        return np.asarray((spectra[name] - low) / max(float(high - low), 1e-6))

    @cached_property
    def spectrum_limit(self) -> float:
        """End of the color scale of the ratio of spectra, dB."""
        return _step(_STEPS_DB, float(np.quantile(np.abs(self.report.ratio_db), 0.998)))

    @cached_property
    def local_limit(self) -> float:
        """End of the color scale of both maps of local energy, dB."""
        maps = np.stack(list(self.report.local_db.values()))
        return _step(_STEPS_DB, float(np.quantile(np.abs(maps), 0.99)))

    @cached_property
    def plane_limit(self) -> float:
        """End of the color scale of differences of saturation and value, white being 1."""
        found = [np.abs(difference) for difference in self._plane_differences.values()]
        return _step(_COLOR_STEPS, float(np.quantile(np.stack(found), 0.98)))

    @cached_property
    def _plane_differences(self) -> dict[str, np.ndarray]:
        planes = {name: np.asarray(rgb_to_hsv(frame)) for name, frame in self._frames.items()}
        difference = planes["attack"] - planes["bonafide"]
        return {"saturation": difference[..., 1], "value": difference[..., 2]}

    def difference(self) -> dict[str, np.ndarray]:
        """Column to (H, W, 3) uint8; no entry for ``face`` and ``hue``."""
        low = self._bands["low"]
        backdrop = np.asarray(luma(self._frames["attack"]))
        local = {
            band: overlaid(values / self.local_limit, backdrop)
            for band, values in self.report.local_db.items()
        }
        planes = {name: diverging(d / self.plane_limit) for name, d in self._plane_differences.items()}
        return {
            "low": _bytes(0.5 + low["attack"] - low["bonafide"]),
            **local,
            "spectrum": diverging(self.report.ratio_db / self.spectrum_limit),
            **planes,
        }

    def headings(self) -> dict[str, Heading]:
        """What stands above each column."""
        local = f"local energy, ±{self.local_limit:g} dB"
        bands = {
            band: Heading(
                f"{band}: {detail_range(low, high).removeprefix('detail ').removeprefix('of ')}",
                frequency_range(low, high) + ("" if band == "low" else f", ×{self.gains[band]:g}"),
                "difference, gray = equal" if band == "low" else local,
            )
            for band, (low, high) in BANDS.items()
        }
        plane = f"difference, ±{self.plane_limit:g}"
        return {
            "face": Heading("aligned face", self._face_detail, ""),
            **bands,
            "spectrum": Heading("spectrum", "½ cycle/px at the edge", f"ratio, ±{self.spectrum_limit:g} dB"),
            "hue": Heading("hue", "fades where there is no color", ""),
            "saturation": Heading("saturation", "black 0, white 1", plane),
            "value": Heading("value", "black 0, white 1", plane),
        }

    @property
    def _face_detail(self) -> str:
        return f"{self.report.size[1]} × {self.report.size[0]} px, same place"


def _middle(side: SideMeasures) -> np.ndarray:
    """The frame that is shown, (H, W, 3) float in [0, 1]."""
    frames = side.shown.frames
    return np.asarray(to_unit(frames[len(frames) // 2]), np.float64)


def _step(steps: tuple[float, ...], needed: float) -> float:
    return next((step for step in steps if step >= needed), steps[-1])


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(values * 255), 0, 255), np.uint8)


def _gray(values: np.ndarray) -> np.ndarray:
    return np.repeat(_bytes(values)[..., None], 3, axis=-1)


def diverging(values: np.ndarray) -> np.ndarray:
    """(H, W) values, -1 blue, 0 neutral, 1 orange, as (H, W, 3) uint8."""
    strength = np.clip(np.abs(values), 0, 1)[..., None]
    end = np.where((values < 0)[..., None], BLUE, ORANGE)
    return np.asarray(np.rint(NEUTRAL + strength * (end - np.array(NEUTRAL))), np.uint8)


def overlaid(values: np.ndarray, backdrop: np.ndarray) -> np.ndarray:
    """:func:`diverging` over a gray image, which shows through where values are near 0."""
    strength = np.clip(np.abs(values), 0, 1)[..., None] ** 0.8
    end = np.where((values < 0)[..., None], BLUE, ORANGE)
    # Faded, so that the face is seen as a place and not as data.
    gray = 150 + 95 * np.clip(backdrop, 0, 1)[..., None]
    return np.asarray(
        np.clip(np.rint(gray * (1 - 0.85 * strength) + 0.85 * strength * end), 0, 255), np.uint8
    )
