"""What is known of a source, its frames, its faces, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from specaug.errors import ArgumentError
from specaug.html_repr import pictures_html
from specaug.records.choices import (
    LABELS,
    MEDIA_KINDS,
    REASONS,
    SPLITS,
    STAGES,
    BoxFormat,
    Field,
    Label,
    MediaKind,
    Reason,
    Split,
    Stage,
    Turn,
    choice,
    readable_path,
)
from specaug.records.color_info import ColorInfo


@dataclass(frozen=True)
class Source:
    """One raw photo, video or folder of frames, with what the layout says of it."""

    path: str
    """Relative to RAW, with ``/``; bytes that are not UTF-8 as surrogate escapes."""
    label: Label
    pai: str = "none"
    """Attack instrument species, ``none`` exactly for bona fide."""
    subject: str | None = None
    session: str | None = None
    device: str | None = None
    split: Split = "train"
    dataset: str = ""
    kind: MediaKind = "video"
    source_id: str = ""
    """blake2b-128 of path, size and a content sample; empty until the plan gives it."""
    boxes: str | None = None
    """Sidecar file with face boxes, relative to RAW."""
    box_format: BoxFormat = "boxes"
    """``boxes``: frame x y width height; ``eyes``: frame and both eyes; ``unit224``: x y width height of a picture
    scaled to 224x224; ``eye_pos``: the array of that name in the HDF5 file itself."""
    turn: Turn = "none"
    """Clockwise degrees that make the stored picture upright, applied where the container names no rotation of its
    own; ``look``: unknown, the turn that shows an upright face is taken."""
    first_frames: int | None = None
    """Only so many frames from the start are used, as a protocol may ask; None for all."""
    stamp: str = field(default="", compare=False)
    """Size and times of the file when it was planned; empty where nobody looked. No part of the plan's file:
    a copy of RAW is the same RAW."""

    def __post_init__(self) -> None:
        choice("label", self.label, LABELS)
        choice("split", self.split, SPLITS)
        choice("kind", self.kind, MEDIA_KINDS)
        choice("turn", self.turn, get_args(Turn))
        choice("box_format", self.box_format, get_args(BoxFormat))
        if (self.pai == "none") != (self.label == "bonafide"):
            raise ArgumentError(
                f"pai: expected 'none' exactly for bona fide, got {self.pai!r} for {self.label}"
            )


@dataclass(frozen=True, eq=False)
class MediaInfo:
    """What a look at the container, without decoding, says of a source."""

    kind: MediaKind
    width: int
    """Upright width in px, rotation or EXIF orientation applied."""
    height: int
    n_frames: int
    """Frames that can be asked for, in presentation order."""
    pts_seconds: np.ndarray
    """(n_frames,) float64, presentation time of each frame."""
    keyframes: np.ndarray
    """Presentation indices of the keyframes, int64, ascending."""
    fps: float = 0.0
    rotation: int = 0
    """Clockwise degrees (0, 90, 180, 270) that were applied to make frames upright."""
    missing_frames: int = 0
    """Frames that the container promises and does not hold."""
    orientation: int = 1
    """EXIF orientation 1 to 8 that was applied: `rotation`, and whether left and right are swapped first."""
    pixel_aspect: float = 1.0
    """Width over height of a stored pixel; the upright image has square ones."""
    field_used: Field = "frame"
    """Which field of an interlaced source is used, ``frame`` for a progressive one."""
    color: ColorInfo = field(default_factory=ColorInfo)

    @property
    def entries(self) -> np.ndarray:
        """Presentation indices of the frames that need no other one to be decoded, int64, ascending."""
        return self.keyframes

    def __repr__(self) -> str:
        return (
            f"MediaInfo({self.kind}, {self.width}x{self.height}, n_frames={self.n_frames}, "
            f"fps={self.fps:g}, missing_frames={self.missing_frames})"
        )


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face, in pixels of the upright picture."""

    box: np.ndarray
    """(4,) float32: x0, y0, x1, y1."""
    landmarks: np.ndarray
    """(5, 2) float32 (x, y): subject's right eye, left eye, nose, right and left mouth corner."""
    score: float
    refined: bool = False
    """Whether a second look was taken, at the resolution that landmarks need."""

    @property
    def size(self) -> float:
        """Longer side of the box, px."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def center(self) -> np.ndarray:
        """Middle of the box (x, y), px."""
        return np.asarray((self.box[:2] + self.box[2:]) / 2)

    def moved(self, x: float, y: float) -> Face:
        """The same face in an image whose corner lies (x, y) px up and left of this one's."""
        shift = np.array([x, y], np.float32)
        return replace(self, box=self.box + np.tile(shift, 2), landmarks=self.landmarks + shift)


@dataclass(frozen=True, eq=False)
class Clip:
    """One row: T aligned crops of one face, encoded, with where they came from."""

    clip_id: str
    source: Source
    info: MediaInfo
    frames: tuple[bytes, ...]
    """T encoded crops, or T raw buffers of size*size*3 bytes."""
    frame_index: np.ndarray
    """(T,) int32."""
    score: np.ndarray
    """(T,) float32 detector score; 0 where the face was not found."""
    scale: np.ndarray
    """(T,) float32, source px per crop px."""
    padding: np.ndarray
    """(T,) float32, share of the crop that lies outside the picture."""
    box: np.ndarray
    """(T, 4) float32, NaN where the face was not found."""
    landmarks: np.ndarray
    """(T, 5, 2) float32, NaN where the face was not found."""
    warp: np.ndarray
    """(T, 2, 3) float32, source (x, y, 1) to crop px."""
    bytes_digest: str | None = None
    """blake2b-256 of the whole file, or of the names and digests of a folder's pictures."""

    @property
    def pts_seconds(self) -> np.ndarray:
        """(T,) float64."""
        return np.asarray(self.info.pts_seconds[self.frame_index])

    def __repr__(self) -> str:
        return f"Clip({self.clip_id}, {len(self.frames)} frames, {readable_path(self.source.path)!r})"

    def _repr_html_(self) -> str:
        source = self.source
        facts = {
            name: getattr(source, name) for name in ("label", "pai", "subject", "device", "split", "dataset")
        }
        facts |= {"source": readable_path(source.path), "frame_index": self.frame_index.tolist()}
        return pictures_html(f"Clip {self.clip_id}", self.frames, facts)


@dataclass(frozen=True)
class Failure:
    """Why a source, or one frame of it, is not in the data."""

    source_id: str
    source_path: str
    split: Split
    stage: Stage
    reason: Reason
    detail: str
    attempts: int = 1
    frame_index: int | None = None
    """None for the whole source."""

    def __post_init__(self) -> None:
        choice("stage", self.stage, STAGES)
        choice("reason", self.reason, REASONS)
