"""One picture that shows a crop, its colour planes, its spectrum, and what each operation makes of both."""

from specaug.preview_sheet.preview_image import preview
from specaug.preview_sheet.sheet import Tile, contact_sheet, grey
from specaug.preview_sheet.showcase import SHOWCASE

__all__ = ["SHOWCASE", "Tile", "contact_sheet", "grey", "preview"]
