"""Draw the pictures of the documentation: input, output and both spectra of each operation, and two overviews.

    python docs/make_pictures.py

The faces are those of ``specaug demo``: drawn by this library, so that no person and no photograph is in the docs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from specaug.augment import (
    BandpassInjectParams,
    BandScaleParams,
    Drawn,
    FdaParams,
    GrainParams,
    Grating,
    GratingParams,
    HalftoneParams,
    RecaptureBlurParams,
    SceneBlurParams,
    SpectralJitterParams,
    SpectralMixParams,
    apply_drawn,
)
from specaug.augment.recipes.recipe import Recipe
from specaug.demo_data.make import film_clip
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.subject import sample_subject
from specaug.extract import first_face
from specaug.preview_sheet import Tile, contact_sheet, grey, image_sheet
from specaug.spectrum import MAX_RADIUS, log_spectrum

OUT = Path(__file__).parent / "operations" / "pictures"
SIDE = 192

SHOWN: dict[str, tuple[Drawn, str | None]] = {
    "spectral_mix": (Drawn("spectral_mix", SpectralMixParams(0.8)), "reference"),
    "fda": (Drawn("fda", FdaParams(0.05)), "reference"),
    "bandpass_inject": (Drawn("bandpass_inject", BandpassInjectParams(1 / 16, MAX_RADIUS, 1.5)), "donor"),
    "band_scale": (Drawn("band_scale", BandScaleParams(1 / 16, 1 / 4, 2.5)), None),
    "recapture_blur": (Drawn("recapture_blur", RecaptureBlurParams(0.10)), None),
    "moire": (
        Drawn(
            "moire",
            GratingParams(
                (
                    Grating(0.031, 0.012, 0.22, (0.0, 2.1, 4.2)),
                    Grating(0.19, -0.11, 0.12, (0.0, 2.1, 4.2)),
                )
            ),
        ),
        None,
    ),
    "halftone": (Drawn("halftone", HalftoneParams(4.5, (15.0, 45.0, 75.0), 0.7)), None),
    "halftone_blue_noise": (Drawn("halftone", HalftoneParams(4.0, 0.0, 0.7, "blue_noise")), None),
    "scene_blur": (Drawn("scene_blur", SceneBlurParams(0.10)), None),
    "grain": (Drawn("grain", GrainParams(0.12, 0.3, 0.5, 0)), None),
    "spectral_jitter": (Drawn("spectral_jitter", SpectralJitterParams(0.6, 0)), None),
    "fourier_basis": (
        Drawn(
            "fourier_basis",
            GratingParams(
                (
                    Grating(0.11, 0.07, (0.15, 0.0, 0.0)),
                    Grating(-0.05, 0.2, (0.0, 0.15, 0.0)),
                    Grating(0.3, 0.1, (0.0, 0.0, 0.15)),
                )
            ),
        ),
        None,
    ),
}


def face(number: int, kind: str) -> np.ndarray:
    """The head of a simulated subject, as filmed in person, from a screen or from paper."""
    rng = np.random.default_rng(number)
    portrait = draw_portrait(sample_subject(number, rng=rng), rng=rng)
    frame = next(iter(film_clip(portrait, kind, size=(320, 320), frames=1, rng=rng)))  # type: ignore[arg-type]
    return np.ascontiguousarray(frame[60 : 60 + SIDE, 64 : 64 + SIDE])


def attacks() -> np.ndarray:
    """A subject in person, printed, replayed, and made an attack by two recipes; spectra beneath."""
    live = face(5, "bonafide")
    shown = [("bona fide", live), ("attack: print", face(5, "print")), ("attack: replay", face(5, "replay"))]
    for name in ("recapture-screen", "recapture-print"):
        recipe = Recipe.from_preset(name)
        shown.append((f"made by {name}", np.asarray(recipe.apply(live, recipe.sample(3)))))
    scale = 255 / float(log_spectrum(live).max())
    tiles = [Tile(image, text) for text, image in shown]
    tiles += [Tile(grey(log_spectrum(image) * scale), "its spectrum") for _, image in shown]
    return contact_sheet(tiles, columns=len(shown))


RECIPES = (
    "recapture-screen",
    "recapture-print",
    "traces",
    "profile",
    "mix-high",
    "bandpass",
    "fda",
    "control",
)


def recipes() -> np.ndarray:
    """In person, attacks, and what each recipe makes of the first, spectra beneath."""
    live, reference, donor = face(5, "bonafide"), face(3, "bonafide"), face(3, "print")
    shown = [("bona fide", live), ("attack: print", face(5, "print")), ("attack: replay", face(5, "replay"))]
    for name in RECIPES:
        recipe = Recipe.from_preset(name)
        lent = {None: None, "bonafide": reference, "attack": donor}[recipe.donor]
        shown.append((name, np.asarray(recipe.apply(live, recipe.sample(4), lent))))
    return with_spectra(shown, columns=5)


def recaptured(name: str) -> np.ndarray:
    """A picture and three draws of a recapture."""
    live, recipe = face(5, "bonafide"), Recipe.from_preset(name)
    shown = [("input", live)]
    for seed in (1, 2, 4):
        drawn = recipe.sample(seed)
        params = drawn["steps"][0]["params"]
        told = f"density {params['density']:.2f}" if "density" in params else params["sheet"]
        shown.append((told, np.asarray(recipe.apply(live, drawn))))
    return with_spectra(shown, columns=4)


def with_spectra(shown: list[tuple[str, np.ndarray]], *, columns: int) -> np.ndarray:
    """Rows of pictures, each with a row of spectra beneath, all spectra in one scale."""
    scale = 255 / float(log_spectrum(shown[0][1]).max())
    tiles = []
    for first in range(0, len(shown), columns):
        row = shown[first : first + columns]
        tiles += [Tile(image, text) for text, image in row]
        tiles += [Tile(grey(log_spectrum(image) * scale), "its spectrum") for _, image in row]
    return contact_sheet(tiles, columns=columns)


def previewed() -> np.ndarray:
    """What `specaug preview` shows of a drawn subject, with the landmarks that the detector finds."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(5)
        portrait = draw_portrait(sample_subject(5, rng=rng), rng=rng)
        frame = next(iter(film_clip(portrait, "bonafide", size=(640, 480), frames=1, rng=rng)))
        path = Path(folder) / "face.png"
        Image.fromarray(np.ascontiguousarray(frame)).save(path)
        crop, landmarks = first_face(path)
    return image_sheet(crop, landmarks=landmarks)


