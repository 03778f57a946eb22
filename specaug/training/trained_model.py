"""The model of a run, of whichever kind: from clips to scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specaug.records import Split
from specaug.training.radial_run import load_rule, score_radial
from specaug.training.run_folder import network_of
from specaug.training.scoring import Scores, score_split
from specaug.training.torch_setup import device_of
from specaug.training.train_config import TrainConfig

Scorer = Callable[[Path, Split], Scores]
"""Gives the scores of all captured clips of a split of a data set."""


def scorer_of(run: Path, config: TrainConfig) -> Scorer:
    """What scores clips as the model of a run does.

    Raises
    ------
    SpecaugError
        Its file is missing, damaged, or of another model than the settings say.
    """
    if config.model == "radial":
        rule = load_rule(run, config)
        return lambda out, split: score_radial(rule, out, split, config)
    device = device_of(config)
    network = network_of(run, config).to(device)
    return lambda out, split: score_split(network, out, split, config, device=device)
