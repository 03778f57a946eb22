"""One picture that shows a crop, its colour planes, its spectrum, and what each operation makes of both."""

from specaug.preview.picture import preview
from specaug.preview.sheet import Tile, contact_sheet, grey
from specaug.preview.showcase import SHOWCASE

__all__ = ["SHOWCASE", "Tile", "contact_sheet", "grey", "preview"]
