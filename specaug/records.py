"""The records that travel through a build, each valid once it exists."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from specaug.errors import ArgumentError
from specaug.show import pictures_html

Label = Literal["bonafide", "attack"]
Split = Literal["train", "dev", "test"]
Stage = Literal["discover", "probe", "decode", "detect", "align", "encode", "synthesize"]
Reason = Literal[
    "unreadable",
    "unsupported",
    "decoder_error",
    "truncated",
    "timeout",
    "native_crash",
    "out_of_memory",
    "too_large",
    "no_face",
    "face_too_small",
    "duplicate",
    "row_too_large",
    "internal",
]
Origin = Literal["captured", "synthetic"]
MediaKind = Literal["video", "image", "frames", "hdf5"]
Turn = Literal["none", "90", "180", "270", "look"]
BoxFormat = Literal["boxes", "eyes", "unit224", "eye_pos"]
Sampling = Literal["uniform", "stride", "consecutive", "random", "keyframes", "all"]
Align = Literal["clip", "frame", "box"]
Resample = Literal["prefiltered", "bilinear"]
DetectorName = Literal["centerface", "yunet", "insightface", "sidecar"]
ImageFormat = Literal["png", "webp", "jpeg", "raw"]
Backend = Literal["loky", "dask", "ray"]

LABELS: tuple[Label, ...] = get_args(Label)
SPLITS: tuple[Split, ...] = get_args(Split)
STAGES: tuple[Stage, ...] = get_args(Stage)
REASONS: tuple[Reason, ...] = get_args(Reason)
_MEDIA_KINDS: tuple[MediaKind, ...] = get_args(MediaKind)


def _choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def _between(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ArgumentError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}")


def readable_path(path: str) -> str:
    r"""A file name as valid Unicode: bytes that are not UTF-8 are shown as ``\xNN``, a backslash doubled.

    Examples
    --------
    >>> readable_path("live/a.mp4")
    'live/a.mp4'
    >>> readable_path("caf\udce9.mp4")
    'caf\\xe9.mp4'
    """
    return os.fsencode(path.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


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

    def __post_init__(self) -> None:
        _choice("label", self.label, LABELS)
        _choice("split", self.split, SPLITS)
        _choice("kind", self.kind, _MEDIA_KINDS)
        _choice("turn", self.turn, get_args(Turn))
        _choice("box_format", self.box_format, get_args(BoxFormat))
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

    def __repr__(self) -> str:
        return (
            f"MediaInfo({self.kind}, {self.width}x{self.height}, n_frames={self.n_frames}, "
            f"fps={self.fps:g}, missing_frames={self.missing_frames})"
        )


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded picture, upright."""

    index: int
    """Position in presentation order."""
    pts_seconds: float
    image: np.ndarray
    """(H, W, 3) uint8 RGB."""

    def __repr__(self) -> str:
        return f"Frame(index={self.index}, pts_seconds={self.pts_seconds:.3f}, image={self.image.shape})"


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face, in pixels of the upright picture."""

    box: np.ndarray
    """(4,) float32: x0, y0, x1, y1."""
    landmarks: np.ndarray
    """(5, 2) float32 (x, y): subject's right eye, left eye, nose, right and left mouth corner."""
    score: float

    @property
    def size(self) -> float:
        """Longer side of the box, px."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def center(self) -> np.ndarray:
        """Middle of the box (x, y), px."""
        return np.asarray((self.box[:2] + self.box[2:]) / 2)


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
        _choice("stage", self.stage, STAGES)
        _choice("reason", self.reason, REASONS)


def _run_field(default: Any) -> Any:
    """A setting that changes how a build runs and not one byte of what it writes."""
    return field(default=default, metadata={"run_only": True})


@dataclass(frozen=True)
class BuildConfig:
    """Every setting of a build. The defaults are what ``specaug build-dataset`` uses."""

    layout: str = "auto"
    protocol: str | None = None
    frame_folders: bool = False
    """A folder that holds only numbered pictures is one source."""
    split: tuple[float, float, float] | None = None
    """Shares of subjects for train, dev and test where the layout gives no split."""
    dev_from_train: float | None = None
    """Share of the subjects of train that become dev, where RAW has no dev."""
    pseudonymize: str | None = _run_field(None)
    """File with a key: subjects become keyed hashes, source paths are dropped. The key's fingerprint counts."""
    follow_symlinks: bool = False
    frames: int = 8
    """Frames a clip."""
    sampling: Sampling = "uniform"
    clips: int = 1
    """Clips a video."""
    size: int = 224
    """Side of a crop, px."""
    margin: float = 1.3
    """How much wider than the tight template the crop looks; 1 is tight."""
    align: Align = "clip"
    resample: Resample = "prefiltered"
    detector: DetectorName = "centerface"
    model: str | None = _run_field(None)
    """Local model file or folder for detectors that ship none; its content counts, not its path."""
    min_face: int = 48
    """Smallest usable face: longer side of its box in source px."""
    image_format: ImageFormat = "png"
    jpeg_quality: int = 95
    seed: int = 0
    sources_per_shard: int | None = None
    synthesize: str | None = _run_field(None)
    """Recipe, a preset or a TOML file, by which synthetic clips are added to ``train`` at the end."""
    jobs: int | None = _run_field(None)
    raw_address: str | None = _run_field(None)
    """Set by a build: where the media of a local picture of RAW are fetched from."""
    backend: Backend = field(default="loky", metadata={"run_only": True})
    """Who runs the workers: processes of this machine, a Dask cluster or a Ray cluster."""
    timeout: float = _run_field(900.0)
    """Seconds after which a source is given up."""
    max_memory: str = _run_field("4GiB")
    """What the process that works on a source may hold: a number of bytes, or one with KiB, MiB or GiB."""
    max_failures: str | None = _run_field(None)
    """``N`` or ``P%``; more failed sources than that make the command exit with 3."""
    shard_index: int = _run_field(0)
    shard_count: int = _run_field(1)

    def __post_init__(self) -> None:
        for name, choices in (
            ("sampling", get_args(Sampling)),
            ("align", get_args(Align)),
            ("resample", get_args(Resample)),
            ("detector", get_args(DetectorName)),
            ("image_format", get_args(ImageFormat)),
            ("backend", get_args(Backend)),
        ):
            _choice(name, getattr(self, name), choices)
        for name, low, high in (
            ("frames", 1, 500_000),
            ("clips", 1, 500_000),
            ("size", 16, 4096),
            ("margin", 0.5, 10),
            ("min_face", 1, 1 << 16),
            ("jpeg_quality", 1, 100),
            ("seed", 0, float("inf")),
            ("jobs", 1, 1 << 16),
            ("sources_per_shard", 1, 1 << 16),
            ("timeout", 1e-3, 1e9),
        ):
            _between(name, getattr(self, name), low, high)
        if self.split is not None and (
            len(self.split) != 3 or min(self.split) < 0 or not 0 < sum(self.split) < float("inf")
        ):
            raise ArgumentError(f"split: expected three shares such as 70,15,15, got {self.split}")
        if self.dev_from_train is not None and not 0 < self.dev_from_train < 1:
            raise ArgumentError(
                f"dev_from_train: expected a share between 0 and 1, got {self.dev_from_train!r}"
            )
        if not 0 <= self.shard_index < self.shard_count:
            raise ArgumentError(
                f"shard_index: expected 0 to shard_count - 1 = {self.shard_count - 1}, got {self.shard_index}"
            )
        self.failure_limit(0)
        self.memory_limit()

    @property
    def part(self) -> str:
        """Name of the part that is built, empty for the whole."""
        return f"{self.shard_index}-of-{self.shard_count}" if self.shard_count > 1 else ""

    def failure_limit(self, n_sources: int) -> float:
        """How many failed sources of `n_sources` are accepted; infinite by default."""
        if self.max_failures is None:
            return float("inf")
        text = self.max_failures.strip()
        try:
            share = text.endswith("%")
            value = float(text.removesuffix("%"))
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ArgumentError(
                f"max_failures: expected N or P% such as 10 or 2.5%, got {self.max_failures!r}"
            )
        return value / 100 * n_sources if share else value

    def memory_limit(self) -> int:
        """`max_memory` in bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]i?B?|B)?", self.max_memory.strip(), re.IGNORECASE)
        if match is None:
            raise ArgumentError(
                f"max_memory: expected a size such as 4GiB or 1500MiB, got {self.max_memory!r}"
            )
        return int(float(match[1]) * 1024 ** " KMG".index((match[2] or "B")[0].upper().replace("B", " ")))

    def content_settings(self) -> dict[str, Any]:
        """The settings that decide what is written, as plain JSON values."""
        kept = [f.name for f in dataclasses.fields(self) if not f.metadata.get("run_only")]
        return json.loads(json.dumps({name: getattr(self, name) for name in kept}))  # type: ignore[no-any-return]


def settings_digest(settings: Mapping[str, Any]) -> str:
    """blake2b-128 of what decides the bytes of an OUT."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def plan_hash(name: str, settings: str, source_ids: Sequence[str]) -> str:
    """blake2b-128 of what a shard is made from: its name, a digest of the settings, its sources in order."""
    named = json.dumps([name, settings, list(source_ids)])
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class ShardPlan:
    """Whole sources of one split that become one Parquet file."""

    name: str
    """``{split}-{number:05d}-of-{count:05d}``."""
    split: Split
    sources: tuple[Source, ...]
    known: tuple[Failure, ...] = ()
    """Sources that are known to fail before any work: duplicates, missing files."""
    settings: str = ""
    """Digest of the settings of the plan."""

    @property
    def hash(self) -> str:
        """blake2b-128 over settings and sources, so that a receipt can name what it is for."""
        ids = [s.source_id for s in self.sources] + [f.source_id for f in self.known]
        return plan_hash(self.name, self.settings, ids)


