"""Small intact photos and videos in every format that is read: what a fuzzer starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT, FRAMES = 96, 80, 10
BOXES = "".join(
    f"{t} 16 8 64 64 34 34 62 34 48 48 37 60 59 60\n" for t in range(4 * FRAMES)
)  # the same face, with landmarks, in every frame: no detector runs
VIDEOS: dict[str, tuple[str, str | None, str, str, dict[str, str], dict[str, str]]] = {
    # name: suffix, format, codec, pixel format, options of the codec, options of the container
    "mp4-h264": ("mp4", None, "libx264", "yuv420p", {"g": "5", "bf": "2"}, {}),
    "mp4-h264-front": ("mp4", None, "libx264", "yuv420p", {"g": "5"}, {"movflags": "faststart"}),
    "mp4-h264-parts": (
        "mp4",
        None,
        "libx264",
        "yuv420p",
        {"g": "5"},
        {"movflags": "frag_keyframe+empty_moov"},
    ),
    "mp4-hevc": (
        "mp4",
        None,
        "libx265",
        "yuv420p",
        {"g": "5", "x265-params": "pools=none:log-level=none"},
        {},
    ),
    "mp4-av1": ("mp4", None, "libsvtav1", "yuv420p", {"preset": "12", "g": "5", "svtav1-params": "lp=1"}, {}),
    "mp4-mpeg4": ("mp4", None, "mpeg4", "yuv420p", {"g": "5", "bf": "2"}, {}),
    "mov-mjpeg": ("mov", None, "mjpeg", "yuvj420p", {}, {}),
    "mov-prores": ("mov", None, "prores_ks", "yuv422p10le", {}, {}),
    "3gp-h263": ("3gp", None, "h263", "yuv420p", {}, {}),
    "mkv-h264": ("mkv", None, "libx264", "yuv420p", {"g": "5", "bf": "2"}, {}),
    "webm-vp9": (
        "webm",
        None,
        "libvpx-vp9",
        "yuv420p",
        {"g": "5", "cpu-used": "8", "deadline": "realtime"},
        {},
    ),
    "webm-vp8": ("webm", None, "libvpx", "yuv420p", {"g": "5", "cpu-used": "8", "deadline": "realtime"}, {}),
    "avi-mpeg4": ("avi", None, "mpeg4", "yuv420p", {"g": "5", "bf": "2"}, {}),
    "avi-mjpeg": ("avi", None, "mjpeg", "yuvj420p", {}, {}),
    "avi-raw": ("avi", None, "rawvideo", "bgr24", {}, {}),
    "ts-h264": ("ts", "mpegts", "libx264", "yuv420p", {"g": "5"}, {}),
    "mpg-mpeg2": ("mpg", "mpeg", "mpeg2video", "yuv420p", {"g": "5"}, {}),
    "flv-flv1": ("flv", None, "flv", "yuv420p", {"g": "5"}, {}),
    "wmv-wmv2": ("wmv", "asf", "wmv2", "yuv420p", {"g": "5"}, {}),
    "mxf-mpeg2": ("mxf", None, "mpeg2video", "yuv422p", {"g": "5"}, {}),
}
PHOTOS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # name: suffix, Pillow's mode, options
    "jpg": ("jpg", "RGB", {"quality": 85}),
    "jpg-progressive": ("jpg", "RGB", {"quality": 85, "progressive": True}),
    "png": ("png", "RGB", {}),
    "png-palette": ("png", "P", {}),
    "png-grey16": ("png", "I;16", {}),
    "webp": ("webp", "RGB", {"quality": 80}),
    "webp-lossless": ("webp", "RGBA", {"lossless": True}),
    "bmp": ("bmp", "RGB", {}),
    "tif": ("tif", "RGB", {}),
    "tif-lzw": ("tif", "RGB", {"compression": "tiff_lzw"}),
    "tif-jpeg": ("tif", "RGB", {"compression": "jpeg"}),
}
ANIMATIONS = {"gif-animated": "gif", "png-animated": "png", "webp-animated": "webp"}


@dataclass(frozen=True)
class Seed:
    """An intact file."""

    name: str
    suffix: str
    data: bytes


def pictures() -> list[np.ndarray]:
    """FRAMES smooth pictures (HEIGHT, WIDTH, 3) uint8 that move a little."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    moved = [[np.sin((x + t) / (9 + c)) + np.cos((y - t) / (7 + c)) for c in range(3)] for t in range(FRAMES)]
    return [np.clip(128 + 50 * np.stack(planes, axis=-1), 0, 255).astype(np.uint8) for planes in moved]


def make_seeds(folder: Path, *, only: Sequence[str] = ()) -> list[Seed]:
    """Every seed, or those that are named; `folder` is for files in the making."""
    images = pictures()
    seeds: list[Seed] = []
    for name, (suffix, form, codec, pixels, options, container) in VIDEOS.items():
        if not only or name in only:
            path = folder / f"{name}.{suffix}"
            _write_video(path, images, form, codec, pixels, options, container)
            seeds.append(Seed(name, suffix, path.read_bytes()))
    for name, (suffix, mode, settings) in PHOTOS.items():
        if not only or name in only:
            seeds.append(Seed(name, suffix, _photo(images[0], suffix, mode, settings)))
    for name, suffix in ANIMATIONS.items():
        if not only or name in only:
            seeds.append(Seed(name, suffix, _animation(images, suffix)))
    return seeds


def _write_video(
    path: Path,
    images: Sequence[np.ndarray],
    form: str | None,
    codec: str,
    pixels: str,
    options: dict[str, str],
    container: dict[str, str],
) -> None:
    with av.open(str(path), "w", format=form, options={"fflags": "+bitexact"} | container) as file:
        stream: Any = file.add_stream(codec, rate=25, options={"threads": "1"} | options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        if codec == "h263":  # knows five sizes only
            stream.width, stream.height = 128, 96
        stream.codec_context.thread_count = 1
        for image in images:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode(None))


def _photo(image: np.ndarray, suffix: str, mode: str, settings: dict[str, Any]) -> bytes:
    if mode == "I;16":
        picture = Image.fromarray(image[..., 0].astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(image).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 1
    return _saved([picture], suffix, settings if suffix == "bmp" else settings | {"exif": exif})


def _animation(images: Sequence[np.ndarray], suffix: str) -> bytes:
    return _saved([Image.fromarray(image) for image in images], suffix, {"duration": 40})


def _saved(images: Sequence[Image.Image], suffix: str, settings: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if len(images) > 1 else {}
    form = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
    images[0].save(buffer, format=form, **settings, **more)
    return buffer.getvalue()
