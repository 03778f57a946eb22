"""Test people and files that were trained on: what counts as the same, how it is told, what a run keeps of it."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from making import row_of, write_rows

from specaug.errors import SpecaugError
from specaug.training import TrainConfig, ablate, evaluate, train
from specaug.training.run_folder import METRICS
from specaug.training.run_record import dataset_digest
from specaug.training.train_overlap import SEEN, Overlap, Shown, overlap_of, read_seen, shown_in, write_seen
from specaug_cli.main import cli


def shown(subject="a", *, dataset="made", source="", digest="", path=""):
    return Shown(dataset, subject, source or f"source of {subject}", digest, path)


class TestPeople:
    @pytest.mark.parametrize("name", ["Client 007", "client 7", "CLIENT007", "client07", "cLient\u00a07"])
    def test_another_spelling_is_the_same_person(self, name):
        found = overlap_of([shown(name, source="new")], [shown("client7")])
        assert found.subjects == (f"made/{name}",)

    def test_another_normal_form_is_too(self):
        assert (
            overlap_of([shown("Ame\u0301lie", source="new")], [shown("Am\u00e9lie")]).counts()["subjects"]
            == 1
        )

    @pytest.mark.parametrize("name", ["client70", "client", "7", "client 1 7", "client-7"])
    def test_another_name_is_somebody_else(self, name):
        assert overlap_of([shown(name, source="new")], [shown("client7")]) == Overlap()

    def test_the_same_name_in_another_data_set_is_somebody_else(self):
        assert overlap_of([shown("1", dataset="b", source="new")], [shown("1", dataset="a")]) == Overlap()

    def test_nobody_is_never_the_same(self):
        assert overlap_of([shown("", source="new")], [shown(""), shown("", dataset="")]) == Overlap()

    def test_each_is_counted_once_however_many_files_and_spellings_there_are(self):
        test = [shown(name, source=f"new {name}{n}") for name in ("1", "01", "2", "3") for n in range(3)]
        found = overlap_of(test, [shown("1"), shown("001"), shown("2")])
        assert found.counts() == {"subjects": 2, "contents": 0}


class TestContents:
    def test_the_same_bytes_under_another_name_and_of_another_person(self):
        test = [shown("x", digest="d1", path="test/x.mp4"), shown("y", digest="d2")]
        assert overlap_of(test, [shown("a", digest="d1")]) == Overlap((), ("test/x.mp4",))

    def test_the_same_source_where_no_digest_is_known(self):
        found = overlap_of([shown("x", source="s1")], [shown("a", source="s1", dataset="other")])
        assert found == Overlap((), ("s1",))

    def test_unknown_digests_are_not_the_same(self):
        assert overlap_of([shown("x", source="s2")], [shown("a", source="s1")]) == Overlap()


def test_the_warning_tells_number_and_first_names():
    overlap = Overlap(("made/1",), tuple(f"f{n}.mp4" for n in range(4)))
    people, files = overlap.notices()
    assert (people.kind, people.count, files.kind, files.count) == ("train_overlap", 1, "train_overlap", 4)
    assert people.detail.startswith(
        "1 test subjects were seen in training or dev (made/1): not a valid result; "
    )
    assert "4 test files were seen in training or dev (f0.mp4, f1.mp4, f2.mp4 …): not a valid" in files.detail
    assert Overlap().notices() == ()


class TestKeptInTheRun:
    def test_it_is_one_row_for_each_source_of_train_and_dev(self, out, run):
        table = pq.read_table(run / SEEN).to_pydict()
        assert sorted(set(table["split"])) == ["dev", "train"]
        assert len(table["source_id"]) == len(set(table["source_id"])) == 4 * (10 + 5)
        assert set(table["subject"]) == {f"train{n}" for n in range(10)} | {f"dev{n}" for n in range(5)}
        assert read_seen(run) == [one._replace(path="") for one in shown_in(out, ("train",))] + shown_in(
            out, ("dev",)
        )

    def test_clips_of_one_source_are_one_row_and_nulls_are_empty(self, tmp_path):
        clips = [
            {
                **row_of(n, split="train", pai="none", subject="s", source_id="s1", bytes_digest="d"),
                "clip_id": f"c{n}",
            }
            for n in range(3)
        ]
        clips.append(row_of(9, split="train", pai="none", subject=None, dataset=None))
        write_rows(tmp_path / "data/captured/train-00000-of-00001.parquet", clips)
        write_seen(tmp_path / "run", tmp_path)
        assert read_seen(tmp_path / "run") == [Shown("made", "s", "s1", "d"), Shown("", "", f"{9:032x}", "")]

    def test_synthetic_clips_count_as_their_sources(self, tmp_path):
        parent = row_of(1, split="train", pai="none", subject="s", bytes_digest="d")
        made = {**parent, "clip_id": "c", "parent_id": parent["clip_id"], "origin": "synthetic", "label": 1}
        write_rows(
            tmp_path / "data/synthetic/train-00000-of-00001-moire.parquet", [{**made, "pai": "replay"}]
        )
        write_seen(tmp_path / "run", tmp_path)
        test = [Shown("other", "t", f"{1:032x}", "")]
        assert overlap_of(test, read_seen(tmp_path / "run")).counts() == {"subjects": 0, "contents": 1}

    def test_without_it_nothing_is_judged(self, run, out, tmp_path):
        shutil.copytree(run, tmp_path / "run")
        (tmp_path / "run" / SEEN).unlink()
        with pytest.raises(
            SpecaugError, match=r"^run/seen\.parquet: expected the subjects and files .* train again$"
        ):
            evaluate(tmp_path / "run", out)


@pytest.fixture
def trained(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def other_set(folder, *, subjects, dataset="made", split="test", **more):
    """Four clips of each subject, none of which any run has seen."""
    rows = [
        row_of(7000 + 4 * s + k, split=split, pai=pai, subject=subject, dataset=dataset, **more)
        for s, subject in enumerate(subjects)
        for k, pai in enumerate(("none", "none", "print", "replay"))
    ]
    write_rows(folder / f"data/captured/{split}-00000-of-00001.parquet", rows)
    return folder


def held(run, name=METRICS):
    return json.loads((run / name).read_text())


class TestEvaluate:
    def test_a_set_of_its_own_people_is_valid(self, trained, out):
        judged = evaluate(trained, out)
        assert (judged.valid, judged.overlap, judged.warnings) == (True, Overlap(), ())
        assert not any("not a valid result" in note for note in judged.to_dict()["notes"])
        assert {k: held(trained)[k] for k in ("overlap", "valid", "warnings")} == {
            "overlap": {"subjects": 0, "contents": 0},
            "valid": True,
            "warnings": [],
        }

    @pytest.mark.parametrize("name", ["train3", "TRAIN 03", "dev1"])
    def test_a_person_of_training_or_dev_in_another_set_is_told(self, trained, out, tmp_path, name):
        other = other_set(tmp_path / "other", subjects=[name, "new1", "new2"])
        judged = evaluate(trained, out, cross=other)
        assert judged.valid is False
        (warning,) = judged.warnings
        assert (warning.kind, warning.count) == ("train_overlap", 1)
        told = f"1 test subjects were seen in training or dev (made/{name}): not a valid result"
        assert told in warning.detail
        assert told in str(judged)
        values = held(trained, "other-metrics.json")
        assert values == {**judged.to_dict(), "thresholds_from": dataset_digest(out)}
        assert (values["overlap"], values["valid"]) == ({"subjects": 1, "contents": 0}, False)
        assert any(told in note for note in values["notes"])
        assert values["warnings"][0]["kind"] == "train_overlap"

    def test_a_name_of_another_data_set_is_not(self, trained, out, tmp_path):
        other = other_set(tmp_path / "other", subjects=["train0", "dev0"], dataset="elsewhere")
        assert evaluate(trained, out, cross=other).valid

    def test_a_file_of_training_is_told_whoever_it_is_said_to_show(self, trained, out, tmp_path):
        """The bytes of a training clip's source, which has no digest here, so by its source_id."""
        other = other_set(tmp_path / "other", subjects=["new1", "new2"])
        (file,) = (other / "data/captured").glob("*.parquet")
        rows = pq.read_table(file).to_pylist()
        rows[0] |= {"source_id": read_seen(trained)[0].source_id, "source_path": "test/copy.mp4"}
        write_rows(file, rows)
        judged = evaluate(trained, out, cross=other)
        assert (judged.valid, judged.overlap) == (False, Overlap((), ("test/copy.mp4",)))

    def test_another_spelling_within_the_set_is_told(self, trained, out, tmp_path):
        """What a build lets pass, since it cannot know."""
        shutil.copytree(out, tmp_path / "made")
        for file in (tmp_path / "made/data/captured").glob("test-*"):
            file.unlink()
        other_set(tmp_path / "made", subjects=["Train05", "new1"])
        assert evaluate(trained, tmp_path / "made").overlap.subjects == ("made/Train05",)

    def test_dev_of_the_set_that_gives_the_thresholds_counts_also_where_it_is_another_one(
        self, trained, tmp_path
    ):
        made = other_set(tmp_path / "made", subjects=["x", "y"], split="dev")
        rows = [
            row_of(8000 + n, split="test", pai=pai, subject=who)
            for n, (pai, who) in enumerate((p, w) for w in ("X", "z") for p in ("none", "print", "replay"))
        ]
        write_rows(made / "data/captured/test-00000-of-00001.parquet", rows)
        assert evaluate(trained, made).overlap.subjects == ("made/X",)

    def test_the_command_warns_and_gives_json(self, trained, out, tmp_path):
        other = other_set(tmp_path / "other", subjects=["train3", "new1"])
        words = ["evaluate", str(trained), str(out), "--cross", str(other), "--json", "--resamples", "20"]
        result = CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)
        assert result.stderr.startswith(
            "warning: 1 test subjects were seen in training or dev (made/train3): "
        )
        values = json.loads(result.stdout)
        assert (values["valid"], values["overlap"]["subjects"]) == (False, 1)
        assert [w["kind"] for w in values["warnings"]] == ["train_overlap"]


