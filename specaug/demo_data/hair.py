"""Hair: strands that follow the skull, in front of the face and behind it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur
from specaug.demo_data.drawing import (
    PX_PER_UNIT,
    SIDE,
    bump,
    canvas_noise,
    draw_strokes,
    grid,
    layer,
    scatter,
    smoothstep,
    stroke_paths,
    to_px,
)
from specaug.demo_data.relief import outline
from specaug.demo_data.subject import HairStyle, Subject

_VOLUME: dict[HairStyle, float] = {
    "bald": 0.0,
    "buzz": 0.025,
    "short": 0.09,
    "fringe": 0.10,
    "parted": 0.11,
    "long": 0.13,
    "curly": 0.20,
}
"""How far the hair stands off the skull, face units."""

Flow = npt.NDArray[np.float64]
"""Headings of strands, radians; 0 to the right, pi / 2 down."""


def _hairline(subject: Subject) -> Array:
    """The lower edge of the hair for each column: across the forehead, then down beside the face."""
    u, _ = grid()
    side = np.abs(u) / subject.face_width
    line = subject.hairline + 0.10 * bump(u, 0.18) * (subject.age * subject.robust)
    if subject.hair == "fringe":
        line = line + 0.22 * (1 - 0.4 * np.abs(u))
    if subject.hair in ("parted", "long"):
        line = line - 0.12 * bump(u - subject.parting * 0.6, 0.16)
    temple = -0.06 * bump(side - 0.62, 0.14)
    length = 1.75 if subject.hair == "long" else 0.62
    return np.asarray(line + temple + length * smoothstep(0.80, 1.02, side), np.float32)


def _region(subject: Subject, *, rng: np.random.Generator) -> Array:
    """Opacity of the mass of hair in front of the head, before single strands."""
    _, v = grid()
    ragged = 0.016 * canvas_noise(5, rng=rng) + 0.018 * canvas_noise(14, rng=rng)
    if subject.hair == "curly":
        ragged = ragged + 0.030 * canvas_noise(16, rng=rng)
    skull = smoothstep(1.02, 0.97, outline(subject, grow=_VOLUME[subject.hair]) + 0.5 * ragged)
    return (skull * smoothstep(0.035, -0.035, v - _hairline(subject) + ragged)).astype(np.float32)


def _curtain(subject: Subject, *, rng: np.random.Generator) -> Array:
    """Long hair that falls behind the neck and over the shoulders."""
    u, v = grid()
    edge = (
        subject.face_width
        + 0.17
        + 0.05 * np.sin(4 * v + subject.parting * 9)
        + 0.015 * canvas_noise(9, rng=rng)
    )
    width = edge * np.sqrt(np.clip(1 - np.clip((-0.25 - v) / (subject.crown - 0.13), 0, 1) ** 2, 0, 1))
    end = 1.22 + 0.04 * canvas_noise(7, rng=rng)
    return np.asarray(
        ((width > 0) * smoothstep(0.02, -0.02, np.abs(u) - width) * smoothstep(0.03, -0.05, v - end)),
        np.float32,
    )


def _along_skull(start: Flow, subject: Subject) -> Flow:
    """Downwards along the nearest outline of the skull, away from the parting."""
    side = np.where(start[:, 0] >= subject.parting * 0.8, 1.0, -1.0)
    tangent_u = -(start[:, 1] - 0.2) / subject.crown**2
    tangent_v = (start[:, 0] - 0.5 * subject.parting) / subject.face_width**2
    return np.asarray(
        np.arctan2(np.maximum(side * tangent_v, 0.15), side * np.maximum(tangent_u, 0.02)), np.float64
    )


def _headings(start: Flow, subject: Subject, *, rng: np.random.Generator) -> Flow:
    spread = rng.normal(0, 0.16, len(start))
    lean = start[:, 0] / subject.face_width
    if subject.hair == "fringe":
        return np.pi / 2 - 0.45 * lean - 0.5 * subject.parting + spread
    if subject.hair in ("parted", "long"):
        hanging = smoothstep(-0.3, 0.3, start[:, 1])
        return _along_skull(start, subject) * (1 - hanging) + np.pi / 2 * hanging + 0.5 * spread
    if subject.hair == "curly":
        return rng.uniform(0, 2 * np.pi, len(start))
    return -np.pi / 2 + 1.1 * lean + 0.8 * subject.parting + 1.5 * spread


_STRANDS: dict[HairStyle, tuple[int, float, float]] = {
    "bald": (0, 0.0, 0.0),
    "buzz": (2600, 0.020, 0.3),
    "short": (3200, 0.13, 0.8),
    "fringe": (2600, 0.26, 0.3),
    "parted": (2600, 0.34, 0.5),
    "long": (3000, 0.42, 0.5),
    "curly": (3000, 0.16, 5.0),
}
"""Number of strands, their length in face units and their bend in radians."""


def _mass(subject: Subject, region: Array, paths: Flow, shine: Array, *, rng: np.random.Generator) -> Array:
    """A layer of hair: the region filled dark, strands of varied brightness upon it."""
    tone = np.full((SIDE, SIDE), 70, np.uint8)
    alpha = np.rint(255 * region).astype(np.uint8)
    root = np.clip(np.rint(to_px(paths[:, paths.shape[1] // 2])).astype(int), 0, SIDE - 1)
    lit = shine[root[:, 1], root[:, 0]]
    order = np.argsort(lit + rng.uniform(-0.3, 0.3, len(lit)))
    values = (100 + 90 * lit) * np.exp(rng.normal(0, 0.30, len(lit)))
    draw_strokes(tone, paths[order], values[order])
    draw_strokes(alpha, paths[order], np.full(len(order), 255))
    locks = np.exp(0.16 * blur(canvas_noise(5, rng=rng), 1, sigma_y=9))
    brightness = blur(tone, 0.6) / 128 * locks
    colour = (
        np.asarray(subject.hair_colour, np.float32) * brightness[..., None]
        + 0.010 * (shine * brightness)[..., None]
    )
    return layer(colour.astype(np.float32), blur(alpha, 0.6) / 255)


def _shine(subject: Subject) -> Array:
    """Where hair catches the light: a band around the upper skull."""
    u, v = grid()
    ring = bump(np.hypot(u * 0.9, v + 0.15) - 0.72 * subject.crown, 0.14) * smoothstep(0.0, -0.5, v)
    return (0.75 * ring + 0.35 * smoothstep(0.6, -0.6, v)).astype(np.float32)


def front_hair(subject: Subject, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 4) layer of hair that lies over the head."""
    n, length, bend = _STRANDS[subject.hair]
    if n == 0:
        return np.zeros((SIDE, SIDE, 4), np.float32)
    region = _region(subject, rng=rng)
    start = scatter(region**2, n, rng=rng)
    sign = np.where(start[:, 0] >= subject.parting * 0.8, 1.0, -1.0)
    lengths = length * rng.uniform(0.5, 1.1, n) * _room(subject, start)
    bends = bend * sign * rng.uniform(0.5, 1.2, n)
    if subject.hair in ("parted", "long"):
        bends = bends * smoothstep(0.3, -0.3, start[:, 1])
    paths = stroke_paths(start, _headings(start, subject, rng=rng), lengths, bends, points=8)
    hair = _mass(subject, region, paths, _shine(subject), rng=rng)
    return hair * np.float32(0.72) if subject.hair == "buzz" else hair


