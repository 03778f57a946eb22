"""``specaug export``: the graph is the run, the file is the graph, and what cannot be exported is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from specaug.errors import ArgumentError, MissingDependencyError, SpecaugError
from specaug.loader import compute_views, load
from specaug.model import TwoStreamNet
from specaug.shards.tables import read_columns
from specaug.training import TrainConfig, evaluate, export, train
from specaug.training.crop_record import crop_record, read_crop_record
from specaug.training.export_graph import FramesToLogit
from specaug.training.run_folder import CONFIG, METRICS, PROGRESS
from specaug.training.scoring import middle_of
from specaug_cli.main import EXIT_CODES, cli

TOLERANCE = 1e-4
"""Of a logit, in float32."""


@pytest.fixture(scope="module")
def runtime():
    """onnxruntime, where all packages of the extra are there."""
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason=f"{name} is an optional dependency (specaug[onnx])")
    return pytest.importorskip("onnxruntime", reason="onnxruntime is an optional dependency (specaug[onnx])")


@pytest.fixture(scope="module")
def judged(run, out, tmp_path_factory):
    """A run with a threshold."""
    folder = shutil.copytree(run, tmp_path_factory.mktemp("judged") / "run")
    evaluate(folder, out, resamples=20)
    return folder


@pytest.fixture(scope="module")
def exported(runtime, judged, tmp_path_factory):
    """The report of an export; its file is there."""
    return export(judged, tmp_path_factory.mktemp("export") / "model.onnx")


def test_a_threshold_of_other_data_is_left_out(runtime, judged, tmp_path):
    folder = shutil.copytree(judged, tmp_path / "run")
    figures = json.loads((folder / METRICS).read_text())
    (folder / METRICS).write_text(json.dumps({**figures, "thresholds_from": "another"}))
    report = export(folder, tmp_path / "model.onnx")
    assert report.metadata["threshold"] is None
    assert any("from other data than the run was trained on" in note for note in report.notes)


def crops(shape: tuple[int, int], *, clips: int = 2, frames: int = 2) -> torch.Tensor:
    """Noise on smooth shading, of another color in each clip; the last clip is flat and grey."""
    rng = np.random.default_rng(5)
    shade = np.linspace(0, 60, shape[0])[:, None, None] + np.linspace(0, 30, shape[1])[:, None]
    color = rng.uniform(20, 160, (clips, 1, 1, 1, 3))
    noisy = color + shade + rng.normal(0, 4, (clips, frames, *shape, 3))
    noisy[-1] = 128
    return torch.from_numpy(np.clip(noisy, 0, 255).astype(np.uint8))


class TestGraph:
    """Without any package of ONNX."""

    @pytest.mark.parametrize("window", ["hann", None])
    @pytest.mark.parametrize(("shape", "pixels"), [((33, 32), None), ((40, 36), 17), ((36, 41), 24)])
    def test_it_is_views_and_network(self, shape, pixels, window):
        torch.manual_seed(1)
        network = TwoStreamNet(frames=2, width=4).eval()
        graph = FramesToLogit(network, shape=shape, pixels=pixels, window=window).eval()
        frames = crops(shape)
        views = compute_views(middle_of(frames, pixels), network.views, window=window)
        with torch.no_grad():
            assert torch.allclose(graph(frames), network(**views), atol=TOLERANCE, rtol=0)

    @pytest.mark.parametrize("window", ["hann", None])
    def test_its_spectrum_is_the_spectrum(self, window):
        """Bin by bin: a shift, a mirrored axis or another window would move whole rows."""
        graph = FramesToLogit(TwoStreamNet(2, 4), shape=(24, 31), pixels=None, window=window)
        frames = crops((24, 31))[:1]
        with torch.no_grad():
            found = graph.spectrum(frames / 255)
        expected = compute_views(frames, ("spectrum",), window=window)["spectrum"]
        assert torch.allclose(found, expected, atol=2e-3)  # the logarithm magnifies rounding where nothing is
        assert (found - expected).abs().mean() < 1e-5

    @pytest.mark.parametrize(("streams", "hsv"), [("color", False), ("color", True), ("spectrum", True)])
    def test_it_computes_the_views_of_the_streams(self, streams, hsv):
        network = TwoStreamNet(2, 4, streams=streams, hsv=hsv).eval()
        graph = FramesToLogit(network, shape=(32, 32), pixels=None, window="hann").eval()
        frames = crops((32, 32))
        with torch.no_grad():
            expected = network(**compute_views(frames, network.views))
            assert torch.allclose(graph(frames), expected, atol=TOLERANCE, rtol=0)


class TestCropRecord:
    """What ``config.json`` of a run says of its crops."""

    def test_it_is_the_shape_and_the_settings_that_cut_them(self, out, tmp_path):
        assert crop_record(out) == {"height": 32, "width": 32, "build": {}}
        copy = shutil.copytree(out, tmp_path / "out")
        settings = {"size": 32, "margin": 1.3, "align": "clip", "seed": 4, "layout": "folders"}
        (copy / "manifest.jsonl").write_text(json.dumps({"settings": settings}) + "\n")
        assert crop_record(copy)["build"] == {"size": 32, "margin": 1.3, "align": "clip"}

    def test_without_clips_there_is_none(self, tmp_path):
        assert crop_record(tmp_path) == {}

    def test_a_run_keeps_it(self, run):
        assert read_crop_record(run, CONFIG) == {"height": 32, "width": 32, "build": {}}


class TestFile:
    def test_it_gives_the_scores_of_the_run(self, runtime, exported, judged, out):
        """Clips as the loader gives them, any number at a time."""
        session = runtime.InferenceSession(exported.path)
        scores = read_columns(judged / "scores/dev.parquet")
        by_clip = dict(zip(scores["clip_id"].tolist(), scores["score"].tolist(), strict=True))
        for size in (1, 7):
            for batch in load(out, split="dev", frames=2, batch_size=size, as_="numpy"):
                (logits,) = session.run(None, {"frames": batch["rgb"]})
                expected = [by_clip[clip] for clip in batch["clip_id"]]
                np.testing.assert_allclose(logits, expected, atol=TOLERANCE, rtol=0)

    def test_it_says_what_it_takes_and_gives(self, runtime, exported):
        session = runtime.InferenceSession(exported.path)
        (given,), (made,) = session.get_inputs(), session.get_outputs()
        assert (given.name, given.type, given.shape) == ("frames", "tensor(uint8)", ["batch", 2, 32, 32, 3])
        assert (made.name, made.type, made.shape) == ("logit", "tensor(float)", ["batch"])

    def test_its_metadata_hold_the_threshold_and_how_it_was_trained(self, runtime, exported, judged):
        held = runtime.InferenceSession(exported.path).get_modelmeta().custom_metadata_map
        values = {name: json.loads(text) for name, text in held.items()}
        assert values == exported.metadata
        assert values["threshold"] == json.loads((judged / METRICS).read_text())["threshold"]
        assert values["views"] == ["rgb", "hsv", "spectrum"]
        assert (values["frames"], values["height"], values["width"], values["window"]) == (2, 32, 32, "hann")
        assert (values["threshold_level"], values["recipe"], values["pixels"]) == ("video", None, None)

    def test_it_was_checked(self, exported):
        assert 0 <= exported.difference < TOLERANCE

    def test_a_user_reads_nothing_of_the_exporter(self, runtime, judged, tmp_path):
        """In a process of its own, whose loggers write to stderr."""
        words = [sys.executable, "-W", "error", "-m", "specaug", "export", judged, "-o", tmp_path / "m.onnx"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert done.stdout.startswith("input frames: uint8 (batch, 2, 32, 32, 3), RGB crops")
        assert f"m.onnx: {(tmp_path / 'm.onnx').stat().st_size:,} bytes" in done.stdout

    def test_it_holds_no_path_of_this_machine(self, exported):
        content = exported.path.read_bytes()
        assert b"site-packages" not in content
        assert b"specaug/training" not in content

    def test_the_command_tells_it(self, exported, monkeypatch):
        monkeypatch.setattr("specaug.export", lambda run, output: exported)
        words = ["export", "run", "-o", str(exported.path)]
        said = CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False).stdout
        assert "input frames: uint8 (batch, 2, 32, 32, 3), RGB crops" in said
        assert f"threshold: {exported.metadata['threshold']:.6g}; attack from here on" in said
        assert "note: how crops have to be cut is not known" in said  # these shards have no manifest
        as_json = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False, standalone_mode=False)
        assert json.loads(as_json.stdout) == exported.to_dict()

    def test_of_a_run_that_cuts_the_middle_and_was_judged_before_its_end(
        self, runtime, judged, out, tmp_path
    ):
        config = TrainConfig(frames=1, pixels=16, width=4, epochs=1, streams="color", hsv=False)
        train(out, tmp_path / "run", config)
        values = json.loads((judged / METRICS).read_text())
        early = [{"kind": "unfinished_run", "detail": "…", "count": 1}]
        (tmp_path / "run" / METRICS).write_text(json.dumps({**values, "warnings": early}))
        exported = export(tmp_path / "run", tmp_path / "m.onnx")
        assert exported.metadata["threshold"] is None
        assert any("run `specaug evaluate run OUT`" in note for note in exported.notes)
        session = runtime.InferenceSession(exported.path)
        assert session.get_inputs()[0].shape == ["batch", 1, 32, 32, 3]
        frames = crops((32, 32), frames=1).numpy()
        changed = frames.copy()
        changed[:, :, :8] = 0  # outside of the middle
        one, other = (session.run(None, {"frames": clips})[0] for clips in (frames, changed))
        np.testing.assert_array_equal(one, other)


class TestRefusals:
    """Before any package of ONNX is asked for, except where one is what is missing."""

    def refused(self, run, output, match, kind=ArgumentError):
        with pytest.raises(kind, match=match) as caught:
            export(run, output)
        assert not output.is_file()
        return next(code for known, code in EXIT_CODES if isinstance(caught.value, known))

    def test_an_unfinished_run(self, run, tmp_path):
        folder = shutil.copytree(run, tmp_path / "half")
        (folder / PROGRESS).write_text('{"epochs_done": 1, "epochs": 3}')
        told = r"run: expected a finished run, got 'half', which has trained 1 of 3 epochs: finish it with `specaug t"
        assert self.refused(folder, tmp_path / "m.onnx", told) == 2

    def test_a_rule(self, out, tmp_path):
        train(out, tmp_path / "rule", TrainConfig(model="radial", frames=2))
        told = r"expected a run of the model 'two-stream', got 'rule' of the model 'radial', a linear rule"
        assert self.refused(tmp_path / "rule", tmp_path / "m.onnx", told) == 2

    def test_no_run(self, tmp_path):
        told = "run: expected a folder that specaug train made"
        assert self.refused(tmp_path, tmp_path / "m.onnx", told) == 2

    def test_a_folder_that_is_not_there(self, run, tmp_path):
        told = "output: expected a file in a folder that exists, got '.*none/m.onnx'"
        assert self.refused(run, tmp_path / "none/m.onnx", told) == 2
        with pytest.raises(ArgumentError, match="output: expected a file in a folder that exists"):
            export(run, tmp_path)

    @pytest.mark.parametrize("name", ["onnx", "onnxscript"])
    def test_a_package_that_is_missing(self, run, tmp_path, monkeypatch, name):
        monkeypatch.setitem(sys.modules, name, None)
        alone = rf"export needs {name}: in specaug's checkout, pip install '\.\[onnx\]'"
        told = f"{alone}|export needs onnx and onnxscript"
        assert self.refused(run, tmp_path / "m.onnx", told, MissingDependencyError) == 2

    def test_a_run_that_does_not_say_its_crops(self, runtime, run, tmp_path):
        folder = shutil.copytree(run, tmp_path / "old")
        values = json.loads((folder / CONFIG).read_text())
        del values["crops"]
        (folder / CONFIG).write_text(json.dumps(values))
        told = r"old/config.json: expected the shape of the crops .* train again into another folder"
        assert self.refused(folder, tmp_path / "m.onnx", told, SpecaugError) == 1
