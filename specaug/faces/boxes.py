"""Geometry of detections: overlap, whether five points can be a face, and how a first guess is refined."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from specaug.align import TEMPLATE, box_warp, inverse_warp, similarity, template, warp_scale
from specaug.errors import ArgumentError
from specaug.faces.detector import FLIPPED
from specaug.planes import PlaneImage, as_plane_image
from specaug.planes.placement import chained
from specaug.records import Face, Resample

Array = np.ndarray[Any, Any]

MAX_RESIDUAL = 0.3
"""Largest :func:`residual` of a plausible face. Frontal faces have 0.02 to 0.15, half profiles up to 0.3; full
profiles, whose eyes fall together, have more and no similarity that would align them."""

_EYE_DISTANCE = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))
_LOOK_SIZE, _LOOK_MARGIN = 128, 1.6
_FOLLOW_SLACK = 2.0
"""How much farther a face may go from frame to frame than landmarks are off in one, in the limits below: four fifths
of the eye distance, by a factor of 2.2 in size. What moves on is not in the crop."""
_LOOKS_AGREE = 0.15
"""Largest rms distance of the landmarks of a look and its mirror, in eye distances, where both see the same face. It
is at most 0.09 on drawn faces, and 0.15 and more on profiles and faces that are half hidden."""
_FOLLOW_SCORE = 0.7
"""Least score of a look, relative to that of the face that is followed."""
_MAX_RESIZE, _MAX_TURN, _MAX_SHIFT = 0.4, 0.4, 0.4
"""How far a second look may differ: log of size, radians, eye distances."""
_FAR_SCALE = 64.0
"""Reduction from which an image is averaged by halves first: the warp alone takes seconds where a face of thousands of
px becomes a thumbnail."""


def residual(landmarks: Array) -> float:
    """How far five points are from the template after the best similarity: rms in template eye distances.

    Eyes below the mouth, a nose outside, or a mirrored face all fit badly, at any roll.

    Examples
    --------
    >>> residual(TEMPLATE * 3 + 7) < 1e-9
    True
    >>> residual(TEMPLATE[FLIPPED]) > MAX_RESIDUAL
    True
    """
    try:
        warp = similarity(landmarks, TEMPLATE)
    except ArgumentError:
        return math.inf
    error = landmarks @ warp[:, :2].T + warp[:, 2] - TEMPLATE
    return float(np.sqrt(np.mean(np.sum(error**2, axis=1)))) / _EYE_DISTANCE


def plausible(faces: Sequence[Face]) -> list[Face]:
    """Those faces whose five points can be a face."""
    return [face for face in faces if residual(face.landmarks) <= MAX_RESIDUAL]


def reduced(image: PlaneImage | Array, *, long_side: int, max_area: float = math.inf) -> tuple[Array, Array]:
    """An image made small enough to search, never enlarged.

    Returns
    -------
    small : numpy.ndarray
        (h, w, 3) uint8 RGB, longer side at most `long_side` px, at most `max_area` px in all, up to rounding.
    ratios : numpy.ndarray
        (2,) how many px of `image` one px of `small` is, in x and y.
    """
    image = as_plane_image(image)
    width, height = image.width, image.height
    ratio = min(1.0, long_side / max(height, width), math.sqrt(max_area / (height * width)))
    shape = max(1, round(width * ratio)), max(1, round(height * ratio))
    return image.reduced(shape), np.array([width / shape[0], height / shape[1]])


def enlarged(face: Face, ratios: ArrayLike) -> Face:
    """`face` in px of an image that is `ratios` (x, y) times as large."""
    factors = np.asarray(ratios, np.float64)
    box = (face.box.reshape(2, 2) + 0.5) * factors - 0.5
    landmarks = (face.landmarks + 0.5) * factors - 0.5
    return Face(box.reshape(4).astype(np.float32), landmarks.astype(np.float32), face.score)


def look_at(image: PlaneImage, warp: Array, *, size: int, resample: Resample = "bilinear") -> Array:
    """:meth:`PlaneImage.look`, in a fraction of the time where little of a large face is wanted."""
    halvings = math.ceil(math.log2(warp_scale(warp) / _FAR_SCALE))
    if halvings > 0:
        shape = max(1, image.width >> halvings), max(1, image.height >> halvings)
        x, y = image.width / shape[0], image.height / shape[1]
        warp = chained(warp, np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2]]))
        image = as_plane_image(image.reduced(shape))
    return image.look(warp, size=size, resample=resample)


def overlap(a: Array, b: Array) -> float:
    """Intersection over union of two boxes (4,)."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / (float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared)


