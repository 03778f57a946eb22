"""What differs between bona fide and attack: numbers, sentences, and methods that draw them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specaug.differences.difference_numbers import DifferenceNumbers
from specaug.errors import ArgumentError


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceReport(DifferenceNumbers):
    """Two sides and what differs between them: numbers and sentences, an image, a page."""

    def image(self) -> np.ndarray:
        """Draw everything on one sheet.

        Returns
        -------
        (height, width, 3) uint8 array
            RGB.

        Raises
        ------
        MissingDependencyError
            matplotlib is not installed.
        """
        from specaug.differences.difference_sheet import draw_sheet  # matplotlib is optional

        return draw_sheet(self)

    def html(self) -> str:
        """A page of its own, which needs no network.

        Raises
        ------
        MissingDependencyError
            matplotlib or jinja2 is not installed.
        """
        from specaug.differences.difference_page import difference_page

        return difference_page(self)

    def save(self, path: Path | str) -> Path:
        """Write the sheet (``.png``) or the page (``.html``).

        Raises
        ------
        ArgumentError
            For another ending, or a folder that does not exist.
        """
        from specaug.shards import encode_image

        path = Path(path)
        check_target(path)
        if path.suffix.lower() == ".html":
            path.write_text(self.html(), encoding="utf-8")
        else:
            path.write_bytes(encode_image(self.image(), image_format="png"))
        return path

    def __repr__(self) -> str:
        return f"DifferenceReport({self.bonafide!r}, {self.attack!r}, {len(self.peaks)} peaks, {len(self.lines)} lines)"


def check_target(path: Path) -> None:
    """Refuse a file that no report can be written to.

    Raises
    ------
    ArgumentError
    """
    if path.suffix.lower() not in (".png", ".html"):
        raise ArgumentError(f"output: expected a name that ends in .png or .html, got {path.name!r}")
    if not path.parent.is_dir():
        raise ArgumentError(f"output: expected a file in a folder that exists, got {str(path)!r}")
