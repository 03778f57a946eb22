"""Progress on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

import click

from specaug.pipeline import Progress

if TYPE_CHECKING:
    from rich.progress import TaskID

_LINE_SECONDS = 5.0


class NoProgress:
    """Says nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class LineProgress:
    """A line now and then, for logs."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last = float("-inf")

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __call__(self, state: Progress) -> None:
        now = time.monotonic()
        if now - self._last < _LINE_SECONDS and state.done < state.sources:
            return
        self._last = now
        left = _seconds_left(state, now - self._start)
        click.echo(
            f"{state.done}/{state.sources} sources, {state.clips} clips, {state.failures} failures"
            + (f", about {left:.0f} s left" if left else ""),
            err=True,
        )


class BarProgress:
    """A bar with counts and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("sources"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[clips]} clips, {task.fields[failures]} failures"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> BarProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, state: Progress) -> None:
        if self._task is None:
            self._task = self._bar.add_task("", total=state.sources, clips=0, failures=0)
        self._bar.update(self._task, completed=state.done, clips=state.clips, failures=state.failures)


def _seconds_left(state: Progress, elapsed: float) -> float:
    """From the pace of this run alone; 0 while nothing is known."""
    finished = state.done - state.done_before
    return elapsed / finished * (state.sources - state.done) if finished else 0.0
