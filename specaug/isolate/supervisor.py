"""A worker whose sources cannot take the build down: each becomes clips or typed failures, exactly once."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from specaug.errors import ArgumentError, SpecaugError
from specaug.isolate.child_process import Child
from specaug.isolate.exit_reason import Death, cause, last_words, recognise_memory
from specaug.isolate.protocol import read_reply, request_line
from specaug.records import BuildConfig, Clip, Failure, Reason, Source, readable_path
from specaug.stage_timer import Stopwatch

MIN_MEMORY = 512 << 20
"""Smallest `max_memory`, bytes: measured need is 256 MiB for small videos, 448 for 4K, 1024 for 8K or 64 MP."""
RETRIED = ("native_crash", "out_of_memory")
_STARTS = 3

_log = logging.getLogger(__name__)


class SupervisedWorker:
    """Does what :func:`specaug.extract.extract` does, in a child process.

    Parameters
    ----------
    raw : Path
        Folder that sources are relative to.
    config : BuildConfig
    timeout : float or None
        Wall seconds for one source.
    max_memory : int or None
        Bytes for one child, about what it may hold in memory; at least :data:`MIN_MEMORY`.
    recycle_after : int
        Sources after which the child is replaced, so that leaks stay small.
    function : str
        ``module:name`` of what the child calls, importable there, with the signature of the default.

    Raises
    ------
    ArgumentError
        A limit is out of range.

    Notes
    -----
    For one thread at a time. The child starts with the first source, and again when it is needed.

    Examples
    --------
    >>> from specaug import BuildConfig
    >>> source = Source("absent.mp4", "bonafide", source_id="0" * 32)
    >>> with SupervisedWorker(raw=Path("/"), config=BuildConfig(), timeout=60, max_memory=None) as worker:
    ...     worker.extract(source)[0].reason
    'unreadable'
    """

    def __init__(
        self,
        *,
        raw: Path,
        config: BuildConfig,
        timeout: float | None,
        max_memory: int | None,
        recycle_after: int = 500,
        function: str = "specaug.extract:extract",
    ) -> None:
        if timeout is not None and not 0 < timeout < float("inf"):
            raise ArgumentError(f"timeout: expected a positive number of seconds or None, got {timeout!r}")
        if max_memory is not None and max_memory < MIN_MEMORY:
            raise ArgumentError(
                f"max_memory: expected at least {MIN_MEMORY} bytes ({MIN_MEMORY >> 20} MiB), got {max_memory!r}"
            )
        if recycle_after < 1:
            raise ArgumentError(f"recycle_after: expected at least 1, got {recycle_after!r}")
        self._raw = str(Path(raw).absolute())  # the child may have been started in another folder
        model = None if config.model is None else str(Path(config.model).absolute())
        self._config = replace(config, model=model)
        self._timeout, self._max_memory = timeout, max_memory
        self._recycle_after, self._function = recycle_after, function
        self._child: Child | None = None
        self._owner = os.getpid()

    def __enter__(self) -> SupervisedWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, at once. A later :meth:`extract` starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def extract(self, source: Source, *, watch: Stopwatch | None = None) -> tuple[Clip | Failure, ...]:
        """Work on one source.

        Parameters
        ----------
        source : Source
        watch : Stopwatch, optional
            Gets the seconds of each stage; of a child that died, those since the request, in its last stage.

        Returns
        -------
        tuple of Clip or Failure
            What the function returned, or one failure: ``timeout`` at once; ``native_crash`` or
            ``out_of_memory`` after a second attempt in a fresh child; ``internal`` if it raised.

        Raises
        ------
        SpecaugError
            The child cannot be started at all: no fault of the source.
        """
        watch = watch or Stopwatch()
        try:
            outcomes = self._attempt(source, watch)
            if not _may_be_anothers_fault(outcomes):
                return outcomes
            self.close()
            outcomes = self._attempt(source, watch)
            if _may_be_anothers_fault(outcomes):
                self.close()
        except BaseException:  # an interrupt above all: nothing goes on behind its back
            self.close()
            raise
        return tuple(replace(o, attempts=2) if isinstance(o, Failure) else o for o in outcomes)

    def _attempt(self, source: Source, watch: Stopwatch) -> tuple[Clip | Failure, ...]:
        """One try in a child that lives. A death before the request was taken up is not the source's fault."""
        request = request_line(source, self._config, raw=self._raw, timeout=self._timeout)
        for _ in range(_STARTS):
            child = self._living_child()
            begun = time.perf_counter()
            message = child.ask(request, timeout=self._timeout)
            if message is not None:
                outcomes, seconds = read_reply(message)
                _add(watch, seconds)
                if self._max_memory is not None:
                    outcomes = tuple(
                        recognise_memory(o, child.log) if isinstance(o, Failure) else o for o in outcomes
                    )
                self._tell(source, outcomes, child.log)
                return outcomes
            death = child.death()
            self._child = None
            if death.busy:
                _add(watch, {death.stage or "probe": time.perf_counter() - begun})
                return (self._failure(source, death),)
        raise SpecaugError(f"the worker process ended {_STARTS} times before it took up a source")

    def _living_child(self) -> Child:
        """The child, started if there is none; replaced after its share of sources."""
        if self._owner != os.getpid():  # a fork: the child is the other process's
            self._child, self._owner = None, os.getpid()
        if self._child is not None and self._child.served >= self._recycle_after:
            self.close()
        if self._child is None:
            self._child = self._started()
        return self._child

    def _started(self) -> Child:
        """A child that is ready. One that is killed while it starts is tried again: memory may be short now."""
        for _ in range(_STARTS):
            child = Child(function=self._function, max_memory=self._max_memory)
            try:
                if child.is_ready():
                    return child
            except BaseException:  # an interrupt
                child.end()
                raise
            death = child.death()
            if death.status >= 0:
                break
        words = last_words(death.log)
        raise SpecaugError(f"the worker process could not start (status {death.status}): {words}")

    def _failure(self, source: Source, death: Death) -> Failure:
        reason, detail = cause(death, timeout=self._timeout, hidden=(self._raw,))
        self._tell(source, (failure := _failure(source, death, reason, detail),), death.log)
        return failure

    def _tell(self, source: Source, outcomes: Sequence[Clip | Failure], text: str) -> None:
        """Log what the child wrote: aloud if it was a defect of ours."""
        if text:
            defect = any(isinstance(o, Failure) and o.reason == "internal" for o in outcomes)
            level = logging.ERROR if defect else logging.DEBUG
            _log.log(level, "source %s: the worker process wrote:\n%s", source.source_id, text.rstrip())


