"""Spectra of pictures: grids, masks, transforms, maps and profiles; the one place where Fourier is computed.

Frequencies are in cycles per pixel, 0 to 0.5 on each axis; ``r = sqrt(fy² + fx²)`` reaches ``√½`` in the corner.
"""

from __future__ import annotations

from specaug.spectrum.grid import BANDS, MAX_RADIUS, Form, band_mask, radial_frequency
from specaug.spectrum.maps import (
    ClipForm,
    clip_spectrum,
    log_spectrum,
    silent_face_spectrum,
    temporal_spectrum,
)
from specaug.spectrum.profile import RadialStatistics, radial_bins, radial_profile

__all__ = [
    "BANDS",
    "MAX_RADIUS",
    "ClipForm",
    "Form",
    "RadialStatistics",
    "band_mask",
    "clip_spectrum",
    "log_spectrum",
    "radial_bins",
    "radial_frequency",
    "radial_profile",
    "silent_face_spectrum",
    "temporal_spectrum",
]
