"""Whole explanations: of networks that go by a cue that was planted, of one that knows nothing, and of runs."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from planted import FRAMES, BandEnergy, Flicker, Redness, flicker, grating, nothing, tint, write_out
from torch import nn

import specaug
from specaug.attribution import explain_network
from specaug.errors import ArgumentError
from specaug.model import TwoStreamNet
from specaug.spectrum import MAX_RADIUS
from specaug.training import TrainConfig, evaluate, train
from specaug.training.scoring import middle_of

CUE = "0.177 to 0.25 cycles/px"
FEW = {"parts": ("bands", "streams"), "batch_size": 8}


@pytest.fixture(scope="module")
def with_grating(tmp_path_factory):
    return write_out(tmp_path_factory.mktemp("grating"), grating)


@pytest.fixture(scope="module")
def without_cue(tmp_path_factory):
    return write_out(tmp_path_factory.mktemp("nothing"), nothing)


def relied_on(found):
    return {change.name for change, _ in found.relied_on}


class TestPlantedCues:
    """Networks that compute the cue: whatever is no part of it cannot move them."""

    @pytest.mark.parametrize("fill", ["class-mean", "remove"])
    def test_a_grating_is_found_in_its_band_and_its_direction(self, with_grating, fill):
        found = explain_network(BandEnergy(0.18, 0.2), with_grating, fill=fill, **FEW)
        assert relied_on(found) == {CUE, "0 degrees"}
        effects = {change.name: effect for change, effect in found.effects}
        assert effects[CUE].apcer.value == 1
        assert effects[CUE].attack_logit.high < 0
        untouched = [
            e for name, e in effects.items() if name not in (CUE, "0 degrees", "all change over time")
        ]
        assert max(abs(e.acer.value) for e in untouched) < 0.2

    def test_a_tint_is_found_in_the_color(self, tmp_path):
        found = explain_network(Redness(), write_out(tmp_path, tint), **FEW)
        assert relied_on(found) == {"mean color", "all color"}

    def test_a_flicker_is_found_in_the_frames_at_its_frequency(self, tmp_path):
        found = explain_network(Flicker(), write_out(tmp_path, flicker), **FEW)
        assert relied_on(found) == {"order of frames", "all change over time", "0.5 cycles/frame"}

    def test_the_findings_name_the_largest_first(self, with_grating):
        found = explain_network(BandEnergy(0.18, 0.2), with_grating, **FEW)
        assert found.findings()[0].startswith(
            f"Without the band {CUE} (detail of 4 to 5.7 px) ACER rises by "
        )


class Small(nn.Module):
    """Two convolutions on the frame in the middle, and the energy of what they give."""

    views, frames = ("rgb",), FRAMES

    def __init__(self):
        super().__init__()
        self.filters = nn.Sequential(nn.Conv2d(3, 6, 9, padding=4), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU())
        self.last = nn.Linear(6, 1)

    def forward(self, rgb):
        picture = rgb[:, rgb.shape[1] // 2].movedim(-1, 1) - 0.5
        return self.last(self.filters(4 * picture).square().mean(dim=(2, 3)))


def trained(out):
    """The small network, fitted to the dev clips in a few hundred steps."""
    torch.manual_seed(0)
    network = Small()
    batches = list(specaug.load(out, split="dev", frames=FRAMES, batch_size=24))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(150):
        for batch in batches:
            logits = network(batch["rgb"].float() / 255)[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, batch["label"].float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network


class TestTraining:
    def test_a_network_that_was_trained_on_a_grating_is_explained_by_it(self, with_grating):
        found = explain_network(trained(with_grating), with_grating, grid=8, map_clips=4, batch_size=8)
        assert found.base.separates
        assert {CUE, "0 degrees"} <= relied_on(found)
        (strongest, _), *_ = [pair for pair in found.relied_on if pair[0].kind == "band"]
        assert strongest.name == CUE
        attack = found.waves.mean[0]  # what makes a bona fide clip an attack
        row, column = np.unravel_index(attack.argmax(), attack.shape)
        assert abs(found.waves.fy[row]) <= 0.0625
        assert abs(found.waves.fx[column] - 0.1875) <= 0.0625
        assert found.gradients.difference[1] > found.gradients.difference[0]

    @pytest.mark.parametrize("cue", ["with_grating", "without_cue"])
    def test_a_network_with_random_weights_shows_nothing(self, cue, request):
        """No interval of the mean of both errors leaves out 0, with the cue in the clips and without."""
        out = request.getfixturevalue(cue)
        shown = []
        for seed in range(2):
            torch.manual_seed(seed)
            found = explain_network(TwoStreamNet(FRAMES, 2), out, **FEW)
            shown += [change.name for change, effect in found.effects if effect.acer.shown]
        assert shown == []

    def test_labels_at_random_leave_nothing_to_explain(self, without_cue):
        found = explain_network(BandEnergy(0.18, 0.2), without_cue, **FEW)
        assert not found.base.separates
        assert found.relied_on == []
        assert len(found.findings()) == 2
        assert found.findings()[0].startswith(
            "On these clips the network is not shown to be better than chance"
        )


TINY = TrainConfig(frames=2, width=2, epochs=1, batch_size=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set with the three splits."""
    from making import write_split

    folder = tmp_path_factory.mktemp("data") / "made"
    for first, (split, subjects) in enumerate((("train", 6), ("dev", 6), ("test", 8))):
        write_split(folder, split, subjects=subjects, first=first)
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(data, folder, TINY)
    return folder


