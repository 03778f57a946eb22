"""Arms compared: error rates, differences of the metrics, verdicts corrected, and the table."""

from __future__ import annotations

import numpy as np
import pytest

from specaug import metrics
from specaug.errors import ArgumentError
from specaug.training import ARMS
from specaug.training.comparison import Ablation, ArmResult, Difference, Outcome, compare_arms


def made(seed, *, subjects=5, error=0.4):
    """Of each subject two bona fide rows, a print and a replay; each wrong by chance."""
    pai = np.tile(["none", "none", "print", "replay"], subjects)
    wrong = np.random.default_rng(seed).random(len(pai)) < error
    return Outcome(wrong, pai, np.repeat([f"s{i:02d}" for i in range(subjects)], 4))


def acer_of(run, rows):
    """Of some rows, by counting."""
    rates = {}
    for name in ("none", "print", "replay"):
        own = [row for row in rows if run.pai[row] == name]
        rates[name] = sum(bool(run.wrong[row]) for row in own) / len(own)
    return (max(rates["print"], rates["replay"]) + rates["none"]) / 2


def test_figures_are_means_over_seeds():
    runs = [made(seed) for seed in range(3)]
    arm = compare_arms({"real": runs}).arms[0]
    by_seed = [acer_of(run, range(20)) for run in runs]
    assert arm.acer_by_seed == pytest.approx(by_seed)
    assert arm.acer == pytest.approx(sum(by_seed) / 3)
    assert arm.bpcer == pytest.approx(np.mean([run.wrong[run.pai == "none"].mean() for run in runs]))
    worst = [max(run.wrong[run.pai == name].mean() for name in ("print", "replay")) for run in runs]
    assert arm.apcer == pytest.approx(np.mean(worst))
    assert arm.acer == pytest.approx((arm.apcer + arm.bpcer) / 2)


def runs_of(name, runs):
    """As the metrics take them: a score on the wrong side of 0.5 for each error."""
    labels = (runs[0].pai != "none").astype(int)
    return [
        {
            "scores": np.where(run.wrong, 1 - labels, labels).astype(float),
            "labels": labels,
            "pai": run.pai,
            "subject": run.subject,
            "threshold": 0.5,
        }
        for run in runs
    ]


def test_a_difference_is_that_of_the_metrics():
    runs = {
        "real": [made(k, subjects=9) for k in (1, 2, 3)],
        "mixed": [made(k, subjects=9, error=0.1) for k in (4, 5, 6)],
    }
    difference = compare_arms(runs).arms[1].differences[0]
    found = metrics.compare(*(runs_of(name, runs[name]) for name in ("real", "mixed")))
    assert (difference.acer, difference.p, difference.interval) == (found.difference, found.p, found.interval)
    assert (difference.p_holm, difference.verdict) == (found.p, found.verdict)
    assert difference.detectable == found.detectable()


def test_p_values_are_corrected_among_the_arms_compared_with_the_same_one():
    runs = {
        name: [made(seed, error=e)]
        for seed, (name, e) in enumerate([("real", 0.6), ("control", 0.5), ("mixed", 0.1), ("profile", 0.3)])
    }
    result = compare_arms(runs)
    compared = {arm.name: {d.to: d for d in arm.differences} for arm in result.arms}
    assert {name: set(found) for name, found in compared.items()} == {
        "real": {"control"},
        "control": {"real"},
        "mixed": {"real", "control"},
        "profile": {"real", "control"},
    }
    for other in ("real", "control"):
        ranked = sorted(
            (found[other].p, found[other].p_holm) for found in compared.values() if other in found
        )
        assert ranked[0][1] == pytest.approx(min(1, 3 * ranked[0][0]))
        assert ranked[1][1] == pytest.approx(max(ranked[0][1], min(1, 2 * ranked[1][0])))
    assert compared["real"]["control"].acer == -compared["control"]["real"].acer
    assert compared["real"]["control"].p == compared["control"]["real"].p


@pytest.mark.parametrize(
    ("subjects", "seeds", "reason"),
    [(1, 3, "1 subjects with "), (3, 3, "3 subjects with "), (20, 1, "1 seed of training: ")],
)
def test_where_the_design_cannot_tell_there_is_no_verdict(subjects, seeds, reason):
    runs = [made(0, subjects=subjects, error=0.5)] * seeds
    right = [made(0, subjects=subjects, error=0)] * seeds
    result = compare_arms({"real": runs, "mixed": right})
    (difference,) = result.arms[1].differences
    assert (difference.verdict, difference.interval, difference.p_holm) == ("cannot tell", (-1, 1), 1)
    assert difference.reason.startswith(reason)
    assert result.rows()[2][-1].endswith(": cannot tell")
    assert reason in result.legend()


def test_an_arm_without_errors_is_not_known_to_have_none():
    for subjects, high in ((1, 1), (3, 1), (20, 3 / 20)):
        (arm,) = compare_arms({"real": [made(0, subjects=subjects, error=0)] * 3}).arms
        assert arm.acer_interval == (0, pytest.approx(high))


def test_the_interval_of_an_arm_knows_the_luck_of_runs():
    """Runs that scatter make it wider than runs that are alike, the mean being the same."""
    pai, subject = made(0, subjects=20).pai, made(0, subjects=20).subject

    def wrong(n):
        attacks = np.flatnonzero(pai != "none")
        return Outcome(np.isin(np.arange(len(pai)), attacks[:n]), pai, subject)

    alike = compare_arms({"real": [wrong(20)] * 3}).arms[0]
    apart = compare_arms({"real": [wrong(8), wrong(20), wrong(32)]}).arms[0]
    assert alike.acer == pytest.approx(apart.acer)
    widths = [high - low for low, high in (alike.acer_interval, apart.acer_interval)]
    assert widths[1] > 1.3 * widths[0]


