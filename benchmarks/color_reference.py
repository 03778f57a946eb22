"""Frames whose colours are hard to convert, their planes, and the exact conversion of planes in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

SIDE = 128
FORMATS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
LOCATIONS = {"left": 0, "center": 1, "topleft": 2}
MATRICES = {
    "bt601": ("smpte170m", 0.299, 0.114),
    "bt709": ("bt709", 0.2126, 0.0722),
    "bt2020": ("bt2020nc", 0.2627, 0.0593),
}
"""x264's name, K_R, K_B."""


def scene(seed: int = 0) -> np.ndarray:
    """(SIDE, SIDE, 3) R'G'B' in [0, 1]: what conversion gets wrong."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    rng = np.random.default_rng(seed)
    plate = 0.5 + 0.3 * np.cos(np.pi * SIDE * 0.4 * (x**2 + y**2))
    image = np.stack([plate, 0.2 + 0.6 * x, 0.8 - 0.6 * y], axis=-1)
    image[SIDE // 4 : SIDE // 2, ::2] = [0.9, 0.15, 0.1]  # colour at the finest pitch
    image[SIDE // 2 : 3 * SIDE // 4, SIDE // 3 :] = [0.1, 0.2, 0.9]
    image[3 * SIDE // 4 :] = rng.uniform(0.1, 0.9, (SIDE - 3 * SIDE // 4, SIDE, 3))
    return image


def planes_of(
    rgb: np.ndarray, kr: float, kb: float, full: bool, bits: int, sub: tuple[int, int], location: str
) -> list[np.ndarray]:
    """Rounded Y', C_B, C_R; chroma is averaged about the place where its sample lies."""
    luma = kr * rgb[..., 0] + (1 - kr - kb) * rgb[..., 1] + kb * rgb[..., 2]
    chroma = [(rgb[..., 2] - luma) / (2 - 2 * kb), (rgb[..., 0] - luma) / (2 - 2 * kr)]
    scale, top = 2 ** (bits - 8), 2**bits - 1
    values = [top * luma if full else scale * (16 + 219 * luma)]
    for plane in chroma:
        if sub[0] == 2:
            plane = horizontal(plane, centered=location == "center")
        if sub[1] == 2:
            plane = horizontal(plane.T, centered=location != "topleft").T
        values.append(plane * (top if full else 224 * scale) + 2 ** (bits - 1))
    return [np.clip(np.rint(v), 0, top).astype(np.uint16 if bits > 8 else np.uint8) for v in values]


def horizontal(plane: np.ndarray, *, centered: bool) -> np.ndarray:
    """Half the columns: the mean of pairs, or of 1-2-1 about every second one."""
    if centered:
        return (plane[:, ::2] + plane[:, 1::2]) / 2
    wide = np.pad(plane, ((0, 0), (1, 1)), mode="reflect")
    return (wide[:, :-2:2] + 2 * wide[:, 1:-1:2] + wide[:, 2::2]) / 4


def cubic(t: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.75."""
    t = np.abs(t)
    near = 1.25 * t**3 - 2.25 * t**2 + 1
    far = -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def enlarged(plane: np.ndarray, offset: float) -> np.ndarray:
    """Twice the rows, where row n of the plane lies at 2n + offset; by the sum over all rows, mirrored at the ends."""
    count = plane.shape[0]
    wanted = (np.arange(2 * count) - offset) / 2
    taps = np.floor(wanted).astype(int)[:, None] + np.arange(-1, 3)
    weights = cubic(wanted[:, None] - taps)
    folded = np.abs(taps)
    folded = np.where(folded >= count, 2 * (count - 1) - folded, folded)
    return np.einsum("nk,nkj->nj", weights, plane.astype(np.float64)[folded])


def reference(
    planes: list[np.ndarray], kr: float, kb: float, full: bool, bits: int, sub: tuple[int, int], location: str
) -> np.ndarray:
    """(H, W, 3) float64 R'G'B' in levels of 8 bits, not rounded."""
    luma, *chroma = (plane.astype(np.float64) for plane in planes)
    for k, plane in enumerate(chroma):
        if sub[1] == 2:
            plane = enlarged(plane, 0.0 if location == "topleft" else 0.5)
        if sub[0] == 2:
            plane = enlarged(plane.T, 0.5 if location == "center" else 0.0).T
        chroma[k] = plane
    scale, top = 2 ** (bits - 8), 2**bits - 1
    y = luma / top if full else (luma / scale - 16) / 219
    blue, red = ((c - 2 ** (bits - 1)) / (top if full else 224 * scale) for c in chroma)
    r, b = y + 2 * (1 - kr) * red, y + 2 * (1 - kb) * blue
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return 255 * np.stack([r, g, b], axis=-1)


def errors(image: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    """Mean error by channel, largest error, and energy of R - Y above 0.4 cycles/px over that of the reference."""
    shown = np.clip(np.rint(exact), 0, 255)
    difference = image - shown
    return {
        "mean": np.abs(difference.mean(axis=(0, 1))).max().round(3).item(),
        "largest": float(np.abs(difference).max()),
        "chroma_energy": round(chroma_energy(image.astype(np.float64)) / chroma_energy(shown), 3),
    }


def chroma_energy(image: np.ndarray) -> float:
    """Energy of R - Y above 0.4 cycles/px, where luma is that of BT.601."""
    chroma = image[..., 0] - image @ [0.299, 0.587, 0.114]
    window = np.hanning(SIDE)
    spectrum = np.abs(np.fft.fft2((chroma - chroma.mean()) * np.outer(window, window))) ** 2
    f = np.fft.fftfreq(SIDE)
    return float(spectrum[np.hypot(*np.meshgrid(f, f)) > 0.4].sum())
