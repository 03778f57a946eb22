"""Every operation once, with settings that can be seen at a glance."""

from __future__ import annotations

from specaug.augment import (
    BandpassInjectParams,
    BandScaleParams,
    Drawn,
    FdaParams,
    GrainParams,
    Grating,
    GratingParams,
    HalftoneParams,
    JpegParams,
    RecaptureBlurParams,
    RecapturePrintParams,
    RecaptureScreenParams,
    SceneBlurParams,
    SpectralJitterParams,
    SpectralMixParams,
    ToneParams,
)
from specaug.spectrum import MAX_RADIUS

_GRATINGS = (
    Grating(0.031, 0.012, 0.22, (0.0, 2.1, 4.2)),
    Grating(0.19, -0.11, 0.12, (0.0, 2.1, 4.2)),
)
_WAVES = (
    Grating(0.11, 0.07, (0.1, 0.0, 0.0)),
    Grating(-0.05, 0.2, (0.0, 0.1, 0.0)),
    Grating(0.3, 0.1, (0, 0, 0.1)),
)

SHOWCASE: tuple[Drawn, ...] = (
    Drawn("fda", FdaParams(0.05)),
    Drawn("spectral_mix", SpectralMixParams(0.8)),
    Drawn("bandpass_inject", BandpassInjectParams(1 / 16, MAX_RADIUS, 1.5)),
    Drawn("band_scale", BandScaleParams(1 / 16, MAX_RADIUS, 0.0)),
    Drawn("band_scale", BandScaleParams(1 / 16, 1 / 4, 2.5)),
    Drawn("recapture_blur", RecaptureBlurParams(0.10)),
    Drawn("scene_blur", SceneBlurParams(0.08)),
    Drawn("moire", GratingParams(_GRATINGS)),
    Drawn("halftone", HalftoneParams(4.5, (15.0, 45.0, 75.0), 0.7)),
    Drawn("halftone", HalftoneParams(4.0, 0.0, 0.7, "blue_noise")),
    Drawn("grain", GrainParams(0.15, 0.3, 0.5, 0)),
    Drawn("spectral_jitter", SpectralJitterParams(0.6, 0)),
    Drawn("fourier_basis", GratingParams(_WAVES)),
    Drawn("recapture_screen", RecaptureScreenParams(density=0.3, lens_sigma=0.5, pwm=0.2, seed=1)),
    Drawn(
        "recapture_print",
        RecapturePrintParams(sheet="inkjet-plain", lamp_angle=0.8, lamp_distance=600.0, seed=1),
    ),
    Drawn("jpeg", JpegParams(30)),
    Drawn("tone", ToneParams(1.3, 0.8, (1.1, 1.0, 0.85))),
)
"""Every operation with settings that can be seen; ``profile`` is missing, since it has to be learned first."""
