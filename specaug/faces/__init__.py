"""Faces in pictures: detectors behind one protocol, their registry, and the link from frame to frame."""

from __future__ import annotations

from specaug.faces.boxes import distinct, enlarged
from specaug.faces.centerface import CenterFace
from specaug.faces.choose_detector import DETECTORS, detector_for, detector_from, detector_version
from specaug.faces.continuity import continuous
from specaug.faces.detector import FaceDetector, FollowingDetector
from specaug.faces.given import check_inside, faces_of_eyes, parse_eyes, parse_unit_box, read_given
from specaug.faces.insight import InsightFace
from specaug.faces.linking import (
    AmbiguousLink,
    Detection,
    FaceTrack,
    FrameDetections,
    LinkKey,
    detections,
    distance,
    link_faces,
    shows_new,
    signature,
    surely_alike,
)
from specaug.faces.sidecar import Sidecar, SidecarBoxes, parse_boxes, read_boxes
from specaug.faces.tiles import LARGEST_IN_TILES, find_in_tiles
from specaug.faces.yunet import YuNet

__all__ = [
    "DETECTORS",
    "LARGEST_IN_TILES",
    "AmbiguousLink",
    "CenterFace",
    "Detection",
    "FaceDetector",
    "FaceTrack",
    "FollowingDetector",
    "FrameDetections",
    "InsightFace",
    "LinkKey",
    "Sidecar",
    "SidecarBoxes",
    "YuNet",
    "check_inside",
    "continuous",
    "detections",
    "detector_for",
    "detector_from",
    "detector_version",
    "distance",
    "distinct",
    "enlarged",
    "faces_of_eyes",
    "find_in_tiles",
    "link_faces",
    "parse_boxes",
    "parse_eyes",
    "parse_unit_box",
    "read_boxes",
    "read_given",
    "shows_new",
    "signature",
    "surely_alike",
]
