"""The warp of crops: time against a bare bilinear warp, gain by frequency, false frequencies, overshoot of edges.

    python benchmarks/bench_align.py [--repeats 300] [--keep-times]

A crop of 224 px out of a 1080p RGB picture in uint8, one thread. Times are those of `align_face` and of OpenCV's
bilinear ``warpAffine``, taken in turns: ``ratio`` is the median of their ratios, ``ratio_of_least`` that of the
shortest times, which a busy machine disturbs least; ``times_of`` tells when and at which commit.

Gains are those of gratings along `degrees` of the source, by the frequency that they have in the crop: below 0.5
cycles/px the amplitude at the grating's own frequency, with ``residual``, the rms share that came out at others; above,
all that is left (each of it an alias). *prefiltered* and *bilinear* are curves of `warp_image` in float32; *bands*
sums up those of `warp_plane`, which builds call, for gratings along an axis of the source and turns of 0, 20 and
45 degrees.

*overshoot*: by how much an edge along an axis is left by its own pixels on either side, as a share of its step; the
worst of three turns and of all places between two pixels. *light*: the same for an edge from 0.2 to 0.8 of sRGB, where
the values are warped as they are and where they are made linear light before, with the level that a grating between
the same two values gets which is too fine to be kept. *cubic*: what Keys' parameter a does to a row that is
shifted by every part of a pixel. *bytes*: the largest difference of crops of the same image in uint8 and in float32,
in levels.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import cv2
import numpy as np
from results import HERE, alternate, commit, median_ratio, save

from specaug.align import align_face, inverse_warp, similarity, template, warp_image, warp_plane

SIZE = 224
SCALES = (1.2, 1.5, 2.0, 2.4, 2.7, 3.0, 3.5, 4.0, 6.0, 12.0)
TURNS = (0, 5, 10, 20, 30, 45)
FREQUENCIES = (0.05, 0.15, 0.25, 0.3, 0.35, 0.4, 0.45, 0.55, 0.65, 0.75, 0.9, 1.26)
BAND_SCALES = (1.0, 1.1, 1.2, 1.3, 1.5, 1.8, 2.0, 2.4, 2.7, 3.0, 3.5, 4.0, 6.0, 12.0)
BAND_FREQUENCIES = tuple(round(0.01 * k, 2) for k in range(3, 100, 2))
BAND_TURNS = (0, 20, 45)
EDGE_SCALES = (0.5, 0.7, 1.0, 1.1, 1.2, 1.3, 1.5, 1.8, 2.0, 2.4, 2.7, 3.0, 3.5, 4.0, 6.0, 12.0)
PLACES = 16
"""Parts of a pixel at which an edge is tried."""


def warp_about(center: tuple[float, float], *, scale: float, degrees: float, size: int) -> np.ndarray:
    """The warp that reduces by `scale` about `center` and turns by `degrees`."""
    a = np.exp(1j * np.deg2rad(degrees)) / scale
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return np.column_stack([linear, (size - 1) / 2 - linear @ center])


def time_ratio(scale: float, degrees: float, repeats: int) -> dict[str, float]:
    """Time of `align_face` in units of a bare bilinear warp, and in ms."""
    image = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    warp = warp_about((960.3, 540.2), scale=scale, degrees=degrees, size=SIZE)
    back = inverse_warp(warp)
    landmarks = template(SIZE) @ back[:, :2].T + back[:, 2]
    bare = similarity(landmarks, template(SIZE))

    def plain() -> None:
        cv2.warpAffine(image, bare, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    ours, theirs = alternate(lambda: align_face(image, landmarks), plain, repeats=repeats)
    return {
        "ratio": round(median_ratio(ours, theirs), 2),
        "ratio_of_least": round(min(ours) / min(theirs), 2),
        "ms": round(1e3 * float(np.median(ours)), 2),
        "bilinear_ms": round(1e3 * float(np.median(theirs)), 2),
    }


def gain(
    frequency: float, *, scale: float, degrees: float, turn: float, resample: str, exact: bool = False
) -> tuple[float, float]:
    """Gain and residual of a grating of `frequency` crop cycles/px along `degrees` of the source."""
    size = 96
    side = int(scale * size * 1.5) + 80
    direction = frequency / scale * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    image = 0.5 + 0.4 * np.cos(2 * np.pi * places @ direction + 0.3)
    warp = warp_about((side / 2 + 0.37, side / 2 - 0.21), scale=scale, degrees=turn, size=size)
    if exact:
        crop = warp_plane(image, warp, shape=(size, size), resample=resample).ravel()
    else:
        crop = warp_image(image.astype(np.float32), warp, size=size, resample=resample)
        crop = crop.astype(np.float64).ravel()
    if frequency >= 0.5:
        return float(np.std(crop) / (0.4 / np.sqrt(2))), 0.0
    back = inverse_warp(warp)
    seen = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) @ back[:, :2].T + back[:, 2]
    phase = 2 * np.pi * (seen @ direction).ravel()
    basis = np.column_stack([np.ones_like(phase), np.cos(phase), np.sin(phase)])
    fitted = np.linalg.lstsq(basis, crop, rcond=None)[0]
    rest = np.std(crop - basis @ fitted) / (0.4 / np.sqrt(2))
    return float(np.hypot(fitted[1], fitted[2]) / 0.4), float(rest)


def curves(resample: str) -> dict[str, dict[str, list[float | None]]]:
    """Gain and residual over `FREQUENCIES`, by scale, direction of the grating and turn of the face."""
    found = {}
    for scale in SCALES:
        for degrees, turn in ((0, 0), (45, 0), (0, 20), (0, 45)):
            reach = 0.5 if degrees == 0 else 0.7
            pairs = [
                gain(f, scale=scale, degrees=degrees, turn=turn, resample=resample)
                if f / scale < reach
                else None
                for f in FREQUENCIES
            ]
            found[f"reduction {scale:g}, grating {degrees}, turn {turn}"] = {
                "gain": [None if p is None else round(p[0], 3) for p in pairs],
                "residual": [None if p is None else round(p[1], 3) for p in pairs],
            }
    return found


def bands() -> dict[str, dict[str, float | None]]:
    """Pass band, stop band and false frequencies of each reduction, worst of `BAND_TURNS`."""
    found = {}
    for scale in BAND_SCALES:
        fs = [f for f in BAND_FREQUENCIES if f / scale < 0.49]
        grid = np.array(
            [
                [gain(f, scale=scale, degrees=0, turn=turn, resample="prefiltered", exact=True) for f in fs]
                for turn in BAND_TURNS
            ]
        )
        low, high, rest = grid[..., 0].min(axis=0), grid[..., 0].max(axis=0), grid[..., 1].max(axis=0)
        f = np.array(fs)
        found[f"{scale:g}"] = {
            "least_gain_to_0.35": rounded(low[f <= 0.35].min()),
            "largest_gain_to_0.35": rounded(high[f <= 0.35].max()),
            "gain_0.9_to": rounded(f[: first(low < 0.9)].max(), 2),
            "kept_at_0.55": at(0.55, f, high),
            "kept_from_0.65": rounded(high[f >= 0.65].max()) if f[-1] >= 0.65 else None,
            "kept_0.1_from": rounded(f[last(high > 0.1) + 1], 2) if high[-1] <= 0.1 else None,
            "false_to_0.3": rounded(rest[f <= 0.3].max()),
            "false_to_0.45": rounded(rest[f <= 0.45].max()),
        }
    return found


def rounded(value: float, digits: int = 3) -> float:
    """A plain number."""
    return round(float(value), digits)


def first(found: np.ndarray) -> int:
    """Position of the first true value; behind the end where there is none."""
    return int(np.argmax(found)) if found.any() else len(found)


def last(found: np.ndarray) -> int:
    """Position of the last true value; -1 where there is none."""
    return int(np.flatnonzero(found)[-1]) if found.any() else -1


def at(wanted: float, f: np.ndarray, values: np.ndarray) -> float | None:
    """The value at a frequency; None where the source has no such detail."""
    return rounded(values[f == wanted][0]) if wanted in f else None


def edge_crops(low: float, high: float, *, scale: float, turn: float) -> list[np.ndarray]:
    """Crops of an edge from `low` to `high` along the rows of a source, at `PLACES` parts of a pixel of the crop."""
    size = 48
    side = int(1.6 * scale * size) + 80
    edge = np.full((side, side), low)
    edge[:, side // 2 :] = high
    crops = []
    for part in np.arange(PLACES) / PLACES:
        center = side / 2 - 0.5 + part * max(1.0, scale), side / 2 + 0.2
        warp = warp_about(center, scale=scale, degrees=turn, size=size)
        crops.append(warp_plane(edge, warp, shape=(size, size)))
    return crops


def overshoot() -> dict[str, float]:
    """Share of the step by which an edge is left, by reduction; below 1 the crop enlarges."""
    found = {}
    for scale in EDGE_SCALES:
        crops = [crop for turn in BAND_TURNS for crop in edge_crops(0.0, 1.0, scale=scale, turn=turn)]
        found[f"{scale:g}"] = rounded(max(max(crop.max() - 1, -crop.min()) for crop in crops))
    return found


def encoded(light: np.ndarray | float) -> np.ndarray:
    """sRGB of linear light, both in [0, 1]; what is below 0 is black (IEC 61966-2-1)."""
    light = np.clip(light, 0, None)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def linear(value: np.ndarray | float) -> np.ndarray:
    """Linear light of sRGB."""
    value = np.asarray(value)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def light() -> dict[str, dict[str, float]]:
    """Overshoot on the dark and the bright side of an edge, in sRGB values, and the level of fine detail."""
    low, high = 0.2, 0.8
    found = {}
    for scale in (0.5, 1.3, 3.0):
        coded = edge_crops(low, high, scale=scale, turn=0)
        shown = [encoded(c) for c in edge_crops(linear(low), linear(high), scale=scale, turn=0)]
        for name, crops in (("values", coded), ("linear light", shown)):
            found[f"{scale:g}, {name}"] = {
                "dark": rounded(max(low - crop.min() for crop in crops) / (high - low)),
                "bright": rounded(max(crop.max() - high for crop in crops) / (high - low)),
                "fine_grating": rounded((low + high) / 2)
                if name == "values"
                else rounded(encoded((linear(low) + linear(high)) / 2)),
            }
    return found


def keys(t: np.ndarray, a: float) -> np.ndarray:
    """Keys' kernel for cubic convolution."""
    t = np.abs(t)
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    return np.where(t <= 1, near, np.where(t < 2, a * (t**3 - 5 * t**2 + 8 * t - 4), 0.0))


