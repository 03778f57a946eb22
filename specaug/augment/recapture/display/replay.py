"""The light of a display that replays a clip, behind the lens of a phone; and the whole recapture."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from specaug.augment.recapture.display.glass import apply_rows, colored, pwm_rows, reflections, shading
from specaug.augment.recapture.display.pixel_grid import grid_light, reduced_waves, sampled_waves
from specaug.augment.recapture.display.settings import RecaptureScreenParams
from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.framing import Frames, Framing
from specaug.augment.recapture.optics import central_jacobian
from specaug.augment.recapture.panels import panel
from specaug.augment.recapture.phone.lens import lens_blur
from specaug.augment.recapture.srgb import decode_tone


def film_screen(clip: Frames, params: RecaptureScreenParams) -> Frames:
    """(T, H, W, 3) uint8: `clip` of that shape, shown on a display and filmed by a phone."""
    framing = Framing.of(clip, params)
    rng = np.random.default_rng(params.seed)
    white = np.asarray(params.white) ** params.adaptation
    return framing.develop(replay(clip, params, framing, rng=rng), white=white, rng=rng)


def replay(
    clip: Frames, params: RecaptureScreenParams, framing: Framing, *, rng: np.random.Generator
) -> Iterator[Array]:
    """Yield the light (side, side, 3) of each frame on the display, behind the lens."""
    lines, poses = framing.sight_lines(), framing.poses(len(clip), rng=rng)
    shade = colored(shading(params, framing.side, rng=rng))
    glare = colored(reflections(params, framing.side))
    levels = _levels(params)
    field = framing.blur_field()
    softer = np.square(field) - 1
    density = np.float32(params.density * params.reduction)
    jacobian = central_jacobian(*lines) * params.density
    name, sigma = panel(params.panel), params.lens_sigma
    if params.reduction == 1:
        waves = sampled_waves(name, jacobian, sigma)
    else:
        waves = reduced_waves(name, jacobian, sigma, params.reduction)
    softness, spread = _softness(params, field)
    for number, (frame, pose) in enumerate(zip(clip, poses, strict=True)):
        light = np.asarray(cv2.LUT(framing.enlarged(frame), levels), np.float32)
        light *= shade
        x, y = framing.moved(lines, pose)
        # Linear interpolation would take 4 dB of the finest detail, which no display and no lens do.
        seen = cv2.remap(light, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        seen = lens_blur(np.asarray(seen, np.float32), sigma=softness, field=spread)
        grid = grid_light(waves, x * density, y * density, softer=softer, lens_sigma=sigma)
        if grid is not None:
            seen *= grid
        if params.pwm:
            apply_rows(seen, pwm_rows(params, framing.side, number * params.interval))
        seen += glare
        yield seen


def _softness(params: RecaptureScreenParams, field: Array) -> tuple[float, Array]:
    """Least blur of lens and display px together, px of the file, and (H, W) how many times as large it is.

    A display px shows the mean over its square, and shows it as a square: each has the variance of 1/12, and both stand
    for a Gaussian of the same.
    """
    lens = params.lens_sigma / params.reduction
    shown = 1 / (params.density * params.reduction) / np.sqrt(6)
    least = float(np.hypot(lens, shown))
    return least, np.sqrt(np.float32(lens**2) * np.square(field) + np.float32(shown**2)) / np.float32(least)


def _levels(params: RecaptureScreenParams) -> Array:
    """(1, 256, 3) light of each 8-bit value in each color, the black of the display beneath it."""
    light = decode_tone(np.arange(256, dtype=np.uint8))[:, None] * np.asarray(params.white, np.float32)
    return np.asarray(light + np.float32(params.black), np.float32)[None]
