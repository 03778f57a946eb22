"""Wall seconds by stage of a build."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


class Stopwatch:
    """Counts seconds by stage; a stage within another is counted once, as the inner one."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.stage: str | None = None
        """The innermost stage that was entered last and did not end well, or that is running."""
        self._inner = 0.0

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a block.

        Examples
        --------
        >>> watch = Stopwatch()
        >>> with watch("decode"):
        ...     pass
        >>> list(watch.seconds)
        ['decode']
        """
        outer, self.stage = self.stage, stage
        before, self._inner = self._inner, 0.0
        start = time.perf_counter()
        try:
            yield
            self.stage = outer  # after an error it stays, so that the error can be placed
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] += spent - self._inner
            self._inner = before + spent

    def each(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """Time an iterator's own work, not that of its consumer."""
        iterator = iter(items)
        while True:
            with self(stage):
                taken = list(islice(iterator, 1))
            if not taken:
                return
            yield taken[0]
