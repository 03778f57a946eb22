"""Colours of an embedded profile to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

Array = np.ndarray[Any, Any]


def is_usable_profile(profile: bytes) -> bool:
    """Whether a colour profile describes RGB other than sRGB, and can be applied."""
    return _transform(profile) is not None


def profile_to_srgb(image: Array, profile: bytes) -> Array:
    """sRGB of (H, W, 3) uint8 values with a profile of their own, relative colorimetric.

    Little CMS rounds to 8 bits once more: at most half a level beside the rounding before.
    """
    transform = _transform(profile)
    if transform is None:
        return image
    return np.asarray(ImageCms.applyTransform(Image.fromarray(image), transform))


@lru_cache(maxsize=8)
def _transform(profile: bytes) -> Any:
    """The transform to sRGB; None where there is nothing to do, or nothing that can be done."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != "RGB":
            return None
        target = ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(source, target, "RGB", "RGB", intent)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if _changes_nothing(transform) else transform


def _changes_nothing(transform: Any) -> bool:
    """Whether no colour moves by more than a level: the many names and versions of sRGB."""
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform))
    return int(np.abs(moved.astype(int) - grid).max()) <= 1
