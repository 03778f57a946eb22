"""The page: complete, the same each time, harmless whatever names hold, and without faces where asked."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner
from markupsafe import escape
from page_data import HOSTILE, clip, source, write_out

from specaug.errors import ArgumentError, SpecaugError
from specaug.html_report import report
from specaug.html_report.histogram import Histogram
from specaug.html_report.svg_plots import ATTACK, BONAFIDE, histogram_plot, profile_plot
from specaug_cli.main import cli


class Reader(HTMLParser):
    """Elements, their ids and what they load; the text of data blocks."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.addresses, self.handlers, self.blocks = [], [], [], [], {}
        self._block = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action", "data") and v]
        self.handlers += [k for k in values if k.startswith("on")]
        self._block = values.get("id") if values.get("type") == "application/json" else None

    def handle_data(self, data):
        if self._block:
            self.blocks[self._block] = json.loads(data)
            self._block = None


@pytest.fixture(scope="module")
def read(page):
    return Reader(page.read_text(encoding="utf-8"))


def test_same_out_gives_the_same_bytes(out, page, tmp_path):
    report(out, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_page_loads_nothing_and_ids_are_unique(page, read):
    assert all(a.startswith(("data:", "#")) for a in read.addresses)
    assert len(read.ids) == len(set(read.ids))
    inner = {a for a in read.addresses if a.startswith("#")}
    assert {a.removeprefix("#") for a in inner} <= set(read.ids)
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert str(page.parent) not in text
    assert re.findall(r"url\((?!#|&quot;|\")", text) == []


def test_hostile_names_are_text(page, read):
    assert read.handlers == []
    assert read.tags.count("script") == 4
    assert all(a.startswith("data:") or a != "x" for a in read.addresses)
    rows = read.blocks["tables"]["groups"]["rows"]
    assert any(HOSTILE in row for row in rows)
    assert HOSTILE not in page.read_text(encoding="utf-8")


def test_hostile_names_are_text_wherever_they_are_written(tmp_path):
    clips = [
        clip(source(0, subject=HOSTILE, path=f"a{HOSTILE}"), 3),
        clip(
            source(2, subject=HOSTILE, path=f"b{HOSTILE}", split="test"), 3
        ),  # leaks, and looks like the first
        clip(source(1, pai=f"mask{HOSTILE}"), 1),
    ]
    report(write_out(tmp_path / "out", clips), tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    read = Reader(text)
    assert read.handlers == []
    assert read.tags.count("script") == 4
    assert "x" not in read.addresses
    # the finding, the leakage section, both paths, the species in its table, plot, sheet and spectra
    assert text.count(escape(HOSTILE)) >= 8


def test_tables_hold_every_clip_and_failure(read):
    tables = read.blocks["tables"]
    assert sum(row[-1] for row in tables["groups"]["rows"]) == 60
    assert tables["failures"]["rows"] == [["detect", "no_face", "attack", "print", 30]]
    assert len(tables["examples"]["rows"]) == 30


def test_findings_name_the_shortcut_and_the_bias(page):
    text = page.read_text(encoding="utf-8")
    assert "scale alone predicts the label: AUC 1.00" in text
    assert "fail more often than bona fide (0.0%): attack print 60.0%" in text


def test_clips_have_frames_planes_and_provenance(read):
    details = read.blocks["details"]
    assert len(details) == 60
    first = details[f"{0:032x}-000"]
    assert [caption for caption, _ in first["frames"]] == [
        f"frame {i}, {s:.2f} s" for i, s in ((0, 0), (10, 1 / 3), (20, 2 / 3))
    ]
    assert [name for name, _ in first["planes"]][:4] == ["hue", "saturation", "value", "log spectrum"]
    assert dict(map(tuple, first["facts"]))["source_path"].endswith(".mp4")
    assert dict(map(tuple, first["facts"]))["label"] in ("bonafide", "attack")
    assert dict(map(tuple, details[f"{0:032x}-000-syn"]["facts"]))["label"] == "attack"
    assert dict(map(tuple, details[f"{0:032x}-000-syn"]["facts"]))["parent_id"] == f"{0:032x}-000"


def test_without_faces_no_picture_is_left(out, tmp_path):
    result = CliRunner().invoke(
        cli, ["report", str(out), "-o", str(tmp_path / "r.html"), "--no-faces"], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "shortcuts: scale alone predicts the label" in result.stdout
    assert result.stdout.endswith("4 findings\n")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "data:image" not in text
    assert Reader(text).blocks["details"] == {}
    assert "<svg" in text


def test_findings_can_be_read_by_programs(out, tmp_path):
    target = tmp_path / "r.html"
    result = CliRunner().invoke(
        cli, ["report", str(out), "-o", str(target), "--json"], catch_exceptions=False
    )
    told = json.loads(result.stdout)
    assert told["report"] == str(target)
    sections = ["counts", "failures", "shortcuts", "shortcuts"]
    assert [finding["section"] for finding in told["findings"]] == sections
    assert [warning["kind"] for warning in told["warnings"]] == ["empty_split"]
    lines = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert lines == [f"warning: {warning['detail']}" for warning in told["warnings"]]
    assert [f["text"] for f in told["findings"][:1]] == [warning["detail"] for warning in told["warnings"]]


def test_plots_take_their_colours_from_the_page_and_escape_names(rng):
    name = r"$\frac_{面具$" + HOSTILE
    curves = [("a", BONAFIDE, rng.random((5, 64))), (name, ATTACK, rng.random((4, 64)))]
    svg = profile_plot("p", curves)
    root = ET.fromstring(svg)
    texts = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert name[:35] + "…" in texts
    assert "var(--bonafide)" in svg
    assert "var(--attack)" in svg
    assert "<style" not in svg
    # every colour is one of the page's
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) == set()


def test_axes_of_narrow_distributions_have_numbers(rng):
    histogram = Histogram("scale", 1e-2, 1e2, log=True)
    histogram.add(rng.uniform(0.8, 0.95, 60), np.repeat([0, 1], 30))
    root = ET.fromstring(histogram_plot("h", histogram))
    ticks = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if "-xtick" in g.get("id", "")]
    labels = [text.text for g in ticks for text in g.iter("{http://www.w3.org/2000/svg}text")]
    numbers = [float(label) for label in labels]
    assert len(numbers) >= 3
    assert all(0.7 < n < 1.1 for n in numbers)


def test_plots_survive_a_single_value():
    histogram = Histogram("x", 0, 1)
    histogram.add(np.array([0.5]), np.array([1]))
    assert "<svg" in histogram_plot("h", histogram)


def test_one_class_alone(tmp_path):
    out = write_out(tmp_path / "out", [clip(source(1), 1)])
    report(out, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "One of the classes is absent" in text


def test_what_is_no_finished_out_is_named(tmp_path):
    with pytest.raises(ArgumentError, match=r"finished data set with a manifest\.jsonl"):
        report(tmp_path, tmp_path / "r.html")
    out = write_out(tmp_path / "out", [])
    with pytest.raises(ArgumentError, match="holds none"):
        report(out, tmp_path / "r.html")


def test_damaged_shards_are_named(tmp_path):
    out = write_out(tmp_path / "out", [clip(source(1), 1)])
    path = out / "data/captured/train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SpecaugError, match=rf"{path.name}: cannot be read"):
        report(out, tmp_path / "r.html")
