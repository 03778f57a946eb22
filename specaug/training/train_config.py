"""Settings of a training run, and sets of them that fit a machine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from specaug.augment import Recipe
from specaug.checked_fields import check_fields, did_you_mean, record_from, settings_of_file
from specaug.errors import ArgumentError
from specaug.loader import Balance, LoadConfig
from specaug.model import Streams
from specaug.records import LABELS, Label
from specaug.shards import Origin
from specaug.spectrum.amplitude import Window

Model = Literal["two-stream", "radial"]
Device = Literal["auto", "cpu", "cuda"]
Origins = Literal[Origin, "all"]


RUN_ONLY = {"run_only": True}
"""Mark of a setting that changes how a run goes and not what comes out."""

_OF_NETWORKS = ("width", "streams", "hsv", "epochs", "patience", "learning_rate", "weight_decay", "amp")


@dataclass(frozen=True)
class TrainConfig:
    """Every setting of a run. The defaults are what ``specaug train`` uses; they are meant for a GPU."""

    model: Model = "two-stream"
    """``radial`` is a linear rule on spectra, the floor that a network has to beat: see ``docs/training.md``."""
    frames: int = 8
    """Frames a clip that the model sees, spread evenly over those of the shards."""
    pixels: int | None = None
    """Side of a central part of the crops; None: whole crops. Cutting keeps the scale, which reducing would not."""
    origin: Origins = "captured"
    """Which training clips; dev and test are always captured."""
    labels: tuple[Label, ...] = LABELS
    """Training clips of these; ``("bonafide",)`` needs a recipe that makes attacks."""
    recipe: Recipe | str | Path | None = None
    """The augmentation: see :meth:`specaug.Recipe.find`."""
    augment_share: float = 0.5
    balance: Balance | None = "label"
    bonafide_share: float = 0.5
    """Of training clips before augmentation."""
    epoch_clips: int | None = None
    """Training clips in an epoch; None: each at least once."""
    width: int = 64
    streams: Streams = "both"
    hsv: bool = True
    window: Window | None = "hann"
    epochs: int = 30
    patience: int = 8
    """Epochs without a better dev loss after which it stops."""
    batch_size: int = 16
    learning_rate: float = 1e-3
    """At the start; it falls to zero along half a cosine over all epochs."""
    weight_decay: float = 0.01
    seed: int = 0
    amp: bool = False
    """Mixed precision, on a GPU."""
    device: Device = field(default="auto", metadata=RUN_ONLY)
    workers: int = field(default=0, metadata=RUN_ONLY)
    """Processes that load; results are the same for the same number."""
    threads: int = field(default=1, metadata=RUN_ONLY)
    """Of torch on a CPU: more than the free cores make it several times slower."""
    checkpoint_batches: int = field(default=500, metadata=RUN_ONLY)
    """Batches between checkpoints within an epoch; there is one after each epoch."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("frames", "width", "epochs", "patience", "batch_size", "threads", "checkpoint_batches"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name}: expected at least 1, got {getattr(self, name)!r}")
        if self.pixels is not None and self.pixels < 8:
            raise ArgumentError(f"pixels: expected at least 8 or None, got {self.pixels!r}")
        if not 0 < self.learning_rate < 1 or self.weight_decay < 0 or self.workers < 0:
            raise ArgumentError(
                "learning_rate, weight_decay, workers: expected a rate between 0 and 1 and numbers from 0 on, "
                f"got {self.learning_rate}, {self.weight_decay}, {self.workers}"
            )
        self.loading()
        if self.model == "radial":
            self._check_radial()

    def _check_radial(self) -> None:
        """Refuse settings that a rule has no use for, rather than let them seem to matter."""
        for setting in dataclasses.fields(self):
            value = getattr(self, setting.name)
            if setting.name in _OF_NETWORKS and value != setting.default:
                raise ArgumentError(
                    f"{setting.name}: expected {setting.default!r}, for the model 'radial' has no such setting, got "
                    f"{value!r}: leave it out"
                )

    def without_network(self) -> TrainConfig:
        """The same with every setting that only a network has at its default, as the model ``radial`` needs it."""
        defaults: dict[str, Any] = {
            f.name: f.default for f in dataclasses.fields(self) if f.name in _OF_NETWORKS
        }
        return dataclasses.replace(self, **defaults)

    @property
    def planned_epochs(self) -> int:
        """Epochs at most; a rule is fitted at once."""
        return 1 if self.model == "radial" else self.epochs

    def loading(self) -> LoadConfig:
        """How training clips are loaded."""
        return LoadConfig(
            batch_size=self.batch_size,
            frames=self.frames,
            shuffle=True,
            seed=self.seed,
            labels=tuple(self.labels),
            balance=self.balance if len(self.labels) > 1 else None,
            bonafide_share=self.bonafide_share,
            epoch_clips=self.epoch_clips,
            augment_share=self.augment_share,
            window=self.window,
            even=True,
        )

    def architecture(self) -> dict[str, Any]:
        """Arguments of the network."""
        return {"frames": self.frames, "width": self.width, "streams": self.streams, "hsv": self.hsv}

    def content_settings(self) -> dict[str, Any]:
        """The settings that decide what comes out, as plain JSON values."""
        return self._plain(run_only=False)

    def run_settings(self) -> dict[str, Any]:
        """The settings that change how a run goes, as plain JSON values."""
        return self._plain(run_only=True)

    def _plain(self, *, run_only: bool) -> dict[str, Any]:
        kept = [f.name for f in dataclasses.fields(self) if bool(f.metadata.get("run_only")) == run_only]
        return {name: _as_json(getattr(self, name)) for name in kept}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """What :meth:`content_settings` gave, after a way through JSON.

        Raises
        ------
        ArgumentError
            A key is no setting, or a value is of another kind.
        """
        return record_from(cls, values, where="config")

    @classmethod
    def at_scale(cls, scale: str = "gpu", *, file: Path | str | None = None, **settings: Any) -> TrainConfig:
        """Settings that fit a machine, with some of them changed, as ``specaug train --scale`` has them.

        Parameters
        ----------
        scale : {"smoke", "cpu", "gpu"}
            ``smoke``: whether it runs. ``cpu``: some tens of clips on one core. ``gpu``: a real data set.
        file : path, optional
            TOML whose keys are fields of this class, with ``-`` or ``_``; it wins over the scale.
        **settings
            Fields that win over scale and file. For the model ``radial``, a scale has no settings of networks.

        Raises
        ------
        ArgumentError
            There is no such scale or setting, the file cannot be read, or a value is of another kind.

        Examples
        --------
        >>> TrainConfig.at_scale("cpu", seed=3).width
        16
        """
        base = SCALES[scale_of(scale)]
        given = {**(settings_of_file(cls, file) if file is not None else {}), **settings}
        if given.get("model") == "radial":  # a scale says how large a network is and how long it is trained
            base = base.without_network()
        kept = {f.name: getattr(base, f.name) for f in dataclasses.fields(cls)}
        for name in given:
            if name not in kept:
                told = f"config: expected some of {', '.join(kept)}, got {name!r}"
                raise ArgumentError(told + did_you_mean(name, kept))
        return cls(**{**kept, **given})


def _as_json(value: Any) -> Any:
    """A setting as plain JSON; a recipe is told by its name here, a run keeps its content beside the settings."""
    if isinstance(value, Recipe):
        return value.name
    return list(value) if isinstance(value, tuple) else value


SCALES: dict[str, TrainConfig] = {
    "smoke": TrainConfig(
        frames=2, pixels=96, width=8, epochs=8, patience=8, batch_size=8, learning_rate=3e-3
    ),
    "cpu": TrainConfig(
        frames=4, pixels=112, width=16, epochs=15, patience=10, batch_size=8, learning_rate=2e-3
    ),
    "gpu": TrainConfig(),
}
"""Settings by scale."""
_FORMER = {"default": "gpu"}
"""Names of scales that were in use before."""


def scale_of(name: str) -> str:
    """The name of a scale, also by the name that it had before.

    Raises
    ------
    ArgumentError
        There is none of that name.

    Examples
    --------
    >>> scale_of("default"), scale_of("cpu")
    ('gpu', 'cpu')
    """
    scale = _FORMER.get(name, name)
    if scale not in SCALES:
        raise ArgumentError(
            f"scale: expected one of {', '.join(SCALES)}, got {name!r}{did_you_mean(name, SCALES)}"
        )
    return scale
