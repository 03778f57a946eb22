"""Decode a JPEG, and refuse one whose data a decoder would have to patch."""

from __future__ import annotations

from typing import Any

import numpy as np

from specaug.errors import MediaError

try:
    import simplejpeg
except ImportError:  # has wheels for x86-64 and 64-bit ARM alone
    simplejpeg = None

_END = b"\xff\xd9"
_NO_END = "Premature end of JPEG file"
"""What libjpeg says of a file that breaks off, and of one that lacks only its end marker."""


def decode_strictly(data: bytes, *, color: str = "RGB") -> np.ndarray[Any, Any]:
    """Decode a JPEG with libjpeg-turbo, every warning of which is an error.

    libjpeg goes on after damage and fills what it cannot read with grey; Pillow and OpenCV deliver that. Only a
    missing end marker, which leaves nothing out, is mended.

    Parameters
    ----------
    data : bytes
        A whole file; what follows the image is not looked at.
    color : {"RGB", "CMYK"}

    Returns
    -------
    numpy.ndarray
        (H, W, 3) or (H, W, 4) uint8.

    Raises
    ------
    MediaError
        ``decode``, ``truncated`` or ``decoder_error``, with libjpeg's words; ``unsupported`` without simplejpeg, since
        nothing else here tells damage.
    """
    if simplejpeg is None:
        raise MediaError("decode", "unsupported", "JPEG needs simplejpeg: pip install simplejpeg")
    try:
        return _decoded(data, color)
    except ValueError as error:
        if str(error) != _NO_END:
            raise MediaError("decode", "decoder_error", str(error)) from error
    try:
        # Where the data themselves are cut off, the decoder meets this marker too early and says so.
        return _decoded(data + _END, color)
    except ValueError as error:
        raise MediaError("decode", "truncated", f"{_NO_END}: {error}") from error


def _decoded(data: bytes, color: str) -> np.ndarray[Any, Any]:
    return np.asarray(simplejpeg.decode_jpeg(data, color, strict=True))
