"""One builder at a time on one OUT."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specaug.errors import BuildLockedError
from specaug.shards import STATE, disk_space_errors

STALE_SECONDS = 60.0
"""A lock that nobody refreshed for so long, and whose process is gone, is taken over."""
_BEAT_SECONDS = 10.0


@contextmanager
def hold(out: Path, *, part: str = "") -> Iterator[None]:
    """Hold OUT while the block runs.

    Parameters
    ----------
    out : Path
    part : str
        Name of a part that may be built beside other parts, such as ``3-of-8``; the whole by default.

    Raises
    ------
    BuildLockedError
        A living process holds it; the message says which.
    """
    path = out / STATE / (f"lock-{part}" if part else "lock")
    with disk_space_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(path)
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, stop), daemon=True)
    beat.start()
    try:
        yield
    finally:
        stop.set()
        beat.join()
        path.unlink(missing_ok=True)


def _take(path: Path) -> None:
    """Create the lock file, or take it over from a process that is gone."""
    while True:
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            if not _is_stale(path):
                raise BuildLockedError(
                    f"another build holds OUT: {_owner(path)}. If it is gone, wait "
                    f"{STALE_SECONDS:.0f} s or delete {STATE}/{path.name}."
                ) from None
            # Only one of several that found it stale can rename it away.
            grave = path.with_name(f"{path.name}.{os.getpid()}.stale")
            try:
                path.rename(grave)
            except FileNotFoundError:
                continue
            grave.unlink(missing_ok=True)
            continue
        with os.fdopen(handle, "w") as stream:
            json.dump({"host": socket.gethostname(), "pid": os.getpid()}, stream)
        return


def _owner(path: Path) -> str:
    try:
        value = json.loads(path.read_text())
        return f"process {value['pid']} on {value['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"


def _is_stale(path: Path) -> bool:
    """Whether the holder is gone: at once where it ran here, after a minute of silence elsewhere."""
    try:
        age = time.time() - path.stat().st_mtime
        value = json.loads(path.read_text())
        host, pid = value["host"], int(value["pid"])
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        # The holder died between creating and filling it, or is about to fill it.
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    if host == socket.gethostname():
        return not _alive(pid)
    return age > STALE_SECONDS


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _beat(path: Path, stop: threading.Event) -> None:
    while not stop.wait(_BEAT_SECONDS):
        try:
            os.utime(path)
        except FileNotFoundError:
            return
