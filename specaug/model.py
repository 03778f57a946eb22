"""A thin two-stream reference network: colour frames beside spectra of several frames, one logit.

The idea is that of [1]_, of which only the abstract is known here: two streams, "RGB and HSV" frames and "multi-frame
spectrum images". Everything else is a choice of ours, marked so where it is made.

References
----------
.. [1] Y. Huang, W. Zhang, J. Wang, "Deep frequent spatial temporal learning for face anti-spoofing",
   arXiv:2002.03723, 2020.
.. [2] K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from specaug.errors import ArgumentError

Streams = Literal["both", "color", "spectrum"]


class Block(nn.Module):  # type: ignore[misc]  # torch has no types here
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H/stride, W/stride)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet18(nn.Module):  # type: ignore[misc]
    """ResNet18 [2]_ without its classifier: (N, channels, H, W) to (N, 8·width).

    Parameters
    ----------
    channels : int
        Of the input.
    width : int
        Channels of the first stage; 64 is the original.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        stages = [Block(width, width, 1), Block(width, width, 1)]
        for size in (2 * width, 4 * width, 8 * width):
            stages += [Block(size // 2, size, 2), Block(size, size, 1)]
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 7, 2, 3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        self.stages = nn.Sequential(*stages)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Features, averaged over the picture."""
        return self.stages(self.stem(x)).mean(dim=(-2, -1))


class TwoStreamNet(nn.Module):  # type: ignore[misc]
    """Colour stream and spectrum stream, fused late, to one logit: higher = more likely an attack.

    Train it with :class:`torch.nn.BCEWithLogitsLoss` on labels 0 (bona fide) and 1 (attack).

    Parameters
    ----------
    frames : int
        Frames a clip, T: the spectrum stream has as many input channels.
    width : int
        Of both ResNet18; 64 is the original, 16 makes a model for a CPU.
    streams : {"both", "color", "spectrum"}
        Which are there; one alone for ablation.
    hsv : bool
        Whether the colour stream sees HSV beside RGB: six channels in place of three.

    Examples
    --------
    >>> net = TwoStreamNet(frames=2, width=4)
    >>> net.views
    ('rgb', 'hsv', 'spectrum')
    >>> rgb = torch.zeros(3, 2, 32, 32, 3, dtype=torch.uint8)
    >>> net(rgb=rgb, hsv=rgb / 255, spectrum=torch.zeros(3, 2, 32, 32)).shape
    torch.Size([3])
    """

    def __init__(
        self, frames: int = 8, width: int = 64, *, streams: Streams = "both", hsv: bool = True
    ) -> None:
        super().__init__()
        for name, value in (("frames", frames), ("width", width)):
            if not isinstance(value, int) or value < 1:
                raise ArgumentError(f"{name}: expected a whole number from 1, got {value!r}")
        if streams not in ("both", "color", "spectrum"):
            raise ArgumentError(f"streams: expected both, color or spectrum, got {streams!r}")
        self.frames = frames
        has_color, has_spectrum = streams != "spectrum", streams != "color"
        channels = 6 if hsv else 3
        # Ours: inputs are standardised by a running mean and deviation of each channel, so that 0-1 colours and
        # logarithms of amplitudes start alike.
        self.color = nn.Sequential(_Standardize(channels), ResNet18(channels, width)) if has_color else None
        self.spectrum = nn.Sequential(_Standardize(frames), ResNet18(frames, width)) if has_spectrum else None
        # Ours: fusion is a linear layer on both streams' features, which is a sum of one logit from each.
        self.classifier = nn.Linear(8 * width * (has_color + has_spectrum), 1)
        color_views = (("rgb", "hsv") if hsv else ("rgb",)) if has_color else ()
        self.views: tuple[str, ...] = (*color_views, *(("spectrum",) if has_spectrum else ()))
        """What `forward` needs, by name; as :func:`specaug.load` calls them."""

    def forward(
        self, rgb: Tensor | None = None, hsv: Tensor | None = None, spectrum: Tensor | None = None
    ) -> Tensor:
        """The logit of each clip.

        Parameters
        ----------
        rgb : (B, T, H, W, 3) uint8 or float in [0, 1]
        hsv : (B, T, H, W, 3) float
        spectrum : (B, T, H, W) float
            Log-amplitudes, zero frequency in the middle.

        Returns
        -------
        (B,) float

        Raises
        ------
        ArgumentError
            A view that the streams need is missing, or has another shape.
        """
        given = {"rgb": rgb, "hsv": hsv, "spectrum": spectrum}
        seen = {name: self._checked(name, given[name]) for name in self.views}
        features = []
        if self.color is not None:
            views = [seen[name] for name in ("rgb", "hsv") if name in seen]
            pictures = torch.cat([view.movedim(-1, -3) for view in views], dim=2)
            each = self.color(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2])
            features.append(each.mean(dim=1))  # ours: consensus is the mean over the frames' features
        if self.spectrum is not None:
            features.append(self.spectrum(seen["spectrum"]))
        return self.classifier(torch.cat(features, dim=1))[:, 0]

    def _checked(self, name: str, view: Tensor | None) -> Tensor:
        """A view as floats; a missing one, or one of another shape, is named."""
        wanted = f"(B, {self.frames}, H, W{'' if name == 'spectrum' else ', 3'})"
        if view is None:
            raise ArgumentError(f"{name}: expected a tensor of shape {wanted}, got None")
        rank, channels = (4, None) if name == "spectrum" else (5, 3)
        if view.ndim != rank or view.shape[1] != self.frames or (channels and view.shape[-1] != channels):
            raise ArgumentError(f"{name}: expected shape {wanted}, got {tuple(view.shape)}")
        return view / 255 if view.dtype == torch.uint8 else view


class _Standardize(nn.BatchNorm2d):  # type: ignore[misc]
    """Mean 0 and deviation 1 for each channel, by running statistics; nothing to learn."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)
