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
