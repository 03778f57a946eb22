"""``specaug train``"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import specaug
from specaug_cli.options import output_option, recipe_option, seed_option
from specaug_cli.printing import print_warnings

F = TypeVar("F", bound=Callable[..., Any])
# Named here again, so that --help does not have to load torch; a test compares them.
SCALES = ("smoke", "cpu", "gpu")
MODELS = ("two-stream", "radial")


class _Scale(click.Choice):  # type: ignore[type-arg]  # before click 8.2 it takes none
    """A scale by its name, or by ``default``, as ``gpu`` was called before."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(super().convert("gpu" if value == "default" else value, param, ctx))


def scale_option(default: str, *, help: str) -> Callable[[F], F]:
    """``--scale``, and ``--preset`` as it was called before."""
    return click.option(
        "--scale", "--preset", "scale", type=_Scale(SCALES), default=default, show_default=True, help=help
    )


def first_rank() -> bool:
    """Whether this process talks; under torchrun only one does."""
    return os.environ.get("RANK", "0") == "0"


@click.command("train", short_help="Train the thin reference network, or its baseline.")
@click.argument("out", type=click.Path(path_type=Path))
@output_option("Folder of the run", None, "run")
@click.option(
    "--model",
    type=click.Choice(MODELS),
    help="The network, or a linear rule on spectra that it has to beat.  [default: two-stream]",
)
@scale_option(
    "gpu",
    help="Settings for a GPU and a real data set, for some tens of clips on a CPU, or to see that it runs.",
)
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="TOML with any setting of TrainConfig."
)
@recipe_option(help="Augmentation on the fly; several are joined by '+'.")
@click.option("--augment-share", type=float, help="Chance of a clip to be offered to the recipe.")
@click.option("--origin", type=click.Choice(["captured", "synthetic", "all"]), help="Training clips.")
@click.option("--frames", type=int, help="Frames per clip.")
@click.option("--pixels", type=int, help="Side of a central part of the crops.")
@click.option("--width", type=int, help="Of the network; 64 is a ResNet18, 16 fits a CPU.")
@click.option("--streams", type=click.Choice(["both", "color", "spectrum"]), help="Streams of the network.")
@click.option("--epochs", type=int, help="At most.")
@click.option("--batch-size", type=int, help="Clips per step.")
@click.option("--learning-rate", type=float, help="At the start.")
@seed_option(None)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where it computes.")
@click.option("--amp/--no-amp", default=None, help="Mixed precision on a GPU.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that load.")
@click.option("--threads", type=click.IntRange(min=1), help="Of torch on a CPU.  [default: 1]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def train(
    out: Path, run: Path, scale: str, file: Path | None, as_json: bool, quiet: bool, **flags: Any
) -> None:
    """Train the reference network on OUT; dev decides when to stop. Or, with --model radial, fit the baseline: a linear
    rule on spectra, which takes seconds; dev decides how strongly it is held back.

    An interrupted run goes on where it was, and comes to the same network; with other settings, another recipe, other
    data or other versions of packages it is refused.

    \b
    Examples:
      specaug train out -o run
      specaug train out -o run --scale cpu --recipe bandpass
      specaug train out -o baseline --model radial
      torchrun --nproc-per-node 4 -m specaug train out -o run
    """
    given = {name: value for name, value in flags.items() if value is not None}
    config = specaug.TrainConfig.at_scale(scale, file=file, **given)

    def tell(row: dict[str, float]) -> None:
        click.echo(
            f"epoch {row['epoch']:.0f}: train loss {row['train_loss']:.4f}, dev loss {row['dev_loss']:.4f}, "
            f"dev EER {100 * row['dev_eer']:.1f} %",
            err=True,
        )

    report = specaug.train(out, run, config, progress=None if quiet else tell)
    if not first_rank():
        return
    print_warnings(report.warnings)
    if as_json:
        values = {name: getattr(report, name) for name in report.__dataclass_fields__}
        told = [notice.as_json() for notice in report.warnings]
        click.echo(json.dumps({**values, "run": str(report.run), "warnings": told}))
        return
    dev = f"loss {report.dev_loss:.4f}, EER {100 * report.dev_eer:.1f} %; in {run}"
    if report.model == "radial":
        click.echo(f"fitted; on dev: {dev}")
        return
    ended = "stopped early" if report.stopped_early else "done"
    click.echo(f"{ended} after {report.epochs} epochs; best on dev: epoch {report.best_epoch}, {dev}")
