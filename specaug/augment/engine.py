"""How every operation is applied: picture by picture, as ``x + strength · delta``, then clipped and counted.

Writing each operation as a change that is added keeps what must not change exact: pixels at strength zero, and
frequencies outside the band. It also lets the clip guard halve a change without another transform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from specaug.arrays import (
    as_dtype,
    check_array,
    check_axis,
    check_image,
    is_double,
    is_numpy,
    namespace,
    to_float,
    white,
)
from specaug.errors import ArgumentError
from specaug.spectrum.transform import Axes

CLIP_LIMIT = 0.01
"""Share of clipped values above which the guard halves the strength."""
MAX_HALVINGS = 4
PIECE = 2**23  # values of a batch of tensors that are worked on at once


@dataclass(frozen=True, eq=False)
class Applied:
    """A changed picture, and what became of the change."""

    image: Any
    clipped: np.ndarray
    """Share of values cut off by more than half a grey level; one number for each picture, or for each clip."""
    halvings: np.ndarray
    """How often the guard halved the strength, 0 to 4, likewise."""

    def __repr__(self) -> str:
        return f"Applied({tuple(self.image.shape)}, clipped={self.clipped}, halvings={self.halvings})"


@dataclass(frozen=True)
class Change:
    """What an operation adds to a picture, in two steps.

    Both see pictures (…, H, W, C) or (…, C, H, W), as the axes of rows and columns tell, uint8 or float, with the
    given value for white. They must not write to them, and give floats.
    """

    delta: Callable[[Any, Callable[[], Any], Axes, float], Any]
    """(picture, giver of the prepared partner, axes, white) -> fresh array, added in proportion to the strength.

    The partner is prepared when it is asked for, so that an operation decides what is held at the same time.
    """
    prepare: Callable[[Any, Axes, float], Any] | None = None
    """(partner, axes, white) -> what the first step needs of it; done once where frames share a partner."""
    strength: float = 1.0
    guard: bool = False
    """Whether more clipping than the limit halves the strength."""


def apply_change(
    image: Any,
    change: Change,
    *,
    partner: Any = None,
    partner_name: str = "reference",
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> Applied:
    """Apply `change` to each picture of `image`; those along `clip_axis` are guarded as one."""
    check_image("image", image, channel_axis=channel_axis)
    clip = _clip_position(image, channel_axis, clip_axis)
    planes, axes = _planes(image, channel_axis)
    if change.prepare is not None:
        _check_partner(image, partner, partner_name, channel_axis)
        partner = _in_units_of(image, partner)
        partner, _ = _planes(partner, None if channel_axis is None else check_axis(channel_axis, image.ndim))
        _check_shapes(planes, partner, partner_name, image)
        partner = partner[(None,) * (planes.ndim - partner.ndim)]
        partner = _frames_last(partner, clip)
    planes = _frames_last(planes, clip)
    if is_numpy(image):
        return _one_by_one(image, change, partner, planes.shape, axes, channel_axis, clip)
    applied = _in_pieces(image, change, partner, planes, axes, clip)
    return replace(applied, image=_as_given(applied.image, channel_axis, axes, clip))


def _one_by_one(
    image: np.ndarray,
    change: Change,
    partner: Any,
    shape: tuple[int, ...],
    axes: Axes,
    channel_axis: int | None,
    clip: int | None,
) -> Applied:
    """NumPy: a loop over clips, and in it over frames, since what stays in cache is several times as fast.

    No more than the floats of one clip and the transforms of one picture are held besides the result.
    """
    source = _frames_last(_planes(image, channel_axis)[0], clip)
    result = target = None  # made when the first transforms are done and gone
    n_units = len(shape) - 3 - (clip is not None)
    units, frames = shape[:n_units], list(np.ndindex(shape[n_units:-3]))
    clipped, halvings = np.zeros(units), np.zeros(units, dtype=np.int64)
    shared = partner is not None and math.prod(partner.shape[:-3]) < math.prod(shape[:-3])
    prepared = _Prepared(change, partner, axes, white(image), shared)
    for unit in np.ndindex(units):
        originals, changed = [source[unit + frame] for frame in frames], []
        for frame, x in zip(frames, originals, strict=True):
            y = change.delta(x, partial(prepared.at, unit + frame), axes, white(image))
            if change.strength != 1:
                y *= change.strength
            y += x
            changed.append(y)
        clipped[unit], halvings[unit], inside = _guard(originals, changed, change.guard, white(image))
        if result is None or target is None:
            result = np.empty(image.shape, image.dtype)
            target = _frames_last(_planes(result, channel_axis)[0], clip)
        for frame, y in zip(frames, changed, strict=True):
            _store(y, target[unit + frame], inside)
    return Applied(image.copy() if result is None else result, clipped, halvings)


@dataclass
class _Prepared:
    """The partner's side of a change, kept while the same partner is asked for again."""

    change: Change
    partner: Any
    axes: Axes
    white: float
    shared: bool
    """Whether more than one picture has the same partner."""
    _held: tuple[tuple[int, ...], Any] | None = None

    def at(self, index: tuple[int, ...]) -> Any:
        if self.change.prepare is None:
            return None
        sizes = self.partner.shape[: len(index)]
        own = tuple(0 if n == 1 else i for i, n in zip(index, sizes, strict=True))
        if self._held is not None and self._held[0] == own:
            return self._held[1]
        made = self.change.prepare(self.partner[own], self.axes, self.white)
        self._held = (own, made) if self.shared else None
        return made


