"""The page of the public API has every public name, once, under a fitting heading."""

from __future__ import annotations

import os
import sys

import pytest
from pages import ROOT, text_of

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no look at the network while importing

pytest.importorskip("sphinx", reason="the documentation is not built here")
sys.path.insert(0, str(ROOT / "docs"))

import public_api

import specaug


def test_every_public_name_stands_on_the_page_once():
    listed = [name for names in public_api.sections().values() for name in names]
    assert sorted(listed) == sorted(specaug.__all__)
    text = [
        line for title, names in public_api.sections().items() for line in public_api.lines_of(title, names)
    ]
    for name in specaug.__all__:
        assert len([line for line in text if line.rpartition(" ")[2].strip("`") == f"specaug.{name}"]) == 1, (
            name
        )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("build_dataset", "Functions of the commands"),
        ("load", "Functions of the commands"),
        ("moire", "Operations"),
        ("radial_profile", "Spectra, color, frames and geometry"),
        ("Recipe", "Recipes, settings, records and adapters"),
        ("metrics", "Modules"),
    ],
)
def test_a_name_stands_under_its_heading(name, title):
    assert name in public_api.sections()[title]


def test_a_name_that_is_added_needs_no_line_of_the_page(monkeypatch):
    monkeypatch.setattr(specaug, "__all__", [*specaug.__all__, "SpecaugErrors"])
    monkeypatch.setattr(specaug, "SpecaugErrors", specaug.SpecaugError, raising=False)
    assert "SpecaugErrors" in public_api.sections()["Recipes, settings, records and adapters"]


def test_the_page_asks_for_them():
    assert "public-api" in text_of("docs/reference/api.md")
    assert "api" in text_of("docs/reference/index.md").split()
