"""A torch module: recipes on whole batches, on the device where they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from specaug.augment import Recipe
from specaug.augment.recipes.steps import run_draws
from specaug.eager import eager
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.install_hint import install_hint
from specaug.integrations._choice import chosen_recipe, donor_label, label_or_none, takes_donor
from specaug.records import LABELS, Label

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(f"torch is not installed: {install_hint('torch')}") from error


class SpectralAugment(torch.nn.Module):  # type: ignore[misc]
    """A recipe for batches of images or clips.

    Each image, or clip, gets a draw of its own; the frames of a clip share theirs. In ``eval()`` mode nothing
    is changed. Gradients flow through the operations. In a pipeline of torchvision's ``transforms.v2`` an image or a
    video of ``tv_tensors`` keeps its type.

    Parameters
    ----------
    recipe : Recipe, str or path
        What ``augment=`` of :func:`specaug.load` takes: a :class:`specaug.Recipe`, the name of one such as ``traces``,
        the path of a TOML file; or the name of an operation such as ``moire``, with its own ranges.
    ranges : record, mapping or None
        Other ranges for the operation that `recipe` names, such as :class:`specaug.augment.FdaRanges`.
    p : float
        Probability of changing an image.
    channel_axis : int
        Axis of the channels, counted from the end.
    rng : numpy.random.Generator, int or None
        Source of randomness; None for draws from torch's own generator, so that ``torch.manual_seed`` repeats
        them. In a worker of a ``DataLoader`` the seed that torch gives this worker in this epoch is mixed in, and under
        ``torch.distributed`` the rank, so that every process draws anew in every epoch.

    Raises
    ------
    ArgumentError
        For an unknown name, ranges of another operation, or a number out of its range.

    Examples
    --------
    >>> augment = SpectralAugment("moire", rng=0)
    >>> augment(torch.rand(4, 3, 32, 32)).shape
    torch.Size([4, 3, 32, 32])
    """

    def __init__(
        self,
        recipe: Recipe | str | Path = "fda",
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
        self.recipe = chosen_recipe(recipe, ranges)
        self.p = p
        self.channel_axis = channel_axis
        self.rng = None if rng is None else np.random.default_rng(rng)
        self._place: list[int] = []

    @eager
    def forward(self, images: Any, labels: Any = None, references: Any = None, *, scale: Any = 1.0) -> Any:
        """Change a batch, or one image or clip.

        Parameters
        ----------
        images : (N, C, H, W) or (N, T, C, H, W) tensor
            uint8 or float in [0, 1]; channels where `channel_axis` says. Three axes are one image, four of a
            ``tv_tensors.Video`` one clip.
        labels : (N,) integer tensor or None
            0 bona fide, 1 attack; one number for one image. With labels, who is changed and who lends is as in
            :func:`specaug.load`: donors have the label that the recipe asks for, attacks are changed only by what
            keeps their label, images without a donor are left as they are, and new labels are returned too.
        references : (M, …) tensor or None
            Donors to pick from, of the label that the recipe asks for; None picks another image of the batch. They lend
            to images of either label: for a recipe that keeps labels, give the classes one after the other.
        scale : float or (N,) tensor
            Source px per crop px, for recipes that are measured in px of the source: ``scale`` of a row of a shard.

        Returns
        -------
        tensor, or (tensor, labels) where labels were given

        Raises
        ------
        ArgumentError
            For labels that are not one 0 or 1 an image, or an array that is no batch of images.
        """
        batch = images[None] if self._is_one(images) else images
        given = _names(batch, labels)
        given_scales = scale.tolist() if isinstance(scale, torch.Tensor) else scale
        scales = np.broadcast_to(np.asarray(given_scales, np.float64), len(batch)).tolist()
        out, names = list(batch), list(given)
        rng = self._generator()
        for i in range(len(out) if self.training else 0):
            if rng.uniform() < self.p:
                drawn = self.recipe.sample(rng, scale=scales[i])
                out[i], names[i] = self._changed(drawn, i, batch, given, references, rng)
        stacked = torch.stack(out) if out else batch
        changed = _like(images, stacked[0] if batch is not images else stacked)
        if labels is None:
            return changed
        numbers = [LABELS.index(name) for name in names]
        if not isinstance(labels, torch.Tensor):
            return changed, numbers[0] if np.ndim(labels) == 0 else numbers
        new = torch.as_tensor(numbers, dtype=labels.dtype, device=labels.device)
        return changed, new.reshape(labels.shape)

    def _is_one(self, images: Any) -> bool:
        """Whether there is no axis of a batch."""
        clip_alone = 4 if self.channel_axis == -4 or _is_video(images) else 3
        if not clip_alone <= images.ndim <= 5:
            raise ArgumentError(
                f"images: expected (N, C, H, W) or (N, T, C, H, W), or one of these without N, "
                f"got shape {tuple(images.shape)}"
            )
        return bool(images.ndim == clip_alone)

    def _generator(self) -> np.random.Generator:
        """The generator of this call."""
        place = _place()
        if self.rng is None:
            return np.random.default_rng([int(torch.randint(2**63 - 1, ())), *place])
        if place != self._place:  # the first call in this process, or in this epoch of a worker
            self._place = place
            self.rng = np.random.default_rng([int(self.rng.integers(2**63)), *place])
        return self.rng

    def _changed(
        self,
        drawn: dict[str, Any],
        i: int,
        images: Any,
        names: list[Label | None],
        references: Any,
        rng: np.random.Generator,
    ) -> tuple[Any, Label | None]:
        """Image `i` after the draw, and its new label; `names` are those of the images as they were given."""
        image, name = images[i], names[i]
        after = None if name is None else label_or_none(self.recipe, drawn, name)
        if not drawn["steps"] or (name is not None and after is None):
            return image, name
        donor = None
        if takes_donor(drawn):
            lenders = list(range(len(references))) if references is not None else self._lenders(i, names)
            if not lenders:
                return image, name
            j = lenders[int(rng.integers(len(lenders)))]
            donor = images[j] if references is None else references[j]
        return run_draws(image, drawn, donor, channel_axis=self.channel_axis).image, after

    def _lenders(self, i: int, names: list[Label | None]) -> list[int]:
        """Other images of the batch of the label that a donor of image `i` has."""
        name = names[i]
        wanted = None if name is None else donor_label(self.recipe, name)
        return [j for j in range(len(names)) if j != i and names[j] == wanted]


def _names(images: Any, labels: Any) -> list[Label | None]:
    """Labels as words; None where there are none."""
    if labels is None:
        return [None] * len(images)
    values = np.atleast_1d(torch.as_tensor(labels).tolist()).tolist()
    if len(values) != len(images) or not set(values) <= {0, 1}:
        raise ArgumentError(f"labels: expected {len(images)} numbers, 0 or 1, got {values}")
    return [LABELS[int(value)] for value in values]


def _place() -> list[int]:
    """Numbers that tell this process from others that draw: rank, and torch's seed of this worker in this epoch."""
    numbers = []
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        numbers.append(torch.distributed.get_rank())
    worker = torch.utils.data.get_worker_info()
    if worker is not None:
        numbers.append(worker.seed)
    return numbers


def _is_video(images: Any) -> bool:
    # Whoever has made such a tensor has imported the module.
    tv_tensors = sys.modules.get("torchvision.tv_tensors")
    return tv_tensors is not None and isinstance(images, tv_tensors.Video)


def _like(given: Any, changed: Any) -> Any:
    """A tensor of the type of `given`: operations on ``tv_tensors`` give plain tensors."""
    tv_tensors = sys.modules.get("torchvision.tv_tensors")
    if tv_tensors is not None and isinstance(given, tv_tensors.TVTensor):
        return tv_tensors.wrap(changed, like=given)
    return changed