def overlaps(a: Array, boxes: Array) -> Array:
    """:func:`overlap` of a box (4,) and each of (n, 4)."""
    sides = np.minimum(a[2:], boxes[:, 2:]) - np.maximum(a[:2], boxes[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    return np.asarray(
        shared / (np.prod(a[2:] - a[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared)
    )


def distinct(faces: Sequence[Face], *, max_overlap: float = 0.3) -> list[Face]:
    """Non-maximum suppression: best score first, without those that overlap a better one."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) < max_overlap for other in kept):
            kept.append(face)
    return kept


def refined(
    image: PlaneImage | Array, face: Face, find: Callable[[Array], list[Face]], *, size: int = _LOOK_SIZE
) -> Face:
    """`face` with landmarks found in its de-rolled crop of `size` px, once as it is and once in the mirror.

    The mean of the two looks has no left-right bias, and the second starts from the landmarks of the first. A face that
    was refined stays as it is.
    """
    if face.refined:
        return face
    image = as_plane_image(image)
    first = _look(image, face, find, size=size, mirror=False)
    if first is None:
        return face
    second = _look(image, first, find, size=size, mirror=True)
    landmarks = first.landmarks if second is None else (first.landmarks + second.landmarks) / 2
    return replace(face, landmarks=landmarks, refined=True)


def followed(
    image: PlaneImage | Array, face: Face, find: Callable[[Array], list[Face]], *, size: int = _LOOK_SIZE
) -> Face | None:
    """`face`, refined, in the frame of another moment: looked for where it was, at the resolution of a second look.

    Returns
    -------
    Face or None
        None unless both looks see one face, the same, with nearly the score of `face`. Its box is that of `face`, moved
        and resized as the landmarks did.
    """
    if not np.isfinite(face.landmarks).all():
        return None
    image = as_plane_image(image)
    first = _look(image, face, find, size=size, mirror=False, slack=_FOLLOW_SLACK)
    second = first and _look(image, first, find, size=size, mirror=True)
    if first is None or second is None:
        return None
    landmarks = (first.landmarks + second.landmarks) / 2
    apart = float(np.sqrt(np.mean(np.sum((first.landmarks - second.landmarks) ** 2, axis=1))))
    eyes = float(np.hypot(*(landmarks[1] - landmarks[0])))
    if apart > _LOOKS_AGREE * eyes or min(first.score, second.score) < _FOLLOW_SCORE * face.score:
        return None
    return Face(_moved_box(face, landmarks), landmarks, first.score, refined=True)


def _moved_box(face: Face, landmarks: Array) -> Array:
    """The box of `face`, moved and resized as its landmarks did; it stays upright."""
    warp = similarity(face.landmarks, landmarks)
    half = (face.box[2:] - face.box[:2]) / 2 / warp_scale(warp)
    center = warp[:, :2] @ face.center + warp[:, 2]
    return np.concatenate([center - half, center + half]).astype(np.float32)


def _look(
    image: PlaneImage,
    face: Face,
    find: Callable[[Array], list[Face]],
    *,
    size: int,
    mirror: bool,
    slack: float = 1.0,
) -> Face | None:
    """The face that `find` sees where `face` should be, in px of `image`, with its score; None if there is none."""
    known = bool(np.isfinite(face.landmarks).all())
    if known:
        warp = similarity(face.landmarks, template(size, _LOOK_MARGIN))
    else:
        warp = box_warp(face.box, size=size, margin=1.2 * _LOOK_MARGIN)
    crop = look_at(image, warp, size=size)
    seen = find(np.ascontiguousarray(crop[:, ::-1]) if mirror else crop)
    for candidate in sorted(seen, key=lambda face: -face.score):
        points = candidate.landmarks.astype(np.float64)
        if mirror:
            points = points[FLIPPED] * [-1, 1] + [size - 1, 0]
        if _agrees(points, template(size, _LOOK_MARGIN), slack=slack if known else 2.0):
            back = inverse_warp(warp)
            landmarks = (points @ back[:, :2].T + back[:, 2]).astype(np.float32)
            return replace(face, landmarks=landmarks, score=candidate.score)
    return None


def _agrees(points: Array, expected: Array, *, slack: float) -> bool:
    """Whether a second look saw the same face: about as large, as upright and in the same place as `expected`."""
    if residual(points) > MAX_RESIDUAL:
        return False
    warp = similarity(points, expected)
    size_factor, turn = 1 / warp_scale(warp), abs(math.atan2(warp[1, 0], warp[0, 0]))
    shift = float(np.hypot(*(points.mean(axis=0) - expected.mean(axis=0))))
    return (
        abs(math.log(size_factor)) <= slack * _MAX_RESIZE
        and turn <= slack * _MAX_TURN
        and shift <= slack * _MAX_SHIFT * float(np.hypot(*(expected[1] - expected[0])))
    )