def save(name: str, sheet: np.ndarray) -> None:
    """256 colours halve the files, and nobody measures a spectrum off these pictures."""
    picture = Image.fromarray(sheet).quantize(256, dither=Image.Dither.NONE)
    picture.save(OUT / f"{name}.png", optimize=True)


def main() -> None:
    """Draw every picture anew."""
    OUT.mkdir(parents=True, exist_ok=True)
    save("attacks", attacks())
    save("preview", previewed())
    save("recipes", recipes())
    for name in ("recapture-screen", "recapture-print"):
        save(name.replace("-", "_"), recaptured(name))
    picture = face(5, "bonafide")
    partners = {"reference": face(3, "bonafide"), "donor": face(3, "print")}
    scale = 255 / float(log_spectrum(picture).max())
    for name, (drawn, kind) in SHOWN.items():
        partner = None if kind is None else partners[kind]
        result = apply_drawn(picture, drawn, partner).image
        shown = [("input", picture), ("output", result)]
        if kind is not None and partner is not None:
            shown.insert(1, (kind, partner))
        tiles = [Tile(image, text) for text, image in shown]
        tiles += [Tile(grey(log_spectrum(image) * scale), f"spectrum of {text}") for text, image in shown]
        save(name, contact_sheet(tiles, columns=len(shown)))


if __name__ == "__main__":
    main()