class TestRuns:
    def test_the_threshold_is_that_of_evaluate_with_its_scores_and_without(self, data, run):
        before = specaug.explain(run, data, parts=("streams",), clips=4).threshold
        report = evaluate(run, data).report
        stored = specaug.explain(run, data, parts=("streams",), clips=4).threshold
        assert before.value == pytest.approx(report.threshold, abs=1e-6)
        assert stored.value == pytest.approx(report.threshold, abs=1e-12)

    def test_scores_of_another_checkpoint_are_not_believed(self, data, run):
        from specaug.shards.tables import read_columns, write_columns

        evaluate(run, data)
        path = run / "scores/dev.parquet"
        columns = read_columns(path)
        right = specaug.explain(run, data, parts=("streams",), clips=4).threshold.value
        write_columns(path, {**columns, "score": columns["score"] + 1}, out=run)
        again = specaug.explain(run, data, parts=("streams",), clips=4).threshold.value
        write_columns(path, columns, out=run)
        assert again == pytest.approx(right, abs=1e-6)

    def test_the_clips_as_they_are_score_as_in_evaluate(self, data, run):
        report = evaluate(run, data).report
        found = specaug.explain(run, data, clips=None, parts=("streams",))
        assert found.base.bpcer == report.bpcer
        assert found.base.apcer_by_pai == report.apcer_by_pai
        assert sum(found.clips) == found.available == 32
        assert found.notes == ()

    def test_the_baseline_is_explained_without_gradients(self, data, tmp_path):
        config = TrainConfig(model="radial", frames=2)
        train(data, tmp_path / "baseline", config)
        report = evaluate(tmp_path / "baseline", data).report
        edges = (0.25, 0.354, MAX_RADIUS)
        found = specaug.explain(
            tmp_path / "baseline", data, clips=None, parts=("bands", "gradients"), edges=edges
        )
        assert found.gradients is None
        assert found.base.acer == report.acer
        assert any("model radial has none" in note for note in found.notes)
        # Prints and replays carry a wave of 0.35 cycles/px.
        assert "0.25 to 0.354 cycles/px" in relied_on(found)

    def test_only_the_middle_is_changed_where_the_run_sees_no_more(self, data, tmp_path):
        config = dataclasses.replace(TINY, pixels=24, streams="color")
        train(data, tmp_path / "run", config)
        found = specaug.explain(tmp_path / "run", data, clips=4, parts=("bands",))
        assert found.shape == (24, 24)

    def test_a_sample_and_an_unfinished_run_are_noted(self, data, run, tmp_path):
        import shutil

        shutil.copytree(run, tmp_path / "run")
        (tmp_path / "run/progress.json").write_text('{"epochs_done": 1, "epochs": 3}')
        notes = specaug.explain(tmp_path / "run", data, clips=6, parts=("streams",)).notes
        assert notes[0] == "the run is not finished: what it goes by may change."
        assert notes[1].startswith("6 of 32 test clips were changed")

    def test_a_folder_without_a_run_is_refused(self, data, tmp_path):
        with pytest.raises(ArgumentError, match="run: expected a folder that specaug train made"):
            specaug.explain(tmp_path, data)


