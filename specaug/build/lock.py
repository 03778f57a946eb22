"""One builder at a time on one OUT."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from specaug.errors import ArgumentError, BuildLockedError
from specaug.shards import STATE, disk_space_errors

STALE_SECONDS = 60.0
"""The word of a holder that did not refresh it for so long no longer counts."""
_BEAT_SECONDS = 10.0


@contextmanager
def hold(out: Path, *, part: str = "") -> Iterator[None]:
    """Hold OUT while the block runs.

    The kernel's lock on a file decides where builders share a kernel: it ends with its process, however that ends.
    For builders on other machines, whose file system may not pass it on, the file also says who holds it, and is
    refreshed every ten seconds.

    Parameters
    ----------
    out : Path
        Made if it is not there.
    part : str
        Name of a part that may be built beside other parts, such as ``3-of-8``; the whole by default. The whole
        and a part keep each other out.

    Raises
    ------
    BuildLockedError
        A living process holds it; the message says which.
    ArgumentError
        `out` cannot be made or written.
    """
    state = out / STATE
    with ExitStack() as stack:
        with disk_space_errors():
            _make(state)
            stack.enter_context(_flock(state / "lock", shared=bool(part)))
            others = [state / "lock"] if part else sorted(state.glob("lock-*"))
            if part:
                stack.enter_context(_flock(state / f"lock-{part}", shared=False))
            for path in (state / (f"lock-{part}" if part else "lock"), *others):
                if not _is_stale(path):
                    raise _locked(path)
        stack.enter_context(_heartbeat(state / (f"lock-{part}" if part else "lock")))
        yield


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
        os.close(
            os.open(state / "lock", os.O_CREAT | os.O_RDWR, 0o644)
        )  # no touch: that would be a heartbeat
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ArgumentError(f"out: cannot be written: {error.strerror}: {str(state.parent)!r}") from error


def _locked(path: Path) -> BuildLockedError:
    return BuildLockedError(
        f"another build holds OUT: {_owner(path)}. If it is gone, wait {STALE_SECONDS:.0f} s or delete "
        f"{STATE}/{path.name}."
    )


@contextmanager
def _flock(path: Path, *, shared: bool) -> Iterator[None]:
    """The kernel's lock on a file, which is never removed: a lock on a removed file would lock nothing."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked(path) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def _heartbeat(path: Path) -> Iterator[None]:
    """Say in the file who holds it, and go on saying so; empty it in the end."""
    path.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}))
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(_BEAT_SECONDS):
            os.utime(path)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        path.write_text("")


def _holder(path: Path) -> tuple[str, int] | None:
    """(host, pid) that a lock file names."""
    try:
        value = json.loads(path.read_text())
        return str(value["host"]), int(value["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _owner(path: Path) -> str:
    holder = _holder(path)
    return f"process {holder[1]} on {holder[0]}" if holder else "an unknown process"


def _is_stale(path: Path) -> bool:
    """Whether nobody holds OUT by what the file says: it names no one, is old, or its process here is gone."""
    holder = _holder(path)
    if holder is None or time.time() - path.stat().st_mtime > STALE_SECONDS:
        return True
    return holder[0] == socket.gethostname() and (holder[1] == os.getpid() or not _alive(holder[1]))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
