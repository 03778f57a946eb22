"""Why a child died, as a reason for the failure row."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from specaug.isolate.child_main import EXIT_MEMORY, EXIT_UNCAUGHT
from specaug.records import Failure, Reason, Stage

_NO_MEMORY = re.compile(
    r"bad_alloc|out of memory|cannot allocate memory|insufficient memory|memory allocation|"
    r"MemoryError|failed to allocate|OutOfMemory",
    re.IGNORECASE,
)
Ended = Literal["itself", "overdue", "garbled"]
_LINE = 160
_READ = 2000
"""Characters of the last line that are looked at: searching for paths takes time with the square of them."""
"""Characters of the child's last words that fit into a detail."""


@dataclass(frozen=True)
class Death:
    """How a child ended while it worked on a source."""

    status: int
    """As ``Popen.returncode``: negative for a signal."""
    log: str
    """The end of what it wrote to stdout and stderr."""
    busy: bool = True
    """It had taken up a request."""
    stage: Stage | None = None
    """The stage that it entered last."""
    ended: Ended = "itself"
    """Why, if its parent had to end it: it ignored its alarm, or its answer made no sense."""


def cause(death: Death, *, timeout: float | None, hidden: Sequence[str] = ()) -> tuple[Reason, str]:
    """Reason and detail of a failure.

    Parameters
    ----------
    death : Death
    timeout : float or None
        Seconds that were allowed.
    hidden : sequence of str
        Folders whose names the detail must not hold.

    Returns
    -------
    reason : str
        ``timeout``; ``out_of_memory`` where the child said so or was killed by SIGKILL, which is what the kernel
        sends when memory ends; ``internal`` after an exception that nobody caught; else ``native_crash``.
    detail : str
        One line without absolute paths or addresses.

    Examples
    --------
    >>> cause(Death(-11, ""), timeout=None)
    ('native_crash', 'SIGSEGV')
    >>> cause(Death(-6, "terminate called after throwing an instance of 'std::bad_alloc'"), timeout=None)
    ('out_of_memory', "SIGABRT: terminate called after throwing an instance of 'std::bad_alloc'")
    """
    if death.ended == "overdue":
        return "timeout", f"longer than {timeout:g} s, without regard to its alarm"
    if death.status == -signal.SIGALRM and timeout is not None:
        return "timeout", f"longer than {timeout:g} s"
    if death.ended == "garbled":
        return "native_crash", "its answer made no sense"
    words = last_words(death.log, hidden=hidden)
    detail = f"{_name(death.status)}: {words}" if words else _name(death.status)
    if death.status == EXIT_UNCAUGHT:
        return "internal", words
    if death.status == EXIT_MEMORY:
        return "out_of_memory", "memory ran out"
    if death.status == -signal.SIGKILL:
        return "out_of_memory", f"{detail} (killed from outside, as the kernel does when memory ends)"
    crashed = death.status in (-signal.SIGABRT, -signal.SIGTRAP) or death.status > 0
    if crashed and _NO_MEMORY.search(_before_trace(death.log)):
        return "out_of_memory", detail
    return "native_crash", detail


def recognise_memory(failure: Failure, log: str) -> Failure:
    """The failure, as ``out_of_memory`` if a library said that an allocation failed.

    Under a limit, decoders report a frame that they had no memory for as damage, and OpenCV as an error of
    its own; neither is the file's fault.

    Examples
    --------
    >>> failure = Failure("0", "a.mp4", "dev", "decode", "truncated", "7 of 8 frames: Cannot allocate memory")
    >>> recognise_memory(failure, "").reason
    'out_of_memory'
    """
    said = f"{failure.detail}\n{log}" if failure.reason == "internal" else failure.detail
    suspect = failure.reason in ("internal", "decoder_error", "truncated", "unreadable")
    if not (suspect and _NO_MEMORY.search(_before_trace(said))):
        return failure
    detail = "memory ran out" if failure.reason == "internal" else failure.detail
    return replace(failure, reason="out_of_memory", detail=detail)


def _name(status: int) -> str:
    """SIGSEGV, or what it exited with.

    Examples
    --------
    >>> _name(-11), _name(3)
    ('SIGSEGV', 'exit status 3')
    """
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:  # a real-time signal
        return f"signal {-status}"


def _before_trace(log: str) -> str:
    """What libraries wrote, without Python's own trace of the crash."""
    return log.split("Fatal Python error:", maxsplit=1)[0]


def last_words(log: str, *, hidden: Sequence[str] = ()) -> str:
    """The last line of a log, fit for a failure row: short, and the same in the next run.

    Examples
    --------
    >>> last_words("[h264 @ 0x55d0c8] /data/raw/a b.mp4: bad", hidden=["/data/raw"])
    '[h264 @ 0x] a b.mp4: bad'
    >>> last_words("see '/home/me/x y/z.so' or /usr/lib/q.so: no")
    "see 'z.so' or q.so: no"
    >>> last_words("ValueError: /home/ann/my raw files/a.mp4 at 0x7f")
    'ValueError: a.mp4 at 0x'
    """
    lines = [line.strip() for line in _before_trace(log).splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1][:_READ]
    for folder in hidden:
        line = line.replace(folder.rstrip("/") + "/", "")
    line = re.sub(r"""(['"])/[^'"]*?([^/'"]*)\1""", r"\1\2\1", line)
    # A folder's name may hold spaces: rather lose words between two slashes than show a part of a path.
    line = re.sub(r"(?<![\w.])/(?:[^/:'\"]+/)*([^\s/:'\"]*)", r"\1", line)
    line = re.sub(r"0x[0-9a-fA-F]+", "0x", line)
    printable = "".join(c if c.isprintable() else " " for c in line)
    return printable if len(printable) <= _LINE else printable[: _LINE - 1] + "…"
