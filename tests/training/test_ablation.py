"""Comparisons: exact tests, pairing, null results; and an ablation from end to end."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from specaug.errors import ArgumentError
from specaug.metrics.paired import holm, sign_flip_test
from specaug.training import TrainConfig, ablate
from specaug.training.arms import ARM_SETS, ARMS, BASELINE
from specaug.training.comparison import Outcome, compare, subject_errors
from specaug.training.scoring import training_clips
from specaug.training.train_run import Fit

PAI = np.tile(["none", "none", "print", "replay"], 16)
SUBJECT = np.repeat([f"s{i:02d}" for i in range(16)], 4)


def outcome(wrong):
    return Outcome(np.asarray(wrong, dtype=bool), PAI, SUBJECT)


class TestSignFlip:
    def test_it_counts_all_patterns(self, rng):
        values = rng.normal(0.5, 1, 8)
        patterns = list(itertools.product((-1, 1), repeat=8))
        as_far = sum(abs(np.dot(signs, values)) >= abs(values.sum()) - 1e-9 for signs in patterns)
        assert sign_flip_test(values) == as_far / len(patterns)

    def test_no_difference_at_all_has_p_one(self):
        assert sign_flip_test(np.zeros(5)) == 1
        assert sign_flip_test(np.zeros(50)) == 1

    def test_random_patterns_agree_with_all_of_them(self, rng, monkeypatch):
        values = rng.normal(0.4, 1, 12)
        exact = sign_flip_test(values)
        monkeypatch.setattr("specaug.metrics.paired.EXACT", 5)
        assert sign_flip_test(values) == pytest.approx(exact, abs=0.02)

    def test_it_is_uniform_where_nothing_differs(self, rng):
        p = [sign_flip_test(rng.normal(0, 1, 10)) for _ in range(400)]
        assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.05)

    @pytest.mark.parametrize("values", [[], [np.nan, 1.0]])
    def test_nothing_to_test(self, values):
        with pytest.raises(ArgumentError, match="differences: expected a row of finite numbers"):
            sign_flip_test(values)


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.5]) == pytest.approx([0.03, 0.04, 0.5])
    assert holm([0.4, 0.4]) == [0.8, 0.8]
    assert holm([0.9, 0.9]) == [1.0, 1.0]


class TestCompare:
    def test_equal_arms_differ_by_nothing(self, rng):
        runs = [outcome(rng.uniform(size=64) < 0.3) for _ in range(3)]
        result = compare({"real": runs, "bandpass": runs})
        (difference,) = result.arms[1].differences
        assert (difference.acer, difference.interval, difference.p) == (0.0, (0.0, 0.0), 1.0)
        assert difference.verdict == "no difference shown"

    def test_figures_are_those_of_the_definitions(self, rng):
        runs = [outcome(rng.uniform(size=64) < 0.3) for _ in range(2)]
        arm = compare({"real": runs}).arms[0]
        by_hand = []
        for run in runs:
            apcer = max(run.wrong[name == PAI].mean() for name in ("print", "replay"))
            by_hand.append((apcer + run.wrong[PAI == "none"].mean()) / 2)
        assert arm.acer_by_seed == pytest.approx(by_hand)
        assert arm.acer == pytest.approx(np.mean(by_hand))
        assert arm.acer_interval[0] <= arm.acer <= arm.acer_interval[1]

    def test_a_clear_difference_is_shown_with_its_sign(self, rng):
        bad = [outcome(rng.uniform(size=64) < 0.5) for _ in range(3)]
        good = [outcome(rng.uniform(size=64) < 0.05) for _ in range(3)]
        result = compare({"real": bad, "control": good, "mixed": bad})
        by_name = {arm.name: {d.to: d for d in arm.differences} for arm in result.arms}
        assert by_name["control"]["real"].verdict == "better"
        assert by_name["real"]["control"].verdict == "worse"
        assert by_name["mixed"]["real"].verdict == "no difference shown"
        assert by_name["control"]["real"].interval[1] < 0

    def test_pairing_takes_out_what_subjects_share(self, rng):
        hard = np.repeat(rng.uniform(0, 0.9, 16), 4)
        first = rng.uniform(size=64) < hard
        worse = first | (rng.uniform(size=64) < 0.1)
        result = compare({"real": [outcome(first)], "mixed": [outcome(worse)]})
        alone = [high - low for low, high in (arm.acer_interval for arm in result.arms)]
        low, high = result.arms[1].differences[0].interval
        assert high - low < 0.7 * min(alone)

    def test_errors_of_a_subject_weigh_both_classes_alike(self):
        run = outcome([True, False, True, True, *[False] * 60])
        errors = subject_errors(run, np.repeat(np.arange(16), 4), 16)
        assert errors[0] == (0.5 + 1.0) / 2
        assert not errors[1:].any()

    def test_other_presentations_are_refused(self):
        other = Outcome(np.zeros(64, bool), PAI, SUBJECT[::-1])
        with pytest.raises(
            ArgumentError, match="outcomes: expected 1 seeds on the same presentations, got others"
        ):
            compare({"real": [outcome(np.zeros(64))], "mixed": [other]})

    def test_one_subject_says_nothing(self):
        one = Outcome(np.zeros(4, bool), PAI[:4], SUBJECT[:4])
        result = compare({"real": [one], "mixed": [one]})
        assert result.arms[0].acer_interval == (0.0, 1.0)
        assert result.arms[1].differences[0].interval == (-1.0, 1.0)

    def test_the_table_says_how_small_a_p_can_be(self):
        few = Outcome(np.zeros(8, bool), PAI[:8], SUBJECT[:8])
        text = compare({"real": [few], "mixed": [few]}).to_markdown()
        assert "With so few subjects no p below 0.5 is possible." in text
        assert "no difference shown" in text


class TestArms:
    @pytest.mark.parametrize("name", list(ARMS))
    def test_each_is_a_valid_change(self, name):
        changed = dataclasses.replace(TrainConfig(), **ARMS[name].changes)
        assert (changed == TrainConfig()) == (name == BASELINE)

    def test_sets_hold_the_baseline_and_the_control(self):
        assert all({"real", "control"} <= set(arms) <= set(ARMS) for arms in ARM_SETS.values())


@pytest.fixture(scope="module")
def ablation(out, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation")
    config = dataclasses.replace(config, epochs=1)
    return folder, config, ablate(out, folder, arms=["spectrum"], seeds=2, config=config)


def test_an_ablation_writes_table_plot_and_figures(ablation):
    folder, _, result = ablation
    assert [arm.name for arm in result.arms] == ["real", "spectrum"]
    held = json.loads((folder / "ablation.json").read_text())
    assert held["arms"][1]["differences"][0]["to"] == "real"
    assert held["subjects"] == 6
    assert (folder / "ablation.md").read_text() == result.to_markdown()
    assert (folder / "ablation.png").read_bytes().startswith(b"\x89PNG")


def test_arms_differ_in_their_change_alone(ablation):
    folder, _, _ = ablation
    real, spectrum = (
        json.loads((folder / name / "seed-1/config.json").read_text())["config"]
        for name in ("real", "spectrum")
    )
    assert {key for key, value in real.items() if spectrum[key] != value} == set(ARMS["spectrum"].changes)


def test_finished_runs_are_not_trained_again_and_the_result_is_the_same(ablation, out, monkeypatch):
    folder, config, result = ablation
    monkeypatch.setattr(Fit, "step", lambda *_: pytest.fail("it trains again"))
    again = ablate(out, folder, arms=["spectrum"], seeds=2, config=config)
    assert again == result


def test_runs_at_once_come_to_the_same(ablation, out, tmp_path):
    _, config, result = ablation
    other = ablate(out, tmp_path, arms=["spectrum"], seeds=1, config=config, jobs=2)
    for mine in other.arms:
        theirs = next(arm for arm in result.arms if arm.name == mine.name)
        assert mine.acer_by_seed[0] == theirs.acer_by_seed[0]


def test_every_arm_takes_as_many_steps(ablation, out):
    folder, _, _ = ablation
    lengths = set()
    for name in ("real", "control", "real+mixed", "real+fda"):
        held = json.loads((folder / "real/seed-0/config.json").read_text())["config"]
        changed = dataclasses.replace(TrainConfig.from_dict(held), **ARMS[name].changes)
        lengths.add(training_clips(out, changed).n_clips())
    assert lengths == {40}


def test_unknown_arms_are_named(out, tmp_path):
    with pytest.raises(ArgumentError, match=r"arms: expected some of real, .* got 'magic'"):
        ablate(out, tmp_path, arms=["magic"])
