"""The threshold of a run: that of the equal error rate on dev, as `specaug evaluate` takes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from specaug.attribution.explanation import Threshold
from specaug.attribution.probe import Probe
from specaug.attribution.sampled_clips import ClipSample, sample_clips
from specaug.errors import SpecaugError
from specaug.metrics import eer, video_scores
from specaug.shards.tables import read_columns
from specaug.training.train_config import TrainConfig
from specaug.training.trained_model import scorer_of

RULE = "equal error rate on dev"
_CHECKED = 4
"""Clips whose stored score is computed again: the scores of another checkpoint differ in all of them."""
_ROUNDING = 1e-3
"""Of a logit: what another batch size or another device moves it by at most."""


def run_threshold(run: Path, out: Path | str, config: TrainConfig, probe: Probe) -> Threshold:
    """The threshold that `specaug evaluate` judges videos of this run at.

    Scores that `evaluate` wrote into the run are used if they are of these dev clips and of this checkpoint, which a
    few clips tell; else all dev clips are scored.

    Raises
    ------
    ArgumentError
        OUT has no dev clips, or only those of one class.
    """
    stored = _stored(run, out, probe)
    if stored is not None:
        return _of(*stored)
    dev = scorer_of(run, config)(out, "dev")  # type: ignore[arg-type]  # it loads from addresses, too
    return _of(dev.scores, dev.labels, dev.columns["source_id"])


def dev_threshold(probe: Probe, out: Path | str, *, batch_size: int) -> Threshold:
    """That of any network, from all dev clips."""
    dev = sample_clips(out, "dev", clips=None, seed=0)
    return _of(_scores(probe, dev, batch_size), dev.labels, dev.keys["source_id"])


def _stored(run: Path, out: Path | str, probe: Probe) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Scores, labels and sources of the dev clips, where they are there and still true."""
    path = run / "scores/dev.parquet"
    if not path.is_file():
        return None
    try:
        columns = read_columns(path)
        dev = sample_clips(out, "dev", clips=None, seed=0)
        scores = dict(zip(columns["clip_id"].tolist(), columns["score"].tolist(), strict=True))
    except (SpecaugError, KeyError):
        return None  # it can be computed again
    if set(scores) != set(dev.keys["clip_id"].tolist()):
        return None
    few = dev.first(_CHECKED)
    wanted = np.array([scores[clip] for clip in few.keys["clip_id"]])
    if not np.allclose(_scores(probe, few, _CHECKED), wanted, atol=_ROUNDING, rtol=_ROUNDING):
        return None
    return np.array([scores[clip] for clip in dev.keys["clip_id"]]), dev.labels, dev.keys["source_id"]


def _scores(probe: Probe, sample: ClipSample, batch_size: int) -> np.ndarray:
    scores = np.empty(len(sample))
    with torch.inference_mode():
        for part, frames in sample.batches(probe.frames, batch_size):
            scores[part] = probe.score(frames).numpy()
    return scores


def _of(scores: np.ndarray, labels: np.ndarray, source: np.ndarray) -> Threshold:
    values, first = video_scores(scores, source)
    return Threshold(eer(values, labels[first])[1], RULE)
