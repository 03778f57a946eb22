"""An Albumentations transform: any operation, its second picture from the metadata of the call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from specaug.augment import OPERATIONS, Drawn, apply_drawn
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.integrations._choice import chosen_preset

try:
    import cv2
    from albumentations.core.transforms_interface import BaseTransformInitSchema, ImageOnlyTransform
except ImportError as error:
    raise MissingDependencyError(
        "albumentations is not installed: pip install 'specaug[albumentations]'"
    ) from error


class SpectralTransform(ImageOnlyTransform):  # type: ignore[misc]
    """Any operation of :data:`specaug.augment.OPERATIONS`, or a preset, in an Albumentations pipeline.

    References are given with the call, as for ``A.FDA``: ``transform(image=x, specaug_metadata=[r1, r2])``, one is
    picked at random. One of another size is scaled, by areas where it gets smaller; scaling up makes no high
    frequencies, so give references as large as the picture for bands above 1/16 cycles/px.

    Parameters
    ----------
    operation : str
        Name of an operation or preset, such as ``fda``, ``moire``, ``fact``.
    ranges : record or None
        Ranges of the operation, such as :class:`specaug.augment.FdaRanges`; None for its own.
    metadata_key : str
        Key under which references are passed.
    p : float
        Probability of applying the transform.

    Examples
    --------
    >>> import numpy as np
    >>> transform = SpectralTransform("moire", p=1.0)
    >>> transform(image=np.zeros((32, 32, 3), np.uint8))["image"].shape
    (32, 32, 3)
    """

    class InitSchema(BaseTransformInitSchema):  # type: ignore[misc]
        """What the constructor takes."""

        operation: str
        ranges: Any
        metadata_key: str

    def __init__(
        self,
        operation: str = "fda",
        ranges: Any = None,
        metadata_key: str = "specaug_metadata",
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self.preset = chosen_preset(operation, ranges)
        self.operation = operation
        self.ranges = ranges
        self.metadata_key = metadata_key

    @property
    def targets_as_params(self) -> list[str]:
        """The key of the references, for operations that take one."""
        return [self.metadata_key] if OPERATIONS[self.preset.operation].partner else []

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw parameters, as plain values, and pick a reference."""
        drawn = self.preset.draw(rng=self.random_generator)
        partner = None
        if self.targets_as_params:
            partner = self._reference(data.get(self.metadata_key), params["shape"][:2])
        return {"drawn": None if drawn is None else drawn.to_dict(), "partner": partner}

    def apply(
        self, img: np.ndarray, drawn: dict[str, Any] | None, partner: np.ndarray | None, **_: Any
    ) -> np.ndarray:
        """One picture, (H, W, C) or (H, W)."""
        if drawn is None:
            return img
        grey = img.ndim == 2
        if grey and partner is not None and partner.ndim == 3:
            partner = partner[..., 0]
        applied = apply_drawn(img, Drawn.from_dict(drawn), partner, channel_axis=None if grey else -1)
        return np.asarray(applied.image)

    def _reference(self, references: Any, size: tuple[int, int]) -> np.ndarray:
        """One of the references, of the height and width `size`."""
        is_list = isinstance(references, Sequence) and not isinstance(references, str)
        if not is_list or not references or not all(isinstance(r, np.ndarray) for r in references):
            raise ArgumentError(
                f"{self.metadata_key}: expected a list of arrays for {self.operation}, got {type(references).__name__}"
            )
        reference: np.ndarray = self.py_random.choice(references)
        if reference.shape[:2] == tuple(size):
            return reference
        smaller = reference.shape[0] >= size[0] and reference.shape[1] >= size[1]
        scaled = cv2.resize(
            reference, (size[1], size[0]), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        )
        return np.reshape(scaled, (*size, *reference.shape[2:]))
