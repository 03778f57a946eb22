"""Every setting of a build."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

from specaug.checked_fields import check_fields, settings_of_file
from specaug.errors import ArgumentError
from specaug.records.choices import (
    Align,
    Backend,
    DetectorName,
    Hdr,
    ImageFormat,
    Resample,
    Sampling,
    Snap,
    between,
)
from specaug.records.label_map import parse_label_map


def _run_field(default: Any) -> Any:
    """A setting that changes how a build runs and not one byte of what it writes."""
    return field(default=default, metadata={"run_only": True})


def check_shares(shares: tuple[float, ...]) -> None:
    """Refuse shares of splits that are not three percentages of a whole.

    Raises
    ------
    ArgumentError
    """
    if len(shares) != 3 or not all(0 <= share < float("inf") for share in shares) or not sum(shares):
        raise ArgumentError(f"split: expected three shares such as 70,15,15, got {_listed(shares)}")
    total = sum(shares)
    if not isclose(total, 100, abs_tol=1e-6):
        scaled = [round(100 * share / total, 2) for share in shares[:2]]
        whole = (*scaled, round(100 - sum(scaled), 2))
        raise ArgumentError(
            f"split: expected percentages that sum to 100, got {_listed(shares)}, which sum to {total:g}; "
            f"--split {_listed(whole)} would do"
        )


def _listed(shares: tuple[float, ...]) -> str:
    return ",".join(f"{share:g}" for share in shares)


@dataclass(frozen=True)
class BuildConfig:
    """Every setting of a build. The defaults are what ``specaug build-dataset`` uses."""

    layout: str = "auto"
    protocol: str | None = None
    frame_folders: bool = False
    """A folder that holds only numbered pictures is one source."""
    split: tuple[float, float, float] | None = field(
        default=None, metadata={"expected": "three shares such as 70,15,15"}
    )
    """Shares of subjects for train, dev and test where the layout gives no split."""
    dev_from_train: float | None = field(default=None, metadata={"expected": "a share between 0 and 1"})
    """Share of the subjects of train that become dev, where RAW has no dev."""
    label_map: str | None = None
    """Which number in the column ``label`` of ``sources.csv`` is which class: ``bonafide=1,attack=0``."""
    pseudonymize: str | None = _run_field(None)
    """File with a key: subjects become keyed hashes, source paths are dropped. The key's fingerprint counts."""
    follow_symlinks: bool = False
    frames: int = 8
    """Frames a clip."""
    sampling: Sampling = "uniform"
    snap: Snap = "none"
    """``keyframe``: a sampled frame gives way to the nearest keyframe that is less than half as far away as the
    nearest other sampled frame, so that long videos are decoded faster."""
    clips: int = 1
    """Clips a video."""
    size: int = 224
    """Side of a crop, px."""
    margin: float = 1.3
    """How much wider than the tight template the crop looks; 1 is tight."""
    align: Align = "clip"
    resample: Resample = "prefiltered"
    hdr: Hdr = "tonemap"
    """What becomes of PQ and HLG video: tone-mapped to SDR where crops are cut (ITU-R BT.2446-1, method C), or a
    failure ``hdr``."""
    detector: DetectorName = "centerface"
    model: str | None = _run_field(None)
    """Local model file or folder for detectors that ship none; its content counts, not its path."""
    min_face: int = 48
    """Smallest usable face: longer side of its box in source px."""
    image_format: ImageFormat = "png"
    jpeg_quality: int = 95
    seed: int = 0
    sources_per_shard: int | None = None
    synthesize: str | None = _run_field(None)
    """Recipe by which synthetic clips are added to ``train`` at the end: see :meth:`specaug.Recipe.find`."""
    jobs: int | None = _run_field(None)
    backend: Backend = field(default="loky", metadata={"run_only": True})
    """Who runs the workers: processes of this machine, a Dask cluster or a Ray cluster."""
    timeout: float = _run_field(900.0)
    """Seconds after which a source is given up."""
    max_memory: str = _run_field("4GiB")
    """What the process that works on a source may hold: a number of bytes, or one with KiB, MiB or GiB."""
    max_failures: str | int | None = _run_field(None)
    """``N`` or ``P%``; more failed sources than that make the command exit with 3."""
    shard_index: int = _run_field(0)
    shard_count: int = _run_field(1)
    mix_versions: bool = _run_field(False)
    """Accept that parts of OUT were built by other versions of the packages that decide bytes."""

    def __post_init__(self) -> None:
        check_fields(self)
        for name, low, high in (
            ("frames", 1, 500_000),
            ("clips", 1, 500_000),
            ("size", 16, 4096),
            ("margin", 0.5, 10),
            ("min_face", 1, 1 << 16),
            ("jpeg_quality", 1, 100),
            ("seed", 0, float("inf")),
            ("jobs", 1, 1 << 16),
            ("sources_per_shard", 1, 1 << 16),
            ("timeout", 1e-3, 1e9),
        ):
            between(name, getattr(self, name), low, high)
        if self.split is not None:
            check_shares(self.split)
        if self.label_map is not None:
            parse_label_map(self.label_map)
        if self.dev_from_train is not None and not 0 < self.dev_from_train < 1:
            raise ArgumentError(
                f"dev_from_train: expected a share between 0 and 1, got {self.dev_from_train!r}"
            )
        if not 0 <= self.shard_index < self.shard_count:
            raise ArgumentError(
                f"shard_index: expected 0 to shard_count - 1 = {self.shard_count - 1}, got {self.shard_index}"
            )
        self.failure_limit(0)
        self.memory_limit()

    @classmethod
    def from_toml(cls, path: str | Path, **settings: Any) -> BuildConfig:
        """Settings of a TOML file, as ``--config`` of ``specaug build-dataset`` reads it.

        Parameters
        ----------
        path : path
            Keys are fields of this class, with ``-`` or ``_``; what is left out keeps its default.
        **settings
            Fields that win over the file.

        Raises
        ------
        ArgumentError
            The file cannot be read, names a setting that there is not, or a value is of another kind.
        """
        return cls(**{**settings_of_file(cls, path), **settings})

    @property
    def part(self) -> str:
        """Name of the part that is built, empty for the whole."""
        return f"{self.shard_index}-of-{self.shard_count}" if self.shard_count > 1 else ""

    def failure_limit(self, n_sources: int) -> float:
        """How many failed sources of `n_sources` are accepted; infinite by default."""
        if self.max_failures is None:
            return float("inf")
        text = str(self.max_failures).strip()
        try:
            share = text.endswith("%")
            value = float(text.removesuffix("%"))
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ArgumentError(
                f"max_failures: expected N or P% such as 10 or 2.5%, got {self.max_failures!r}"
            )
        return value / 100 * n_sources if share else value

    def memory_limit(self) -> int:
        """`max_memory` in bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]i?B?|B)?", self.max_memory.strip(), re.IGNORECASE)
        if match is None:
            raise ArgumentError(
                f"max_memory: expected a size such as 4GiB or 1500MiB, got {self.max_memory!r}"
            )
        return int(float(match[1]) * 1024 ** " KMG".index((match[2] or "B")[0].upper().replace("B", " ")))

    def content_settings(self) -> dict[str, Any]:
        """The settings that decide what is written, as plain JSON values."""
        kept = [f.name for f in dataclasses.fields(self) if not f.metadata.get("run_only")]
        return json.loads(json.dumps({name: getattr(self, name) for name in kept}))  # type: ignore[no-any-return]
