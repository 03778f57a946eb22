"""Reference: samples of Y', C_B and C_R to R'G'B' levels in float64, with interpolation as a matrix product."""

from __future__ import annotations

import numpy as np

WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
"""K_R and K_B."""
NUMBERS = {"bt601": 6, "bt709": 1, "bt2020": 9}
"""MatrixCoefficients of ITU-T H.273."""
OFFSETS = {"left": (0.0, 0.5), "center": (0.5, 0.5), "topleft": (0.0, 0.0)}
"""Where the first sample of 4:2:0 chroma lies, in luma samples (H.273, figure 3)."""


def keys(distance: float) -> float:
    """Cubic convolution with a = -3/4."""
    d, a = abs(distance), -0.75
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def interpolation(count: int, into: int, factor: int, offset: float) -> np.ndarray:
    """(into, count) weights: sample n of `count` lies at factor * n + offset, mirrored about the outer samples."""
    weights = np.zeros((into, count))
    for place in range(into):
        exact = (place - offset) / factor
        for tap in range(int(np.floor(exact)) - 1, int(np.floor(exact)) + 3):
            inside = -tap if tap < 0 else 2 * (count - 1) - tap if tap >= count else tap
            weights[place, inside] += keys(exact - tap)
    return weights


def exact_rgb(
    planes: list[np.ndarray],
    matrix: str,
    *,
    full: bool,
    bits: int,
    sub: tuple[int, int] = (1, 1),
    offset: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """(H, W, 3) float64 levels of 0 to 255, clipped and not rounded."""
    luma = planes[0].astype(np.float64)
    height, width = luma.shape
    chroma = []
    for plane in planes[1:]:
        rows = interpolation(plane.shape[0], height, sub[1], offset[1] if sub[1] > 1 else 0.0)
        columns = interpolation(plane.shape[1], width, sub[0], offset[0] if sub[0] > 1 else 0.0)
        chroma.append(rows @ plane @ columns.T - 2 ** (bits - 1))
    unit, top = 2.0 ** (bits - 8), 2.0**bits - 1
    y = luma / top if full else (luma - 16 * unit) / (219 * unit)
    blue, red = (c / (top if full else 224 * unit) for c in chroma)
    kr, kb = WEIGHTS[matrix]
    r, b = y + (2 - 2 * kr) * red, y + (2 - 2 * kb) * blue
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(255 * np.stack([r, g, b], axis=-1), 0, 255)


def random_planes(
    rng: np.random.Generator, size: tuple[int, int], *, bits: int = 8, sub: tuple[int, int] = (1, 1)
) -> list[np.ndarray]:
    """Noise in all planes of (width, height), chroma near enough to grey that most colours are in gamut."""
    width, height = size
    shape = -(-height // sub[1]), -(-width // sub[0])
    unit, dtype = 2 ** (bits - 8), np.uint8 if bits == 8 else np.uint16
    luma = rng.integers(40 * unit, 210 * unit, (height, width)).astype(dtype)
    return [luma, *(rng.integers(80 * unit, 176 * unit, shape).astype(dtype) for _ in range(2))]


def assert_exact(image: np.ndarray, exact: np.ndarray) -> None:
    """At most one level off, and a mean within a tenth of one, in every channel."""
    difference = image.astype(np.float64) - np.rint(exact)
    assert np.abs(difference).max() <= 1
    assert np.abs((image - exact).mean(axis=(0, 1))).max() <= 0.1
