"""Parts of the HTML pages that this library writes: style, figures, images in addresses, rendering."""

from specaug.web_page.embedded_image import data_uri
from specaug.web_page.inline_svg import ATTACK, BONAFIDE, LINE, MUTED, SYNTHETIC, svg_figure
from specaug.web_page.render_page import MARKS, SCRIPT, STYLE, json_block, render

__all__ = [
    "ATTACK",
    "BONAFIDE",
    "LINE",
    "MARKS",
    "MUTED",
    "SCRIPT",
    "STYLE",
    "SYNTHETIC",
    "data_uri",
    "json_block",
    "render",
    "svg_figure",
]
