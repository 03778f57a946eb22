"""Profiles as ranges and files: what is drawn, which profile a name means, and what is written and read back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from specaug.augment import ProfileRanges, SpoofProfile, draw
from specaug.augment.profile import ProfileFit
from specaug.augment.profile.draws import named_profile, sample_profile
from specaug.augment.profile.measure import bin_centres
from specaug.augment.profile.operation import apply_profile
from specaug.errors import ArgumentError


def profile(*species: str, bins: int = 4) -> SpoofProfile:
    """Each species has a gain of its own, the same at all frequencies."""
    live = np.full((3, bins), -3.0)
    attack = {pai: live + 0.1 * (number + 1) for number, pai in enumerate(species)}
    return SpoofProfile(live, attack, {"none": 5} | {pai: n + 1 for n, pai in enumerate(species)})


def saved(file: Path, made: SpoofProfile) -> Path:
    made.save(file)
    return file


def test_numbers_are_drawn_evenly_from_their_ranges(tmp_path: Path):
    file = saved(tmp_path / "p.npz", profile("mask", "print", "replay"))
    ranges = ProfileRanges(str(file), strength=(0.5, 2.0), residual=(0.2, 0.6))
    rng = np.random.default_rng(0)
    drawn = [sample_profile(ranges, rng=rng) for _ in range(600)]
    for name, low, high in (("strength", 0.5, 2.0), ("residual", 0.2, 0.6)):
        values = (np.array([getattr(p, name) for p in drawn]) - low) / (high - low)
        # Five standard errors of mean and variance of a uniform distribution, of 600.
        assert values.mean() == pytest.approx(0.5, abs=5 * np.sqrt(1 / 12 / 600))
        assert values.var() == pytest.approx(1 / 12, abs=5 * np.sqrt(1 / 180 / 600))
        assert 0 <= values.min() < 0.05
        assert 0.95 < values.max() <= 1
    shares = [sum(p.pai == pai for p in drawn) / 600 for pai in ("mask", "print", "replay")]
    np.testing.assert_allclose(shares, 1 / 3, atol=4 * np.sqrt(2 / 9 / 600))
    assert len({p.seed for p in drawn}) == 600
    assert all(0 <= p.seed < 2**53 for p in drawn)


def test_a_species_that_is_asked_for_is_the_only_one(tmp_path: Path):
    file = saved(tmp_path / "p.npz", profile("mask", "print"))
    for seed in range(8):
        drawn = sample_profile(ProfileRanges(str(file), pai="print"), rng=np.random.default_rng(seed))
        assert (drawn.pai, drawn.gains[0][0]) == ("print", pytest.approx(0.2))
    with pytest.raises(ArgumentError, match="pai: expected one of mask, print, got 'replay'"):
        draw("profile", ProfileRanges(str(file), pai="replay"), rng=0)


def test_a_draw_holds_the_curves_of_its_species_and_the_scale_of_its_clip(tmp_path: Path):
    file = saved(tmp_path / "p.npz", profile("mask", "print"))
    ranges = ProfileRanges(str(file)).at_scale(1.75)
    assert ranges == ProfileRanges(str(file), scale=1.75)
    for seed in range(6):
        drawn = sample_profile(ranges, rng=np.random.default_rng(seed))
        assert drawn.scale == 1.75
        np.testing.assert_allclose(drawn.gains, {"mask": 0.1, "print": 0.2}[drawn.pai], atol=1e-4)


def test_a_name_means_the_shipped_profile_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "demo", profile("mask"))
    assert set(named_profile("demo").attack) == {"print", "replay"}
    assert set(named_profile(str(tmp_path / "demo")).attack) == {"mask"}
    assert named_profile("demo") is named_profile("demo")


@pytest.mark.parametrize("name", ["nothing.npz", ".", "DEMO"])
def test_a_file_that_is_not_there_is_named(name, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=f"^profile: '{re.escape(name)}' is no spoof profile: "):
        draw("profile", ProfileRanges(name), rng=0)


def test_the_mean_of_all_species_is_that_of_their_logarithms():
    made = profile("mask", "print", "replay")
    np.testing.assert_allclose(made.log_gain(), 0.2)
    np.testing.assert_allclose(made.log_gain("replay"), 0.3)
    np.testing.assert_array_equal(made.frequencies, bin_centres(4))


def test_params_are_rounded_and_named_and_replay_what_apply_does(rng):
    live = np.round(rng.uniform(-4, -3, (3, 6)), 2)
    made = SpoofProfile(live, {"print": live + rng.uniform(-0.5, 2.5, (3, 6))})
    drawn = made.params(pai="print", strength=0.7, residual=0.4, scale=1.2, seed=9)
    assert (drawn.pai, drawn.strength, drawn.residual, drawn.scale, drawn.seed) == ("print", 0.7, 0.4, 1.2, 9)
    kept = np.clip(made.log_gain("print"), -np.log(3), np.log(3))
    np.testing.assert_allclose(drawn.gains, kept, atol=0.5001e-4)
    assert all(round(v, 4) == v for row in drawn.gains for v in row)
    assert all(round(v, 6) == v for row in drawn.extra for v in row)
    assert made.params().pai == "unknown"
    picture = rng.uniform(0.3, 0.7, (16, 16, 3))
    seed = int(np.random.default_rng(4).integers(2**53))
    expected = apply_profile(picture, made.params(pai="print", strength=0.7, scale=1.2, seed=seed)).image
    np.testing.assert_array_equal(made.apply(picture, pai="print", strength=0.7, scale=1.2, rng=4), expected)


def test_a_file_is_the_same_in_whatever_order_species_came(tmp_path: Path):
    one = profile("mask", "print")
    other = SpoofProfile(one.bonafide, dict(reversed(one.attack.items())), dict(reversed(one.clips.items())))
    assert saved(tmp_path / "a", one).read_bytes() == saved(tmp_path / "b", other).read_bytes()


def test_a_file_replaces_another_and_leaves_nothing_behind(tmp_path: Path):
    file = saved(tmp_path / "p.npz", profile("mask", "print", bins=64))
    saved(file, profile("replay"))
    again = SpoofProfile.load(str(file))
    assert (list(again.attack), again.clips) == (["replay"], {"none": 5, "replay": 1})
    assert [f.name for f in tmp_path.iterdir()] == ["p.npz"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path):
    file = saved(tmp_path / "p.npz", profile("mask"))
    (tmp_path / "p.npz.part").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        profile("print").save(file)
    assert list(SpoofProfile.load(file).attack) == ["mask"]


@pytest.mark.parametrize("name", ["print/2", "ü 漢", "a" * 200, "with space"])
def test_names_of_species_come_back(name, tmp_path: Path):
    made = profile(name, "x")
    assert set(SpoofProfile.load(saved(tmp_path / "p", made)).attack) == {name, "x"}


def test_what_no_count_was_kept_of_counts_as_none(tmp_path: Path):
    live = np.zeros((3, 4))
    made = SpoofProfile(live, {"print": live})
    assert repr(made) == "SpoofProfile(bins=4, clips bona fide: 0, print: 0)"
    assert SpoofProfile.load(saved(tmp_path / "p", made)).clips == {"none": 0, "print": 0}
    assert repr(profile("mask", "print")) == "SpoofProfile(bins=4, clips bona fide: 5, mask: 1, print: 2)"


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_numbers_of_any_real_dtype_are_read_as_float64(dtype, tmp_path: Path):
    file, curves = tmp_path / "p.npz", np.arange(12).reshape(3, 4).astype(dtype)
    np.savez(
        file, version=1, bonafide=curves, attack=curves[None], pai=np.array(["print"]), clips=np.array([2, 1])
    )
    made = SpoofProfile.load(file)
    assert made.bonafide.dtype == made.attack["print"].dtype == np.float64
    np.testing.assert_array_equal(made.bonafide, curves)


@pytest.mark.parametrize(("value", "fits"), [(25.0, True), (-25.0, True), (25.01, False), (-25.01, False)])
def test_logarithms_lie_within_what_pictures_can_have(value, fits):
    curves, zeros = np.full((3, 2), value), np.zeros((3, 2))
    for live, attack, name in ((curves, zeros, "bonafide"), (zeros, curves, "print")):
        if fits:
            SpoofProfile(live, {"print": attack})
            continue
        with pytest.raises(ArgumentError, match=f"logarithms within ±25 for '{name}'"):
            SpoofProfile(live, {"print": attack})


@pytest.mark.parametrize("bins", [1, 4096])
def test_a_profile_has_up_to_4096_bins(bins):
    assert SpoofProfile(np.zeros((3, bins)), {"print": np.zeros((3, bins))}).frequencies.shape == (bins,)
    with pytest.raises(ArgumentError, match="bonafide: expected at most 4096 bins, got 4097"):
        SpoofProfile(np.zeros((3, 4097)), {"print": np.zeros((3, 4097))})


@pytest.mark.parametrize("number", [-1, 0.5, float("nan")])
def test_numbers_of_clips_are_whole(number):
    with pytest.raises(ArgumentError, match=r"clips: expected whole numbers from 0, got .* for 'print'"):
        SpoofProfile(np.zeros((3, 2)), {"print": np.zeros((3, 2))}, {"none": 0, "print": number})


def test_pictures_come_with_their_own_scale_or_that_of_all(rng):
    pictures = rng.uniform(0.3, 0.7, (4, 24, 24, 3))
    named = SpoofProfile.fit(pictures, pictures, scale=2.0, bins=16)
    paired = SpoofProfile.fit([(p, 2.0) for p in pictures], [(p, 2) for p in pictures], bins=16)
    other = SpoofProfile.fit([(p, 2.0) for p in pictures], pictures, scale=0.9, bins=16)
    np.testing.assert_array_equal(named.bonafide, paired.bonafide)
    np.testing.assert_array_equal(other.bonafide, named.bonafide)
    assert np.abs(other.attack["unknown"] - named.attack["unknown"]).max() > 0.5


def test_a_fit_streams_and_counts_clips(rng):
    clips = rng.uniform(0.3, 0.7, (3, 2, 16, 16, 3))
    made = SpoofProfile.fit(iter(clips), {"print": (c for c in clips[:2]), "mask": iter(clips[:1])}, bins=8)
    assert made.clips == {"none": 3, "print": 2, "mask": 1}
    assert list(made.attack) == ["mask", "print"]
    fit = ProfileFit(8)
    for clip in clips:
        fit.add(clip, pai="none")
    with pytest.raises(ArgumentError, match=r"^attack: expected at least one picture, got none$"):
        fit.result()
    fit.add(clips[0], pai="mask")
    np.testing.assert_array_equal(fit.result().bonafide, made.bonafide)


def test_a_profile_that_is_written_anew_is_read_anew(tmp_path):
    path, flat = tmp_path / "p.npz", np.zeros((3, 4))
    for gain in (0.1, 0.9):
        SpoofProfile(flat, {"print": flat + gain}).save(path)
        assert named_profile(str(path)).attack["print"].max() == pytest.approx(gain)
