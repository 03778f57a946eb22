"""Arms compared: error rates, intervals and p-values against slow loops, verdicts, and the table."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from specaug.errors import ArgumentError
from specaug.metrics import subject_weights
from specaug.training import ARMS
from specaug.training.comparison import (
    CONFIDENCE,
    RESAMPLES,
    Ablation,
    ArmResult,
    Difference,
    Outcome,
    compare,
    subject_errors,
)


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


def test_rates_of_a_run_are_those_of_repeated_rows():
    run = made(3)
    units = np.repeat(np.arange(5), 4)
    weights = subject_weights(5, resamples=40, rng=np.random.default_rng(0))
    apcer, bpcer = run.rates(units, weights)
    for drawn, a, b in zip(weights, apcer, bpcer, strict=True):
        rows = [row for row, unit in enumerate(units) for _ in range(int(drawn[unit]))]
        assert (a + b) / 2 == pytest.approx(acer_of(run, rows))


def test_intervals_draw_subjects_and_seeds_alike_for_both_arms():
    """Subjects are drawn first, then seeds; a resample is the mean over the seeds drawn, of the subjects drawn."""
    runs = {"real": [made(1), made(2), made(3)], "mixed": [made(4, error=0.2), made(5), made(6)]}
    result = compare(runs, rng=8)
    rng = np.random.default_rng(8)
    subjects = subject_weights(5, resamples=RESAMPLES, rng=rng)
    seeds = subject_weights(3, resamples=RESAMPLES, rng=rng)
    found = {name: [] for name in runs}
    for drawn, times in zip(subjects, seeds, strict=True):
        rows = [row for row in range(20) for _ in range(int(drawn[row // 4]))]
        for name, of_seeds in runs.items():
            found[name].append(
                sum(t * acer_of(run, rows) for t, run in zip(times, of_seeds, strict=True)) / 3
            )
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    real, mixed = result.arms
    assert real.acer_interval == pytest.approx(tuple(np.quantile(found["real"], tails)))
    assert mixed.acer_interval == pytest.approx(tuple(np.quantile(found["mixed"], tails)))
    apart = np.subtract(found["mixed"], found["real"])
    assert mixed.differences[0].interval == pytest.approx(tuple(np.quantile(apart, tails)))


def test_figures_are_means_over_seeds():
    runs = [made(seed) for seed in range(3)]
    arm = compare({"real": runs}).arms[0]
    by_seed = [acer_of(run, range(20)) for run in runs]
    assert arm.acer_by_seed == pytest.approx(by_seed)
    assert arm.acer == pytest.approx(sum(by_seed) / 3)
    assert arm.bpcer == pytest.approx(np.mean([run.wrong[run.pai == "none"].mean() for run in runs]))
    worst = [max(run.wrong[run.pai == name].mean() for name in ("print", "replay")) for run in runs]
    assert arm.apcer == pytest.approx(np.mean(worst))
    assert arm.acer == pytest.approx((arm.apcer + arm.bpcer) / 2)


def test_p_is_that_of_sign_flips_over_subjects_on_errors_averaged_over_seeds():
    runs = {"real": [made(1), made(2)], "mixed": [made(3, error=0.1), made(4, error=0.1)]}

    def error(name, subject):
        rates = []
        for run in runs[name]:
            bonafide, attacks = (
                run.wrong[4 * subject : 4 * subject + 2],
                run.wrong[4 * subject + 2 : 4 * subject + 4],
            )
            rates.append((bonafide.mean() + attacks.mean()) / 2)
        return sum(rates) / len(rates)

    apart = [error("mixed", subject) - error("real", subject) for subject in range(5)]
    flips = list(itertools.product((-1, 1), repeat=5))
    as_far = sum(abs(np.dot(signs, apart)) >= abs(sum(apart)) - 1e-12 for signs in flips)
    difference = compare(runs).arms[1].differences[0]
    assert difference.p == as_far / len(flips)
    assert difference.acer == pytest.approx(
        np.mean([acer_of(run, range(20)) for run in runs["mixed"]])
        - np.mean([acer_of(run, range(20)) for run in runs["real"]])
    )


def test_p_values_are_corrected_among_the_arms_compared_with_the_same_one():
    runs = {
        name: [made(seed, error=e)]
        for seed, (name, e) in enumerate([("real", 0.6), ("control", 0.5), ("mixed", 0.1), ("profile", 0.3)])
    }
    result = compare(runs)
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
    ("subjects", "of_arm", "of_difference"), [(1, (0, 1), (-1, 1)), (2, (0, 0), (0, 0)), (3, (0, 0), (0, 0))]
)
def test_of_one_subject_nothing_is_known_and_of_two_what_resamples_say(subjects, of_arm, of_difference):
    runs = [made(0, subjects=subjects, error=0)]
    real, mixed = compare({"real": runs, "mixed": runs}).arms
    assert real.acer_interval == of_arm
    assert mixed.differences[0].interval == of_difference


def test_arms_without_baseline_and_control_are_compared_with_nothing():
    result = compare({"mixed": [made(1)], "profile": [made(2)]})
    assert [arm.differences for arm in result.arms] == [(), ()]
    assert result.rows()[0] == ("arm", "ACER %", "95 % interval", "APCER %", "BPCER %")


@pytest.mark.parametrize(
    ("acer", "p_holm", "verdict"),
    [
        (-0.1, 0.0499, "better"),
        (0.1, 0.0499, "worse"),
        (-0.1, 0.05, "no difference shown"),
        (0.1, 0.05, "no difference shown"),
        (-0.5, 1.0, "no difference shown"),
        (-0.1, 0.0, "better"),
    ],
)
def test_a_difference_is_shown_below_five_percent_after_correction(acer, p_holm, verdict):
    assert Difference("real", acer, (-1.0, 1.0), p=0.0, p_holm=p_holm).verdict == verdict


class TestSubjectErrors:
    def test_a_subject_with_one_class_alone_is_judged_by_it(self):
        pai = np.array(["none", "none", "print", "replay", "replay"])
        run = Outcome(np.array([True, False, True, True, False]), pai, np.array(list("aabbc")))
        assert subject_errors(run, np.array([0, 0, 1, 1, 2]), 3).tolist() == [0.5, 1.0, 0.0]

    @pytest.mark.parametrize("word", ["none", "", "bonafide", "live"])
    def test_bona_fide_rows_are_known_by_any_word_for_none(self, word):
        run = Outcome(
            np.array([True, False, False, False]),
            np.array([word, "print", "print", "print"]),
            np.array(list("aaaa")),
        )
        assert subject_errors(run, np.zeros(4, int), 1).tolist() == [0.5]
        apcer, bpcer = run.rates(np.zeros(4, int), np.ones((1, 1)))
        assert (apcer.tolist(), bpcer.tolist()) == ([0.0], [1.0])


class TestRefusals:
    def test_arms_have_as_many_seeds(self):
        with pytest.raises(
            ArgumentError, match=r"^outcomes: expected 2 seeds on the same .* others for mixed$"
        ):
            compare({"real": [made(1), made(2)], "mixed": [made(3)]})

    def test_every_seed_judged_the_same_presentations(self):
        with pytest.raises(
            ArgumentError, match=r"^outcomes: expected 2 seeds on the same .* others for real$"
        ):
            compare({"real": [made(1), made(2, subjects=4)]})


def test_the_same_seed_gives_the_same_comparison():
    runs = {
        name: [made(seed + k, subjects=23) for k in range(3)] for seed, name in enumerate(("real", "mixed"))
    }
    assert compare(runs) == compare(runs, rng=0) == compare(runs, rng=np.random.default_rng(0))
    other = compare(runs, rng=1).arms[0]
    assert other.acer_interval != compare(runs).arms[0].acer_interval
    assert other.acer == compare(runs).arms[0].acer


class TestTable:
    DIFFERENCE = Difference("real", -0.0333, (-0.0661, 0.001), p=0.004, p_holm=0.012)
    REAL = ArmResult("real", "as it is", 0.25, (0.2, 0.305), 0.3, 0.2, (0.25,), ())
    MIXED = ArmResult("mixed", "made", 0.2167, (0.1, 0.3), 0.2334, 0.2, (0.2167,), (DIFFERENCE,))

    def test_cells_are_points_and_differences_carry_their_sign(self):
        header, real, mixed = Ablation((self.REAL, self.MIXED), subjects=20, seeds=1).rows()
        assert header == ("arm", "ACER %", "95 % interval", "APCER %", "BPCER %", "minus real")
        assert real == ("real", "25.0", "20.0 to 30.5", "30.0", "20.0", "")
        assert mixed[-1] == "-3.3 (-6.6 to +0.1), p 0.012: better"

    def test_markdown_has_a_row_for_each_arm_and_says_what_they_are(self):
        lines = Ablation((self.REAL, self.MIXED), subjects=20, seeds=1).to_markdown().splitlines()
        assert lines[1] == "| --- | --- | --- | --- | --- | --- |"
        assert lines[2] == "| real | 25.0 | 20.0 to 30.5 | 30.0 | 20.0 |  |"
        assert lines[-2:] == ["- `real`: as it is", "- `mixed`: made"]

    def test_columns_are_aligned_in_a_terminal(self):
        lines = str(Ablation((self.REAL, self.MIXED), subjects=20, seeds=1)).splitlines()
        assert [line.index(word) for line, word in zip(lines, ("ACER", "25.0", "21.7"), strict=False)] == [
            7
        ] * 3
        assert lines[1] == "real   25.0    20.0 to 30.5   30.0     20.0"

    @pytest.mark.parametrize(
        ("subjects", "few"), [(1, "1"), (5, "0.062"), (14, "0.00012"), (15, None), (100, None)]
    )
    def test_few_subjects_have_a_least_p(self, subjects, few):
        legend = Ablation((self.REAL,), subjects=subjects, seeds=3).legend()
        assert legend.startswith(f"Mean of 3 seeds on {subjects} test subjects; APCER of the worst species")
        assert (f"no p below {few} is possible." in legend) if few else ("possible" not in legend)

    def test_values_say_how_they_were_resampled(self):
        values = Ablation((self.REAL,), subjects=20, seeds=1).to_dict()
        assert (values["resamples"], values["confidence"]) == (2000, 0.95)
        assert values["arms"][0]["name"] == "real"

    def test_arms_are_described_by_their_entry_where_they_have_one(self):
        result = compare({"real": [made(1)], "mine": [made(2)]})
        assert [arm.description for arm in result.arms] == [ARMS["real"].description, ""]
