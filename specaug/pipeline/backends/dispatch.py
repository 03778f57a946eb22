"""Build shards in parallel by the backend of the config: processes of this machine, a Dask or a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from pathlib import Path

from specaug.errors import WorkerLostError
from specaug.pipeline.backends.cluster import TRIES, Cluster, drive, ordered
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.shard import build_shard
from specaug.records import BuildConfig, Receipt, ShardPlan
from specaug.shards import read_receipt


def build_shards(
    pending: Iterable[ShardPlan], config: BuildConfig, raw: LocalRaw, out: Path
) -> Generator[Receipt, None, None]:
    """Build shards in parallel. Only records travel between processes, never pixels.

    Parameters
    ----------
    pending : iterable of ShardPlan
    config : BuildConfig
        `backend` and `jobs` say where.
    raw : LocalRaw
    out : Path

    Yields
    ------
    Receipt
        As shards finish, in any order. To be closed if it is not read to its end: that stops the workers.

    Raises
    ------
    WorkerLostError
        Worker processes died repeatedly or none are available. What is finished is kept.
    MissingDependencyError
        The backend is not installed.
    NoSpaceError
        The disk is full.
    """
    shards = list(pending)
    if not shards:
        return
    if config.backend == "loky" and len(shards) == 1:
        # to start a worker takes longer than many small builds
        yield build_shard(shards[0], config, raw, out, builder=os.getpid())
    elif config.backend == "loky":
        yield from _here(shards, config, raw, out)
    else:
        with open_cluster(config) as cluster, ordered(config, raw, out) as order:
            yield from drive(cluster, shards, order)


def open_cluster(config: BuildConfig) -> AbstractContextManager[Cluster]:
    """Import what is needed only now: both are optional."""
    import joblib

    local_jobs = config.jobs or joblib.cpu_count()
    if config.backend == "dask":
        from specaug.pipeline.backends.dask_cluster import dask_cluster

        return dask_cluster(jobs=config.jobs, local_jobs=local_jobs)
    from specaug.pipeline.backends.ray_cluster import ray_cluster

    return ray_cluster(jobs=config.jobs, local_jobs=local_jobs)


def _here(shards: list[ShardPlan], config: BuildConfig, raw: LocalRaw, out: Path) -> Iterator[Receipt]:
    """Processes of this machine. When one is killed, joblib ends them all, and what is not finished starts again."""
    left = {shard.name: shard for shard in shards}
    losses = 0
    while left:
        try:
            for receipt in run_once(list(left.values()), config, raw, out):
                del left[receipt.shard]
                losses = 0
                yield receipt
        except BrokenProcessPool as error:
            finished = [r for shard in left.values() if (r := read_receipt(out, shard)) is not None]
            losses = 1 if finished else losses + 1
            if losses >= TRIES:
                raise WorkerLostError(
                    f"workers were lost {losses} times without a shard finished in between, {len(left)} shards are "
                    f"left; out of memory? Fewer --jobs may help. What is finished is kept. Last: {error}"
                ) from error
            for receipt in finished:
                del left[receipt.shard]
                yield receipt


def run_once(shards: list[ShardPlan], config: BuildConfig, raw: LocalRaw, out: Path) -> Iterator[Receipt]:
    """One call of joblib, which ends with the first worker that is killed."""
    import joblib

    from specaug.pipeline.backends.local_pool import local_processes

    with local_processes(config.jobs):
        pool = joblib.Parallel(return_as="generator_unordered", batch_size=1)
    yield from pool(
        joblib.delayed(build_shard)(shard, config, raw, out, builder=os.getpid()) for shard in shards
    )
