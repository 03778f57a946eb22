"""The child process: reads one request a line, works, answers, and is expected to die now and then."""

from __future__ import annotations

import importlib
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from specaug.isolate.limits import (
    default_signals,
    end_with_parent,
    limit_memory,
    move_away,
    quiet_crashes,
)
from specaug.isolate.progress import Progress, ReportingStopwatch
from specaug.isolate.protocol import read_request, reply_message

EXIT_UNCAUGHT = 70
"""The function raised."""
EXIT_MEMORY = 71
"""The function, or packing what it returned, ran out of memory."""


def main(setup: dict[str, Any]) -> None:
    """Serve until the parent closes the pipe.

    Parameters
    ----------
    setup : dict
        ``function`` as ``module:name``, ``parent`` process id, ``replies`` and ``progress`` descriptors,
        ``max_memory`` in bytes or None, ``idle`` seconds without a request after which to end.
    """
    end_with_parent(setup["parent"])
    default_signals()
    quiet_crashes()
    sys.excepthook = _report_and_exit
    requests = move_away(0, standard=0)
    replies: int = setup["replies"]
    os.set_inheritable(replies, False)
    progress = Progress(setup["progress"])
    os.close(setup["progress"])
    module, name = setup["function"].split(":")
    function = getattr(importlib.import_module(module), name)
    if setup["max_memory"] is not None:
        limit_memory(setup["max_memory"])
    _send(replies, reply_message((), {}))
    _serve(requests, replies, function, progress, setup["idle"])
    os._exit(0)  # nothing to flush, and libraries take their time


def _serve(
    requests: int, replies: int, function: Callable[..., Any], progress: Progress, idle: float
) -> None:
    """One answer for each line, until there are no more, or none for long."""
    with os.fdopen(requests, "rb", buffering=0) as lines:
        while select.select([requests], [], [], idle)[0]:
            line = lines.readline()
            if not line.endswith(b"\n"):
                return
            progress.busy, progress.stage = True, None
            try:
                _send(replies, _answer(line, function, progress))
            except MemoryError:
                os._exit(EXIT_MEMORY)


def _answer(line: bytes, function: Callable[..., Any], progress: Progress) -> list[memoryview]:
    """Do what is asked; the kernel ends this process when the time is up, even in native code."""
    source, config, raw, timeout = read_request(line)
    watch = ReportingStopwatch(progress)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # whatever a library has set
    signal.setitimer(signal.ITIMER_REAL, timeout or 0)
    outcomes = function(source, config, raw=Path(raw), watch=watch)
    message = reply_message(outcomes, dict(watch.seconds))
    signal.setitimer(signal.ITIMER_REAL, 0)
    return message


def _send(replies: int, message: list[memoryview]) -> None:
    """Write all of it; without a reader left there is no use in going on."""
    try:
        for piece in message:
            rest = piece
            while rest:
                rest = rest[os.write(replies, rest) :]
    except BrokenPipeError:
        os._exit(0)


def _report_and_exit(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say on stderr what the function raised, and end."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(EXIT_UNCAUGHT)
