"""The preview: what each tile holds, which partner an operation gets, what the captions say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import specaug.preview_sheet.preview_image as module
from specaug.augment import (
    OPERATIONS,
    BandScaleParams,
    Drawn,
    FdaParams,
    GrainParams,
    Grating,
    GratingParams,
    HalftoneParams,
    JpegParams,
    SpectralJitterParams,
    ToneParams,
    apply_drawn,
    bandpass_inject,
    fda,
    moire,
)
from specaug.augment.recipes.recipe import Recipe
from specaug.color import hsv_to_rgb, rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.preview_sheet import SHOWCASE, image_sheet
from specaug.spectrum import log_spectrum

HEIGHT, WIDTH = 40, 56


def picture(height=HEIGHT, width=WIDTH, seed=0):
    small = np.random.default_rng(seed).integers(20, 236, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height)))


@pytest.fixture
def tiles(monkeypatch):
    """The tiles that a preview puts on its sheet."""
    kept = {}

    def sheet(tiles, *, columns):
        kept["tiles"], kept["columns"] = list(tiles), columns
        return np.zeros((1, 1, 3), np.uint8)

    monkeypatch.setattr(module, "contact_sheet", sheet)

    def of(image, **settings):
        image_sheet(image, **settings)
        assert kept["columns"] == 6
        return kept["tiles"]

    return of


def mirrored(image):
    """The stand-in for a partner, pixel by pixel."""
    expected = np.empty_like(image)
    height, width = image.shape[:2]
    for y in range(height):
        for x in range(width):
            red, green, blue = image[y, width - 1 - x].tolist()
            expected[y, x] = [blue // 2 + 64, green // 2 + 64, red // 2 + 64]
    return expected


def test_the_first_row_is_picture_spectrum_planes_and_reference(tiles):
    image = picture()
    found = tiles(image, operations=[])
    texts = ["picture 56 x 40 px", "log spectrum, 0 in the middle", "hue", "saturation", "value", "reference"]
    assert [t.text for t in found] == texts
    hsv = rgb_to_hsv(image)
    full = hsv_to_rgb(np.stack([hsv[..., 0], *[np.ones((HEIGHT, WIDTH))] * 2], axis=-1))
    spectrum = log_spectrum(image)
    expected = [image, spectrum / spectrum.max() * 255, full * 255, hsv[..., 1] * 255, hsv[..., 2] * 255]
    for tile, wanted in zip(found, expected, strict=False):
        wanted = wanted if wanted.ndim == 3 else wanted[..., None]
        assert tile.image.shape == (HEIGHT, WIDTH, 3)
        assert np.abs(tile.image - wanted).max() <= 0.501
    np.testing.assert_array_equal(found[5].image, mirrored(image))


def test_spectra_of_results_share_the_scale_of_the_first(tiles):
    image = picture()
    drawn = Drawn("band_scale", BandScaleParams(1 / 16, 1 / 4, 3.0))
    *_, result, spectrum = tiles(image, operations=[drawn])
    assert spectrum.text == "its spectrum"
    scale = 255 / log_spectrum(image).max()
    expected = np.clip(log_spectrum(result.image) * scale, 0, 255)
    assert np.abs(spectrum.image - expected[..., None]).max() <= 0.501
    assert (expected > 250).any()


def test_operations_follow_in_order_each_with_its_spectrum(tiles):
    image, drawn = (
        picture(),
        (Drawn("jpeg", JpegParams(30)), Drawn("tone", ToneParams(1.3, 0.8, (1.1, 1.0, 0.85)))),
    )
    found = tiles(image, operations=iter(drawn))[6:]
    assert [t.text.partition(":")[0] for t in found] == ["jpeg", "its spectrum", "tone", "its spectrum"]
    for tile, one in zip(found[::2], drawn, strict=True):
        np.testing.assert_array_equal(tile.image, apply_drawn(image, one).image)


def test_without_a_partner_a_reference_is_mirrored_and_a_donor_has_moire_on_it(tiles):
    image = picture()
    names = {"reference": "fda", "donor": "bandpass_inject"}
    assert {name: OPERATIONS[op].partner for name, op in names.items()} == {n: n for n in names}
    chosen = [d for d in SHOWCASE if d.operation in names.values()]
    found = {t.text.partition(":")[0]: t.image for t in tiles(image, operations=chosen)[6:]}
    donor = moire(mirrored(image), gratings=[Grating(0.13, 0.09, 0.3), Grating(-0.21, 0.15, 0.3)])
    np.testing.assert_array_equal(found["fda"], fda(image, mirrored(image), beta=0.05))
    settings = {"low": 1 / 16, "high": np.sqrt(0.5), "gain": 1.5}
    np.testing.assert_array_equal(found["bandpass_inject"], bandpass_inject(image, donor, **settings))


def test_a_given_partner_is_reference_and_donor(tiles):
    image, partner = picture(), picture(seed=4)
    chosen = [d for d in SHOWCASE if d.operation in ("fda", "bandpass_inject")]
    found = tiles(image, partner=partner, operations=chosen)
    np.testing.assert_array_equal(found[5].image, partner)
    np.testing.assert_array_equal(found[6].image, fda(image, partner, beta=0.05))
    expected = bandpass_inject(image, partner, low=1 / 16, high=np.sqrt(0.5), gain=1.5)
    np.testing.assert_array_equal(found[8].image, expected)


def test_a_partner_takes_the_size_of_the_picture(tiles):
    partner = picture(90, 30, seed=3)
    found = tiles(picture(), partner=partner, operations=[])[5].image
    expected = Image.fromarray(partner).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(found, np.asarray(expected))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((384, 100), (384, 100)),
        ((385, 385), (384, 384)),
        ((100, 768), (50, 384)),
        ((2000, 2), (384, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_pictures_are_shown_at_most_384_px_long(tiles, size, shown):
    first = tiles(np.full((*size, 3), 77, np.uint8), operations=[])[0]
    assert first.image.shape == (*shown, 3)
    assert first.text == f"picture {shown[1]} x {shown[0]} px"
    assert (first.image == 77).all()


def test_marked_pictures_say_so_and_operations_get_them_unmarked(tiles):
    image = picture()
    found = tiles(image, landmarks=np.array([[20, 20]]), operations=[Drawn("jpeg", JpegParams(90))])
    assert found[0].text == "picture 56 x 40 px, landmarks"
    assert (found[0].image != image).any()
    np.testing.assert_array_equal(found[6].image, apply_drawn(image, Drawn("jpeg", JpegParams(90))).image)


def test_no_landmarks_are_landmarks_too(tiles):
    found = tiles(picture(), landmarks=np.zeros((0, 2)), operations=[])[0]
    np.testing.assert_array_equal(found.image, picture())


@pytest.mark.parametrize(
    ("bad", "shape"),
    [(np.zeros((2, 5)), r"\(2, 5\)"), (np.array([[1, np.inf]]), r"\(1, 2\)"), (3.0, r"\(\)")],
)
def test_landmarks_that_are_no_points_are_refused_with_their_shape(bad, shape):
    with pytest.raises(
        ArgumentError, match=rf"^landmarks: expected finite numbers of shape \(n, 2\), got {shape}$"
    ):
        image_sheet(picture(), landmarks=bad)


@pytest.mark.parametrize(
    ("drawn", "caption"),
    [
        (Drawn("fda", FdaParams(0.05)), "fda: beta 0.05"),
        (Drawn("jpeg", JpegParams(30)), "jpeg: quality 30"),
        (
            Drawn("band_scale", BandScaleParams(1 / 16, 0.25, 2.5)),
            "band_scale: low 0.0625, high 0.25, gain 2.5",
        ),
        (
            Drawn("halftone", HalftoneParams(4.0, 0.0, 0.7, "blue_noise")),
            "halftone: cell 4, angle 0, strength 0.7, blue_noise",
        ),
        (Drawn("spectral_jitter", SpectralJitterParams(0.6, 5)), "spectral_jitter: amount 0.6"),
        (Drawn("moire", GratingParams((Grating(0.1, 0.1, 0.1),) * 3)), "moire: 3 waves"),
        (Drawn("grain", GrainParams(0.15, 0.3, 0.5, 9)), "grain: "),
        (Drawn("tone", ToneParams(1.3, 0.8, (1.1, 1.0, 0.85))), "tone: "),
    ],
)
def test_captions_tell_the_settings_that_are_not_the_default(tiles, drawn, caption):
    text = tiles(picture(), operations=[drawn])[6].text
    assert text.startswith(caption)
    assert "seed" not in text
    if not caption.endswith(": "):
        assert text == caption


def test_settings_at_their_default_are_left_out(tiles):
    plain = next(d for d in SHOWCASE if d.operation == "recapture_screen")
    text = tiles(picture(), operations=[plain])[6].text
    assert text == "recapture_screen: lens_sigma 0.5, density 0.3, pwm 0.2"


def test_a_recipe_is_drawn_in_order_with_its_branch_and_steps_as_caption(tiles):
    image, recipe = picture(), Recipe.from_preset("control")
    found = tiles(image, recipe=recipe, draws=5, rng=7)[6:]
    rng = np.random.default_rng(7)
    assert len(found) == 10
    for result, spectrum in zip(found[::2], found[1::2], strict=True):
        drawn = recipe.sample(rng)
        steps = " + ".join(step["operation"] for step in drawn["steps"]) or "nothing"
        assert result.text == f"{drawn['branch']}: {steps}"
        assert spectrum.text == "its spectrum"
        np.testing.assert_array_equal(result.image, recipe.apply(image, drawn))


def test_a_recipe_that_takes_a_donor_gets_it(tiles):
    image, partner, recipe = picture(), picture(seed=8), Recipe.from_preset("fda")
    result = tiles(image, partner=partner, recipe=recipe, draws=1, rng=2)[6].image
    drawn = recipe.sample(np.random.default_rng(2))
    np.testing.assert_array_equal(result, recipe.apply(image, drawn, partner))


def test_a_recipe_replaces_operations_and_is_drawn_nine_times(tiles):
    found = tiles(picture(), recipe=Recipe.from_preset("control"), operations=SHOWCASE)
    assert len(found) == 6 + 2 * 9


def test_a_recipe_is_drawn_alike_each_time_without_a_generator(tiles):
    recipe = Recipe.from_preset("control")
    first, second = ([t.text for t in tiles(picture(), recipe=recipe, **rng)] for rng in ({}, {"rng": 0}))
    assert first == second
    assert first != [t.text for t in tiles(picture(), recipe=recipe, rng=1)]


@pytest.mark.parametrize("draws", [0, -1])
def test_a_recipe_must_be_drawn(draws):
    with pytest.raises(ArgumentError, match=f"^draws: expected at least 1, got {draws}$"):
        image_sheet(picture(), recipe=Recipe.from_preset("control"), draws=draws)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.uint16), np.zeros((8, 8, 1), np.uint8)],
)
@pytest.mark.parametrize("name", ["image", "partner"])
def test_other_pictures_are_refused_by_name(name, bad):
    given = {"image": picture(), "partner": picture()} | {name: bad}
    with pytest.raises((ArgumentError, TypeError), match=f"^{name}: expected"):
        image_sheet(given["image"], partner=given["partner"])


def test_inputs_are_left_as_they_are():
    image, partner, points = picture(), picture(50, 50, 2), np.array([[3.0, 4.0]])
    before = image.copy(), partner.copy(), points.copy()
    image_sheet(image, partner=partner, landmarks=points, operations=SHOWCASE[:2])
    for now, then in zip((image, partner, points), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_black_picture_has_a_black_spectrum(tiles):
    black = np.zeros((32, 32, 3), np.uint8)
    found = tiles(black, operations=[])
    assert found[1].image.max() == 0
    assert (found[5].image == 64).all()
