"""What happens to every picture on its way, whoever is in it: compression, and a camera's colours.

These leave the label. They are here as the control: what an augmentation in the frequency domain has to beat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from specaug.arrays import (
    ArrayT,
    check_number,
    check_numbers,
    check_whole,
    is_numpy,
    like,
    namespace,
    to_float,
)
from specaug.augment.engine import Applied, Change, apply_change
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.transform import Axes


@dataclass(frozen=True)
class JpegParams:
    """What :func:`jpeg` needs besides the picture."""

    quality: int
    """1 to 100, as libjpeg counts."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "quality", check_whole("quality", self.quality, low=1, high=100))


@dataclass(frozen=True)
class JpegRanges:
    """From where :func:`sample_jpeg` draws."""

    quality: tuple[int, int] = (30, 90)


def sample_jpeg(ranges: JpegRanges = JpegRanges(), *, rng: np.random.Generator) -> JpegParams:
    """Draw the quality."""
    return JpegParams(int(rng.integers(ranges.quality[0], ranges.quality[1] + 1)))


@eager
def jpeg(
    image: ArrayT, *, quality: int, channel_axis: int | None = -1, clip_axis: int | None = None
) -> ArrayT:
    """Compress as JPEG, colour at half resolution, and read back.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`specaug.spectral_mix`; one or three channels.
    quality : int
        1 to 100.

    Returns
    -------
    array of the shape and dtype of `image`
        Gradients pass as if nothing had been done.

    Raises
    ------
    ArgumentError
        For another quality or number of channels, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> jpeg(np.full((8, 8, 3), 128, np.uint8), quality=90)[0, 0]
    array([128, 128, 128], dtype=uint8)
    """
    params = JpegParams(quality)
    return apply_jpeg(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_jpeg(
    image: Any, params: JpegParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`jpeg`, in the form of the registry."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        pixels = np.asarray(x) if is_numpy(x) else x.detach().cpu().float().numpy()
        planes = pixels if axes == (-3, -2) else np.moveaxis(pixels, -3, -1)
        if planes.shape[-1] not in (1, 3):
            raise ArgumentError(f"image: expected 1 or 3 channels for jpeg, got {planes.shape[-1]}")
        eight_bit = np.rint(np.clip(planes, 0, white) * (255 / white)).astype(np.uint8)
        seen = np.empty(planes.shape, np.float32)
        for index in np.ndindex(planes.shape[:-3]):
            seen[index] = compressed(eight_bit[index], params.quality)
        seen *= np.float32(white / 255)
        back = seen if axes == (-3, -2) else np.moveaxis(seen, -1, -3)
        return like(back, x) - to_float(x) if is_numpy(x) else (like(back, x) - to_float(x)).detach()

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """(H, W, 1 or 3) uint8 after JPEG at 4:2:0 and back."""
    import cv2  # here, so that `import specaug` does not load it

    grey = picture.shape[-1] == 1
    bgr = picture[..., 0] if grey else picture[..., ::-1]
    settings = (cv2.IMWRITE_JPEG_QUALITY, int(quality))
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(bgr), settings)
    if grey:
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))[..., None]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


@dataclass(frozen=True)
class ToneParams:
    """What :func:`tone` needs besides the picture."""

    gamma: float
    """Exponent: below 1 lightens."""
    contrast: float
    """Factor of the distance from the middle."""
    tint: tuple[float, ...]
    """Factor of each channel."""

    def __post_init__(self) -> None:
        check_number("gamma", self.gamma, low=0.1, high=10)
        check_number("contrast", self.contrast, low=0.0, high=10)
        object.__setattr__(self, "tint", check_numbers("tint", self.tint, low=0.0, high=10))


@dataclass(frozen=True)
class ToneRanges:
    """From where :func:`sample_tone` draws."""

    gamma: tuple[float, float] = (0.8, 1.25)
    """Drawn evenly on a logarithmic scale, as the tint is."""
    contrast: tuple[float, float] = (0.8, 1.2)
    tint: tuple[float, float] = (0.9, 1.1)
    channels: int = 3


def sample_tone(ranges: ToneRanges = ToneRanges(), *, rng: np.random.Generator) -> ToneParams:
    """Draw a camera's colours."""
    gamma = math.exp(rng.uniform(*np.log(ranges.gamma)))
    contrast = float(rng.uniform(*ranges.contrast))
    low, high = (math.log(t) for t in ranges.tint)
    tint = tuple(math.exp(rng.uniform(low, high)) for _ in range(ranges.channels))
    return ToneParams(gamma, contrast, tint)


@eager
def tone(
    image: ArrayT,
    *,
    gamma: float,
    contrast: float,
    tint: tuple[float, ...],
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    r"""Change gamma, contrast and colour balance: :math:`x' = t_c\,(\tfrac12 + k\,(x^\gamma - \tfrac12))`.

    Parameters
    ----------
    image, channel_axis, clip_axis
        As in :func:`specaug.spectral_mix`.
    gamma : float
        0.1 to 10; below 1 lightens.
    contrast : float
        k, 0 to 10.
    tint : tuple of float
        One factor for each channel, or one for all.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        For a bad setting, other dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> tone(np.full((1, 1, 3), 0.25), gamma=0.5, contrast=1.0, tint=(1.0, 1.0, 0.8))[0, 0]
    array([0.5, 0.5, 0.4])
    """
    params = ToneParams(gamma, contrast, tint)
    return apply_tone(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]


def apply_tone(
    image: Any, params: ToneParams, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`tone`, with the share of clipped values."""

    def delta(x: Any, _: Any, axes: Axes, white: float) -> Any:
        xp, n_channels = namespace(x), int(x.shape[-1 if axes == (-3, -2) else -3])
        if len(params.tint) not in (1, n_channels):
            raise ArgumentError(f"tint: expected one factor, or {n_channels}, got {len(params.tint)}")
        shape = (1, 1, -1) if axes == (-3, -2) else (-1, 1, 1)
        tint = like(np.reshape(np.asarray(params.tint), shape), x)
        if not is_numpy(x):
            floats = to_float(x)
            unit = xp.clip(floats / white, _DARKEST, 1)
            return tint * (0.5 + params.contrast * (unit**params.gamma - 0.5)) * white - floats
        y = np.divide(x, white, dtype=tint.dtype)  # one copy, in which all steps are done
        np.clip(y, _DARKEST, 1, out=y)
        np.power(y, params.gamma, out=y)
        y -= 0.5
        y *= params.contrast
        y += 0.5
        y *= tint
        y *= white
        y -= x
        return y

    return apply_change(image, Change(delta), channel_axis=channel_axis, clip_axis=clip_axis)


_DARKEST = 1e-6
"""A power of zero has no gradient."""
