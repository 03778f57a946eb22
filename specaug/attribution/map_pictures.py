"""Maps of signed numbers as pictures: the sign is a color, the size how much of it covers the page."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from specaug.attribution.svg_figures import line, svg, text

# Mid-tones that stand out from white paper and from a dark page alike.
_TOWARDS_ATTACK, _TOWARDS_BONAFIDE = (222, 94, 20), (36, 120, 214)
_SIDE = 160
"""Pixels of a map of attributions, at most: finer ones are averaged."""
_BOX, _MARGIN = 260, 34


def signed_picture(values: np.ndarray, scale: float) -> str:
    """(H, W) numbers as a PNG in a ``data:`` address: orange above 0, blue below, opaque at `scale`.

    Coverage is the square root of the size, so that a tenth of the largest can still be seen.
    """
    share = np.sqrt(np.clip(np.abs(values) / max(scale, 1e-12), 0, 1))
    color = np.where((values > 0)[..., None], _TOWARDS_ATTACK, _TOWARDS_BONAFIDE)
    pixels = np.concatenate([color, np.rint(255 * share)[..., None]], axis=-1).astype(np.uint8)
    return _data_uri(Image.fromarray(pixels, "RGBA"))


def face_picture(face: np.ndarray) -> str:
    """(H, W, 3) float frame in [0, 1] as a PNG in a ``data:`` address."""
    image = Image.fromarray(np.rint(255 * np.clip(face, 0, 1)).astype(np.uint8), "RGB")
    if max(image.size) > _SIDE:
        image.thumbnail((_SIDE, _SIDE))
    return _data_uri(image)


def _data_uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def averaged(values: np.ndarray, side: int = _SIDE) -> np.ndarray:
    """(H, W) numbers as means of square blocks, so that neither side is above `side`."""
    block = -(-max(values.shape) // side)
    height, width = (n // block * block for n in values.shape)
    # What does not fill a block, at the last rows and columns, is left out.
    blocks = values[:height, :width].reshape(height // block, block, width // block, block)
    return np.asarray(blocks.mean(axis=(1, 3)))


def color_scale(*maps: np.ndarray) -> float:
    """What is drawn opaque: the size that one number in two hundred exceeds."""
    return float(np.quantile(np.abs(np.concatenate([m.ravel() for m in maps])), 0.995))


def whole_plane(half: np.ndarray) -> np.ndarray:
    """(R, C) numbers over fx from 0 on as (R, 2 C - 1) over all fx: the other half is the mirror image."""
    return np.concatenate([half[::-1, :0:-1], half], axis=1)


def frequency_map(values: np.ndarray, scale: float, title: str, *, reach: float = 0.5) -> str:
    """A map over the plane of frequencies, zero in the middle, as SVG with axes.

    Parameters
    ----------
    values : (R, C) array
        fy from top to bottom, fx from left to right.
    scale : float
        What is drawn opaque.
    title : str
    reach : float
        Frequency at the middle of the outermost values, cycles/px.
    """
    size = _BOX + 2 * _MARGIN + 10
    # The outermost values lie on the limits: the picture reaches half a value further.
    border = 0.5 * _BOX / (len(values) - 1) if reach == 0.5 and len(values) % 2 else 0.0
    left = _MARGIN + 12
    parts = [
        f'<image href="{signed_picture(values, scale)}" x="{left - border:.1f}" y="{_MARGIN - 24 - border + 8:.1f}" '
        f'width="{_BOX + 2 * border:.1f}" height="{_BOX + 2 * border:.1f}" preserveAspectRatio="none" '
        f'class="pixels"/>'
    ]
    top = _MARGIN - 16
    for share, name in ((0.0, "−0.5"), (0.5, "0"), (1.0, "0.5")):
        x, y = left + share * _BOX, top + share * _BOX
        parts += [line(x, top, x, top + _BOX, width=0.6), line(left, y, left + _BOX, y, width=0.6)]
        parts.append(text(x, top + _BOX + 20 + border / 2, name, kind="tick"))
        parts.append(text(left - 5 - border, y + 4, name, anchor="end", kind="tick"))
    parts.append(text(left + _BOX / 2, top + _BOX + 37 + border / 2, "fx, fy: cycles/px", kind="tick"))
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg(size, size + 8, parts, title)}</figure>"


def picture(address: str, caption: str) -> str:
    """A picture with a line beneath it."""
    words = escape(caption, quote=True)
    return f'<li><img src="{address}" alt="{words}" decoding="async"><span>{escape(caption)}</span></li>'
