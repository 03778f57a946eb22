"""How a face is seen once more: a display or a print before a phone, in closed form.

``display.settings``, ``prints.print_settings`` and ``operations`` are what the registry knows. The other modules are
the physics; they need OpenCV, so nothing imports them before a clip is recaptured. ``version1`` is what there was
before, for records of it.
"""

from __future__ import annotations

from specaug.augment.recapture.display.settings import (
    RecaptureScreenParams,
    RecaptureScreenRanges,
    sample_recapture_screen,
)
from specaug.augment.recapture.operations import (
    apply_recapture_print,
    apply_recapture_screen,
    recapture_print,
    recapture_screen,
)
from specaug.augment.recapture.panels import PANELS, display_density
from specaug.augment.recapture.prints.print_settings import (
    RecapturePrintParams,
    RecapturePrintRanges,
    sample_recapture_print,
)

__all__ = [
    "PANELS",
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
