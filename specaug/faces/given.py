"""Given faces in other forms than boxes a frame: positions of eyes, a box in a frame of 224 px."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from specaug.align import TEMPLATE
from specaug.errors import ArgumentError, MediaError
from specaug.faces.sidecar import SidecarBoxes, read_boxes
from specaug.records import BoxFormat, Face

Array = np.ndarray[Any, Any]

_INSIDE = 0.5
"""Least share of a given box within the image. Faces at the border of real sets reach out by a third at most; width
and height that are really a second corner reach out by more wherever the face is not near the first one."""
UNIT = 224
"""Side of the frame, px, that a picture is thought to be scaled to."""
_SIDE = 112 / 1.2
"""Side of the box about a face in px of the template, which is 112 wide and looks farther than a detector's box."""


def read_given(path: Path, form: BoxFormat, *, width: int, height: int) -> SidecarBoxes:
    """The given face of each frame.

    Parameters
    ----------
    path : Path
        A text file.
    form : {"boxes", "eyes", "unit224"}
        See :attr:`specaug.records.Source.box_format`.
    width, height : int
        Of the picture, px.

    Returns
    -------
    SidecarBoxes

    Raises
    ------
    MediaError
        ``detect``, ``unreadable``: the file is absent, no text, or a line is not understood.
    """
    if form == "boxes":
        return read_boxes(path)
    parse: Callable[[str], SidecarBoxes] = (
        parse_eyes if form == "eyes" else lambda text: parse_unit_box(text, width=width, height=height)
    )
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError("detect", "unreadable", f"box file {path.name}: {type(error).__name__}") from error
    except ArgumentError as error:
        raise MediaError("detect", "unreadable", f"box file {path.name}: {error}") from error


def parse_eyes(text: str) -> SidecarBoxes:
    """Faces from lines ``frame,x,y,x,y`` with the subject's right and left eye, as OULU-NPU has them.

    Nose and mouth are not told: their landmarks are NaN. Eyes at the same place say that there is no face.

    Raises
    ------
    ArgumentError
        Names the line.

    Examples
    --------
    >>> face = parse_eyes("7,60,50,100,50")(7)[0]
    >>> face.landmarks[:2].tolist(), face.box.round().tolist()
    ([[60.0, 50.0], [100.0, 50.0]], [27.0, 1.0, 133.0, 107.0])
    """
    faces: dict[int, Face] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        values = _numbers(line)
        if len(values) != 5 or values[0] < 0 or values[0] != int(values[0]):
            raise ArgumentError(
                f"eyes: line {number}: expected frame and two points, got {line.strip()[:80]!r}"
            )
        if int(values[0]) in faces:
            raise ArgumentError(f"eyes: line {number}: expected each frame once, got {values[0]:g} again")
        face = face_of_eyes(np.array(values[1:]))
        if face is not None:
            faces[int(values[0])] = face
    return SidecarBoxes(MappingProxyType(faces))


def parse_unit_box(text: str, *, width: int, height: int) -> SidecarBoxes:
    """The face of a photo from one line ``x y w h score``, in px of the photo scaled to 224x224.

    Raises
    ------
    ArgumentError
        It is another number of lines or numbers, or the box has no size.

    Examples
    --------
    >>> parse_unit_box("56 37 112 149 0.9", width=448, height=672)(0)[0].box.tolist()
    [112.0, 111.0, 336.0, 558.0]
    """
    lines = [line for line in text.splitlines() if line.strip()]
    values = _numbers(lines[0]) if len(lines) == 1 else []
    if len(values) not in (4, 5) or not (values[2] > 0 and values[3] > 0):
        raise ArgumentError(f"box: expected one line x y width height score, got {text.strip()[:80]!r}")
    ratios = np.array([width, height, width, height]) / UNIT
    x, y, w, h = np.array(values[:4]) * ratios
    box = np.array([x, y, x + w, y + h], np.float32)
    return SidecarBoxes(MappingProxyType({0: Face(box, np.full((5, 2), math.nan, np.float32), 1.0)}))


def faces_of_eyes(eyes: Array) -> SidecarBoxes:
    """Faces from an array (n, 4): x and y of the right eye, x and y of the left, one row a frame."""
    found = {index: face_of_eyes(row) for index, row in enumerate(eyes)}
    return SidecarBoxes(MappingProxyType({i: face for i, face in found.items() if face is not None}))


def face_of_eyes(eyes: Array) -> Face | None:
    """The face between two eyes (4,): where the template would lie, upright; None if they are at one place."""
    points = np.asarray(eyes, dtype=np.float64).reshape(2, 2)
    distance = float(np.hypot(*(points[1] - points[0])))
    if not math.isfinite(distance) or distance == 0:
        return None
    scale = distance / float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))
    center = points.mean(axis=0) + scale * (55.5 - TEMPLATE[:2].mean(axis=0))
    half = scale * _SIDE / 2
    landmarks = np.full((5, 2), math.nan, np.float32)
    landmarks[:2] = points
    return Face(np.concatenate([center - half, center + half]).astype(np.float32), landmarks, 1.0)


def check_inside(face: Face, frame_index: int, *, width: int, height: int) -> None:
    """Refuse a given box that lies outside the image, or that its corners in another order would explain.

    Raises
    ------
    MediaError
        ``detect``: ``no_face`` for a box wholly outside, ``unreadable`` for one of which more than half is.
    """
    corners = np.clip(face.box.reshape(2, 2), -0.5, [width - 0.5, height - 0.5])
    seen = float(np.prod(np.maximum(corners[1] - corners[0], 0)))
    whole = float(np.prod(face.box[2:] - face.box[:2]))
    x0, y0, x1, y1 = face.box.tolist()
    if seen == 0:
        detail = f"the given box of frame {frame_index}, ({x0:g}, {y0:g}) to ({x1:g}, {y1:g}), lies outside"
        raise MediaError("detect", "no_face", f"{detail} the {width}x{height} image")
    if seen < _INSIDE * whole:
        detail = f"the given box of frame {frame_index} reaches from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g})"
        order = "expected frame x y width height: are these corners?"
        raise MediaError("detect", "unreadable", f"{detail} in a {width}x{height} image; {order}")


def _numbers(line: str) -> list[float]:
    """The finite numbers of a line; empty where something else is in it."""
    try:
        values = [float(word) for word in re.split(r"[\s,;]+", line.strip()) if word]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []
