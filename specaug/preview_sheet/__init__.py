"""One picture that shows a crop, its colour planes, its spectrum, and what each operation makes of both."""

from specaug.preview_sheet.preview_image import image_sheet
from specaug.preview_sheet.preview_media import Preview, preview
from specaug.preview_sheet.sheet import Tile, contact_sheet, grey
from specaug.preview_sheet.showcase import SHOWCASE

__all__ = ["SHOWCASE", "Preview", "Tile", "contact_sheet", "grey", "image_sheet", "preview"]
