"""Turn one source into clips or typed failures: decode, find the face, align, encode."""

from specaug.extract.single_face import first_face
from specaug.extract.source_clips import extract

__all__ = ["extract", "first_face"]
