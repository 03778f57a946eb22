"""Spoof profiles: the transfer is the one that was done, on one grid of frequencies, and no face is in it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import specaug
from specaug.align import warp_image
from specaug.augment import OPERATIONS, Drawn, ProfileRanges, Recipe, SpoofProfile, apply_drawn, draw
from specaug.augment.profile import ProfileFit
from specaug.augment.profile.measure import bin_centres, colour_planes, from_planes, log_amplitudes
from specaug.errors import ArgumentError
from specaug.spectrum import radial_frequency

torch = pytest.importorskip("torch", reason="torch is an optional dependency")


def pictures(n, rng, side=64, slope=1.0):
    """Noise with an amplitude of f^-slope, as pictures have, every one of its own contrast."""
    radius = radial_frequency((side, side))
    radius[0, 0] = 1.0
    made = []
    for _ in range(n):
        spectrum = np.fft.rfft2(rng.standard_normal((3, side, side))) * radius ** (
            -slope * rng.uniform(0.8, 1.2)
        )
        values = np.moveaxis(np.fft.irfft2(spectrum, s=(side, side)), 0, -1)
        made.append(0.5 + rng.uniform(0.06, 0.12) * values / values.std())
    return np.clip(np.stack(made), 0, 1)


def filtered(images, gain):
    """Each colour by a gain of its radial frequency."""
    spectrum = np.fft.rfft2(images - 0.5, axes=(-3, -2))
    curve = gain(radial_frequency(images.shape[-3:-1]))[..., None]
    return 0.5 + np.fft.irfft2(spectrum * curve, s=images.shape[-3:-1], axes=(-3, -2))


def dip(r):
    return 1 - 0.5 * np.exp(-0.5 * ((r - 0.2) / 0.05) ** 2)


def test_white_noise_of_the_source_has_one_amplitude_at_every_size_and_scale(rng):
    """sigma·exp(-γ_E/2), the mean logarithm of a Rayleigh distribution, whatever the crop."""
    for side, scale in ((64, 1.0), (96, 1.0), (128, 2.0)):
        # A crop of white noise at a scale s, without aliases: what is left has the density of the source over s².
        noise = np.clip(0.5 + rng.normal(0, 0.05 / scale, (6, side, side, 3)), 0, 1)
        values, reached = log_amplitudes(noise, scale)
        luma_sigma = 0.05 * np.sqrt(0.299**2 + 0.587**2 + 0.114**2)
        seen = np.exp(values[:, 0, reached > 0].mean()) / luma_sigma
        # The floor of 8 bits adds 1 to 2 % to means of logarithms.
        assert seen == pytest.approx(np.exp(-np.euler_gamma / 2), rel=0.05)


def test_bins_beyond_the_crop_are_not_reached():
    _, reached = log_amplitudes(np.full((64, 64, 3), 0.5), scale=2.0)
    assert (bin_centres()[reached > 0] < 0.26).all()
    assert reached.sum() > 20


def test_planes_come_back(rng):
    rgb = rng.uniform(0, 1, (5, 6, 3))
    again = np.stack(from_planes(*np.moveaxis(colour_planes(rgb), -3, 0)), axis=-1)
    np.testing.assert_allclose(again, rgb, atol=1e-12)


def test_the_gain_is_that_of_the_filter(rng):
    live = pictures(40, rng)
    profile = SpoofProfile.fit(live, filtered(live, dip))
    f = profile.frequencies
    known = (f > 0.05) & (f < 0.45)
    for plane in profile.log_gain():
        # Means over bins of 0.011 cycles/px, the leakage of the window, and two decimals.
        np.testing.assert_allclose(plane[known], np.log(dip(f[known])), atol=0.05)


def test_applying_it_makes_the_spectrum_of_the_attacks(rng):
    live, others = pictures(40, rng), pictures(12, rng)
    profile = SpoofProfile.fit(live, filtered(live, dip))
    made = profile.apply(others, rng=0)
    wanted, reached = log_amplitudes(filtered(others, dip))
    found, _ = log_amplitudes(made)
    known = (reached > 0) & (bin_centres() > 0.03)
    np.testing.assert_allclose(found.mean(axis=0)[:, known], wanted.mean(axis=0)[:, known], atol=0.08)


def test_noise_stands_in_for_what_no_gain_can_make(rng):
    """Bona fide crops without fine detail, attacks with it: a gain of a hundred would only amplify rounding."""
    smooth = filtered(pictures(30, rng), lambda r: np.exp(-0.5 * (r / 0.05) ** 2))
    grainy = np.clip(smooth + rng.normal(0, 0.05, smooth.shape), 0, 1)
    profile = SpoofProfile.fit(smooth, {"print": grainy})
    params = profile.params(pai="print")
    assert np.max(params.gains) <= np.log(3) + 1e-4
    made = profile.apply(smooth[:8], pai="print", rng=1)
    found, reached = log_amplitudes(made)
    wanted, _ = log_amplitudes(grainy)
    known = (reached > 0) & (bin_centres() > 0.25)
    # One field of noise for all: a bin holds some 30 values of deviation 0.64.
    off = found.mean(axis=0)[:, known] - wanted.mean(axis=0)[:, known]
    assert np.abs(off).max() < 0.5
    np.testing.assert_allclose(off.mean(axis=1), 0, atol=0.08)
    without = profile.apply(smooth[:8], pai="print", residual=0.0)
    assert (log_amplitudes(without)[0].mean(axis=0)[0, known] < wanted.mean(axis=0)[0, known] - 1).all()


def test_strength_zero_is_identity_and_two_is_twice_the_gain(rng):
    live = pictures(20, rng)
    profile = SpoofProfile.fit(live, filtered(live, dip))
    np.testing.assert_array_equal(profile.apply(live, strength=0.0), live)
    once = profile.apply(live, strength=1.0, residual=0.0)
    twice = profile.apply(once, strength=1.0, residual=0.0)
    np.testing.assert_allclose(profile.apply(live, strength=2.0, residual=0.0), twice, atol=1e-9)
    np.testing.assert_allclose(once.mean(axis=(1, 2)), live.mean(axis=(1, 2)), atol=1e-9)


def test_sources_of_two_resolutions_give_one_profile(rng):
    """Crops of half the size of one source and of the whole size agree below the frequencies that both hold."""
    live = pictures(24, rng, side=128)
    spoof = filtered(live, dip)
    warp = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]])

    def halved(images):
        return np.stack([warp_image(x.astype(np.float32), warp, size=64) for x in images])

    full = SpoofProfile.fit(live, spoof)
    half = SpoofProfile.fit(halved(live), halved(spoof), scale=2.0)
    mixed = SpoofProfile.fit([*live[:12], (halved(live[12:]), 2.0)], [*spoof[:12], (halved(spoof[12:]), 2.0)])
    both = (full.frequencies > 0.04) & (full.frequencies < 0.2)
    for other in (half, mixed):
        np.testing.assert_allclose(other.log_gain()[0, both], full.log_gain()[0, both], atol=0.08)
    # Taken for crops of scale 1, the dip at 0.2 cycles per px of the source is looked for at 0.4.
    wrong = SpoofProfile.fit(halved(live), halved(spoof))
    assert np.abs(wrong.log_gain()[0, both] - full.log_gain()[0, both]).max() > 0.3


def test_applied_at_a_scale_the_dip_moves(rng):
    live = pictures(24, rng)
    profile = SpoofProfile.fit(live, filtered(live, dip))
    made = profile.apply(live[:12], scale=1.6, residual=0.0)
    gain = (log_amplitudes(made)[0] - log_amplitudes(live[:12])[0]).mean(axis=0)[0]
    assert bin_centres()[gain[:45].argmin()] == pytest.approx(0.2 * 1.6, abs=0.02)


def test_species_have_their_own_gains(rng):
    live = pictures(20, rng)
    profile = SpoofProfile.fit(live, {"replay": filtered(live, dip), "print": live})
    assert np.abs(profile.log_gain("print")).max() == 0
    assert profile.log_gain("replay").min() < -0.5
    np.testing.assert_allclose(profile.log_gain(), profile.log_gain("replay") / 2)
    assert profile.clips == {"none": 20, "replay": 20, "print": 20}
    np.testing.assert_array_equal(profile.apply(live, pai="print"), live)


def test_a_file_keeps_it_all_and_is_the_same_each_time(rng, tmp_path):
    live = pictures(8, rng)
    profile = SpoofProfile.fit(live, {"mask": filtered(live, dip)})
    first, second = tmp_path / "a.npz", tmp_path / "b.profile"
    profile.save(first)
    profile.save(second)
    assert first.read_bytes() == second.read_bytes()
    again = SpoofProfile.load(first)
    np.testing.assert_array_equal(again.log_gain("mask"), profile.log_gain("mask"))
    assert (again.clips, repr(again)) == (profile.clips, repr(profile))
    with np.load(first, allow_pickle=False) as file:
        assert set(file.files) == {"version", "bonafide", "attack", "pai", "clips"}


def test_the_file_is_a_few_hundred_rounded_means(rng, tmp_path):
    """No phase, no position: 3 curves of 64 numbers a side, whatever the number of pictures."""
    few, many = (SpoofProfile.fit(x, filtered(x, dip)) for x in (pictures(3, rng), pictures(30, rng)))
    for name, profile in (("few", few), ("many", many)):
        profile.save(tmp_path / name)
        assert profile.bonafide.size + sum(a.size for a in profile.attack.values()) == 2 * 3 * 64
        np.testing.assert_allclose(profile.bonafide, np.round(profile.bonafide, 2), atol=1e-12)
    assert (tmp_path / "few").stat().st_size == (tmp_path / "many").stat().st_size


def test_nobody_can_tell_who_was_measured(rng):
    """Those whose pictures are in the means lie no nearer to them than strangers do."""
    everyone = pictures(160, rng, side=48)
    members, strangers = everyone[:80], everyone[80:]
    profile = SpoofProfile.fit(members, filtered(members, dip))

    def near(images):
        values = log_amplitudes(images)[0]
        return -np.abs(values - profile.bonafide).mean(axis=(1, 2))

    a, b = near(members), near(strangers)
    auc = (a[:, None] > b[None]).mean() + 0.5 * (a[:, None] == b[None]).mean()
    # 0.5 within two and a half standard errors of an AUC of 80 against 80: sqrt(161 / (12·80²)) = 0.046.
    assert auc == pytest.approx(0.5, abs=0.115)


def test_leaving_one_of_many_out_changes_less_than_the_others_differ(rng):
    live = pictures(100, rng, side=48)
    whole = SpoofProfile.fit(live, live[:5])
    without = SpoofProfile.fit(live[1:], live[:5])
    spread = log_amplitudes(live)[0].std(axis=0)
    known = spread[0] > 0
    assert (
        np.abs(whole.bonafide - without.bonafide)[:, known] <= 0.05 * spread[:, known] + 0.01 + 1e-9
    ).all()


def test_a_fit_holds_sums_only(rng):
    fit = ProfileFit()
    sizes = []
    for n in (4, 60):
        for image in pictures(n, rng, side=24):
            fit.add(image, pai="none")
            fit.add(image, pai="print")
        sizes.append(
            sum(v.nbytes for m in fit._means.values() for v in vars(m).values() if isinstance(v, np.ndarray))
        )
    assert sizes[0] == sizes[1] < 10_000


def test_frames_of_a_clip_share_their_noise_and_torch_agrees(rng):
    drawn = draw("profile", rng=4)
    clip = np.repeat(rng.uniform(0.3, 0.7, (1, 40, 40, 3)), 3, axis=0)
    out = apply_drawn(clip, drawn, clip_axis=0).image
    np.testing.assert_array_equal(out, np.repeat(out[:1], 3, axis=0))
    tensor = apply_drawn(torch.asarray(clip), drawn, clip_axis=0).image
    np.testing.assert_allclose(tensor.numpy(), out, atol=1e-9)
    first = apply_drawn(np.moveaxis(clip, -1, 1), drawn, channel_axis=1, clip_axis=0).image
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), out, atol=1e-12)
    grey = apply_drawn(clip[..., :1], drawn).image
    assert grey.shape == (3, 40, 40, 1)


def test_a_record_holds_the_curves_and_needs_no_file(rng, tmp_path):
    live = pictures(8, rng)
    file = tmp_path / "mine.npz"
    SpoofProfile.fit(live, {"print": filtered(live, dip)}).save(file)
    recipe = Recipe.from_text(f"[[steps]]\noperation = 'profile'\nranges = {{ file = '{file}' }}")
    drawn = recipe.sample(1, scale=1.3)
    file.unlink()
    step = Drawn.from_dict(json.loads(json.dumps(drawn))["steps"][0])
    assert (step.params.scale, step.params.pai, len(step.params.gains[0])) == (1.3, "print", 64)
    assert OPERATIONS["profile"].effect == "attack"
    assert recipe.apply(live, drawn).shape == live.shape


def test_the_shipped_profile_is_of_prints_and_replays():
    kinds = {draw("profile", rng=seed).params.pai for seed in range(12)}
    assert kinds == {"print", "replay"}
    assert draw("profile", ProfileRanges(pai="print"), rng=0).params.pai == "print"


def test_comparison_draws_a_line_for_each_species_and_plane(rng):
    live = pictures(6, rng)
    one = SpoofProfile.fit(live, {"a<b": filtered(live, dip)})
    two = SpoofProfile.fit(live, {"a<b": live, "c": live})
    page = one.compare(two, names=("ours", "theirs"))
    assert page.count("<polyline") == 3 * 3
    assert "ours: a&lt;b" in page
    assert not re.search(r"\b(nan|inf)\b", page)
    assert one._repr_html_().startswith("<svg")
    np.testing.assert_allclose(one.distance(one), 0)
    rms = np.sqrt(np.mean(one.log_gain("a<b") ** 2, axis=1)) * 20 / np.log(10)
    np.testing.assert_allclose(one.distance(two, "a<b"), rms)


def test_profile_is_public():
    assert specaug.SpoofProfile is SpoofProfile


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x, t: SpoofProfile.fit(x, []), "attack: expected at least one picture, got none"),
        (lambda x, t: SpoofProfile.fit([], x), "bonafide: expected at least one picture, got none"),
        (lambda x, t: SpoofProfile.fit(x[..., :1], x), "pictures: expected 3 channels"),
        (
            lambda x, t: SpoofProfile.fit(x, x).apply(x, pai="mask"),
            "pai: expected one of unknown, got 'mask'",
        ),
        (
            lambda x, t: SpoofProfile.fit(x, x).apply(x, strength=-1),
            r"strength: expected a number in \[0, 10\]",
        ),
        (lambda x, t: SpoofProfile.fit(x, x, scale=0), r"scale: expected a number in \[0.001, 1000\], got 0"),
        (
            lambda x, t: SpoofProfile.fit(x, x).distance(SpoofProfile.fit(x, x, bins=8)),
            "other: expected 64 bins",
        ),
        (lambda x, t: SpoofProfile.fit(x, x).compare(names=("a", "b")), "names: expected 1, got 2"),
        (lambda x, t: SpoofProfile.load(t / "none.npz"), "profile: .*none.npz' is no spoof profile"),
        (
            lambda x, t: SpoofProfile(np.zeros((2, 8)), {}),
            r"bonafide: expected shape \(3, bins\), got \(2, 8\)",
        ),
        (lambda x, t: SpoofProfile(np.zeros((3, 8)), {}), "attack: expected at least one species, got none"),
    ],
)
def test_a_bad_call_is_named(call, match, rng, tmp_path):
    with pytest.raises(ArgumentError, match=match):
        call(pictures(2, rng, side=16), tmp_path)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    file = tmp_path / "evil.npz"
    np.savez(file, version=np.int64(1), bonafide=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ArgumentError, match="is no spoof profile: Object arrays cannot be loaded"):
        SpoofProfile.load(file)
