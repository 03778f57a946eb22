"""Where and how a subject is filmed: light, room, movement, blinks, drawn once for a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur, noise
from specaug.augment.recapture.motion import FPS, tremble
from specaug.demo_data.subject import muted_colour

_SWAYS = ("yaw", "pitch", "roll", "x", "y", "size")
_HERTZ = (0.27, 0.21, 0.14, 0.17, 0.13, 0.11)
_ROUGHNESS = (0.01, 0.1)
"""Least and most contrast of a wall's texture, a standard deviation of logarithms."""
_BLINK = (1, 2, 1)
"""Lid states of the frames of a blink: half closed, closed, half closed."""


@dataclass(frozen=True)
class Scene:
    """One clip of one subject in front of one camera; lengths are px of the picture."""

    width: int
    height: int
    px_per_unit: float
    """Size of the subject: px for one face unit."""
    centre: tuple[float, float]
    """Where the middle of the face is on average."""
    light: tuple[float, float, float]
    """Unit vector towards the main light: right, down, towards the camera."""
    key: float
    ambient: float
    warmth: tuple[float, float, float]
    """Colour of the main light."""
    turned: tuple[float, float]
    """Mean yaw and pitch, radians."""
    sway: tuple[float, ...]
    """Amplitudes of yaw, pitch and roll in radians, of x and y in px, of size as a share."""
    phases: tuple[float, ...]
    shake: float
    """Standard deviation of the movement of a camera in the hand, px."""
    blink_at: int
    """Frame at which a blink begins."""
    seed: int
    """For the room and the trembling of the hand."""

    @property
    def white(self) -> Array:
        """(3,) light of something white that the main light strikes at a slant."""
        return np.asarray(self.warmth, np.float32) * np.float32(0.65 * self.key) + np.float32(self.ambient)

    def seen_at(self, *, share: float, shake: float) -> Scene:
        """The same scene filmed from farther away: everything about the middle shrinks to `share`."""
        middle = (self.width / 2, self.height / 2)
        x, y = (m + (c - m) * share for m, c in zip(middle, self.centre, strict=True))
        return replace(self, px_per_unit=self.px_per_unit * share, centre=(x, y), shake=shake)


@dataclass(frozen=True)
class Pose:
    """Where the head is in one frame, and the state of its lids."""

    yaw: float
    pitch: float
    roll: float
    x: float
    y: float
    px_per_unit: float
    lids: int
    """Index into :data:`specaug.demo_data.portrait.LID_STATES`."""
    camera: tuple[float, float]
    """Displacement of the whole picture, px."""


def sample_scene(size: tuple[int, int], frames: int, *, rng: np.random.Generator) -> Scene:
    """Draw a scene for pictures of `size` (width, height). Nothing here knows what kind of clip it is for."""
    width, height = size
    px = height / 480
    draw = rng.uniform
    light = np.array([draw(-0.7, 0.7), draw(-0.75, -0.2), 1.0])
    light /= np.linalg.norm(light)
    sway = np.array(
        [draw(0.04, 0.18), draw(0.02, 0.07), draw(0.01, 0.05), draw(3, 10) * px, draw(2, 6) * px, 0.02]
    )
    return Scene(
        width=width,
        height=height,
        px_per_unit=draw(106, 136) * px,
        centre=(width / 2 + draw(-30, 30) * px, height * 0.5 + draw(-14, 10) * px),
        light=(float(light[0]), float(light[1]), float(light[2])),
        key=draw(0.75, 1.15),
        ambient=draw(0.28, 0.50),
        warmth=(draw(0.98, 1.10), 1.0, draw(0.76, 1.02)),
        turned=(draw(-0.12, 0.12), draw(-0.05, 0.05)),
        sway=tuple(float(a) for a in sway),
        phases=tuple(float(a) for a in draw(0, 2 * np.pi, len(_SWAYS))),
        shake=draw(0.2, 1.2) * px,
        blink_at=int(rng.integers(0, max(1, frames - len(_BLINK)))),
        seed=int(rng.integers(0, 2**63)),
    )


def poses(scene: Scene, frames: int) -> list[Pose]:
    """Where the head is in each frame: slow swaying, one blink, a trembling camera."""
    seconds = np.arange(frames)[:, None] / FPS
    waves = np.sin(2 * np.pi * np.array(_HERTZ) * seconds + np.array(scene.phases)) * np.array(scene.sway)
    shake = tremble(frames, scene.shake, rng=np.random.default_rng([scene.seed, 1]))
    return [_pose(scene, i, waves[i], (float(shake[i, 0]), float(shake[i, 1]))) for i in range(frames)]


def _pose(scene: Scene, index: int, wave: npt.NDArray[np.float64], camera: tuple[float, float]) -> Pose:
    yaw, pitch, roll, x, y, size = (float(w) for w in wave)
    since = index - scene.blink_at
    return Pose(
        yaw=scene.turned[0] + yaw,
        pitch=scene.turned[1] + pitch,
        roll=roll,
        x=scene.centre[0] + x + camera[0],
        y=scene.centre[1] + y + camera[1],
        px_per_unit=scene.px_per_unit * (1 + size),
        lids=_BLINK[since] if 0 <= since < len(_BLINK) else 0,
        camera=camera,
    )


def draw_room(scene: Scene, *, margin: int) -> Array:
    """(height + 2 margin, width + 2 margin, 3) linear light of a room out of focus."""
    rng = np.random.default_rng([scene.seed, 2])
    width, height = scene.width + 2 * margin, scene.height + 2 * margin
    wall = np.array(muted_colour(rng, low=0.12, high=0.5, saturation=0.25), np.float32)
    fall = np.linspace(rng.uniform(0.6, 1.4), rng.uniform(0.6, 1.4), width, dtype=np.float32)
    room = wall * fall[None, :, None] * np.linspace(1.1, 0.8, height, dtype=np.float32)[:, None, None]
    for _ in range(rng.integers(3, 9)):
        _hang(room, rng)
    room = blur(room, scene.height / 480 * rng.uniform(2.0, 7.0))
    # Plain walls and rough ones: fine detail that costs bytes, whoever is in front of it.
    strength, cell = np.exp(rng.uniform(np.log(_ROUGHNESS[0]), np.log(_ROUGHNESS[1]))), rng.uniform(1.5, 5.0)
    rough = strength * noise(max(cell * scene.height / 480, 1.0), rng=rng, shape=(height, width))
    return np.asarray(room * np.exp(rough)[..., None], np.float32)


def _hang(room: Array, rng: np.random.Generator) -> None:
    """A picture, a shelf or a window on the wall."""
    height, width = room.shape[:2]
    x, y = rng.uniform(-0.1, 0.95) * width, rng.uniform(-0.1, 0.8) * height
    w, h = rng.uniform(0.06, 0.35, 2) * height
    colour = muted_colour(rng, low=0.03, high=0.7, saturation=0.35)
    edge = tuple(0.5 * c for c in colour)
    first, last = (round(x), round(y)), (round(x + w), round(y + h))
    cv2.rectangle(room, first, last, colour, -1)
    cv2.rectangle(room, first, last, edge, max(1, height // 100))
