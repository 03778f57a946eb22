"""One face per clip: the same person in the same scene, followed over sampled frames.

Sampled frames lie up to seconds apart, so motion predicts nothing and two weak cues have to agree: where and how
large the face is, and what it and the scene look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from specaug.align import box_warp, similarity, template, warp_image
from specaug.records import Face

Array = np.ndarray[Any, Any]

_PATCH, _PATCH_MARGIN = 16, 1.6
_MAX_MOVE, _FAR_MOVE, _MAX_GROWTH = 1.0, 2.0, 1.6
_ALIKE, _SURE = 0.2, 0.6
_SCENE_ALIKE, _COLOURS_ALIKE = 0.6, 0.88


@dataclass(frozen=True, eq=False)
class Sighting:
    """The faces of one sampled frame and the little of the frame that linking needs; no pixels are kept."""

    faces: tuple[Face, ...]
    patches: tuple[Array, ...]
    """One (768,) float32 unit vector per face: its small colour picture, mean removed."""
    signature: Array
    """(36, 64, 3) uint8, the whole frame."""
    width: int
    height: int

    def __repr__(self) -> str:
        return f"Sighting({len(self.faces)} faces, {self.width}x{self.height})"


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face over the sampled frames."""

    faces: tuple[Face | None, ...]
    """One entry per frame given; None where the face was not found."""
    start: int
    """First position of the span in which the scene stays and no other face takes this one's place."""
    stop: int
    """End of the span, not included."""

    @property
    def found(self) -> list[Face]:
        """The faces of the span, without the gaps."""
        return [face for face in self.faces[self.start : self.stop] if face is not None]

    @property
    def found_share(self) -> float:
        """Share of the span's frames in which the face was found."""
        return len(self.found) / max(1, self.stop - self.start)

    @property
    def size(self) -> float:
        """Median over the span of the longer side of the box, px; 0 without a face."""
        return float(np.median([face.size for face in self.found])) if self.found else 0.0


def signature(image: Array) -> Array:
    """A frame as a (36, 64, 3) uint8 thumbnail: enough to tell scenes apart."""
    return np.asarray(cv2.resize(image, (64, 36), interpolation=cv2.INTER_AREA))


def sighting(image: Array, faces: Sequence[Face]) -> Sighting:
    """What to keep of a frame once its faces are found.

    Parameters
    ----------
    image : numpy.ndarray
        (H, W, 3) uint8 RGB.
    faces : sequence of Face
        All faces found in it.
    """
    height, width = image.shape[:2]
    patches = tuple(_patch(image, face) for face in faces)
    return Sighting(tuple(faces), patches, signature(image), width, height)


def same_scene(a: Array, b: Array) -> bool:
    """Whether two signatures show one scene: alike place by place, or (a person moves) alike in colours."""
    small = [cv2.resize(s, (16, 9), interpolation=cv2.INTER_AREA).astype(np.float32) for s in (a, b)]
    if _correlation(*small) >= _SCENE_ALIKE:
        return True
    return float(np.minimum(_colours(a), _colours(b)).sum()) >= _COLOURS_ALIKE


def link_faces(sightings: Sequence[Sighting]) -> FaceTrack:
    """The one face that a clip is about, over frames in presentation order.

    Faces are linked from frame to frame when they lie near each other, are about as large and look alike; across a
    change of the scene only when they clearly are. A frame without the face keeps the track, a cut or another face
    in its place ends it. Of all tracks the one with the largest sum of size times centrality wins.

    Parameters
    ----------
    sightings : sequence of Sighting
        One per sampled frame.

    Returns
    -------
    FaceTrack
        With only None if no face was found in any frame.
    """
    n = len(sightings)
    cuts = [True] + [
        not same_scene(a.signature, b.signature) for a, b in zip(sightings[:-1], sightings[1:], strict=True)
    ]
    tracks: list[_Track] = []
    for position, seen in enumerate(sightings):
        _extend(tracks, seen, position, cut=cuts[position])
    if not tracks:
        return FaceTrack((None,) * n, 0, n)
    best = max(tracks, key=lambda track: track.weight)
    faces = tuple(best.faces.get(position) for position in range(n))
    return FaceTrack(faces, best.first(sightings, cuts), n if best.end is None else best.end)


