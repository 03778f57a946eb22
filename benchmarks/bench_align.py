"""`align_face` against a bare bilinear warp: time, gain by frequency, and what is left under a false frequency.

    python benchmarks/bench_align.py [--repeats 300]

A crop of 224 px out of a 1080p RGB picture in uint8, one thread. Times are those of `align_face` and of OpenCV's
bilinear ``warpAffine``, taken in turns: ``ratio`` is the median of their ratios, ``ratio_of_least`` that of the
shortest times, which a busy machine disturbs least. Gains are those of gratings in float32: below 0.5 crop cycles/px
the amplitude at the grating's own frequency, with ``residual``, the rms share that came out at others; above, all
that is left (each of it an alias).
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from results import alternate, median_ratio, save

from specaug.align import align_face, inverse_warp, similarity, template, warp_image

SIZE = 224
SCALES = (1.2, 1.5, 2.0, 2.4, 2.7, 3.0, 3.5, 4.0, 6.0, 12.0)
TURNS = (0, 5, 10, 20, 30, 45)
FREQUENCIES = (0.05, 0.15, 0.25, 0.3, 0.35, 0.4, 0.45, 0.55, 0.65, 0.75, 0.9, 1.26)


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
    frequency: float, *, scale: float, degrees: float, turn: float, resample: str
) -> tuple[float, float]:
    """Gain and residual of a grating of `frequency` crop cycles/px along `degrees` of the source."""
    size = 96
    side = int(scale * size * 1.5) + 80
    direction = frequency / scale * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    image = (0.5 + 0.4 * np.cos(2 * np.pi * places @ direction + 0.3)).astype(np.float32)
    warp = warp_about((side / 2 + 0.37, side / 2 - 0.21), scale=scale, degrees=turn, size=size)
    crop = warp_image(image, warp, size=size, resample=resample).astype(np.float64).ravel()
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


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    figures = {
        "times": {
            f"reduction {scale:g}, turn {degrees}": time_ratio(scale, degrees, repeats)
            for scale in SCALES
            for degrees in TURNS
        },
        "crop_frequencies": list(FREQUENCIES),
        "prefiltered": curves("prefiltered"),
        "bilinear": curves("bilinear"),
    }
    save("align", figures, "opencv-python", "numpy")


if __name__ == "__main__":
    main()
