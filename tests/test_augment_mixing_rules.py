"""Amplitude mixing beyond its definition: what of a reference matters, how far a mix goes, and the guard's price."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import Recipe, SpectralMixParams, fda, spectral_mix
from specaug.augment.mixing import FdaParams, apply_fda, apply_spectral_mix
from specaug.spectrum import MAX_RADIUS

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
libraries = pytest.mark.parametrize("library", ["numpy", "torch"])

MIXES = {
    "fda": lambda x, r: fda(x, r, beta=0.1),
    "fda wide": lambda x, r: fda(x, r, beta=0.4),
    "band": lambda x, r: spectral_mix(x, r, strength=0.6, low=0.1, high=0.3),
    "soft": lambda x, r: spectral_mix(x, r, strength=0.6, low=0.1, high=0.3, rolloff=0.03),
    "all": lambda x, r: spectral_mix(x, r, strength=1.0),
}
each_mix = pytest.mark.parametrize("name", MIXES)


def pair(shape=(20, 23, 3), seed=0):
    return np.random.default_rng(seed).uniform(0.46, 0.54, (2, *shape))


def amplitude(x):
    return np.abs(np.fft.fft2(x, axes=(0, 1)))


@each_mix
@pytest.mark.parametrize("shift", [(5, 0), (-3, 8)])
def test_the_place_of_things_in_a_reference_does_not_matter(name, shift):
    """A circular shift changes phases alone, and only amplitudes are taken."""
    x, r = pair()
    ours = MIXES[name](x, np.roll(r, shift, axis=(0, 1)))
    np.testing.assert_allclose(ours, MIXES[name](x, r), atol=1e-12)


@each_mix
def test_a_mix_follows_a_shift_of_the_picture(name):
    x, r = pair()
    moved = MIXES[name](np.roll(x, (4, -7), axis=(0, 1)), r)
    np.testing.assert_allclose(moved, np.roll(MIXES[name](x, r), (4, -7), axis=(0, 1)), atol=1e-12)


@each_mix
def test_a_negative_of_the_reference_is_the_reference_but_for_its_mean(name):
    x, r = pair()
    mean = r.mean(axis=(0, 1))
    np.testing.assert_allclose(MIXES[name](x, 2 * mean - r), MIXES[name](x, r), atol=1e-12)


@each_mix
def test_channels_take_from_their_own_channel(name):
    x, r = pair()
    order = [2, 0, 1]
    ours = MIXES[name](x[..., order], r[..., order])
    np.testing.assert_allclose(ours, MIXES[name](x, r)[..., order], atol=1e-12)


@given(st.floats(0, 1), st.floats(0, 0.4), st.sampled_from(["radial", "square"]))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_every_amplitude_lies_on_the_way_to_the_references(strength, low, form):
    x, r = pair()
    mixed = spectral_mix(x, r, strength=strength, low=low, high=low + 0.2, form=form)
    own, wanted, now = (amplitude(v) for v in (x, r, mixed))
    share = (now - own) * np.sign(wanted - own) / np.maximum(np.abs(wanted - own), 1e-3)
    assert np.all((np.abs(share) < 1e-6) | (np.abs(share - strength) < 1e-6) | (np.abs(wanted - own) < 1e-3))


def test_strength_is_linear_in_the_pixels():
    x, r = pair()
    half, full = (spectral_mix(x, r, strength=s) for s in (0.5, 1.0))
    np.testing.assert_allclose(half, (x + full) / 2, atol=1e-12)


def test_mixing_all_at_full_strength_twice_is_once():
    x, r = pair((22, 22, 3))
    once = spectral_mix(x, r, strength=1.0, keep_mean=False)
    np.testing.assert_allclose(spectral_mix(once, r, strength=1.0, keep_mean=False), once, atol=1e-12)
    np.testing.assert_allclose(fda(x, r, beta=0.5), once, atol=1e-12)


@libraries
@pytest.mark.parametrize(
    ("low", "high", "form"), [(0.1, 0.2, "square"), (0.0, 0.1, "square"), (0.05, 0.1, "radial")]
)
def test_a_band_is_swapped_in_both_libraries_and_by_either_transform(low, high, form, library):
    x, r = pair((40, 50, 2))
    k = [np.rint(np.fft.fftfreq(n) * n) for n in (40, 50)]
    if form == "square":
        ring = np.maximum(np.abs(k[0])[:, None], np.abs(k[1]))
        inside = (ring >= low * 40) & (ring <= high * 40)
    else:
        radius = np.hypot(k[0][:, None] / 40, k[1] / 50)
        inside = (radius >= low) & (radius < high)
    inside[0, 0] = False
    given_ = (x, r) if library == "numpy" else (torch.asarray(x), torch.asarray(r))
    mixed = np.asarray(spectral_mix(*given_, strength=1.0, low=low, high=high, form=form))
    expected = np.where(inside[..., None], amplitude(r), amplitude(x))
    np.testing.assert_allclose(amplitude(mixed), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("beta", "reach"), [(0.0, 0), (0.0499, 0), (0.05, 1), (0.0999, 1), (0.1, 2), (0.5, 10)]
)
def test_the_square_grows_by_whole_bins_of_the_shorter_side(beta, reach):
    x, r = pair((20, 30, 1))
    changed = np.abs(amplitude(fda(x, r, beta=beta)) - amplitude(x))[..., 0] > 1e-9
    k = [np.abs(np.rint(np.fft.fftfreq(n) * n)) for n in (20, 30)]
    np.testing.assert_array_equal(changed, (k[0][:, None] <= reach) & (k[1] <= reach))


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@libraries
def test_where_the_reference_has_nothing_the_picture_loses_its_texture(dtype, library):
    x, _ = pair((24, 24, 3))
    flat = np.full((24, 24, 3), 0.5)
    if dtype == "uint8":
        x, flat = np.rint(255 * x).astype(dtype), np.full((24, 24, 3), 128, dtype)
    x, flat = x.astype(dtype), flat.astype(dtype)
    given_ = (x, flat) if library == "numpy" else (torch.asarray(x), torch.asarray(flat))
    out = np.asarray(spectral_mix(*given_, strength=1.0)).astype(float)
    assert np.ptp(out, axis=(0, 1)).max() <= (1 if dtype == "uint8" else 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@libraries
def test_a_bin_without_a_phase_gets_no_texture_of_the_reference(dtype, library):
    """A single grating: all other bins are rounding noise, and stay so beside a busy reference."""
    wave = 0.5 + 0.1 * np.cos(2 * np.pi * 5 * np.arange(32) / 32)[None, :, None] * np.ones((32, 1, 1))
    x, r = wave.astype(dtype), pair((32, 32, 1))[1].astype(dtype)
    given_ = (x, r) if library == "numpy" else (torch.asarray(x), torch.asarray(r))
    out = amplitude(np.asarray(spectral_mix(*given_, strength=1.0)).astype(float))[..., 0]
    wanted = amplitude(r.astype(float))[..., 0]
    rest = np.ones((32, 32), dtype=bool)
    rest[0, [0, 5, 27]] = False
    assert out[0, 5] == pytest.approx(wanted[0, 5], rel=1e-4)
    assert np.median(out[rest]) < 0.05 * np.median(wanted[rest])


@libraries
def test_the_guard_halves_a_swap_of_brightness_until_it_fits(library):
    """From 0.9 to 2.0: halves of 1.1 end beyond white until the fourth, 0.06875, does not."""
    x, r = np.full((8, 8, 1), 0.9), np.full((8, 8, 1), 2.0)
    given_ = (x, r) if library == "numpy" else (torch.asarray(x), torch.asarray(r))
    applied = apply_fda(*given_, FdaParams(0.0))
    assert applied.halvings == 4
    assert float(np.asarray(applied.image).max()) == pytest.approx(0.9 + 1.1 / 16)
    assert applied.clipped == 0
    kept = apply_spectral_mix(*given_, SpectralMixParams(1.0))
    assert (kept.halvings, kept.clipped) == (0, 0)
    np.testing.assert_allclose(np.asarray(kept.image), x, atol=1e-12)


def test_pictures_of_a_batch_are_guarded_each_by_itself():
    x = np.stack([np.full((8, 8, 1), v) for v in (0.2, 0.9, 0.6)])
    applied = apply_fda(x, np.full((8, 8, 1), 1.5), FdaParams(0.0))
    assert applied.halvings.tolist() == [1, 3, 2]
    np.testing.assert_allclose(applied.image.max(axis=(1, 2, 3)), [0.85, 0.975, 0.825])
    together = apply_fda(x, np.full((8, 8, 1), 1.5), FdaParams(0.0), clip_axis=0)
    assert together.halvings == 3
    np.testing.assert_allclose(together.image[:, 0, 0, 0], x[:, 0, 0, 0] + (1.5 - x[:, 0, 0, 0]) / 8)


def test_settings_default_to_the_whole_plane_but_the_mean():
    x, r = pair()
    explicit = spectral_mix(
        x, r, strength=0.4, low=0.0, high=MAX_RADIUS, form="radial", rolloff=0.0, keep_mean=True
    )
    np.testing.assert_array_equal(spectral_mix(x, r, strength=0.4), explicit)
    np.testing.assert_allclose(explicit.mean(axis=(0, 1)), x.mean(axis=(0, 1)), atol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_guard_can_be_switched_off(library):
    """Then the whole change is made and clipped, as the published method does."""
    dark, light = np.full((16, 16, 3), 0.1), np.full((16, 16, 3), 0.9)
    dark[:2] = 0.3
    given_ = [dark, light] if library == "numpy" else [torch.asarray(dark), torch.asarray(light)]
    exact = np.clip(dark - dark.mean() + light.mean(), 0, 1)
    np.testing.assert_allclose(np.asarray(fda(*given_, beta=0.0, guard=False)), exact, atol=1e-6)
    held = apply_fda(*given_, FdaParams(0.0))
    assert held.halvings == 1
    np.testing.assert_allclose(np.asarray(held.image), dark + (light.mean() - dark.mean()) / 2, atol=1e-6)
    assert apply_fda(*given_, FdaParams(0.0, guard=False)).halvings == 0
    mixed = spectral_mix(*given_, strength=1.0, high=0.01, keep_mean=False, guard=False)
    np.testing.assert_allclose(np.asarray(mixed), exact, atol=1e-6)


def test_a_recipe_can_switch_the_guard_off():
    text = 'donor = "bonafide"\n[[steps]]\noperation = "{}"\nranges = {{ guard = false }}'
    for name in ("fda", "spectral_mix"):
        drawn = Recipe.from_text(text.format(name)).sample(0)
        assert drawn["steps"][0]["params"]["guard"] is False
