"""Killed with SIGKILL at every single step that reaches the disk; run as a program by ``test_kills.py``.

Every call that makes, fills, syncs, checks, moves or removes a file counts as a step. The work is done once to count
them, then once more for each step, killed right before it; of steps that change no file, such as syncs, the first and
the last stand for all. After each kill the same command runs to its end, and OUT must hold the same bytes as without
the kill. A fork does each of these, so that all is imported once.

Prints one JSON object: steps by name, and what was wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pyarrow.parquet as pq
from building import SMALL, everything, in_process

from specaug.pipeline import build_dataset, finalize, shard
from specaug.pipeline.retry import retry, retry_shard
from specaug.records import BuildConfig, Failure
from specaug.shards import verify, writer

STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "replace"),
    (os, "mkdir"),
    (os, "unlink"),
    (os, "rmdir"),
    (os, "open"),
    (os, "utime"),
    (Path, "open"),
    (Path, "write_text"),
    (Path, "write_bytes"),
    (pq.ParquetWriter, "write_table"),
    (pq.ParquetWriter, "close"),
    (pq, "write_table"),
    (writer, "count_rows"),
)
"""Among them: temporary file, its sync, its check, the rename, the folder's sync; of data, failures, receipt, plan,
manifest, statistics, card, and of the lock."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Steps:
    """Counts steps, and ends this process before the one whose number is given."""

    def __init__(self, fatal: int | None) -> None:
        self.names: list[str] = []
        self._fatal = fatal
        for owner, name in STEPS:
            setattr(owner, name, self._counted(name, getattr(owner, name)))

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            if name != "open" or _writes(args[1:2]):
                self.names.append(f"{name} {_what(args)}")
                if len(self.names) == self._fatal:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return step


def _writes(mode: tuple[Any, ...]) -> bool:
    """Whether a file is opened to be written, by flags or by mode."""
    return any(way & WRITES if isinstance(way, int) else "w" in way for way in mode)


def _what(args: tuple[Any, ...]) -> str:
    """What a step is about, in a word: where a file is moved to, else what it is called."""
    names = [str(arg) for arg in args[:2] if isinstance(arg, str | os.PathLike)]
    kinds = (
        "plan",
        "raw",
        "done",
        "manifest",
        "dataset_info",
        "README",
        "change",
        "intent",
        "failures",
        "data",
    )
    return next((kind for kind in kinds if names and kind in names[-1].partition("out")[2]), "")


def work(raw: Path, out: Path, action: str) -> None:
    """What is killed: a build from nothing, one with a file that is new, or a retry."""
    if action == "retry":
        retry(out, jobs=1)
    else:
        build_dataset(raw, out, CONFIG)


CONFIG = BuildConfig(**{**vars(SMALL), "frames": 1, "size": 32})


def in_fork(task: Callable[[], None]) -> int:
    """Run a task in a process of its own; its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            task()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def slow(source: Any, config: Any, raw: Path, watch: Any) -> Any:
    """A source that fails for now."""
    if "spoof" in source.path:
        return (Failure(source.source_id, source.path, source.split, "decode", "timeout", "longer than 9 s"),)
    return in_process(source, config, raw, watch)


def prepare(raw: Path, out: Path, action: str) -> None:
    """OUT as it is before the work."""
    if action == "build":
        return
    new = raw / "train/live/s1/new.png"
    if action == "extend":
        new.rename(raw / "held back")
    if action == "retry":
        shard.work_on = slow
    build_dataset(raw, out, CONFIG)
    if action == "extend":
        (raw / "held back").rename(new)


def finished(raw: Path, out: Path, action: str) -> None:
    """The same command to its end, and a look at all it left."""
    if action == "committed":  # a retry that counts already: another one would count as another attempt
        finalize(out)
    else:
        work(raw, out, action)
    assert verify(out).ok


def chosen(steps: list[str]) -> list[int]:
    """Numbers, from 1, of the steps to be killed at: all that change a file, the first and the last of others."""
    last = {name: number for number, name in enumerate(steps, start=1)}
    first = {name: number for number, name in reversed(list(enumerate(steps, start=1)))}
    return [
        number
        for number, name in enumerate(steps, start=1)
        if name.startswith(("replace", "unlink", "write")) or number in (first[name], last[name])
    ]


def main(raw: Path, root: Path, action: str) -> None:
    """Count, kill at each step, compare."""
    for module in (shard, retry_shard):
        module.work_on = in_process
    os.fsync = lambda handle: None  # a kill, unlike a power cut, loses nothing that was written; still a step
    before, out, names = root / "before", root / "out", root / "names.json"
    build_dataset(raw, root / "warm", CONFIG)  # imports what is loaded late, for all that follow
    assert in_fork(lambda: prepare(raw, before, action)) == 0
    before.mkdir(exist_ok=True)
    shutil.copytree(before, out)

    def count() -> None:
        steps = Steps(None)
        work(raw, out, action)
        text = json.dumps(steps.names)
        names.write_text(text)

    assert in_fork(count) == 0
    steps = json.loads(names.read_text())
    wanted = everything(out)
    wrong: list[str] = []
    for number in chosen(steps):
        name = steps[number - 1]
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(before, out)
        code = in_fork(lambda number=number: Steps(number) and work(raw, out, action))  # type: ignore[misc]
        wrong += [f"{number} {name}: ended with {code}"] if code != -signal.SIGKILL else []
        if action == "retry" and not verify(out).ok:
            wrong.append(f"{number} {name}: not verifiable after the kill")
        rest = "committed" if "replace change" in steps[: number - 1] else action
        if in_fork(lambda rest=rest: finished(raw, out, rest)):  # type: ignore[misc]
            wrong.append(f"{number} {name}: the next run fails")
        elif everything(out) != wanted:
            wrong.append(f"{number} {name}: other bytes")
    print(json.dumps({"steps": dict(Counter(steps)), "kills": len(chosen(steps)), "wrong": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
