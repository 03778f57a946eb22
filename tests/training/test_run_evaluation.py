"""Judging a run: thresholds of dev, failures counted, damage named."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from making import row_of, write_rows, write_split

from specaug import metrics
from specaug.errors import ArgumentError, SpecaugError
from specaug.records import Failure, ShardPlan, Source
from specaug.shards import write_failures
from specaug.training import evaluate
from specaug.training.run_folder import BEST


@pytest.fixture
def copy(out, tmp_path):
    shutil.copytree(out, tmp_path / "made")
    return tmp_path / "made"


@pytest.fixture
def trained(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def scores_of(run, split):
    table = pq.read_table(run / f"scores/{split}.parquet").to_pydict()
    return {
        "scores": table["score"],
        "labels": table["label"],
        "pai": table["pai"],
        "subject": table["subject"],
    }


def test_figures_are_those_of_the_scores_in_the_folder(trained, out):
    judged = evaluate(trained, out, level="clip")
    report = metrics.evaluate(scores_of(trained, "dev"), scores_of(trained, "test"))
    assert judged.report.apcer_by_pai == report.apcer_by_pai
    assert judged.report.threshold == report.threshold
    assert judged.report.intervals == report.intervals
    held = json.loads((trained / "metrics.json").read_text())
    assert held["level"] == "clip"
    assert held["bpcer"] == report.bpcer
    assert len(scores_of(trained, "test")["scores"]) == 24


def test_it_repeats_itself(trained, out):
    first = evaluate(trained, out)
    scores = scores_of(trained, "test")
    assert evaluate(trained, out).to_dict() == first.to_dict()
    assert scores_of(trained, "test") == scores


def test_a_video_is_the_mean_of_its_clips(trained, copy):
    file = copy / "data/captured/test-00000-of-00001.parquet"
    for old in copy.glob("data/captured/test-*"):
        old.unlink()
    rows = []
    for n, pai in enumerate(["none", "none", "print", "replay"]):
        video = {"source_id": f"video{n}", "subject": f"s{n}"}
        rows += [
            {**row_of(300 + 2 * n + k, split="test", pai=pai, subject="s"), **video, "clip_id": f"v{n}-{k}"}
            for k in range(2)
        ]
    write_rows(file, rows)
    judged = evaluate(trained, copy)
    scores = np.array(scores_of(trained, "test")["scores"]).reshape(4, 2).mean(axis=1)
    assert judged.report.counts == {"bonafide": 2, "print": 1, "replay": 1}
    assert judged.report.bpcer == np.mean(scores[:2] >= judged.report.threshold)
    assert any("other data than made" in note for note in judged.notes)


def test_thresholds_do_not_come_from_test(trained, copy):
    before = evaluate(trained, copy)
    for old in copy.glob("data/captured/test-*"):
        old.unlink()
    write_split(copy, "test", subjects=3, first=20)
    assert evaluate(trained, copy).report.threshold == before.report.threshold


class TestFailures:
    @pytest.fixture
    def lossy(self, copy):
        """A bona fide test video without a face, a print whose face came and went, and a file nobody can read."""
        sources = [
            Source(
                f"test/{n}.mp4",
                label,
                pai=pai,
                subject="lost",
                split="test",
                dataset="made",
                source_id=f"lost{n}",
            )
            for n, (label, pai) in enumerate(
                [("bonafide", "none"), ("attack", "print"), ("attack", "replay")]
            )
        ]
        shard = ShardPlan("test-00000-of-00001", "test", tuple(sources))
        failures = [
            Failure("lost0", "test/0.mp4", "test", "detect", "no_face", "no face in 8 frames"),
            Failure("lost1", "test/1.mp4", "test", "detect", "no_face", "frame 3", frame_index=3),
            Failure("lost2", "test/2.mp4", "test", "decode", "unreadable", "damaged"),
        ]
        (copy / "failures").mkdir()
        write_failures(copy / f"failures/failures-{shard.name}.parquet", failures)
        return copy, shard

    def test_sources_without_a_face_are_counted(self, lossy, trained, monkeypatch):
        copy, shard = lossy
        monkeypatch.setattr("specaug.training.run_evaluation.load_plan", lambda out: _Plan((shard,)))
        judged = evaluate(trained, copy)
        assert judged.report.fta == {"bonafide": 1 / 13, "print": 0.0, "replay": 0.0}
        assert judged.report.counts["bonafide"] == 12
        assert judged.report.frr == pytest.approx(1 / 13 + judged.report.bpcer * 12 / 13)
        assert any("1 test sources could not be read and are in no rate" in note for note in judged.notes)


class _Plan:
    def __init__(self, shards):
        self.shards = shards


class TestCross:
    def test_thresholds_are_those_of_the_source(self, trained, out, tmp_path):
        write_split(tmp_path / "other", "test", subjects=4, first=30)
        judged = evaluate(trained, out, cross=tmp_path / "other")
        assert judged.report.threshold == evaluate(trained, out).report.threshold
        assert judged.report.counts["bonafide"] == 8
        assert "cross-dataset: thresholds from dev of made, test from other." in judged.notes
        assert (trained / "other-metrics.json").is_file()
        assert (trained / "scores/other-test.parquet").is_file()

    def test_species_may_differ_there_and_are_named(self, trained, out, tmp_path):
        rows = [
            row_of(900 + n, split="test", pai=pai, subject=f"s{n}")
            for n, pai in enumerate(["none", "print", "none"])
        ]
        write_rows(tmp_path / "other/data/captured/test-00000-of-00001.parquet", rows)
        judged = evaluate(trained, out, cross=tmp_path / "other")
        assert any("species differ: replay in dev only" in note for note in judged.report.notes)
        with pytest.raises(ArgumentError, match="pai: expected the same species in dev and test"):
            evaluate(trained, out, cross=tmp_path / "other", unseen="raise")


class TestRefusals:
    def test_a_species_missing_in_dev(self, trained, copy):
        for old in copy.glob("data/captured/dev-*"):
            old.unlink()
        rows = [
            row_of(700 + n, split="dev", pai=pai, subject=f"s{n}") for n, pai in enumerate(["none", "print"])
        ]
        write_rows(copy / "data/captured/dev-00000-of-00001.parquet", rows)
        with pytest.raises(
            ArgumentError, match="pai: expected the same species in dev and test, got replay in test"
        ):
            evaluate(trained, copy)

    def test_a_test_set_of_one_class(self, trained, copy):
        for old in copy.glob("data/captured/test-*"):
            old.unlink()
        rows = [row_of(700 + n, split="test", pai="print", subject=f"s{n}") for n in range(2)]
        write_rows(copy / "data/captured/test-00000-of-00001.parquet", rows)
        with pytest.raises(
            ArgumentError, match=r"^test: labels: expected both classes among the scores, got no bona fide"
        ):
            evaluate(trained, copy)

    def test_scores_that_are_no_numbers(self, trained, out):
        state = torch.load(trained / BEST, weights_only=True)
        state["model"]["classifier.bias"] *= float("nan")
        torch.save(state, trained / BEST)
        with pytest.raises(ArgumentError, match=r"^dev: scores: expected finite numbers, got nan"):
            evaluate(trained, out)

    def test_a_checkpoint_of_another_architecture(self, trained, out):
        values = json.loads((trained / "config.json").read_text())
        values["config"]["width"] = 8
        (trained / "config.json").write_text(json.dumps(values))
        with pytest.raises(
            SpecaugError, match=r"best\.pt: expected .*'width': 8.* got one with .*'width': 4"
        ):
            evaluate(trained, out)

    def test_a_checkpoint_with_other_weights(self, trained, out):
        state = torch.load(trained / BEST, weights_only=True)
        del state["model"]["classifier.bias"]
        torch.save(state, trained / BEST)
        with pytest.raises(SpecaugError, match=r"best\.pt: holds another network"):
            evaluate(trained, out)

    @pytest.mark.parametrize("damage", [b"not a checkpoint", b""])
    def test_a_damaged_checkpoint(self, trained, out, damage):
        (trained / BEST).write_bytes(damage)
        with pytest.raises(SpecaugError, match=r"best\.pt: cannot be read as a checkpoint"):
            evaluate(trained, out)

    def test_a_checkpoint_that_would_run_code(self, trained, out, tmp_path):
        class Evil:
            def __reduce__(self):
                return (open, (str(tmp_path / "owned"), "w"))

        torch.save(Evil(), trained / BEST)
        with pytest.raises(SpecaugError, match=r"best\.pt: cannot be read as a checkpoint"):
            evaluate(trained, out)
        assert not (tmp_path / "owned").exists()

    @pytest.mark.parametrize("held", [[1, 2], torch.zeros(3)])
    def test_a_checkpoint_of_something_else(self, trained, out, held):
        torch.save(held, trained / BEST)
        with pytest.raises(SpecaugError, match=r"best\.pt: expected a checkpoint of specaug train, got a"):
            evaluate(trained, out)

    def test_a_checkpoint_whose_weights_are_none(self, trained, out):
        state = torch.load(trained / BEST, weights_only=True)
        torch.save({**state, "model": [1]}, trained / BEST)
        with pytest.raises(SpecaugError, match=r"best\.pt: holds another network"):
            evaluate(trained, out)

    @pytest.mark.parametrize(
        "text", ["[]", '{"config": [], "data": {}}', '{"config": {"width": "a"}, "data": {}}']
    )
    def test_settings_that_are_none(self, trained, out, text):
        (trained / "config.json").write_text(text)
        with pytest.raises(ArgumentError, match="run: expected a folder that specaug train made"):
            evaluate(trained, out)

    def test_a_run_without_a_checkpoint(self, trained, out):
        (trained / BEST).unlink()
        with pytest.raises(SpecaugError, match=r"best\.pt: expected a checkpoint, there is none"):
            evaluate(trained, out)

    def test_no_run(self, tmp_path, out):
        with pytest.raises(ArgumentError, match="run: expected a folder that specaug train made"):
            evaluate(tmp_path, out)

    def test_a_damaged_row_group(self, trained, copy):
        file = sorted(copy.glob("data/captured/test-*"))[0]
        metadata = pq.ParquetFile(file).metadata
        columns = [metadata.row_group(1).column(i) for i in range(metadata.num_columns)]
        column = next(c for c in columns if c.path_in_schema.endswith("bytes"))
        data = bytearray(file.read_bytes())
        data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
        file.write_bytes(data)
        with pytest.raises(SpecaugError, match=rf"{file.name}, row group 1: cannot be read"):
            evaluate(trained, copy)

    def test_a_level_that_is_none(self, trained, out):
        with pytest.raises(ArgumentError, match="level: expected one of video, clip, got 'frame'"):
            evaluate(trained, out, level="frame")
