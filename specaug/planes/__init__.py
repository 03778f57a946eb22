"""Images as their decoder gives them: planes with their own sampling, converted to RGB where they are cropped."""

from specaug.planes.frame import Frame
from specaug.planes.placement import Placement
from specaug.planes.plane_image import Plane, PlaneImage, as_plane_image

__all__ = ["Frame", "Placement", "Plane", "PlaneImage", "as_plane_image"]
