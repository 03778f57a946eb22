"""Crops of photographs under ``MEDIA/AUTHOR/{clean,screen,print}``, all cut in one manner whatever they show."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specaug.errors import ArgumentError
from specaug.media import probe, read_frames
from specaug.media_types import IMAGE_SUFFIXES
from specaug.planes import PlaneImage

KINDS = ("clean", "screen", "print")
SIDE = 128
"""Side of a crop, px."""
REDUCTIONS = (1.0, 1.3)
"""Pixels of the photograph per crop px: no grid of JPEG blocks lies alike in two crops."""
_TURN = np.radians(4.0)
_MIDDLE = {"clean": 0.10, "screen": 0.28, "print": 0.28}
"""Share of the photograph at each edge where no crop has its centre: a recapture shows its surroundings there."""
_LEAST_DEVIATION = 5.0
"""Grey levels: a crop with less shows a wall or sky, in which no recapture leaves anything but its grid."""
_MOST_CLIPPED = 0.4


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops of all photographs, in the order of their names."""

    pixels: np.ndarray
    """(n, 128, 128, 3) uint8 RGB."""
    author: np.ndarray
    kind: np.ndarray
    """``clean``, ``screen`` or ``print``."""
    photograph: np.ndarray
    """(n,) int: crops of one photograph have one number."""
    reduction: np.ndarray
    """Pixels of the photograph per crop px."""

    def take(self, rows: np.ndarray) -> Crops:
        """Some of the crops."""
        return Crops(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def of(self, kind: str) -> np.ndarray:
        """(n,) bool: which crops are of this kind."""
        return np.asarray(self.kind == kind)


def find_photographs(media: Path) -> list[Path]:
    """Photographs under `media`, sorted; files of other kinds and folders of other names are left out."""
    found = sorted(
        path
        for path in media.glob("*/*/*")
        if path.parent.name in KINDS and path.suffix.lower() in IMAGE_SUFFIXES
    )
    if not found:
        raise ArgumentError(
            f"media: expected photographs in AUTHOR/{{{','.join(KINDS)}}}, found none in {media}"
        )
    return found


def cut_crops(
    media: Path, *, each: int = 4, reductions: tuple[float, float] = REDUCTIONS, tries: int = 40
) -> Crops:
    """Cut up to `each` crops of every photograph under `media`.

    Place, turn and reduction are drawn from a generator that is made of the file's place in the folder: adding a
    photograph changes no crop of another. Photographs that are too small for a crop are left out.
    """
    rows: list[tuple[np.ndarray, str, str, int, float]] = []
    for number, path in enumerate(find_photographs(media)):
        kind, author = path.parent.name, path.parent.parent.name
        rng = np.random.default_rng(zlib.crc32(path.relative_to(media).as_posix().encode()))
        crops = _crops_of(_read(path), _MIDDLE[kind], reductions, rng, tries)
        rows += [(crop, author, kind, number, scale) for crop, scale in _first(crops, each)]
    if not rows:
        raise ArgumentError(
            f"media: expected photographs of {SIDE} px and more, with some detail, in {media}"
        )
    pixels, authors, kinds, numbers, scales = zip(*rows, strict=True)
    return Crops(np.stack(pixels), *map(np.array, (authors, kinds, numbers, scales)))


def _first(crops: Iterator[tuple[np.ndarray, float]], n: int) -> list[tuple[np.ndarray, float]]:
    return [crop for _, crop in zip(range(n), crops, strict=False)]


def _read(path: Path) -> PlaneImage:
    """A photograph as it is stored, with its orientation."""
    (frame,) = read_frames(path, probe(path, "image"), np.array([0]))
    return frame.planes


def _crops_of(
    image: PlaneImage, margin: float, reductions: tuple[float, float], rng: np.random.Generator, tries: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Crops that show something, and their reductions."""
    height, width = image.height, image.width
    for _ in range(tries):
        scale, turn = rng.uniform(*reductions), rng.uniform(-_TURN, _TURN)
        # Half of a turned crop's side, so that none is cut at the edge of the photograph.
        reach = scale * SIDE / 2 * (np.cos(turn) + abs(np.sin(turn))) + 2
        edges = [(max(margin * n, reach), min((1 - margin) * n, n - reach)) for n in (width, height)]
        if any(low > high for low, high in edges):
            continue
        crop = _cut(image, np.array([rng.uniform(low, high) for low, high in edges]), scale, turn)
        luma = crop @ np.array([0.299, 0.587, 0.114])
        clipped = max((luma > 250).mean(), (luma < 6).mean())
        if luma.std() > _LEAST_DEVIATION and clipped < _MOST_CLIPPED:
            yield crop, float(scale)


def _cut(image: PlaneImage, centre: np.ndarray, scale: float, turn: float) -> np.ndarray:
    """(128, 128, 3) about `centre`, by the prefiltered warp that cuts faces out of videos."""
    c, s = np.cos(turn) / scale, np.sin(turn) / scale
    look = np.array([[c, s], [-s, c]])
    return image.crop(np.column_stack([look, (SIDE - 1) / 2 - look @ centre]), size=SIDE)
