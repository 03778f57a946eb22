"""A decoded image as planes: cropped from each plane at its own sampling, converted to RGB once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike

from specaug.align import warp_plane
from specaug.errors import ArgumentError
from specaug.planes.icc import profile_to_srgb
from specaug.planes.placement import Placement, chained, oriented
from specaug.planes.to_rgb import to_uint8, values_to_rgb
from specaug.records import ColorInfo, Resample

Array = np.ndarray[Any, Any]


class Plane(NamedTuple):
    """Samples on one grid."""

    values: Array
    """(h, w) of one component, or (h, w, 3) of three; uint8 or uint16, as stored."""
    to_stored: Array
    """(2, 3) from px of the plane to px of the stored image."""


@dataclass(frozen=True, eq=False)
class PlaneImage:
    """An image as its decoder gives it, and what its values mean.

    No full-size RGB image is made of it: a crop is resampled from each plane, at the places where that plane's samples
    lie, and converted in float64, rounded once.
    """

    planes: tuple[Plane, ...]
    """Y', C_B, C_R in this order, or a single plane of RGB or grey."""
    placement: Placement
    color: ColorInfo
    icc_profile: bytes | None = None
    """Colour profile that is applied to RGB after cropping; None for sRGB."""

    @classmethod
    def of_rgb(cls, image: Array) -> PlaneImage:
        """An upright (H, W, 3) uint8 RGB image."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ArgumentError(f"image: expected uint8 (H, W, 3), got {image.dtype} {image.shape}")
        placement = Placement(image.shape[1], image.shape[0])
        return cls((Plane(image, np.eye(2, 3)),), placement, ColorInfo())

    @property
    def width(self) -> int:
        """Of the upright image, px."""
        return self.placement.size[0]

    @property
    def height(self) -> int:
        """Of the upright image, px."""
        return self.placement.size[1]

    @property
    def nbytes(self) -> int:
        """Of all samples."""
        return sum(plane.values.nbytes for plane in self.planes)

    def crop(self, warp: ArrayLike, *, size: int, resample: Resample = "prefiltered") -> Array:
        """Cut a square crop.

        Parameters
        ----------
        warp : (2, 3) array_like
            Px of the upright image to crop px.
        size : int
            Side of the crop, px.
        resample : {"prefiltered", "bilinear"}

        Returns
        -------
        numpy.ndarray
            (size, size, 3) uint8 RGB.
        """
        return self._resampled(np.asarray(warp, np.float64), (size, size), resample)

    def look(self, warp: ArrayLike, *, size: int, resample: Resample = "bilinear") -> Array:
        """:meth:`crop` for detectors, which need no exact pixels: each plane is rounded, profiles are not applied."""
        return self._resampled(np.asarray(warp, np.float64), (size, size), resample, exact=False)

    def rgb(self) -> Array:
        """The whole upright image, (H, W, 3) uint8 RGB."""
        (plane, *others) = self.planes
        if (
            not others
            and plane.values.ndim == 3
            and self.placement.pixel_aspect == 1
            and self.color.bits == 8
        ):
            image = np.ascontiguousarray(oriented(plane.values, self.placement.orientation))
            return image if self.icc_profile is None else profile_to_srgb(image, self.icc_profile)
        return self._resampled(np.eye(2, 3), (self.height, self.width), "prefiltered")

    def _resampled(
        self, warp: Array, shape: tuple[int, int], resample: Resample, *, exact: bool = True
    ) -> Array:
        upright = chained(warp, self.placement.to_upright)
        parts = [
            warp_plane(
                plane.values, chained(upright, plane.to_stored), shape=shape, resample=resample, exact=exact
            )
            for plane in self.planes
        ]
        if not exact:
            return self._draft(parts)
        values = parts[0] if len(parts) == 1 else np.stack(parts, axis=-1)
        image = to_uint8(values_to_rgb(values, self.color))
        return image if self.icc_profile is None else profile_to_srgb(image, self.icc_profile)

    def _draft(self, parts: list[Array]) -> Array:
        """RGB of rounded samples, in float32."""
        if len(parts) == 1 and parts[0].ndim == 3 and self.color.bits == 8:
            return parts[0]
        values = parts[0] if len(parts) == 1 else cv2.merge(parts)
        return to_uint8(values_to_rgb(values.astype(np.float32), self.color))

    def reduced(self, shape: tuple[int, int]) -> Array:
        """The whole upright image, averaged to (width, height) px: for detectors, which need no exact pixels.

        Returns
        -------
        numpy.ndarray
            (height, width, 3) uint8 RGB. Where subsampled colour lies between luma samples is not regarded.
        """
        if shape == (self.width, self.height):
            return self.rgb()
        stored = shape[::-1] if self.placement.is_transposed else shape
        image = self._draft([shrunk(plane.values, stored) for plane in self.planes])
        return np.ascontiguousarray(oriented(image, self.placement.orientation))

    def __repr__(self) -> str:
        return f"PlaneImage({self.width}x{self.height}, {self.color.matrix}, {len(self.planes)} planes)"


def as_plane_image(image: PlaneImage | Array) -> PlaneImage:
    """`image` itself, or an RGB array as one plane."""
    return image if isinstance(image, PlaneImage) else PlaneImage.of_rgb(image)


def shrunk(pixels: Array, shape: tuple[int, int]) -> Array:
    """`pixels` averaged to `shape` (width, height), by halves first: a quarter of the time of one step.

    Along an axis that is not reduced they are interpolated.
    """
    while pixels.shape[1] >= 2 * shape[0] and pixels.shape[0] >= 2 * shape[1]:
        half = pixels.shape[1] // 2, pixels.shape[0] // 2
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA))
