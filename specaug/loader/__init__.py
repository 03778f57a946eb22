"""Shards to batches for NumPy, torch and Arrow, with views and on-the-fly augmentation."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from specaug.errors import ArgumentError, MissingDependencyError
from specaug.loader.clip_stream import ClipStream
from specaug.loader.clips import ArrowClips, ClipLoader
from specaug.loader.donors import AugmentRecipe
from specaug.loader.load_config import Balance, LoadConfig
from specaug.loader.ranks import rank_and_world
from specaug.loader.views import VIEWS, View, check_views, compute_views
from specaug.records import SPLITS, Split
from specaug.shards import Origin

__all__ = [
    "VIEWS",
    "AugmentRecipe",
    "Balance",
    "ClipLoader",
    "LoadConfig",
    "View",
    "compute_views",
    "load",
]

As = Literal["torch", "numpy", "arrow"]
_DEV_TOO = ("val", "validation")


def load(
    out: Path | str,
    *,
    split: Split | Literal["val", "validation"],
    origin: Origin | Literal["all"] = "captured",
    views: Sequence[View] = ("rgb",),
    augment: AugmentRecipe | None = None,
    as_: As = "torch",
    **settings: Any,
) -> ClipLoader:
    """Batches of clips from the shards of a data set.

    Parameters
    ----------
    out : path
        A folder that ``specaug build-dataset`` made, or its address in an object store.
    split : {"train", "dev", "test"}
        ``val`` and ``validation``, as other libraries call it, mean ``dev``.
    origin : {"captured", "synthetic", "all"}
    views : sequence of {"rgb", "hsv", "spectrum"}
        What is computed of the frames of a batch, see :func:`specaug.loader.compute_views`.
    augment : Recipe, optional
        Changes clips on the fly, with donors from the same split: see :func:`specaug.loader.donors.augment_clip`.
    as_ : {"torch", "numpy", "arrow"}
        ``torch`` gives an ``IterableDataset`` of whole batches, for ``DataLoader(…, batch_size=None)`` or a plain
        loop.
        ``arrow`` gives tables of rows as they are stored.
    **settings
        Fields of :class:`LoadConfig`: `batch_size`, `frames`, `shuffle`, `seed`, `balance` and more.

    Returns
    -------
    ClipLoader
        Iterating gives mappings: each view (B, T, H, W[, 3]), ``label`` and ``n_frames`` (B,) int64, ``augmented``
        (B,) bool, and lists of B strings ``clip_id``, ``source_id``, ``dataset``, ``subject``, ``pai``, ``origin``,
        ``recipe``; empty where a row has none.
        It splits row groups over ranks and workers, and has `set_epoch`, `state_dict` and `load_state_dict`.

    Raises
    ------
    ArgumentError
        For an unknown choice or setting, or where OUT has no clips of the split.
    SpecaugError
        For damaged files and files of another schema version, when they are read.
    MissingDependencyError
        torch is wanted and absent.
    """
    if as_ not in get_args(As):
        raise ArgumentError(f"as_: expected one of {', '.join(get_args(As))}, got {as_!r}")
    if split not in (*SPLITS, *_DEV_TOO):
        raise ArgumentError(
            f"split: expected one of {', '.join(SPLITS)} (val and validation mean dev), got {split!r}"
        )
    ours: Split = "dev" if split in _DEV_TOO else split  # type: ignore[assignment]
    if ours != split:
        logging.getLogger(__name__).info("split %r means 'dev' here", split)
    config = _config(settings)
    views = check_views(views)
    if as_ == "arrow" and (augment is not None or views != ("rgb",)):
        raise ArgumentError("as_: expected 'torch' or 'numpy' for views and augmentation, got 'arrow'")
    origins = get_args(Origin) if origin == "all" else (origin,)
    stream = ClipStream(out, split=ours, origins=origins, augment=augment, config=config)
    kind = _torch_clips() if as_ == "torch" else ArrowClips if as_ == "arrow" else ClipLoader
    rank, world = rank_and_world() if config.rank is None else (config.rank, config.world or 1)
    return kind(stream, views=views, rank=rank, world=world)


def _config(settings: dict[str, Any]) -> LoadConfig:
    known = [field.name for field in dataclasses.fields(LoadConfig)]
    for name in settings:
        if name not in known:
            raise ArgumentError(f"{name}: expected a setting among {', '.join(known)}, got an unknown one")
    if isinstance(settings.get("labels"), list):
        settings = {**settings, "labels": tuple(settings["labels"])}
    return LoadConfig(**settings)


def _torch_clips() -> type[ClipLoader]:
    try:
        from specaug.loader.tensors import TorchClips
    except ImportError as error:
        raise MissingDependencyError(
            "as_='torch' needs the package torch: pip install 'specaug[torch]', or use as_='numpy'"
        ) from error
    return TorchClips
