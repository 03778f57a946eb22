"""Failures: which rows count as lost sources, of which class, and how classes are compared."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hand_shards import failure_row, source_id, write_failure_file, write_plan
from scipy.stats import hypergeom

from specaug.html_report.failure_summary import EXAMPLES, Losses, Rate, losses, planned_sources

BONAFIDE, PRINT, MASK = ("bonafide", "none"), ("attack", "print"), ("attack", "mask")


def summary(out, rows, plan=None, **how):
    write_failure_file(out, rows, **how)
    if plan:
        write_plan(out, plan)
    return losses(out)


def rates(lost):
    return [(r.label, r.pai, r.failed, r.planned) for r in lost.rates]


def fisher(failed, planned, usual, of):
    """Two-sided exact test: all tables with the same sums that are no likelier than this one."""
    law = hypergeom(planned + of, failed + usual, planned)
    p = law.pmf(np.arange(planned + 1))
    return p[p <= law.pmf(failed) * (1 + 1e-7)].sum()


def test_nothing_failed_where_no_file_of_failures_is(tmp_path):
    lost = losses(tmp_path)
    assert (lost.total, lost.clips, lost.rates, lost.examples, dict(lost.table)) == (0, 0, [], [], {})


def test_a_plan_without_failures_has_rates_of_zero(tmp_path):
    write_plan(tmp_path, {BONAFIDE: range(4), PRINT: range(4, 7)})
    lost = losses(tmp_path)
    assert rates(lost) == [("bonafide", "none", 0, 4), ("attack", "print", 0, 3)]
    assert lost.rates[1].p == 1
    assert np.isnan(lost.rates[0].p)


def test_without_a_plan_the_class_is_unknown_and_there_are_no_rates(tmp_path):
    rows = [failure_row(1), failure_row(2), failure_row(3, "decode", "timeout")]
    lost = summary(tmp_path, rows)
    assert dict(lost.table) == {
        ("detect", "no_face", "unknown", "unknown"): 2,
        ("decode", "timeout", "unknown", "unknown"): 1,
    }
    assert (lost.rates, lost.total) == ([], 3)


def test_failures_are_counted_by_stage_reason_and_class(tmp_path):
    rows = [failure_row(n) for n in (0, 1, 2, 10)]
    rows += [failure_row(3, "detect", "face_too_small"), failure_row(11, "decode", "no_face")]
    lost = summary(tmp_path, rows, {BONAFIDE: range(10), PRINT: range(10, 20)})
    assert dict(lost.table) == {
        ("detect", "no_face", *BONAFIDE): 3,
        ("detect", "face_too_small", *BONAFIDE): 1,
        ("detect", "no_face", *PRINT): 1,
        ("decode", "no_face", *PRINT): 1,
    }
    assert rates(lost) == [("bonafide", "none", 4, 10), ("attack", "print", 2, 10)]


def test_files_and_row_groups_are_added_up(tmp_path):
    write_failure_file(tmp_path, [failure_row(4, "probe", "truncated"), failure_row(0)], "b")
    rows = [failure_row(n, reason) for n, reason in ((1, "encode"), (2, "align"), (3, "detect"))]
    lost = summary(tmp_path, rows, {PRINT: range(5)}, row_group_size=1)
    assert {loss.stage: n for loss, n in lost.table.items() if loss.pai == "print"} == {
        **{"probe": 1, "encode": 1, "align": 1},
        "detect": 2,
    }
    assert lost.total == 5
    assert [path for *_, path, _ in lost.examples] == [f"train/{n}.mp4" for n in (1, 2, 3, 4, 0)]


@pytest.mark.parametrize("frame", [0, 3])
def test_a_failed_frame_is_a_failed_clip_and_no_lost_source(tmp_path, frame):
    rows = [failure_row(1, frame_index=frame), failure_row(2)]
    lost = summary(tmp_path, rows, {PRINT: range(4)})
    assert (lost.clips, lost.total) == (1, 1)
    assert rates(lost) == [("attack", "print", 1, 4)]
    assert len(lost.examples) == 2


def test_a_source_of_no_plan_is_unknown_and_counts_in_no_rate(tmp_path):
    lost = summary(tmp_path, [failure_row(99), failure_row(1)], {BONAFIDE: range(3)})
    assert dict(lost.table) == {
        ("detect", "no_face", "unknown", "unknown"): 1,
        ("detect", "no_face", *BONAFIDE): 1,
    }
    assert rates(lost) == [("bonafide", "none", 1, 3)]


def test_sources_refused_at_discovery_are_in_the_table_and_in_no_rate(tmp_path):
    rows = [failure_row(1, "discover", "unreadable"), failure_row(2, "probe", "unreadable")]
    lost = summary(tmp_path, rows, {PRINT: range(4)})
    assert lost.total == 2
    assert rates(lost) == [("attack", "print", 1, 4)]


def test_rates_are_ordered_bona_fide_all_attacks_then_by_name(tmp_path):
    plan = {("attack", "replay"): [1, 2], PRINT: [3], MASK: [4, 5, 6], BONAFIDE: [7]}
    lost = summary(tmp_path, [failure_row(n) for n in (1, 4, 5)], plan)
    assert rates(lost) == [
        ("bonafide", "none", 0, 1),
        ("attack", "all", 3, 6),
        ("attack", "mask", 2, 3),
        ("attack", "print", 0, 1),
        ("attack", "replay", 1, 2),
    ]


def test_one_species_is_not_summed_up(tmp_path):
    lost = summary(tmp_path, [failure_row(1)], {PRINT: [1, 2], BONAFIDE: [3]})
    assert [r.pai for r in lost.rates] == ["none", "print"]


def test_without_bona_fide_sources_there_is_nothing_to_test_against(tmp_path):
    lost = summary(tmp_path, [failure_row(n) for n in range(9)], {PRINT: range(10), MASK: range(10, 20)})
    assert [r.pai for r in lost.rates] == ["all", "mask", "print"]
    assert all(np.isnan(r.p) for r in lost.rates)
    assert (lost.biased, lost.doubtful) == ([], [])


@pytest.mark.parametrize(
    ("failed", "planned", "usual", "of"),
    [(9, 10, 1, 10), (0, 6, 5, 9), (3, 30, 2, 20), (4, 4, 0, 4), (0, 3, 0, 3)],
)
def test_one_species_is_compared_by_fishers_exact_test(tmp_path, failed, planned, usual, of):
    plan = {BONAFIDE: range(of), PRINT: range(100, 100 + planned)}
    rows = [failure_row(n) for n in (*range(usual), *range(100, 100 + failed))]
    rate = summary(tmp_path, rows or [failure_row(999)], plan).rates[1]
    assert rate.p == pytest.approx(fisher(failed, planned, usual, of))


def test_three_comparisons_are_corrected_step_by_step(tmp_path):
    plan = {BONAFIDE: range(20), PRINT: range(100, 120), MASK: range(200, 210)}
    rows = [failure_row(n) for n in (0, *range(100, 112), *range(200, 202))]
    found = {r.pai: r.p for r in summary(tmp_path, rows, plan).rates}
    raw = {"print": fisher(12, 20, 1, 20), "mask": fisher(2, 10, 1, 20), "all": fisher(14, 30, 1, 20)}
    assert raw["print"] < raw["all"] < raw["mask"]
    assert found["print"] == pytest.approx(3 * raw["print"])
    assert found["all"] == pytest.approx(max(3 * raw["print"], 2 * raw["all"]))
    assert found["mask"] == pytest.approx(max(2 * raw["all"], raw["mask"]))


def test_a_corrected_p_is_at_most_one(tmp_path):
    plan = {BONAFIDE: range(3), PRINT: range(10, 13), MASK: range(20, 23)}
    assert [r.p for r in summary(tmp_path, [failure_row(0)], plan).rates[1:]] == [1, 1, 1]


def test_only_bona_fide_none_is_what_attacks_are_compared_with(tmp_path):
    plan = {BONAFIDE: range(8), ("bonafide", "makeup"): range(20, 28), PRINT: range(40, 48)}
    rows = [failure_row(n) for n in (*range(20, 28), *range(40, 48))]
    lost = summary(tmp_path, rows, plan)
    assert rates(lost)[:2] == [("bonafide", "makeup", 8, 8), ("bonafide", "none", 0, 8)]
    assert lost.rates[2].p == pytest.approx(fisher(8, 8, 0, 8))


def test_the_first_thousand_failures_are_listed_in_order(tmp_path):
    rows = [failure_row(n, detail=f"d{n}", frame_index=n % 2 or None) for n in range(EXAMPLES + 7)]
    lost = summary(tmp_path, rows, row_group_size=600)
    assert EXAMPLES == 1000
    assert [detail for *_, detail in lost.examples] == [f"d{n}" for n in range(1000)]
    assert lost.total + lost.clips == 1007


def test_an_example_is_split_stage_reason_path_and_detail(tmp_path):
    row = failure_row(1, "align", "internal", split="dev", source_path=None, detail="é\n")
    assert summary(tmp_path, [row]).examples == [("dev", "align", "internal", None, "é\n")]


def test_total_counts_sources_not_lines_of_the_table():
    lost = Losses(table=Counter({("detect", "no_face", *PRINT): 4, ("probe", "timeout", *PRINT): 2}))
    assert lost.total == 6


def test_a_plan_is_read_wherever_its_lines_are(tmp_path):
    write_plan(tmp_path, {BONAFIDE: [1], PRINT: [2, 3]})
    assert list(planned_sources(tmp_path)) == [
        (source_id(1), *BONAFIDE),
        (source_id(2), *PRINT),
        (source_id(3), *PRINT),
    ]


@pytest.mark.parametrize("missing", ["label", "pai", "source_id"])
def test_what_lacks_a_key_of_a_source_is_no_source(tmp_path, missing):
    write_plan(tmp_path, {PRINT: [1, 2]})
    path = tmp_path / ".specaug" / "plan.json"
    lines = path.read_text().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if line.startswith(f'"{missing}"'))
    path.write_text("".join(lines[:first] + lines[first + 1 :]))
    assert list(planned_sources(tmp_path)) == [(source_id(2), *PRINT)]


def test_a_difference_of_exactly_a_tenth_is_told():
    for usual, other in ((50, 40), (30, 20), (20, 30)):
        rates = [Rate("bonafide", "none", usual, 100, float("nan")), Rate("attack", "print", other, 100, 0.2)]
        assert Losses(rates=rates).doubtful == rates[1:]
