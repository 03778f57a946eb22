"""The page of the public API, written from `specaug.__all__` when the documentation is built."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import specaug
from specaug_cli.main import COMMANDS

_COMMANDS = {*(name.replace("-", "_") for name in COMMANDS), "load"}

SECTIONS: dict[str, Callable[[str, Any], bool]] = {
    "Functions of the commands": lambda name, held: name in _COMMANDS,
    "Operations": lambda name, held: name in specaug.augment.OPERATIONS,
    "Spectra, color, frames and geometry": lambda name, held: inspect.isfunction(held),
    "Recipes, settings, records and adapters": lambda name, held: inspect.isclass(held),
    "Modules": lambda name, held: inspect.ismodule(held),
}
"""Headings; a name stands under the first that it fits."""


def sections() -> dict[str, list[str]]:
    """Every public name under its heading, in the order of the alphabet."""
    found: dict[str, list[str]] = {title: [] for title in SECTIONS}
    for name in specaug.__all__:
        held = getattr(specaug, name)
        found[next(title for title, fits in SECTIONS.items() if fits(name, held))].append(name)
    return found


def lines_of(title: str, names: list[str]) -> list[str]:
    """reStructuredText of one section, in which Sphinx puts the docstrings."""
    lines = [f".. rubric:: {title}", ""]
    for name in names:
        held = getattr(specaug, name)
        if inspect.ismodule(held):
            lines += [f"``specaug.{name}``", f"    {(held.__doc__ or '').partition(chr(10))[0]}", ""]
        elif inspect.isclass(held):
            lines += [f".. autoclass:: specaug.{name}", "   :members:", ""]
        else:
            lines += [f".. autofunction:: specaug.{name}", ""]
    return lines


class PublicApi(SphinxDirective):
    """``public-api``: all of :func:`sections`."""

    def run(self) -> list[nodes.Node]:
        """The nodes of the page."""
        text = [line for title, names in sections().items() for line in lines_of(title, names)]
        return self.parse_text_to_nodes("\n".join(text))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("public-api", PublicApi)
    return {"parallel_read_safe": True}
