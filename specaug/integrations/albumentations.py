"""An Albumentations transform: a recipe, with second images from the metadata of the call."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any
from zlib import crc32

import numpy as np

from specaug.augment import Recipe
from specaug.augment.recipes.steps import run_draws
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.install_hint import install_hint
from specaug.integrations._choice import chosen_recipe, label_or_none, takes_donor
from specaug.records import LABELS, Label

try:
    import cv2
    from albumentations.core.transforms_interface import BaseTransformInitSchema, ImageOnlyTransform
    from pydantic import AfterValidator
except ImportError as error:
    raise MissingDependencyError(
        f"albumentations is not installed: {install_hint('albumentations')}"
    ) from error


class _AsGiven:
    """An argument that validation hands on: Albumentations makes plain mappings of dataclasses, which forget types."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @classmethod
    def field(cls, value: Any) -> Any:
        return value if isinstance(value, str | Mapping | None) else cls(value)


def _given(value: Any) -> Any:
    return value.value if isinstance(value, _AsGiven) else value


class _Drawing(ImageOnlyTransform):  # type: ignore[misc]
    """How the two libraries called albumentations ask for the numbers of a call."""

    # AlbumentationsX asks by another name, and mixes in the seeds of workers itself.
    if hasattr(ImageOnlyTransform, "sample_parameters"):

        def sample_parameters(self, params: Any, data: Any, targets: Any, sampling: Any) -> Any:
            """Draw parameters, as plain values, and pick a reference."""
            from albumentations.core.transform_params import SampledParams

            drawn = self._draw(data, params["shape"], sampling.random_generator)
            return SampledParams(params=drawn)

    else:

        def __call__(self, *args: Any, force_apply: bool = False, **data: Any) -> Any:
            """Apply the transform; see :class:`SpectralTransform` for where its numbers come from."""
            self._seed_anew()
            return super().__call__(*args, force_apply=force_apply, **data)

        def get_params_dependent_on_data(
            self, params: dict[str, Any], data: dict[str, Any]
        ) -> dict[str, Any]:
            """Draw parameters, as plain values, and pick a reference."""
            return self._draw(data, params["shape"], self.random_generator)

        def set_random_seed(self, seed: int | None) -> None:
            """Begin the draws of a seed.

            Albumentations 2.0 gives the same one to every transform of a pipeline, which then toss the same coins.
            """
            super().set_random_seed(seed)
            if seed is not None:
                self._draw_from([seed, crc32(repr(self.chosen).encode())])

    chosen: Recipe
    _worker: int | None = None
    """Seed of the worker that the generators were made for."""

    def _seed_anew(self) -> None:
        """Take the generators of this call from torch, where that is in use.

        Albumentations 2.0 keeps its generators in the transform, and every worker of a DataLoader gets a copy of it in
        every epoch.
        """
        torch = sys.modules.get("torch")
        if torch is None:
            return
        worker = torch.utils.data.get_worker_info()
        if self.seed is None:
            words = [int(torch.randint(2**63 - 1, ()))]
        elif worker is not None and worker.seed != self._worker:
            self._worker = worker.seed
            words = [int(self.random_generator.integers(2**63)), worker.seed]
        else:
            return
        self._draw_from(words)

    def _draw_from(self, words: list[int]) -> None:
        generator = np.random.default_rng(words)
        self.set_random_state(generator, random.Random(int(generator.integers(2**63))))

    def _draw(
        self, data: Mapping[str, Any], shape: Sequence[int], rng: np.random.Generator
    ) -> dict[str, Any]:
        raise NotImplementedError


