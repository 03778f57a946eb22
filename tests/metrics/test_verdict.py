"""Verdicts: of one figure, in agreement with its interval and p, and none where the design cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug import metrics
from specaug.errors import ArgumentError
from specaug.metrics import Comparison, compare

PAI = ["none", "none", "print", "replay"]


def run_of(prints, replays, *, subjects=20, bonafide=0):
    """A run that accepts prints of the first subjects and replays of the last, and rejects some bona fide rows."""
    pai = np.tile(PAI, subjects)
    labels = (pai != "none").astype(int)
    scores = labels.astype(float)
    scores[2::4][:prints] = 0
    scores[3::4][subjects - replays :] = 0
    scores[0::4][:bonafide] = 1
    subject = np.repeat([f"s{i:03d}" for i in range(subjects)], 4)
    return {"scores": scores, "labels": labels, "pai": pai, "subject": subject, "threshold": 0.5}


def drawn(rng, *, subjects, seeds, noise=0.0, shift=2.0, hard=None):
    """Runs of one arm: scores with subjects and runs of their own."""
    pai = np.tile(PAI, subjects)
    labels = (pai != "none").astype(int)
    subject = np.repeat(np.arange(subjects), 4)
    hard = np.zeros(len(pai)) if hard is None else hard
    return [
        {
            "scores": rng.normal(size=len(pai)) + hard + labels * (shift + noise * rng.normal()),
            "labels": labels,
            "pai": pai,
            "subject": subject.astype(str),
            "threshold": 1.0,
        }
        for _ in range(seeds)
    ]


def test_a_lower_worst_species_that_hides_more_errors_is_not_better():
    """Ten prints of 20 pass and no replay, against 9 and 9: ACER falls by 2.5 points, pooled errors rise by 10."""
    found = compare([run_of(10, 0)] * 3, [run_of(9, 9)] * 3)
    assert found.difference == pytest.approx(-0.025)
    assert found.acer == pytest.approx((0.25, 0.225))
    assert found.verdict == "no difference shown"
    assert found.p > 0.2
    assert found.interval[0] < -0.025 < 0 < found.interval[1]


def test_the_difference_is_that_of_the_function_acer():
    rng = np.random.default_rng(0)
    a, b = drawn(rng, subjects=8, seeds=3), drawn(rng, subjects=8, seeds=4, shift=1.0)

    def mean(runs):
        arrays = [(r["scores"], r["labels"]) for r in runs]
        return np.mean([metrics.acer(*x, threshold=1.0, pai=runs[0]["pai"]) for x in arrays])

    found = compare(a, b)
    assert found.difference == pytest.approx(mean(b) - mean(a))
    assert [len(runs) for runs in found.by_seed] == [3, 4]
    assert compare(b, a).difference == pytest.approx(-found.difference)
    assert compare(b, a).p == pytest.approx(found.p)


def test_a_clear_difference_is_shown_with_its_sign():
    bad, good = [run_of(15, 12)] * 3, [run_of(1, 0)] * 3
    assert compare(bad, good).verdict == "better"
    assert compare(good, bad).verdict == "worse"
    assert compare(bad, good).interval[1] < 0 < compare(good, bad).interval[0]


def test_the_luck_of_runs_hides_a_difference_that_runs_alike_would_show():
    """The same mean difference, once the same in all runs and once from two lucky ones."""
    rest = [run_of(10, 10)] * 3
    alike, lucky = [run_of(4, 4)] * 3, [run_of(0, 0), run_of(0, 0), run_of(12, 12)]
    assert compare(rest, alike).difference == pytest.approx(compare(rest, lucky).difference)
    assert compare(rest, alike).verdict == "better"
    assert compare(rest, lucky).verdict == "no difference shown"


def test_identical_arms_differ_by_nothing_with_room_for_what_was_not_seen():
    found = compare([run_of(5, 3)] * 3, [run_of(5, 3)] * 3)
    assert (found.difference, found.p, found.verdict) == (0, 1, "no difference shown")
    assert found.interval[0] == -found.interval[1]
    assert 0.1 < found.interval[1] < 0.2


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_arms_that_are_the_same_way_are_called_different_in_no_more_than_one_of_twenty(noise):
    """400 pairs: 5 % and three standard errors are 8.3 %; the benchmark counts thousands."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(400):
        hard = np.repeat(rng.normal(size=12), 4)
        a, b = (drawn(rng, subjects=12, seeds=3, noise=noise, hard=hard) for _ in range(2))
        wrong += compare(a, b).verdict in ("better", "worse")
    assert wrong / 400 < 0.083


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**6),
    st.sampled_from([6, 7, 12]),
    st.integers(2, 4),
    st.floats(0, 2),
    st.sampled_from([0.3, 0.05, 0.02]),
)
def test_sign_interval_p_and_verdict_agree(seed, subjects, seeds, better, alpha):
    rng = np.random.default_rng(seed)
    a = drawn(rng, subjects=subjects, seeds=seeds, noise=0.3)
    b = drawn(rng, subjects=subjects, seeds=seeds, noise=0.3, shift=2.0 + better)
    check_agreement(compare(a, b, alpha=alpha))
    # at the very p, 0 is not outside
    found = compare(a, b)
    if 0 < found.p < 1:
        check_agreement(found.at_alpha(found.p))
        check_agreement(found.at_alpha(np.nextafter(found.p, 1)))