@dataclass(eq=False)
class _Track:
    """A face on its way through the frames; `end` is set when nothing may be added any more."""

    faces: dict[int, Face] = field(default_factory=dict)
    patch: Array | None = None
    weight: float = 0.0
    end: int | None = None

    @property
    def last(self) -> Face:
        return self.faces[max(self.faces)]

    def add(self, position: int, face: Face, patch: Array, seen: Sighting) -> None:
        self.faces[position], self.patch = face, patch
        self.weight += face.size * _centrality(face, seen)

    def first(self, sightings: Sequence[Sighting], cuts: Sequence[bool]) -> int:
        """The first position of the scene in which the track begins, from where no other face has its place."""
        start = min(self.faces)
        face = self.faces[start]
        while (
            start > 0
            and not cuts[start]
            and not any(_same_place(face, other) for other in sightings[start - 1].faces)
        ):
            start -= 1
        return start


def _extend(tracks: list[_Track], seen: Sighting, position: int, *, cut: bool) -> None:
    """Give each face of a frame to the open track it continues best, or open a new one; close what has ended."""
    open_tracks = [track for track in tracks if track.end is None]
    pairs = []
    for track in open_tracks:
        for i, face in enumerate(seen.faces):
            alike = _correlation(track.patch, seen.patches[i])
            gone = position - max(track.faces)
            if _continues(track.last, face, alike, cut=cut, gap=gone > 1):
                pairs.append((_distance(track.last, face) - alike, track, i))
    linked, given = set(), set()
    for _, track, i in sorted(pairs, key=lambda pair: pair[0]):
        if id(track) not in linked and i not in given:
            track.add(position, seen.faces[i], seen.patches[i], seen)
            linked.add(id(track))
            given.add(i)
    for track in open_tracks:
        taken = any(_same_place(track.last, face) for face in seen.faces)
        if id(track) not in linked and (cut or taken):
            track.end = position
    for i, face in enumerate(seen.faces):
        if i not in given:
            tracks.append(_Track())
            tracks[-1].add(position, face, seen.patches[i], seen)


def _continues(last: Face, face: Face, alike: float, *, cut: bool, gap: bool) -> bool:
    """Whether `face` can be the person of `last`."""
    growth = max(face.size, last.size) / max(1e-6, min(face.size, last.size))
    distance = _distance(last, face)
    if growth > _MAX_GROWTH or distance > _FAR_MOVE:
        return False
    if cut:
        return not gap and distance <= _MAX_MOVE / 2 and alike >= _SURE
    return alike >= (_ALIKE if distance <= _MAX_MOVE else _SURE)


def _same_place(a: Face, b: Face) -> bool:
    """Whether two faces would fill the same crop."""
    return _distance(a, b) < 0.5 and max(a.size, b.size) < 2 * min(a.size, b.size)


def _distance(a: Face, b: Face) -> float:
    """Distance of the centres in units of the mean size."""
    return float(np.hypot(*(a.center - b.center))) / max(1e-6, (a.size + b.size) / 2)


def _centrality(face: Face, seen: Sighting) -> float:
    """1 in the middle of the frame, 0.5 in a corner."""
    half = np.array([seen.width, seen.height]) / 2
    return 1 - 0.5 * min(1.0, float(np.hypot(*(face.center - half)) / np.hypot(*half)))


def _patch(image: Array, face: Face) -> Array:
    """What a face looks like, as a (768,) float32 unit vector without mean."""
    if np.isfinite(face.landmarks).all():
        warp = similarity(face.landmarks, template(_PATCH, _PATCH_MARGIN))
    else:
        warp = box_warp(face.box, size=_PATCH, margin=1.2)
    crop = warp_image(image, warp, size=_PATCH)
    vector = cv2.GaussianBlur(crop.astype(np.float32), (3, 3), 0).ravel()
    vector -= vector.mean()
    return np.asarray(vector / max(1e-6, float(np.linalg.norm(vector))))


def _correlation(a: Array, b: Array) -> float:
    """Pearson correlation of all values; 1 for two flat pictures."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / norm if norm > 1e-6 else 1.0


def _colours(thumbnail: Array) -> Array:
    """Shares of 6x6x6 colours, summing to 1."""
    counts = cv2.calcHist([thumbnail], [0, 1, 2], None, [6, 6, 6], [0, 256] * 3).ravel()
    return np.asarray(counts / counts.sum())
