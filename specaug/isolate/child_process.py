"""One child process, from start to end, as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache, partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from specaug.isolate.exit_reason import Death, Ended
from specaug.isolate.progress import Progress, new_progress_file
from specaug.isolate.protocol import PREFIX_BYTES, reply_length

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from specaug.isolate.child_main import main; main(json.loads(sys.argv[2]))"
)
"""Does not depend on the working folder, on PYTHONPATH or on how specaug was installed."""
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
_START_SECONDS = 120.0
"""Imports from a slow network disk take long; longer than this is a fault."""
GRACE_SECONDS = 10.0
"""How long after its alarm a child is ended by its parent."""
IDLE_SECONDS = 60.0
"""Without a request for so long, a child ends; another is started when it is needed."""
_REAP_SECONDS = 5.0
"""A killed process that still does not end waits for a disk."""
_CHUNK = 1 << 20
_LOG_BYTES = 1 << 14
"""How much of the end of the child's output is kept."""
_LOG_READS = 64
"""Something that the child started may write without end."""

_log = logging.getLogger(__name__)

_Order = tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]


class Child:
    """A process that answers requests, started at once.

    Parameters
    ----------
    function : str
        ``module:name`` of what it calls.
    max_memory : int or None
        Bytes.
    """

    def __init__(self, *, function: str, max_memory: int | None) -> None:
        self.served = 0
        """Requests answered."""
        self._log = bytearray()
        self._log_ended = False
        self._ended: Ended = "itself"
        request_end, self._requests = os.pipe()
        self._replies, reply_end = os.pipe()
        self._logs, log_end = os.pipe()
        progress = new_progress_file()
        self._progress = Progress(progress)
        setup = {
            "function": function,
            "parent": os.getpid(),
            "replies": reply_end,
            "progress": progress,
            "max_memory": max_memory,
            "idle": IDLE_SECONDS,
        }
        try:
            self._process = _start(setup, stdin=request_end, output=log_end)
        except BaseException:
            _close(self._requests, self._replies, self._logs)
            raise
        finally:
            _close(request_end, reply_end, log_end, progress)
        ends = (self._requests, self._replies, self._logs)
        self._end = weakref.finalize(self, _end, os.getpid(), self._process, self._progress, ends)
        self._poll = select.poll()
        for handle in (self._replies, self._logs):
            self._poll.register(handle, select.POLLIN)

    def is_ready(self) -> bool:
        """Wait for the imports; False if it died or took too long, and :meth:`death` tells how."""
        return self._receive(time.monotonic() + _START_SECONDS) is not None

    def ask(self, request: bytes, *, timeout: float | None) -> bytearray | None:
        """Send a line, and wait for the message that answers it.

        Parameters
        ----------
        request : bytes
        timeout : float or None
            Seconds that the child allows itself; it is ended here if it is far beyond them.

        Returns
        -------
        bytearray or None
            None if the child died or has to; :meth:`death` tells how.
        """
        self._log.clear()
        self._progress.busy = False  # the child may have died right after its last answer
        rest = memoryview(request)
        try:
            while rest:
                rest = rest[os.write(self._requests, rest) :]
        except BrokenPipeError:
            return None
        deadline = None if timeout is None else time.monotonic() + timeout + GRACE_SECONDS
        message = self._receive(deadline)
        self.served += message is not None
        return message

    @property
    def log(self) -> str:
        """The end of what it wrote since the last request."""
        return self._log.decode("utf-8", "backslashreplace")

    def death(self) -> Death:
        """End it if it lives, and tell what it died of before that."""
        for _ in range(_LOG_READS):
            if not self._take_log():
                break
        log, busy, stage = self.log, self._progress.busy, self._progress.stage
        self.end()
        status = self._process.returncode
        return Death(-signal.SIGKILL if status is None else status, log, busy, stage, self._ended)

    def end(self) -> None:
        """Kill it, with whatever it started. It holds nothing that could be lost."""
        self._end()

    def _receive(self, deadline: float | None) -> bytearray | None:
        """The next whole message; None if there will be none."""
        message = bytearray()
        length = PREFIX_BYTES
        while len(message) < length:
            ready = self._wait(deadline)
            if not ready:
                self._ended = "overdue"
                return None
            if self._logs in ready:
                self._take_log()
            if self._replies in ready:
                chunk = os.read(self._replies, min(_CHUNK, length - len(message)))
                if not chunk:
                    return None
                message += chunk
                if len(message) == PREFIX_BYTES and not (length := reply_length(message)):
                    self._ended = "garbled"
                    return None
        return message

    def _wait(self, deadline: float | None) -> list[int]:
        """Descriptors with something to read; none once the time is up."""
        left = None if deadline is None else 1000 * max(0.0, deadline - time.monotonic())
        return [handle for handle, _ in self._poll.poll(left)]

    def _take_log(self) -> bool:
        """Read what the child wrote, keeping the end; False if there is nothing now, or no more ever."""
        if self._log_ended or not select.select([self._logs], [], [], 0)[0]:
            return False
        chunk = os.read(self._logs, _CHUNK)
        if not chunk:
            self._poll.unregister(self._logs)
            self._log_ended = True
        self._log += chunk
        del self._log[:-_LOG_BYTES]
        return bool(chunk)


def _start(setup: dict[str, Any], *, stdin: int, output: int) -> subprocess.Popen[bytes]:
    """Start the process from a thread that lasts: the kernel ends a child with the thread that started it."""
    package = str(Path(__file__).absolute().parents[2])
    path = [str(Path(entry).absolute()) for entry in sys.path]
    path += [package] if package not in path else []
    command = [sys.executable, "-X", f"utf8={sys.flags.utf8_mode}", "-P", "-c", _BOOT]
    arguments = [json.dumps(path), json.dumps(setup)]
    environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
    start = partial(
        _open,
        command + arguments,
        stdin=stdin,
        stdout=output,
        stderr=output,
        pass_fds=(setup["replies"], setup["progress"]),
        env=environment,
        process_group=0,
    )
    future: Future[subprocess.Popen[bytes]] = Future()
    _starter(os.getpid()).put((start, future))
    try:
        return future.result()
    except BaseException:  # an interrupt: what is being started must not stay
        future.add_done_callback(_kill_started)
        raise


def _open(command: list[str], **settings: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, **settings)


def _kill_started(future: Future[subprocess.Popen[bytes]]) -> None:
    if future.exception() is None:
        future.result().kill()
        future.result().wait()


@lru_cache(maxsize=1)
def _starter(pid: int) -> SimpleQueue[_Order]:
    """Where the one thread of process `pid` that starts children takes its orders; a fork gets its own."""
    orders: SimpleQueue[_Order] = SimpleQueue()
    # A daemon, so that it outlives every other thread.
    threading.Thread(target=_start_as_told, args=(orders,), name=f"specaug-start-{pid}", daemon=True).start()
    return orders


def _start_as_told(orders: SimpleQueue[_Order]) -> None:
    while True:
        start, future = orders.get()
        try:
            future.set_result(start())
        except BaseException as error:  # it is raised where the order came from
            future.set_exception(error)
        del start, future  # or this frame would keep the process object until the next order


def _end(owner: int, process: subprocess.Popen[bytes], progress: Progress, ends: tuple[int, ...]) -> None:
    """Kill and reap, unless this is a fork of the process that started it."""
    if os.getpid() == owner and process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        try:
            process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:  # it waits for a disk that does not answer
            _log.warning("process %d does not end; it is left behind", process.pid)
    progress.close()
    _close(*ends)


def _close(*handles: int) -> None:
    for handle in handles:
        os.close(handle)