@pytest.mark.parametrize("seed", range(8))
def test_interval_and_verdict_agree_after_correction(seed):
    errors = {"real": 0.5, "control": 0.4, "mixed": 0.12, "profile": 0.25, "traces": 0.05}
    runs = {
        name: [made(100 * seed + 10 * i + k, subjects=8, error=error) for k in range(3)]
        for i, (name, error) in enumerate(errors.items())
    }
    verdicts = set()
    for arm in compare_arms(runs).arms:
        for difference in arm.differences:
            low, high = difference.interval
            shown = difference.verdict in ("better", "worse")
            assert shown == (difference.p_holm < 0.05) == (not low <= 0 <= high)
            if shown:
                assert (difference.verdict == "better") == (difference.acer < 0)
            verdicts.add(difference.verdict)
    assert verdicts <= {"better", "worse", "no difference shown"}


def test_rows_with_one_name_are_one_subject():
    one = made(1, subjects=20)
    run = Outcome(one.wrong, one.pai, np.array([f"s{i % 7}" for i in range(80)]))
    assert compare_arms({"real": [run, run]}).subjects == 7


def test_arms_without_baseline_and_control_are_compared_with_nothing():
    result = compare_arms({"mixed": [made(1)], "profile": [made(2)]})
    assert [arm.differences for arm in result.arms] == [(), ()]
    assert result.rows()[0] == ("arm", "ACER %", "95 % interval", "APCER %", "BPCER %")


class TestRefusals:
    def test_arms_have_as_many_seeds(self):
        with pytest.raises(
            ArgumentError, match=r"^outcomes: expected 2 seeds on the same .* others for mixed$"
        ):
            compare_arms({"real": [made(1), made(2)], "mixed": [made(3)]})

    def test_every_seed_judged_the_same_presentations(self):
        with pytest.raises(
            ArgumentError, match=r"^outcomes: expected 2 seeds on the same .* others for real$"
        ):
            compare_arms({"real": [made(1), made(2, subjects=4)]})


def test_nothing_is_drawn_at_random():
    runs = {
        name: [made(seed + k, subjects=23) for k in range(3)] for seed, name in enumerate(("real", "mixed"))
    }
    assert compare_arms(runs) == compare_arms(runs)


class TestTable:
    DIFFERENCE = Difference(
        "real",
        -0.0333,
        (-0.0661, -0.001),
        p=0.004,
        p_holm=0.012,
        verdict="better",
        reason="",
        detectable=0.05,
    )
    REAL = ArmResult("real", "as it is", 0.25, (0.2, 0.305), 0.3, 0.2, (0.25,), ())
    MIXED = ArmResult("mixed", "made", 0.2167, (0.1, 0.3), 0.2334, 0.2, (0.2167,), (DIFFERENCE,))

    def test_cells_are_points_and_differences_carry_their_sign(self):
        header, real, mixed = Ablation((self.REAL, self.MIXED), subjects=20, seeds=1, power="POWER.").rows()
        assert header == ("arm", "ACER %", "95 % interval", "APCER %", "BPCER %", "minus real")
        assert real == ("real", "25.0", "20.0 to 30.5", "30.0", "20.0", "")
        assert mixed[-1] == "-3.3 (-6.6 to -0.1), p 0.012: better"

    def test_markdown_has_a_row_for_each_arm_and_says_what_they_are(self):
        lines = (
            Ablation((self.REAL, self.MIXED), subjects=20, seeds=1, power="POWER.").to_markdown().splitlines()
        )
        assert lines[1] == "| --- | --- | --- | --- | --- | --- |"
        assert lines[2] == "| real | 25.0 | 20.0 to 30.5 | 30.0 | 20.0 |  |"
        assert lines[-2:] == ["- `real`: as it is", "- `mixed`: made"]

    def test_columns_are_aligned_in_a_terminal(self):
        lines = str(Ablation((self.REAL, self.MIXED), subjects=20, seeds=1, power="POWER.")).splitlines()
        assert [line.index(word) for line, word in zip(lines, ("ACER", "25.0", "21.7"), strict=False)] == [
            7
        ] * 3
        assert lines[1] == "real   25.0    20.0 to 30.5   30.0     20.0"

    def test_the_legend_says_what_the_design_can_show_where_arms_are_compared(self):
        compared = Ablation((self.REAL, self.MIXED), subjects=20, seeds=3, power="POWER.").legend()
        assert compared.startswith("Mean of 3 seeds on 20 test subjects; APCER of the worst species")
        assert compared.endswith("corrected by Holm's method. POWER.")
        assert "POWER" not in Ablation((self.REAL,), subjects=20, seeds=3, power="POWER.").legend()

    def test_values_say_at_which_levels(self):
        values = Ablation((self.REAL,), subjects=20, seeds=1, power="POWER.").to_dict()
        assert (values["significance"], values["confidence"]) == (0.05, 0.95)
        assert values["arms"][0]["name"] == "real"

    def test_arms_are_described_by_their_entry_where_they_have_one(self):
        result = compare_arms({"real": [made(1)], "mine": [made(2)]})
        assert [arm.description for arm in result.arms] == [ARMS["real"].description, ""]