def _room(subject: Subject, start: Flow) -> Flow:
    """Shorter strands where the hairline is near, so that none falls over the eyes."""
    column = np.clip(np.rint(to_px(start[:, 0])).astype(int), 0, SIDE - 1)
    line = _hairline(subject)[0, column] if subject.hair != "long" else np.full(len(start), 1.2)
    return np.clip(0.35 + (line - start[:, 1]) / 0.35, 0.35, 1.0)


def back_hair(subject: Subject, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 4) layer of hair behind neck and shoulders; empty unless the hair is long."""
    if subject.hair != "long":
        return np.zeros((SIDE, SIDE, 4), np.float32)
    region = _curtain(subject, rng=rng)
    n = 2600
    start = scatter(region, n, rng=rng)
    heading = np.pi / 2 + rng.normal(0, 0.12, n) - 0.15 * np.sign(start[:, 0])
    paths = stroke_paths(start, heading, rng.uniform(0.2, 0.5, n), rng.normal(0, 0.5, n), points=8)
    _, v = grid()
    return _mass(subject, region, paths, (0.35 * smoothstep(1.2, -0.3, v)).astype(np.float32), rng=rng)


def hair_shadow(subject: Subject, hair: Array) -> Array:
    """(SIDE, SIDE) light that is left on the face under the edge of its hair, 0 to 1."""
    dropped = np.roll(hair[..., 3], round(0.05 * PX_PER_UNIT), axis=0)
    return (1 - 0.45 * blur(dropped, 7)).astype(np.float32)
