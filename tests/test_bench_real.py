"""The benchmark on real recaptures, on generated photographs whose answers are known."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specaug.augment import Recipe, recapture_blur
from specaug.errors import ArgumentError

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from bench_real import counts, measure
from real_cues import BANDS, cues, spectra, whitened_peaks
from real_figures import Measured, auc, change, distance, in_bands, made_by, on_real, summary, told_apart
from real_photos import SIDE, Crops, cut_crops, find_photographs

AUTHORS = ("ann", "ben", "cid")
CUTOFF = 0.35
EXACT = (1.0, 1.0)


def scene(rng: np.random.Generator, side: int = 240) -> np.ndarray:
    """A picture whose amplitudes fall with frequency, as those of photographs do, with a camera's noise."""
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    grey = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) / (f + 0.01), s=(side, side))
    colors = grey[..., None] / grey.std() * 30 + 128 + rng.normal(0, 3, (side, side, 3))
    return np.rint(colors.clip(0, 255)).astype(np.uint8)


def write(media: Path, kinds: dict[str, object], *, authors=AUTHORS, photographs: int = 5) -> Path:
    """`photographs` of each kind by each author, as PNG: clean ones, or what the kind's function makes of others."""
    rng = np.random.default_rng(5)
    for author, (kind, changed), number in itertools.product(authors, kinds.items(), range(photographs)):
        folder = media / author / kind
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(changed(scene(rng), rng)).save(folder / f"{number:02d}.png")
    return media


