"""Operations on pictures in the frequency domain: deterministic functions, records of their parameters, samplers."""

from __future__ import annotations

from specaug.augment.bands import (
    BandpassInjectParams,
    BandpassInjectRanges,
    BandScaleParams,
    BandScaleRanges,
    band_scale,
    bandpass_inject,
    sample_band_scale,
    sample_bandpass_inject,
)
from specaug.augment.control import (
    JpegParams,
    JpegRanges,
    ToneParams,
    ToneRanges,
    jpeg,
    sample_jpeg,
    sample_tone,
    tone,
)
from specaug.augment.dots import HalftoneParams, HalftoneRanges, halftone, sample_halftone
from specaug.augment.engine import Applied
from specaug.augment.grains import GrainParams, GrainRanges, grain, sample_grain
from specaug.augment.gratings import (
    FourierBasisRanges,
    Grating,
    GratingParams,
    MoireRanges,
    fourier_basis,
    moire,
    sample_fourier_basis,
    sample_moire,
)
from specaug.augment.mixing import (
    FdaParams,
    FdaRanges,
    SpectralMixParams,
    SpectralMixRanges,
    fda,
    sample_fda,
    sample_spectral_mix,
    spectral_mix,
)
from specaug.augment.presets import PRESETS, Preset, preset
from specaug.augment.profile import ProfileParams, ProfileRanges, SpoofProfile
from specaug.augment.recapture import (
    RecapturePrintParams,
    RecapturePrintRanges,
    RecaptureScreenParams,
    RecaptureScreenRanges,
    sample_recapture_print,
    sample_recapture_screen,
)
from specaug.augment.recapture import recapture_print as _recapture_print
from specaug.augment.recapture import recapture_screen as _recapture_screen
from specaug.augment.recipes.recipe import Recipe
from specaug.augment.registry import OPERATIONS, Drawn, Operation, apply_drawn, draw, label_after
from specaug.augment.scene_noise import SceneBlurParams, SceneBlurRanges, sample_scene_blur, scene_blur
from specaug.augment.spectral_gains import (
    RecaptureBlurParams,
    RecaptureBlurRanges,
    SpectralJitterParams,
    SpectralJitterRanges,
    recapture_blur,
    sample_recapture_blur,
    sample_spectral_jitter,
    spectral_jitter,
)
from specaug.eager import eager

recapture_print = eager(_recapture_print)
recapture_screen = eager(_recapture_screen)

__all__ = [
    "OPERATIONS",
    "PRESETS",
    "Applied",
    "BandScaleParams",
    "BandScaleRanges",
    "BandpassInjectParams",
    "BandpassInjectRanges",
    "Drawn",
    "FdaParams",
    "FdaRanges",
    "FourierBasisRanges",
    "GrainParams",
    "GrainRanges",
    "Grating",
    "GratingParams",
    "HalftoneParams",
    "HalftoneRanges",
    "JpegParams",
    "JpegRanges",
    "MoireRanges",
    "Operation",
    "Preset",
    "ProfileParams",
    "ProfileRanges",
    "RecaptureBlurParams",
    "RecaptureBlurRanges",
    "RecapturePrintParams",
    "RecapturePrintRanges",
    "RecaptureScreenParams",
    "RecaptureScreenRanges",
    "Recipe",
    "SceneBlurParams",
    "SceneBlurRanges",
    "SpectralJitterParams",
    "SpectralJitterRanges",
    "SpectralMixParams",
    "SpectralMixRanges",
    "SpoofProfile",
    "ToneParams",
    "ToneRanges",
    "apply_drawn",
    "band_scale",
    "bandpass_inject",
    "draw",
    "fda",
    "fourier_basis",
    "grain",
    "halftone",
    "jpeg",
    "label_after",
    "moire",
    "preset",
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "sample_band_scale",
    "sample_bandpass_inject",
    "sample_fda",
    "sample_fourier_basis",
    "sample_grain",
    "sample_halftone",
    "sample_jpeg",
    "sample_moire",
    "sample_recapture_blur",
    "sample_recapture_print",
    "sample_recapture_screen",
    "sample_scene_blur",
    "sample_spectral_jitter",
    "sample_spectral_mix",
    "sample_tone",
    "scene_blur",
    "spectral_jitter",
    "spectral_mix",
    "tone",
]