def _guard(
    originals: list[np.ndarray], changed: list[np.ndarray], guard: bool, white: float
) -> tuple[float, int, bool]:
    """Halve the change of `changed`, in place, until few values clip.

    Returns the share that does, the halvings, and whether all values round to one that there is.
    """
    halvings = 0
    while True:
        inside = all(_rounds_inside(y, white) for y in changed)
        share = 0.0 if inside else sum(_outside(y, white) for y in changed) / sum(y.size for y in changed)
        if not guard or share <= CLIP_LIMIT or halvings == MAX_HALVINGS:
            return share, halvings, inside
        for x, y in zip(originals, changed, strict=True):
            y += x
            y *= 0.5
        halvings += 1


def _rounds_inside(y: np.ndarray, white: float) -> bool:
    """Whether all values are less than half a grey level beyond black and white."""
    margin = white / 510
    return bool(y.min() > -margin and y.max() < white + margin)


def _outside(y: np.ndarray, white: float) -> int:
    """Values more than half a grey level below black or above white: less is rounded back anyway."""
    margin = white / 510
    return int(np.count_nonzero(y < -margin) + np.count_nonzero(y > white + margin))


def _store(y: np.ndarray, target: np.ndarray, inside: bool) -> None:
    """Round and clip, in place, and write."""
    if target.dtype != np.uint8:
        np.clip(y, 0, 1, out=target, casting="same_kind")
        return
    if not inside:
        np.clip(y, 0, 255, out=y)
    np.rint(y, out=target, casting="unsafe")  # one step: NumPy converts pieces that stay in cache


def _in_pieces(
    image: Any, change: Change, partner: Any, planes: Any, axes: Axes, clip: int | None
) -> Applied:
    """Tensors: large batches in pieces along their first axis, so that what is held besides stays small."""
    n_units = planes.ndim - 3 - (clip is not None)
    step = max(1, PIECE * planes.shape[0] // max(math.prod(planes.shape), 1))
    if n_units == 0 or step >= planes.shape[0]:
        return _all_at_once(image, change, partner, planes, axes, clip)
    pieces = []
    for start in range(0, planes.shape[0], step):
        part = slice(start, start + step)
        other = partner[part] if partner is not None and partner.shape[0] > 1 else partner
        pieces.append(_all_at_once(image, change, other, planes[part], axes, clip))
    xp = namespace(planes)
    counts = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("clipped", "halvings"))
    return Applied(xp.concat([p.image for p in pieces], axis=0), *counts)


def _all_at_once(
    image: Any, change: Change, partner: Any, planes: Any, axes: Axes, clip: int | None
) -> Applied:
    """A whole piece in each step, nothing in place, so that gradients flow."""
    xp, level = namespace(image), white(image)
    x = to_float(planes)
    prepared = None if change.prepare is None else change.prepare(partner, axes, level)
    y = x + change.strength * change.delta(x, lambda: prepared, axes, level)
    over = tuple(range(-3 - (clip is not None), 0))
    halvings = xp.zeros_like(_share_outside(y, level, over))
    for _ in range(MAX_HALVINGS if change.guard else 0):
        many = _share_outside(y, level, over) > CLIP_LIMIT
        if not bool(xp.any(many)):
            break
        y = xp.where(many, (x + y) / 2, y)
        halvings = halvings + xp.astype(many, halvings.dtype)
    units = planes.shape[: planes.ndim - len(over)]
    counts = xp.stack([_share_outside(y, level, over), halvings])  # one copy from the device for both
    # by a list, since torch.func.grad wraps the memory
    clipped, halvings = np.array(counts.detach().cpu().tolist(), np.float64).reshape(2, *units)
    return Applied(as_dtype(xp.clip(y, 0, level), image), clipped, halvings.astype(np.int64))


