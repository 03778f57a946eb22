"""How a face is seen once more: a display or a print before a camera, in closed form.

``settings`` and ``operations`` are what the registry knows. The other modules are the physics; they need OpenCV, so
nothing imports them before a clip is recaptured.
"""

from __future__ import annotations

from specaug.augment.recapture.operations import (
    apply_recapture_print,
    apply_recapture_screen,
    recapture_print,
    recapture_screen,
)
from specaug.augment.recapture.panels import display_density
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
    "apply_recapture_print",
    "apply_recapture_screen",
    "display_density",
    "recapture_print",
    "recapture_screen",
    "sample_recapture_print",
    "sample_recapture_screen",
]
