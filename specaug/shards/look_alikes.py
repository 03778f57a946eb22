"""Clips that show the same pictures: copies that were encoded again, mirrored, cut shorter, or kept as one photo.

Each frame becomes 255 bits, the signs of its lowest frequencies. Encoding, scaling and small shifts of the crop turn
few of them, and mirroring turns known ones. Frames of another split whose bits are close are found by a search in
sorted lists, so that time and memory grow with the number of clips and not with that of pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from PIL import Image

from specaug.color import LUMA_WEIGHTS
from specaug.records import Notice
from specaug.shards.codec import decode_image
from specaug.shards.schema import Row

ALIKE = 40
"""Pictures that differ in no more of their 255 bits look alike.

Measured on the demo set with 8 frames a clip (``benchmarks/bench_look_alikes.py``): copies differ by 2 to 38 in their
closest frames (mirrored photos by 7 to 63), two clips of one person by 47 and more, of two people by 78 and more."""
BITS = 255
_SIDE, _KEPT, _LOW = 32, 16, 8
"""Pixels that a picture is reduced to, frequencies that are kept, those that the search goes by, along each axis."""
_FLAT = 1.0
"""Grey levels: the bits of a picture with a smaller standard deviation are those of its rounding."""
_ORDERS, _NEAR = 24, 8
"""Orders of bits by which lists are sorted, and neighbours to each side that are looked at in each of them.

