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
from specaug.augment.dots import HalftoneParams, HalftoneRanges, halftone, sample_halftone
from specaug.augment.engine import Applied
from specaug.augment.filters import (
    RecaptureBlurParams,
    RecaptureBlurRanges,
    SpectralJitterParams,
    SpectralJitterRanges,
    recapture_blur,
    sample_recapture_blur,
    sample_spectral_jitter,
    spectral_jitter,
)
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
from specaug.augment.registry import OPERATIONS, Drawn, Operation, apply_drawn, draw, label_after

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
    "Grating",
    "GratingParams",
    "HalftoneParams",
    "HalftoneRanges",
    "MoireRanges",
    "Operation",
    "Preset",
    "RecaptureBlurParams",
    "RecaptureBlurRanges",
    "SpectralJitterParams",
    "SpectralJitterRanges",
    "SpectralMixParams",
    "SpectralMixRanges",
    "apply_drawn",
    "band_scale",
    "bandpass_inject",
    "draw",
    "fda",
    "fourier_basis",
    "halftone",
    "label_after",
    "moire",
    "preset",
    "recapture_blur",
    "sample_band_scale",
    "sample_bandpass_inject",
    "sample_fda",
    "sample_fourier_basis",
    "sample_halftone",
    "sample_moire",
    "sample_recapture_blur",
    "sample_spectral_jitter",
    "sample_spectral_mix",
    "spectral_jitter",
    "spectral_mix",
]
