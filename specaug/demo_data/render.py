"""A portrait in a scene -> frames of linear light, as they reach the lens."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array
from specaug.demo_data.drawing import HALF_EXTENT, PX_PER_UNIT, over, to_px
from specaug.demo_data.portrait import BODY_ZOOM, Portrait
from specaug.demo_data.scene import Pose, Scene, draw_room, poses

_PIVOT = 0.25
"""Height above the outline of the head, face units, at which a turn of the head moves nothing."""
_WRAP = np.array([0.34, 0.20, 0.14], np.float32)
"""How far light creeps around skin, by colour: red scatters farthest."""
_MARGIN = 16


def render(portrait: Portrait, scene: Scene, frames: int) -> Iterator[Array]:
    """Yield `frames` pictures (height, width, 3) float32, linear light."""
    room = draw_room(scene, margin=_MARGIN) * (np.float32(0.75) * scene.white)
    torso, back = _lit(portrait.torso, scene.white), _lit(portrait.back, scene.white)
    has_back = bool(back.any())
    for pose in poses(scene, frames):
        picture = _shifted(room, pose.camera, (scene.width, scene.height))
        window = _window(pose, scene)
        x, y = _canvas_map(portrait.height, pose, window)
        if has_back:
            _lay(picture, _sample(back, x, y), window)
        _lay_torso(picture, torso, pose, scene)
        surface = _sample(portrait.surface, x, y)
        facing = _facing(surface, pose, scene)
        face = _lit_skin(_sample(portrait.faces[pose.lids], x, y), surface, facing, pose, scene)
        _lay(picture, over(face, _lit_hair(_sample(portrait.hair, x, y), facing, scene)), window)
        yield picture


def _lit(piece: Array, light: Array) -> Array:
    """A layer under light that is the same everywhere."""
    return piece * np.append(light, np.float32(1))


def _shifted(room: Array, camera: tuple[float, float], size: tuple[int, int]) -> Array:
    move = np.array([[1, 0, camera[0] - _MARGIN], [0, 1, camera[1] - _MARGIN]], np.float64)
    return np.asarray(cv2.warpAffine(room, move, size, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _window(pose: Pose, scene: Scene) -> tuple[slice, slice]:
    """The rows and columns of the picture that the head and its hair may cover."""
    reach = 1.45 * pose.px_per_unit
    top, bottom = max(0, int(pose.y - reach)), min(scene.height, int(pose.y + reach) + 1)
    left, right = max(0, int(pose.x - reach)), min(scene.width, int(pose.x + reach) + 1)
    return slice(top, bottom), slice(left, right)


def _canvas_map(height: Array, pose: Pose, window: tuple[slice, slice]) -> tuple[Array, Array]:
    """Canvas px for each px of the window: undoes place, size, roll, then turn by turn the parallax."""
    rows, columns = (np.arange(w.start, w.stop, dtype=np.float32) for w in window)
    dx, dy = np.meshgrid((columns - pose.x) / pose.px_per_unit, (rows - pose.y) / pose.px_per_unit)
    c, s = np.float32(np.cos(pose.roll)), np.float32(np.sin(pose.roll))
    along, down = c * dx + s * dy, c * dy - s * dx
    u, v = along, down
    for _ in range(3):
        raised = _sample(height, to_px(u), to_px(v)) - np.float32(_PIVOT)
        u = (along - raised * np.float32(np.sin(pose.yaw))) / np.float32(np.cos(pose.yaw))
        v = (down - raised * np.float32(np.sin(pose.pitch))) / np.float32(np.cos(pose.pitch))
    return to_px(u), to_px(v)


def _sample(canvas: Array, x: Array, y: Array) -> Array:
    return np.asarray(cv2.remap(canvas, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _lay(picture: Array, piece: Array, window: tuple[slice, slice]) -> None:
    picture[window] = over(picture[window], piece)


def _lay_torso(picture: Array, torso: Array, pose: Pose, scene: Scene) -> None:
    """The shoulders follow the head only in part and never roll."""
    x = scene.centre[0] + 0.4 * (pose.x - scene.centre[0]) + 0.6 * pose.camera[0]
    y = scene.centre[1] + 0.4 * (pose.y - scene.centre[1]) + 0.6 * pose.camera[1]
    top = min(scene.height, max(0, int(y + 0.38 * pose.px_per_unit)))
    if top == scene.height:
        return
    k = PX_PER_UNIT / BODY_ZOOM / pose.px_per_unit
    offset = HALF_EXTENT * PX_PER_UNIT - 0.5
    to_canvas = np.array([[k, 0, offset - k * x], [0, k, offset - k * (y - top)]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (scene.width, scene.height - top)
    piece = cv2.warpAffine(torso, to_canvas, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    picture[top:] = over(picture[top:], np.asarray(piece, np.float32))


def _turn(pose: Pose) -> npt.NDArray[np.float64]:
    """Rotation of the head: (right, down, towards the camera) at rest -> as turned."""
    cy, sy, cp, sp = np.cos(pose.yaw), np.sin(pose.yaw), np.cos(pose.pitch), np.sin(pose.pitch)
    cr, sr = np.cos(pose.roll), np.sin(pose.roll)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(roll @ pitch @ yaw, np.float64)


def _dot(surface: Array, direction: npt.NDArray[np.float64]) -> Array:
    """Cosine between the normals and a direction of the picture."""
    a, b, c = (np.float32(d) for d in direction)
    return np.asarray(surface[..., 0] * a + surface[..., 1] * b + surface[..., 2] * c, np.float32)


def _facing(surface: Array, pose: Pose, scene: Scene) -> Array:
    """Cosine between each normal of the turned head and the main light."""
    return _dot(surface, _turn(pose).T @ np.array(scene.light))


def _lit_skin(face: Array, surface: Array, facing: Array, pose: Pose, scene: Scene) -> Array:
    """Ambient light from above, wrapped diffuse light, and a soft shine."""
    warmth = np.asarray(scene.warmth, np.float32) * np.float32(scene.key)
    sky = np.float32(scene.ambient) * (np.float32(0.85) - np.float32(0.25) * surface[..., 1])
    half = np.array(scene.light) + np.array([0, 0, 1])
    mirror = np.clip(_dot(surface, _turn(pose).T @ half / np.linalg.norm(half)), 0, 1)
    narrow = np.square(np.square(np.square(np.square(mirror))))
    shine = (np.float32(0.05) * narrow + np.float32(0.07) * narrow * narrow) * surface[..., 3] * face[..., 3]
    out = np.empty_like(face)
    for colour, wrap in enumerate(_WRAP):
        light = np.clip((facing + wrap) / (1 + wrap), 0, 1)
        light *= warmth[colour]
        light += sky
        light *= face[..., colour]
        np.add(light, shine * warmth[colour], out=out[..., colour])
    out[..., 3] = face[..., 3]
    return out


def _lit_hair(hair: Array, facing: Array, scene: Scene) -> Array:
    warmth = np.asarray(scene.warmth, np.float32) * np.float32(scene.key)
    wrapped = np.clip((facing + np.float32(0.5)) / np.float32(1.5), 0, 1)
    out = hair.copy()
    for colour in range(3):
        out[..., colour] *= np.float32(scene.ambient) + warmth[colour] * wrapped
    return out
