"""The detectors by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from specaug.errors import ArgumentError
from specaug.faces.centerface import CenterFace
from specaug.faces.detector import FaceDetector
from specaug.faces.insight import InsightFace
from specaug.faces.sidecar import Sidecar
from specaug.faces.yunet import YuNet

DETECTORS: dict[str, Callable[[str | None], FaceDetector]] = {
    "centerface": lambda model: CenterFace(),
    "yunet": YuNet,
    "insightface": InsightFace,
    "sidecar": lambda model: Sidecar(),
}
"""Name to a function from model path to detector."""

_BRING_THEIR_OWN = ("centerface", "sidecar")


def detector_from(name: str, *, model: str | None = None) -> FaceDetector:
    """A face detector by its name.

    Parameters
    ----------
    name : {"centerface", "yunet", "insightface", "sidecar"}
    model : str, optional
        Local model file, or folder for ``insightface``; nothing is ever downloaded.

    Raises
    ------
    ArgumentError
        For an unknown name, or a model for a detector that brings its own.
    MissingDependencyError
        If a package or model file is absent.

    Examples
    --------
    >>> detector_from("centerface").name
    'centerface'
    """
    if name not in DETECTORS:
        raise ArgumentError(f"detector: expected one of {', '.join(DETECTORS)}, got {name!r}")
    if model is not None and name in _BRING_THEIR_OWN:
        raise ArgumentError(f"model: expected none, for detector {name!r} brings its own, got {model!r}")
    return DETECTORS[name](model)


@lru_cache(maxsize=2)
def detector_for(name: str, *, model: str | None = None) -> FaceDetector:
    """:func:`detector_from`, loaded once a process: loading costs more than a frame."""
    return detector_from(name, model=model)


def detector_version(name: str, *, model: str | None = None) -> str:
    """Name and weights of a detector, for the plan of a build: other weights give other crops.

    The detector is loaded for it, so that a model that cannot be used is refused before any work.

    Raises
    ------
    MissingDependencyError
        The detector or its model is not installed.

    Examples
    --------
    >>> detector_version("centerface")
    'centerface 09189deaaf86'
    """
    detector = detector_for(name, model=model)
    return f"{detector.name} {detector.version}"
