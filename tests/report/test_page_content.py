"""The page: what each section says of known counts, and how it is protected and written."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest
from hand_shards import (
    attack_row,
    clip_row,
    failure_row,
    noisy,
    source_id,
    synthetic_row,
    write_failure_file,
    write_manifest,
    write_plan,
    write_shard,
)

import specaug
from specaug import html_report
from specaug.errors import ArgumentError
from specaug.html_report.page import _about, _profile_plots, band_table, json_block
from specaug.html_report.sample import Pixels
from specaug.html_report.survey import Kind
from specaug.html_report.svg_plots import ATTACK, SYNTHETIC
from specaug.html_report.svg_plots import BONAFIDE as BONAFIDE_COLOR

BONAFIDE, PRINT = Kind("bonafide", "none", "captured"), Kind("attack", "print", "captured")


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Writes rows as an OUT and gives the text of its page, with empty pictures in place of the plots."""
    for plot in ("histogram_plot", "profile_plot"):
        monkeypatch.setattr(f"specaug.html_report.page.{plot}", lambda name, data: "<svg></svg>")

    def written(rows, *, faces=False, failures=(), plan=None, **head):
        write_shard(tmp_path / "out", rows)
        write_manifest(tmp_path / "out", **head)
        if failures:
            write_failure_file(tmp_path / "out", failures)
        if plan:
            write_plan(tmp_path / "out", plan)
        target = tmp_path / "page" / "deep" / "report.html"
        html_report.report(tmp_path / "out", target, faces=faces)
        return target.read_text(encoding="utf-8")

    return written


def section(text, name):
    return re.search(rf'<section id="{name}".*?</section>', text, re.DOTALL)[0]


def table(text, caption):
    """Cells of the body of the table with this caption, line by line."""
    body = re.search(rf"<caption>{re.escape(caption)}</caption>.*?<tbody>(.*?)</tbody>", text, re.DOTALL)[1]
    lines = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL) for line in lines]
    return [[html.unescape(re.sub(r"</?bdi>", "", cell)) for cell in line] for line in cells]


def blocks(text, name):
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def test_clips_are_summed_by_class_and_split(report):
    rows = [clip_row(0), clip_row(1, split="dev"), clip_row(2, split="dev", subject="s9")]
    rows += [attack_row(3, split="test"), attack_row(4, pai="mask"), attack_row(5, pai="mask", split="test")]
    rows += [synthetic_row(6, f"{source_id(0)}-000")]
    lines = table(report(rows), "Clips by class and split")
    assert lines == [
        ["bonafide", "none", "captured", "1", "2", "0", "3"],
        ["attack", "mask", "captured", "1", "0", "1", "2"],
        ["attack", "print", "captured", "0", "0", "1", "1"],
        ["attack", "print/synthetic", "synthetic", "1", "0", "0", "1"],
    ]


def test_the_head_counts_clips_subjects_and_failures(report):
    rows = [clip_row(n, subject=f"s{n % 3}") for n in range(5)] + [synthetic_row(9, "p-0", subject="s1")]
    text = report(rows, failures=[failure_row(n) for n in range(1200)])
    words = " ".join(re.sub(r"<[^>]*>", "", re.search(r"<header>.*?</header>", text, re.DOTALL)[0]).split())
    assert "6 clips of 3 subjects" in words
    assert "5 captured, 1 synthetic, 1,200 sources failed." in words


def test_clips_without_subjects_are_not_said_to_have_any(report):
    text = report([clip_row(0, subject=None)])
    assert "<h1>1 clips</h1>" in text
    assert "Subjects are not known, so only sources could be compared." in section(text, "leakage")


def test_rows_of_groups_are_sorted_and_counted(report):
    rows = [clip_row(0, subject="b"), clip_row(1, subject="a"), clip_row(2, subject="b")]
    found = blocks(report(rows), "tables")["groups"]
    assert found["columns"] == ["split", "label", "PAI", "device", "subject", "origin", "clips"]
    start = ["train", "bonafide", "none", "phone"]
    assert found["rows"] == [[*start, "a", "captured", 1], [*start, "b", "captured", 2]]