def check_agreement(found: Comparison) -> None:
    low, high = found.interval
    assert low <= found.difference <= high
    if found.verdict == "cannot tell":
        assert (found.interval, found.p) == ((-1, 1), 1)
        return
    shown = found.verdict in ("better", "worse")
    assert shown == (found.p < found.alpha) == (not low <= 0 <= high)
    if shown:
        assert found.verdict == ("better" if found.difference < 0 else "worse")


class TestCannotTell:
    def test_three_subjects(self):
        found = compare([run_of(3, 3, subjects=3)] * 5, [run_of(0, 0, subjects=3)] * 5)
        assert found.verdict == "cannot tell"
        assert found.difference == -0.5
        assert (
            found.reason == "3 subjects with bona fide presentations: at least 6 are needed for p below 0.05"
        )
        check_agreement(found)
        assert str(found).endswith(f"cannot tell ({found.reason})")

    @pytest.mark.parametrize(("alpha", "least"), [(0.05, 6), (0.0625, 6), (0.07, 5), (0.01, 8)])
    def test_as_many_subjects_as_a_sign_test_needs(self, alpha, least):
        """All of n subjects lean to one side by chance in 2^(1 - n) of cases."""
        for n in (least - 1, least):
            found = compare([run_of(n, n, subjects=n)] * 3, [run_of(0, 0, subjects=n)] * 3, alpha=alpha)
            assert (found.verdict == "cannot tell") == (n < least)

    def test_a_species_of_few_subjects(self):
        runs = [run_of(3, 1)] * 3
        runs = [
            {**r, "pai": np.where((r["pai"] == "replay") & (np.arange(80) > 15), "print", r["pai"])}
            for r in runs
        ]
        assert "4 subjects with replay presentations" in compare(runs, runs).reason

    def test_rows_of_one_subject_are_not_many_subjects(self):
        one = run_of(8, 8, subjects=40)
        few = {**one, "subject": np.repeat(["a", "b", "c", "d"], 40)}
        assert compare([one] * 3, [one] * 3).verdict == "no difference shown"
        assert compare([few] * 3, [few] * 3).verdict == "cannot tell"

    @pytest.mark.parametrize("seeds", [(1, 3), (3, 1), (1, 1)])
    def test_one_seed(self, seeds):
        found = compare([run_of(10, 5)] * seeds[0], [run_of(0, 0)] * seeds[1])
        assert found.verdict == "cannot tell"
        assert found.reason.startswith("1 seed of training: ")
        assert found.at_alpha(0.5).verdict == "cannot tell"
        assert found.detectable() is None
        assert found.power_line() == f"Cannot tell: {found.reason}."


def test_degrees_of_freedom_are_those_of_the_class_with_the_fewest_subjects():
    """Of 40 subjects 8 have a replay."""
    rng = np.random.default_rng(3)
    kept = (np.arange(160) % 4 != 3) | (np.arange(160) < 32)
    a, b = (
        [
            {name: value if name == "threshold" else value[kept] for name, value in run.items()}
            for run in drawn(rng, subjects=40, seeds=3)
        ]
        for _ in range(2)
    )
    found = compare(a, b)
    assert found.subjects == 40
    assert found.variance is not None
    assert found.variance.subjects == 8


