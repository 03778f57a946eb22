"""HTML that a notebook shows in place of a record."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))
_SHOWN = 8


def pictures_html(title: str, pictures: Sequence[bytes], facts: Mapping[str, object]) -> str:
    """Up to eight encoded pictures, evenly taken, above a table of facts.

    Parameters
    ----------
    title : str
    pictures : sequence of bytes
        PNG, JPEG or WebP; anything else is counted and not shown.
    facts : mapping of str to object
        What is None is left out.

    Returns
    -------
    str
        Everything in it is escaped, whatever names from files may hold.

    Examples
    --------
    >>> pictures_html("a<b", [], {"pai": "print"})
    '<b>a&lt;b</b><div></div><table><tr><th>pai</th><td>print</td></tr></table>'
    """
    step = max(1, -(-len(pictures) // _SHOWN))
    images = "".join(
        f'<img alt="frame {n * step}" width="96" src="data:{kind};base64,{base64.b64encode(data).decode()}">'
        for n, data in enumerate(pictures[::step])
        if (kind := _kind(data))
    )
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value is not None
    )
    return f"<b>{escape(title)}</b><div>{images}</div><table>{rows}</table>"


def _kind(data: bytes) -> str | None:
    return next((kind for magic, kind in _KINDS if data.startswith(magic)), None)