def cubic() -> dict[str, dict[str, float]]:
    """Overshoot, and gain and residual at source cycles/px, of interpolation by Keys' kernel with several a."""
    taps, parts = np.arange(-40, 41), np.linspace(0, 1, 65)[:-1]
    found = {}
    for a in (-0.75, -0.6, -0.5):
        weights = keys(parts[:, None] - taps, a)
        step = weights @ (taps[:, None] >= np.arange(-3, 4))
        figures = {"overshoot": rounded(max(step.max() - 1, -step.min()))}
        for f in (0.15, 0.25, 0.35):
            response = (weights @ np.exp(2j * np.pi * f * taps)) * np.exp(-2j * np.pi * f * parts)
            figures[f"gain_at_{f}"] = rounded(abs(response.mean()))
            figures[f"false_at_{f}"] = rounded(response.std())
        found[f"{a}"] = figures
    return found


def byte_differences() -> dict[str, float]:
    """Largest difference of uint8 and float32 crops, levels: an edge from 64 to 192, a smooth image."""
    edge = np.full((800, 800), 64, np.uint8)
    edge[:, 400:] = 192
    noise = np.random.default_rng(0).integers(0, 256, (800, 800), dtype=np.uint8)
    found = {}
    for name, image in (("edge", edge), ("smooth", cv2.GaussianBlur(noise, (0, 0), 1.5))):
        worst = 0.0
        for scale in EDGE_SCALES:
            warp = warp_about((399.8, 400.1), scale=scale, degrees=5, size=48)
            floats = warp_image(image.astype(np.float32) / 255, warp, size=48) * 255
            worst = max(worst, float(np.abs(warp_image(image, warp, size=48) - floats).max()))
        found[name] = round(worst, 1)
    return found