@dataclass(frozen=True)
class Receipt:
    """That one shard is finished, and what it holds."""

    shard: str
    plan_hash: str
    split: Split
    rows: int
    """Clips in the data file; 0 where every source failed and there is none."""
    bytes: int
    sha256: str
    failures: int
    failures_sha256: str
    sources: int
    """Sources planned = sources with clips + whole-source failures."""
    with_clips: int
    groups: tuple[tuple[str, str, int], ...] = ()
    """(label, pai, clips)."""
    reasons: tuple[tuple[str, int], ...] = ()
    """(reason, whole-source failures)."""
    seconds: tuple[tuple[str, float], ...] = ()
    """(stage, wall seconds)."""
    origin: Origin = "captured"


@dataclass(frozen=True)
class BuildReport:
    """The sum of a build: sources = sources with clips + failures."""

    sources: int
    clips: int
    failures: int
    by_reason: dict[str, int]
    shards: int
    skipped: int
    table: tuple[tuple[str, str, str, int], ...] = ()
    """(split, label, pai, clips)."""
    done_before: int = 0
    """Shards that an earlier run had finished."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by stage, summed over workers, of the shards that this run built."""
    notes: tuple[str, ...] = ()
    """What was decided for the user or looks wrong in RAW, in whole sentences."""
