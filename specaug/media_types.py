"""Endings, lower case, by which a file is known as a medium."""

from __future__ import annotations

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
    [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"]
)
"""Endings, lower case, of files that are read as photos; an animated one becomes a clip."""
HDF5_SUFFIXES = frozenset([".hdf5", ".h5"])
"""Endings, lower case, of HDF5 files, which may hold a colour video as an array."""
