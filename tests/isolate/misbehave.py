"""What a decoder may do to the process it runs in; named to the supervised children of the tests beside it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from specaug.records import BuildConfig, Clip, Failure, MediaInfo, Source, readable_path
from specaug.stage_timer import Stopwatch

Outcomes = tuple[Clip | Failure, ...]


def report(source: Source, **facts: object) -> Outcomes:
    """Facts about this process, carried in the detail of a failure."""
    path = readable_path(source.path)
    return (Failure(source.source_id, path, source.split, "align", "no_face", json.dumps(facts)),)


def clip(source: Source) -> Clip:
    """A clip with every kind of content: infinite and missing numbers, empty pictures, bytes of all values."""
    info = MediaInfo("video", 64, 48, 3, np.array([0.0, 1 / 3, np.inf]), np.array([0, 2]), fps=29.97)
    rows = np.float32([[0.1, np.nan, -np.inf, 3e38], [0, 1, 2, 3]])
    return Clip(
        clip_id=f"{source.source_id}-000",
        source=source,
        info=info,
        frames=(bytes(range(256)), b"", b"\n" * 70_000),
        frame_index=np.int32([2, 0]),
        score=np.float32([0.5, 0]),
        scale=np.float32([1.5, 1.25]),
        padding=np.zeros(0, np.float32),
        box=rows,
        landmarks=np.arange(20, dtype=np.float32).reshape(2, 5, 2),
        warp=np.asfortranarray(np.arange(12, dtype=np.float32).reshape(2, 2, 3)),
    )


def behave(source: Source, config: BuildConfig, *, raw: Path, watch: Stopwatch) -> Outcomes:
    """Do what the name of the source says."""
    with watch("probe"):
        pass
    action = Path(source.path).name
    if action == "late":  # between two stages
        os.kill(os.getpid(), signal.SIGSEGV)
    with watch("decode"):
        if action in _ACTIONS:
            _ACTIONS[action]()
    if action == "cv2":  # as the worker reports an error that nobody foresaw
        print("cv2.error: alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate", file=sys.stderr)
        return (Failure(source.source_id, action, source.split, "align", "internal", "error"),)
    if action == "clip":
        return (clip(source),)
    if action == "another":
        _start_another(raw)
    if action == "twice":  # the second attempt is made by another process
        return _crash_once(source, config, raw)
    return report(
        source,
        pid=os.getpid(),
        path=source.path,
        raw=str(raw),
        cwd=str(Path.cwd()),
        config=config.seed,
        handles=_handles(),
        threads=_threads() if action == "threads" else None,
    )


def _threads() -> tuple[int, str]:
    import cv2

    return cv2.getNumThreads(), os.environ["OMP_NUM_THREADS"]


def outcomes_of(names: list[str], raw: Path) -> list[Outcomes]:
    """A worker's own parent, for schedulers that run it in a process of theirs."""
    from specaug.isolate import SupervisedWorker

    with SupervisedWorker(
        raw=raw, config=BuildConfig(), timeout=0.5, max_memory=None, function="misbehave:behave"
    ) as worker:
        return [worker.extract(Source(name, "bonafide", source_id=name)) for name in names]


def _handles() -> list[str]:
    """What is open: a path, or a kind such as pipe."""
    listed = [entry for entry in list(Path("/proc/self/fd").iterdir()) if entry.is_symlink()]
    return sorted(str(entry.readlink()).partition(":")[0] for entry in listed)


def _crash_once(source: Source, config: BuildConfig, raw: Path) -> Outcomes:
    mark = raw / "crashed"
    if not mark.exists():
        mark.touch()
        ctypes.string_at(0)
    return report(source, pid=os.getpid())


def _hang_with_gil() -> None:
    """Wait in native code without giving the interpreter's lock back: no Python thread or handler can run."""
    ctypes.PyDLL(None).pause()


def _hang_and_block() -> None:
    """As a library would that takes the alarm for itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    ctypes.PyDLL(None).pause()


def _eat() -> None:
    held = []
    while True:
        held.append(bytes(64 << 20))


def _eat_natively() -> None:
    """As C++ code that gets no memory."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while libc.malloc(ctypes.c_size_t(64 << 20)):
        pass
    os.write(
        2, b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n"
    )
    os.abort()


def _babble() -> None:
    print("{}\n" * 10, flush=True)
    print("noise in " + str(Path(__file__).parent), file=sys.stderr, flush=True)
    for handle in (1, 2):
        os.write(handle, b"\xff\x00" * 200_000)


def _start_another(raw: Path) -> None:
    other = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    with (raw / "started").open("a") as file:
        file.write(f"{other.pid}\n")
    ctypes.string_at(0)


def _read_stdin() -> None:
    if sys.stdin.read():
        raise AssertionError("a library can read the requests")


def _raise() -> None:
    raise ValueError(f"{Path(__file__).parent}/x y.mp4 at {hex(id(object()))}")


_ACTIONS = {
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(0),
    "hang": _hang_with_gil,
    "block": _hang_and_block,
    "half": lambda: time.sleep(0.3),
    "eat": _eat,
    "eat_natively": _eat_natively,
    "babble": _babble,
    "stdin": _read_stdin,
    "raise": _raise,
}
