"""Where a crop lies in the file of the second phone: on the way in, and on the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from specaug.align import warp_image
from specaug.augment.control import compressed
from specaug.augment.recapture.fields import Array
from specaug.augment.recapture.hand import Pose, hand_poses
from specaug.augment.recapture.limits import MIN_SCALE
from specaug.augment.recapture.optics import View, sight_lines
from specaug.augment.recapture.phone.film import center_weighted_mean, film
from specaug.augment.recapture.phone.lens import blur_field
from specaug.augment.recapture.phone.settings import Phone
from specaug.augment.recapture.srgb import decode_tone

Frames = npt.NDArray[np.uint8]
_BORDER = 0.06
"""Width of the surroundings that a turned phone looks into, as a share of the side, mirrored from the crop."""
_DARKEST = 1e-3
"""Mean linear light below which no automatic aims."""


@dataclass(frozen=True, eq=False)
class Framing:
    """The part of the second phone's file that looks at the crop."""

    phone: Phone
    shape: tuple[int, int]
    """Of the crop."""
    side: int
    """Of the part of the file, px; even, since the mosaic's period is two."""
    brightness: float
    """Mean linear light of the clip, which the phone's automatic aims at."""

    @classmethod
    def of(cls, clip: Frames, phone: Phone) -> Framing:
        """For a clip (T, H, W, 3)."""
        scale = _scale_of(phone)
        longer = scale * max(clip.shape[1:3])
        side = 2 * math.ceil((longer + 2 * (_BORDER * longer + 4)) / 2)
        mean = float(center_weighted_mean(decode_tone(clip[0])).mean())
        return cls(phone, (clip.shape[1], clip.shape[2]), side, max(mean, _DARKEST))

    def sight_lines(self) -> tuple[Array, Array]:
        """The point (x, y) of the upright picture that each px looks at: roll, keystone and bend.

        A bend b changes the magnification by b towards the edge, along x and y and with the distance from the middle.
        """
        view = View(magnification=1.0, turn=self.phone.turn, keystone=self.phone.keystone)
        x, y = sight_lines(view.matrix((self.side, self.side)), (self.side, self.side))
        middle = np.float32((self.side - 1) / 2)
        away_x, away_y = x - middle, y - middle
        square = (np.square(away_x) + np.square(away_y)) / (3 * middle**2)
        x += away_x * (square * np.float32(self.phone.bend[0]))
        y += away_y * (square * np.float32(self.phone.bend[1]))
        return x, y

    def moved(self, lines: tuple[Array, Array], pose: Pose) -> tuple[Array, Array]:
        """`lines` as they are when phone and picture have moved against each other by `pose`."""
        middle = np.float32((self.side - 1) / 2)
        c, s = (np.float32(f(pose.roll) * pose.zoom) for f in (math.cos, math.sin))
        x, y = lines[0] - middle, lines[1] - middle
        return c * x - s * y + (middle + np.float32(pose.x)), s * x + c * y + (middle + np.float32(pose.y))

    def poses(self, frames: int, *, rng: np.random.Generator) -> tuple[Pose, ...]:
        """Movement of the phone's hand."""
        phone = self.phone
        return hand_poses(
            frames,
            interval=phone.interval,
            slow=phone.drift,
            fast=phone.tremor,
            middle=phone.tremor_hz,
            degree=phone.degree,
            approach=phone.approach,
            rng=rng,
        )

    def blur_field(self) -> Array:
        """(side, side) factor of the lens's blur."""
        return blur_field((self.side, self.side), edge=self.phone.lens_edge, axis=self.phone.lens_axis)

    def enlarged(self, frame: Frames) -> Frames:
        """(side, side, 3) what is shown or printed: the crop upright, one px of the file for a px."""
        return np.asarray(warp_image(frame, self._placed(0.0), size=self.side), np.uint8)

    def develop(self, lights: Iterable[Array], *, white: npt.ArrayLike, rng: np.random.Generator) -> Frames:
        """(T, H, W, 3) crops of what the phone makes of each frame's light (side, side, 3) behind its lens."""
        height, width = self.shape
        to_crop = _inverse(self._placed(self.phone.turn))
        crops = []
        for picture in film(lights, self.phone, brightness=self.brightness, white=white, rng=rng):
            seen = compressed(picture, self.phone.quality) if self.phone.quality else picture
            crops.append(warp_image(seen, to_crop, size=max(height, width))[:height, :width])
        return np.asarray(np.stack(crops), np.uint8)

    def _placed(self, turn: float) -> npt.NDArray[np.float64]:
        """(2, 3) crop px to file px, the crop in the middle and turned by `turn` against it."""
        scale = _scale_of(self.phone)
        c, s = scale * math.cos(turn), scale * math.sin(turn)
        look = np.array([[c, s], [-s, c]])
        middle = np.array([(self.shape[1] - 1) / 2, (self.shape[0] - 1) / 2])
        # About the middle of the file, as a View turns; the offset moves the picture, not the axis.
        axis = np.full(2, (self.side - 1) / 2)
        turned = look / scale @ (np.asarray(self.phone.offset) - 1)
        return np.column_stack([look, axis + turned - look @ middle])


def _scale_of(phone: Phone) -> float:
    """Px of the file per crop px."""
    return max(phone.scale / phone.smaller, MIN_SCALE)


def _inverse(warp: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(2, 3) the way back."""
    turned = np.linalg.inv(warp[:, :2])
    return np.column_stack([turned, -turned @ warp[:, 2]])
