"""Operations on pictures in the frequency domain.

An operation ``x`` has three names: the function ``x``, which is deterministic; ``XRanges``, from which :func:`draw`
draws and which TOML holds; and ``XParams``, what was drawn, which is enough to do it again.
"""

from __future__ import annotations

from specaug.augment.bands import (
    BandpassInjectParams,
    BandpassInjectRanges,
    BandScaleParams,
    BandScaleRanges,
    band_scale,
    bandpass_inject,
)
from specaug.augment.control import (
    JpegParams,
    JpegRanges,
    ToneParams,
    ToneRanges,
    jpeg,
    tone,
)
from specaug.augment.dots import HalftoneParams, HalftoneRanges, halftone
from specaug.augment.engine import Applied
from specaug.augment.grains import GrainParams, GrainRanges, grain
from specaug.augment.gratings import (
    FourierBasisRanges,
    Grating,
    GratingParams,
    MoireRanges,
    fourier_basis,
    moire,
)
from specaug.augment.mixing import (
    FdaParams,
    FdaRanges,
    SpectralMixParams,
    SpectralMixRanges,
    fda,
    spectral_mix,
)
from specaug.augment.profile import ProfileParams, ProfileRanges, SpoofProfile
from specaug.augment.recapture import (
    RecapturePrintParams,
    RecapturePrintRanges,
    RecaptureScreenParams,
    RecaptureScreenRanges,
)
from specaug.augment.recapture import recapture_print as _recapture_print
from specaug.augment.recapture import recapture_screen as _recapture_screen
from specaug.augment.recipes.recipe import Recipe, as_recipe
from specaug.augment.registry import OPERATIONS, Drawn, Operation, apply_drawn, draw, label_after
from specaug.augment.scene_noise import SceneBlurParams, SceneBlurRanges, scene_blur
from specaug.augment.spectral_gains import (
    RecaptureBlurParams,
    RecaptureBlurRanges,
    SpectralJitterParams,
    SpectralJitterRanges,
    recapture_blur,
    spectral_jitter,
)
from specaug.eager import eager

recapture_print = eager(_recapture_print)
recapture_screen = eager(_recapture_screen)

__all__ = [
    "OPERATIONS",
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
    "as_recipe",
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
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "scene_blur",
    "spectral_jitter",
    "spectral_mix",
    "tone",
]