class TestPower:
    def test_what_is_detectable_is_shown_four_times_of_five(self):
        """Of draws about that difference with the variance that was found."""
        rng = np.random.default_rng(1)
        found = compare(
            drawn(rng, subjects=24, seeds=5, noise=0.3), drawn(rng, subjects=24, seeds=5, noise=0.3)
        )
        least = found.detectable()
        assert least is not None
        assert found.variance is not None
        (variance, freedom), _ = found.variance.errors()
        estimates = least + variance**0.5 * rng.normal(size=20_000)
        spread = (variance * rng.chisquare(freedom, 20_000) / freedom) ** 0.5
        half = found.variance.half_width(0.05) / variance**0.5
        assert np.mean(estimates > half * spread) == pytest.approx(0.8, abs=0.03)

    def test_more_subjects_and_seeds_show_less(self):
        rng = np.random.default_rng(2)
        found = compare(
            drawn(rng, subjects=12, seeds=3, noise=0.3), drawn(rng, subjects=12, seeds=3, noise=0.3)
        )
        assert found.detectable(subjects=12, seeds=3) == pytest.approx(found.detectable(), rel=0.15)
        assert found.detectable(subjects=48, seeds=6) < found.detectable(seeds=6) < found.detectable()

    def test_the_line_names_designs_that_show_it(self):
        rng = np.random.default_rng(2)
        found = compare(
            drawn(rng, subjects=12, seeds=3, noise=0.3), drawn(rng, subjects=12, seeds=3, noise=0.3)
        )
        line = found.power_line(0.1)
        assert line.startswith("12 subjects with 3 and 3 seeds show a difference of ")
        words = line.split("10 points need about ")[1].split()
        assert found.detectable(subjects=int(words[0]), seeds=int(words[3])) <= 0.1
        assert "need" not in found.power_line(0.9)


class TestRows:
    def test_without_subjects_rows_are_independent_and_without_species_attacks_are_one(self):
        runs = [{k: v for k, v in run_of(4, 2).items() if k not in ("subject", "pai")}] * 2
        found = compare(runs, runs)
        assert found.subjects == 80
        assert found.acer[0] == pytest.approx(6 / 40 / 2)

    def test_a_score_at_the_threshold_is_called_an_attack(self):
        run = run_of(0, 0)
        assert compare([{**run, "threshold": 1.0}] * 2, [{**run, "threshold": 0.0}] * 2).acer == (0, 0.5)

    def test_rows_without_a_face_do_not_count(self):
        run = run_of(4, 2)
        acquired = np.arange(80) % 7 != 0
        kept = {k: v[acquired] for k, v in run.items() if k != "threshold"}
        with_failures = [{**run, "acquired": acquired}] * 2
        assert (
            compare(with_failures, with_failures).acer
            == compare([{**kept, "threshold": 0.5}] * 2, [{**kept, "threshold": 0.5}] * 2).acer
        )

    @pytest.mark.parametrize("seed", [0, 1])
    def test_nothing_is_drawn_at_random(self, seed):
        a, b = [run_of(4, 2)] * 2, [run_of(6, 2)] * 2
        assert compare(a, b, seed=seed) == compare(a, b)


class TestRefusals:
    @pytest.mark.parametrize(("a", "b"), [([], [run_of(1, 1)]), ([run_of(1, 1)], [])])
    def test_no_runs(self, a, b):
        with pytest.raises(
            ArgumentError, match=rf"^a, b: expected a run for each seed, got {len(a)} and {len(b)}$"
        ):
            compare(a, b)

    @pytest.mark.parametrize("alpha", [0, 1, "5 %"])
    def test_an_error_rate_that_is_none(self, alpha):
        with pytest.raises(ArgumentError, match=r"^alpha: expected a number between 0 and 1, got "):
            compare([run_of(1, 1)], [run_of(1, 1)], alpha=alpha)

    @pytest.mark.parametrize("field", ["labels", "pai", "subject"])
    def test_runs_of_other_rows(self, field):
        run = run_of(1, 1)
        other = {**run, field: np.roll(run[field], 4 if field == "subject" else 1)}
        if field == "labels":
            other["pai"] = np.roll(run["pai"], 1)
        if field == "pai":
            other = {**run, "pai": np.where(run["pai"] == "print", "replay", run["pai"])}
        with pytest.raises(
            ArgumentError, match=rf"^b\[1\]: expected the same test rows in every run, got {field} other"
        ):
            compare([run, run], [run, other])

    def test_a_run_without_a_threshold(self):
        run = run_of(1, 1)
        with pytest.raises(
            ArgumentError, match=r"^a\[1\]: expected a threshold from the dev set of that run"
        ):
            compare([run, {**run, "threshold": None}], [run])
        with pytest.raises(ArgumentError, match=r"^b\[0\]: threshold: expected a number, got nan"):
            compare([run], [{**run, "threshold": float("nan")}])

    def test_scores_that_are_no_numbers(self):
        run = run_of(1, 1)
        with pytest.raises(ArgumentError, match=r"^b\[0\]: scores: expected finite numbers"):
            compare([run], [{**run, "scores": run["scores"] * np.nan}])
