"""specaug: face anti-spoofing data from raw video, and frequency augmentation exact by theory."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from specaug.color import hsv_to_rgb, rgb_to_hsv
from specaug.errors import SpecaugError
from specaug.records import BuildConfig, BuildReport
from specaug.sampling import frame_indices

if TYPE_CHECKING:
    from specaug import augment as augment
    from specaug import metrics, model
    from specaug import spectrum as spectrum
    from specaug.align import align_face
    from specaug.augment import (
        Recipe,
        SpoofProfile,
        band_scale,
        bandpass_inject,
        fda,
        halftone,
        moire,
        recapture_blur,
        recapture_print,
        recapture_screen,
        spectral_jitter,
        spectral_mix,
    )
    from specaug.loader import load
    from specaug.pipeline import build_dataset
    from specaug.pipeline.retry import retry
    from specaug.spectrum import band_mask, log_spectrum, radial_frequency, radial_profile, temporal_spectrum

__version__ = "0.1.0"

__all__ = [
    "BuildConfig",
    "BuildReport",
    "Recipe",
    "SpecaugError",
    "SpoofProfile",
    "align_face",
    "band_mask",
    "band_scale",
    "bandpass_inject",
    "build_dataset",
    "compare",
    "fda",
    "frame_indices",
    "halftone",
    "hsv_to_rgb",
    "load",
    "log_spectrum",
    "metrics",
    "model",
    "moire",
    "radial_frequency",
    "radial_profile",
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "retry",
    "rgb_to_hsv",
    "spectral_jitter",
    "spectral_mix",
    "temporal_spectrum",
]

_OPERATIONS = (
    "Recipe",
    "SpoofProfile",
    "band_scale",
    "bandpass_inject",
    "fda",
    "halftone",
    "moire",
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "spectral_jitter",
    "spectral_mix",
)
_SPECTRA = ("band_mask", "log_spectrum", "radial_frequency", "radial_profile", "temporal_spectrum")
_LAZY = {
    "align_face": "specaug.align",
    "build_dataset": "specaug.pipeline",
    "compare": "specaug.differences",
    "load": "specaug.loader",
    "retry": "specaug.pipeline.retry",
    **dict.fromkeys(_OPERATIONS, "specaug.augment"),
    **dict.fromkeys(_SPECTRA, "specaug.spectrum"),
}
"""Names that are loaded when they are first used, and where they are: a command or a worker needs few of them."""
_LAZY_MODULES = ("augment", "metrics", "model", "spectrum")


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return import_module(f"specaug.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'specaug' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
