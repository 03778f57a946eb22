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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from specaug.errors import ArgumentError, BuildLockedError
from specaug.isolate import end_with_builder
from specaug.parsing import parse_json
from specaug.shards import STATE, out_errors, settle

STALE_SECONDS = 60.0
"""A holder on another machine that gave a sign within so long is believed to live."""
BEAT_SECONDS = 10.0
WATCH_SECONDS = 25.0
"""Without a sign while it is watched for so long, it is gone. No clock but this machine's monotonic one decides."""
WORKERS_SECONDS = 15.0
"""How long to wait for the workers of a builder that was killed; they end by themselves within a second."""
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)


class Hold:
    """That OUT is held, as long as nobody took it away."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        """Raise if another builder took OUT, or somebody removed the lock file.

        Raises
        ------
        BuildLockedError
        """
        if self.lost:
            raise BuildLockedError(
                f"OUT was taken over while this build went on: {STATE}/lock is no longer this build's. "
                "What was finished is kept."
            )


@contextmanager
def hold(out: Path, *, part: str = "") -> Iterator[Hold]:
    """Hold OUT while the block runs; a change that was decided and not carried out is carried out first.

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
    mine = f"-{part}" if part else ""
    with ExitStack() as stack:
        with out_errors(out):
            _make(state)
            kernel = stack.enter_context(_flock(state / "lock", shared=bool(part)))
            others = [state / "lock"] if part else sorted(state.glob("lock-*"))
            if part:
                stack.enter_context(_flock(state / f"lock{mine}", shared=False))
            for path in (state / f"lock{mine}", *others):
                if not _is_stale(path, kernel=kernel):
                    raise _locked(path)
            for path in {state / f"workers{mine}", *_workers_of_others(state, part)}:
                _wait_for_workers(path)
            held = stack.enter_context(_heartbeat(state / f"lock{mine}"))
            settle(out)
        yield held


@contextmanager
def at_work(out: Path, *, builder: int, part: str = "") -> Iterator[None]:
    """Around the work of a worker: no other builder starts before it has ended.

    A worker lives a moment longer than a builder that was killed. It holds a lock of its own meanwhile, which the
    next builder waits for.

    Parameters
    ----------
    out : Path
    builder : int
        Id of the process that holds `out` for this worker.
    part : str
        As for :func:`hold`.
    """
    if os.getpid() == builder:
        yield
        return
    end_with_builder(builder)
    with (
        out_errors(out),
        _flock(out / STATE / f"workers{f'-{part}' if part else ''}", shared=True, wait=True),
    ):
        end_with_builder(builder)  # it may have gone while this one waited, and the next one begun
        yield


def _workers_of_others(state: Path, part: str) -> list[Path]:
    """Workers that must have ended: of the whole for a part, of all parts for the whole."""
    return [state / "workers"] if part else sorted(state.glob("workers-*"))


def _wait_for_workers(path: Path) -> None:
    deadline = time.monotonic() + WORKERS_SECONDS
    while path.exists():
        with suppress(BuildLockedError), _flock(path, shared=False):
            return
        if time.monotonic() > deadline:
            raise BuildLockedError(
                f"workers of an earlier build are still at work on OUT ({STATE}/{path.name})"
            )
        time.sleep(0.05)


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise ArgumentError(f"out: cannot be written: {error.strerror}: {str(state.parent)!r}") from error
    # no touch: that would be a heartbeat
    os.close(os.open(state / "lock", os.O_CREAT | os.O_RDWR, 0o644))


def _locked(path: Path) -> BuildLockedError:
    return BuildLockedError(
        f"another build holds OUT: {_owner(path)}. If it is gone, wait {STALE_SECONDS:.0f} s or delete "
        f"{STATE}/{path.name}."
    )


@contextmanager
def _flock(path: Path, *, shared: bool, wait: bool = False) -> Iterator[bool]:
    """The kernel's lock on a file, which is never removed: a lock on a removed file would lock nothing.

    Yields whether the file system has such locks.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
            kernel = True
        except BlockingIOError:
            raise _locked(path) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            kernel = False
        yield kernel
    finally:
        os.close(handle)


@contextmanager
def _heartbeat(path: Path) -> Iterator[Hold]:
    """Say in the file who holds it, and go on saying so; empty it in the end."""
    text = json.dumps(
        {"host": socket.gethostname(), "pid": os.getpid(), "boot": _boot(), "since": time.time_ns()}
    )
    path.write_text(text)
    stop = threading.Event()
    held = Hold()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS) and not held.lost:
            with suppress(OSError):  # a disk that does not answer now may answer the next time
                held.lost = not _says(path, text)
                if not held.lost:
                    os.utime(path)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        stop.set()
        thread.join()
        with suppress(OSError):
            if _says(path, text):
                path.write_text("")


def _says(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text
    except FileNotFoundError:
        return False


def _boot() -> str:
    """What tells a running kernel from every other; empty where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _holder(path: Path) -> dict[str, Any] | None:
    """What a lock file says of who holds it: at least a host and a process id."""
    try:
        value = parse_json(path.read_text())
        return {**value, "host": str(value["host"]), "pid": int(value["pid"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _owner(path: Path) -> str:
    holder = _holder(path)
    return f"process {holder['pid']} on {holder['host']}" if holder else "an unknown process"


def _is_stale(path: Path, *, kernel: bool) -> bool:
    """Whether nobody holds OUT by what the file says, for a caller that has the kernel's lock if there is one."""
    holder = _holder(path)
    if holder is None:
        return True
    boot = holder.get("boot")
    if kernel and boot and boot == _boot():
        return True  # it ran on this kernel, and left its lock: whoever has its process id now is another
    if holder["host"] == socket.gethostname() and boot in (None, "", _boot()):
        return holder["pid"] == os.getpid() or not _alive(holder["pid"])
    return not 0 <= time.time() - path.stat().st_mtime <= STALE_SECONDS and _is_silent(path)


def _is_silent(path: Path) -> bool:
    """Watch a file for a while. Clocks may be set, here and there; a change of any kind is a sign of life."""
    before = _sign(path)
    deadline = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < deadline:
        time.sleep(min(1.0, WATCH_SECONDS / 5))
        if _sign(path) != before:
            return False
    return True


def _sign(path: Path) -> tuple[int, bytes]:
    """Time and content; opened anew, which has network file systems ask their server."""
    with path.open("rb") as stream:
        return os.fstat(stream.fileno()).st_mtime_ns, stream.read()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
