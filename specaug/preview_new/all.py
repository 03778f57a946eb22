"""One picture that shows a crop, its colour planes, its spectrum, and what each operation makes of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from specaug.arrays import check_image
from specaug.augment import (
    OPERATIONS,
    BandpassInjectParams,
    BandScaleParams,
    Drawn,
    FdaParams,
    Grating,
    GratingParams,
    HalftoneParams,
    RecaptureBlurParams,
    SpectralJitterParams,
    SpectralMixParams,
    apply_drawn,
)
from specaug.color import hsv_to_rgb, rgb_to_hsv
from specaug.errors import ArgumentError
from specaug.spectrum import MAX_RADIUS, log_spectrum

_GRATINGS = (
    Grating(0.031, 0.012, 0.22, (0.0, 2.1, 4.2)),
    Grating(0.19, -0.11, 0.12, (0.0, 2.1, 4.2)),
)
_WAVES = (
    Grating(0.11, 0.07, (0.1, 0.0, 0.0)),
    Grating(-0.05, 0.2, (0.0, 0.1, 0.0)),
    Grating(0.3, 0.1, (0, 0, 0.1)),
)

SHOWCASE: tuple[Drawn, ...] = (
    Drawn("fda", FdaParams(0.05)),
    Drawn("spectral_mix", SpectralMixParams(0.8)),
    Drawn("bandpass_inject", BandpassInjectParams(1 / 16, MAX_RADIUS, 1.5)),
    Drawn("band_scale", BandScaleParams(1 / 16, MAX_RADIUS, 0.0)),
    Drawn("band_scale", BandScaleParams(1 / 16, 1 / 4, 2.5)),
    Drawn("recapture_blur", RecaptureBlurParams(0.10)),
    Drawn("moire", GratingParams(_GRATINGS)),
    Drawn("halftone", HalftoneParams(4.5, (15.0, 45.0, 75.0), 0.7)),
    Drawn("halftone", HalftoneParams(4.0, 0.0, 0.7, "blue_noise")),
    Drawn("spectral_jitter", SpectralJitterParams(0.6, 0)),
    Drawn("fourier_basis", GratingParams(_WAVES)),
)
"""Every operation with settings that can be seen."""

_PAIRS = 3  # a row
_GAP = 8
_TEXT = 22
_LARGEST = 384


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with a line beneath it."""

    image: np.ndarray
    """(H, W, 3) uint8 RGB."""
    text: str


def preview(
    image: np.ndarray, *, partner: np.ndarray | None = None, operations: Iterable[Drawn] = SHOWCASE
) -> np.ndarray:
    """A contact sheet of a picture.

    The first row shows the picture, its spectrum, hue, saturation and value, and the partner; the others each
    operation beside the spectrum of its result. All spectra share one scale.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
        RGB. More than 384 px on a side are scaled down for the sheet.
    partner : (H, W, 3) uint8 array or None
        Reference and donor, scaled to the size of `image`; None takes the picture mirrored, in half
        the contrast and with red and blue exchanged, and for a donor with moiré on it.
    operations : iterable of Drawn
        What to show.

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
    >>> preview(np.zeros((64, 64, 3), np.uint8), operations=SHOWCASE[-1:]).shape
    (196, 440, 3)
    """
    picture = _for_sheet("image", image, None)
    reference, donor = _partners(picture, partner)
    spectrum = log_spectrum(picture)
    scale = 255.0 / max(float(spectrum.max()), 1e-6)
    hue, saturation, value = np.moveaxis(rgb_to_hsv(picture), -1, 0)
    full = np.ones_like(hue)
    tiles = [
        Tile(picture, f"picture {picture.shape[1]} x {picture.shape[0]} px"),
        Tile(grey(spectrum * scale), "log spectrum, 0 in the middle"),
        Tile(_bytes(hsv_to_rgb(np.stack((hue, full, full), axis=-1)) * 255), "hue"),
        Tile(grey(saturation * 255), "saturation"),
        Tile(grey(value * 255), "value"),
        Tile(reference, "reference"),
    ]
    for drawn in operations:
        kind = OPERATIONS[drawn.operation].partner
        applied = apply_drawn(picture, drawn, {None: None, "reference": reference, "donor": donor}[kind])
        tiles.append(Tile(applied.image, _caption(drawn)))
        tiles.append(Tile(grey(log_spectrum(applied.image) * scale), "its spectrum"))
    return contact_sheet(tiles, columns=2 * _PAIRS)


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
    """The operation with its scalar settings, as short as they can be read."""
    shown = []
    for name, value in vars(drawn.params).items():
        if isinstance(value, str) and value not in ("radial", "clustered"):
            shown.append(value)
        elif isinstance(value, float) and name not in ("rolloff", "softness"):
            shown.append(f"{name} {value:.3g}")
        elif name == "gratings":
            shown.append(f"{len(value)} waves")
    return f"{drawn.operation}: {', '.join(shown)}"


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def grey(values: np.ndarray) -> np.ndarray:
    """(H, W) values of 0 to 255 as a grey picture."""
    return np.repeat(_bytes(values)[..., None], 3, axis=-1)


def contact_sheet(tiles: Sequence[Tile], *, columns: int) -> np.ndarray:
    """Tiles of one size, row by row, each with its line of text, (height, width, 3) uint8."""
    height, width = tiles[0].image.shape[:2]
    rows = -(-len(tiles) // columns)
    step_x, step_y = width + _GAP, height + _GAP + _TEXT
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        x, y = _GAP + number % columns * step_x, _GAP + number // columns * step_y
        sheet.paste(Image.fromarray(np.ascontiguousarray(tile.image)), (x, y))
        draw.text((x, y + height + 3), tile.text, fill="black", font=_font(draw, tile.text, width))
    return np.asarray(sheet)


def _font(draw: ImageDraw.ImageDraw, text: str, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The bundled font in the largest size in which `text` fits into `width` px."""
    for size in range(14, 6, -1):
        font = ImageFont.load_default(size)
        if draw.textlength(text, font=font) <= width:
            return font
    return ImageFont.load_default(7)
