"""The Albumentations transform: in a pipeline, with references from the metadata, replayable."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from specaug.augment import FdaRanges, SpectralMixRanges, fda
from specaug.errors import ArgumentError

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing
A = pytest.importorskip("albumentations", reason="albumentations is not installed")
module = pytest.importorskip("specaug.integrations.albumentations", reason="albumentations is not installed")
SpectralTransform = module.SpectralTransform


def pair(shape=(32, 40, 3), seed=0):
    return np.random.default_rng(seed).integers(80, 176, (2, *shape), dtype=np.uint8)


def test_fda_in_a_pipeline_is_the_function():
    x, r = pair()
    pipeline = A.Compose([SpectralTransform("fda", FdaRanges((0.1,)), p=1.0)])
    out = pipeline(image=x, specaug_metadata=[r])["image"]
    np.testing.assert_array_equal(out, fda(x, r, beta=0.1))


def test_metadata_key_is_the_users_choice():
    x, r = pair()
    transform = SpectralTransform("fda", FdaRanges((0.1,)), metadata_key="styles", p=1.0)
    np.testing.assert_array_equal(transform(image=x, styles=[r])["image"], fda(x, r, beta=0.1))


def test_operations_alone_need_no_metadata():
    x, _ = pair()
    for name in ("moire", "halftone", "recapture_blur", "spectral_jitter", "afa"):
        out = SpectralTransform(name, p=1.0)(image=x)["image"]
        assert out.shape == x.shape
        assert out.dtype == np.uint8
        assert (out != x).any()


@pytest.mark.parametrize("shape", [(32, 40), (32, 40, 1)])
def test_grey_and_float_pictures(shape):
    x, r = pair(shape)
    transform = SpectralTransform("fda", FdaRanges((0.1,)), p=1.0)
    axis = None if len(shape) == 2 else -1
    expected = fda(x / np.float32(255), r / np.float32(255), beta=0.1, channel_axis=axis)
    out = transform(image=x / np.float32(255), specaug_metadata=[r / np.float32(255)])["image"]
    np.testing.assert_allclose(out, expected, atol=1e-6)
    assert transform(image=x, specaug_metadata=[r])["image"].shape == shape


def test_references_of_another_size_are_scaled():
    x, _ = pair()
    large = np.full((64, 80, 3), 150, np.uint8)
    transform = SpectralTransform("fda", FdaRanges((0.0,)), p=1.0)
    assert transform(image=x, specaug_metadata=[large])["image"].mean() == pytest.approx(150, abs=0.5)


def test_seed_of_the_pipeline_rules_the_draws():
    x, r = pair()

    def run(seed):
        pipeline = A.Compose([SpectralTransform("spectral_mix", SpectralMixRanges(), p=1.0)], seed=seed)
        return [pipeline(image=x, specaug_metadata=[r])["image"].tobytes() for _ in range(3)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len(set(run(1))) == 3


def test_frames_of_a_clip_share_their_draw():
    x, _ = pair()
    clip = np.stack([x] * 3)
    out = A.Compose([SpectralTransform("moire", p=1.0)])(images=clip)["images"]
    np.testing.assert_array_equal(out[0], out[2])
    assert (out[0] != x).any()


def test_apr_p_changes_its_share_of_pictures():
    x, r = pair((8, 8, 3))
    transform = A.Compose([SpectralTransform("apr_p", p=1.0)], seed=0)
    changed = [(transform(image=x, specaug_metadata=[r])["image"] != x).any() for _ in range(300)]
    assert np.mean(changed) == pytest.approx(0.6, abs=0.08)


def test_ranges_of_another_operation_are_named():
    with pytest.raises(
        ArgumentError, match=r"ranges: expected fields of FdaRanges \(beta, guard\), got \['beta', "
    ):
        SpectralTransform("fda", SpectralMixRanges())


@pytest.mark.parametrize("metadata", [{"specaug_metadata": []}, {"specaug_metadata": ["a.png"]}])
def test_missing_references_are_named(metadata):
    with pytest.raises(ArgumentError, match="specaug_metadata: expected a list of arrays for fda"):
        SpectralTransform("fda", p=1.0)(image=pair()[0], **metadata)


@pytest.mark.parametrize("name", ["albumentations", "torch"])
def test_missing_library_is_named_with_its_command(name):
    code = f"import sys; sys.modules[{name!r}] = None; import specaug.integrations.{name}"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert f"{name} is not installed: pip install 'specaug[{name}]'" in ran.stderr
