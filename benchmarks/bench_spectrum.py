"""Spectral operations against peers, and against the bare transforms that they cannot do without.

    NO_ALBUMENTATIONS_UPDATE=1 python benchmarks/bench_spectrum.py [--repeats 40]

Without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE in the environment: they can slow OpenBLAS down.

One process, one thread, pictures of three channels in uint8 with the falling spectrum of photographs. The calls of
a row take turns; a ratio is the median over rounds of a time over the time of the floor in the same round.

* ``bare``: ``scipy.fft``, rfft2 of both pictures and irfft2, on float32 that is ready: the floor.
* ``numpy``: amplitude and phase by ``numpy.fft.fft2``, shifted, as it is written in many repositories.
* ``torch``: the same by ``torch.fft.rfft2`` on a CPU.
* ``albumentations``: ``fourier_domain_adaptation`` of 2.0.8, and ``A.FDA`` as it is called.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable
from typing import Any

import albumentations
import numpy as np
import scipy.fft
import torch
from albumentations.augmentations.mixing.domain_adaptation_functional import fourier_domain_adaptation
from results import alternate, median_ratio, save
from threadpoolctl import threadpool_limits

import specaug.augment as augment
from specaug.augment.mixing import FdaParams, apply_fda
from specaug.spectrum import log_spectrum

SIZES = (112, 224, 256, 512)
Call = Callable[[], object]


def pictures(n: int, size: int, seed: int = 0) -> np.ndarray:
    """(n, size, size, 3) uint8, amplitude falling as 1/f, far from black and white."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    weight = (1 / np.maximum(radius, 1 / size))[..., None]
    noise = scipy.fft.rfft2(rng.normal(size=(n, size, size, 3)), axes=(1, 2)) * weight
    x = scipy.fft.irfft2(noise, s=(size, size), axes=(1, 2))
    x = (x - x.mean()) / x.std()
    return np.clip(np.rint(127 + 28 * x), 0, 255).astype(np.uint8)


def bare_pair(x: np.ndarray, r: np.ndarray) -> Call:
    """Both forward transforms and one back, over the whole batch picture by picture."""
    pairs = [(a.astype(np.float32) / 255, b.astype(np.float32) / 255) for a, b in zip(x, r, strict=True)]

    def call() -> None:
        for a, b in pairs:
            spectrum = scipy.fft.rfft2(a, axes=(0, 1))
            scipy.fft.rfft2(b, axes=(0, 1))
            scipy.fft.irfft2(spectrum, s=a.shape[:2], axes=(0, 1))

    return call


def plain_fda(x: np.ndarray, r: np.ndarray, beta: float) -> np.ndarray:
    """FDA as it is usually written: shifted amplitude and phase in double precision, one window."""
    X, R = (np.fft.fft2(v.astype(np.float64), axes=(0, 1)) for v in (x, r))
    amplitude, wanted = (np.fft.fftshift(np.abs(v), axes=(0, 1)) for v in (X, R))
    b = int(np.floor(min(x.shape[:2]) * beta))
    cy, cx = x.shape[0] // 2, x.shape[1] // 2
    inside = np.s_[cy - b : cy + b + 1, cx - b : cx + b + 1]
    amplitude[inside] = wanted[inside]
    mixed = np.fft.ifftshift(amplitude, axes=(0, 1)) * np.exp(1j * np.angle(X))
    return np.clip(np.rint(np.fft.ifft2(mixed, axes=(0, 1)).real), 0, 255).astype(np.uint8)


def torch_fda(x: torch.Tensor, r: torch.Tensor, beta: float) -> torch.Tensor:
    """The same with rfft2 in float32; channels first."""
    X, R = (torch.fft.rfft2(v.float()) for v in (x, r))
    b = int(np.floor(min(x.shape[-2:]) * beta))
    amplitude, wanted = X.abs(), R.abs()
    for rows in (slice(0, b + 1), slice(-b, None)):
        amplitude[..., rows, : b + 1] = wanted[..., rows, : b + 1]
    mixed = torch.fft.irfft2(torch.polar(amplitude, X.angle()), s=x.shape[-2:])
    return mixed.round().clamp(0, 255).to(torch.uint8)


def row(floor: str, calls: dict[str, Call], repeats: int) -> dict[str, dict[str, float]]:
    """Median ms of each call, and its ratio to the floor."""
    seconds = dict(zip(calls, alternate(*calls.values(), repeats=repeats), strict=True))
    return {
        name: {
            "ms": round(1e3 * float(np.median(times)), 3),
            "ratio": round(median_ratio(times, seconds[floor]), 2),
        }
        for name, times in seconds.items()
    }


def fda_row(size: int, beta: float, repeats: int) -> dict[str, Any]:
    """FDA of one pair, with peers."""
    (x,), (r,) = pictures(1, size), pictures(1, size, 1)
    tensors = [torch.from_numpy(np.moveaxis(v, -1, 0).copy()) for v in (x, r)]
    transform = albumentations.FDA(beta_limit=(beta, beta), p=1.0)
    calls: dict[str, Call] = {
        "bare": bare_pair(x[None], r[None]),
        "specaug": lambda: augment.fda(x, r, beta=beta),
        "specaug, tensors": lambda: augment.fda(*tensors, beta=beta, channel_axis=0),
        "numpy": lambda: plain_fda(x, r, beta),
        "torch": lambda: torch_fda(*tensors, beta),
        "albumentations, function": lambda: fourier_domain_adaptation(x, r, beta),
        "albumentations, A.FDA": lambda: transform(image=x, fda_metadata=[r]),
    }
    timed: dict[str, Any] = row("bare", calls, repeats)
    timed["times faster than albumentations' function"] = round(
        timed["albumentations, function"]["ratio"] / timed["specaug"]["ratio"], 1
    )
    timed["halvings"] = int(apply_fda(x, r, FdaParams(beta)).halvings)
    return timed


