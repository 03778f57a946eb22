"""The closed choices of the field, and checks that a value is one of them."""

from __future__ import annotations

import os
from typing import Literal, get_args

from specaug.checked_fields import did_you_mean
from specaug.errors import ArgumentError

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
    "conflict",
    "changed",
    "row_too_large",
    "hdr",
    "internal",
]
Origin = Literal["captured", "synthetic"]
MediaKind = Literal["video", "image", "frames", "hdf5"]
Field = Literal["frame", "top", "bottom"]
"""Which lines of an interlaced frame."""
Turn = Literal["none", "90", "180", "270", "look"]
BoxFormat = Literal["boxes", "eyes", "unit224", "eye_pos"]
Sampling = Literal["uniform", "stride", "consecutive", "random", "keyframes", "all"]
Snap = Literal["none", "keyframe"]
Align = Literal["clip", "frame", "box"]
Resample = Literal["prefiltered", "bilinear"]
Hdr = Literal["tonemap", "fail"]
DetectorName = Literal["centerface", "yunet", "insightface", "sidecar"]
ImageFormat = Literal["png", "webp", "jpeg", "raw"]
Backend = Literal["loky", "dask", "ray"]

LABELS: tuple[Label, ...] = get_args(Label)
SPLITS: tuple[Split, ...] = get_args(Split)
STAGES: tuple[Stage, ...] = get_args(Stage)
REASONS: tuple[Reason, ...] = get_args(Reason)
MEDIA_KINDS: tuple[MediaKind, ...] = get_args(MediaKind)


def choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        told = f"{name}: expected one of {', '.join(choices)}, got {value!r}"
        raise ArgumentError(told + did_you_mean(value, choices))


def between(name: str, value: float | None, low: float, high: float) -> None:
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
