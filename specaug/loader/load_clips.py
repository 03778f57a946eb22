"""`specaug.load`: batches of clips from the shards of a data set."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, get_args, overload

from specaug.augment import Recipe
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError, MissingDependencyError
from specaug.install_hint import install_hint
from specaug.loader.clip_stream import ClipStream
from specaug.loader.clips import ArrowClips, ClipLoader
from specaug.loader.donors import AugmentRecipe
from specaug.loader.load_config import Balance, FrameChoice, Layout, LoadConfig, Transform
from specaug.loader.ranks import rank_and_world
from specaug.loader.views import View, check_views
from specaug.records import SPLITS, Label, Split
from specaug.shards import Origin
from specaug.spectrum.amplitude import Window

if TYPE_CHECKING:
    from specaug.loader.tensors import TorchClips

Format = Literal["torch", "numpy", "arrow"]
_DEV_TOO = ("val", "validation")
SplitName = Split | Literal["val", "validation"]
_OF_PICTURES = ("frames", "frame_choice", "augment_share", "transform", "columns", "layout", "window")
"""Settings that have no meaning for tables of rows as they are stored."""


class LoadSettings(TypedDict, total=False):
    """The keywords of :func:`load` that have a default, beside `format`: for type checkers, who see overloads."""

    origin: Origin | Literal["all"]
    views: Sequence[View]
    augment: AugmentRecipe | str | Path | None
    batch_size: int | None
    drop_last: bool
    frames: int | None
    frame_choice: FrameChoice
    shuffle: bool
    seed: int
    labels: Sequence[Label]
    dataset: str | Sequence[str] | None
    balance: Balance | None
    bonafide_share: float
    epoch_clips: int | None
    augment_share: float
    transform: Transform | None
    columns: Sequence[str]
    layout: Layout
    window: Window | None
    even: bool
    rank: int | None
    world: int | None


@overload
def load(
    out: Path | str,
    *,
    split: SplitName,
    format: Literal["torch"] = "torch",
    as_: Literal["torch"] | None = None,
    **settings: Unpack[LoadSettings],
) -> TorchClips: ...
@overload
def load(
    out: Path | str,
    *,
    split: SplitName,
    format: Literal["arrow"],
    as_: Literal["arrow"] | None = None,
    **settings: Unpack[LoadSettings],
) -> ArrowClips: ...
@overload
def load(
    out: Path | str,
    *,
    split: SplitName,
    format: Literal["torch", "arrow"] = "torch",
    as_: Literal["arrow"],
    **settings: Unpack[LoadSettings],
) -> ArrowClips: ...
@overload
def load(
    out: Path | str,
    *,
    split: SplitName,
    format: Format = "torch",
    as_: Format | None = None,
    **settings: Unpack[LoadSettings],
) -> ClipLoader: ...
def load(
    out: Path | str,
    *,
    split: SplitName,
    origin: Origin | Literal["all"] = "captured",
    views: Sequence[View] = ("rgb",),
    augment: AugmentRecipe | str | Path | None = None,
    format: Format = "torch",
    as_: Format | None = None,
    batch_size: int | None = LoadConfig.batch_size,
    drop_last: bool = LoadConfig.drop_last,
    frames: int | None = LoadConfig.frames,
    frame_choice: FrameChoice = LoadConfig.frame_choice,
    shuffle: bool = LoadConfig.shuffle,
    seed: int = LoadConfig.seed,
    labels: Sequence[Label] = LoadConfig.labels,
    dataset: str | Sequence[str] | None = LoadConfig.dataset,
    balance: Balance | None = LoadConfig.balance,
    bonafide_share: float = LoadConfig.bonafide_share,
    epoch_clips: int | None = LoadConfig.epoch_clips,
    augment_share: float = LoadConfig.augment_share,
    transform: Transform | None = LoadConfig.transform,
    columns: Sequence[str] = LoadConfig.columns,
    layout: Layout = LoadConfig.layout,
    window: Window | None = LoadConfig.window,
    even: bool = LoadConfig.even,
    rank: int | None = LoadConfig.rank,
    world: int | None = LoadConfig.world,
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
    augment : Recipe, str or path, optional
        Changes clips on the fly, with donors from the same split: see :func:`specaug.loader.donors.augment_clip`.
        Text is the name of a recipe or the path of a TOML file, as :meth:`specaug.Recipe.find` takes it.
    format : {"torch", "numpy", "arrow"}
        ``torch`` gives an ``IterableDataset`` of whole batches, for ``DataLoader(…, batch_size=None)`` or a plain
        loop. ``arrow`` gives tables of rows as they are stored.
    as_ : {"torch", "numpy", "arrow"}, optional
        Another name of `format`.
    batch_size, drop_last, frames, frame_choice, shuffle, seed, labels, dataset, balance, bonafide_share, epoch_clips, \
augment_share, transform, columns, layout, window, even, rank, world
        As in :class:`LoadConfig`.

    Returns
    -------
    ClipLoader
        Iterating gives mappings: each view (B, T, H, W[, 3]), ``label`` and ``n_frames`` (B,) int64, ``augmented``
        (B,) bool, and lists of B strings ``clip_id``, ``source_id``, ``dataset``, ``subject``, ``pai``, ``origin``,
        ``recipe``, empty where a row has none; then the `columns`. ``len`` is the number of batches of an epoch.
        It splits clips over ranks and workers, and has `set_epoch`, `state_dict` and `load_state_dict`. Where
        anything is drawn, each iteration gives the next epoch by itself.

    Raises
    ------
    ArgumentError
        For an unknown choice or setting, or where OUT has no clips of the split.
    SpecaugError
        For damaged files and files of another schema version, when they are read.
    MissingDependencyError
        torch is wanted and absent.
    """
    check_arguments(load, out=out, origin=origin)
    config = LoadConfig(
        batch_size=batch_size,
        drop_last=drop_last,
        frames=frames,
        frame_choice=frame_choice,
        shuffle=shuffle,
        seed=seed,
        labels=labels,  # type: ignore[arg-type]  # a list becomes a tuple, as of the two below
        dataset=dataset,  # type: ignore[arg-type]
        balance=balance,
        bonafide_share=bonafide_share,
        epoch_clips=epoch_clips,
        augment_share=augment_share,
        transform=transform,
        columns=columns,  # type: ignore[arg-type]
        layout=layout,
        window=window,
        even=even,
        rank=rank,
        world=world,
    )
    kind = _format(format, as_)
    views, recipe = check_views(views), _recipe(augment)
    if kind == "arrow":
        _check_as_stored(config, views, recipe)
    origins = get_args(Origin) if origin == "all" else (origin,)
    stream = ClipStream(out, split=_split(split), origins=origins, augment=recipe, config=config)
    made = _torch_clips() if kind == "torch" else ArrowClips if kind == "arrow" else ClipLoader
    ranks = rank_and_world() if config.rank is None else (config.rank, config.world or 1)
    return made(stream, views=views, rank=ranks[0], world=ranks[1])


