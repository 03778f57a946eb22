"""Two bytes that parent and child share: whether a source is being worked on, and the stage it is in."""

from __future__ import annotations

import mmap
import os
import tempfile

from specaug.records import STAGES, Stage
from specaug.stage_timer import Stopwatch

_BUSY, _STAGE, _SIZE = 0, 1, 2


class Progress:
    """Shared memory, so that it can be read after the child died.

    Parameters
    ----------
    handle : int
        Descriptor of :func:`new_progress_file`; may be closed afterwards.
    """

    def __init__(self, handle: int) -> None:
        self._memory = mmap.mmap(handle, _SIZE)

    @property
    def busy(self) -> bool:
        """The child has taken up the request. The parent clears it before it asks."""
        return self._memory[_BUSY] == 1

    @busy.setter
    def busy(self, value: bool) -> None:
        self._memory[_BUSY] = value

    @property
    def stage(self) -> Stage | None:
        """The stage that was entered last."""
        number = self._memory[_STAGE]
        return STAGES[number - 1] if 0 < number <= len(STAGES) else None

    @stage.setter
    def stage(self, value: str | None) -> None:
        self._memory[_STAGE] = 1 + STAGES.index(value) if value in STAGES else 0

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()


def new_progress_file() -> int:
    """A descriptor of memory that a child can inherit; the caller closes it."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("specaug-progress")
    else:
        with tempfile.TemporaryFile() as file:
            handle = os.dup(file.fileno())
    os.ftruncate(handle, _SIZE)
    return handle


class ReportingStopwatch(Stopwatch):
    """A stopwatch that also writes the running stage into shared memory."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._current: str | None = None
        super().__init__()

    @property
    def stage(self) -> str | None:
        """As :attr:`Stopwatch.stage`."""
        return self._current

    @stage.setter
    def stage(self, value: str | None) -> None:
        self._current = value
        if value is not None:  # between two stages the earlier one is the better answer
            self._progress.stage = value
