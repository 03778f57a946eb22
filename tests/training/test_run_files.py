"""The folder of a run: which data it was made of, when it is resumed, how far it came, broken checkpoints."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from specaug import __version__
from specaug.errors import ArgumentError, PlanMismatchError, SpecaugError
from specaug.model import TwoStreamNet
from specaug.training import TrainConfig, run_folder
from specaug.training.run_folder import (
    BEST,
    CONFIG,
    PROGRESS,
    Progress,
    load_checkpoint,
    network_of,
    open_run,
    read_progress,
    read_run,
    save_checkpoint,
    write_progress,
)
from specaug.training.run_record import dataset_digest, versions
from specaug.training.train_overlap import SEEN, read_seen

CONFIG_OF_RUN = TrainConfig(frames=2, width=2, seed=5)


@pytest.fixture
def data(tmp_path) -> Path:
    """Files with names of shards of test; what is in them does not matter to a digest, and no run sees them."""
    for name, content in (
        ("captured/test-1", b"abc"),
        ("captured/test-0", b"abd"),
        ("synthetic/test-0", b""),
    ):
        file = tmp_path / f"data/data/{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path) -> Path:
    return tmp_path / "run"


class TestDataHash:
    def test_it_is_over_names_and_sums_of_all_files_of_clips(self, data):
        digest = hashlib.blake2b(digest_size=16)
        names = ["captured/test-0", "captured/test-1", "synthetic/test-0"]
        for name in names:
            content = (data / f"data/{name}.parquet").read_bytes()
            digest.update(f"data/{name}.parquet {hashlib.sha256(content).hexdigest()}\n".encode())
        assert dataset_digest(data) == digest.hexdigest()

    @pytest.mark.parametrize("change", ["content", "name", "more", "fewer"])
    def test_any_change_of_the_clips_changes_it(self, data, change):
        before, file = dataset_digest(data), data / "data/captured/test-0.parquet"
        if change == "content":
            file.write_bytes(b"abe")
        elif change == "name":
            file.rename(file.with_name("test-2.parquet"))
        elif change == "more":
            file.with_name("test-2.parquet").write_bytes(b"")
        else:
            file.unlink()
        assert dataset_digest(data) != before

    def test_other_files_and_the_place_do_not_matter(self, data, tmp_path):
        before = dataset_digest(data)
        (data / "README.md").write_text("words")
        (data / "data/captured/notes.txt").write_text("words")
        moved = data.rename(tmp_path / "elsewhere")
        assert dataset_digest(moved) == before

    def test_sums_of_the_manifest_stand_for_those_of_the_files(self, data):
        before = dataset_digest(data)
        sums = {
            f.relative_to(data).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
            for f in data.rglob("*.parquet")
        }
        lines = [
            {"specaug": "manifest"},
            *({"file": name, "sha256": digest} for name, digest in sums.items()),
        ]
        (data / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
        assert dataset_digest(data) == before
        (data / "data/captured/test-0.parquet").write_bytes(b"not read")
        assert dataset_digest(data) == before
        lines[1]["sha256"] = "0" * 64
        (data / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
        assert dataset_digest(data) != before

    def test_a_file_that_the_manifest_leaves_out_is_read(self, data):
        before = dataset_digest(data)
        (data / "manifest.jsonl").write_text('{"file": "README.md", "sha256": "0"}\n')
        assert dataset_digest(data) == before


class TestOpenRun:
    def test_a_new_run_is_written_and_the_same_one_is_gone_on_with(self, data, run):
        assert open_run(run, data, CONFIG_OF_RUN) is False
        assert open_run(run, data, CONFIG_OF_RUN) is True
        config, about = read_run(run)
        assert config == CONFIG_OF_RUN
        assert about == {"digest": dataset_digest(data), "name": "data"}
        assert read_progress(run) == Progress(0, CONFIG_OF_RUN.epochs)
        assert read_seen(run) == []

    def test_the_record_is_written_last_so_that_a_killed_start_is_no_run(self, data, run, monkeypatch):
        def killed(path, *_, **__):
            raise KeyboardInterrupt(path.name)

        for at, name in (
            (run_folder.write_seen, "write_seen"),
            (run_folder.write_progress, "write_progress"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(run_folder, name, killed)
                with pytest.raises(KeyboardInterrupt):
                    open_run(run, data, CONFIG_OF_RUN)
            assert at is getattr(run_folder, name)
            assert not (run / CONFIG).exists()
        assert open_run(run, data, CONFIG_OF_RUN) is False
        assert all((run / name).is_file() for name in (SEEN, PROGRESS, CONFIG))

    @pytest.mark.parametrize(
        "change", [{"workers": 3}, {"device": "cpu"}, {"threads": 2}, {"checkpoint_batches": 1}]
    )
    def test_how_it_is_computed_may_change(self, data, run, change):
        open_run(run, data, CONFIG_OF_RUN)
        assert open_run(run, data, dataclasses.replace(CONFIG_OF_RUN, **change)) is True

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"seed": 6}, "seed 5, not 6"),
            ({"labels": ("attack",)}, r"labels \['bonafide', 'attack'\], not \['attack'\]"),
            ({"recipe": "fda"}, "recipe None, not 'fda'"),
            ({"width": 3, "frames": 4}, "frames 2, not 4, width 2, not 3"),
        ],
    )
    def test_another_setting_is_refused_with_both_values(self, data, run, change, told):
        open_run(run, data, CONFIG_OF_RUN)
        before = (run / CONFIG).read_bytes()
        with pytest.raises(
            PlanMismatchError, match=rf"^run: holds a run with {told}: choose another folder$"
        ):
            open_run(run, data, dataclasses.replace(CONFIG_OF_RUN, **change))
        assert (run / CONFIG).read_bytes() == before

    def test_data_may_be_called_otherwise_but_not_be_others(self, data, run, tmp_path):
        open_run(run, data, CONFIG_OF_RUN)
        moved = data.rename(tmp_path / "renamed")
        assert open_run(run, moved, CONFIG_OF_RUN) is True
        (moved / "data/captured/test-0.parquet").write_bytes(b"other")
        told = r"^run: holds a run with data 'data' \(digest [0-9a-f]{32}\), not 'renamed' \(digest [0-9a-f]{32}\): "
        with pytest.raises(PlanMismatchError, match=told):
            open_run(run, moved, CONFIG_OF_RUN)

    def test_a_setting_that_an_older_run_did_not_have_is_another_one(self, data, run):
        open_run(run, data, CONFIG_OF_RUN)
        held = json.loads((run / CONFIG).read_text())
        del held["config"]["amp"]
        (run / CONFIG).write_text(json.dumps(held))
        with pytest.raises(PlanMismatchError, match=r"amp None, not False"):
            open_run(run, data, CONFIG_OF_RUN)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"config": {}}',
        '{"config": {"lr": 1}, "data": {}}',
        '{"config": {"width": 0}, "data": {}}',
    ],
)
def test_what_is_no_run_is_told_with_its_path(run, text):
    run.mkdir()
    if text is not None:
        (run / CONFIG).write_text(text)
    with pytest.raises(
        ArgumentError, match=r"^run: expected a folder that specaug train made, got '.*/run' \("
    ):
        read_run(run)


def test_versions_are_those_of_the_packages_that_are_there():
    found = versions()
    assert (found["specaug"], found["torch"], found["numpy"]) == (
        __version__,
        torch.__version__,
        np.__version__,
    )
    assert None not in found.values()


class TestProgress:
    @pytest.mark.parametrize(
        ("progress", "finished"),
        [
            (Progress(0, 1), False),
            (Progress(7, 8), False),
            (Progress(8, 8), True),
            (Progress(5, 8, stopped_early=True), True),
        ],
    )
    def test_a_run_is_finished_after_its_last_epoch_or_where_it_stopped_early(self, run, progress, finished):
        write_progress(run, progress)
        assert read_progress(run) == progress
        assert progress.finished is finished
        held = json.loads((run / PROGRESS).read_text())
        assert (held["epochs_done"], held["epochs"]) == (progress.epochs_done, progress.epochs)

    def test_who_stopped_early_may_be_left_out(self, run):
        run.mkdir()
        (run / PROGRESS).write_text('{"epochs_done": 2, "epochs": 8}')
        assert read_progress(run) == Progress(2, 8)

    @pytest.mark.parametrize("text", [None, "", "[]", "7", "{}", '{"epochs_done": "x", "epochs": 3}'])
    def test_what_is_no_progress_is_named(self, run, text):
        run.mkdir()
        if text is not None:
            (run / PROGRESS).write_text(text)
        with pytest.raises(
            SpecaugError, match=r"^run/progress\.json: expected epochs_done and epochs of the run"
        ):
            read_progress(run)


class TestCheckpoints:
    def test_tensors_and_plain_values_come_back(self, run):
        state = {
            "model": {"w": torch.arange(3.0)},
            "epoch": 4,
            "history": [{"loss": 0.5}],
            "names": ["a", None],
        }
        save_checkpoint(run, BEST, state)
        found = load_checkpoint(run, BEST)
        assert torch.equal(found["model"].pop("w"), state["model"].pop("w"))
        assert found == state
        assert [path.name for path in (run / BEST).parent.iterdir()] == ["best.pt"]

    def test_a_missing_one_says_what_to_do(self, run):
        with pytest.raises(
            SpecaugError,
            match=r"^run/checkpoints/best.pt: expected a checkpoint, there is none: train first$",
        ):
            load_checkpoint(run, BEST)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint", b"\x80\x02}q\x00."])
    def test_a_damaged_one_is_named(self, run, content):
        (run / BEST).parent.mkdir(parents=True)
        (run / BEST).write_bytes(content)
        with pytest.raises(
            SpecaugError, match=r"^run/checkpoints/best\.pt: (cannot be read as|expected) a checkpoint"
        ):
            load_checkpoint(run, BEST)

    def test_half_of_one_is_damaged(self, run):
        save_checkpoint(run, BEST, {"model": {"w": torch.zeros(1000)}})
        content = (run / BEST).read_bytes()
        (run / BEST).write_bytes(content[: len(content) // 2])
        with pytest.raises(SpecaugError, match="damaged"):
            load_checkpoint(run, BEST)


class TestNetwork:
    def save(self, run, **changes):
        torch.manual_seed(1)
        network = TwoStreamNet(**CONFIG_OF_RUN.architecture())
        state = {
            "architecture": CONFIG_OF_RUN.architecture(),
            "model": network.state_dict(),
            "epoch": 0,
            **changes,
        }
        save_checkpoint(run, BEST, state)
        return network

    def test_it_is_the_one_that_was_saved_and_judges(self, run):
        saved, found = self.save(run), network_of(run, CONFIG_OF_RUN)
        assert not found.training
        assert all(map(torch.equal, saved.state_dict().values(), found.state_dict().values()))

    @pytest.mark.parametrize("change", [{"streams": "color"}, {"hsv": False}, {"frames": 4}])
    def test_another_architecture_than_the_settings_say_is_refused(self, run, change):
        self.save(run)
        with pytest.raises(
            SpecaugError, match=r"^run/checkpoints/best.pt: expected a network with .*, got one with "
        ):
            network_of(run, dataclasses.replace(CONFIG_OF_RUN, **change))

    @pytest.mark.parametrize(
        "change", [{"model": {}}, {"model": None}, {"model": {"classifier.bias": torch.zeros(3)}}]
    )
    def test_weights_that_do_not_fit_are_refused(self, run, change):
        self.save(run, **change)
        with pytest.raises(SpecaugError, match=r"^run/checkpoints/best.pt: holds another network than "):
            network_of(run, CONFIG_OF_RUN)
