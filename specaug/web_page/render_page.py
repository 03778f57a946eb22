"""Render a page from a template: one file whose script and style are the only ones that a browser may run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint

try:
    import jinja2
except ImportError as error:
    raise MissingDependencyError(f"a report needs matplotlib and jinja2: {install_hint('report')}") from error

Asset = tuple[str, str]
"""Package and name of a file in its folder ``assets``."""
STYLE: Asset = ("specaug.web_page", "page.css")
SCRIPT: Asset = ("specaug.web_page", "page.js")
"""Of all pages; others come after them."""
MARKS: Asset = ("specaug.web_page", "marks.css")
"""Of rings about peaks of a spectrum, and of the two sides of a comparison."""


def render(
    content: Mapping[str, Any],
    *,
    template: Asset,
    scripts: tuple[Asset, ...],
    styles: tuple[Asset, ...] = (STYLE,),
    rules: str = "",
) -> str:
    """Fill a template.

    Parameters
    ----------
    content : mapping
        Names of the template; besides, it has ``style``, ``script`` and their hashes.
    template : Asset
    scripts, styles : tuple of Asset
        One after the other.
    rules : str
        Further style, of content that was rendered before.

    Returns
    -------
    str
    """
    style = "\n".join(_asset(*name) for name in styles) + rules
    code = "\n".join(_asset(*name) for name in scripts)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["block"] = json_block
    page = environment.from_string(_asset(*template)).render(
        content, style=style, script=code, style_hash=_hash(style), script_hash=_hash(code)
    )
    # A name from the file system may hold half of a surrogate pair, which UTF-8 cannot.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _asset(package: str, name: str) -> str:
    return (files(package) / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def json_block(value: Any) -> str:
    """JSON that may stand in a script element: ASCII, and nothing in it can end the element.

    Examples
    --------
    >>> json_block(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
