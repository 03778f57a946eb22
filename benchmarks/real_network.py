"""A small network in place of the rule: what is learned from pixels, where nobody chose what is measured."""

from __future__ import annotations

import numpy as np
from real_figures import CLEAN, Pair, by_photograph, tested_authors
from real_photos import Crops

_PART = 96
"""Side of what the network sees in training, px; in testing it sees the middle of a crop."""
_BATCH = 32
_RATE = 3e-3
_WIDTHS = (8, 16, 32)


def network_on_real(
    real: Crops, made: Crops | None, kind: str, *, epochs: int, seeds: int, folds: int = 2
) -> dict[str, Pair]:
    """As :func:`real_figures.on_real`, by a network that learned from crops of the authors of other folds.

    Authors are dealt to `folds` in the order of their names. Scores are means over `seeds` trainings.
    """
    authors = np.unique(real.author)
    fold = np.searchsorted(authors, real.author) % folds
    own = fold[real.of(CLEAN)] if made is not None else None
    scores = np.zeros(len(real.pixels))
    for held in range(folds):
        good = real.pixels[real.of(CLEAN) & (fold != held)]
        bad = real.pixels[real.of(kind) & (fold != held)] if made is None else made.pixels[own != held]
        if not len(good) or not len(bad):
            continue
        for seed in range(seeds):
            scores[fold == held] += (
                _trained_scores(good, bad, real.pixels[fold == held], seed, epochs) / seeds
            )
    found = {}
    for author in tested_authors(real, kind):
        rows = [real.of(which) & (real.author == author) for which in (CLEAN, kind)]
        low, high = (by_photograph(scores[r], real.photograph[r]) for r in rows)
        found[author] = (low, high)
    return found


def _trained_scores(
    good: np.ndarray, bad: np.ndarray, tested: np.ndarray, seed: int, epochs: int
) -> np.ndarray:
    """Logits of `tested` by a network that was trained to tell `good` from `bad`."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    layers: list[nn.Module] = []
    for inputs, outputs, size in zip((3, *_WIDTHS), _WIDTHS, (5, 3, 3), strict=False):
        layers += [nn.Conv2d(inputs, outputs, size, stride=2), nn.BatchNorm2d(outputs), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(_WIDTHS[-1], 1))
    steps = epochs * max(1, len(good) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    labels = torch.repeat_interleave(torch.tensor([0.0, 1.0]), _BATCH)
    for _ in range(steps):
        seen = np.concatenate([_batch(part, rng) for part in (good, bad)])
        loss = nn.functional.binary_cross_entropy_with_logits(network(_as_input(seen))[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    edge = (tested.shape[1] - _PART) // 2
    middle = tested[:, edge : edge + _PART, edge : edge + _PART]
    with torch.no_grad():
        found = [network(_as_input(middle[i : i + 128]))[:, 0] for i in range(0, len(middle), 128)]
    return np.asarray(torch.cat(found), np.float64)


def _batch(crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Parts of crops drawn at random, each mirrored or not."""
    parts = []
    for i in rng.integers(len(crops), size=_BATCH):
        top, left = rng.integers(crops.shape[1] - _PART + 1, size=2)
        part = crops[i, top : top + _PART, left : left + _PART]
        parts.append(part[:, :: rng.choice((-1, 1))])
    return np.stack(parts)


def _as_input(crops: np.ndarray):  # type: ignore[no-untyped-def]
    """A tensor (n, 3, h, w) without the mean color of each crop, in which authors differ."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(crops, -1, 1))).float() / 255
    return x - x.mean((2, 3), keepdim=True)
