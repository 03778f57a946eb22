"""What a child does to itself before it touches media: dies with its parent, holds little, keeps quiet."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    Parameters
    ----------
    parent : int
        Process id. If that process is gone already, this one ends here.

    Notes
    -----
    Linux only; elsewhere a child ends when it next reads from its parent.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it went before the kernel was asked
        os._exit(0)


def default_signals() -> None:
    """SIGALRM and SIGTERM end this process without Python's help; an interrupt is the parent's to act on."""
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def quiet_crashes() -> None:
    """A crash leaves a trace on stderr and no core file; the kernel prefers this process when memory ends."""
    faulthandler.enable()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    # 1 byte, not 0: a core that is piped to a program ignores 0 (core(5)).
    resource.setrlimit(resource.RLIMIT_CORE, (1 if hard else 0, hard))
    with contextlib.suppress(OSError):  # no /proc: no preference
        Path("/proc/self/oom_score_adj").write_text("500")


def limit_memory(max_memory: int) -> None:
    """Refuse allocations once this process would hold about `max_memory` bytes.

    The kernel limits address space, of which libraries map far more than they use (half a GiB after the
    imports). What is mapped and not resident now is therefore granted on top.
    """
    limit = max_memory + _mapped_not_resident()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _mapped_not_resident() -> int:
    """Bytes of address space without memory behind it; 0 where there is no /proc."""
    try:
        size, resident = Path("/proc/self/statm").read_text().split()[:2]
    except FileNotFoundError:
        return 0
    return (int(size) - int(resident)) * resource.getpagesize()


def move_away(handle: int, *, standard: int) -> int:
    """Copy `handle` out of reach of grandchildren and libraries, and leave /dev/null in a standard place.

    Returns
    -------
    int
        The descriptor to use from now on.
    """
    moved = os.dup(handle)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, standard)
    os.close(null)
    return moved
