"""Tiny media for a tree, each with content of its own, and a detector that needs no network."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from trees import Files

from specaug.align import template
from specaug.extract import extract
from specaug.media.write import write_video
from specaug.media_types import HDF5_SUFFIXES, IMAGE_SUFFIXES
from specaug.planes import PlaneImage, as_plane_image
from specaug.records import BuildConfig, Clip, Face, Failure, Source
from specaug.stage_timer import Stopwatch

WIDTH, HEIGHT, FRAMES = 160, 120, 6


class MiddleFace:
    """Sees one face in the middle of every picture; upright where the upper half is the brighter one."""

    name, version = "middle", "1"

    def __call__(self, image: PlaneImage | np.ndarray) -> list[Face]:
        planes = as_plane_image(image)
        center = np.array([planes.width, planes.height]) / 2
        points = (template(60, 1.0) - 29.5) * (1 if _is_bright_above(planes.rgb()) else -1) + center
        box = np.concatenate([center - 30, center + 30])
        return [Face(box.astype(np.float32), points.astype(np.float32), 0.9)]

    def refine(self, image: PlaneImage | np.ndarray, face: Face) -> Face:
        return face


def in_process(
    source: Source, config: BuildConfig, raw: Path, watch: Stopwatch | None
) -> tuple[Clip | Failure, ...]:
    """Work in this process, with the detector above, in place of the supervised child."""
    return extract(source, config, raw=raw, detector=MiddleFace(), watch=watch)


def _is_bright_above(image: np.ndarray) -> bool:
    half = image.shape[0] // 2
    return bool(image[:half].mean() > image[half:].mean())


def picture(number: int = 0, *, upside_down: bool = False) -> np.ndarray:
    """A bright upper half over a dark one; the digits of `number` are the colours of three patches in the middle."""
    image = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    image[HEIGHT // 2 :] = 60
    for place in range(3):
        digit = number // 10**place % 10
        image[52:68, 56 + 16 * place : 72 + 16 * place] = 20 + 20 * digit
    return np.ascontiguousarray(image[::-1]) if upside_down else image


def write_clip(path: Path, number: int, *, upside_down: bool = False) -> None:
    """A video that lasts a quarter of a second, an mp4 whatever its name says."""
    target = path.with_suffix(".mp4")
    write_video(target, (picture(number, upside_down=upside_down) for _ in range(FRAMES)), fps=24)
    target.rename(path)


def write_media(files: Files, root: Path) -> Path:
    """A tree with media that can be decoded, whatever their ending says."""
    for number, (path, text) in enumerate(files.items()):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            target.write_text(text)
        elif target.suffix.lower() in IMAGE_SUFFIXES:
            cv2.imwrite(str(target), picture(number)[..., ::-1])
        elif target.suffix.lower() in HDF5_SUFFIXES:
            write_hdf5(target, number)
        else:
            write_clip(target, number)
    return root


def write_hdf5(path: Path, number: int) -> None:
    """Colours, depth and eyes as in 3DMAD."""
    import h5py

    frames = np.stack([picture(number).transpose(2, 0, 1)] * FRAMES)
    right, left = template(60, 1.0)[:2] - 29.5 + [WIDTH / 2, HEIGHT / 2]
    with h5py.File(path, "w") as file:
        file["Color_Data"] = frames
        file["Depth_Data"] = frames[:, :1].astype(np.uint16)
        file["Eye_Pos"] = np.tile(np.concatenate([right, left]), (FRAMES, 1))
