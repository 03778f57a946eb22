"""RGB frames -> a video file, the same bytes for the same frames."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from specaug.errors import ArgumentError

_REPEATABLE = {"threads": "1", "x264-params": "mbtree=0"}
"""One thread and no macroblock tree: beside B-frames, x264's tree reads memory that it never wrote, so that the same
frames gave now these bytes, now those (seen with PyAV 18 and pictures of 96 x 72 to 160 x 128)."""


def write_video(
    path: str | Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: int = 24,
    crf: int = 20,
    preset: str = "veryfast",
) -> int:
    """Write `frames` to an H.264 file (MP4), the same bytes whenever the frames are the same.

    The file appears under its final name when it is complete; an error or a kill leaves nothing there.

    Parameters
    ----------
    path : str or Path
        The video file; its folder must exist. A file that is there already is replaced.
    frames : iterable of (H, W, 3) uint8
        Upright RGB frames of one size; H and W even, since colour is stored at half resolution.
    fps : int
        Frames a second.
    crf : int
        Constant rate factor of x264, 0 (lossless) to 51 (worst).
    preset : str
        x264 preset, such as ``"veryfast"``.

    Returns
    -------
    int
        How many frames were written.

    Raises
    ------
    ArgumentError
        Without frames, for a frame of another shape or dtype, an odd size, or settings out of range.
    """
    final = Path(path)
    if fps < 1:
        raise ArgumentError(f"fps: expected at least 1, got {fps}")
    if not 0 <= crf <= 51:
        raise ArgumentError(f"crf: expected 0 to 51, got {crf}")
    partial = final.with_name(final.name + ".part")
    try:
        count = _encode(partial, frames, fps=fps, options={"crf": str(crf), "preset": preset} | _REPEATABLE)
        partial.replace(final)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
    return count


def _encode(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: int,
    options: dict[str, str],
) -> int:
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ArgumentError("frames: expected at least one frame, got none")
    _check_frame(first, first.shape)
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.time_base = Fraction(1, fps)
        count = 0
        for image in itertools.chain([first], remaining):
            _check_frame(image, first.shape)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            count += 1
        container.mux(stream.encode(None))
    return count


def _check_frame(image: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.shape != shape:
        raise ArgumentError(f"frames: expected uint8 (H, W, 3) of one size, got {image.dtype} {image.shape}")
    if shape[0] % 2 or shape[1] % 2:
        raise ArgumentError(f"frames: expected an even height and width, got {shape[0]} x {shape[1]}")
