"""What a network goes by, as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from pathlib import Path

from specaug import __version__
from specaug.attribution.explanation import Explanation
from specaug.attribution.explanation_section import section_html, style


def write_page(found: Explanation, target: Path, *, faces: bool = True) -> None:
    """Write a page without any address of the network; it follows the colors that the browser asks for.

    Parameters
    ----------
    found : Explanation
    target : Path
        The file to write.
    faces : bool
        False leaves out the mean faces of the classes.
    """
    css = (files("specaug.attribution") / "assets/page.css").read_text(encoding="utf-8") + style()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    title = f"What {escape(found.network)} goes by"
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} – specaug</title>
<link rel="icon" href="data:,">
<style>{css}</style>
</head>
<body>
<header><p class="brand">specaug explain</p><h1>{title}</h1></header>
<main>
{section_html(found, faces=faces)}
</main>
<footer><p>Written by specaug {__version__}. Mean faces are made of the clips: whatever licence and consent cover \
those cover this page.</p></footer>
</body>
</html>
"""
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name from the file system may hold half of a surrogate pair, which UTF-8 cannot.
    target.write_bytes(page.encode("utf-8", "backslashreplace"))
