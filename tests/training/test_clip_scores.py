"""From clips to scores and on to what the metrics take: recipes joined, crops cut, videos, failures counted."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from making import row_of, write_rows

from specaug import Recipe
from specaug.errors import ArgumentError
from specaug.loader import compute_views
from specaug.metrics.report import PadReport
from specaug.model import TwoStreamNet
from specaug.records import Failure, ShardPlan, Source
from specaug.shards import write_failures
from specaug.shards.tables import read_columns
from specaug.training import RunReport, TrainConfig
from specaug.training.run_evaluation import faceless, lost, with_failures, write_scores
from specaug.training.scoring import SCORE_COLUMNS, Scores, recipe_of, score_split, training_clips, views_of

CPU = torch.device("cpu")


class TestRecipes:
    def test_none_and_one_are_what_they_say(self):
        assert recipe_of(TrainConfig()) is None
        assert recipe_of(TrainConfig(recipe="mixed")) == Recipe.from_preset("mixed")

    def test_each_of_several_is_drawn_as_often_whatever_the_weights_of_its_branches(self):
        """Mixed has branches of 2, 2 and three that share 1; beside a recipe of one branch, each recipe weighs 1."""
        joined = recipe_of(TrainConfig(recipe="mixed+recapture-screen"))
        assert [branch.weight for branch in joined.branches] == pytest.approx(
            [2 / 5, 2 / 5, 1 / 10, 1 / 20, 1 / 20, 1]
        )
        parts = [*Recipe.from_preset("mixed").branches, *Recipe.from_preset("recapture-screen").branches]
        assert [branch.steps for branch in joined.branches] == [branch.steps for branch in parts]
        assert joined.name == "mixed+recapture-screen"

    @pytest.mark.parametrize(("recipe", "donor"), [("mix-high+bandpass", "attack"), ("fda+fact", "bonafide")])
    def test_donors_of_the_parts_are_donors_of_the_whole(self, recipe, donor):
        assert recipe_of(TrainConfig(recipe=recipe)).donor == donor

    @pytest.mark.parametrize("recipe", ["fda+bandpass", "control+bandpass", "bandpass+fda+control"])
    def test_parts_with_other_donors_or_labels_do_not_fit(self, recipe):
        with pytest.raises(
            ArgumentError, match=r"^recipe: expected parts with one label of donors and of results"
        ):
            recipe_of(TrainConfig(recipe=recipe))


class TestViews:
    @pytest.mark.parametrize(
        ("height", "width", "pixels", "top", "left"),
        [(32, 32, 16, 8, 8), (32, 32, 15, 8, 8), (33, 32, 16, 8, 8), (40, 32, 8, 16, 12), (32, 32, 32, 0, 0)],
    )
    def test_the_middle_of_the_frames_is_seen(self, height, width, pixels, top, left):
        frames = (
            torch.arange(height * width * 3, dtype=torch.uint8)
            .reshape(1, 1, height, width, 3)
            .repeat(2, 3, 1, 1, 1)
        )
        config = TrainConfig(pixels=pixels, window=None)
        views = views_of({"rgb": frames}, config, ("rgb", "spectrum"), CPU)
        middle = frames[:, :, top : top + pixels, left : left + pixels]
        assert torch.equal(views["rgb"], middle)
        wanted = compute_views(middle, ("spectrum",), window=None)["spectrum"]
        assert torch.equal(views["spectrum"], wanted)

    def test_whole_crops_are_seen_where_nothing_is_cut(self):
        frames = torch.randint(0, 256, (1, 2, 24, 20, 3), dtype=torch.uint8)
        views = views_of({"rgb": frames}, TrainConfig(), ("hsv",), CPU)
        assert list(views) == ["hsv"]
        assert torch.equal(views["hsv"], compute_views(frames, ("hsv",))["hsv"])

    @pytest.mark.parametrize(("pixels", "fits"), [(32, True), (33, False)])
    def test_crops_are_no_smaller_than_what_is_cut(self, out, pixels, fits):
        config = TrainConfig(pixels=pixels, frames=2, width=2)
        if fits:
            assert training_clips(out, config).n_clips() == 40
            return
        with pytest.raises(
            ArgumentError, match=r"^pixels: expected at most the side of the crops, 32, got 33$"
        ):
            training_clips(out, config)
        with pytest.raises(
            ArgumentError, match=r"^pixels: expected at most the side of the crops, 32, got 33$"
        ):
            score_split(TwoStreamNet(2, 2), out, "dev", config, device=CPU)


class TestSplitScores:
    def test_every_clip_has_its_logit_in_the_order_of_the_shards(self, out):
        config = TrainConfig(frames=2, width=2, batch_size=7, streams="color", hsv=False)
        torch.manual_seed(0)
        network = TwoStreamNet(**config.architecture())
        scores = score_split(network, out, "dev", config, device=CPU)
        assert not network.training
        files = sorted((out / "data/captured").glob("dev-*"))
        stored = [
            row for file in files for row in pq.read_table(file, columns=["clip_id"])["clip_id"].to_pylist()
        ]
        assert scores.columns["clip_id"].tolist() == stored
        assert scores.scores.dtype == np.float64
        assert set(scores.columns) == set(SCORE_COLUMNS)
        assert repr(scores) == "Scores(20 clips)"
        assert scores.labels.tolist() == [int(pai != "none") for pai in scores.columns["pai"]]

    def test_the_size_of_batches_does_not_matter(self, out):
        torch.manual_seed(0)
        network = TwoStreamNet(2, 2)
        few, many = (
            score_split(network, out, "dev", TrainConfig(frames=2, width=2, batch_size=n), device=CPU)
            for n in (3, 20)
        )
        assert few.scores == pytest.approx(many.scores, abs=1e-5)
        assert few.columns["clip_id"].tolist() == many.columns["clip_id"].tolist()

    def test_they_come_back_from_their_file(self, tmp_path):
        names = {name: np.array([f"{name}0", ""]) for name in SCORE_COLUMNS}
        write_scores(
            tmp_path / "scores/dev.parquet",
            Scores(np.array([0.1, -2.5]), np.array([0, 1]), names),
            out=tmp_path,
        )
        found = read_columns(tmp_path / "scores/dev.parquet")
        assert found["score"].tolist() == [0.1, -2.5]
        assert found["label"].tolist() == [0, 1]
        assert {name: found[name].tolist() for name in SCORE_COLUMNS} == {
            n: v.tolist() for n, v in names.items()
        }


def scored(rows):
    """Of (score, source, dataset, subject, pai)."""
    scores, source, dataset, subject, pai = zip(*rows, strict=True)
    columns = {"source_id": source, "dataset": dataset, "subject": subject, "pai": pai, "clip_id": source}
    labels = np.array([int(name != "none") for name in pai])
    return Scores(np.array(scores), labels, {name: np.array(values) for name, values in columns.items()})


ROWS = [
    (0.5, "v1", "a", "x", "none"),
    (3.0, "v2", "a", "x", "print"),
    (1.5, "v1", "a", "x", "none"),
    (2.0, "v3", "b", "x", "print"),
    (0.0, "v4", "b", "", "none"),
]


class TestWithFailures:
    def test_a_video_is_the_mean_of_its_clips_and_a_clip_is_itself(self, tmp_path):
        videos = with_failures(scored(ROWS), tmp_path, "test", level="video")
        assert videos.scores.tolist() == [1.0, 3.0, 2.0, 0.0]
        assert videos.pai.tolist() == ["none", "print", "print", "none"]
        clips = with_failures(scored(ROWS), tmp_path, "test", level="clip")
        assert clips.scores.tolist() == [row[0] for row in ROWS]
        assert clips.has_score.all()

    def test_equal_names_in_two_data_sets_are_two_people_and_no_name_is_nobody(self, tmp_path):
        found = with_failures(scored(ROWS), tmp_path, "test", level="clip")
        assert found.subject.tolist() == ["a/x", "a/x", "a/x", "b/x", ""]
        assert len(set(found.units().tolist())) == 3
        other = with_failures(scored(ROWS), tmp_path, "test", level="clip", prefix="other-")
        assert other.subject.tolist() == ["other-a/x", "other-a/x", "other-a/x", "other-b/x", ""]

    @pytest.mark.parametrize(("prefix", "told"), [("", "dev: "), ("other-", "other-dev: ")])
    def test_faults_are_told_with_the_split(self, tmp_path, prefix, told):
        with pytest.raises(ArgumentError, match=rf"^{told}labels: expected both classes"):
            with_failures(scored(ROWS[:1]), tmp_path, "dev", level="video", prefix=prefix)


class TestFailedSources:
    FAILED = (
        ("s0", "test", "detect", None),
        ("s1", "test", "align", None),
        ("s2", "test", "detect", 3),  # a frame of it: the source has clips
        ("s3", "test", "decode", None),
        ("s4", "dev", "detect", None),
        ("s5", "dev", "probe", None),
        ("s6", "test", "encode", None),
    )

    @pytest.fixture
    def lossy(self, tmp_path, monkeypatch):
        (tmp_path / "failures").mkdir()
        failures = [
            Failure(
                name,
                f"{name}.mp4",
                split,
                stage,
                "no_face" if stage == "detect" else "internal",
                "",
                frame_index=at,
            )
            for name, split, stage, at in self.FAILED
        ]
        write_failures(tmp_path / "failures/failures-a.parquet", failures[:4])
        write_failures(tmp_path / "failures/failures-b.parquet", failures[4:])
        sources = [
            Source(
                f"{name}.mp4",
                "attack" if name == "s1" else "bonafide",
                pai="print" if name == "s1" else "none",
                subject=None if name == "s0" else "lost",
                split=split,
                dataset="c",
                source_id=name,
            )
            for name, split, _, _ in self.FAILED
        ]
        shards = [
            ShardPlan(f"{split}-00000-of-00001", split, tuple(s for s in sources if s.split == split))
            for split in ("dev", "test")
        ]
        monkeypatch.setattr(
            "specaug.training.run_evaluation.load_plan", lambda out: SimpleNamespace(shards=shards)
        )
        return tmp_path

    def test_those_without_a_usable_face_are_whole_sources_of_the_split(self, lossy):
        assert [source.source_id for source in faceless(lossy, "test")] == ["s0", "s1"]
        assert [source.source_id for source in faceless(lossy, "dev")] == ["s4"]
        assert faceless(lossy, "train") == []

    def test_those_that_could_not_be_read_are_told_with_their_number(self, lossy):
        told = f"2 test sources could not be read and are in no rate: see the failures of {lossy.name}."
        assert lost(lossy, "test") == [told]
        assert lost(lossy, "dev")[0].startswith("1 dev sources could not be read")
        assert lost(lossy, "train") == []

    @pytest.mark.parametrize("level", ["video", "clip"])
    def test_they_join_the_scores_as_rows_without_one(self, lossy, level):
        found = with_failures(scored(ROWS), lossy, "test", level=level, prefix="far-")
        assert found.has_score[-2:].tolist() == [False, False]
        assert np.isnan(found.scores[-2:]).all()
        assert found.labels[-2:].tolist() == [0, 1]
        assert found.pai[-2:].tolist() == ["none", "print"]
        assert found.subject[-2:].tolist() == ["", "far-c/lost"]
        assert found.has_score[:-2].all()

    def test_without_failures_no_plan_is_needed(self, tmp_path):
        assert faceless(tmp_path, "test") == []
        assert lost(tmp_path, "test") == []


def test_notes_of_a_run_follow_those_of_its_report():
    figures = dict.fromkeys(
        ("apcer", "apcer_pooled", "bpcer", "acer", "hter", "eer_dev", "far", "frr", "threshold"), 0.0
    )
    names = ("apcer", "bpcer", "acer", "hter", "eer_dev", "apcer/print")
    report = PadReport(
        **figures,
        threshold_rule="of dev",
        apcer_by_pai={"print": 0.0},
        worst_pai="print",
        operating_points=(),
        fta={},
        counts={"bonafide": 1},
        subjects=1,
        confidence=0.95,
        resamples=1,
        intervals=dict.fromkeys(names, (0.0, 1.0)),
        notes=("first.",),
    )
    judged = RunReport(report, "clip", ("second.",))
    assert judged.to_dict()["notes"] == ["first.", "second."]
    assert next(iter(judged.to_dict())) == "level"
    assert str(judged).splitlines()[-2:] == ["note: first.", "note: second."]


def test_frames_and_columns_of_a_clip_stay_together(tmp_path):
    """Photos of one grey each: the network that adds up pixels tells which row each score is of."""
    rows = []
    for number, pai in enumerate(["none", "print", "none", "replay", "print"]):
        row = row_of(number, split="test", pai=pai, subject=f"s{number}", n=1, image_format="raw")
        rows.append({**row, "frames_raw": bytes([40 * number]) * (32 * 32 * 3)})
    write_rows(tmp_path / "data/captured/test-00000-of-00001.parquet", rows, image_format="raw", group=2)

    class Brightness(torch.nn.Module):
        views = ("rgb",)

        def forward(self, rgb):
            return rgb.float().mean(dim=(1, 2, 3, 4))

    scores = score_split(
        Brightness(), tmp_path, "test", TrainConfig(frames=1, batch_size=3, pixels=8), device=CPU
    )
    assert scores.scores.tolist() == [0, 40, 80, 120, 160]
    assert scores.columns["subject"].tolist() == ["s0", "s1", "s2", "s3", "s4"]
    assert scores.columns["pai"].tolist() == ["none", "print", "none", "replay", "print"]
    assert scores.columns["clip_id"].tolist() == [row["clip_id"] for row in rows]