Of simulated pairs that differ in up to :data:`ALIKE` bits, among 10,000 clips, these find more than 99 in 100."""
_ROWS = 1 << 14
"""Frames that are compared at a time: their neighbours take 8 MiB."""
_FIRST = 3
NO_BITS = np.empty((0, 4), np.uint64)
"""Of a clip that shows nothing."""


def _cosines() -> np.ndarray:
    """(16, 32): row `k` is the cosine of `k` half periods over the side (DCT-II)."""
    k, x = np.mgrid[:_KEPT, :_SIDE]
    return np.asarray(np.cos(np.pi * k * (x + 0.5) / _SIDE), np.float32)


_COSINES = _cosines()
_V, _U = np.mgrid[:_KEPT, :_KEPT]
_PLACES = np.lexsort((_U.ravel(), _V.ravel(), (np.maximum(_U, _V) >= _LOW).ravel()))
"""The 8x8 lowest frequencies first: they are the first of four words."""
MIRROR = np.packbits((_U % 2 == 1).ravel()[_PLACES]).view(np.uint64)
"""Bits that turn where a picture is mirrored left to right."""


def picture_bits(luma: np.ndarray) -> np.ndarray:
    """The signs of the 16x16 lowest frequencies of a picture.

    Parameters
    ----------
    luma : (H, W) array

    Returns
    -------
    (4,) uint64
        255 bits and a zero for the mean. That of the mirrored picture is the exclusive or with :data:`MIRROR`.
    """
    spectrum = _COSINES @ _reduced(luma) @ _COSINES.T
    rises = spectrum > 0
    rises[0, 0] = False
    return np.packbits(rises.ravel()[_PLACES]).view(np.uint64)


def bits_set(words: np.ndarray) -> np.ndarray:
    """How many bits are set in the words of the last axis, int64."""
    return np.asarray(np.bitwise_count(words).sum(axis=-1, dtype=np.int64))


def _reduced(luma: np.ndarray) -> np.ndarray:
    small = Image.fromarray(luma.astype(np.float32)).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small)


def clip_bits(frames: Iterable[np.ndarray]) -> np.ndarray:
    """:func:`picture_bits` of the frames of a clip that show something.

    Parameters
    ----------
    frames : iterable of (H, W, 3) uint8

    Returns
    -------
    (n, 4) uint64
        Without frames of one grey level, and without those that differ in nothing from one before.
    """
    weights = np.asarray(LUMA_WEIGHTS, np.float32)
    found: dict[bytes, np.ndarray] = {}
    for frame in frames:
        luma = _reduced(frame @ weights)
        if luma.std() >= _FLAT:
            bits = picture_bits(luma)
            found.setdefault(bits.tobytes(), bits)
    return np.stack(list(found.values())) if found else NO_BITS


def row_bits(row: Row, size: int) -> np.ndarray:
    """:func:`clip_bits` of a row as it is stored; frames that cannot be decoded are left out.

    Parameters
    ----------
    row : row
        The columns of pictures.
    size : int
        Side of a raw frame.

    Returns
    -------
    (n, 4) uint64
    """
    if "frames_raw" in row:
        frame = size * size * 3
        data = np.frombuffer(row["frames_raw"] or b"", np.uint8)
        return clip_bits(data[: data.size // frame * frame].reshape(-1, size, size, 3))
    return clip_bits(_decoded(row))


def _decoded(row: Row) -> Iterator[np.ndarray]:
    for frame in row["frames"] or ():
        with suppress(ValueError, TypeError):
            yield decode_image(frame["bytes"])


@dataclass(frozen=True, order=True)
class LookAlike:
    """A clip, and the one of another split that it looks most like."""

    bits: int
    """In which their closest frames differ."""
    clip: str
    split: str
    other: str
    other_split: str

    def __str__(self) -> str:
        return f"{self.clip} ({self.split}) and {self.other} ({self.other_split}), {self.bits} of {BITS} bits"


@dataclass
class _Side:
    """Clips of one split."""

    names: list[str] = field(default_factory=list)
    bits: list[np.ndarray] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


class LookAlikes:
    """Clips as they are read, and which of them look alike once all were; 32 bytes a frame are held."""

    def __init__(self) -> None:
        self._sides: dict[str, _Side] = {}

    def add(self, clip: str, split: str, bits: np.ndarray) -> None:
        """Take notice of a clip, under a name for people, with what :func:`clip_bits` gives."""
        side = self._sides.setdefault(split, _Side())
        side.names.append(clip)
        side.bits.append(bits)
        side.sizes.append(len(bits))

    def found(self) -> list[LookAlike]:
        """Clips that look like one of another split, each with the one that it looks most like, closest first."""
        pairs: list[LookAlike] = []
        for one, other in combinations(sorted(self._sides), 2):
            a, b = self._sides[one], self._sides[other]
            for clip, match, bits in sorted(set(_across(a, b))):
                pairs.append(LookAlike(bits, a.names[clip], one, b.names[match], other))
        return sorted(pairs)

    def notice(self) -> Notice | None:
        """What a user should know of them."""
        found = self.found()
        if not found:
            return None
        first = "; ".join(map(str, found[:_FIRST])) + ("; …" if len(found) > _FIRST else "")
        return Notice(
            "look_alikes",
            f"{len(found)} pairs of clips in different splits look alike, as copies do that were encoded again, "
            f"mirrored, cut shorter or kept as a photo: {first}. Look at them, and keep one of each in RAW",
            len(found),
        )


def _across(one: _Side, other: _Side) -> Iterator[tuple[int, int, int]]:
    """(clip, clip of the other side, bits in which they differ): for each clip of both sides its closest."""
    a, b = _stacked(one), _stacked(other)
    if not len(a) or not len(b):
        return
    owner_a, owner_b = (np.repeat(np.arange(len(side.sizes)), side.sizes) for side in (one, other))
    far = (BITS + 1) << 40
    best_a, best_b = np.full(len(one.sizes), far), np.full(len(other.sizes), far)
    for rows, neighbours, apart in _neighbours(a, b):
        close = apart <= ALIKE
        clips, matches = owner_a[rows[close]], owner_b[neighbours[close]]
        bits = apart[close] << 40
        # The number of the match in the lower bits: the smallest is the closest, and the first of those.
        np.minimum.at(best_a, clips, bits | matches)
        np.minimum.at(best_b, matches, bits | clips)
    yield from _matches(best_a, far)
    yield from ((clip, match, least) for match, clip, least in _matches(best_b, far))


def _matches(best: np.ndarray, far: int) -> Iterator[tuple[int, int, int]]:
    """(clip, its match, bits in which they differ) of the clips that have one."""
    for clip in np.flatnonzero(best < far).tolist():
        code = int(best[clip])
        yield clip, code & ((1 << 40) - 1), code >> 40


def _stacked(side: _Side) -> np.ndarray:
    return np.concatenate(side.bits) if side.bits else NO_BITS


def _neighbours(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(rows of `a`, rows of `b`, bits in which they differ): rows that are near in some order, mirrored too."""
    rng = np.random.default_rng(0)
    steps = np.arange(-_NEAR, _NEAR)
    for _ in range(_ORDERS):
        order = rng.permutation(64)
        keys = _reordered(b[:, 0], order)
        by_key = np.argsort(keys, kind="stable")
        keys = keys[by_key]
        for mirrored in (False, True):
            for start in range(0, len(a), _ROWS):
                part = a[start : start + _ROWS] ^ (MIRROR if mirrored else np.uint64(0))
                place = np.searchsorted(keys, _reordered(part[:, 0], order))
                near = by_key[np.clip(place[:, None] + steps, 0, len(b) - 1)]
                apart = bits_set(b[near] ^ part[:, None])
                rows = np.broadcast_to(np.arange(start, start + len(part))[:, None], near.shape)
                yield rows, near, apart


def _reordered(words: np.ndarray, order: Sequence[int] | np.ndarray) -> np.ndarray:
    """Words whose bits stand in another order, as numbers that sort by the first of them."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8), axis=1)
    packed = np.packbits(np.ascontiguousarray(bits[:, order]), axis=1)
    return np.ascontiguousarray(packed).view(">u8")[:, 0].astype(np.uint64)