def mix_row(size: int, repeats: int) -> dict[str, Any]:
    """Full-band amplitude mix of one pair."""
    (x,), (r,) = pictures(1, size), pictures(1, size, 1)
    xf, rf = (v.astype(np.float32) / 255 for v in (x, r))
    calls: dict[str, Call] = {
        "bare": bare_pair(x[None], r[None]),
        "specaug, uint8": lambda: augment.spectral_mix(x, r, strength=0.7),
        "specaug, float32": lambda: augment.spectral_mix(xf, rf, strength=0.7),
        "numpy": lambda: plain_fda(x, r, 0.5),
    }
    return row("bare", calls, repeats)


def log_row(size: int, repeats: int) -> dict[str, Any]:
    """Log spectra of eight frames."""
    x = pictures(8, size)
    weights = np.array([0.299, 0.587, 0.114], np.float32) / 255

    def bare() -> np.ndarray:
        lumas = (frame.astype(np.float32) @ weights for frame in x)
        return np.stack([np.log(1 + 255 * np.abs(scipy.fft.rfft2(v, norm="ortho"))) for v in lumas])

    def numpy_way() -> np.ndarray:
        luma = x.astype(np.float32) @ weights
        return np.fft.fftshift(np.log(1 + 255 * np.abs(np.fft.fft2(luma, norm="ortho"))), axes=(1, 2))

    calls: dict[str, Call] = {
        "bare": bare,
        "specaug, Hann": lambda: log_spectrum(x),
        "specaug, no window": lambda: log_spectrum(x, window=None),
        "numpy": numpy_way,
    }
    return row("bare", calls, repeats)


def operations_row(size: int, repeats: int) -> dict[str, Any]:
    """Each operation on one picture, in units of both transforms there and one back."""
    (x,), (r,) = pictures(1, size), pictures(1, size, 1)
    wave = [augment.Grating(0.1, 0.2, 0.1, (0.0, 1.0, 2.0))] * 4
    calls: dict[str, Call] = {
        "bare": bare_pair(x[None], r[None]),
        "bandpass_inject": lambda: augment.bandpass_inject(x, r, low=1 / 16, high=0.7, gain=1.0),
        "band_scale": lambda: augment.band_scale(x, low=1 / 16, high=0.7, gain=0.5),
        "recapture_blur": lambda: augment.recapture_blur(x, cutoff=0.2),
        "spectral_jitter": lambda: augment.spectral_jitter(x, amount=0.1, rng=0),
        "moire": lambda: augment.moire(x, gratings=wave),
        "fourier_basis": lambda: augment.fourier_basis(x, gratings=wave),
        "halftone": lambda: augment.halftone(x, cell=4.0, angle=15.0, strength=0.5),
    }
    return row("bare", calls, repeats)


def batch_rows(size: int, repeats: int) -> dict[str, Any]:
    """Batches with their own references, and clips that share one: time a picture, memory in float32 copies."""
    found = {}
    for n in (1, 2, 4, 8, 16, 32):
        x, r = pictures(n, size), pictures(n, size, 1)
        calls: dict[str, Call] = {
            "bare": bare_pair(x, r),
            "fda": lambda x=x, r=r: augment.fda(x, r, beta=0.1),  # type: ignore[misc]
            "fda, one reference": lambda x=x, r=r: augment.fda(x, r[0], beta=0.1),  # type: ignore[misc]
            "spectral_mix": lambda x=x, r=r: augment.spectral_mix(x, r, strength=0.7),  # type: ignore[misc]
        }
        timed: dict[str, Any] = row("bare", calls, max(5, repeats // n))
        for name, call in calls.items():
            timed[name]["ms a picture"] = round(timed[name]["ms"] / n, 3)
            timed[name]["float32 copies"] = round(peak(call) / (x.size * 4), 2)
        found[f"{n} pictures"] = timed
    return found


def peak(call: Call) -> int:
    """Most bytes that NumPy held during a call."""
    tracemalloc.start()
    call()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=40)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    with threadpool_limits(1):
        figures = {
            "fda": {f"{n} px, beta {b}": fda_row(n, b, repeats) for n in SIZES for b in (0.01, 0.05, 0.1)},
            "spectral_mix, all frequencies": {f"{n} px": mix_row(n, repeats) for n in SIZES},
            "log_spectrum of 8 frames": {f"{n} px": log_row(n, repeats) for n in SIZES},
            "operations": {f"{n} px": operations_row(n, repeats) for n in SIZES},
            "batches, 224 px": batch_rows(224, repeats),
        }
    save("spectrum", figures, "numpy", "scipy", "torch", "albumentations", "array-api-compat")


if __name__ == "__main__":
    main()
