"""Faces in pictures: detectors behind one protocol, their registry, and the link from frame to frame."""

from __future__ import annotations

from specaug.faces.centerface import CenterFace
from specaug.faces.detector import FaceDetector
from specaug.faces.linking import FaceTrack, Sighting, link_faces, sighting, signature

__all__ = ["CenterFace", "FaceDetector", "FaceTrack", "Sighting", "link_faces", "sighting", "signature"]
