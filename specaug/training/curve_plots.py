"""Pictures of runs; matplotlib draws them, without a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint
from specaug.shards import write_atomically
from specaug.training.comparison import Ablation


def new_figure(*, width: float, height: float) -> Any:
    """An empty figure, inches.

    Raises
    ------
    MissingDependencyError
        matplotlib is absent.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            f"training draws its curves with matplotlib: {install_hint('train')}"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path, *, out: Path) -> None:
    """Write a PNG, complete once it has its name."""
    write_atomically(path, lambda part: figure.savefig(part, format="png", dpi=120), out=out)


def draw_curves(history: Sequence[Mapping[str, float]], path: Path, *, out: Path) -> None:
    """Losses and dev equal error rate over epochs."""
    figure = new_figure(width=8, height=3)
    losses, errors = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    for name, style in (("train_loss", "--"), ("dev_loss", "-")):
        losses.plot(epochs, [row[name] for row in history], style, label=name.replace("_", " "))
    best = min(history, key=lambda row: row["dev_loss"])["epoch"]
    losses.axvline(best, color="0.7", lw=1, label="best on dev")
    losses.set(xlabel="epoch", ylabel="binary cross-entropy", yscale="log")
    losses.legend()
    errors.plot(epochs, [100 * row["dev_eer"] for row in history], "k-")
    errors.set(xlabel="epoch", ylabel="dev EER, %", ylim=(0, None))
    save_figure(figure, path, out=out)


def draw_arms(result: Ablation, path: Path, *, out: Path) -> None:
    """ACER of each arm: its mean with an interval, and a dot for each seed."""
    figure = new_figure(width=7, height=1.2 + 0.32 * len(result.arms))
    axes = figure.subplots()
    for y, arm in enumerate(result.arms):
        axes.plot([100 * end for end in arm.acer_interval], [y, y], "k-", lw=1)
        axes.plot([100 * acer for acer in arm.acer_by_seed], [y] * len(arm.acer_by_seed), ".", color="0.6")
        axes.plot(100 * arm.acer, y, "ko")
    axes.set_yticks(range(len(result.arms)), [arm.name for arm in result.arms])
    axes.invert_yaxis()
    axes.axvline(100 * result.arms[0].acer, color="0.8", lw=1, zorder=0)
    axes.set(xlabel=f"test ACER, %: mean, 95 % interval, {result.seeds} seeds", xlim=(0, None))
    save_figure(figure, path, out=out)
