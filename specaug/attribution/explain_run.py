"""Explain a run, or any network, on clips of a data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import torch
from torch import nn

from specaug.attribution.changed_logits import changed_logits
from specaug.attribution.changes import ClipChange, band_changes, stream_changes
from specaug.attribution.class_means import ClassMeans, class_means
from specaug.attribution.effects import BaseRates, base_rates, effects
from specaug.attribution.explain_config import ExplainConfig, ExplainSettings
from specaug.attribution.explanation import Explanation, Threshold
from specaug.attribution.explanation_page import write_page
from specaug.attribution.fourier_sensitivity import SensitivityMap, fourier_sensitivity
from specaug.attribution.integrated_gradients import AttributionMaps, attribution_maps
from specaug.attribution.probe import Probe, probe_of_module, probe_of_run
from specaug.attribution.run_threshold import dev_threshold, run_threshold
from specaug.attribution.sampled_clips import ClipSample, sample_clips
from specaug.errors import ArgumentError
from specaug.loader import View
from specaug.spectrum.amplitude import Window
from specaug.training.run_folder import read_progress, read_run
from specaug.training.torch_setup import numerics

ProgressCallback = Callable[[str, int, int], None]
"""Gets what is being measured, how many clips are done, and of how many."""
_FAR_OFF = 0.1
"""Share of the logit that integrated gradients may miss before that is said."""


def explain(
    run: Path | str,
    out: Path | str,
    *,
    output: Path | str | None = None,
    faces: bool = True,
    progress: ProgressCallback | None = None,
    **settings: Unpack[ExplainSettings],
) -> Explanation:
    """What a run goes by: frequency bands, directions, views, color, frames, and where its logit comes from.

    Parameters
    ----------
    run : path
        A folder that :func:`specaug.training.train` made, of either model.
    out : path
        The data set that it was trained on, or another one with the splits: its dev clips give the threshold.
    output : path, optional
        An HTML file to write, self-contained.
    faces : bool
        False leaves the mean faces of the classes out of that file.
    progress : callable, optional
        Gets what is being measured, how many clips are done, and of how many.
    **settings
        Fields of :class:`ExplainConfig`: `split`, `clips`, `parts`, `fill` and more.

    Returns
    -------
    Explanation

    Raises
    ------
    ArgumentError
        No run, a split without one of the classes, an unknown setting.
    SpecaugError
        Damaged files, a checkpoint of another architecture.
    """
    config = _config(settings)
    run = Path(run)
    trained, _ = read_run(run)
    with numerics(trained):
        probe = probe_of_run(run, trained)
        threshold = run_threshold(run, out, trained, probe)
        unfinished = not read_progress(run).finished
        notes = ["the run is not finished: what it goes by may change."] if unfinished else []
        found = _explained(probe, out, config, threshold, run.resolve().name, notes, progress)
    if output is not None:
        write_page(found, Path(output), faces=faces)
    return found


def explain_network(
    network: nn.Module,
    out: Path | str,
    *,
    views: Sequence[View] | None = None,
    frames: int | None = None,
    pixels: int | None = None,
    window: Window | None = "hann",
    threshold: float | None = None,
    output: Path | str | None = None,
    faces: bool = True,
    progress: ProgressCallback | None = None,
    **settings: Unpack[ExplainSettings],
) -> Explanation:
    """What any network goes by: as :func:`explain`, for a module that takes views by name and gives a logit a clip.

    Parameters
    ----------
    network : torch.nn.Module
        Its `forward` takes ``rgb`` (B, T, H, W, 3), ``hsv`` (B, T, H, W, 3) and ``spectrum`` (B, T, H, W), float32, as
        far as `views` names them, and gives (B,) or (B, 1). It is put into evaluation mode and stays on its device.
    out : path
        A data set.
    views, frames, pixels, window
        As :func:`specaug.attribution.probe.probe_of_module` takes them.
    threshold : float, optional
        Logit from which on a clip is taken for an attack; that of the equal error rate on all dev clips if left out.
    output, faces, progress, **settings
        As in :func:`explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    ArgumentError
        As :func:`explain`, and where it is not known what the network takes.
    """
    config = _config(settings)
    probe = probe_of_module(network, views=views, frames=frames, pixels=pixels, window=window)
    limit = (
        dev_threshold(probe, out, batch_size=config.batch_size)
        if threshold is None
        else Threshold(float(threshold), "given")
    )
    found = _explained(probe, out, config, limit, type(network).__name__, [], progress)
    if output is not None:
        write_page(found, Path(output), faces=faces)
    return found


def _config(settings: ExplainSettings) -> ExplainConfig:
    known = [field.name for field in dataclasses.fields(ExplainConfig)]
    for name in settings:
        if name not in known:
            raise ArgumentError(f"{name}: expected a setting among {', '.join(known)}, got an unknown one")
    return ExplainConfig(**settings)


def _explained(
    probe: Probe,
    out: Path | str,
    config: ExplainConfig,
    threshold: Threshold,
    name: str,
    notes: list[str],
    progress: ProgressCallback | None,
) -> Explanation:
    """The parts that are asked for, on one sample."""
    sample = sample_clips(out, config.split, clips=config.clips, seed=config.seed)
    height, width = sample.groups[0].frame_shape[:2]
    shape = (height, width) if probe.pixels is None else (probe.pixels, probe.pixels)
    with torch.inference_mode():
        means = class_means(probe, sample, batch_size=config.batch_size)
    changes = _changes(probe, shape, config)
    logits = changed_logits(
        probe,
        sample,
        changes,
        means,
        fill=config.fill,
        batch_size=config.batch_size,
        progress=_told(progress, "changes"),
    )
    base, found = _measured(logits, sample, threshold.value)
    waves, gradients = _maps(probe, sample.first(config.map_clips), means, config, progress)
    bonafide, attack = np.bincount(sample.labels, minlength=2).tolist()
    return Explanation(
        network=name,
        dataset=Path(out).name,
        config=config,
        frames=probe.frames,
        shape=shape,
        clips=(bonafide, attack),
        available=sample.available,
        subjects=len(np.unique(sample.subjects)),
        threshold=threshold,
        base=base,
        effects=tuple(zip(changes, found, strict=True)),
        faces=means.face.cpu().numpy(),
        waves=waves,
        gradients=gradients,
        notes=tuple(notes + _notes(sample, probe, config, gradients)),
    )


def _changes(probe: Probe, shape: tuple[int, int], config: ExplainConfig) -> list[ClipChange]:
    changes = band_changes(probe, shape, config.edges, config.fill) if "bands" in config.parts else []
    return changes + (stream_changes(probe) if "streams" in config.parts else [])


def _maps(
    probe: Probe, few: ClipSample, means: ClassMeans, config: ExplainConfig, progress: ProgressCallback | None
) -> tuple[SensitivityMap | None, AttributionMaps | None]:
    """What waves do, and where the logit comes from, as far as they are asked for."""
    waves = gradients = None
    if "waves" in config.parts:
        waves = fourier_sensitivity(
            probe,
            few,
            grid=config.grid,
            amplitude=config.wave,
            seed=config.seed,
            batch_size=config.batch_size,
            progress=_told(progress, "waves"),
        )
    if "gradients" in config.parts and probe.differentiable:
        # Tensors that were made for inference cannot take part in gradients.
        start = {view: value.clone() for view, value in means.bonafide_views.items()}
        gradients = attribution_maps(
            probe,
            few,
            start,
            steps=config.steps,
            batch_size=config.batch_size,
            progress=_told(progress, "gradients"),
        )
    return waves, gradients


def _told(progress: ProgressCallback | None, part: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, of: progress(part, done, of)


def _measured(logits: np.ndarray, sample: ClipSample, tau: float) -> tuple[BaseRates, list[Any]]:
    if not np.isfinite(logits).all():
        raise ArgumentError("network: expected finite logits of the clips and after every change, got others")
    what = (sample.labels, sample.keys["pai"], sample.subjects, tau)
    return base_rates(logits[0], *what), effects(logits, *what)


def _notes(
    sample: ClipSample, probe: Probe, config: ExplainConfig, gradients: AttributionMaps | None
) -> list[str]:
    """What the sample and the network leave open."""
    found = []
    if len(sample) < sample.available:
        found.append(
            f"{len(sample)} of {sample.available} {config.split} clips were changed: a sample with both classes, all "
            "species and as many subjects as there are."
        )
    unnamed = int((sample.keys["subject"] == "").sum())
    if unnamed:
        found.append(
            f"{unnamed} clips name no subject and count as people of their own: intervals may be too narrow."
        )
    if "gradients" in config.parts and not probe.differentiable:
        found.append("integrated gradients need a network: the model radial has none.")
    if gradients is not None and gradients.gap > _FAR_OFF:
        found.append(
            f"integrated gradients miss {gradients.gap:.0%} of the logit in {gradients.steps} steps: take more steps."
        )
    return found