def _as_given(planes: Any, channel_axis: int | None, axes: Axes, clip: int | None) -> Any:
    """Axes back where the caller had them."""
    xp = namespace(planes)
    if clip is not None:
        planes = xp.moveaxis(planes, -4, clip)
    if channel_axis is None:
        return planes[..., 0, :, :]
    return planes if axes == (-3, -2) else xp.moveaxis(planes, -3, channel_axis)


def _share_outside(y: Any, level: float, over: tuple[int, ...]) -> Any:
    xp, margin = namespace(y), level / 510
    outside = (y < -margin) | (y > level + margin)
    return xp.mean(xp.astype(outside, xp.float32), axis=over, keepdims=True)


def _planes(image: Any, channel_axis: int | None) -> tuple[Any, Axes]:
    """A view with channels last, or just before rows and columns, and the axes of rows and columns."""
    axis = check_axis(channel_axis, image.ndim)
    if axis is None:
        return image[..., None, :, :], (-2, -1)
    if axis == -1:
        return image, (-3, -2)
    return (image if axis == -3 else namespace(image).moveaxis(image, axis, -3)), (-2, -1)


def _frames_last(planes: Any, clip: int | None) -> Any:
    """The axis of the frames moved to just before the picture."""
    return planes if clip is None else namespace(planes).moveaxis(planes, clip, -4)


def _clip_position(image: Any, channel_axis: int | None, clip_axis: int | None) -> int | None:
    """Position of the frames among the axes of the batch."""
    if clip_axis is None:
        return None
    axis, channel = check_axis(clip_axis, image.ndim, "clip_axis"), check_axis(channel_axis, image.ndim)
    others = [i for i in range(-image.ndim, 0) if i != channel]
    if axis not in others[:-2]:
        raise ArgumentError(f"clip_axis: expected an axis before rows and columns, got {clip_axis!r}")
    return others.index(axis)


def _check_partner(image: Any, partner: Any, name: str, channel_axis: int | None) -> None:
    """Refuse a partner that is no picture of the same library."""
    check_array(name, partner)
    axis = check_axis(channel_axis, image.ndim)
    if axis is not None and -axis > partner.ndim:
        raise ArgumentError(
            f"{name}: expected channels on axis {axis} as image has them, got shape {tuple(partner.shape)}"
        )
    if axis is not None and channel_axis is not None and channel_axis >= 0:
        axis += partner.ndim  # counted from the front, as the caller did
    check_image(name, partner, channel_axis=axis)
    if is_numpy(partner) != is_numpy(image):
        raise ArgumentError(
            f"{name}: expected the same library as image, got {type(partner).__name__} beside {type(image).__name__}"
        )


def _check_shapes(planes: Any, partner: Any, name: str, image: Any) -> None:
    """Refuse a partner of another picture size, or a batch that does not broadcast to that of the image."""
    batch, others = planes.shape[:-3], partner.shape[:-3]
    fits = len(others) <= len(batch) and all(
        m in (1, n) for n, m in zip(batch[::-1], others[::-1], strict=False)
    )
    if planes.shape[-3:] != partner.shape[-3:] or not fits:
        raise ArgumentError(
            f"{name}: expected the picture size and channels of image, and a batch that broadcasts to its own, "
            f"got shape {tuple(partner.shape)} beside {tuple(planes.shape)}"
        )


def _in_units_of(image: Any, partner: Any) -> Any:
    """The partner as it is if its dtype is that of `image`, else as floats in the units of `image`."""
    if partner.dtype == image.dtype:
        return partner
    xp = namespace(partner)
    floats = xp.astype(partner, xp.float64 if is_double(image) else xp.float32)
    return floats * (white(image) / white(partner))
