"""Findings: which figures are told, in what order and in which words."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from specaug.html_report.failure_summary import Losses, Rate
from specaug.html_report.findings import Finding, findings, gaps, shortcut
from specaug.html_report.histogram import Separation
from specaug.html_report.sample import Pixels
from specaug.html_report.survey import Group, Survey
from specaug.shards import SkippedRow

NAN = float("nan")


def told(*, seen=None, lost=None, pixels=None):
    return findings(seen or Survey([]), lost or Losses(), pixels or Pixels())


def lost_with(*classes, bonafide=(0, 100)):
    """Rates of bona fide and of attacks, each (species, failed, planned, p)."""
    rates = [Rate("bonafide", "none", *bonafide, NAN)] if bonafide else []
    return Losses(rates=[*rates, *(Rate("attack", *c) for c in classes)])


def leaking(count, sources=0):
    seen = Survey([])
    seen.subjects = {("d", f"s{n}"): {"train", "dev"} for n in range(count)}
    for split in ("train", "dev"):
        seen.sources[split] = array("Q", range(sources))
    return seen


def test_nothing_is_told_of_nothing():
    assert told() == []


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, "s0"),
        (4, "s0, s1, s2, s3"),
        (5, "s0, s1, s2, s3 …"),
    ],
)
def test_leaking_subjects_are_counted_and_the_first_four_named(count, names):
    (finding,) = told(seen=leaking(count))
    assert finding == ("leakage", f"{count} subjects are in more than one split: {names}")


def test_leaking_sources_are_a_finding_of_their_own():
    texts = [f.text for f in told(seen=leaking(1, sources=3))]
    assert texts == [
        "1 subjects are in more than one split: s0",
        "3 sources are in more than one split",
    ]


def test_sure_differences_name_the_level_and_the_usual_share():
    (finding,) = told(lost=lost_with(("print", 30, 50, 0.001), bonafide=(1, 40)))
    assert finding == Finding(
        "failures",
        "sources of these classes fail more often than bona fide (2.5%): attack print 60.0% (p < 0.05)",
    )


def test_classes_that_fail_less_often_are_told_apart_from_those_that_fail_more():
    lost = lost_with(("a", 9, 10, 0.01), ("b", 1, 100, 0.02), ("c", 8, 10, 0.01), bonafide=(50, 100))
    more, less = (f.text for f in told(lost=lost))
    assert more.endswith("fail more often than bona fide (50.0%): attack a 90.0%, attack c 80.0% (p < 0.05)")
    assert less.endswith("fail less often than bona fide (50.0%): attack b 1.0% (p < 0.05)")


def test_sure_ones_come_before_unsure_ones():
    lost = lost_with(("few", 1, 2, 0.6), ("many", 60, 100, 1e-9))
    sure, unsure = (f.text for f in told(lost=lost))
    assert "attack many 60.0% (p < 0.05)" in sure
    assert "attack few 50.0% (too few sources to be sure)" in unsure


@pytest.mark.parametrize(("classes", "ending"), [(4, "d 50.0% (p"), (5, "d 50.0% … (p")])
def test_only_four_classes_are_named(classes, ending):
    lost = lost_with(*((name, 50, 100, 1e-9) for name in "abcde"[:classes]))
    (finding,) = told(lost=lost)
    assert ending in finding.text


@pytest.mark.parametrize(
    ("p", "failed", "biased", "doubtful"),
    [
        (0.0499, 30, True, False),
        (0.05, 30, False, True),  # the level itself is not below the level
        (0.9, 30, False, True),
        (0.9, 10, False, True),  # ten per cent apart
        (0.9, 9, False, False),
        (0.0499, 1, True, False),
        (NAN, 90, False, False),
    ],
)
def test_a_class_is_sure_below_the_level_and_unsure_from_ten_per_cent(p, failed, biased, doubtful):
    lost = lost_with(("print", failed, 100, p))
    assert [bool(lost.biased), bool(lost.doubtful)] == [biased, doubtful]


def test_a_class_may_be_ten_per_cent_better_than_bona_fide():
    lost = lost_with(("print", 10, 100, 0.2), ("mask", 11, 100, 0.2), bonafide=(20, 100))
    assert [rate.pai for rate in lost.doubtful] == ["print"]
    assert "less often" in told(lost=lost)[0].text


def test_without_bona_fide_sources_nothing_can_be_doubted():
    assert lost_with(("print", 50, 100, 0.5), bonafide=None).doubtful == []


def test_a_share_of_no_sources_is_zero():
    assert Rate("attack", "print", 0, 0, NAN).share == 0
    assert Rate("attack", "print", 1, 8, NAN).share == 0.125


@pytest.mark.parametrize("attack", [0.9, 0.1])
def test_a_number_that_predicts_the_label_is_told_without_its_unit(attack):
    seen = Survey([])
    values = np.repeat([0.5, attack], 20)
    seen.distributions["padding"].add(values, np.repeat([0, 1], 20))
    (finding,) = told(seen=seen)
    auc = f"{float(attack > 0.5):.2f}"
    assert finding == (
        "shortcuts",
        f"padding alone predicts the label: AUC {auc} (95 % interval {auc} to {auc})",
    )


def test_interval_is_written_beside_the_auc(rng):
    seen = Survey([])
    histogram = seen.distributions["score"]
    histogram.add(rng.normal(0.5, 0.05, 80), np.zeros(80))
    histogram.add(rng.normal(0.58, 0.05, 80), np.ones(80))
    found = histogram.separation()
    (finding,) = told(seen=seen)
    assert 0.6 < found.low < found.auc < found.high < 1
    assert finding.text == (
        f"score of the detector alone predicts the label: AUC {found.auc:.2f} "
        f"(95 % interval {found.low:.2f} to {found.high:.2f})"
    )


def test_numbers_that_say_little_are_not_told(rng):
    seen = Survey([])
    for histogram in seen.distributions.values():
        histogram.add(rng.uniform(0.2, 0.8, 200), rng.integers(0, 2, 200))
    assert told(seen=seen) == []


def test_shortcuts_of_pictures_come_after_those_of_sources():
    seen, pixels = Survey([]), Pixels()
    for histogram in (seen.distributions["fps"], pixels.distributions["sharpness"]):
        histogram.add(np.repeat([10.0, 90.0], 9), np.repeat([0, 1], 9))
    names = [f.text.partition(" alone")[0] for f in told(seen=seen, pixels=pixels)]
    assert names == ["frame rate of the source", "sharpness"]


@pytest.mark.parametrize(("low", "high"), [(0.55, 0.45), (0.6, 0.4), (0.0, 1.0)])
def test_an_interval_that_touches_the_line_is_no_shortcut(low, high):
    assert shortcut(Separation(0.5, low, high, 9, 9)) is False


def alike(*splits):
    """Clips of different sources with the same hash."""
    pixels = Pixels()
    pixels.hashes = [np.zeros(4, np.uint64)] * len(splits)
    pixels.names = [(f"id {n}", f"{n}.mp4", split) for n, split in enumerate(splits)]
    return pixels


@pytest.mark.parametrize(
    ("splits", "pairs"),
    [
        (("train", "train"), 0),
        (("train", "dev"), 1),
        (("train", "dev", "test"), 3),
        (("train", "train", "dev"), 2),
    ],
)
def test_only_look_alikes_across_splits_are_told(splits, pairs):
    found = told(pixels=alike(*splits))
    text = (
        f"{pairs} pairs of the sampled clips look alike (at most 40 of 255 bits differ) and are in "
        "different splits"
    )
    assert found == ([("duplicates", text)] if pairs else [])


def test_leakage_comes_first_and_duplicates_last():
    seen = leaking(1, sources=1)
    seen.distributions["fps"].add(np.repeat([10.0, 90.0], 9), np.repeat([0, 1], 9))
    found = told(seen=seen, lost=lost_with(("print", 50, 100, 1e-9)), pixels=alike("train", "dev"))
    assert [f.section for f in found] == ["leakage", "leakage", "failures", "shortcuts", "duplicates"]


def test_gaps_are_those_of_captured_clips():
    seen = Survey([])
    rows = [
        (split, label, pai, subject, origin)
        for split in ("train", "dev", "test")
        for label, pai, origin in (
            ("bonafide", "none", "captured"),
            ("attack", "print", "captured"),
            ("attack", "synthetic/moire", "synthetic"),
        )
        for subject in (f"{split}{n}" for n in range(5))
    ]
    for split, label, pai, subject, origin in rows:
        seen.groups[Group(split, label, pai, "", subject, origin)] += 1
        seen.subjects.setdefault(("", subject), set()).add(split)
    assert gaps(seen, []) == ()
    skipped = [SkippedRow("odd/1.mp4", "odd", True), SkippedRow("notes.txt", "no medium", False)]
    assert [notice.kind for notice in gaps(seen, skipped)] == ["skipped_media"]
    for group in list(seen.groups):
        if group.label == "attack" and group.origin == "captured":
            del seen.groups[group]
    assert [notice.kind for notice in gaps(seen, [])] == ["no_attack"]
    found = findings(seen, Losses(), Pixels(), gaps(seen, skipped))
    assert [f.section for f in found] == ["counts", "failures"]
    assert found.warnings == gaps(seen, skipped)


def test_sources_without_subject_count_each():
    """However many clips they have."""
    seen = Survey([])
    for split, n in (("train", 5), ("dev", 4), ("test", 9)):
        seen.groups[Group(split, "bonafide", "none", "", "", "captured")] = 3 * n
        seen.groups[Group(split, "attack", "print", "", "", "captured")] = 0
        seen.unnamed[split] = set(range(n))
    (notice,) = (n for n in gaps(seen, []) if n.kind == "few_subjects")
    assert "in dev (4):" in notice.detail