class TestAnyNetwork:
    def test_memory_holds_a_batch_however_many_clips_there_are(self, with_grating):
        class Watched(Redness):
            largest = 0

            def forward(self, rgb):
                self.largest = max(self.largest, len(rgb))
                return super().forward(rgb)

        network = Watched()
        explain_network(network, with_grating, batch_size=3, grid=2, steps=2)
        assert network.largest == 3

    def test_a_column_of_logits_is_taken_too_and_anything_else_refused(self, with_grating):
        class Column(Redness):
            def forward(self, rgb):
                return super().forward(rgb)[:, None]

        class Two(Redness):
            def forward(self, rgb):
                return super().forward(rgb)[:, None].expand(-1, 2)

        settings = {"parts": ("streams",), "clips": 4, "threshold": 0.0}
        first, second = (explain_network(net, with_grating, **settings) for net in (Redness(), Column()))
        assert first.effects[0][1] == second.effects[0][1]
        with pytest.raises(ArgumentError, match=r"network: expected a logit for each of \d clips"):
            explain_network(Two(), with_grating, **settings)

    def test_it_has_to_say_what_it_takes(self, with_grating):
        with pytest.raises(ArgumentError, match="views: expected names of what the network takes"):
            explain_network(nn.Linear(1, 1), with_grating)
        with pytest.raises(ArgumentError, match="frames: expected how many frames"):
            explain_network(nn.Linear(1, 1), with_grating, views=("rgb",))

    def test_dropout_does_not_play_and_the_network_is_left_in_evaluation_mode(self, with_grating):
        network = nn.Sequential()
        network.views, network.frames = ("rgb",), FRAMES
        network.forward = lambda rgb: nn.functional.dropout(rgb, training=network.training).mean(
            dim=(1, 2, 3, 4)
        )
        found = [
            explain_network(network.train(), with_grating, parts=("streams",), clips=4).to_dict()
            for _ in range(2)
        ]
        assert found[0] == found[1]
        assert not network.training

    def test_logits_that_are_no_numbers_are_refused(self, with_grating):
        class Lost(Redness):
            def forward(self, rgb):
                return super().forward(rgb) / 0

        with pytest.raises(ArgumentError, match="network: expected finite logits"):
            explain_network(Lost(), with_grating, threshold=0.0, parts=("streams",), clips=4)

    def test_views_are_replaced_by_the_mean_of_bona_fide_clips(self, with_grating):
        """A network of one view and a constant other: without the first view every clip scores alike."""

        class One(nn.Module):
            views, frames = ("rgb", "hsv", "spectrum"), FRAMES

            def forward(self, rgb, hsv, spectrum):
                return spectrum.mean(dim=(1, 2, 3)) + 0 * rgb.sum() + 0 * hsv.sum()

        found = explain_network(One(), with_grating, **FEW)
        effects = {change.name: effect for change, effect in found.effects}
        assert {"rgb", "hsv", "rgb and hsv", "spectrum"} <= set(effects)
        assert effects["rgb and hsv"].attack_logit.value == effects["rgb"].bonafide_logit.value == 0
        assert effects["spectrum"].bonafide_logit.value == pytest.approx(0, abs=1e-4)
        assert effects["spectrum"].attack_logit.value < 0

    def test_one_frame_has_no_order(self, with_grating):
        class Still(Redness):
            frames = 1

        found = explain_network(Still(), with_grating, parts=("streams",), clips=4)
        assert [change.name for change, _ in found.effects] == ["all color"]


def test_progress_tells_every_part_to_its_end(with_grating):
    told = []
    explain_network(
        Redness(), with_grating, clips=6, map_clips=4, grid=1, steps=1, progress=lambda *a: told.append(a)
    )
    assert [line for line in told if line[1] == line[2]] == [
        ("changes", 6, 6),
        ("waves", 4, 4),
        ("gradients", 4, 4),
    ]


def test_the_result_is_plain_json_without_maps_of_pixels(with_grating):
    found = explain_network(Redness(), with_grating, clips=4, map_clips=2, grid=1, steps=1)
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["sample"] == {"split": "test", "bonafide": 2, "attack": 2, "available": 24, "subjects": 4}
    names = {effect["name"] for effect in values["effects"]}
    assert {CUE, "0 degrees", "mean color", "order of frames"} <= names
    (band,) = [effect for effect in values["effects"] if effect["name"] == CUE]
    assert band["low"] == pytest.approx(0.1768, abs=1e-4)
    assert set(band) >= {"kind", "about", "apcer", "bpcer", "acer", "bonafide_logit", "attack_logit"}
    assert len(values["waves"]["mean"][0]) == 3
    assert set(values["gradients"]["totals"]) == {"red", "green", "blue"}
    assert "maps" not in values["gradients"]
    assert repr(found) == "Explanation(Redness, 4 clips, 19 changes)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "all"}, "split: expected one of train, dev, test, got 'all'"),
        ({"fill": "zero"}, "fill: expected one of class-mean, remove, got 'zero'"),
        ({"parts": ("bands", "heat")}, "parts: expected some of bands, streams, waves, gradients"),
        ({"parts": ()}, "parts: expected some of"),
        ({"clips": 1}, "clips: expected a whole number from 2, got 1"),
        ({"steps": 0}, "steps: expected a whole number from 1, got 0"),
        ({"wave": 0}, "wave: expected an amplitude above 0"),
        ({"edges": (0.1, 0.2)}, "edges: expected ascending frequencies"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
        ({"bands": 3}, "bands: expected a setting among split, clips"),
    ],
)
def test_settings_are_checked_before_anything_is_read(settings, message):
    with pytest.raises(ArgumentError, match=message):
        explain_network(Redness(), "nowhere", **settings)


def test_pixels_beyond_the_crops_are_refused():
    with pytest.raises(ArgumentError, match="pixels: expected at most the side of the crops, 8, got 9"):
        middle_of(torch.zeros(1, 2, 8, 10, 3), 9)
    assert middle_of(torch.zeros(1, 2, 8, 10, 3), 8).shape == (1, 2, 8, 8, 3)
