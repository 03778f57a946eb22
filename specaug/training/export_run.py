"""Export the network of a finished run as ONNX, and check the file against the run."""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from specaug import __version__
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError, MissingDependencyError, SpecaugError
from specaug.install_hint import install_hint
from specaug.loader import compute_views
from specaug.model import TwoStreamNet
from specaug.parsing import parse_json
from specaug.shards.atomic_files import disk_space_errors
from specaug.training.crop_record import read_crop_record
from specaug.training.export_graph import FramesToLogit
from specaug.training.run_folder import CONFIG, METRICS, network_of, read_progress, read_run, run_recipe
from specaug.training.scoring import middle_of
from specaug.training.train_config import TrainConfig

INPUT, OUTPUT = "frames", "logit"
_OPSET = 18  # the oldest that torch's exporter writes without a conversion
_TOLERANCE = 1e-4
"""Of a logit. Float32 in another order of summation moves it by about 1e-6; another graph moves it by far more."""
_CHECKED = 3
"""Clips in the check: neither 1 nor the 2 of the export, so that a batch axis that was fixed is found."""


@dataclass(frozen=True)
class ExportReport:
    """What was exported."""

    path: Path
    metadata: dict[str, Any]
    """What the file says of itself, as plain JSON values; in the file each value is JSON text."""
    difference: float | None
    """Largest difference of a logit between onnxruntime and torch; None where onnxruntime is not installed."""
    notes: tuple[str, ...]
    """What has to be known beside it, in whole sentences."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "model": str(self.path),
            "metadata": self.metadata,
            "difference": self.difference,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        known = self.metadata
        threshold, rule = known["threshold"], known["threshold_rule"]
        lines = [
            f"input {INPUT}: {known['input']}",
            f"output {OUTPUT}: {known['output']}",
            "threshold: not known" if threshold is None else f"threshold: {threshold:.6g}; {rule}",
        ]
        if self.difference is not None:
            lines.append(f"checked: onnxruntime differs from torch by {self.difference:.1g} at most")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def export(run: Path | str, output: Path | str = "model.onnx") -> ExportReport:
    """Write the best network of a finished run as ONNX: from uint8 frames to the logit.

    Views are computed inside the graph, so that whoever deploys it passes crops as they are. The file says in its
    metadata how the crops have to be cut and which threshold was set on dev.

    Parameters
    ----------
    run : path
        A folder that :func:`specaug.train` made, with the model ``two-stream``.
    output : path
        The file to write. Its input ``frames`` is (batch, T, H, W, 3) uint8 RGB, its output ``logit`` (batch,)
        float32: higher = more likely an attack. The batch is free, all other sizes are fixed.

    Returns
    -------
    ExportReport

    Raises
    ------
    ArgumentError
        `run` is no run, is not finished, or is a rule and no network; the folder of `output` does not exist.
    MissingDependencyError
        The packages onnx and onnxscript are not installed.
    SpecaugError
        The checkpoint is damaged, or the exported file gives other logits than the run.
    """
    check_arguments(export, run=run, output=output)
    run, output = Path(run), Path(output)
    config, data = read_run(run)
    _check_finished(run, config)
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise ArgumentError(f"output: expected a file in a folder that exists, got {str(output)!r}")
    _check_packages()
    crops = read_crop_record(run, CONFIG)
    shape = crops["height"], crops["width"]
    network = network_of(run, config)
    graph = FramesToLogit(network, shape=shape, pixels=config.pixels, window=config.window).eval()
    metadata, notes = _metadata(run, config, data, crops, network)
    model = _exported(graph, (config.frames, *shape, 3), metadata)
    difference = _difference(model, network, config, (config.frames, *shape, 3))
    if difference is None:
        notes.append(f"the file was not checked, which needs onnxruntime: {install_hint('onnx')}")
    elif not difference <= _TOLERANCE:
        raise SpecaugError(
            f"{output.name}: expected logits within {_TOLERANCE:g} of the run's, got a difference of {difference:g}:"
            " another version of torch or onnxruntime may do; nothing was written"
        )
    _write(output, model)
    return ExportReport(output, metadata, difference, tuple(notes))


def _write(output: Path, model: bytes) -> None:
    try:
        with disk_space_errors():
            output.write_bytes(model)
    except OSError as error:
        raise ArgumentError(f"output: cannot be written: {error.strerror}: {str(output)!r}") from error


def _check_finished(run: Path, config: TrainConfig) -> None:
    if config.model == "radial":
        raise ArgumentError(
            f"run: expected a run of the model 'two-stream', got {run.name!r} of the model 'radial', a linear rule on"
            " spectra that is there to be beaten, not deployed: train a network with --model two-stream"
        )
    progress = read_progress(run)
    if not progress.finished:
        raise ArgumentError(
            f"run: expected a finished run, got {run.name!r}, which has trained {progress.epochs_done} of"
            f" {progress.epochs} epochs: finish it with `specaug train OUT -o {run.name}`"
        )


def _check_packages() -> None:
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(f"export needs {' and '.join(missing)}: {install_hint('onnx')}")


def _metadata(
    run: Path, config: TrainConfig, data: dict[str, Any], crops: dict[str, Any], network: TwoStreamNet
) -> tuple[dict[str, Any], list[str]]:
    """What the file says of itself, and what is missing there."""
    threshold, level, elsewhere = _threshold(run, data)
    recipe = run_recipe(run)
    notes = []
    if elsewhere:
        notes.append(
            "the last evaluation took its threshold from other data than the run was trained on, so it is left out."
        )
    if threshold is None:
        notes.append(
            f"the threshold is not known: run `specaug evaluate {run.name} OUT`, which sets it on dev, and export"
            " again."
        )
    if not crops["build"]:
        notes.append(
            "how crops have to be cut is not known: the dataset had no manifest when the run was begun."
        )
    shape = ", ".join(map(str, (config.frames, crops["height"], crops["width"], 3)))
    metadata = {
        "specaug": __version__,
        "torch": str(torch.__version__),
        "input": f"uint8 (batch, {shape}), RGB crops, 0 to 255, {config.frames} frames in order",
        "output": "float32 (batch), higher = more likely an attack",
        "threshold": threshold,
        "threshold_rule": None if threshold is None else "attack from here on; equal error rate on dev",
        "threshold_level": level,
        "frames": config.frames,
        "height": crops["height"],
        "width": crops["width"],
        "pixels": config.pixels,
        "views": list(network.views),
        "window": config.window,
        "crops": crops["build"],
        "recipe": recipe.get("name"),
        "recipe_digest": recipe.get("digest"),
        "data": data.get("name"),
        "data_digest": data.get("digest"),
        "seed": config.seed,
    }
    return metadata, notes


def _threshold(run: Path, data: Mapping[str, Any]) -> tuple[float | None, str | None, bool]:
    """Threshold and level of the last evaluation of the run, None where it was not judged since it was finished.

    So it is where dev was that of another data set, which the third value tells.
    """
    try:
        judged = parse_json((run / METRICS).read_text())
        kinds = {notice["kind"] for notice in judged["warnings"]}
        if "unfinished_run" in kinds:  # of weights that were trained further afterwards
            return None, None, False
        if judged["thresholds_from"] != data.get("digest"):
            return None, None, True
        return float(judged["threshold"]), str(judged["level"]), False
    except FileNotFoundError:
        return None, None, False
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecaugError(
            f"{run.name}/{METRICS}: expected what specaug evaluate writes ({error!r}): run it again"
        ) from error


def _exported(graph: FramesToLogit, shape: tuple[int, ...], metadata: dict[str, Any]) -> bytes:
    """The graph as the bytes of an ONNX file."""
    import onnx

    example = torch.zeros(2, *shape, dtype=torch.uint8)  # 1 would be taken for a fixed size
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad(), _quiet_exporter():
        program = torch.onnx.export(
            graph,
            (example,),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={INPUT: {0: batch}},
            opset_version=_OPSET,
            verbose=False,
        )
    model = program.model_proto
    for node in model.graph.node:  # the exporter notes there which lines of which file it saw
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep warnings of the exporter from the user: they are of how it is made, or of packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _difference(
    model: bytes, network: TwoStreamNet, config: TrainConfig, shape: tuple[int, ...]
) -> float | None:
    """The largest difference of a logit between onnxruntime and the run as it is judged, None without onnxruntime."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    # Noise about a different level in each clip: flat images would leave the spectrum to rounding errors.
    rng = np.random.default_rng(0)
    level = rng.uniform(40, 200, (_CHECKED, *(1 for _ in shape)))
    clips = np.clip(level + rng.normal(0, 25, (_CHECKED, *shape)), 0, 255).astype(np.uint8)
    (found,) = session.run([OUTPUT], {INPUT: clips})
    with torch.no_grad():
        frames = middle_of(torch.from_numpy(clips), config.pixels)
        views = compute_views(frames, network.views, window=config.window)  # type: ignore[arg-type]  # names of views
        wanted = network(**views).numpy()
    return float(np.abs(found - wanted).max())
