"""The contact sheet of the face in a photo or a video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specaug.augment import Recipe, as_recipe
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.extract import first_face
from specaug.preview_sheet.preview_image import image_sheet
from specaug.records import BuildConfig
from specaug.shards import encode_image


@dataclass(frozen=True, eq=False)
class Preview:
    """A contact sheet."""

    image: np.ndarray
    """(height, width, 3) uint8 RGB."""
    path: Path | None = None
    """Where it was written, None where nowhere."""

    def __repr__(self) -> str:
        return f"Preview(image={self.image.shape}, path={self.path!r})"

    def _repr_png_(self) -> bytes:
        return encode_image(self.image, image_format="png")


def preview(
    media: Path | str,
    output: Path | str | None = None,
    *,
    partner: Path | str | None = None,
    recipe: Recipe | Path | str | None = None,
    draws: int = 9,
    seed: int = 0,
    config: BuildConfig | None = None,
) -> Preview:
    """Show the face of a photo or video: crop, planes, spectrum, and what operations or a recipe make of it.

    Parameters
    ----------
    media : path
        A photo, a video, of which the frame in the middle is taken, or a folder of numbered images.
    output : path, optional
        PNG file to write.
    partner : path, optional
        Photo or video whose face is reference and donor; by default one is made from `media`.
    recipe : Recipe, str or path, optional
        See :meth:`specaug.Recipe.find`; by default every operation is shown once.
    draws : int
        How often the recipe is drawn.
    seed : int
        Of the draws: same seed, same picture.
    config : BuildConfig, optional
        Its detector, size, margin, alignment and resampling count.

    Returns
    -------
    Preview
        Its `image` is an array; a notebook shows it.

    Raises
    ------
    ArgumentError
        There is no such file, recipe or folder to write into, or a number is out of range.
    MediaError
        A file cannot be read or shows no face.
    """
    check_arguments(
        preview, media=media, output=output, partner=partner, draws=draws, seed=seed, config=config
    )
    chosen = None if recipe is None else as_recipe(recipe)
    for name, path in (("media", media), ("partner", partner)):
        if path is not None and not Path(path).exists():
            raise ArgumentError(f"{name}: expected a photo, video or folder, got {str(path)!r}")
    if output is not None and not Path(output).parent.is_dir():
        raise ArgumentError(f"output: expected a file in a folder that exists, got {str(output)!r}")
    image, landmarks = first_face(media, config)
    sheet = image_sheet(
        image,
        landmarks=landmarks if np.isfinite(landmarks).all() else None,
        partner=None if partner is None else first_face(partner, config)[0],
        recipe=chosen,
        draws=draws,
        rng=seed,
    )
    if output is None:
        return Preview(sheet)
    Path(output).write_bytes(encode_image(sheet, image_format="png"))
    return Preview(sheet, Path(output))
