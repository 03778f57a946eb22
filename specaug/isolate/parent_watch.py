"""A worker of a scheduler ends soon after the process that started it, however that ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from functools import lru_cache

_LOOK_SECONDS = 0.2
_GONE = 1


def end_with_builder(builder: int) -> None:
    """Have this process end within a second of `builder`, if it is a worker of that process.

    Parameters
    ----------
    builder : int
        Process id. If this worker was started by it, and it is gone already, the worker ends here.

    Notes
    -----
    loky leaves its workers behind when their parent is killed; they go on with what they were given. The kernel's
    way (:func:`specaug.isolate.limits.end_with_parent`) does not fit them: it acts when the *thread* that started
    the worker ends, and loky starts some from a passing thread.
    """
    # Workers of clusters have parents of their own, which look after them.
    if os.getpid() == builder or not multiprocessing.current_process().name.startswith("Loky"):
        return
    if os.getppid() != builder:
        os._exit(_GONE)
    _watch(os.getpid(), builder)


@lru_cache(maxsize=1)
def _watch(worker: int, builder: int) -> None:
    """One thread a process looks who its parent is."""

    def look() -> None:
        while os.getppid() == builder:
            time.sleep(_LOOK_SECONDS)
        os._exit(_GONE)

    threading.Thread(target=look, name=f"specaug-watch-{worker}", daemon=True).start()
