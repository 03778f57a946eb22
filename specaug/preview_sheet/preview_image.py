"""A crop, its colour planes, its spectrum, and what each operation or a recipe makes of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from PIL import Image

from specaug.arrays import check_image
from specaug.augment import Drawn, Grating, GratingParams, Recipe, apply_drawn
from specaug.augment.registry import operation
from specaug.color import hsv_to_rgb, rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.preview_sheet.sheet import Tile, contact_sheet, grey, marked, to_bytes
from specaug.preview_sheet.showcase import SHOWCASE
from specaug.spectrum import log_spectrum

_PAIRS = 3  # a row
_LARGEST = 384


def image_sheet(
    image: np.ndarray,
    *,
    partner: np.ndarray | None = None,
    landmarks: np.ndarray | None = None,
    operations: Iterable[Drawn] = SHOWCASE,
    recipe: Recipe | None = None,
    draws: int = 9,
    rng: np.random.Generator | int | None = 0,
) -> np.ndarray:
    """A contact sheet of a picture.

    The first row shows the picture, its spectrum, hue, saturation and value, and the partner; the others each
    operation, or each draw of a recipe, beside the spectrum of its result. All spectra share one scale.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
        RGB. More than 384 px on a side are scaled down for the sheet.
    partner : (H, W, 3) uint8 array or None
        Reference and donor, scaled to the size of `image`; None takes the picture mirrored, in half
        the contrast and with red and blue exchanged, and for a donor with moiré on it.
    landmarks : (n, 2) array or None
        Points (x, y) in px of `image` that are marked in the first picture.
    operations : iterable of Drawn
        What to show where there is no `recipe`.
    recipe : Recipe or None
    draws : int
        How often the recipe is drawn.
    rng : numpy.random.Generator, int or None
        Draws the recipe.

    Returns
    -------
    (height, width, 3) uint8 array
        RGB.

    Raises
    ------
    ArgumentError
        If a picture is not RGB in uint8.

    Examples
    --------
    >>> import numpy as np
    >>> image_sheet(np.zeros((64, 64, 3), np.uint8), operations=SHOWCASE[-1:]).shape
    (196, 440, 3)
    """
    picture = _for_sheet("image", image, None)
    reference, donor = _partners(picture, partner)
    spectrum = log_spectrum(picture)
    scale = 255.0 / max(float(spectrum.max()), 1e-6)
    hue, saturation, value = np.moveaxis(rgb_to_hsv(picture), -1, 0)
    full = np.ones_like(hue)
    tiles = [
        _first(picture, image, landmarks),
        Tile(grey(spectrum * scale), "log spectrum, 0 in the middle"),
        Tile(to_bytes(hsv_to_rgb(np.stack((hue, full, full), axis=-1)) * 255), "hue"),
        Tile(grey(saturation * 255), "saturation"),
        Tile(grey(value * 255), "value"),
        Tile(reference, "reference"),
    ]
    partners = {None: None, "reference": reference, "donor": donor}
    shown = (
        ((_one(picture, drawn, partners), _caption(drawn)) for drawn in operations)
        if recipe is None
        else _drawn(picture, donor, recipe, draws, np.random.default_rng(rng))
    )
    for result, text in shown:
        tiles += [Tile(result, text), Tile(grey(log_spectrum(result) * scale), "its spectrum")]
    return contact_sheet(tiles, columns=2 * _PAIRS)


def _first(picture: np.ndarray, image: np.ndarray, landmarks: np.ndarray | None) -> Tile:
    """The picture itself, with its landmarks if they are known."""
    text = f"picture {picture.shape[1]} x {picture.shape[0]} px"
    if landmarks is None:
        return Tile(picture, text)
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ArgumentError(f"landmarks: expected finite numbers of shape (n, 2), got {points.shape}")
    shrink = picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0]
    return Tile(marked(picture, points * shrink), f"{text}, landmarks")


def _one(picture: np.ndarray, drawn: Drawn, partners: Mapping[str | None, np.ndarray | None]) -> np.ndarray:
    return np.asarray(apply_drawn(picture, drawn, partners[operation(drawn.operation).partner]).image)


def _drawn(
    picture: np.ndarray, donor: np.ndarray, recipe: Recipe, draws: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, str]]:
    """Results of a recipe, each with its branch and its operations."""
    if draws < 1:
        raise ArgumentError(f"draws: expected at least 1, got {draws!r}")
    for _ in range(draws):
        drawn = recipe.sample(rng)
        steps = " + ".join(step["operation"] for step in drawn["steps"]) or "nothing"
        needs = any(operation(step["operation"]).partner for step in drawn["steps"])
        yield (
            np.asarray(recipe.apply(picture, drawn, donor if needs else None)),
            f"{drawn['branch']}: {steps}",
        )


def _for_sheet(name: str, image: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """RGB of `size` (H, W), or no larger than the sheet allows; scaling down filters first."""
    check_image(name, image, channels=3)
    if image.ndim != 3 or image.dtype != np.uint8:
        raise ArgumentError(
            f"{name}: expected shape (H, W, 3) and dtype uint8, got {image.shape}, {image.dtype}"
        )
    height, width = image.shape[:2]
    shrink = min(1.0, _LARGEST / max(height, width))
    target = (max(1, round(height * shrink)), max(1, round(width * shrink))) if size is None else size
    if target == (height, width):
        return np.ascontiguousarray(image)
    scaled = Image.fromarray(np.ascontiguousarray(image)).resize(target[::-1], Image.Resampling.LANCZOS)
    return np.asarray(scaled)


def _partners(picture: np.ndarray, partner: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Reference and donor."""
    if partner is not None:
        given = _for_sheet("partner", partner, (picture.shape[0], picture.shape[1]))
        return given, given
    mirrored = picture[:, ::-1, ::-1] // 2 + 64
    wave = Drawn("moire", GratingParams((Grating(0.13, 0.09, 0.3), Grating(-0.21, 0.15, 0.3))))
    return mirrored, np.asarray(apply_drawn(mirrored, wave).image)


def _caption(drawn: Drawn) -> str:
    """The operation with its settings, as short as they can be read: those that are not the default."""
    shown = []
    for field in dataclasses.fields(drawn.params):
        value = getattr(drawn.params, field.name)
        if value == field.default or field.name == "seed":
            continue
        if isinstance(value, str):
            shown.append(value)
        elif isinstance(value, int | float):
            shown.append(f"{field.name} {value:.3g}")
        elif field.name == "gratings":
            shown.append(f"{len(value)} waves")
    return f"{drawn.operation}: {', '.join(shown)}"
