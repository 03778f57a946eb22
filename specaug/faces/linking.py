"""One face per clip: the same person in the same scene, followed over sampled frames.

Sampled frames lie up to seconds apart, so motion predicts nothing and two weak cues have to agree: where and how
large the face is, and what it and the scene look like. They do not tell a person who turns from another one in the
same place; such a link is a :class:`AmbiguousLink`, which frames in between can settle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from specaug.align import box_warp, similarity, template
from specaug.faces.boxes import look_at
from specaug.planes import PlaneImage, as_plane_image
from specaug.records import Face

Array = np.ndarray[Any, Any]
LinkKey = tuple[int, int, int, int]

_PATCH, _PATCH_MARGIN, _SHIFT = 18, 1.6, 2
_MAX_MOVE, _FAR_MOVE, _CUT_MOVE = 1.0, 2.0, 0.3
"""How far a face may move from sample to sample, in its own size: easily, at most, across a cut."""
_MAX_GROWTH, _CUT_GROWTH = 1.6, 1.25
_STILL, _MOVED, _CERTAIN = 0.45, 0.65, 0.85
"""Least likeness of a face that stays, of one that moves by `_MAX_MOVE` and more, and across a cut."""
_SURE, _SURE_LEVEL = 0.9, 0.2
"""Least likeness, and largest difference of mean colours in units of the contrast, that leave no doubt."""
_SCENE_ALIKE, _BLOCKS_KEPT = 0.5, 0.2
_PLACE = 1.5
"""Part of a frame that counts as the face's own place, in units of its box: with hair, neck and what it moves."""
_TEXTURED, _NEW = 2.0, 4.0
"""Standard deviation, in grey levels, from which a block of a signature shows anything, and from which a channel of it
may show anything new: between samples of one scene such blocks correlate with 0.87 and more, paler ones with 0.56."""
_MAJORITY = 0.5
"""Share of the frames from which a face is what a clip is about."""


@dataclass(frozen=True, eq=False)
class FrameDetections:
    """The faces of one sampled frame and the little of the frame that linking needs; no pixels are kept."""

    faces: tuple[Face, ...]
    patches: tuple[Array, ...]
    """One (18, 18, 3) float32 aligned colour thumbnail per face."""
    signature: Array
    """(36, 64, 3) uint8, the whole frame."""
    width: int
    height: int

    def __repr__(self) -> str:
        return f"FrameDetections({len(self.faces)} faces, {self.width}x{self.height})"


@dataclass(frozen=True, eq=False)
class Detection:
    """One face of one frame."""

    position: int
    face: Face
    patch: Array

    def __repr__(self) -> str:
        return f"Detection(position={self.position}, {self.face!r})"


@dataclass(frozen=True)
class AmbiguousLink:
    """Two faces that follow each other in a track and may be two people."""

    before: Detection
    after: Detection


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face over the sampled frames."""

    faces: tuple[Face | None, ...]
    """One entry per frame given; None where the face was not found."""
    start: int
    """First position of the span in which the scene stays and no other face takes this one's place."""
    stop: int
    """End of the span, not included."""
    ambiguous: Mapping[LinkKey, AmbiguousLink] = field(default_factory=dict)
    """Links of the track that likeness alone does not decide."""

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


def signature(image: PlaneImage | Array) -> Array:
    """A frame as a (36, 64, 3) uint8 thumbnail: enough to tell scenes apart."""
    return as_plane_image(image).reduced((64, 36))


def detections(image: PlaneImage | Array, faces: Sequence[Face]) -> FrameDetections:
    """What to keep of a frame once its faces are found.

    Parameters
    ----------
    image : PlaneImage, or (H, W, 3) uint8 RGB array
    faces : sequence of Face
        All faces found in it.
    """
    planes = as_plane_image(image)
    patches = tuple(_patch(planes, face) for face in faces)
    return FrameDetections(tuple(faces), patches, signature(planes), planes.width, planes.height)


def same_scene(a: Array, b: Array) -> bool:
    """Whether two signatures show one scene: alike as a whole, or in enough places while a person moves before them.

    On real clips 10 to 80 frames apart, pairs within a shot have a correlation of 0.6 and more or, where the person
    fills the picture, a quarter of their blocks in common; pairs across a cut have at most 0.41 and a fifth.
    """
    small = [cv2.resize(s, (16, 9), interpolation=cv2.INTER_AREA).astype(np.float32) for s in (a, b)]
    return _correlation(*small) >= _SCENE_ALIKE or min(_kept(a, b), _kept(b, a)) >= _BLOCKS_KEPT


def _kept(a: Array, b: Array) -> float:
    """Share of the textured blocks of `a` that `b` shows too."""
    found = [_shows(b, a, x, y) for x, y, block in _blocks(a) if block.std() >= _TEXTURED]
    return float(np.mean(found)) if found else 1.0


def _blocks(a: Array) -> Iterator[tuple[int, int, Array]]:
    """The 9x8 px blocks of a signature, with their corners (x, y)."""
    for y in range(0, a.shape[0], 9):
        for x in range(0, a.shape[1], 8):
            yield x, y, a[y : y + 9, x : x + 8]


