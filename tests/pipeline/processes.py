"""Builds as processes of their own, and a look at every process that comes from them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 300.0
"""Seconds; a busy machine with two cores takes its time."""
_MAIN = "import sys; from specaug_cli.main import main; main()"
_MARK = "SPECAUG_TEST_MARK"
_ISOLATED = "specaug.isolate.child_main"


class Build:
    """``specaug build-dataset`` in a group of its own; all that it starts can be found by a mark in its environment."""

    def __init__(self, raw: Path, out: Path, *flags: str, folder: Path, **variables: str) -> None:
        self.out, self.mark = out, uuid.uuid4().hex
        self.messages = folder / f"{self.mark}.txt"
        environment = {**os.environ, **variables, _MARK: self.mark, "OMP_NUM_THREADS": "1"}
        with self.messages.open("wb") as messages:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, "build-dataset", str(raw), str(out), *flags],
                env=environment,
                cwd=folder,
                stdout=messages,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def receipts(self) -> int:
        """Shards that are finished."""
        return len(list(self.out.glob(".specaug/done/*.json")))

    def workers(self) -> list[int]:
        """Processes that have a child in which sources are worked on."""
        return [parent(pid) for pid in marked(self.mark) if _ISOLATED in command(pid)]

    def ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    def text(self) -> str:
        """What it wrote to stdout and stderr."""
        return self.messages.read_text()

    def wait(self) -> int:
        """Its exit code."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.end()

    def end(self) -> None:
        """Nothing of it goes on after a test, however that ends."""
        for pid in marked(self.mark) if self.process.poll() is None else []:
            kill(pid)


def until(look: Callable[[], Any], what: str) -> Any:
    """The first true value of `look`."""
    deadline = time.monotonic() + PATIENCE
    while not (value := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


def marked(mark: str) -> list[int]:
    """Living processes with the mark in their environment."""
    needle = f"{_MARK}={mark}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if needle in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found


def command(pid: int) -> str:
    """How a process was started; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Id of the process that started `pid`; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def kill(pid: int) -> None:
    """SIGKILL, if it still runs."""
    if pid > 1:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
