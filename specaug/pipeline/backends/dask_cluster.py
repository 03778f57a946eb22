"""Shards on Dask workers: those of a scheduler that runs somewhere, or processes started here."""

from __future__ import annotations

import logging
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from specaug.errors import ArgumentError, MissingDependencyError, WorkerLostError
from specaug.install_hint import install_hint
from specaug.pipeline.backends.cluster import Order, build_there
from specaug.records import ShardPlan

try:
    import dask
    import distributed
except ImportError as error:
    raise MissingDependencyError(
        f"backend: dask is not installed; here and on every worker, {install_hint('dask')}"
    ) from error

_ANSWER_SECONDS = 60.0
"""A scheduler that does not answer for so long is gone."""
_LOOK_SECONDS = 0.05
_AHEAD = 2
"""Tasks a thread, so that none waits for the next."""


@contextmanager
def dask_cluster(*, jobs: int | None, local_jobs: int) -> Iterator[DaskCluster]:
    """Workers for the time of the block.

    The first of these counts: a client that this process has, the scheduler that ``DASK_SCHEDULER_ADDRESS`` or Dask's
    configuration names, new processes on this machine.

    Parameters
    ----------
    jobs : int or None
        Most tasks at once on workers that were not started here.
    local_jobs : int
        How many to start here.

    Raises
    ------
    ArgumentError
        Nobody answers at the address.
    """
    address = dask.config.get("scheduler-address", None)
    try:
        client = distributed.default_client()
    except ValueError:
        client = None
    if client is not None:
        yield DaskCluster(client, jobs)
    elif address is not None:
        with _connected(address) as client:
            yield DaskCluster(client, jobs)
    else:
        with _started(local_jobs) as client:
            yield DaskCluster(client, _AHEAD * local_jobs)


@contextmanager
def _connected(address: str) -> Iterator[distributed.Client]:
    try:
        client = distributed.Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"backend: expected a Dask scheduler at {address!r} (DASK_SCHEDULER_ADDRESS), got: {error}"
        ) from error
    with client:
        yield client


@contextmanager
def _started(jobs: int) -> Iterator[distributed.Client]:
    """Processes of one thread; their number of tries is counted by us, their memory by the supervised child."""
    with (
        tempfile.TemporaryDirectory(prefix="specaug-dask-", ignore_cleanup_errors=True) as folder,
        distributed.LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            memory_limit=None,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=folder,
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": 0},
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


class DaskCluster:
    """A :class:`~specaug.pipeline.backends.cluster.Cluster` behind a Dask client.

    Parameters
    ----------
    client : distributed.Client
    most : int or None
        Most tasks at once; twice the threads of the workers by default.
    """

    def __init__(self, client: distributed.Client, most: int | None) -> None:
        self._client, self._most = client, most

    def room(self) -> int:
        """How many tasks it may have at once; 0 while it has no workers."""
        try:
            threads = self._client.sync(self._client.scheduler.ncores, callback_timeout=_ANSWER_SECONDS)
        except (OSError, AttributeError) as error:  # AttributeError: the client has closed itself
            raise WorkerLostError(f"backend: the Dask scheduler does not answer: {error!r}") from error
        slots: int = sum(threads.values())
        return min(_AHEAD * slots, self._most or _AHEAD * slots)

    def submit(self, shard: ShardPlan, order: Order) -> distributed.Future:
        """A task that runs once; trying again is decided elsewhere."""
        key = f"specaug-{shard.name}-{uuid.uuid4().hex}"
        return self._client.submit(build_there, shard, order, key=key, pure=False)

    def ended(self, tasks: Sequence[distributed.Future], *, seconds: float) -> Sequence[distributed.Future]:
        """Those of `tasks` that ended, as soon as there is one, or none after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (ended := [task for task in tasks if task.done()]) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return ended

    def outcome(self, task: distributed.Future) -> None:
        """Raises what the task raised, or :class:`WorkerLostError` if its worker went."""
        if task.status == "finished":
            return
        if task.status == "cancelled":  # its scheduler was restarted, or the connection broke
            raise WorkerLostError("the task was cancelled")
        error: Any = task.exception(timeout=_ANSWER_SECONDS)
        if isinstance(error, distributed.KilledWorker):
            raise WorkerLostError(str(error.last_worker))
        raise error
