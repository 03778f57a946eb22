"""Recapture as operations on clips: a display or a print of the face, before a second camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from specaug.arrays import ArrayT, check_axis, check_image, is_numpy, namespace, white
from specaug.augment.engine import Applied
from specaug.augment.recapture import version1
from specaug.augment.recapture.display.settings import (
    RecaptureScreenParams,
    RecaptureScreenRanges,
    sample_recapture_screen,
)
from specaug.augment.recapture.phone.settings import Phone
from specaug.augment.recapture.prints.print_settings import (
    RecapturePrintParams,
    RecapturePrintRanges,
    sample_recapture_print,
)
from specaug.augment.recapture.version1.settings import SecondCamera
from specaug.errors import ArgumentError

ParamsT = TypeVar("ParamsT", bound=SecondCamera | Phone)
AnyScreen = RecaptureScreenParams | version1.RecaptureScreenParams
AnyPrint = RecapturePrintParams | version1.RecapturePrintParams


def recapture_screen(
    image: ArrayT,
    *,
    rng: np.random.Generator | int | None = None,
    scale: float = 1.0,
    ranges: RecaptureScreenRanges | None = None,
    channel_axis: int = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    """Show a clip on a display, and film the display with a phone.

    The display's subpixels seen through lens and sensor pixels (a Fourier series, so that moiré is what the sensor's
    grid makes of them), light of dark pixels, reflections, dust, pulses of its light; then a phone with a mosaic,
    stacked noise, demosaic, denoising, tone curve, sharpening, reduction and JPEG; then the prefiltered warp that cuts
    faces out of videos. One display, one phone and one hand for a clip; noise is fresh in each frame.

    Parameters
    ----------
    image : (…, T, H, W, 3) array, or (H, W, 3)
        uint8 or float in [0, 1]; NumPy or torch. A display shows, and a camera gives, 8 bits.
    rng : numpy.random.Generator, int or None
        Draws the display, the phone, and the seed of its noise.
    scale : float
        Px of the phone's file per crop px; calculated between 0.75 and 1.8.
    ranges : RecaptureScreenRanges or None
        From where they are drawn; None for the widest.
    channel_axis : int
        Axis of the channels.
    clip_axis : int or None
        Axis of the frames of a clip; None takes each picture for itself, with noise and a hand of its own.

    Returns
    -------
    array of the shape and dtype of `image`
        Without gradients.

    Raises
    ------
    ArgumentError
        For ranges out of bounds, other shapes and dtypes, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> clip = np.full((2, 48, 48, 3), 128, np.uint8)
    >>> recapture_screen(clip, rng=0, clip_axis=0).shape
    (2, 48, 48, 3)
    """
    chosen = RecaptureScreenRanges() if ranges is None else ranges
    if not isinstance(chosen, RecaptureScreenRanges):
        raise ArgumentError(f"ranges: expected RecaptureScreenRanges or None, got {ranges!r}")
    params = sample_recapture_screen(chosen.at_scale(scale), rng=np.random.default_rng(rng))
    return _each_clip(image, _film_screen, params, channel_axis, clip_axis, alike=False).image  # type: ignore[no-any-return]


def apply_recapture_screen(
    image: Any, params: AnyScreen, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`recapture_screen` with drawn parameters, of this version or of version 1."""
    return _each_clip(image, _film_screen, params, channel_axis, clip_axis, alike=True)


def _film_screen(clip: np.ndarray, params: AnyScreen) -> np.ndarray:
    # Here and not above, so that `import specaug` loads no OpenCV.
    if isinstance(params, version1.RecaptureScreenParams):
        from specaug.augment.recapture.version1.simulate import film_screen as film_screen_of_version_1

        return film_screen_of_version_1(clip, params)
    from specaug.augment.recapture.display.replay import film_screen

    return film_screen(clip, params)


