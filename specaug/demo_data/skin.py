"""The colours of a face: skin, lips, eyes, brows, beard and glasses, as reflectances on the canvas."""

from __future__ import annotations

import numpy as np

from specaug.augment.recapture.fields import Array, blur
from specaug.demo_data.drawing import (
    blob,
    bump,
    canvas_noise,
    draw_strokes,
    grid,
    paint,
    pair,
    scatter,
    smoothstep,
    stroke_paths,
    to_px,
)
from specaug.demo_data.relief import Relief
from specaug.demo_data.subject import Subject

_SHADOW = np.array([0.55, 0.46, 0.46], np.float32)
"""How much of each colour is left where skin is shaded by skin: red goes deepest."""

_EYE_REACH = 0.25
"""Face units: an eye is at most 0.155 wide on either side, and its marks end with it."""
Window = tuple[slice, slice]


def _shade(under: Array, amount: Array | float) -> Array:
    """Darken skin by `amount`, 0 to 1, warmly."""
    return under * (1 - np.asarray(amount, np.float32)[..., None] * (1 - _SHADOW))


def paint_skin(subject: Subject, relief: Relief, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 3) reflectance of the bare face, without eyes, lips and hair."""
    tone = (
        0.035 * canvas_noise(70, rng=rng)
        + 0.03 * canvas_noise(20, rng=rng)
        + 0.018 * canvas_noise(6, rng=rng)
    )
    tone += (0.020 + 0.012 * subject.age) * canvas_noise(2.2, rng=rng)
    skin = np.asarray(subject.skin, np.float32) * np.exp(tone)[..., None]
    tip = subject.eye_y + subject.nose_length
    flush = (
        0.8 * pair(0.40, 0.27, 0.16, 0.12)
        + 0.7 * blob(0, tip, 0.11, 0.09)
        + 0.4 * blob(0, subject.chin - 0.15, 0.2, 0.1)
    )
    flush = np.clip(flush + 0.10 * canvas_noise(16, rng=rng), 0, 1) * subject.redness
    skin = skin * (1 - flush[..., None] * np.array([0.02, 0.24, 0.22], np.float32))
    skin = _spots(skin, subject, rng=rng)
    bags = (0.15 + 0.5 * subject.age) * pair(subject.eye_x, subject.eye_y + 0.105, 0.11, 0.028, turn=0.1)
    lids = 0.30 * pair(subject.eye_x, subject.eye_y - 0.03, 0.15, 0.06)
    return _shade(_shade(skin, bags + lids), 0.5 * (1 - relief.occlusion))


def _spots(skin: Array, subject: Subject, *, rng: np.random.Generator) -> Array:
    """Freckles over nose and cheeks, and a few moles."""
    where = pair(0.30, 0.18, 0.22, 0.12) + blob(0, 0.15, 0.2, 0.12)
    freckles = smoothstep(1.5, 2.3, canvas_noise(4, rng=rng)) * np.clip(where, 0, 1) * subject.freckles
    skin = paint(skin, np.asarray(subject.skin) * 0.55, 0.8 * freckles)
    for u0, v0 in rng.uniform((-0.5, -0.4), (0.5, 0.8), (rng.integers(0, 3), 2)):
        skin = paint(skin, np.asarray(subject.skin) * 0.3, 0.8 * blob(u0, v0, 0.011, 0.011))
    return skin


def paint_nose(skin: Array, subject: Subject) -> Array:
    """Nostrils, and the shadows under and beside the nose."""
    tip, width = subject.eye_y + subject.nose_length, subject.nose_width
    under = 0.55 * blob(0, tip + 0.075, width * 0.95, 0.022) + 0.45 * pair(
        width * 1.28, tip + 0.01, 0.018, 0.05, turn=-0.25
    )
    nostrils = pair(width * 0.52, tip + 0.062, 0.032, 0.016, turn=-0.25)
    return paint(_shade(skin, np.clip(under, 0, 1)), np.asarray(subject.skin) * 0.06, 0.85 * nostrils)


def paint_lips(skin: Array, subject: Subject, *, rng: np.random.Generator) -> Array:
    """Lips with a bow, and the line between them."""
    u, v = grid()
    half = subject.mouth_width
    across = np.clip(1 - (u / half) ** 2, 0, 1)
    line = subject.mouth_y - subject.smile * (u / half) ** 2 + 0.008 * np.exp(-((u / (0.2 * half)) ** 2))
    bow = 1 + 0.12 * bump(np.abs(u) - 0.055, 0.035) - 0.22 * bump(u, 0.025)
    top = line - subject.upper_lip * across**0.75 * bow
    bottom = line + subject.lower_lip * across**0.65
    inside = (
        smoothstep(top - 0.012, top + 0.012, v) * smoothstep(bottom + 0.014, bottom - 0.012, v) * (across > 0)
    )
    red = (
        np.array([0.92, 0.62, 0.62]) * (1 - subject.lip_colour)
        + np.array([0.88, 0.36, 0.42]) * subject.lip_colour
    )
    lines = np.exp(0.06 * blur(canvas_noise(2.5, rng=rng), 0.8, sigma_y=4))[..., None]
    lips = np.asarray(subject.skin, np.float32) * red.astype(np.float32) * lines
    lips = lips * np.where(v < line, 0.80, 1.06)[..., None]
    skin = _shade(skin, 0.45 * bump(v - bottom - 0.025, 0.022) * across)
    skin = paint(skin, lips, blur(inside, 1.0) * 0.92)
    parted = bump(v - line, 0.007 + 0.004 * across) * smoothstep(half * 1.06, half * 0.9, np.abs(u))
    return paint(skin, np.asarray(subject.skin) * 0.10, 0.85 * parted)


def paint_brows(skin: Array, subject: Subject, *, rng: np.random.Generator) -> Array:
    """Brows made of single hairs that turn from upwards at the nose to sideways at the temple."""
    mask = np.zeros(skin.shape[:2], np.uint8)
    n = 190
    for side in (-1, 1):
        t = rng.uniform(0, 1, n)
        u0 = subject.eye_x - 0.19 + 0.37 * t
        middle = (
            subject.eye_y
            - subject.brow_rise
            - subject.brow_arch * np.sin(np.pi * np.clip(t * 0.95, 0, 1)) ** 1.2
        )
        middle = middle + 0.045 * smoothstep(0.6, 1.0, t) + 0.030 * smoothstep(0.35, 0.0, t)
        thickness = (
            subject.brow_thickness * (1.0 - 0.75 * smoothstep(0.45, 1.0, t)) * smoothstep(-0.1, 0.12, t)
        )
        v0 = middle + thickness * rng.uniform(-1, 1, n)
        rise = np.radians(48) * (1 - smoothstep(0.0, 0.4, t)) - np.radians(14) * smoothstep(0.5, 1, t)
        heading = -rise + rng.normal(0, 0.12, n)
        paths = stroke_paths(np.stack([u0, v0], 1), heading, rng.uniform(0.035, 0.075, n), 0.25, points=4)
        draw_strokes(mask, paths * np.array([side, 1]), rng.uniform(120, 255, n))
    soft = np.clip(0.85 * blur(mask, 0.7) + 0.75 * blur(mask, 2.2), 0, 255) / 255
    colour = np.asarray(subject.hair_colour) * 0.75 + np.asarray(subject.skin) * 0.05
    return paint(skin, colour, soft * (0.70 + 0.25 * subject.robust))


def paint_beard(skin: Array, subject: Subject, *, rng: np.random.Generator) -> Array:
    """Stubble, a moustache or a full beard."""
    if subject.beard == "none":
        return skin
    u, v = grid()
    tip = subject.eye_y + subject.nose_length
    lip = subject.mouth_y
    jaw = smoothstep(0.10, 0.42, v - 0.30 + 0.45 * (np.abs(u) - 0.5)) * smoothstep(
        0.0, 0.14, np.abs(u) + v - lip + 0.02
    )
    below = jaw * smoothstep(tip + 0.10, lip + 0.08, v + 0.35 * np.clip(np.abs(u) - 0.22, 0, 1))
    moustache = smoothstep(tip + 0.10, tip + 0.14, v) * smoothstep(lip + 0.03, lip - 0.05, v)
    moustache = moustache * smoothstep(subject.mouth_width + 0.09, subject.mouth_width - 0.04, np.abs(u))
    lips = blob(0, lip + 0.01, subject.mouth_width * 0.72, 0.042)
    area = (moustache if subject.beard == "moustache" else np.maximum(below, moustache)) * np.clip(
        1 - 1.25 * lips, 0, 1
    )
    fill, n, length = {
        "stubble": (0.28, 2600, 0.020),
        "moustache": (0.50, 1500, 0.07),
        "full": (0.62, 5000, 0.075),
    }[subject.beard]
    hairs = np.zeros(skin.shape[:2], np.uint8)
    start = scatter(area**2, n, rng=rng)
    heading = np.pi / 2 - 0.8 * np.clip(start[:, 0] / 0.4, -1, 1) + rng.normal(0, 0.3, n)
    draw_strokes(
        hairs, stroke_paths(start, heading, length, rng.normal(0, 0.5, n), points=4), rng.uniform(90, 255, n)
    )
    strength = np.clip(
        fill * blur(area, 3) * (1 + 0.12 * canvas_noise(8, rng=rng)) + 0.5 * area * blur(hairs, 0.6) / 255,
        0,
        0.93,
    )
    return paint(skin, np.asarray(subject.hair_colour) * 0.8 + 0.004, strength)


def _eye(
    skin: Array, subject: Subject, side: int, opening: float, near: Window, *, rng: np.random.Generator
) -> Array:
    """One eye on the part `near` of the canvas; `opening` is 1 when open and 0 when closed."""
    u, v = (axis[near] for axis in grid())
    c, s = np.cos(subject.eye_tilt), np.sin(subject.eye_tilt)
    du, dv = side * u - subject.eye_x, v - subject.eye_y
    du, dv = c * du - s * dv, c * dv + s * du
    half, rise = subject.eye_width, subject.eye_opening
    across = np.clip(1 - (du / half) ** 2, 0, 1)
    lower = 0.62 * rise * across**0.85
    upper = -rise * across**0.70 * (1 - 0.12 * du / half) * opening + 0.85 * lower * (1 - opening)
    within = across > 0
    inside = (
        smoothstep(upper - 0.006, upper + 0.006, dv) * smoothstep(lower + 0.006, lower - 0.006, dv) * within
    )
    skin = paint(
        skin, np.asarray(subject.skin) * np.array([0.62, 0.48, 0.46]), 0.7 * bump(dv - lower, 0.010) * within
    )
    if opening > 0:
        skin = paint(skin, _eyeball(subject, du, dv, upper, canvas_noise(8, rng=rng)[near]), inside)
    crease = upper - 0.030 - 0.012 * opening
    skin = _shade(skin, 0.85 * bump(dv - crease, 0.009) * np.clip(across * 4, 0, 1) * (0.35 + 0.65 * opening))
    lash = bump(dv - upper + 0.003, 0.010 + 0.004 * (1 - subject.robust)) * np.clip(across * 6, 0, 1)
    return paint(skin, (0.012, 0.008, 0.007), 0.92 * lash)


def _eyeball(subject: Subject, du: Array, dv: Array, upper: Array, uneven: Array) -> Array:
    """White, iris, pupil and the reflection of a window."""
    radius = np.hypot(du, dv + 0.004)
    iris = 0.42 * subject.eye_width
    corner = 1 - 0.45 * smoothstep(0.45, 1.0, np.abs(du) / subject.eye_width)
    white = np.array([0.60, 0.54, 0.51], np.float32) * corner[..., None].astype(np.float32)
    rays = 1 + 0.30 * np.sin(np.arctan2(dv, du) * 19 + uneven) + 0.5 * smoothstep(0.4, 0.8, radius / iris)
    colour = np.asarray(subject.iris, np.float32) * rays[..., None].astype(np.float32)
    eye = paint(white, colour, smoothstep(iris * 1.05, iris * 0.94, radius))
    eye = paint(eye, np.asarray(subject.iris) * 0.25, 0.8 * bump(radius - iris, 0.006))
    eye = paint(eye, (0.004, 0.004, 0.004), smoothstep(iris * 0.46, iris * 0.38, radius))
    eye = eye * (1 - 0.60 * bump(dv - upper, 0.020))[..., None]
    return paint(eye, (0.95, 0.95, 0.95), smoothstep(0.013, 0.008, np.hypot(du + 0.018, dv + 0.022)))


def paint_eyes(skin: Array, subject: Subject, opening: float, *, rng: np.random.Generator) -> Array:
    """Both eyes at one state of the lids."""
    out = skin.copy()
    for side in (-1, 1):
        near = _around(side * subject.eye_x, subject.eye_y)
        out[near] = _eye(out[near], subject, side, opening, near, rng=rng)
    return out


def _around(u: float, v: float) -> Window:
    """Rows and columns of the canvas that an eye with its lids and lashes lies within, with room to spare."""
    rows, columns = (
        slice(int(to_px(middle - _EYE_REACH)), int(to_px(middle + _EYE_REACH)) + 1) for middle in (v, u)
    )
    return rows, columns


def paint_glasses(skin: Array, subject: Subject) -> Array:
    """Frames of spectacles and the shadow that they throw."""
    if subject.glasses == "none":
        return skin
    u, v = grid()
    power, width, height, rim = {"round": (2.3, 0.220, 0.185, 0.075), "square": (3.6, 0.225, 0.160, 0.15)}[
        subject.glasses
    ]
    middle = subject.eye_y + 0.015
    lens = (
        np.abs((np.abs(u) - subject.eye_x - 0.01) / width) ** power + np.abs((v - middle) / height) ** power
    ) ** (1 / power)
    frame = smoothstep(rim, rim * 0.6, np.abs(lens - 1))
    inner, outer = subject.eye_x + 0.01 - width, subject.eye_x + 0.01 + width
    bridge = smoothstep(0.016, 0.010, np.abs(v - middle + 0.05 - 0.3 * u**2)) * (np.abs(u) < inner)
    arms = smoothstep(0.018, 0.012, np.abs(v - middle + 0.05)) * (np.abs(u) > outer)
    shape = np.clip(frame + bridge + arms, 0, 1)
    shadow = blur(np.roll(shape, 5, axis=0), 3)
    return paint(_shade(skin, 0.5 * shadow), subject.glasses_colour, 0.88 * blur(shape, 0.6))
