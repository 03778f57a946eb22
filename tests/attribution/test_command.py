"""``specaug explain`` and ``specaug report --run``."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import get_type_hints

import pytest
from click.testing import CliRunner
from making import write_split

from specaug.attribution.explain_config import PARTS, ExplainConfig, ExplainSettings
from specaug.attribution.frequency_bands import FILLS
from specaug.errors import ArgumentError
from specaug.training import TrainConfig, train
from specaug_cli import explain as command
from specaug_cli.main import cli

FAST = ["--clips", "4", "--map-clips", "2", "--steps", "1"]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """``out`` and a finished ``run``."""
    folder = tmp_path_factory.mktemp("work")
    for first, (split, subjects) in enumerate((("train", 4), ("dev", 4), ("test", 6))):
        write_split(folder / "out", split, subjects=subjects, first=first)
    train(
        folder / "out", folder / "run", TrainConfig(frames=2, width=1, epochs=1, streams="color", hsv=False)
    )
    return folder


def run(*words):
    return CliRunner().invoke(cli, ["explain", *map(str, words)])


def test_choices_are_those_of_the_library():
    assert command.PARTS == PARTS
    assert command.FILLS == FILLS


def test_the_default_sample_is_that_of_the_library(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        command, "attribution", lambda: SimpleNamespace(explain=lambda *_, **given: asked.update(given))
    )
    run("run", "out", "--json")
    default = ExplainConfig()
    names = ("split", "clips", "map_clips", "parts", "fill", "steps", "batch_size", "seed")
    assert {name: asked[name] for name in names} == {name: getattr(default, name) for name in names}


def test_a_table_findings_notes_and_the_page(work, tmp_path):
    result = run(work / "run", work / "out", "-o", tmp_path / "e.html", *FAST, "--parts", "streams")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("run on 4 of 24 test clips of out")
    assert "order of frames" in result.stdout
    assert "note: 4 of 24 test clips were changed" in result.stdout
    assert result.stdout.rstrip().endswith("bytes")
    assert "changes: 4/4 clips" in result.stderr
    assert "mean frame" not in (tmp_path / "e.html").read_text()


def test_json_is_one_object(work, tmp_path):
    page = tmp_path / "e.html"
    result = run(
        work / "run", work / "out", "-o", page, "--json", "-q", "--split", "dev", "--fill", "remove", *FAST
    )
    values = json.loads(result.stdout)
    assert result.stderr == ""
    assert values["page"] == str(page)
    assert (values["sample"]["split"], values["settings"]["fill"]) == ("dev", "remove")
    assert values["waves"]["clips"] == values["gradients"]["clips"] == [1, 1]
    assert "mean frame" in page.read_text()


def test_faces_are_left_out_on_demand(work, tmp_path):
    page = tmp_path / "e.html"
    assert (
        run(work / "run", work / "out", "-o", page, "--no-faces", "--parts", "gradients", *FAST).exit_code
        == 0
    )
    assert "mean frame" not in page.read_text()


def test_all_clips_can_be_asked_for_and_nonsense_is_refused(work, tmp_path):
    page = tmp_path / "e.html"
    words = (work / "run", work / "out", "-o", page, "--parts", "streams", "--json", "-q")
    assert json.loads(run(*words, "--clips", "all").stdout)["sample"]["available"] == 24
    result = run(*words, "--clips", "few")
    assert result.exit_code == 2
    assert "expected a whole number from 2 or 'all', got 'few'" in result.stderr


def test_errors_name_what_is_wrong(work, tmp_path):
    with pytest.raises(ArgumentError, match="parts: expected some of bands, streams, waves, gradients"):
        CliRunner().invoke(
            cli, ["explain", str(work / "run"), str(work / "out"), "--parts", "all"], catch_exceptions=False
        )
    with pytest.raises(ArgumentError, match="run: expected a folder that specaug train made"):
        CliRunner().invoke(cli, ["explain", str(tmp_path), str(work / "out")], catch_exceptions=False)
    assert not (tmp_path / "explain.html").exists()


def test_the_report_has_the_section_where_a_run_is_given(work, monkeypatch):
    pytest.importorskip("jinja2", reason="the extra `report` is not installed")
    from specaug.attribution import explain_run
    from specaug.html_report.network_section import network_section

    asked = {}

    def explained(run, out, **settings):
        asked.update(run=run, out=out)
        return explain_run.explain(run, out, parts=("streams", "gradients"), clips=4, map_clips=2, steps=1)

    monkeypatch.setattr("specaug.attribution.explain", explained)
    section = network_section(work / "run", work / "out", faces=False)
    assert asked == {"run": work / "run", "out": work / "out"}
    assert "What the decisions rest on" in section.content
    assert "mean frame" not in section.content
    assert ".uses-figures" in section.style


def test_type_checkers_know_each_setting():
    config = get_type_hints(ExplainConfig)
    assert get_type_hints(ExplainSettings) == config
