"""What a network sees of frames: computed on a batch, on its device, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast, get_args

import numpy as np

from specaug.arrays import check_array, check_layout
from specaug.color import rgb_to_hsv
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.spectrum import log_spectrum
from specaug.spectrum.amplitude import Window

View = Literal["rgb", "hsv", "spectrum"]
VIEWS: tuple[View, ...] = get_args(View)


@eager
def compute_views(
    frames: Any, views: Sequence[View] = VIEWS, *, window: Window | None = "hann"
) -> dict[str, Any]:
    """Views of a batch of frames, NumPy or torch, on the device where it is.

    Parameters
    ----------
    frames : (…, H, W, 3) array
        RGB, uint8 or float in [0, 1].
    views : sequence of {"rgb", "hsv", "spectrum"}
    window : {"hann", None}
        Of the spectra.

    Returns
    -------
    dict of str to array
        ``rgb``: the frames as they came. ``hsv``: (…, H, W, 3) float. ``spectrum``: (…, H, W) float,
        log-amplitude of luma as :func:`specaug.log_spectrum` defines it.

    Raises
    ------
    ArgumentError
        For an unknown view.

    Examples
    --------
    >>> import numpy as np
    >>> views = compute_views(np.zeros((2, 8, 32, 32, 3), np.uint8))
    >>> {name: (view.shape, str(view.dtype)) for name, view in views.items()}["spectrum"]
    ((2, 8, 32, 32), 'float32')
    """
    check_array("frames", frames)
    check_layout("frames", frames, -1, 3)
    makers = {
        "rgb": lambda: frames,
        "hsv": lambda: rgb_to_hsv(frames),
        "spectrum": lambda: log_spectrum(frames, window=window),
    }
    return {name: makers[name]() for name in check_views(views)}


def channels_first(view: Any) -> Any:
    """A view (…, H, W, 3), NumPy or torch, as a contiguous one (…, 3, H, W)."""
    if isinstance(view, np.ndarray):
        return np.ascontiguousarray(np.moveaxis(view, -1, -3))
    return view.movedim(-1, -3).contiguous()


def check_views(views: Sequence[str]) -> tuple[View, ...]:
    """Names of views that there are, each once."""
    if isinstance(views, str):
        raise ArgumentError(f"views: expected a sequence of names such as ('rgb',), got {views!r}")
    for name in views:
        if name not in VIEWS:
            raise ArgumentError(f"views: expected some of {', '.join(VIEWS)}, got {name!r}")
    return tuple(dict.fromkeys(cast(Sequence[View], views)))
