"""Which parts of the views a logit comes from: gradients added up on the way from a typical bona fide clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from specaug.attribution.probe import Probe
from specaug.attribution.sampled_clips import ClipSample


@dataclass(frozen=True, eq=False)
class AttributionMaps:
    """Shares of the logit in the pixels and frequencies of the views, averaged over the clips of each class."""

    maps: dict[str, np.ndarray]
    """(2, H, W) float64 for each plane, summed over frames: ``red``, ``green``, ``blue``, ``hue``, ``saturation``,
    ``value``, and ``spectrum`` with zero frequency in the middle; bona fide first. Above 0 speaks for an attack."""
    totals: dict[str, tuple[float, float]]
    """Sum of each plane, bona fide and attack."""
    difference: tuple[float, float]
    """Mean logit less that of the mean bona fide views: what the totals add up to."""
    gap: float
    """How far the totals of a clip miss its difference, as a share of that: means of both sizes over the clips."""
    clips: tuple[int, int]
    steps: int


PLANES: dict[str, tuple[str, ...]] = {
    "rgb": ("red", "green", "blue"),
    "hsv": ("hue", "saturation", "value"),
    "spectrum": ("spectrum",),
}
"""Names of the planes of each view."""


def integrated_gradients(
    logits: Callable[[Mapping[str, Tensor]], Tensor],
    views: Mapping[str, Tensor],
    baseline: Mapping[str, Tensor],
    *,
    steps: int,
) -> dict[str, Tensor]:
    r"""Attributions of the logit to every number of the views.

    :math:`(x - b) \int_0^1 \nabla f(b + \alpha (x - b))\,d\alpha` by the midpoint rule, all views on one way together.
    Their sum is :math:`f(x) - f(b)`, exactly for enough steps.

    Parameters
    ----------
    logits : callable
        From views to (B,) logits.
    views, baseline : mapping of str to (B, …) tensor
        Where the way ends and where it begins.
    steps : int

    Returns
    -------
    dict of str to tensor
        Of the shapes of `views`.

    Examples
    --------
    >>> views, start = {"rgb": torch.tensor([[3.0, 1.0]])}, {"rgb": torch.zeros(1, 2)}
    >>> found = integrated_gradients(lambda v: (v["rgb"] ** 2).sum(dim=1), views, start, steps=8)
    >>> found["rgb"]
    tensor([[9., 1.]])

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.
    """
    way = {name: view - baseline[name] for name, view in views.items()}
    sums = {name: torch.zeros_like(view) for name, view in views.items()}
    for step in range(steps):
        at = {name: baseline[name] + (step + 0.5) / steps * part for name, part in way.items()}
        with torch.enable_grad():
            points = {name: point.detach().requires_grad_() for name, point in at.items()}
            # Clips do not meet in evaluation mode: the gradient of the sum holds that of each.
            gradients = torch.autograd.grad(
                logits(points).sum(), list(points.values()), allow_unused=True, materialize_grads=True
            )
        for name, gradient in zip(points, gradients, strict=True):
            sums[name] += gradient
    return {name: way[name] * total / steps for name, total in sums.items()}


def attribution_maps(
    probe: Probe,
    sample: ClipSample,
    bonafide_views: Mapping[str, Tensor],
    *,
    steps: int,
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> AttributionMaps:
    """Integrated gradients of the clips of a sample, averaged by class.

    Parameters
    ----------
    probe : Probe
        Differentiable.
    sample : ClipSample
    bonafide_views : mapping of str to (T, …) tensor
        Where the way begins.
    steps, batch_size : int
    progress : callable, optional
        Gets how many clips are done, and of how many.
    """
    counts = np.bincount(sample.labels, minlength=2).clip(1)
    maps: dict[str, np.ndarray] = {}
    difference, sizes = np.zeros(2), np.zeros(2)
    start = probe.logits({name: view[None] for name, view in bonafide_views.items()}).detach()
    for part, frames in sample.batches(probe.frames, batch_size):
        views, labels = probe.views_of(probe.seen(frames)), sample.labels[part]
        baseline = {name: bonafide_views[name].expand_as(view) for name, view in views.items()}
        with torch.no_grad():
            moved = (probe.logits(views) - start).double().cpu().numpy()
        shares = integrated_gradients(probe.logits, views, baseline, steps=steps)
        sums = sum(share.double().flatten(1).sum(dim=1) for share in shares.values())
        sizes += np.abs(sums.cpu().numpy() - moved).sum(), np.abs(moved).sum()
        difference += np.bincount(labels, weights=moved, minlength=2)
        for name, plane in _planes(shares).items():
            total = maps.setdefault(name, np.zeros((2, *plane.shape[1:])))
            np.add.at(total, labels, plane)
        if progress:
            progress(part.stop, len(sample))
    maps = {name: total / counts[:, None, None] for name, total in maps.items()}
    totals = {name: (float(plane[0].sum()), float(plane[1].sum())) for name, plane in maps.items()}
    mean, gap = difference / counts, float(sizes[0] / max(sizes[1], 1e-12))
    return AttributionMaps(
        maps, totals, (float(mean[0]), float(mean[1])), gap, (int(counts[0]), int(counts[1])), steps
    )


def _planes(shares: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """(B, H, W) float64 of each plane, summed over frames."""
    found = {}
    for view, share in shares.items():
        summed = share.double().sum(dim=1).cpu().numpy()
        planes = summed[..., None] if summed.ndim == 3 else summed
        found.update({name: planes[..., i] for i, name in enumerate(PLANES[view])})
    return found
