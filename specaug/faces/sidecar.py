"""Faces that are given: boxes per frame in a text file beside the source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from specaug.errors import ArgumentError, MediaError
from specaug.faces.centerface import CenterFace
from specaug.planes import PlaneImage
from specaug.records import Face

Array = np.ndarray[Any, Any]

_COLUMNS = (5, 15)


@dataclass(frozen=True, eq=False)
class SidecarBoxes:
    """The given face of each frame; call it with a frame index as a detector is called with an image."""

    faces: Mapping[int, Face]
    """Frame index, in presentation order from 0, to face. Landmarks are NaN where only a box is given."""

    def __call__(self, frame_index: int) -> list[Face]:
        """The face of a frame; an empty list where none is given."""
        face = self.faces.get(frame_index)
        return [] if face is None else [face]

    def __repr__(self) -> str:
        return f"SidecarBoxes({len(self.faces)} frames)"


def read_boxes(path: str | Path) -> SidecarBoxes:
    """Read a file of boxes; see :func:`parse_boxes`.

    Raises
    ------
    MediaError
        ``detect``, ``unreadable``: the file is absent, no text, or a line is not understood.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(
            "detect", "unreadable", f"box file {Path(path).name}: {type(error).__name__}"
        ) from error
    try:
        return parse_boxes(text)
    except ArgumentError as error:
        raise MediaError("detect", "unreadable", f"box file {Path(path).name}: {error}") from error


def parse_boxes(text: str) -> SidecarBoxes:
    """Boxes from lines ``frame x y width height``, as in Replay-Attack's ``.face`` files.

    Parameters
    ----------
    text : str
        Numbers separated by blanks, tabs, commas or semicolons, in px, frames counted from 0. Ten more numbers
        are the five landmarks, x and y in turn. A box of no width or height says that there is no face. A first
        line of column names, empty lines and lines that start with ``#`` are passed over.

    Returns
    -------
    SidecarBoxes

    Raises
    ------
    ArgumentError
        Names the line.

    Examples
    --------
    >>> boxes = parse_boxes("0 10 20 30 40\\n1 0 0 0 0")
    >>> boxes(0)[0].box.tolist(), boxes(1)
    ([10.0, 20.0, 40.0, 60.0], [])
    """
    faces: dict[int, Face] = {}
    header_may_come = True
    for number, line in enumerate(text.splitlines(), start=1):
        words = [word for word in re.split(r"[\s,;]+", line.strip()) if word]
        if not words or words[0].startswith("#"):
            continue
        if header_may_come and words[0][0].isalpha():
            header_may_come = False
            continue
        header_may_come = False
        frame, face = _row(words, number)
        if frame in faces:
            raise ArgumentError(f"boxes: line {number}: expected each frame once, got frame {frame} again")
        if face is not None:
            faces[frame] = face
    return SidecarBoxes(MappingProxyType(faces))


def _row(words: list[str], number: int) -> tuple[int, Face | None]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = [math.nan]
    if len(values) not in _COLUMNS or not all(map(math.isfinite, values)):
        raise ArgumentError(
            f"boxes: line {number}: expected frame x y width height (and ten landmark values), got {words!r}"
        )
    if values[0] < 0 or values[0] != int(values[0]):
        raise ArgumentError(f"boxes: line {number}: expected a frame number from 0, got {words[0]!r}")
    x, y, width, height = values[1:5]
    if width < 0 or height < 0:
        raise ArgumentError(
            f"boxes: line {number}: expected frame x y width height, got a negative size in {words!r}; "
            "corners go as x y width height too"
        )
    if width == 0 or height == 0:
        return int(values[0]), None
    box = np.array([x, y, x + width, y + height], np.float32)
    points = np.array(values[5:] or [math.nan] * 10, np.float32).reshape(5, 2)
    return int(values[0]), Face(box, points, 1.0)


class Sidecar:
    """The detector of given boxes: it finds nothing by itself, and looks for landmarks inside a given box.

    Faces come from :func:`read_boxes`. Where CenterFace sees no face in the box, landmarks stay NaN and the crop
    can only be cut along the box.
    """

    name = "sidecar"

    def __init__(self) -> None:
        self._centerface = CenterFace()
        self.version = self._centerface.version

    def __call__(self, image: PlaneImage | Array) -> list[Face]:
        """Not possible: an image alone does not say which frame it is."""
        raise ArgumentError(
            "detector: 'sidecar' takes faces from a box file (read_boxes), not from a picture"
        )

    def refine(self, image: PlaneImage | Array, face: Face) -> Face:
        """`face` with landmarks that were found in its box; given landmarks are kept."""
        given = np.isfinite(face.landmarks)
        if given.all():
            return face
        found = self._centerface.refine(image, face)
        return replace(found, landmarks=np.where(given, face.landmarks, found.landmarks))