def _shows(b: Array, a: Array, x: int, y: int) -> bool:
    """Whether `b` shows the block of `a` at (x, y), at most 4 px away."""
    wide = cv2.copyMakeBorder(b, 4, 4, 4, 4, cv2.BORDER_REFLECT_101)
    match = cv2.matchTemplate(wide[y : y + 17, x : x + 16], a[y : y + 9, x : x + 8], cv2.TM_CCOEFF_NORMED)
    return float(match.max()) > 0.7


def shows_new(seen: FrameDetections, known: Sequence[FrameDetections]) -> bool:
    """Whether a frame shows anything, outside the place of its one face, that no `known` frame shows there.

    Compared are textured blocks of an eighth of the width and a quarter of the height, with what lies up to a
    sixteenth of the width away.
    """
    (face,) = seen.faces
    to_signature = np.array([64 / seen.width, 36 / seen.height])
    half = (face.box[2:] - face.box[:2]) / 2 * _PLACE
    low, high = (face.center - half) * to_signature, (face.center + half) * to_signature
    outside = [
        (x, y)
        for x, y, block in _blocks(seen.signature)
        if (x + 8 <= low[0] or x >= high[0] or y + 9 <= low[1] or y >= high[1])
        and block.std(axis=(0, 1)).max() >= _NEW
    ]
    return any(not any(_shows(other.signature, seen.signature, x, y) for other in known) for x, y in outside)


def link_faces(
    seen: Sequence[FrameDetections], *, answers: Mapping[LinkKey, bool] = MappingProxyType({})
) -> FaceTrack:
    """The one face that a clip is about, over frames in presentation order.

    Faces are linked from frame to frame when they lie near each other, are about as large and look alike; across a
    change of the scene only when they clearly are. A frame without the face keeps the track, a cut or another face
    in its place ends it. Of all tracks the one with the largest sum of size times centrality wins. Where that one is
    in less than half of the frames although most of them show a face, several people follow each other: then it is
    the one who is in most frames, from the first to the last of them where the scene goes on without that person.

    Parameters
    ----------
    seen : sequence of FrameDetections
        One per sampled frame.
    answers : mapping
        Whether the two faces of an ambiguous link are one person, by its key in :attr:`FaceTrack.ambiguous`. A link
        without an answer is made.

    Returns
    -------
    FaceTrack
        With only None if no face was found in any frame.
    """
    n = len(seen)
    cuts = [True] + [not same_scene(a.signature, b.signature) for a, b in pairwise(seen)]
    tracks: list[_Track] = []
    for position, found in enumerate(seen):
        _extend(tracks, found, position, cut=cuts[position], answers=answers)
    if not tracks:
        return FaceTrack((None,) * n, 0, n)
    best = max(tracks, key=lambda track: track.weight)
    start, stop = best.ends(seen, cuts)
    if len(best.faces) < _MAJORITY * n <= sum(bool(frame.faces) for frame in seen):
        best = max(tracks, key=lambda track: (len(track.faces), track.weight))
        start, stop = best.ends(seen, cuts)
        if len(best.faces) < _MAJORITY * (stop - start):
            start, stop = best.start.position, best.last.position + 1
    faces = tuple(best.faces.get(position) for position in range(n))
    return FaceTrack(faces, start, stop, best.ambiguous)


class _Track:
    """A face on its way through the frames; `end` is set when nothing may be added any more."""

    def __init__(self, number: int, sight: Detection, seen: FrameDetections) -> None:
        self.start = self.last = sight
        self.faces: dict[int, Face] = {}
        self.ambiguous: dict[LinkKey, AmbiguousLink] = {}
        self.weight = 0.0
        self.end: int | None = None
        self._add(number, sight, seen)

    def link(self, number: int, sight: Detection, seen: FrameDetections) -> None:
        """Go on with `sight`, the face `number` of its frame."""
        if not self.surely(sight.patch):
            self.ambiguous[self.key(number, sight)] = AmbiguousLink(self.last, sight)
        self._add(number, sight, seen)

    def key(self, number: int, sight: Detection) -> LinkKey:
        """What names a link to `sight`: position and number of both faces."""
        return self.last.position, self._number, sight.position, number

    def alike(self, patch: Array) -> float:
        """Likeness of `patch` and the track's first or last one."""
        return max(likeness(self.start.patch, patch), likeness(self.last.patch, patch))

    def surely(self, patch: Array) -> bool:
        """Whether `patch` can only show the same person."""
        return surely_alike(self.start.patch, patch) or surely_alike(self.last.patch, patch)

    def _add(self, number: int, sight: Detection, seen: FrameDetections) -> None:
        self.faces[sight.position], self.last, self._number = sight.face, sight, number
        self.weight += sight.face.size * _centrality(sight.face, seen)

    def ends(self, seen: Sequence[FrameDetections], cuts: Sequence[bool]) -> tuple[int, int]:
        """First position of the span that belongs to the track, and the one after its last."""
        return self.first(seen, cuts), len(seen) if self.end is None else self.end

    def first(self, seen: Sequence[FrameDetections], cuts: Sequence[bool]) -> int:
        """The first position of the scene in which the track begins, from where no other face has its place."""
        start, face = self.start.position, self.start.face
        while (
            start > 0
            and not cuts[start]
            and not any(_same_place(face, other) for other in seen[start - 1].faces)
        ):
            start -= 1
        return start


