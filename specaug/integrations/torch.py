"""A torch module: operations on whole batches, on the device where they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from specaug.augment import Drawn, apply_drawn, label_after
from specaug.augment.registry import operation
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.integrations._choice import chosen_preset
from specaug.records import LABELS

try:
    import torch
except ImportError as error:
    raise MissingDependencyError("torch is not installed: pip install 'specaug[torch]'") from error


class SpectralAugment(torch.nn.Module):  # type: ignore[misc]
    """Any operation of :data:`specaug.augment.OPERATIONS`, or a preset, for batches of pictures or clips.

    Each picture, or clip, gets a draw of its own; the frames of a clip share theirs. In ``eval()`` mode nothing
    is changed. Gradients flow through the operation.

    Parameters
    ----------
    operation : str
        Name of an operation or preset, such as ``fda``, ``moire``, ``fact``.
    ranges : record or None
        Ranges of the operation; None for its own.
    p : float
        Probability of changing a picture.
    channel_axis : int
        Axis of the channels, counted from the end.
    rng : numpy.random.Generator, int or None
        Source of randomness; None for draws from torch's own generator, so that ``torch.manual_seed`` repeats
        them. In a worker of a ``DataLoader`` the seed that torch gives this worker in this epoch is mixed in, so that
        every worker draws anew in every epoch.

    Examples
    --------
    >>> augment = SpectralAugment("moire", rng=0)
    >>> augment(torch.rand(4, 3, 32, 32)).shape
    torch.Size([4, 3, 32, 32])
    """

    def __init__(
        self,
        operation: str = "fda",
        ranges: Any = None,
        *,
        p: float = 0.5,
        channel_axis: int = -3,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ArgumentError(f"p: expected a number in [0, 1], got {p!r}")
        if channel_axis not in (-1, -2, -3, -4):
            raise ArgumentError(f"channel_axis: expected -4 to -1, got {channel_axis!r}")
        self.preset = chosen_preset(operation, ranges)
        self.p = p
        self.channel_axis = channel_axis
        self.rng = None if rng is None else np.random.default_rng(rng)
        self._worker: int | None = None

    def forward(self, images: Any, labels: Any = None, references: Any = None) -> Any:
        """Change a batch.

        Parameters
        ----------
        images : (N, C, H, W) or (N, T, C, H, W) tensor
            uint8 or float in [0, 1]; channels where `channel_axis` says.
        labels : (N,) integer tensor or None
            0 bona fide, 1 attack. With labels, a partner from the batch is one after which the label is certain,
            pictures that have none are left as they are, and new labels are returned too.
        references : (M, …) tensor or None
            Partners to pick from, of the same label as the picture that meets them; None picks another picture
            of the batch.

        Returns
        -------
        tensor, or (tensor, labels) where labels were given
        """
        given = self._names(images, labels)
        out, names = list(images), list(given)
        rng = self._generator()
        for i in range(len(out) if self.training else 0):
            if rng.uniform() >= self.p:
                continue
            drawn = self.preset.draw(rng=rng)
            if drawn is not None:
                out[i], names[i] = self._changed(drawn, i, images, given, references, rng)
        stacked = torch.stack(out) if out else images
        if labels is None:
            return stacked
        new = torch.as_tensor(
            [LABELS.index(name) for name in names], dtype=labels.dtype, device=labels.device
        )
        return stacked, new

    def _generator(self) -> np.random.Generator:
        """The generator of this call."""
        if self.rng is None:
            return np.random.default_rng(int(torch.randint(2**63 - 1, ())))
        worker = torch.utils.data.get_worker_info()
        if worker is not None and worker.seed != self._worker:  # the first call in this worker in this epoch
            self._worker = worker.seed
            self.rng = np.random.default_rng([int(self.rng.integers(2**63)), worker.seed])
        return self.rng

    def _names(self, images: Any, labels: Any) -> list[Any]:
        """Labels as words; None where there are none."""
        if labels is None:
            return [None] * len(images)
        values = labels.tolist()
        if len(values) != len(images) or not set(values) <= {0, 1}:
            raise ArgumentError(f"labels: expected {len(images)} numbers, 0 or 1, got {values}")
        return [LABELS[value] for value in values]

    def _changed(
        self, drawn: Drawn, i: int, images: Any, names: list[Any], references: Any, rng: np.random.Generator
    ) -> tuple[Any, Any]:
        """Image `i` after the draw, and its new label; `names` are those of the images as they were given."""
        image, name, partner, partner_label = images[i], names[i], None, None
        if operation(drawn.operation).partner is not None:
            partners = _certain(drawn, i, names) if references is None else list(range(len(references)))
            if not partners:
                return image, name
            j = partners[int(rng.integers(len(partners)))]
            partner, partner_label = (
                (images[j], names[j]) if references is None else (references[j], names[i])
            )
        if name is not None:
            name = label_after(drawn, name, partner_label)
        clip_axis = 0 if image.ndim > 3 else None
        if clip_axis == 0 and image.ndim + self.channel_axis == 0:
            clip_axis = 1
        applied = apply_drawn(image, drawn, partner, channel_axis=self.channel_axis, clip_axis=clip_axis)
        return applied.image, name


def _certain(drawn: Drawn, i: int, names: list[Any]) -> list[int]:
    """Other pictures of the batch after which the label of picture `i` is certain."""
    others = [j for j in range(len(names)) if j != i]
    if names[i] is None:
        return others
    certain = []
    for j in others:
        try:
            label_after(drawn, names[i], names[j])
        except ArgumentError:
            continue
        certain.append(j)
    return certain