def _may_be_anothers_fault(outcomes: Sequence[Clip | Failure]) -> bool:
    """An earlier source may have damaged or filled the process; the source deserves a fresh one."""
    return any(isinstance(outcome, Failure) and outcome.reason in RETRIED for outcome in outcomes)


def _failure(source: Source, death: Death, reason: Reason, detail: str) -> Failure:
    path = readable_path(source.path)
    return Failure(source.source_id, path, source.split, death.stage or "probe", reason, detail)


def _add(watch: Stopwatch, seconds: dict[str, float]) -> None:
    for stage, spent in seconds.items():
        watch.seconds[stage] += spent


class _Kept(threading.local):
    """One worker a thread, kept from one shard to the next."""

    worker: SupervisedWorker | None = None
    settings: tuple[object, ...] = ()


_kept = _Kept()


def worker_of_this_thread(
    *,
    raw: Path,
    config: BuildConfig,
    timeout: float | None,
    max_memory: int | None,
    function: str = "specaug.extract:extract",
) -> SupervisedWorker:
    """The worker that this thread used last, if its settings are the same, else a new one.

    Starting a child takes as long as a source or two, so that a slot keeps its child from shard to shard. It
    ends with the thread, with the process, or after a minute without work.

    Parameters
    ----------
    raw, config, timeout, max_memory, function
        As for :class:`SupervisedWorker`.

    Returns
    -------
    SupervisedWorker
        Not to be closed by the caller.
    """
    settings = (os.getpid(), Path(raw).absolute(), config, timeout, max_memory, function)
    if _kept.worker is None or _kept.settings != settings:
        if _kept.worker is not None:
            _kept.worker.close()
        _kept.worker = SupervisedWorker(
            raw=raw, config=config, timeout=timeout, max_memory=max_memory, function=function
        )
        _kept.settings = settings
    return _kept.worker
