"""Worker processes of this machine, none of which outlives the process that started it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

import joblib

from specaug.isolate import end_with_builder


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
        initializer=end_with_builder,
        initargs=(os.getpid(),),
    )
