"""Settings of the documentation: Sphinx with MyST and furo. Built by `make docs`; warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from specaug import __version__

project = "specaug"
author = "The specaug authors"
release = __version__
copyright = "the specaug authors, Apache-2.0"

sys.path.insert(0, str(Path(__file__).parent))  # for public_api
extensions = [
    "public_api",
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"specaug {release}"
html_static_path = ["_static"]
html_css_files = ["specaug.css"]
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}

autodoc_typehints = "none"  # numpydoc sections say the types
autodoc_member_order = "bysource"
autodoc_mock_imports = ["ray", "distributed", "insightface", "albumentations"]
numpydoc_show_class_members = False
autosummary_generate = False

copybutton_exclude = ".linenos, .gp, .go"


def setup(app: Sphinx) -> dict[str, bool]:
    """Write formulas as MathML, which every browser shows, rather than fetch a script from somewhere."""

    def inline(self: HTML5Translator, node: nodes.math) -> None:
        self.body.append(tex2mathml(node.astext()))
        raise nodes.SkipNode

    def block(self: HTML5Translator, node: nodes.math_block) -> None:
        self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True}
