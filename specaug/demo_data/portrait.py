"""A subject drawn once: the layers and the shape from which every frame is rendered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specaug.augment.recapture.fields import Array, blur
from specaug.demo_data.drawing import blob, bump, canvas_noise, grid, layer, over, paint, smoothstep
from specaug.demo_data.hair import back_hair, front_hair, hair_shadow
from specaug.demo_data.relief import Relief, make_relief
from specaug.demo_data.skin import (
    paint_beard,
    paint_brows,
    paint_eyes,
    paint_glasses,
    paint_lips,
    paint_nose,
    paint_skin,
)
from specaug.demo_data.subject import Subject

LID_STATES = (1.0, 0.45, 0.0)
"""How far the eyes are open in each drawn face."""
BODY_ZOOM = 1.75
"""The canvas of neck and clothes covers so many times the length of the others."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """Canvas layers of one subject; colours are linear reflectances multiplied by their opacity, float32."""

    faces: tuple[Array, ...]
    """(SIDE, SIDE, 4) head and ears, one for each of :data:`LID_STATES`."""
    surface: Array
    """(SIDE, SIDE, 4) unit normals and, last, how much the skin shines."""
    height: Array
    """(SIDE, SIDE) height towards the camera, face units."""
    hair: Array
    """(SIDE, SIDE, 4) hair over the head."""
    back: Array
    """(SIDE, SIDE, 4) hair behind neck and shoulders."""
    torso: Array
    """(SIDE, SIDE, 4) neck and clothes, :data:`BODY_ZOOM` times as large."""


def _ears(subject: Subject, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 4) the ears, behind the head."""
    u, v = grid()
    du, dv = (np.abs(u) - subject.face_width - 0.015) / 0.085, (v - 0.02) / 0.20
    radius = np.hypot(du - 0.25 * dv * (dv < 0), dv)
    colour = np.asarray(subject.skin, np.float32) * np.array([0.86, 0.74, 0.72], np.float32)
    shade = 1 - 0.45 * bump(radius - 0.62, 0.13) + 0.04 * canvas_noise(6, rng=rng)
    return layer((colour * shade[..., None]).astype(np.float32), smoothstep(1.04, 0.94, radius))


def _body_grid() -> tuple[Array, Array]:
    u, v = grid()
    return u * np.float32(BODY_ZOOM), v * np.float32(BODY_ZOOM)


def _neck(subject: Subject, *, rng: np.random.Generator) -> Array:
    u, v = _body_grid()
    half = 0.40 + 0.07 * subject.robust + 0.25 * smoothstep(1.02, 1.45, v) ** 2
    under_chin = bump(v - subject.chin + 0.02, 0.15) * smoothstep(0.75, 0.45, np.abs(u))
    sides = smoothstep(0.2, 1.0, np.abs(u) / half)
    shade = (1 - 0.62 * under_chin) * (1 - 0.35 * sides) * (0.82 + 0.03 * canvas_noise(20, rng=rng))
    colour = np.asarray(subject.skin, np.float32) * shade[..., None].astype(np.float32)
    return layer(
        colour * np.array([1, 0.96, 0.95], np.float32), smoothstep(0.02, -0.02, np.abs(u) - half) * (v > 0.4)
    )


def _weave(subject: Subject, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 3) the cloth: plain, striped or checked, with soft folds."""
    u, v = _body_grid()
    period = rng.uniform(0.10, 0.24)
    stripes = smoothstep(-0.15, 0.15, np.sin(2 * np.pi * (v + 0.12 * u**2) / period))
    if subject.pattern == "checks":
        stripes = 0.5 * stripes + 0.5 * smoothstep(-0.15, 0.15, np.sin(2 * np.pi * u / period))
    plain = np.ones_like(u)[..., None] * np.asarray(subject.cloth, np.float32)
    cloth = plain if subject.pattern == "plain" else paint(plain, subject.cloth_accent, 0.8 * stripes)
    folds = 0.10 * canvas_noise(22, rng=rng)
    folds += 0.05 * blur(canvas_noise(6, rng=rng), 1, sigma_y=6)
    folds += 0.02 * canvas_noise(1.5, rng=rng)
    return np.asarray(cloth * np.exp(folds)[..., None], np.float32)


def _torso(subject: Subject, *, rng: np.random.Generator) -> Array:
    """(SIDE, SIDE, 4) neck, shoulders and clothes."""
    u, v = _body_grid()
    side = np.abs(u)
    shoulder = (
        1.16
        + 0.10 * smoothstep(0.35, 0.9, side)
        + 0.22 * np.clip(side - 0.55, 0, None) ** 1.5
        + 4 * np.clip(side - 1.75 - 0.2 * subject.robust, 0, None) ** 2
        - 0.03 * subject.robust
    )
    neckline = shoulder + (
        0.16 * bump(u, 0.30) if subject.neckline == "round" else np.clip(0.42 - 1.15 * side, 0, None)
    )
    cloth = _weave(subject, rng=rng)
    cloth = cloth * (1 - 0.45 * smoothstep(1.0, 2.1, side) - 0.25 * bump(v - neckline, 0.035))[..., None]
    hem = bump(v - neckline - 0.045, 0.007)
    return over(
        _neck(subject, rng=rng),
        layer(
            paint(cloth, np.asarray(subject.cloth) * 0.55, 0.6 * hem), smoothstep(-0.008, 0.012, v - neckline)
        ),
    )


def _gloss(subject: Subject, relief: Relief) -> Array:
    """How oily the skin is: most on forehead, nose and lips."""
    tip = subject.eye_y + subject.nose_length
    oily = 0.45 + 0.5 * blob(0, -0.42, 0.3, 0.14) + 0.7 * blob(0, tip - 0.05, 0.09, 0.2)
    oily = oily + 0.6 * blob(0, subject.mouth_y + 0.04, 0.14, 0.03)
    return np.asarray(oily * relief.occlusion * relief.head, np.float32)


def draw_portrait(subject: Subject, *, rng: np.random.Generator) -> Portrait:
    """Draw all layers of `subject`; the same subject and generator give the same picture."""
    relief = make_relief(subject, rng=rng)
    hair = front_hair(subject, rng=rng)
    face = paint_nose(paint_skin(subject, relief, rng=rng), subject)
    face = paint_beard(paint_lips(face, subject, rng=rng), subject, rng=rng)
    face = face * hair_shadow(subject, hair)[..., None]
    ears = _ears(subject, rng=rng)
    brow_seed, eye_seed = rng.integers(0, 2**63, 2)
    faces = []
    for opening in LID_STATES:
        # Each state draws the same hairs and the same iris.
        lids = paint_eyes(face, subject, opening, rng=np.random.default_rng(eye_seed))
        browed = paint_brows(lids, subject, rng=np.random.default_rng(brow_seed))
        faces.append(over(ears, layer(paint_glasses(browed, subject), relief.head)))
    return Portrait(
        faces=tuple(faces),
        surface=np.dstack([relief.normals, _gloss(subject, relief)]).astype(np.float32),
        height=relief.height,
        hair=hair,
        back=back_hair(subject, rng=rng),
        torso=_torso(subject, rng=rng),
    )