def recapture_print(
    image: ArrayT,
    *,
    rng: np.random.Generator | int | None = None,
    scale: float = 1.0,
    ranges: RecapturePrintRanges | None = None,
    channel_axis: int = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    """Print the first frame of a clip, hold the sheet before a phone, and film it.

    Tone and gamut of four inks, dots where the phone resolves them, softness of ink and scatter of light in the paper,
    fibers, a lamp to one side of a bent sheet, shadow and gloss, a second hand; then the phone of
    :func:`recapture_screen`.

    Parameters
    ----------
    image, rng, scale, channel_axis, clip_axis
        As in :func:`recapture_screen`. A print does not move: all frames show the first one.
    ranges : RecapturePrintRanges or None
        From where they are drawn; None for the widest.

    Returns
    -------
    array of the shape and dtype of `image`
        Without gradients.

    Raises
    ------
    ArgumentError
        As :func:`recapture_screen` does.

    Examples
    --------
    >>> import numpy as np
    >>> recapture_print(np.full((48, 48, 3), 0.5), rng=0).dtype
    dtype('float64')
    """
    chosen = RecapturePrintRanges() if ranges is None else ranges
    if not isinstance(chosen, RecapturePrintRanges):
        raise ArgumentError(f"ranges: expected RecapturePrintRanges or None, got {ranges!r}")
    params = sample_recapture_print(chosen.at_scale(scale), rng=np.random.default_rng(rng))
    return _each_clip(image, _film_print, params, channel_axis, clip_axis, alike=False).image  # type: ignore[no-any-return]


def apply_recapture_print(
    image: Any, params: AnyPrint, *, channel_axis: int | None = -1, clip_axis: int | None = None
) -> Applied:
    """:func:`recapture_print` with drawn parameters, of this version or of version 1."""
    return _each_clip(image, _film_print, params, channel_axis, clip_axis, alike=True)


def _film_print(clip: np.ndarray, params: AnyPrint) -> np.ndarray:
    if isinstance(params, version1.RecapturePrintParams):
        from specaug.augment.recapture.version1.simulate import film_print as film_print_of_version_1

        return film_print_of_version_1(clip, params)
    from specaug.augment.recapture.prints.film_print import film_print

    return film_print(clip, params)


def _each_clip(
    image: Any,
    film: Callable[[np.ndarray, ParamsT], np.ndarray],
    params: ParamsT,
    channel_axis: int | None,
    clip_axis: int | None,
    *,
    alike: bool,
) -> Applied:
    """Apply `film` to every clip (T, H, W, 3) uint8 of `image`; pictures that belong to none are clips of one.

    Clips that are not `alike` have noise, hand and paper of their own.
    """
    if channel_axis is None:
        raise ArgumentError("channel_axis: expected an axis of three channels, got None")
    check_image("image", image, channel_axis=channel_axis, channels=3, unit=True)
    channel = check_axis(channel_axis, image.ndim)
    others = [axis for axis in range(-image.ndim, 0) if axis != channel]
    clip = _frame_axis(clip_axis, image.ndim, others[:-2])
    order = [axis for axis in others[:-2] if axis != clip] + ([] if clip is None else [clip])
    axes = [axis + image.ndim for axis in (*order, *others[-2:], channel) if axis is not None]
    planes = np.transpose(_eight_bit(image), axes)
    clips = planes if clip is not None else planes[..., None, :, :, :]
    seen = np.empty(clips.shape, np.uint8)
    for number, index in enumerate(np.ndindex(clips.shape[:-4])):
        own = params if alike or not number else replace(params, seed=(params.seed + number) % 2**53)
        seen[index] = film(clips[index], own)
    back = np.transpose(seen.reshape(planes.shape), np.argsort(axes))
    batch = clips.shape[:-4]
    return Applied(_in_kind(back, image), np.zeros(batch), np.zeros(batch, np.int64))


def _frame_axis(clip_axis: int | None, ndim: int, choices: list[int]) -> int | None:
    """`clip_axis` as a negative number, one of `choices`."""
    if clip_axis is None:
        return None
    fits = isinstance(clip_axis, int | np.integer) and -ndim <= clip_axis < ndim
    clip = int(clip_axis) - (ndim if clip_axis >= 0 else 0) if fits else 0
    if clip not in choices:
        raise ArgumentError(f"clip_axis: expected an axis before rows and columns, got {clip_axis!r}")
    return clip


def _eight_bit(image: Any) -> np.ndarray:
    """`image` as a display shows it."""
    values = image if is_numpy(image) else image.detach().cpu()
    if white(image) == 255:
        return np.asarray(values)
    numbers = values if is_numpy(image) else values.float().numpy()
    return np.rint(np.clip(np.asarray(numbers, np.float32), 0, 1) * 255).astype(np.uint8)


def _in_kind(pixels: np.ndarray, image: Any) -> Any:
    """8-bit `pixels` in the library, on the device and with the dtype of `image`."""
    values = np.ascontiguousarray(pixels)
    if white(image) != 255:
        values = values.astype(np.float32) / np.float32(255)
    if is_numpy(image):
        return values.astype(image.dtype, copy=False)
    return namespace(image).asarray(values, dtype=image.dtype, device=image.device)
