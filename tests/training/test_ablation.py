"""Comparisons: pairing, null results; and an ablation from end to end."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from specaug.errors import ArgumentError
from specaug.metrics.multiple_tests import holm
from specaug.training import TrainConfig, ablate
from specaug.training.ablation import outcome_of
from specaug.training.arms import ARM_SETS, ARMS, BASELINE
from specaug.training.comparison import Outcome, compare_arms
from specaug.training.scoring import training_clips
from specaug.training.train_run import Fit

PAI = np.tile(["none", "none", "print", "replay"], 16)
SUBJECT = np.repeat([f"s{i:02d}" for i in range(16)], 4)


def outcome(wrong):
    return Outcome(np.asarray(wrong, dtype=bool), PAI, SUBJECT)


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.5]) == pytest.approx([0.03, 0.04, 0.5])
    assert holm([0.4, 0.4]) == [0.8, 0.8]
    assert holm([0.9, 0.9]) == [1.0, 1.0]


class TestCompare:
    def test_equal_arms_differ_by_nothing(self, rng):
        runs = [outcome(rng.uniform(size=64) < 0.3) for _ in range(3)]
        result = compare_arms({"real": runs, "bandpass": runs})
        (difference,) = result.arms[1].differences
        low, high = difference.interval
        assert (difference.acer, difference.p) == (0.0, 1.0)
        assert low == -high < 0
        assert difference.verdict == "no difference shown"

    def test_figures_are_those_of_the_definitions(self, rng):
        runs = [outcome(rng.uniform(size=64) < 0.3) for _ in range(2)]
        arm = compare_arms({"real": runs}).arms[0]
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
        result = compare_arms({"real": bad, "control": good, "mixed": bad})
        by_name = {arm.name: {d.to: d for d in arm.differences} for arm in result.arms}
        assert by_name["control"]["real"].verdict == "better"
        assert by_name["real"]["control"].verdict == "worse"
        assert by_name["mixed"]["real"].verdict == "no difference shown"
        assert by_name["control"]["real"].interval[1] < 0

    def test_pairing_takes_out_what_subjects_share(self, rng):
        hard = np.repeat(rng.uniform(0, 0.9, 16), 4)
        first = rng.uniform(size=64) < hard
        worse = first | (rng.uniform(size=64) < 0.1)
        result = compare_arms({"real": [outcome(first)] * 2, "mixed": [outcome(worse)] * 2})
        alone = [high - low for low, high in (arm.acer_interval for arm in result.arms)]
        low, high = result.arms[1].differences[0].interval
        assert high - low < 0.7 * min(alone)

    def test_other_presentations_are_refused(self):
        other = Outcome(np.zeros(64, bool), PAI, SUBJECT[::-1])
        with pytest.raises(
            ArgumentError, match="outcomes: expected 1 seeds on the same presentations, got others"
        ):
            compare_arms({"real": [outcome(np.zeros(64))], "mixed": [other]})

    def test_the_table_says_what_it_cannot_tell_and_why(self):
        few = Outcome(np.zeros(12, bool), PAI[:12], SUBJECT[:12])
        text = compare_arms({"real": [few] * 3, "mixed": [few] * 3}).to_markdown()
        assert "| +0.0: cannot tell |" in text
        assert "Cannot tell: 3 subjects with bona fide presentations: at least 6 are needed" in text
        assert "no difference shown" not in text


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


def test_rows_of_nobody_known_are_subjects_of_their_own(ablation, out, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(ablation[0] / "real/seed-0", run)
    known = outcome_of(out, run)
    table = pq.read_table(run / "scores/test.parquet")
    place = table.schema.get_field_index("subject")
    nobody = pa.array([""] * len(table), table.schema.field(place).type)
    pq.write_table(table.set_column(place, "subject", nobody), run / "scores/test.parquet")
    unknown = outcome_of(out, run)
    assert unknown.wrong.tolist() == known.wrong.tolist()
    assert len(set(known.subject)) == 6
    assert len(set(unknown.subject)) == len(unknown.wrong)


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