def times(repeats: int) -> dict[str, Any]:
    """Times by reduction and turn, and where they were measured."""
    found: dict[str, Any] = {
        f"reduction {scale:g}, turn {degrees}": time_ratio(scale, degrees, repeats)
        for scale in SCALES
        for degrees in TURNS
    }
    return {"times": found, "times_of": {"date": time.strftime("%Y-%m-%d"), "commit": commit()}}


def kept_times() -> dict[str, Any]:
    """Times of the last result."""
    last_result = json.loads((HERE / "results" / "align.json").read_text())
    figures = last_result["figures"]
    of = figures.get("times_of", {"date": last_result["date"], "commit": last_result["commit"]})
    return {"times": figures["times"], "times_of": of}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument(
        "--keep-times", action="store_true", help="for a busy machine: do not measure times anew"
    )
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    figures = {
        **(kept_times() if asked.keep_times else times(asked.repeats)),
        "crop_frequencies": list(FREQUENCIES),
        "prefiltered": curves("prefiltered"),
        "bilinear": curves("bilinear"),
        "bands": bands(),
        "overshoot": overshoot(),
        "light": light(),
        "cubic": cubic(),
        "bytes": byte_differences(),
    }
    save("align", figures, "opencv-python", "numpy")


if __name__ == "__main__":
    main()