class TestNoSubjects:
    @pytest.fixture
    def nameless(self, out, tmp_path):
        """The same clips, of nobody."""
        for file in sorted((out / "data/captured").glob("*.parquet")):
            rows = pq.read_table(file).to_pylist()
            write_rows(
                tmp_path / f"made/data/captured/{file.name}", [{**row, "subject": None} for row in rows]
            )
        return tmp_path / "made"

    def test_rows_count_as_independent_and_there_is_no_false_alarm(self, nameless, config, tmp_path):
        train(nameless, tmp_path / "run", dataclasses.replace(config, epochs=1))
        judged = evaluate(tmp_path / "run", nameless)
        assert judged.valid
        assert not any("both dev and test" in note or "seen in" in note for note in judged.to_dict()["notes"])
        assert any("rows count as independent" in note for note in judged.report.notes)
        assert judged.report.subjects == 24
        assert [(w.kind, w.count) for w in judged.warnings] == [("no_subjects", 24)]
        assert "24 of 24 test presentations name no subject" in judged.warnings[0].detail

    def test_some_without_a_name_are_counted(self, trained, out, tmp_path):
        other = other_set(tmp_path / "other", subjects=["new1", None, "new2"])
        judged = evaluate(trained, out, cross=other)
        assert [(w.kind, w.count) for w in judged.warnings] == [("no_subjects", 4)]
        assert any("4 of 12 test presentations name no subject" in note for note in judged.notes)
        assert judged.report.subjects == 2 + 4

    def test_unnamed_rows_are_independent_in_an_ablation_too(self, nameless, config, tmp_path):
        tiny = dataclasses.replace(config, epochs=1, width=1)
        result = ablate(nameless, tmp_path, arms=["color"], seeds=1, config=tiny)
        assert result.subjects == 24
        assert [(w.kind, w.count) for w in result.warnings] == [("no_subjects", 24)]