def _extend(
    tracks: list[_Track], seen: FrameDetections, position: int, *, cut: bool, answers: Mapping[LinkKey, bool]
) -> None:
    """Give each face of a frame to the open track it continues best, or open a new one; close what has ended."""
    open_tracks = [track for track in tracks if track.end is None]
    sights = [Detection(position, face, patch) for face, patch in zip(seen.faces, seen.patches, strict=True)]
    pairs = []
    for track in open_tracks:
        for i, sight in enumerate(sights):
            cost = _cost(track, sight, cut=cut)
            if cost is not None and answers.get(track.key(i, sight), True):
                pairs.append((cost, track, i))
    linked, given = set(), set()
    for _, track, i in sorted(pairs, key=lambda pair: pair[0]):
        if id(track) not in linked and i not in given:
            track.link(i, sights[i], seen)
            linked.add(id(track))
            given.add(i)
    for track in open_tracks:
        taken = any(_same_place(track.last.face, face) for face in seen.faces)
        if id(track) not in linked and (cut or taken):
            track.end = position
    tracks += [_Track(i, sight, seen) for i, sight in enumerate(sights) if i not in given]


def _cost(track: _Track, sight: Detection, *, cut: bool) -> float | None:
    """How badly `sight` continues `track`; None where it cannot be the same person."""
    last, face = track.last.face, sight.face
    apart, growth = distance(last, face), max(face.size, last.size) / min(face.size, last.size)
    if growth > _MAX_GROWTH or apart > _FAR_MOVE:
        return None
    gap = sight.position - track.last.position
    if cut and (gap > 1 or apart > _CUT_MOVE or growth > _CUT_GROWTH):
        return None
    needed = _CERTAIN if cut else _STILL + (_MOVED - _STILL) * min(1.0, apart / _MAX_MOVE)
    alike = track.alike(sight.patch)
    return apart - alike if alike >= needed else None


def _same_place(a: Face, b: Face) -> bool:
    """Whether two faces would fill the same crop."""
    return distance(a, b) < 0.5 and max(a.size, b.size) < 2 * min(a.size, b.size)


def distance(a: Face, b: Face) -> float:
    """Distance of the centres in units of the mean size."""
    return float(np.hypot(*(a.center - b.center))) / ((a.size + b.size) / 2)


def _centrality(face: Face, seen: FrameDetections) -> float:
    """1 in the middle of the frame, 0.5 in a corner."""
    half = np.array([seen.width, seen.height]) / 2
    return 1 - 0.5 * min(1.0, float(np.hypot(*(face.center - half)) / np.hypot(*half)))


def _patch(image: PlaneImage, face: Face) -> Array:
    """What a face looks like: an (18, 18, 3) float32 thumbnail."""
    if np.isfinite(face.landmarks).all():
        warp = similarity(face.landmarks, template(_PATCH, _PATCH_MARGIN))
    else:
        warp = box_warp(face.box, size=_PATCH, margin=1.2)
    crop = look_at(image, warp, size=_PATCH, resample="prefiltered").astype(np.float32)
    return np.asarray(cv2.GaussianBlur(crop, (3, 3), 0))


def likeness(a: Array, b: Array) -> float:
    """Best correlation, -1 to 1, of two thumbnails over shifts of up to 2 px.

    On real clips one person in neighbouring samples has 0.7 and more, also while a hand moves before the face, and
    0.4 and more in any two frames of some seconds; two people have 0.3 in the median and 0.65 in the 90th percentile.
    Two people put into one picture, one in the place of the other, have 0.57 in the median.
    """
    inner = a[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    return float(cv2.matchTemplate(b, inner, cv2.TM_CCOEFF_NORMED).max())


def surely_alike(a: Array, b: Array) -> bool:
    """Whether two thumbnails can only show one person: in shape and, light and exposure included, in colour.

    It is strict on purpose: a pair that does not pass is looked at in the frames between. How often drawn subjects
    who take each other's place pass, and those who turn do not, is measured by ``benchmarks/bench_linking.py``.
    """
    level = float(np.abs((a - b).mean(axis=(0, 1))).max())
    contrast = float(np.sqrt((a.var(axis=(0, 1)) + b.var(axis=(0, 1))).mean() / 2))
    return level <= _SURE_LEVEL * contrast + 1e-6 and likeness(a, b) >= _SURE


def _correlation(a: Array, b: Array) -> float:
    """Pearson correlation of all values; 1 for two flat pictures."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / norm if norm > 1e-6 else 1.0
