"""What messages tell people to type for a missing package."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from specaug import install_hint as module
from specaug.install_hint import install_hint

ROOT = Path(__file__).parents[1]


class Installed:
    def __init__(self, origin):
        self.origin = origin

    def read_text(self, name):
        assert name == "direct_url.json"
        return self.origin and json.dumps(self.origin)


CHECKOUT = {"url": "file:///x", "dir_info": {"editable": True}}
WHEEL = {"url": "file:///x.whl", "archive_info": {}}


@pytest.mark.parametrize(
    ("published", "origin", "target"),
    [
        (False, CHECKOUT, "."),
        (False, None, "."),
        (True, CHECKOUT, "."),
        (True, WHEEL, "specaug"),
        (True, None, "specaug"),
    ],
)
def test_the_name_at_an_index_is_named_only_once_it_is_there(published, origin, target, monkeypatch):
    monkeypatch.setattr(module, "PUBLISHED", published)
    monkeypatch.setattr(module, "distribution", lambda name: Installed(origin))
    assert install_hint("report").endswith(f"pip install '{target}[report]'")


def test_a_checkout_on_the_path_counts_as_one(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "PUBLISHED", True)
    monkeypatch.setattr(module, "distribution", absent)
    assert install_hint("h5").endswith("pip install '.[h5]'")


def test_every_message_goes_through_it_and_names_an_extra_that_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    texts = {path: path.read_text() for top in ("specaug", "cli") for path in (ROOT / top).rglob("*.py")}
    own = ROOT / "specaug/install_hint.py"
    assert [path for path, text in texts.items() if "'specaug[" in text and path != own] == []
    named = {name for text in texts.values() for name in re.findall(r"install_hint\(['\"](\w+)['\"]\)", text)}
    assert {"report", "train", "torch", "h5", "s3", "dask", "ray"} <= named <= set(extras)
