"""The shape of a head, as a height field over the canvas, with its normals."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from specaug.augment.recapture.fields import Array, blur
from specaug.demo_data.drawing import PX_PER_UNIT, blob, bump, canvas_noise, grid, pair, smoothstep
from specaug.demo_data.subject import Subject

DEPTH = 0.62
"""Height of the skull above its outline, face units."""


@dataclass(frozen=True, eq=False)
class Relief:
    """Shape of one head; arrays are (SIDE, SIDE), normals (SIDE, SIDE, 3), float32."""

    radius: Array
    """1 on the outline of the head, less inside."""
    head: Array
    """Opacity of the head."""
    height: Array
    """Height towards the camera, face units; the skull is continued beyond the outline."""
    normals: Array
    """Unit normals: right, down, towards the camera."""
    occlusion: Array
    """Share of the ambient light that reaches each point, 0 to 1."""


def outline(subject: Subject, *, grow: float = 0.0) -> Array:
    """Distance from the middle of the head as a share of the way to its outline, `grow` face units wider."""
    u, v = grid()
    taper = 1 - subject.jaw_taper * smoothstep(0.0, subject.chin, v)
    width = (subject.face_width + grow) * taper
    height = np.where(v < 0, subject.crown, subject.chin) + grow
    power = 2.2 + (subject.jaw_square - 2.2) * smoothstep(0.0, 0.5, v)
    return np.asarray((np.abs(u / width) ** power + np.abs(v / height) ** power) ** (1 / power), np.float32)


def _dome(radius: Array) -> Array:
    return np.asarray(np.sqrt(np.clip(1 - radius**2.3, 0, 1)), np.float32)


def _brows_and_eyes(subject: Subject) -> Array:
    x, y = subject.eye_x, subject.eye_y
    ridge = (0.03 + 0.035 * subject.robust) * pair(
        x - 0.03, y - subject.brow_rise + 0.03, 0.20, 0.055, turn=0.1
    )
    sockets = -0.085 * pair(x - 0.02, y, 0.15, 0.085)
    return np.asarray(ridge + sockets + 0.065 * pair(x, y, 0.095, 0.062), np.float32)


def _nose(subject: Subject) -> Array:
    u, v = grid()
    tip = subject.eye_y + subject.nose_length
    along = (v - subject.eye_y) / subject.nose_length
    t = np.clip(along, 0, 1)
    profile = (0.20 + 0.80 * t**1.3) * smoothstep(-0.35, 0.15, along) * smoothstep(1.24, 0.98, along)
    bridge = subject.nose_height * profile * bump(u, subject.nose_width * (0.38 + 0.34 * t))
    ball = blob(0, tip - 0.03, 0.075, 0.07) + 0.75 * pair(subject.nose_width * 0.80, tip, 0.042, 0.046)
    return np.asarray(bridge + 0.20 * subject.nose_height * ball, np.float32)


def _mouth_and_chin(subject: Subject) -> Array:
    y, half = subject.mouth_y, subject.mouth_width
    muzzle = 0.05 * blob(0, y, 0.27, 0.17)
    upper = 0.030 * blob(0, y - 0.5 * subject.upper_lip, half * 0.6, subject.upper_lip * 0.55)
    lower = 0.045 * blob(0, y + 0.55 * subject.lower_lip, half * 0.5, subject.lower_lip * 0.55)
    crease = -0.026 * blob(0, y, half * 0.45, 0.013) - 0.018 * blob(0, y + 0.17, 0.13, 0.04)
    tip = subject.eye_y + subject.nose_length
    groove = -0.012 * blob(0, (tip + y) / 2 + 0.02, 0.022, 0.05) + 0.008 * pair(
        0.045, (tip + y) / 2 + 0.02, 0.02, 0.05
    )
    return np.asarray(
        muzzle + upper + lower + crease + groove + 0.055 * blob(0, subject.chin - 0.18, 0.16, 0.10),
        np.float32,
    )


def _cheeks(subject: Subject) -> Array:
    bones = 0.045 * pair(0.44, 0.13, 0.15, 0.11)
    return np.asarray(
        bones
        + 0.03 * pair(0.36, 0.30, 0.15, 0.13)
        - 0.03 * (0.4 + subject.robust) * pair(0.46, 0.50, 0.10, 0.16),
        np.float32,
    )


def _folds(subject: Subject) -> Array:
    """Lines from the nose to the mouth, on the forehead and beside the eyes; deeper with age."""
    u, v = grid()
    tip = subject.eye_y + subject.nose_length
    t = (v - tip) / (subject.mouth_y - tip)
    course = (
        subject.nose_width
        + 0.035
        + (subject.mouth_width - subject.nose_width + 0.03) * np.clip(t, 0, 2) ** 0.8
    )
    to_mouth = bump(np.abs(u) - course, 0.024) * smoothstep(-0.1, 0.2, t) * smoothstep(1.5, 0.9, t)
    depth = (0.010 + 0.022 * subject.age) * to_mouth
    old = max(0.0, subject.age - 0.45)
    for k in range(4):
        height = -0.34 - 0.085 * k + 0.015 * np.cos(5 * u + 1.7 * k)
        depth = depth + 0.011 * old * bump(v - height, 0.011) * bump(u, 0.26)
        angle = 0.45 * (k - 1.5)
        depth = depth + 0.012 * old * pair(
            subject.eye_x + 0.22, subject.eye_y + 0.05 * (k - 1.5), 0.05, 0.007, turn=angle
        )
    return -depth


def _normals(height: Array) -> Array:
    smooth = blur(height, 0.9)
    slope_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=PX_PER_UNIT / 8)
    slope_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=PX_PER_UNIT / 8)
    n = np.stack([-slope_x, -slope_y, np.ones_like(slope_x)], axis=2)
    return np.asarray(n / np.sqrt(np.square(n).sum(axis=2, keepdims=True)), np.float32)


def _blend_normals(inside: Array, outside: Array, share: Array) -> Array:
    mixed = inside * share[..., None] + outside * (1 - share[..., None])
    return np.asarray(mixed / np.sqrt(np.square(mixed).sum(axis=2, keepdims=True)), np.float32)


def _occlusion(height: Array) -> Array:
    """Less light in hollows: compares each point with its neighbourhood at two sizes."""
    near = blur(height, 5) - height
    far = blur(height, 18) - height
    return np.asarray(
        np.clip(1 - 9.0 * np.clip(near, 0, None) - 2.6 * np.clip(far, 0, None), 0.35, 1), np.float32
    )


def make_relief(subject: Subject, *, rng: np.random.Generator) -> Relief:
    """Raise the head of `subject`; `rng` draws the unevenness of the skin."""
    radius = outline(subject)
    features = _brows_and_eyes(subject) + _nose(subject) + _mouth_and_chin(subject)
    features = features + _cheeks(subject) + _folds(subject)
    skin = 0.004 * canvas_noise(26, rng=rng) + (0.0004 + 0.0005 * subject.age) * canvas_noise(3, rng=rng)
    inside = smoothstep(1.0, 0.8, radius)
    face = DEPTH * _dome(radius) + (features + skin) * inside
    skull = DEPTH * _dome(outline(subject, grow=0.2))
    return Relief(
        radius=radius,
        head=smoothstep(1.008, 0.985, radius).astype(np.float32),
        height=blur(skull + features * inside, 2),
        normals=_blend_normals(_normals(face), _normals(skull), smoothstep(1.0, 0.93, radius)),
        occlusion=_occlusion(face.astype(np.float32)),
    )
