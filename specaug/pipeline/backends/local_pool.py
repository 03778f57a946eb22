"""Worker processes of this machine, none of which outlives the process that started it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

import joblib

from specaug.isolate import end_with_builder
from specaug.stderr_log import log_to_stderr, stderr_log_level


def local_processes(jobs: int | None) -> AbstractContextManager[Any]:
    """For ``joblib.Parallel`` within: loky processes with one native thread each.

    Parameters
    ----------
    jobs : int or None
        How many; as many as there are usable cores by default.
    """
    return joblib.parallel_config(  # type: ignore[no-any-return]
        "loky",
        n_jobs=jobs or joblib.cpu_count(),
        inner_max_num_threads=1,
        # From the first moment: a worker without a task would wait for one, minutes after nobody can give it any.
        initializer=_start_worker,
        initargs=(os.getpid(), stderr_log_level()),
    )


def _start_worker(builder: int, log_level: int) -> None:
    """The first thing in a worker: end with the process `builder`, and log as it does."""
    end_with_builder(builder)
    log_to_stderr(log_level)
