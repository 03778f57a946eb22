"""The report of an evaluation as text, JSON and HTML, from figures written by hand."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from specaug.metrics import OperatingPoint, PadReport

POINT = OperatingPoint("BPCER10", 0.1, threshold=0.123456, apcer=0.2, bpcer=0.05, bpcer_dev=0.01)
REPORT = PadReport(
    threshold=0.51234567,
    threshold_rule="equal error rate on dev, attacks pooled",
    apcer=0.25,
    apcer_by_pai={"print": 0.0, "replay": 0.25},
    worst_pai="replay",
    apcer_pooled=0.125,
    bpcer=0.1,
    acer=0.175,
    hter=0.1125,
    eer_dev=0.0,
    operating_points=(POINT,),
    fta={"bonafide": 0.0, "print": 0.0, "replay": 0.0},
    far=0.25,
    frr=0.1,
    counts={"bonafide": 40, "print": 4, "replay": 4},
    subjects=21,
    confidence=0.95,
    resamples=1000,
    intervals={
        "apcer/print": (0.0, 0.75),
        "apcer/replay": (0.0, 0.5),
        "apcer": (0.0, 0.5),
        "bpcer": (0.025, 0.2),
        "acer": (0.05, 0.3),
        "hter": (0.04, 0.2),
        "eer_dev": (0.0, 0.15),
    },
)
TABLE = """\
40 bonafide, 4 print, 4 replay; 21 independent units
threshold 0.512346: equal error rate on dev, attacks pooled

figure                                             test       95% interval
--------------------------------------------------------------------------
APCER print                                         0 %         <= 75.00 %
APCER replay                                    25.00 %  0.00 % to 50.00 %
APCER (worst: replay)                           25.00 %  0.00 % to 50.00 %
BPCER                                           10.00 %  2.50 % to 20.00 %
ACER                                            17.50 %  5.00 % to 30.00 %
HTER                                            11.25 %  4.00 % to 20.00 %
EER (dev, attacks pooled)                           0 %         <= 15.00 %
BPCER10 (dev threshold 0.1235)  5.00 % at APCER 20.00 %"""


def changed(**values):
    return dataclasses.replace(REPORT, **values)


def test_the_table_is_the_one_written_by_hand():
    assert str(REPORT) == TABLE


def test_notes_follow_the_table_one_on_a_line():
    assert str(changed(notes=("a.", "b."))) == f"{TABLE}\nnote: a.\nnote: b."


def test_a_rate_of_zero_is_a_bound_and_a_small_rate_is_not():
    assert REPORT.rows()[0] == ("APCER print", "0 %", "<= 75.00 %")
    assert changed(apcer_by_pai={"print": 1e-9}).rows()[0] == ("APCER print", "0.00 %", "0.00 % to 75.00 %")


def test_failures_to_acquire_are_shown_where_there_are_any():
    assert not any("ailure" in title for title, _, _ in REPORT.rows())
    rows = changed(fta={"bonafide": 0.0, "replay": 0.125}, far=0.22, frr=0.1).rows()
    assert rows[-4:] == [
        ("failure to acquire, bonafide", "0.00 %", ""),
        ("failure to acquire, replay", "12.50 %", ""),
        ("FAR, failures counted", "22.00 %", ""),
        ("FRR, failures counted", "10.00 %", ""),
    ]


def test_the_share_of_the_intervals_is_in_the_header():
    assert "90% interval" in str(changed(confidence=0.9))
    assert "<th>99% interval</th>" in changed(confidence=0.99)._repr_html_()


def test_json_gives_the_fields_back():
    values = json.loads(REPORT.to_json())
    assert values == REPORT.to_dict()
    assert list(values) == [field.name for field in dataclasses.fields(PadReport)]
    assert values["operating_points"] == [dataclasses.asdict(POINT)]
    assert values["intervals"]["bpcer"] == [0.025, 0.2]
    assert values["notes"] == []
    assert OperatingPoint(**values["operating_points"][0]) == POINT


def test_json_never_holds_what_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        changed(threshold=float("nan")).to_json()


def test_numbers_of_numpy_become_plain_ones():
    values = changed(threshold=np.float64(0.25), bpcer=np.float64(0.5)).to_dict()
    assert (values["threshold"], values["bpcer"]) == (0.25, 0.5)


def test_html_holds_every_row_of_the_table():
    text = changed(notes=("mind < and &.",))._repr_html_()
    for row in REPORT.rows():
        cells = "".join(f"<td>{cell.replace('<', '&lt;')}</td>" for cell in row)
        assert f"<tr>{cells}</tr>" in text
    assert text.startswith(
        "<table><caption>40 bonafide, 4 print, 4 replay; 21 independent units<br>threshold "
    )
    assert text.endswith("</table><p>note: mind &lt; and &amp;.</p>")


@pytest.mark.parametrize("name", ["<script>", "a&b", '"q"'])
def test_names_are_escaped_wherever_they_stand(name):
    report = changed(
        apcer_by_pai={name: 0.25},
        worst_pai=name,
        counts={"bonafide": 1, name: 2},
        fta={name: 0.5},
        intervals={**REPORT.intervals, f"apcer/{name}": (0.0, 0.5)},
        notes=(f"species differ: {name} in dev only.",),
    )
    assert name not in report._repr_html_()
    assert str(report).count(name) == 5


@pytest.mark.parametrize("record", [REPORT, POINT])
def test_figures_cannot_be_changed_afterwards(record):
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.apcer = 0.0


def test_reports_are_equal_where_their_figures_are():
    assert changed() == REPORT
    assert changed(bpcer=0.2) != REPORT