class SpectralTransform(_Drawing):
    """A recipe in a pipeline of Albumentations 2.0 or AlbumentationsX.

    References are given with the call, as for ``A.FDA``: ``transform(image=x, specaug_metadata=[r1, r2])``, one is
    picked at random. One of another size is scaled, by areas where it gets smaller; scaling up makes no high
    frequencies, so give references as large as the image for bands above 1/16 cycles/px. A clip is given as
    ``images``, (T, H, W, C): its frames share a draw and are changed together.

    The label is given with the call, 0 bona fide or 1 attack, and comes back as it is after the draw:
    ``transform(image=x, specaug_label=0)``. With it, attacks are changed only by what keeps their label, as in
    :func:`specaug.load`, and a reference has the label that the recipe asks for;
    for a recipe that keeps labels (``fda``, ``apr``, ``fact``) give references of the image's own class, as it has in
    :func:`specaug.load`: they lend to images of either label, since leaving one class unchanged would tell the classes.

    Draws follow the ``seed`` of the pipeline, and where that has none, ``torch.manual_seed`` if torch is in use. In a
    worker of a ``DataLoader`` the seed that torch gives this worker in this epoch is mixed in, so that every worker
    draws anew in every epoch. (Other transforms of Albumentations 2.0 do not: there each worker repeats the others.)

    Parameters
    ----------
    recipe : Recipe, str or path
        What ``augment=`` of :func:`specaug.load` takes: a :class:`specaug.Recipe`, the name of one such as ``traces``,
        the path of a TOML file; or the name of an operation such as ``moire``, with its own ranges.
    ranges : record, mapping or None
        Other ranges for the operation that `recipe` names, such as :class:`specaug.augment.FdaRanges`.
    metadata_key : str
        Key under which references are passed.
    label_key : str
        Key under which the label is passed.
    scale : float
        Source px per crop px, for recipes that are measured in px of the source.
    p : float
        Probability of applying the transform.

    Raises
    ------
    ArgumentError
        For an unknown name, ranges of another operation, or references that are no list of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> transform = SpectralTransform("moire", p=1.0)
    >>> result = transform(image=np.zeros((32, 32, 3), np.uint8), specaug_label=0)
    >>> result["image"].shape, result["specaug_label"]
    ((32, 32, 3), 1)
    """

    class InitSchema(BaseTransformInitSchema):  # type: ignore[misc]
        """What the constructor takes."""

        recipe: Annotated[Any, AfterValidator(_AsGiven.field)]
        ranges: Annotated[Any, AfterValidator(_AsGiven.field)]
        metadata_key: str
        label_key: str
        scale: float

    def __init__(
        self,
        recipe: Recipe | str | Path = "fda",
        ranges: Any = None,
        metadata_key: str = "specaug_metadata",
        label_key: str = "specaug_label",
        scale: float = 1.0,
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self.recipe = _given(recipe)
        self.ranges = _given(ranges)
        self.metadata_key = metadata_key
        self.label_key = label_key
        self.scale = scale
        self.chosen = chosen_recipe(self.recipe, self.ranges)
        self._set_keys()  # again, now that the key of the label is known

    @property
    def targets_as_params(self) -> list[str]:
        """The key of the references, for recipes that take one."""
        return [self.metadata_key] if self.chosen.takes_donor else []

    def get_transform_init_args(self) -> dict[str, Any]:
        """What the constructor was given, as plain values where that can be; a Recipe stays what it is."""
        recipe = str(self.recipe) if isinstance(self.recipe, Path) else self.recipe
        is_record = is_dataclass(self.ranges) and not isinstance(self.ranges, type)
        ranges = asdict(self.ranges) if is_record else self.ranges
        return {**super().get_transform_init_args(), "recipe": recipe, "ranges": ranges}

    @property
    def targets(self) -> dict[str, Any]:
        """What the transform changes: images, and the label."""
        return {**super().targets, getattr(self, "label_key", ""): self.apply_to_label}

    def apply_to_label(self, label: Any, labels: Mapping[str, Label | None], **_: Any) -> int:
        """The label of the image after the draw, 0 bona fide, 1 attack."""
        before = _name_of(label, self.label_key)
        return LABELS.index(labels[before] or before)

    def apply(
        self, img: np.ndarray, drawn: dict[str, Any], partner: np.ndarray | None, **_: Any
    ) -> np.ndarray:
        """One image, (H, W, C) or (H, W)."""
        return self._changed(img, drawn, partner, grey=img.ndim == 2)

    def apply_to_images(
        self, images: np.ndarray, drawn: dict[str, Any], partner: np.ndarray | None, **_: Any
    ) -> np.ndarray:
        """The frames of a clip, (T, H, W, C) or (T, H, W)."""
        clip = np.asarray(images)
        return self._changed(clip, drawn, partner, grey=clip.ndim == 3)

    def _changed(
        self, image: np.ndarray, drawn: dict[str, Any], partner: np.ndarray | None, *, grey: bool
    ) -> np.ndarray:
        if not drawn["steps"]:
            return image
        if grey and partner is not None and partner.ndim == 3:
            partner = partner[..., 0]
        applied = run_draws(image, drawn, partner, channel_axis=None if grey else -1)
        return np.ascontiguousarray(applied.image)

    def _draw(
        self, data: Mapping[str, Any], shape: Sequence[int], rng: np.random.Generator
    ) -> dict[str, Any]:
        drawn = self.chosen.sample(rng, scale=self.scale)
        labels = {label: label_or_none(self.chosen, drawn, label) for label in LABELS}
        given = data.get(self.label_key)
        if given is not None and labels[_name_of(given, self.label_key)] is None:
            drawn = {**drawn, "steps": []}
        partner = None
        if takes_donor(drawn):
            partner = self._reference(data.get(self.metadata_key), tuple(shape[:2]), rng)
        return {"drawn": drawn, "partner": partner, "labels": labels}

    def _reference(self, references: Any, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """One of the references, of the height and width `size`."""
        is_list = isinstance(references, Sequence) and not isinstance(references, str)
        if not is_list or not references or not all(isinstance(r, np.ndarray) for r in references):
            raise ArgumentError(
                f"{self.metadata_key}: expected a list of arrays for {self.chosen.name}, "
                f"got {type(references).__name__}"
            )
        reference: np.ndarray = references[int(rng.integers(len(references)))]
        if reference.shape[:2] == tuple(size):
            return reference
        smaller = reference.shape[0] >= size[0] and reference.shape[1] >= size[1]
        scaled = cv2.resize(
            reference, (size[1], size[0]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        )
        return np.reshape(scaled, (*size, *reference.shape[2:]))


def _name_of(label: Any, key: str) -> Label:
    """A label as a word."""
    if np.ndim(label) != 0 or label not in (0, 1):
        raise ArgumentError(f"{key}: expected 0 (bona fide) or 1 (attack), got {label!r:.80}")
    return LABELS[int(label)]
