"""Compute the logit of a run from uint8 frames, in operations that can be exported."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from specaug.color import LUMA_WEIGHTS, hsv_of_checked
from specaug.model import TwoStreamNet
from specaug.spectrum.amplitude import Window
from specaug.training.scoring import middle_of

_GAIN = 255.0
"""κ of :func:`specaug.log_spectrum`: its default, which :func:`specaug.loader.compute_views` takes."""


class FramesToLogit(nn.Module):  # type: ignore[misc]  # torch has no types here
    """Frames as the crops of a dataset are, to the logit of each clip: middle of the crops, views, network.

    It gives what :func:`specaug.loader.compute_views` and the network give, and reads no value on the way, as an
    exporter needs it.

    Parameters
    ----------
    network : TwoStreamNet
    shape : tuple of int
        (H, W) of the crops.
    pixels : int or None
        Side of the central part that the network sees; None: whole crops.
    window : {"hann", None}
        Of the spectra.
    """

    def __init__(
        self, network: TwoStreamNet, *, shape: tuple[int, int], pixels: int | None, window: Window | None
    ) -> None:
        super().__init__()
        self.network, self.pixels = network, pixels
        self.spectrum = _LogSpectrum(shape if pixels is None else (pixels, pixels), window)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, H, W, 3) uint8 RGB to (B,) float32: higher = more likely an attack."""
        rgb = middle_of(frames, self.pixels).to(torch.float32) / 255
        makers = {
            "rgb": lambda: rgb,
            "hsv": lambda: hsv_of_checked(rgb),
            "spectrum": lambda: self.spectrum(rgb),
        }
        logits: Tensor = self.network(**{name: makers[name]() for name in self.network.views})
        return logits


class _LogSpectrum(nn.Module):  # type: ignore[misc]
    """:func:`specaug.log_spectrum` of luma, its Fourier transform as two matrix products.

    Matrix products run wherever ONNX does; its operator DFT does not. At 224 px they cost 67 million multiplications
    a frame.
    """

    def __init__(self, shape: tuple[int, int], window: Window | None) -> None:
        super().__init__()
        self.scale = _GAIN / math.sqrt(math.prod(shape))
        for name, n in zip(("rows", "columns"), shape, strict=True):
            cosine, sine = _transform(n, window)
            self.register_buffer(f"{name}_cosine", torch.from_numpy(cosine))
            self.register_buffer(f"{name}_sine", torch.from_numpy(sine))
        self.register_buffer("luma", torch.tensor(LUMA_WEIGHTS, dtype=torch.float32))

    def forward(self, rgb: Tensor) -> Tensor:
        """(…, H, W, 3) in [0, 1] to (…, H, W), zero frequency at [H//2, W//2]."""
        planes = (rgb * self.luma).sum(dim=-1)
        planes = planes - planes.mean(dim=(-2, -1), keepdim=True)
        # With θ the phase along a row and φ that along a column, exp(-iθ)·exp(-iφ) in real numbers.
        along_cosine, along_sine = planes @ self.columns_cosine.T, planes @ self.columns_sine.T
        real = self.rows_cosine @ along_cosine - self.rows_sine @ along_sine
        imaginary = self.rows_cosine @ along_sine + self.rows_sine @ along_cosine
        return torch.log(1 + self.scale * torch.sqrt(real**2 + imaginary**2))


def _transform(n: int, window: Window | None) -> tuple[np.ndarray, np.ndarray]:
    """(frequency, position) cosines and sines of n values, times the window, zero frequency in the middle."""
    frequency, position = np.fft.fftshift(np.arange(n)), np.arange(n)
    # The product of two integers is reduced to one turn before it becomes a phase: no rounding grows with it.
    phase = 2 * np.pi * (np.outer(frequency, position) % n) / n
    weight = 0.5 - 0.5 * np.cos(2 * np.pi * position / n) if window == "hann" else np.ones(n)
    return (np.cos(phase) * weight).astype(np.float32), (np.sin(phase) * weight).astype(np.float32)
