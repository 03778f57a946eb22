"""From five facial points to one crop: a similarity to one template, a prefiltered warp, and what the warp did."""

from __future__ import annotations

from specaug.align.face_warp import (
    TEMPLATE,
    box_warp,
    inverse_warp,
    padding_share,
    similarity,
    template,
    warp_scale,
)
from specaug.align.resample import align_face, warp_image, warp_plane

__all__ = [
    "TEMPLATE",
    "align_face",
    "box_warp",
    "inverse_warp",
    "padding_share",
    "similarity",
    "template",
    "warp_image",
    "warp_plane",
    "warp_scale",
]
