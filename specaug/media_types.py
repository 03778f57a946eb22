"""Endings, lower case, by which a file is known as a medium."""

from __future__ import annotations

import re
from collections.abc import Sequence

VIDEO_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".qt",
        ".avi",
        ".divx",
        ".mkv",
        ".webm",
        ".mpg",
        ".mpeg",
        ".mpe",
        ".m1v",
        ".m2v",
        ".vob",
        ".ts",
        ".mts",
        ".m2ts",
        ".3gp",
        ".3g2",
        ".wmv",
        ".asf",
        ".flv",
        ".f4v",
        ".ogv",
        ".mxf",
        ".dv",
    ]
)
"""Endings, lower case, of files that are read as videos."""
IMAGE_SUFFIXES = frozenset(
    [
        *(
            ".jpg",
            ".jpeg",
            ".jpe",
            ".jfif",
            ".png",
            ".apng",
            ".webp",
            ".bmp",
            ".dib",
            ".tif",
            ".tiff",
            ".gif",
        ),
        *(".heic", ".heif", ".hif", ".avif"),
    ]
)
"""Endings, lower case, of files that are read as photos; an animated one becomes a clip."""
UNREAD_VIDEO_SUFFIXES = frozenset(
    [
        *(
            ".rm",
            ".rmvb",
            ".swf",
            ".h264",
            ".264",
            ".avc",
            ".h265",
            ".265",
            ".hevc",
            ".y4m",
            ".yuv",
            ".ivf",
            ".nut",
        ),
        *(".mj2", ".mjpeg", ".mjpg", ".r3d", ".braw", ".insv", ".bik", ".amv", ".wtv", ".dvr-ms"),
    ]
)
"""Endings, lower case, of videos that are not read: they become failures ``unsupported`` and are not passed over."""
UNREAD_IMAGE_SUFFIXES = frozenset(
    [
        *(
            ".jxl",
            ".jp2",
            ".j2k",
            ".j2c",
            ".jpf",
            ".jpx",
            ".jxr",
            ".wdp",
            ".psd",
            ".psb",
            ".exr",
            ".hdr",
            ".dng",
        ),
        *(
            ".cr2",
            ".cr3",
            ".crw",
            ".nef",
            ".nrw",
            ".arw",
            ".raf",
            ".orf",
            ".rw2",
            ".pef",
            ".srw",
            ".x3f",
            ".3fr",
        ),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".pcx", ".dds", ".qoi", ".ico", ".svg", ".xcf"),
    ]
)
"""The same of photos."""
HDF5_SUFFIXES = frozenset([".hdf5", ".h5"])
"""Endings, lower case, of HDF5 files, which may hold a colour video as an array."""
ALL_SUFFIXES = VIDEO_SUFFIXES | IMAGE_SUFFIXES | HDF5_SUFFIXES | UNREAD_VIDEO_SUFFIXES | UNREAD_IMAGE_SUFFIXES
"""Endings of all files that are media by their names, read or not."""


def frame_pictures(names: Sequence[str]) -> list[str]:
    """The pictures of a folder that are frames of one clip: those with a number at the end of their names.

    Pictures without one, as a ``cover.jpg``, are no frames, if they are few (one, or a tenth of the others) and the
    numbered ones have the same name but for the number.

    Parameters
    ----------
    names : sequence of str
        Names of all media in the folder.

    Returns
    -------
    list of str
        In the order of `names`; empty where the folder does not look like frames of a clip.

    Examples
    --------
    >>> frame_pictures(["1.jpg", "2.jpg", "3.jpg", "cover.jpg"])
    ['1.jpg', '2.jpg', '3.jpg']
    >>> frame_pictures(["1.jpg", "2.mp4"]), frame_pictures(["a.jpg", "b.jpg"])
    ([], [])
    """
    parts = [name.rpartition(".") for name in names]
    if any(f".{ending.lower()}" not in IMAGE_SUFFIXES for _, _, ending in parts):
        return []
    numbered = [name for name, (stem, _, _) in zip(names, parts, strict=True) if stem[-1:].isdecimal()]
    strays = len(names) - len(numbered)
    if len(numbered) < 2 or strays > max(1, len(numbered) // 10):
        return []
    if strays and (len(numbered) < 3 or len({_unnumbered(name) for name in numbered}) > 1):
        return []
    return numbered


def _unnumbered(name: str) -> str:
    """A file name without its ending and the number before it."""
    return re.sub(r"\d+$", "", name.rpartition(".")[0])