def test_failures_are_sorted_by_number_then_by_name(report):
    failures = [failure_row(0, "probe", "timeout"), failure_row(1, "decode", "truncated")]
    failures += [failure_row(2), failure_row(3), failure_row(4, frame_index=2)]
    text = report([clip_row(9)], failures=failures)
    assert blocks(text, "tables")["failures"]["rows"] == [
        ["detect", "no_face", "unknown", "unknown", 2],
        ["decode", "truncated", "unknown", "unknown", 1],
        ["probe", "timeout", "unknown", "unknown", 1],
    ]
    told = section(text, "failures")
    assert "4 sources gave no clip; 1 further clips failed whose source gave others." in told
    assert "cannot be told apart by class" in told


@pytest.mark.parametrize(
    ("lost", "verdict", "row_class"),
    [
        (0, "no sure difference", ""),
        (2, "apart, too few sources to be sure", "doubt"),
        (9, "bias", "bad"),
    ],
)
def test_verdicts_on_classes(report, lost, verdict, row_class):
    failures = [failure_row(100 + n) for n in range(lost)] or [failure_row(999, "discover", "duplicate")]
    plan = {("bonafide", "none"): range(10), ("attack", "print"): range(100, 110)}
    text = report([clip_row(0)], failures=failures, plan=plan)
    own, other = table(text, "Failed sources by class, those refused before any work left out")
    assert own == ["bonafide", "none", "0", "10", "0.0%", "–", "–"]
    assert other[:5] == ["attack", "print", str(lost), "10", f"{lost / 10:.1%}"]
    assert other[6] == verdict
    assert f'<tr class="{row_class}"><th scope="row">attack' in section(text, "failures")


def test_no_failure_is_good_news(report):
    assert "No source failed." in section(report([clip_row(0)]), "failures")


def test_shortcuts_are_listed_for_every_number_with_their_verdict(report):
    rows = [clip_row(n, frames=[noisy(n)]) for n in range(6)]
    rows += [attack_row(10 + n, frames=[noisy(10 + n)], scale=[4.0]) for n in range(6)]
    lines = table(report(rows), "How well one number alone predicts the label")
    assert len(lines) == 8
    first = next(line for line in lines if line[0].startswith("scale"))
    assert first[1:] == ["1.000", "1.00 to 1.00", "6", "6", "predicts the label"]
    same = next(line for line in lines if line[0].startswith("frame rate"))
    assert (same[1], same[5]) == ("0.500", "–")


def test_what_is_the_same_for_every_clip_is_told_instead_of_drawn(report):
    rows = [clip_row(0, padding=[0.0]), attack_row(1, padding=[0.0], frames=[noisy(1)], scale=[3.0])]
    told = section(report(rows), "shortcuts")
    assert "The same for every clip: padding, share of the crop outside the picture; 0." in told
    assert "The same for every clip: picture size of the source, px; about 307,000." in told
    assert re.findall(r"<figcaption>(\w+)", told) == ["scale", "brightness", "sharpness"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "about 0.0123"),
        (1.0, "about 1"),
        (1234.5, "about 1,230"),
        (307_200.0, "about 307,000"),
        (12_345_678.0, "about 12,300,000"),
    ],
)
def test_numbers_known_to_a_bin_have_three_digits_written_out(value, text):
    assert _about(value) == text


def test_duplicates_are_counted_by_reason_at_any_stage(report):
    failures = [failure_row(n, "discover", "duplicate") for n in range(3)] + [failure_row(7)]
    assert "3 sources were left out as exact copies" in section(
        report([clip_row(0)], failures=failures), "duplicates"
    )


