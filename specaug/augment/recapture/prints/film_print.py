"""From the first frame of a crop to what a phone makes of its print."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.fields import Array, blur
from specaug.augment.recapture.framing import Framing
from specaug.augment.recapture.hand import hand_poses
from specaug.augment.recapture.phone.lens import lens_blur
from specaug.augment.recapture.prints.halftone import FAINTEST, FINE, dot_gain, dotted, seen_by_pixels
from specaug.augment.recapture.prints.ink import printed
from specaug.augment.recapture.prints.lamp import along_axis, lamp_light, shadow
from specaug.augment.recapture.prints.print_settings import RecapturePrintParams
from specaug.augment.recapture.prints.sheets import Sheet, sheet
from specaug.augment.recapture.prints.surface import fibers, gloss, ink_grain, scatter_light
from specaug.augment.recapture.srgb import decode_tone

Frames = npt.NDArray[np.uint8]
_ENLARGED = 1 / np.sqrt(6)
"""Standard deviation of the triangle, ±1 px of the picture, by which drivers enlarge it to the dots of a printer."""
_PIXEL = 1 / np.sqrt(12)
"""Standard deviation of the mean over a square px."""


def film_print(clip: Frames, params: RecapturePrintParams) -> Frames:
    """(T, H, W, 3) uint8: the first frame of `clip` (T, H, W, 3), printed, held and filmed."""
    framing = Framing.of(clip, params)
    # Each takes as many numbers as it needs, and none of them changes what the others get.
    of_paper, of_hands, of_sensor = np.random.default_rng(params.seed).spawn(3)
    texture = print_image(framing.enlarged(clip[0]), params, rng=of_paper)
    texture = lens_blur(texture, sigma=params.lens_sigma / params.reduction, field=framing.blur_field())
    texture = smear(texture, params.speed, seconds=params.shutter, pitch=params.pitch * params.reduction)
    lights = _hold(texture, framing, params, frames=len(clip), rng=of_hands)
    return framing.develop(lights, white=params.light, rng=of_sensor)


def print_image(image: Frames, params: RecapturePrintParams, *, rng: np.random.Generator) -> Array:
    """(H, W, 3) light that a printed `image` (H, W, 3) sends back, over that of the lamp, before any lens."""
    kind, pitch, light = sheet(params.sheet), params.pitch * params.reduction, decode_tone(image)
    spread, scattered = kind.spread * params.spread / pitch, kind.scatter / pitch
    shape = (image.shape[0], image.shape[1])
    if is_dotted(params):
        # Dots are printed as they are: what softens a picture on paper is their distance.
        texture = seen_by_pixels(scatter_light(dotted(light, kind, pitch=pitch), scattered * FINE))
    else:
        texture = blur(printed(light, kind), float(np.sqrt(spread**2 + _ENLARGED**2 + _PIXEL**2)))
        texture = scatter_light(texture, scattered)
    texture = ink_grain(texture, kind.grain, black=kind.black, pitch=pitch, rng=rng)
    texture *= fibers(shape, kind.fibers, pitch=pitch, rng=rng)[..., None]
    texture *= _light_on(shape, params, pitch)[..., None]
    texture *= np.asarray(kind.white, np.float32)
    return texture


def is_dotted(params: RecapturePrintParams) -> bool:
    """Whether this phone resolves the dots of the print."""
    softness = params.lens_sigma / params.reduction
    kind, pitch = sheet(params.sheet), params.pitch * params.reduction
    return dot_gain(ruling=kind.ruling, pitch=pitch, softness=softness) > FAINTEST


def _light_on(shape: tuple[int, int], params: RecapturePrintParams, pitch: float) -> Array:
    """(H, W) light of the lamp on the bent sheet, with the shadow of a hand or the phone."""
    towards = along_axis(shape, pitch=pitch, axis=params.lamp_axis)
    light = lamp_light(towards, angle=params.lamp_angle, distance=params.lamp_distance, curl=params.curl)
    if params.shadow:
        across = along_axis(shape, pitch=pitch, axis=params.shadow_axis)
        edge = params.shadow_at * pitch * max(shape)
        light *= shadow(across, depth=params.shadow, at=edge, penumbra=params.penumbra)
    return light


def smear(texture: Array, speed: tuple[float, float], *, seconds: float, pitch: float) -> Array:
    """`texture` (H, W, 3) as it is seen while it moves by `speed` mm/s for `seconds`, `pitch` mm per px.

    A mean along a line, laid on the grid bilinearly: along it a frequency f has the gain sinc(f L) sinc(f)² for a way
    of L px.
    """
    dx, dy = (v * seconds / pitch for v in speed)
    way = float(np.hypot(dx, dy))
    if way < 0.3:  # less than a hundredth of contrast at half a cycle per px
        return texture
    reach = int(np.ceil(way / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    points = 8 * reach
    for share in (np.arange(points) + 0.5) / points - 0.5:
        x, y = reach + share * dx, reach + share * dy
        left, top = int(np.floor(x)), int(np.floor(y))
        a, b = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer([1 - b, b], [1 - a, a])
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(texture, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def _hold(
    texture: Array, framing: Framing, params: RecapturePrintParams, *, frames: int, rng: np.random.Generator
) -> Iterator[Array]:
    """Yield the light (H, W, 3) of each frame: phone and sheet in two hands, gloss and veil where the room has them."""
    kind, pitch = sheet(params.sheet), params.pitch * params.reduction
    lines, shape = framing.sight_lines(), (texture.shape[0], texture.shape[1])
    phone = framing.poses(frames, rng=rng)
    held = hand_poses(
        frames,
        interval=params.interval,
        slow=params.sway,
        fast=params.tremble,
        middle=params.tremor_hz,
        degree=1 / pitch,
        rng=rng,
    )
    extra = _surface_light(shape, kind, params, pitch)
    color = np.asarray(params.light, np.float32)
    for one, other in zip(phone, held, strict=True):
        x, y = framing.moved(framing.moved(lines, one), other)
        seen = cv2.remap(texture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        yield np.asarray((np.asarray(seen, np.float32) + extra) * color, np.float32)


def _surface_light(shape: tuple[int, int], kind: Sheet, params: RecapturePrintParams, pitch: float) -> Array:
    """(H, W, 1) light that does not come from the picture: reflected by the surface, and spread by the lens."""
    white = float(np.mean(kind.white))
    extra = np.full(shape, params.veil * white, np.float32)
    if params.gloss:
        extra += gloss(
            shape,
            at=params.gloss_at,
            width=kind.gloss_width / pitch,
            strength=params.gloss * kind.gloss * white,
            angle=params.lamp_axis,
        )
    return extra[..., None]
