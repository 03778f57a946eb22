"""What can be explained: something that takes views of clips and gives a logit for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from specaug.errors import ArgumentError
from specaug.loader import View, compute_views
from specaug.spectrum.amplitude import Window
from specaug.training.linear_rule import LinearRule
from specaug.training.radial_features import clip_features
from specaug.training.radial_run import load_rule
from specaug.training.run_folder import network_of
from specaug.training.scoring import middle_of
from specaug.training.torch_setup import device_of
from specaug.training.train_config import TrainConfig

_CPU = torch.device("cpu")


class Network(Protocol):
    """Views in, one logit for each clip out. A ``torch.nn.Module`` whose `forward` takes views by name is one."""

    def __call__(self, **views: Tensor) -> Tensor:
        """(B,) or (B, 1) logits, higher = more likely an attack."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A network, and how frames become what it sees.

    Examples
    --------
    >>> probe = Probe(lambda rgb: rgb.mean(dim=(1, 2, 3, 4)), views=("rgb",), frames=2)
    >>> probe.score(torch.full((3, 2, 8, 8, 3), 255, dtype=torch.uint8))
    tensor([1., 1., 1.], dtype=torch.float64)
    """

    network: Network
    views: tuple[View, ...]
    """What the network takes, by name, as :func:`specaug.loader.compute_views` gives it."""
    frames: int
    """Of a clip."""
    pixels: int | None = None
    """Side of the central part of the frames that it sees; None: whole frames."""
    window: Window | None = "hann"
    """Of the view ``spectrum``."""
    device: torch.device = _CPU
    differentiable: bool = True
    """Whether gradients of the logit by the views can be had."""

    def seen(self, frames: Tensor) -> Tensor:
        """The part of (B, T, H, W, 3) frames that the network sees, float32 in [0, 1] on its device."""
        middle = middle_of(frames.to(self.device), self.pixels)
        return middle.float() / 255 if middle.dtype == torch.uint8 else middle.float()

    def views_of(self, seen: Tensor) -> dict[str, Tensor]:
        """Views of frames that :meth:`seen` gave, which may have been changed since."""
        if seen.device.type != "cpu" or seen.requires_grad:
            return compute_views(seen, self.views, window=self.window)
        # The same numbers: as NumPy's, HSV takes half the time, since it is computed in pieces that stay in cache.
        views = compute_views(seen.numpy(), self.views, window=self.window)
        return {name: torch.from_numpy(view) for name, view in views.items()}

    def logits(self, views: Mapping[str, Tensor]) -> Tensor:
        """(B,) logits.

        Raises
        ------
        ArgumentError
            The network gives something else than one number for each clip.
        """
        found = self.network(**views)
        wanted = len(next(iter(views.values())))
        if tuple(found.shape) not in ((wanted,), (wanted, 1)):
            raise ArgumentError(
                f"network: expected a logit for each of {wanted} clips, shape ({wanted},), got {tuple(found.shape)}"
            )
        return found.reshape(wanted)

    def score(self, frames: Tensor) -> Tensor:
        """(B,) float64 logits of frames, on the CPU."""
        return self.logits(self.views_of(self.seen(frames))).double().cpu()


def probe_of_run(run: Path, config: TrainConfig) -> Probe:
    """What a run learned, of either model.

    Raises
    ------
    SpecaugError
        Its file is missing, damaged, or of another model than the settings say.
    """
    if config.model == "radial":
        network = _radial(load_rule(run, config), config.window)
        return Probe(network, ("rgb",), config.frames, config.pixels, config.window, differentiable=False)
    device = device_of(config)
    found = network_of(run, config).to(device)
    return Probe(found, found.views, config.frames, config.pixels, config.window, device)


def probe_of_module(
    module: nn.Module,
    *,
    views: Sequence[View] | None = None,
    frames: int | None = None,
    pixels: int | None = None,
    window: Window | None = "hann",
) -> Probe:
    """Any module whose `forward` takes views by name, on the device of its parameters, in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
    views : sequence of {"rgb", "hsv", "spectrum"}, optional
        What it takes; its attribute `views` if left out.
    frames : int, optional
        Frames a clip; its attribute `frames` if left out.
    pixels : int, optional
        Side of the central part of the frames that it sees; None: whole frames.
    window : {"hann", None}
        Of the view ``spectrum``.

    Raises
    ------
    ArgumentError
        Neither the argument nor the attribute says what the views or the frames are.
    """
    named: Any = views or getattr(module, "views", None)
    length = frames or getattr(module, "frames", None)
    if not named or isinstance(named, str):
        raise ArgumentError(
            f"views: expected names of what the network takes, such as ('rgb',), got {named!r}"
        )
    if not isinstance(length, int):
        raise ArgumentError(f"frames: expected how many frames a clip has for the network, got {length!r}")
    module.eval()
    # A module without parameters has no device; what it computes with is then on the CPU.
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    return Probe(module, tuple(named), length, pixels, window, device)


def _radial(rule: LinearRule, window: Window | None) -> Callable[..., Tensor]:
    """The baseline as a function of frames."""

    def logits(rgb: Tensor) -> Tensor:
        return torch.from_numpy(rule.scores(clip_features(np.asarray(rgb), window=window)))

    return logits
