"""The contact sheet: every operation on it, at the place and size it says, from any picture."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from specaug.align import template
from specaug.augment import OPERATIONS, apply_drawn
from specaug.augment.recipes.recipe import Recipe
from specaug.errors import ArgumentError
from specaug.extract import first_face
from specaug.media.write import write_video
from specaug.preview_sheet import SHOWCASE, Tile, contact_sheet, image_sheet
from specaug.records import BuildConfig, Face
from specaug_cli.main import cli


def picture(height=80, width=64, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height)))


def test_showcase_shows_every_operation_that_needs_no_learning():
    assert {drawn.operation for drawn in SHOWCASE} == set(OPERATIONS) - {"profile"}


def test_tiles_are_the_pictures_themselves():
    image = picture()
    sheet = image_sheet(image)
    assert sheet.shape[1] == 6 * (64 + 8) + 8
    np.testing.assert_array_equal(sheet[8:88, 8:72], image)
    blur = next(i for i, drawn in enumerate(SHOWCASE) if drawn.operation == "recapture_blur")
    tile = 6 + 2 * blur
    y, x = 8 + tile // 6 * (80 + 30), 8 + tile % 6 * (64 + 8)
    np.testing.assert_array_equal(sheet[y : y + 80, x : x + 64], apply_drawn(image, SHOWCASE[blur]).image)


def test_every_operation_and_its_spectrum_differ_from_the_picture():
    image = picture()
    sheet = image_sheet(image)
    tiles = [
        sheet[8 + t // 6 * 110 :][:80, 8 + t % 6 * 72 :][:, :64].astype(int)
        for t in range(6 + 2 * len(SHOWCASE))
    ]
    for i, drawn in enumerate(SHOWCASE):
        assert np.abs(tiles[6 + 2 * i] - tiles[0]).mean() > 1, drawn
        assert np.abs(tiles[7 + 2 * i] - tiles[1]).mean() > 1, drawn


def test_large_pictures_are_scaled_down_and_partners_to_them():
    sheet = image_sheet(picture(800, 400), partner=picture(50, 60, 1), operations=SHOWCASE[:1])
    assert sheet.shape == (8 + 2 * (384 + 30), 6 * (192 + 8) + 8, 3)


def test_flat_and_read_only_pictures():
    flat = np.full((32, 32, 3), 90, np.uint8)
    flat.flags.writeable = False
    assert image_sheet(flat, partner=picture(32, 32)).dtype == np.uint8


def test_landmarks_are_marked_where_they_are_and_nowhere_else():
    image = picture(80, 64)
    points = np.array([[20.0, 30.0], [44.0, 60.0]])
    plain, marked = (image_sheet(image, operations=[], landmarks=p)[8:88, 8:72] for p in (None, points))
    y, x = np.nonzero((plain != marked).any(axis=-1))
    distance = np.hypot(x[:, None] - points[:, 0], y[:, None] - points[:, 1]).min(axis=1)
    assert distance.max() <= 5
    assert {
        int(n) for n in np.hypot(x[:, None] - points[:, 0], y[:, None] - points[:, 1]).argmin(axis=1)
    } == {0, 1}


def test_landmarks_shrink_with_the_picture():
    points = np.array([[200.0, 600.0]])
    plain, marked = (
        image_sheet(picture(800, 400), operations=[], landmarks=p)[8:392, 8:200] for p in (None, points)
    )
    y, x = np.nonzero((plain != marked).any(axis=-1))
    assert (x.mean(), y.mean()) == (pytest.approx(96, abs=2), pytest.approx(288, abs=2))


@pytest.mark.parametrize("bad", [np.zeros(4), np.zeros((5, 3)), np.full((5, 2), np.nan)])
def test_other_landmarks_are_named(bad):
    with pytest.raises(ArgumentError, match="landmarks: expected"):
        image_sheet(picture(), landmarks=bad)


@pytest.mark.parametrize("name", ["fda", "control"])
def test_a_recipe_is_drawn_as_often_as_asked(name):
    image, recipe = picture(), Recipe.from_preset(name)
    sheet = image_sheet(image, recipe=recipe, draws=4, rng=3)
    assert sheet.shape[0] == 3 * (80 + 30) + 8
    np.testing.assert_array_equal(sheet, image_sheet(image, recipe=recipe, draws=4, rng=3))
    rng = np.random.default_rng(3)
    drawn = [recipe.sample(rng) for _ in range(4)]
    if name == "control":  # takes no donor
        np.testing.assert_array_equal(sheet[118 : 118 + 80, 8:72], recipe.apply(image, drawn[0]))
    assert sheet.shape[1] == 6 * (64 + 8) + 8


def test_long_captions_stay_within_their_tile():
    tile = Tile(np.zeros((20, 100, 3), np.uint8), "a caption that is far too long for its tile " * 5)
    sheet = contact_sheet([tile, Tile(tile.image, "")], columns=2)
    assert (sheet[30:, 110:] == 255).all()
    assert (sheet[30:, 8:108] < 128).any()


@pytest.mark.parametrize("kind", ["mp4", "png"])
def test_command_shows_video_and_photo_with_landmarks(kind, tmp_path, monkeypatch):
    seen = np.zeros((120, 160, 3), np.uint8)
    y, x = np.mgrid[0:120, 0:160]
    seen[...] = (128 + 60 * np.sin(x / 7 + y / 5))[..., None].astype(np.uint8)
    path = tmp_path / f"face.{kind}"
    if kind == "png":
        Image.fromarray(seen).save(path)
    else:
        write_video(path, iter([seen] * 9), fps=24)
    corners = (template(80, 1.0) + np.array([40.0, 20.0])).astype(np.float32)
    face = Face(np.array([40, 20, 120, 100], np.float32), corners, 0.9)
    find = partial(first_face, detector=_OneFace(face))
    monkeypatch.setattr("specaug.preview_sheet.preview_media.first_face", find)
    arguments = ["preview", str(path), "-o", str(tmp_path / "p.png"), "--size", "64", "--recipe", "control"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.endswith(f"p.png: {6 * 72 + 8}x{4 * 94 + 8} px\n")
    crop, landmarks = find(path, BuildConfig(size=64))
    assert crop.shape == (64, 64, 3)
    np.testing.assert_allclose(landmarks, template(64, 1.3), atol=1e-3)


class _OneFace:
    """Finds one given face in every picture."""

    name, version = "one", "1"

    def __init__(self, face):
        self.face = face

    def __call__(self, image):
        return [self.face]

    def refine(self, image, face):
        return face


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((2, 8, 8, 3), np.uint8)]
)
def test_other_pictures_are_named(image):
    with pytest.raises(ArgumentError, match="image: expected"):
        image_sheet(image)


@pytest.mark.media
def test_a_photo_shows_each_operation(media_dir):
    photo = np.asarray(Image.open(media_dir / "images" / "obama.jpg").convert("RGB"))
    sheet = image_sheet(photo)
    assert sheet.shape[0] > 2000
    assert sheet.std() > 40
