"""Faces in pictures: detectors behind one protocol, their registry, and the link from frame to frame."""

from __future__ import annotations

from specaug.faces.centerface import CenterFace
from specaug.faces.continuity import continuous
from specaug.faces.detector import FaceDetector
from specaug.faces.given import faces_of_eyes, parse_eyes, parse_unit_box, read_given
from specaug.faces.insight import InsightFace
from specaug.faces.linking import Doubt, FaceTrack, Sight, Sighting, link_faces, sighting, signature
from specaug.faces.registry import DETECTORS, detector_from
from specaug.faces.sidecar import Sidecar, SidecarBoxes, parse_boxes, read_boxes
from specaug.faces.yunet import YuNet

__all__ = [
    "DETECTORS",
    "CenterFace",
    "Doubt",
    "FaceDetector",
    "FaceTrack",
    "InsightFace",
    "Sidecar",
    "SidecarBoxes",
    "Sight",
    "Sighting",
    "YuNet",
    "continuous",
    "detector_from",
    "faces_of_eyes",
    "link_faces",
    "parse_boxes",
    "parse_eyes",
    "parse_unit_box",
    "read_boxes",
    "read_given",
    "sighting",
    "signature",
]
