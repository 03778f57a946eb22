"""Shards on the workers of a cluster, any of which may go at any time.

A cluster is anything that takes a task, says which tasks have ended and how. Nothing but the fact that a task ended
comes back through it: the receipt is read from OUT, so that what counts as finished is what a later run will find.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from specaug.errors import ArgumentError, PlanMismatchError, WorkerLostError
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.shard import build_shard
from specaug.pipeline.versions import process_versions
from specaug.records import BuildConfig, Receipt, ShardPlan
from specaug.shards import STATE, read_receipt

TRIES = 4
"""A shard whose worker goes is given to another three times; after that the shard itself is the likely reason."""
PATIENCE_SECONDS = 300.0
"""How long a build waits for a cluster without workers: to start, or to come back."""
VISIBLE_SECONDS = 120.0
"""Network file systems show a file that another machine wrote after up to a minute."""
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Order:
    """What a worker has to know beside the shard."""

    config: BuildConfig
    raw: LocalRaw
    out: Path
    token: Path
    """A file in OUT that is there as long as the build wants its shards; workers look before every source."""
    versions: tuple[tuple[str, str], ...]
    """Packages and processor features that may change a byte, as the machine that plans has them."""


class Cluster(Protocol):
    """Workers somewhere."""

    def room(self) -> int:
        """How many tasks it may have at once; 0 while it has no workers."""

    def submit(self, shard: ShardPlan, order: Order) -> Any:
        """Have some worker call :func:`build_there`; returns a task, which is hashable."""

    def ended(self, tasks: Sequence[Any], *, seconds: float) -> Sequence[Any]:
        """Those of `tasks` that ended, as soon as there is one, or none after `seconds`."""

    def outcome(self, task: Any) -> None:
        """Raises what the task raised, or :class:`WorkerLostError` if its worker went."""


def drive(cluster: Cluster, pending: Iterable[ShardPlan], order: Order) -> Iterator[Receipt]:
    """Have a cluster build shards.

    Parameters
    ----------
    cluster : Cluster
    pending : iterable of ShardPlan
    order : Order

    Yields
    ------
    Receipt
        As shards finish.

    Raises
    ------
    WorkerLostError
        A shard lost its worker four times, or there was no worker for five minutes.
    Exception
        What a task raised.
    """
    waiting, running = deque(pending), dict[Any, ShardPlan]()
    tries: Counter[str] = Counter()
    last_seen = time.monotonic()
    while waiting or running:
        room = cluster.room()
        now = time.monotonic()
        last_seen = now if room else last_seen
        if now - last_seen > PATIENCE_SECONDS:
            raise WorkerLostError(f"backend: no worker for {PATIENCE_SECONDS:.0f} s; are they running?")
        while waiting and len(running) < room:
            shard = waiting.popleft()
            tries[shard.name] += 1
            running[cluster.submit(shard, order)] = shard
        for task in cluster.ended(list(running), seconds=_POLL_SECONDS):
            shard = running.pop(task)
            try:
                cluster.outcome(task)
            except WorkerLostError as error:
                receipt = _after_loss(error, shard, order.out, tries=tries[shard.name])
            else:
                receipt = _receipt(order.out, shard)
            if receipt is None:
                waiting.appendleft(shard)
            else:
                yield receipt


def _after_loss(error: WorkerLostError, shard: ShardPlan, out: Path, *, tries: int) -> Receipt | None:
    """The receipt if the worker went after its work; None if the shard is to be tried again."""
    receipt = read_receipt(out, shard)
    if receipt is None and tries >= TRIES:
        raise WorkerLostError(
            f"shard {shard.name}: its worker was lost {tries} times, last: {error}. What is finished is kept."
        ) from error
    return receipt


def _receipt(out: Path, shard: ShardPlan) -> Receipt:
    """What the worker wrote, once this machine sees it."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    while (receipt := read_receipt(out, shard)) is None:
        if time.monotonic() > deadline:
            raise ArgumentError(
                f"out: expected a folder that all machines share, got {str(out)!r}: a worker finished shard "
                f"{shard.name} and this machine does not see its files"
            )
        time.sleep(0.2)
    return receipt


@contextmanager
def ordered(config: BuildConfig, raw: LocalRaw, out: Path) -> Iterator[Order]:
    """An order that holds as long as the block runs. Paths in it do not depend on a working folder."""
    token = out.absolute() / STATE / "tmp" / f"wanted-{uuid.uuid4().hex}"
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch()
    config = replace(config, model=_absolute(config.model), pseudonymize=_absolute(config.pseudonymize))
    try:
        yield Order(config, raw.absolute(), out.absolute(), token, _versions())
    finally:
        token.unlink(missing_ok=True)


def _absolute(file: str | None) -> str | None:
    return None if file is None else str(Path(file).absolute())


def build_there(shard: ShardPlan, order: Order) -> None:
    """:func:`~specaug.pipeline.shard.build_shard` on a worker that sees the same files and has the same packages.

    Raises
    ------
    ArgumentError
        The worker does not see RAW or OUT under the path that the build was started with.
    PlanMismatchError
        Its packages differ: the bytes could too.
    InterruptedError
        The build was stopped; noticed before every source.
    """
    host = socket.gethostname()
    if order.versions != _versions() and not order.config.mix_versions:
        raise PlanMismatchError(_difference(host, dict(order.versions), dict(_versions())))
    if not order.token.is_file():
        raise ArgumentError(
            f"out: expected a folder that every worker sees under one path, {host} does not see {str(order.out)!r}"
        )
    if shard.sources and not os.path.lexists(order.raw.path / shard.sources[0].path):
        raise ArgumentError(
            f"raw: expected a folder that every worker sees under one path, {host} does not see "
            f"{shard.sources[0].path!r} in {str(order.raw.path)!r}"
        )

    def check() -> None:
        if not order.token.is_file():
            raise InterruptedError("the build was stopped")

    build_shard(shard, order.config, order.raw, order.out, before_source=check)


def _versions() -> tuple[tuple[str, str], ...]:
    return process_versions()


def _difference(host: str, wanted: dict[str, str], found: dict[str, str]) -> str:
    pairs = ", ".join(
        f"{name} {found.get(name)} instead of {wanted[name]}"
        for name in wanted
        if found.get(name) != wanted[name]
    )
    return f"backend: expected the same packages on every worker, {host} has {pairs}"
