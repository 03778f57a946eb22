"""The baseline: a linear rule on radial and temporal spectra, fitted in seconds, in a run folder of the usual kind."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from specaug.errors import ArgumentError, SpecaugError
from specaug.metrics import eer
from specaug.parsing import parse_json
from specaug.records import Split
from specaug.shards import write_json
from specaug.training.balanced_loss import balanced_loss
from specaug.training.callbacks import Callbacks
from specaug.training.data_checks import check_classes, check_dev, gaps_of
from specaug.training.linear_rule import LinearRule, choose_rule
from specaug.training.radial_features import BINS, KINDS, QUANTILE, SECTOR, clip_features, feature_count
from specaug.training.run_folder import Progress, open_run, write_progress
from specaug.training.scoring import Scores, judged_clips, middle_of, scored_clips, training_clips
from specaug.training.torch_setup import numerics
from specaug.training.train_config import TrainConfig
from specaug.training.train_report import TrainReport

RULE = "checkpoints/rule.json"
_ARRAYS = ("mean", "deviation", "weights")
_NUMBERS = ("bias", "penalty")


def train_radial(out: Path, run: Path, config: TrainConfig, callbacks: Callbacks) -> TrainReport:
    """Fit the baseline, or take the one that the run holds.

    Raises
    ------
    ArgumentError, PlanMismatchError, SpecaugError
        As :func:`specaug.training.train`; and the first where several processes train.
    """
    group = int(os.environ.get("WORLD_SIZE", 1))
    if group > 1:
        raise ArgumentError(
            f"model: expected 'two-stream' for {group} processes, got 'radial', which one process fits in seconds: run"
            " it without torchrun"
        )
    with numerics(config):
        check_dev(out)
        clips = training_clips(out, config)
        check_classes(clips, out, config)
        open_run(run, out, config)
        dev = _features_of(judged_clips(out, "dev", config), config)
        fitted_before = (run / RULE).is_file()
        if fitted_before:
            rule = load_rule(run, config)
        else:
            batches = DataLoader(clips, batch_size=None, num_workers=config.workers)
            rule = choose_rule(_features_of(batches, config), dev)
            save_rule(run, rule, config)
    write_progress(run, Progress(1, config.planned_epochs))
    scores = rule.scores(dev[0])
    figures = {"dev_loss": balanced_loss(scores, dev[1]), "dev_eer": eer(scores, dev[1])[0]}
    if not fitted_before:
        callbacks.tell(0, 1, figures)
    return TrainReport(
        run=run,
        epochs=1,
        best_epoch=0,
        **figures,
        stopped_early=False,
        warnings=gaps_of(out),
        model="radial",
    )


def score_radial(rule: LinearRule, out: Path, split: Split, config: TrainConfig) -> Scores:
    """Scores of all captured clips of a split."""
    return scored_clips(out, split, config, lambda batch: rule.scores(_batch_features(batch, config)))


def _batch_features(batch: Mapping[str, Any], config: TrainConfig) -> np.ndarray:
    return clip_features(middle_of(batch["rgb"], config.pixels).numpy(), window=config.window)


def _features_of(batches: Iterable[Mapping[str, Any]], config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of all clips."""
    features, labels = [], []
    for batch in batches:
        features.append(_batch_features(batch, config))
        labels.append(batch["label"].numpy())
    return np.concatenate(features), np.concatenate(labels)


def _fitted_to(config: TrainConfig) -> dict[str, Any]:
    """What the features of a rule are; another release may have others."""
    return {
        "model": "radial",
        "frames": config.frames,
        "pixels": config.pixels,
        "window": config.window,
        "kinds": list(KINDS),
        "bins": BINS,
        "quantile": QUANTILE,
        "sector": SECTOR,
    }


def save_rule(run: Path, rule: LinearRule, config: TrainConfig) -> None:
    """Write a rule as plain numbers."""
    numbers = {name: getattr(rule, name) for name in _NUMBERS}
    arrays = {name: getattr(rule, name).tolist() for name in _ARRAYS}
    write_json(run / RULE, {"features": _fitted_to(config), **numbers, **arrays}, out=run)


def load_rule(run: Path, config: TrainConfig) -> LinearRule:
    """Read what :func:`save_rule` wrote.

    Raises
    ------
    SpecaugError
        The file is missing, damaged, or of other features than the settings say.
    """
    name = f"{run.name}/{RULE}"
    try:
        values = dict(parse_json((run / RULE).read_bytes()))
    except FileNotFoundError:
        raise SpecaugError(f"{name}: expected a rule, there is none: train first") from None
    except (OSError, ValueError, TypeError) as error:
        raise SpecaugError(f"{name}: cannot be read as a rule: it is damaged ({error})") from error
    found, wanted = values.get("features"), _fitted_to(config)
    if found != wanted:
        raise SpecaugError(
            f"{name}: expected a rule on features {wanted}, got one on {found!r:.300}: train again"
        )
    try:
        fields: dict[str, Any] = {key: np.array(values[key], np.float64) for key in _ARRAYS}
        fields |= {key: float(values[key]) for key in _NUMBERS}
        rule = LinearRule(**fields)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise SpecaugError(f"{name}: holds no rule ({error!r}): train again") from error
    _check_numbers(name, rule, feature_count())
    return rule


def _check_numbers(name: str, rule: LinearRule, n: int) -> None:
    arrays = (rule.mean, rule.deviation, rule.weights)
    finite = all(np.isfinite(values).all() for values in arrays) and math.isfinite(rule.bias)
    if any(values.shape != (n,) for values in arrays) or not finite or rule.deviation.min() <= 0:
        shapes = ", ".join(str(values.shape) for values in arrays)
        raise SpecaugError(
            f"{name}: expected {n} finite numbers for each of mean, deviation (above 0) and weights, got other numbers"
            f" or shapes {shapes}: train again"
        )
