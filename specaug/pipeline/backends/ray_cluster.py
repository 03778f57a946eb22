"""Shards on Ray workers: those of a cluster that runs somewhere, or processes started here."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from specaug.errors import ArgumentError, MissingDependencyError, WorkerLostError
from specaug.install_hint import install_hint
from specaug.pipeline.backends.cluster import Order, build_there
from specaug.records import ShardPlan

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as error:
    raise MissingDependencyError(
        f"backend: ray is not installed; here and on every worker, {install_hint('ray')}"
    ) from error

_STORE_BYTES = 80 << 20
"""Of shared memory, near the least that Ray accepts: nothing but orders passes through it."""
_LONGEST_FOLDER = 24
"""Characters; Ray's sockets lie 80 characters below, and a socket's path has at most 107."""
_AHEAD = 2
"""Tasks a processor, so that none waits for the next."""


@contextmanager
def ray_cluster(*, jobs: int | None, local_jobs: int) -> Iterator[RayCluster]:
    """Workers for the time of the block.

    The first of these counts: Ray as this process has initialised it, the cluster that ``RAY_ADDRESS`` names, new
    processes on this machine.

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
    if ray.is_initialized():
        yield RayCluster(jobs)
        return
    address = os.environ.get("RAY_ADDRESS")
    with ExitStack() as stack:
        where = {"address": address} if address else stack.enter_context(_place(local_jobs))
        stack.callback(ray.shutdown)
        try:
            with _own_signals():
                ray.init(**where, logging_level="error", log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            if not address:
                raise
            raise ArgumentError(
                f"backend: expected a Ray cluster at {address!r} (RAY_ADDRESS), got: {error}"
            ) from error
        yield RayCluster(jobs if address else _AHEAD * local_jobs)


@contextmanager
def _place(jobs: int) -> Iterator[dict[str, Any]]:
    """What `ray.init` needs to start workers here that leave nothing behind and call nobody."""
    folder = tempfile.gettempdir()
    variables = {
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "120",
    }
    with (
        tempfile.TemporaryDirectory(
            prefix="ray-",
            dir=folder if len(folder) <= _LONGEST_FOLDER else "/tmp",
            ignore_cleanup_errors=True,
        ) as temporary,
        _environment(variables),
    ):
        yield {
            "address": "local",
            "num_cpus": jobs,
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_temp_dir": temporary,
        }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set those that are not set, and take them away again."""
    new = [name for name in variables if name not in os.environ]
    os.environ.update({name: variables[name] for name in new})
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this process's handlers: Ray's own end the process behind its back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stopped = False
    try:
        yield
    except SystemExit:  # what Ray's handler for SIGTERM raises
        stopped = True
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if stopped:
            signal.raise_signal(signal.SIGTERM)


class RayCluster:
    """A :class:`~specaug.pipeline.backends.cluster.Cluster` behind an initialised Ray.

    Parameters
    ----------
    most : int or None
        Most tasks at once; twice the processors of the cluster by default.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._node = ray.get_runtime_context().get_node_id()
        self._build = ray.remote(build_there).options(num_cpus=1, max_retries=0, name="specaug")

    def room(self) -> int:
        """How many tasks it may have at once; 0 while it has no workers."""
        try:
            nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        except RayError as error:
            raise WorkerLostError(f"backend: the Ray cluster does not answer: {error!r}") from error
        if self._node not in nodes:  # every task goes through it
            raise WorkerLostError("backend: Ray on this machine is gone. What is finished is kept.")
        slots = int(sum(resources.get("CPU", 0) for resources in nodes.values()))
        return min(_AHEAD * slots, self._most or _AHEAD * slots)

    def submit(self, shard: ShardPlan, order: Order) -> ray.ObjectRef:
        """A task that runs once; trying again is decided elsewhere."""
        return self._build.remote(shard, order)

    def ended(self, tasks: Sequence[ray.ObjectRef], *, seconds: float) -> Sequence[ray.ObjectRef]:
        """Those of `tasks` that ended, as soon as there is one, or none after `seconds`."""
        if not tasks:
            time.sleep(seconds)
            return []
        ray.wait(list(tasks), num_returns=1, timeout=seconds)
        ended, _ = ray.wait(list(tasks), num_returns=len(tasks), timeout=0)
        return list(ended)

    def outcome(self, task: ray.ObjectRef) -> None:
        """Raises what the task raised, or :class:`WorkerLostError` if its worker went."""
        try:
            ray.get(task)
        except RayTaskError as error:
            if isinstance(error.cause, BaseException):
                raise error.cause from error
            raise
        except RayError as error:  # its process, its machine or its memory is gone
            raise WorkerLostError(str(error).splitlines()[0]) from error