def _format(format: str, as_: str | None) -> str:
    for name, value in (("format", format), ("as_", as_)):
        if value is not None and value not in get_args(Format):
            raise ArgumentError(f"{name}: expected one of {', '.join(get_args(Format))}, got {value!r}")
    if as_ is not None and format not in ("torch", as_):
        raise ArgumentError(f"as_: expected the same as format, {format!r}, or neither, got {as_!r}")
    return format if as_ is None else as_


def _split(split: SplitName) -> Split:
    if split not in (*SPLITS, *_DEV_TOO):
        raise ArgumentError(
            f"split: expected one of {', '.join(SPLITS)} (val and validation mean dev), got {split!r}"
        )
    if split in _DEV_TOO:
        logging.getLogger(__name__).info("split %r means 'dev' here", split)
        return "dev"
    return split  # type: ignore[return-value]  # one of SPLITS


def _recipe(augment: object) -> AugmentRecipe | None:
    if isinstance(augment, str | Path):
        return Recipe.find(augment)
    if augment is None or (isinstance(augment, AugmentRecipe) and not isinstance(augment, type)):
        return augment
    raise ArgumentError(
        f"augment: expected a Recipe, the name of one, the path of a TOML file, or None, got {augment!r}"
    )


def _check_as_stored(config: LoadConfig, views: Sequence[View], recipe: AugmentRecipe | None) -> None:
    """Refuse what would have no effect on rows as they are stored."""
    changed = [
        field.name
        for field in dataclasses.fields(config)
        if field.name in _OF_PICTURES and getattr(config, field.name) != field.default
    ]
    changed += ["augment"] * (recipe is not None) + ["views"] * (tuple(views) != ("rgb",))
    if changed:
        raise ArgumentError(f"format: expected 'torch' or 'numpy' for {', '.join(changed)}, got 'arrow'")


def _torch_clips() -> type[ClipLoader]:
    try:
        from specaug.loader.tensors import TorchClips
    except ImportError as error:
        raise MissingDependencyError(
            f"format='torch' needs the package torch; use format='numpy', or, {install_hint('torch')}"
        ) from error
    return TorchClips
