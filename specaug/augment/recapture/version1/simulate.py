"""From the frames of a crop to what a second camera and the same alignment make of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from specaug.align import warp_image
from specaug.augment.control import compressed
from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.optics import View
from specaug.augment.recapture.srgb import decode_tone
from specaug.augment.recapture.version1.camera import Camera, centre_weighted_mean, film
from specaug.augment.recapture.version1.paper import Print, hold, print_photo
from specaug.augment.recapture.version1.screen import Screen, replay
from specaug.augment.recapture.version1.settings import (
    RecapturePrintParams,
    RecaptureScreenParams,
    SecondCamera,
)

Frames = npt.NDArray[np.uint8]
_BORDER = 0.06
"""Width of the surroundings that a turned sensor looks into, as a share of the side, mirrored from the crop."""


def film_screen(clip: Frames, params: RecaptureScreenParams) -> Frames:
    """(T, H, W, 3) uint8: `clip` of that shape, shown on a display and filmed."""
    sensor = _Sensor.of(clip, params)
    screen = Screen(
        view=sensor.view,
        density=params.density,
        white=params.white,
        black=params.black,
        flicker=params.flicker,
        glare=params.glare,
        glare_at=params.glare_at,
        shake=params.shake,
    )
    rng = np.random.default_rng(params.seed)
    lights = replay(
        (sensor.enlarged(frame) for frame in clip),
        screen,
        lens_sigma=params.lens_sigma,
        frames=len(clip),
        interval=params.interval,
        rng=rng,
    )
    return sensor.develop(lights, white=screen.white, rng=rng)


def film_print(clip: Frames, params: RecapturePrintParams) -> Frames:
    """(T, H, W, 3) uint8: the first frame of `clip` (T, H, W, 3), printed and filmed."""
    sensor = _Sensor.of(clip, params)
    sheet = Print(
        view=sensor.view,
        screening=params.screening,
        cell=params.cell,
        scatter=params.scatter,
        curl=params.curl,
        light=params.light,
        slope=params.slope,
        sway=params.sway,
        shake=params.shake,
    )
    rng = np.random.default_rng(params.seed)
    texture = print_photo(sensor.enlarged(clip[0]), sheet, lens_sigma=params.lens_sigma, rng=rng)
    lights = hold(texture, sheet, frames=len(clip), interval=params.interval, rng=rng)
    return sensor.develop(lights, white=sheet.white, rng=rng)


@dataclass(frozen=True, eq=False)
class _Sensor:
    """The part of the second camera's sensor that looks at the crop."""

    params: SecondCamera
    shape: tuple[int, int]
    """Of the crop."""
    side: int
    """Of the sensor's part, px."""
    light: float
    """Mean linear light of the clip, which the camera's automatic aims at."""

    @classmethod
    def of(cls, clip: Frames, params: SecondCamera) -> _Sensor:
        longer = params.scale * max(clip.shape[1:3])
        side = math.ceil(longer + 2 * (_BORDER * longer + 4))
        mean = float(centre_weighted_mean(decode_tone(clip[0])).mean())
        return cls(params, (clip.shape[1], clip.shape[2]), side, max(mean, 1e-3))

    @property
    def view(self) -> View:
        return View(magnification=1.0, turn=self.params.turn, keystone=self.params.keystone)

    def enlarged(self, frame: Frames) -> Frames:
        """(side, side, 3) what is shown or printed: the crop upright, one sensor px for a px."""
        return np.asarray(warp_image(frame, self._placed(0.0), size=self.side), np.uint8)

    def develop(self, lights: Iterable[Array], *, white: npt.ArrayLike, rng: np.random.Generator) -> Frames:
        """Crops of what the camera makes of each frame's light."""
        camera = Camera(
            lens_sigma=self.params.lens_sigma,
            full_well=self.params.full_well,
            read_noise=self.params.read_noise,
            sharpening=self.params.sharpening,
            brightness=self.light * self.params.exposure,
            tint=self.params.tint,
        )
        height, width = self.shape
        to_crop = _inverse(self._placed(self.params.turn))
        crops = []
        for picture in film(lights, camera, white=white, rng=rng):
            seen = compressed(picture, self.params.quality) if self.params.quality else picture
            crops.append(warp_image(seen, to_crop, size=max(height, width))[:height, :width])
        return np.asarray(np.stack(crops), np.uint8)

    def _placed(self, turn: float) -> npt.NDArray[np.float64]:
        """(2, 3) crop px to sensor px, the crop in the middle and turned by `turn` against it."""
        c, s = self.params.scale * math.cos(turn), self.params.scale * math.sin(turn)
        look = np.array([[c, s], [-s, c]])
        middle = np.array([(self.shape[1] - 1) / 2, (self.shape[0] - 1) / 2])
        # About the middle of the sensor, as a View turns; the offset moves the picture, not the axis.
        axis = np.full(2, (self.side - 1) / 2)
        turned = look / self.params.scale @ (np.asarray(self.params.offset) - 1)
        return np.column_stack([look, axis + turned - look @ middle])


def _inverse(warp: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(2, 3) the way back."""
    turned = np.linalg.inv(warp[:, :2])
    return np.column_stack([turned, -turned @ warp[:, 2]])
