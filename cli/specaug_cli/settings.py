"""Options that stand for fields of `BuildConfig`, and the way from both to a config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from specaug.catalog import LAYOUTS
from specaug.records import (
    Align,
    Backend,
    BuildConfig,
    DetectorName,
    Hdr,
    ImageFormat,
    Resample,
    Sampling,
    Snap,
)
from specaug_cli.options import SEED_HELP, RecipeType

F = TypeVar("F", bound=Callable[..., Any])
_DEFAULTS = BuildConfig()


def setting(
    field: str, *flags: str, help: str, default: str | None = None, **kwargs: Any
) -> Callable[[F], F]:
    """An option for one field; left out, it is None and the config file or the field's default counts."""
    value = default or getattr(_DEFAULTS, field)
    shown = "" if value is None or value is False else f"  [default: {value}]"
    return click.option(*flags, field, default=None, help=help + shown, **kwargs)


def shares(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """``70,15,15`` as three numbers."""
    if value is None:
        return None
    try:
        parts = tuple(float(part) for part in value.split(","))
    except ValueError:
        parts = ()
    if len(parts) != 3:
        raise click.BadParameter(f"expected three shares such as 70,15,15, got {value!r}")
    return parts


CATALOG_SETTINGS = (
    setting("layout", "--layout", type=click.Choice(["auto", *LAYOUTS]), help="Layout of RAW."),
    setting(
        "protocol", "--protocol", metavar="NAME", help="Protocol of the data set, where its layout has some."
    ),
    setting(
        "split",
        "--split",
        metavar="A,B,C",
        callback=shares,
        help="Assign whole subjects to train, dev and test in these percentages, where RAW has no splits.",
    ),
    setting(
        "dev_from_train",
        "--dev-from-train",
        type=float,
        metavar="SHARE",
        help="Move so many whole subjects of train to dev, where RAW has no dev.",
    ),
    setting(
        "frame_folders",
        "--frame-folders",
        is_flag=True,
        help="A folder that holds only numbered pictures is one clip.",
    ),
    setting(
        "label_map",
        "--label-map",
        metavar="MAP",
        help="What numbers in the label column of sources.csv mean, such as bonafide=1,attack=0.",
    ),
    setting("follow_symlinks", "--follow-symlinks", is_flag=True, help="Accept links that leave RAW."),
    setting("seed", "--seed", type=click.IntRange(min=0), help=SEED_HELP),
)

BUILD_SETTINGS = (
    setting("frames", "--frames", type=int, metavar="N", help="Frames per clip."),
    setting("sampling", "--sampling", type=click.Choice(get_args(Sampling)), help="Frame sampling strategy."),
    setting(
        "snap",
        "--snap",
        type=click.Choice(get_args(Snap)),
        help="Move sampled frames to keyframes nearby: 'keyframe' moves a frame by less than half of the sampling "
        "step, and long videos are decoded faster.",
    ),
    setting("clips", "--clips", type=int, metavar="N", help="Clips per video."),
    setting("size", "--size", type=int, metavar="PX", help="Side of a crop in pixels."),
    setting("margin", "--margin", type=float, help="How much wider than the tight template a crop looks."),
    setting(
        "align",
        "--align",
        type=click.Choice(get_args(Align)),
        help="One warp a clip, one a frame, or an upright box without rotation.",
    ),
    setting(
        "resample",
        "--resample",
        type=click.Choice(get_args(Resample)),
        help="'prefiltered' filters before it reduces; 'bilinear' folds fine detail, as most tools do.",
    ),
    setting(
        "hdr",
        "--hdr",
        type=click.Choice(get_args(Hdr)),
        help="Tone-map PQ and HLG video to SDR (ITU-R BT.2446 method C), or fail such sources.",
    ),
    setting("detector", "--detector", type=click.Choice(get_args(DetectorName)), help="Face detector."),
    setting("model", "--model", metavar="PATH", help="Local model for yunet (file) or insightface (folder)."),
    setting(
        "min_face",
        "--min-face",
        type=int,
        metavar="PX",
        help="Smallest usable face in source pixels.",
    ),
    setting(
        "image_format",
        "--image-format",
        type=click.Choice(get_args(ImageFormat)),
        help="How crops are stored; png and webp are lossless, webp is smaller.",
    ),
    setting(
        "jpeg_quality", "--jpeg-quality", type=int, metavar="Q", help="1 to 100, for --image-format jpeg."
    ),
    setting(
        "sources_per_shard",
        "--sources-per-shard",
        type=int,
        metavar="N",
        default="an eighth, 4 to 64",
        help="Sources per shard.",
    ),
    setting(
        "synthesize",
        "--synthesize",
        type=RecipeType(),
        metavar="FILE|RECIPE",
        help="Add spoof-like clips made by this recipe to train: see `specaug synthesize`.",
    ),
    setting(
        "jobs", "-j", "--jobs", type=int, metavar="N", default="all usable cores", help="Worker processes."
    ),
    setting(
        "backend",
        "--backend",
        type=click.Choice(get_args(Backend)),
        help="Where workers run: on this machine, or on a Dask or Ray cluster that sees RAW and OUT.",
    ),
    setting("timeout", "--timeout", type=float, metavar="SECONDS", help="Per-source timeout."),
    setting(
        "max_memory",
        "--max-memory",
        metavar="SIZE",
        help="Memory limit of the process that works on a source.",
    ),
    setting(
        "max_failures",
        "--max-failures",
        metavar="N|P%",
        default="no limit",
        help="Exit with 3 when more sources failed than that.",
    ),
    setting(
        "pseudonymize",
        "--pseudonymize",
        metavar="KEYFILE",
        help="Subjects become hashes keyed with this file's content, source paths are dropped.",
    ),
    setting(
        "shard_index",
        "--shard-index",
        type=int,
        metavar="I",
        help="Build only part I of --shard-count parts.",
    ),
    setting(
        "shard_count",
        "--shard-count",
        type=int,
        metavar="N",
        help="Parts that are built apart, then finalized.",
    ),
    setting(
        "mix_versions",
        "--mix-versions",
        is_flag=True,
        help="Continue an OUT that other versions of the packages have built.",
    ),
)

BUILD_GROUPS = {
    "Input": (
        "layout",
        "protocol",
        "split",
        "dev_from_train",
        "frame_folders",
        "label_map",
        "follow_symlinks",
    ),
    "Frames": ("frames", "sampling", "snap", "clips", "hdr"),
    "Face": ("detector", "model", "min_face", "size", "margin", "align", "resample"),
    "Output": (
        "image_format",
        "jpeg_quality",
        "sources_per_shard",
        "synthesize",
        "pseudonymize",
        "overwrite",
        "as_json",
    ),
    "Running": (
        "config_file",
        "seed",
        "dry_run",
        "jobs",
        "timeout",
        "max_memory",
        "max_failures",
        "mix_versions",
        "quiet",
        "verbose",
        "help",
    ),
    "Parts of a cluster": ("backend", "shard_index", "shard_count"),
}
"""Options of ``build-dataset`` as its help shows them."""


def with_settings(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Add options to a command, first one first in its help."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def config_from(file: Path | None, flags: dict[str, Any]) -> BuildConfig:
    """Defaults, then the TOML file, then the flags that were given.

    Raises
    ------
    ArgumentError
        The file cannot be read, names a setting that there is not, or a value is of another kind.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    return BuildConfig.from_toml(file, **given) if file else BuildConfig(**given)