def test_an_ablation_tells_of_test_people_who_were_trained_on(out, config, tmp_path):
    shutil.copytree(out, tmp_path / "made")
    for file in (tmp_path / "made/data/captured").glob("test-*"):
        file.unlink()
    other_set(tmp_path / "made", subjects=["Train05", "new1"])
    tiny = dataclasses.replace(config, epochs=1, width=1)
    result = ablate(tmp_path / "made", tmp_path / "runs", arms=["color"], seeds=1, config=tiny)
    assert [(w.kind, w.count) for w in result.warnings] == [("train_overlap", 1)]
    held = json.loads((tmp_path / "runs/ablation.json").read_text())
    assert held["warnings"][0]["detail"].startswith(
        "1 test subjects were seen in training or dev (made/Train05): "
    )


class TestUnfinished:
    @pytest.fixture
    def begun(self, out, config: TrainConfig, tmp_path, monkeypatch):
        """Two of eight epochs."""
        from specaug.training.train_run import Fit

        step, done = Fit.step, []

        def dying(self, batch):
            done.append(1)
            if len(done) > 10:  # five batches an epoch
                raise KeyboardInterrupt
            return step(self, batch)

        with monkeypatch.context() as patch:
            patch.setattr(Fit, "step", dying)
            with pytest.raises(KeyboardInterrupt):
                train(out, tmp_path / "run", dataclasses.replace(config, epochs=8, patience=8))
        return tmp_path / "run"

    def test_it_is_judged_and_told_to_be_so(self, begun, out):
        judged = evaluate(begun, out)
        (warning,) = judged.warnings
        assert (warning.kind, warning.count) == ("unfinished_run", 6)
        assert "2 of 8 epochs" in warning.detail
        assert "note: the run has trained 2 of 8 epochs" in str(judged)
        assert held(begun)["warnings"] == [warning.as_json()]

    def test_a_finished_one_is_not(self, trained, out):
        assert evaluate(trained, out).warnings == ()
