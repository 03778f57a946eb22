"""The recapture of records without a version: kept so that they replay byte for byte, and used by the demo renderer.

A camera of one mosaic, whose noise no denoising takes away, and dots of ink that the lens resolves. The phone of
:mod:`specaug.augment.recapture.phone` has taken its place.
"""

from __future__ import annotations

from specaug.augment.recapture.version1.settings import (
    RecapturePrintParams,
    RecapturePrintRanges,
    RecaptureScreenParams,
    RecaptureScreenRanges,
    sample_recapture_print,
    sample_recapture_screen,
)

__all__ = [
    "RecapturePrintParams",
    "RecapturePrintRanges",
    "RecaptureScreenParams",
    "RecaptureScreenRanges",
    "sample_recapture_print",
    "sample_recapture_screen",
]