def untouched(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image


def waved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    recipe = Recipe.from_text(wave_step())
    return recipe.apply(image, recipe.sample(rng))


def blurred(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return recapture_blur(image, cutoff=CUTOFF)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Crops:
    kinds = {"clean": untouched, "screen": waved, "print": blurred}
    return cut_crops(write(tmp_path_factory.mktemp("media"), kinds), each=2, reductions=EXACT)


def wave_step() -> str:
    ranges = "{ number = [1, 1], amplitude = [0.08, 0.12], frequency = [0.2, 0.3] }"
    return f"[[steps]]\noperation = 'moire'\nranges = {ranges}"


def blur_step() -> str:
    return f"[[steps]]\noperation = 'recapture_blur'\nranges = {{ cutoff = [{CUTOFF}, {CUTOFF}] }}"


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("recipes")
    texts = {
        "waves": wave_step(),
        "blur": blur_step(),
        "nothing": "[[steps]]\noperation = 'tone'\nprobability = 0.0",
    }
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(f'label = "attack"\n{text}\n')
    return {name: str(folder / f"{name}.toml") for name in texts}


@pytest.fixture(scope="module")
def found(crops, recipes):
    return measure(crops, list(recipes.values()))


def arm(found, recipes, kind, name):
    return found["kinds"][kind]["arms"][recipes.get(name, name)]


def test_photographs_are_counted_by_author_and_kind(found):
    assert found["photographs"] == {a: {"clean": 5, "screen": 5, "print": 5} for a in AUTHORS}
    assert found["kinds"]["screen"]["authors"] == list(AUTHORS)


def test_the_result_is_plain_json(found):
    assert json.loads(json.dumps(found)) == found


def test_a_recipe_that_makes_what_is_there_finds_it_and_another_does_not(found, recipes):
    waves, blur = (arm(found, recipes, "screen", name)["on_real"]["auc"] for name in ("waves", "blur"))
    assert waves > 0.95
    assert blur < 0.7
    assert arm(found, recipes, "print", "blur")["on_real"]["auc"] > 0.95
    assert arm(found, recipes, "screen", "real")["on_real"]["auc"] > 0.95


def test_what_is_made_alike_is_told_apart_by_chance_only(found, recipes):
    """Blur of the same cut-off on other scenes; untouched photographs are told from blurred ones at once."""
    alike = arm(found, recipes, "print", "blur")["told_apart"]
    low, high = alike["over_authors"]
    assert low < 0.5 < high
    assert arm(found, recipes, "print", "clean")["told_apart"]["auc"] > 0.95
    assert arm(found, recipes, "print", "waves")["told_apart"]["auc"] > 0.95


def test_doing_nothing_is_as_far_as_clean_photographs(found, recipes):
    for kind in ("screen", "print"):
        nothing, clean = (arm(found, recipes, kind, name) for name in ("nothing", "clean"))
        assert nothing["distance"] == clean["distance"]
        assert nothing["told_apart"] == clean["told_apart"]
        assert clean["on_real"] is None


def test_peaks_are_those_of_gratings(found, recipes):
    """Channels have phases of their own: some gratings are seen in luma and some in color, and most in both."""
    real, made = (arm(found, recipes, "screen", name)["peaks"] for name in ("real", "waves"))
    for plane in ("luma", "color"):
        assert min(real[plane], made[plane]) > 0.6
        assert real[plane] == pytest.approx(made[plane], abs=3 * np.sqrt(2 * 0.2 * 0.8 / 30))
    assert arm(found, recipes, "print", "real")["peaks"]["luma"] < 0.15
    # By definition, 2 % of clean crops: one of thirty.
    assert arm(found, recipes, "screen", "clean")["peaks"] == pytest.approx(
        {"luma": 1 / 30, "color": 1 / 30}, abs=1e-3
    )


def test_the_change_in_bands_is_that_of_the_blur(tmp_path):
    """exp(-½ (f/r_c)²) of the amplitude: in dB, -4.34 (f/r_c)², where the scene is above the rounding to 8 bits."""
    media = write(tmp_path, {"clean": untouched, "print": untouched}, authors=AUTHORS[:2])
    crops = cut_crops(media, reductions=EXACT)
    real = Measured(crops)
    recipe = Recipe.from_text(f"label = 'attack'\n{blur_step()}")
    bands = in_bands(change(real, Measured(made_by(recipe, crops)), "print"))["luma_db"]
    expected = [-20 / np.log(10) / 2 * np.mean(np.linspace(*band, 50) ** 2) / CUTOFF**2 for band in BANDS]
    np.testing.assert_allclose(bands, expected, atol=0.3)


def test_the_distance_of_two_changes_is_their_root_mean_square(rng):
    a = np.full((3, 8), np.nan)
    a[:, :6] = 1.0
    b = a + np.array([3.0, 0.0, 2.0])[:, None]
    assert distance(a, b) == {"luma_db": 3.0, "color_db": pytest.approx(np.sqrt(2), abs=5e-4)}


def test_auc_is_the_share_of_pairs_in_order(rng):
    low, high = rng.integers(0, 6, 23).astype(float), rng.integers(2, 9, 31).astype(float)
    pairs = [(h > v) + 0.5 * (h == v) for h in high for v in low]
    assert auc(low, high) == pytest.approx(np.mean(pairs))
    assert auc(low, low + 10) == 1
    assert auc(low, low) == 0.5


def test_intervals_hold_the_mean_and_need_three_authors_for_others(rng):
    scores = {a: (rng.normal(0, 1, 40), rng.normal(1, 1, 40)) for a in AUTHORS}
    three, two = summary(scores), summary({a: scores[a] for a in AUTHORS[:2]})
    assert three["auc"] == pytest.approx(np.mean([auc(*pair) for pair in scores.values()]), abs=1e-3)
    for name in ("over_photographs", "over_authors"):
        low, high = three[name]
        assert low < three["auc"] < high
    # Hanley and McNeil: some 0.05 for 40 against 40 at 0.76, over the root of three authors.
    low, high = three["over_photographs"]
    assert high - low == pytest.approx(4 * 0.05 / np.sqrt(3), rel=0.3)
    assert "over_authors" not in two
    assert summary({}) is None


def test_one_author_who_differs_widens_the_interval_over_authors_alone():
    apart = (np.zeros(20), np.ones(20))
    scores = {"a": apart, "b": apart, "c": (np.ones(20), np.zeros(20))}
    found = summary(scores)
    assert found["over_photographs"] == [found["auc"]] * 2
    assert found["over_authors"] == [0.0, 1.0]


@pytest.mark.parametrize("figure", [on_real, told_apart])
def test_a_rule_sees_nothing_of_the_author_it_is_tried_on(figure, crops):
    """Cues of one author's recaptures and made crops, spoiled, change no score of that author's clean crops."""
    clean = crops.take(np.flatnonzero(crops.of("clean")))
    before = figure(Measured(crops), Measured(clean), "screen")
    real, arm = Measured(crops), Measured(clean)
    real.cues[(crops.author == "ann") & crops.of("screen")] *= 100
    if figure is on_real:
        arm.cues[clean.author == "ann"] *= 100
    after = figure(real, arm, "screen")
    np.testing.assert_array_equal(before["ann"][0], after["ann"][0])
    assert (before["ben"][0] != after["ben"][0]).any()


def test_without_an_arm_the_rule_learns_from_recaptures_of_the_others(crops):
    real = Measured(crops)
    screens = Measured(crops.take(np.flatnonzero(crops.of("screen"))))
    given, own = on_real(real, screens, "screen"), on_real(real, None, "screen")
    for author in AUTHORS:
        np.testing.assert_allclose(given[author], own[author])


def test_brightness_contrast_and_cast_tell_nothing(rng):
    """Of a picture far from black and white, half as bright and paler in one: the same cues but for rounding."""
    plain = np.rint(scene(rng, SIDE) * 0.5 + 60).astype(np.uint8)[None]
    shifted = (plain.astype(int) + np.array([20, 0, -20])).astype(np.uint8)
    np.testing.assert_allclose(cues(plain), cues(shifted), atol=1e-3)


def test_spectra_are_taken_against_the_contrast_of_the_scene(rng):
    """Half the contrast is log 2 less at all frequencies of luma, but for the rounding to 8 bits at the finest."""
    full = scene(rng, SIDE).astype(float)[None]
    pair = [np.rint(128 + k * (full - 128)).astype(np.uint8) for k in (1.0, 0.5)]
    curves = [spectra(p)[0, 0] for p in pair]
    shapes = [cues(p)[0, : int((~np.isnan(curves[0])).sum())] for p in pair]
    np.testing.assert_allclose(np.nanmean(curves[0] - curves[1]), np.log(2), atol=0.03)
    np.testing.assert_allclose(shapes[0], shapes[1], atol=0.1)


def test_a_whitened_peak_is_where_its_grating_is(rng):
    x = np.arange(SIDE)
    for band, f in enumerate((0.06, 0.15, 0.25, 0.4)):
        picture = 128 + rng.normal(0, 4, (SIDE, SIDE, 3)) + 12 * np.cos(2 * np.pi * f * x)[None, :, None]
        peaks = whitened_peaks(np.rint(picture).astype(np.uint8)[None])[0]
        assert np.argmax(peaks[0]) == band
        assert peaks[0, band] > np.delete(peaks[0], band).max() + 1
        assert peaks[1:].max() < peaks[0, band] - 1


def test_a_photograph_gives_the_same_crops_whatever_stands_beside_it(tmp_path):
    media = write(tmp_path, {"clean": untouched}, authors=("ann",), photographs=2)
    before = cut_crops(media, each=2)
    (media / "ann" / "notes").mkdir()
    (media / "ann" / "clean" / "list.txt").write_text("no photograph")
    Image.fromarray(scene(np.random.default_rng(9))).save(media / "ann" / "clean" / "00a.png")
    after = cut_crops(media, each=2)
    assert [path.name for path in find_photographs(media)] == ["00.png", "00a.png", "01.png"]
    np.testing.assert_array_equal(after.pixels[[0, 1, 4, 5]], before.pixels)
    assert ((before.reduction >= 1.0) & (before.reduction <= 1.3)).all()


def test_a_photograph_on_its_side_is_cut_upright(tmp_path):
    """Rows that differ and columns that do not, stored as they are and turned by a quarter with a note in EXIF."""
    rows = np.round(128 + 60 * np.sin(np.arange(200) / 5)).astype(np.uint8)
    upright = Image.fromarray(np.repeat(np.repeat(rows[:, None], 240, axis=1)[..., None], 3, axis=2))
    exif = Image.Exif()
    exif[0x0112] = 6  # a reader turns it by 90 degrees clockwise
    for author, image, note in (
        ("a", upright, Image.Exif()),
        ("b", upright.transpose(Image.Transpose.ROTATE_90), exif),
    ):
        (tmp_path / author / "clean").mkdir(parents=True)
        image.save(tmp_path / author / "clean" / "x.jpg", exif=note, quality=95)
    for crop in cut_crops(tmp_path, each=1).pixels.astype(float):
        assert crop.mean(axis=1).std() > 3 * crop.mean(axis=0).std()


def test_flat_pictures_and_small_ones_give_no_crops(tmp_path):
    folder = tmp_path / "ann" / "clean"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((300, 300, 3), 90, np.uint8)).save(folder / "wall.png")
    Image.fromarray(scene(np.random.default_rng(1), 100)).save(folder / "small.png")
    with pytest.raises(
        ArgumentError, match="media: expected photographs of 128 px and more, with some detail"
    ):
        cut_crops(tmp_path)


def test_a_folder_without_photographs_is_named(tmp_path):
    with pytest.raises(ArgumentError, match=r"media: expected photographs in AUTHOR/\{clean,screen,print\}"):
        cut_crops(tmp_path)


def test_a_recipe_with_donors_is_refused(crops):
    with pytest.raises(ArgumentError, match="recipe: expected one that takes no donor, got 'fda'"):
        made_by(Recipe.from_preset("fda"), crops)


def test_a_kind_that_nobody_has_enough_of_is_left_out(tmp_path):
    media = write(tmp_path, {"clean": untouched, "print": blurred}, authors=AUTHORS[:2], photographs=3)
    assert measure(cut_crops(media, each=1), [])["kinds"] == {}


def test_draws_depend_on_the_place_of_a_crop_alone(crops):
    recipe = Recipe.from_preset("control")
    first, again = (made_by(recipe, crops).pixels for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert counts(crops)["ann"]["clean"] == 5


def test_a_network_learns_what_the_rule_learns(crops, recipes):
    pytest.importorskip("torch", reason="torch is an optional dependency")
    from real_network import network_on_real

    made = made_by(Recipe.from_toml(recipes["waves"]), crops)
    scores = network_on_real(crops, made, "screen", epochs=25, seeds=1)
    assert summary(scores)["auc"] > 0.8
    assert set(scores) == set(AUTHORS)
