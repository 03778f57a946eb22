"""Faces in pictures: detectors behind one protocol, their registry, and the link from frame to frame."""

from __future__ import annotations

from specaug.faces.centerface import CenterFace
from specaug.faces.detector import FaceDetector
from specaug.faces.insight import InsightFace
from specaug.faces.linking import FaceTrack, Sighting, link_faces, sighting, signature
from specaug.faces.registry import DETECTORS, detector_from
from specaug.faces.sidecar import Sidecar, SidecarBoxes, parse_boxes, read_boxes
from specaug.faces.yunet import YuNet

__all__ = [
    "DETECTORS",
    "CenterFace",
    "FaceDetector",
    "FaceTrack",
    "InsightFace",
    "Sidecar",
    "SidecarBoxes",
    "Sighting",
    "YuNet",
    "detector_from",
    "link_faces",
    "parse_boxes",
    "read_boxes",
    "sighting",
    "signature",
]
