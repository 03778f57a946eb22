"""Say how to install the packages of an extra."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution

PUBLISHED = False
"""Whether a package index has specaug. Until then its name may be anybody's, and no message sends people there."""


def install_hint(extra: str) -> str:
    """The end of a message about an optional package: what to type to get it.

    Parameters
    ----------
    extra : str
        An extra of ``pyproject.toml``.

    Returns
    -------
    str
        A command of pip on the checkout, or on the name at an index where specaug came from one.

    Examples
    --------
    >>> install_hint("report")
    "in specaug's checkout, pip install '.[report]'"
    """
    if PUBLISHED and not _from_checkout():
        return f"pip install 'specaug[{extra}]'"
    return f"in specaug's checkout, pip install '.[{extra}]'"


def _from_checkout() -> bool:
    """Whether what runs is a folder of source, or was installed from one: PEP 610, ``dir_info``."""
    try:
        origin = distribution("specaug").read_text("direct_url.json")
    except PackageNotFoundError:
        return True
    return origin is not None and "dir_info" in json.loads(origin)
