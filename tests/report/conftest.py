"""An OUT with everything that a report tells of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
pytest.importorskip("jinja2", reason="the extra `report` is not installed")
sys.path.insert(0, str(Path(__file__).parent))

from page_data import HOSTILE, add_synthetic, clip, source, write_out

from specaug.html_report import report
from specaug.records import Failure


@pytest.fixture(scope="session")
def out(tmp_path_factory) -> Path:
    """40 clips, one with hostile names, synthetic attacks, and 30 failures that are all attacks."""
    named = {0: {"path": f"train/{HOSTILE}.mp4", "subject": HOSTILE, "device": "\u202egnp.exe"}}
    sources = [source(n, **named.get(n, {})) for n in range(40)]
    lost = [source(100 + 2 * n + 1) for n in range(30)]
    failures = [
        Failure(s.source_id, f"{HOSTILE}/{s.path}", s.split, "detect", "no_face", HOSTILE) for s in lost
    ]
    folder = tmp_path_factory.mktemp("report") / "out"
    # Attacks stand closer to the camera than bona fide: a shortcut.
    clips = [clip(s, n, scale=2.0 if n % 2 else 1.0) for n, s in enumerate(sources)]
    write_out(folder, clips, failures, planned=[*sources, *lost])
    add_synthetic(folder)
    return folder


@pytest.fixture(scope="session")
def page(out, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("page") / "report.html"
    report(out, target)
    return target