def test_look_alikes_across_splits_come_first(report):
    rows = [clip_row(n, frames=[noisy(n // 3)], split=s) for n, s in enumerate(["train"] * 5 + ["dev"])]
    lines = table(report(rows), "Clips that look alike, across splits first")
    assert lines == [
        ["train/3.mp4", "train", "train/5.mp4", "dev"],
        ["train/4.mp4", "train", "train/5.mp4", "dev"],
        ["train/0.mp4", "train", "train/1.mp4", "train"],
        ["train/0.mp4", "train", "train/2.mp4", "train"],
        ["train/1.mp4", "train", "train/2.mp4", "train"],
        ["train/3.mp4", "train", "train/4.mp4", "train"],
    ]


@pytest.mark.parametrize(("clips", "lines", "text"), [(10, 45, "45 pairs"), (11, 50, "50 or more pairs")])
def test_at_most_fifty_pairs_are_listed(report, clips, lines, text):
    told = report([clip_row(n, frames=[noisy(9)]) for n in range(clips)])
    assert len(table(told, "Clips that look alike, across splits first")) == lines
    assert text in " ".join(section(told, "duplicates").split())


def test_leaks_are_told_with_their_names(report):
    told = section(report([clip_row(0), clip_row(0, split="dev"), clip_row(1, split="dev")]), "leakage")
    assert "1 subjects and 1 sources are in more than one split." in told
    assert "<bdi>s1</bdi>" in told


def test_settings_are_sorted_and_versions_are_named(report):
    text = report([clip_row(0)], settings={"size": 32, "align": "<b>"}, specaug="9.8")
    assert re.findall(r"<dt>(.*?)</dt><dd><bdi>(.*?)</bdi>", section(text, "settings")) == [
        ("align", "&lt;b&gt;"),
        ("size", "32"),
    ]
    assert f"Data by specaug 9.8, report by specaug {specaug.__version__}." in text


def test_sheets_tell_how_many_of_how_many_and_clips_how_they_are_found(report):
    rows = [clip_row(n) for n in range(26)] + [attack_row(50)]
    text = report(rows, faces=True)
    told = re.findall(r"<bdi>([^<]*)</bdi>: (\d+ of \d+)", section(text, "clips"))
    assert told == [("bonafide", "24 of 26"), ("attack print", "1 of 1")]
    names = re.findall(r'data-clip="(.*?)"', section(text, "clips"))
    assert set(names) == set(blocks(text, "details"))
    assert len(names) == 25
    assert set(blocks(text, "orders")) == set(names)


def test_the_contact_sheet_comes_before_tables_and_shows_kinds_in_turn(report):
    rows = [clip_row(n) for n in range(3)] + [attack_row(50), attack_row(51, pai="mask")]
    text = report(rows, faces=True)
    assert text.index('id="clips"') < text.index("<table")
    labels = re.findall(r'<li data-name=".*?alt="([^,]*),', section(text, "clips"))
    assert labels == ["bona fide", "attack mask", "attack print", "bona fide", "bona fide"]


def test_what_is_not_known_of_a_clip_is_left_out_of_its_order(report):
    text = report([clip_row(0, score=[None], scale=[2.0, 4.0])], faces=True)
    (order,) = blocks(text, "orders").values()
    assert order == {"split": "train", "label": "bona fide", "scale": 3.0, "sharpness": 0.0}


def test_without_two_clips_of_a_species_nothing_is_compared(report):
    assert 'id="differences"' not in report([clip_row(0), clip_row(1), attack_row(2)], faces=True)


def test_only_the_script_and_style_of_the_page_may_run(report):
    text = report([clip_row(0)])
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    for kind, content in (("style-src-elem", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} &#39;sha256-{digest}&#39;" in text or f"{kind} 'sha256-{digest}'" in text


def test_half_a_surrogate_pair_in_a_setting_is_written_as_an_escape(report):
    assert r"<bdi>a\udc80b</bdi>" in report([clip_row(0)], settings={"raw": "a\udc80b"})


@pytest.mark.parametrize("value", ["</script>", "<!--", "a & b", "é\u2028", {"<k>": ["&", None, 1.5]}])
def test_a_block_of_json_is_plain_ascii_that_reads_back(value):
    text = json_block(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set(text) & set("<>&")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("", "does not start with the line of a build"),
        ("[]", "does not start with the line of a build"),
        ("{}", "does not start with the line of a build"),
        ('{"settings": []}', "does not start with the line of a build"),
        ("{not json", "expected a finished data set with a manifest.jsonl"),
    ],
)
def test_another_first_line_of_the_manifest_is_refused(tmp_path, first, message):
    write_shard(tmp_path, [clip_row(0)])
    (tmp_path / "manifest.jsonl").write_text(first)
    with pytest.raises(ArgumentError, match=f"^out: .*{message}"):
        html_report.report(tmp_path, tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def pixels_of(**kinds):
    """Profiles by species; `bonafide` is that of bona fide clips."""
    pixels = Pixels()
    for name, rows in kinds.items():
        made = Kind("attack", name.removesuffix("_syn"), "synthetic" if name.endswith("_syn") else "captured")
        pixels.profiles[BONAFIDE if name == "bonafide" else made] = list(rows)
    return pixels


def test_differences_by_band_are_in_standard_deviations_of_bona_fide_clips():
    radius = (np.arange(64) + 0.5) / 64 * np.sqrt(0.5)
    level = np.select([radius < 1 / 32, radius < 1 / 16], [1.0, 2.0], 3.0)
    low_only = np.where(radius < 1 / 32, 5.0, 0.0)
    pixels = pixels_of(
        bonafide=[level - 1, level, level + 1], print=[level + 2, level + 4], mask=[level + low_only]
    )
    found = {name: (n, values) for name, n, values in band_table(pixels)}
    assert found["attack print"] == (2, pytest.approx([3, 3, 3]))
    assert found["attack mask"] == (1, pytest.approx([5, 0, 0]))
    assert list(found) == ["attack print", "attack mask"]


def test_no_band_table_without_two_bona_fide_clips():
    rows = np.ones((3, 64))
    assert band_table(pixels_of(print=rows)) == []
    assert band_table(pixels_of(bonafide=rows[:1], print=rows)) == []
    assert len(band_table(pixels_of(bonafide=rows[:2], print=rows, mask=[]))) == 1


def test_bona_fide_clips_that_are_all_alike_do_not_divide_by_zero():
    rows = np.ones((2, 64))
    ((_, _, values),) = band_table(pixels_of(bonafide=rows, print=rows))
    assert values == [0, 0, 0]


@pytest.fixture
def plotted(monkeypatch):
    """(title, name of the plot, its curves as (label, color, clips)) of profiles by species."""
    monkeypatch.setattr(
        "specaug.html_report.page.profile_plot",
        lambda name, curves: (name, [(label, color, len(rows)) for label, color, rows in curves]),
    )
    return lambda **kinds: [(title, *plot) for title, plot in _profile_plots(pixels_of(**kinds))]


def test_twelve_species_and_the_origins_get_a_plot(plotted):
    rows = np.ones((2, 64))
    kinds = {f"p{n:02d}": rows for n in range(13)} | {"p_syn": rows, "empty": []}
    found = plotted(bonafide=rows, **kinds)
    assert [title for title, _, _ in found] == [
        *(f"bona fide and attack p{n:02d}" for n in range(12)),
        "all attacks, captured and synthetic",
    ]
    assert len({name for _, name, _ in found}) == 13
    assert found[-1][2][1] == ("attacks (26)", ATTACK, 26)  # those without a plot as well


def test_one_origin_alone_is_not_compared_with_the_other(plotted):
    rows = np.ones((2, 64))
    base = ("bona fide (2)", BONAFIDE_COLOR, 2)
    assert plotted(bonafide=rows, print=rows) == [
        ("bona fide and attack print", "profile-0", [base, ("attack print (2)", ATTACK, 2)])
    ]
    curves = [base, ("attack p (synthetic) (2)", SYNTHETIC, 2)]
    assert plotted(bonafide=rows, p_syn=rows) == [("bona fide and attack p (synthetic)", "profile-0", curves)]
    assert plotted(print=rows, p_syn=rows) == []


def test_origins_are_compared_in_their_colors(plotted):
    rows = np.ones((4, 64))
    title, _, curves = plotted(bonafide=rows[:2], print=rows, mask=rows[:1], p_syn=rows[:3])[-1]
    assert title == "all attacks, captured and synthetic"
    assert curves == [
        ("bona fide (2)", BONAFIDE_COLOR, 2),
        ("attacks (5)", ATTACK, 5),
        ("synthetic attacks (3)", SYNTHETIC, 3),
    ]
