"""Pictures of spectra: of an image, and of a clip over its frames or over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

import numpy as np

from specaug.arrays import (
    ArrayT,
    as_floats,
    at_least_single,
    check_array,
    check_axis,
    check_image,
    dtype_name,
    is_double,
    is_numpy,
    like,
    namespace,
    to_unit,
)
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum.amplitude import Channels, Window, check_choice, each_plane, log_amplitude, planes_of
from specaug.spectrum.grid import BANDS, Band, half_mask, mirror_weights
from specaug.spectrum.profile import RadialStatistics
from specaug.spectrum.transform import rfft, rfft2

ClipForm = Literal["stack", "mean", "difference", "temporal"]


@eager
def log_spectrum(
    image: ArrayT,
    *,
    channels: Channels = "luma",
    window: Window | None = "hann",
    gain: float = 255.0,
    normalize: Literal["image"] | RadialStatistics | None = None,
    channel_axis: int | None = -1,
) -> ArrayT:
    r"""Log-amplitude of an image at each frequency, zero frequency in the middle.

    :math:`S = \log(1 + \kappa\,|F|)` of :math:`F = \mathrm{fftshift}(\mathrm{FFT2}(w\,(x - \bar x)))`, ortho norm,
    with the mean of each plane removed, a periodic Hann window :math:`w` on both axes, and
    :math:`\kappa` = `gain`. Without the window the borders of a crop leak into a bright cross.

    Parameters
    ----------
    image : (…, H, W, C) array
        uint8, which is divided by 255, or float in [0, 1].
    channels : {"luma", "rgb", "hsv"}
        ``luma`` is BT.601, or the only channel there is. ``rgb`` gives a plane for each channel. ``hsv`` gives
        four: cosine and sine of the hue, which is an angle, then saturation and value.
    window : {"hann", None}
    gain : float
        κ, at least 0.
    normalize : {None, "image"} or RadialStatistics
        ``image`` stretches each plane to [0, 1]; the absolute energy is lost by that. Statistics of a data set
        subtract its mean and divide by its deviation at the radius of each bin.
    channel_axis : int or None
        Axis of the channels; None where there is none.

    Returns
    -------
    (…, H, W) array for luma, else with the planes on `channel_axis`
        Zero frequency at ``[H//2, W//2]``; float32 for uint8, else the dtype of `image`.

    Raises
    ------
    ArgumentError
        For an unknown choice, a bad image, or a `gain` that is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> wave = 0.5 + 0.25 * np.cos(2 * np.pi * 8 * np.arange(32) / 32)
    >>> spectrum = log_spectrum(np.broadcast_to(wave, (32, 32)), channel_axis=None)
    >>> spectrum.shape, int(spectrum[16].argmax()) - 16
    ((32, 32), -8)
    """
    if not isinstance(normalize, RadialStatistics):
        check_choice("normalize", normalize, (None, "image"))

    def finish(half: Any, shape: tuple[int, int]) -> Any:
        if isinstance(normalize, RadialStatistics):
            half = normalize.standardize(half, shape)
        return _stretch(half) if normalize == "image" else half

    result, axis = log_amplitude(
        image,
        finish,
        channels=channels,
        window=window,
        gain=gain,
        channel_axis=channel_axis,
        whole=(_shifted, _place),
    )
    return as_floats(result if axis is None else namespace(result).moveaxis(result, -3, axis), image)


@eager
def silent_face_spectrum(image: ArrayT, *, channel_axis: int | None = -1) -> ArrayT:
    r"""The spectrum image that Silent-Face-Anti-Spoofing trains its auxiliary branch on.

    Grey levels 0-255, rounded as OpenCV rounds them, no window, :math:`f = \log(|F| + 1)` unnormalised and
    shifted, then :math:`(f - \min f + 1)/(\max f - \min f + 1)`. Its loader reads BGR and converts it as BGR, so an RGB
    image gives what the network was trained on: do not exchange red and blue.

    Parameters
    ----------
    image : (…, H, W, 3) uint8 array, or (…, H, W) where `channel_axis` is None
    channel_axis : int or None

    Returns
    -------
    (…, H, W) float32 array
        In (0, 1].

    Raises
    ------
    ArgumentError
        If `image` is no uint8 picture with three channels or none.

    References
    ----------
    .. [1] https://github.com/minivision-ai/Silent-Face-Anti-Spoofing, ``generate_FT``
    """
    check_image("image", image, channel_axis=channel_axis, channels=None if channel_axis is None else 3)
    if dtype_name(image) != "uint8":
        raise ArgumentError(f"image: expected dtype uint8, got {dtype_name(image)}")
    xp = namespace(image)
    # Tensors stay in float32, as some devices have nothing longer: grey levels and their weighted sums are integers
    # below 2^24, so exact; and without the mean, which is added as a number, rounding is that of the detail alone.
    grey = xp.astype(image, xp.float64 if is_numpy(image) else xp.float32)
    if channel_axis is not None:
        red, green, blue = (xp.moveaxis(grey, channel_axis, 0)[i] for i in range(3))
        grey = xp.floor(
            (_CV_WEIGHTS[0] * red + _CV_WEIGHTS[1] * green + _CV_WEIGHTS[2] * blue + 16384) / 32768
        )
    total = xp.sum(grey, axis=(-2, -1), keepdims=True)
    level = xp.floor(total / math.prod(grey.shape[-2:]))
    amplitude = xp.abs(rfft2(grey - level, (-2, -1)))
    first = like(np.eye(1, amplitude.shape[-1]) * np.eye(amplitude.shape[-2], 1), grey)
    half = xp.log(amplitude * (1 - first) + total * first + 1)
    low = xp.min(half, axis=(-2, -1), keepdims=True)
    scaled = (half - low + 1) / (xp.max(half, axis=(-2, -1), keepdims=True) - low + 1)
    return cast(ArrayT, xp.astype(_shifted(scaled, grey.shape[-1]), xp.float32))


_CV_WEIGHTS = (9798, 19235, 3735)
"""OpenCV's weights of red, green and blue in grey, times 2^15."""


@eager
def clip_spectrum(clip: ArrayT, *, form: ClipForm = "stack", time_axis: int = 0, **settings: Any) -> ArrayT:
    """Spectrum images of a clip: of its frames, or of what changes between them.

    Parameters
    ----------
    clip : (T, H, W, C) array
        Frames in order, uint8 or float in [0, 1]; with more axes where the settings name the time axis.
    form : {"stack", "mean", "difference", "temporal"}
        ``stack``: T maps. ``mean``: one map. ``difference``: T - 1 maps, each next minus this.
        ``temporal``: :func:`temporal_spectrum`.
    time_axis : int
        Axis of the frames.
    **settings
        Of :func:`log_spectrum`, or of :func:`temporal_spectrum`.

    Returns
    -------
    array
        Maps along the axis of the frames; it is gone for ``mean``.

    Raises
    ------
    ArgumentError
        For an unknown form, a bad axis, or fewer than two frames for ``difference``.

    Examples
    --------
    >>> import numpy as np
    >>> clip = np.zeros((8, 16, 16, 3), dtype=np.uint8)
    >>> [clip_spectrum(clip, form=form).shape for form in ("stack", "mean", "difference", "temporal")]
    [(8, 16, 16), (16, 16), (7, 16, 16), (5, 16, 16)]
    """
    check_choice("form", form, get_args(ClipForm))
    check_array("clip", clip)
    if form == "temporal":
        return temporal_spectrum(clip, time_axis=time_axis, **settings)
    maps = log_spectrum(at_least_single(clip), **settings)
    xp = namespace(maps)
    gone = settings.get("channels", "luma") == "luma"
    axis = _time_axis(clip, time_axis, settings.get("channel_axis", -1), gone=gone)
    if form == "mean":
        maps = xp.mean(maps, axis=axis)
    if form == "difference":
        maps = xp.diff(maps, axis=axis)
    return as_floats(maps, clip)


@eager
def temporal_spectrum(
    clip: ArrayT,
    *,
    per: Literal["pixel", "band"] = "pixel",
    channels: Channels = "luma",
    bands: Mapping[str, tuple[float, float]] = BANDS,
    time_axis: int = 0,
    channel_axis: int | None = -1,
) -> ArrayT:
    """Amplitude of each frequency in time, of each pixel or of the energy of each band.

    It shows flicker and the beat between a screen and a camera; all frames must have been cut by one warp.

    Parameters
    ----------
    clip : (T, H, W, C) array
        Frames in order, uint8 or float in [0, 1].
    per : {"pixel", "band"}
        ``pixel``: ``|FFT over t|`` of each value. ``band``: the same of each frame's root-mean-square amplitude
        within each band of spatial frequencies.
    channels : {"luma", "rgb", "hsv"}
    bands : mapping of name to (low, high)
        Radial bands in cycles/px for ``band``.
    time_axis : int
        Axis of the frames.
    channel_axis : int or None

    Returns
    -------
    array
        ``T//2 + 1`` temporal frequencies, ortho norm, along the axis of the frames. For ``pixel`` the other axes are
        as in :func:`log_spectrum`; for ``band`` (T//2 + 1, bands), planes before them where there are several.

    Raises
    ------
    ArgumentError
        For an unknown choice or a bad clip.

    Examples
    --------
    >>> import numpy as np
    >>> clip = np.full((8, 16, 16, 3), 0.5)
    >>> clip[::2] += 0.1  # every other frame is brighter: half a cycle a frame
    >>> temporal_spectrum(clip)[:, 0, 0].round(3)
    array([1.556, 0.   , 0.   , 0.   , 0.141])
    """
    check_choice("per", per, ("pixel", "band"))
    check_choice("channels", channels, get_args(Channels))
    check_image("clip", clip, channel_axis=channel_axis)
    planes, axis = planes_of(clip, channels, channel_axis)
    xp = namespace(planes)
    # Planes lie on axis -3 here; frames come first, so that what follows need not know where they were.
    time = _time_axis(clip, time_axis, channel_axis, gone=True)
    first = xp.moveaxis(planes, time, 0)
    if per == "band":
        first = each_plane(lambda plane: _band_amplitudes(to_unit(plane), bands), first)
        return as_floats(xp.abs(xp.moveaxis(rfft(first, 0), 0, -2)), clip)
    amplitude = xp.moveaxis(_temporal_amplitude(first), 0, time)
    return as_floats(amplitude if axis is None else xp.moveaxis(amplitude, -3, axis), clip)


def _temporal_amplitude(frames: Any) -> Any:
    """|FFT over the first axis|; NumPy's a row of pixels at a time, which needs little besides the result."""
    if not is_numpy(frames):
        return namespace(frames).abs(rfft(to_unit(frames), 0))
    dtype = np.float64 if is_double(frames) else np.float32
    result = np.empty((frames.shape[0] // 2 + 1, *frames.shape[1:]), dtype)
    for row in range(frames.shape[-2]):
        np.abs(rfft(to_unit(frames[..., row, :]), 0), out=result[..., row, :])
    return result


def _band_amplitudes(plane: Any, bands: Mapping[str, tuple[float, float]]) -> Any:
    """Root-mean-square amplitude (ortho norm) of (…, H, W) within each band, (…, bands)."""
    xp, shape = namespace(plane), (int(plane.shape[-2]), int(plane.shape[-1]))
    spectrum = rfft2(plane, (-2, -1))
    power = (xp.real(spectrum) ** 2 + xp.imag(spectrum) ** 2) / math.prod(shape)
    columns = []
    for low, high in bands.values():
        weights = half_mask(shape, Band(low, high, mean=False)) * mirror_weights(shape)
        mean = xp.sum(power * like(weights / max(weights.sum(), 1.0), power), axis=(-2, -1))
        # A root of nothing has no gradient: its argument is 1 there, and the result 0.
        held = mean > 0
        columns.append(xp.sqrt(xp.where(held, mean, xp.ones_like(mean))) * xp.astype(held, mean.dtype))
    return xp.stack(columns, axis=-1)


def _time_axis(clip: Any, time_axis: int, channel_axis: int | None, *, gone: bool) -> int:
    """Axis of the frames, counted from the front, in maps whose channel axis may be gone."""
    time, channel = check_axis(time_axis, clip.ndim, "time_axis"), check_axis(channel_axis, clip.ndim)
    pictures = [axis for axis in range(-clip.ndim, 0) if axis != channel][-2:]
    if time is None or time == channel or time in pictures:
        raise ArgumentError(f"time_axis: expected an axis before rows and columns, got {time_axis!r}")
    before = gone and channel is not None and channel < time
    return int(clip.ndim + time - int(before))


def _stretch(half: Any) -> Any:
    """Each plane from its minimum, 0, to its maximum, 1; a flat one is 0."""
    xp = namespace(half)
    low = xp.min(half, axis=(-2, -1), keepdims=True)
    span = xp.max(half, axis=(-2, -1), keepdims=True) - low
    return (half - low) / xp.where(span > 0, span, xp.ones_like(span))


def _shifted(half: Any, width: int) -> Any:
    """The whole plane with zero frequency at [H//2, W//2], of a half plane that is even in frequency."""
    xp, height = namespace(half), half.shape[-2]
    if is_numpy(half):
        plane = np.empty((*half.shape[:-1], width), half.dtype)
        _place(half, plane)
        return plane
    # Rows of frequencies -ky, then both halves rolled so that row zero is in the middle.
    mirrored = xp.roll(xp.flip(half, axis=-2), height // 2 + 1, axis=-2)
    left = xp.flip(mirrored[..., 1 : width // 2 + 1], axis=-1)
    right = xp.roll(half, height // 2, axis=-2)[..., : width - width // 2]
    return xp.concat((left, right), axis=-1)


def _place(half: np.ndarray, plane: np.ndarray) -> None:
    """Write the whole plane: quarter by quarter, each number once."""
    (height, width), y, x = plane.shape[-2:], plane.shape[-2] // 2, plane.shape[-1] // 2
    plane[..., y:, x:] = half[..., : height - y, : width - x]
    plane[..., :y, x:] = half[..., height - y :, : width - x]
    mirrored = half[..., ::-1, x:0:-1]  # rows of frequencies -1, -2, …, then 0
    plane[..., : y + 1, :x] = mirrored[..., height - y - 1 :, :]
    plane[..., y + 1 :, :x] = mirrored[..., : height - y - 1, :]
