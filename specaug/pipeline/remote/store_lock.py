"""One builder at a time on an OUT in an object store, by nothing but the store's "create if absent".

A lock is a row of numbered objects; whoever made the highest number holds it, and rewrites that object every few
seconds. To take over from a holder that is gone is to create the next number, which the store lets one process do.
So a holder that was only asleep finds a higher number than its own, and stops.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from specaug.errors import BuildLockedError, StoreError
from specaug.parsing import parse_json
from specaug.shards import STATE
from specaug.storage import create, objects, read, remove, write

BEAT_SECONDS = 10.0
"""How often a holder gives a sign."""
WATCH_SECONDS = 35.0
"""A holder without a sign while it is watched for so long is gone. Only the watcher's own clock counts."""
_LOCKS = "locks"


class StoreHold:
    """That an OUT in an object store is held, as long as no other builder took it over."""

    def __init__(self, out: Path, name: str, number: int) -> None:
        self._out, self._name, self.number = out, name, number
        self._word = {"host": socket.gethostname(), "pid": os.getpid(), "token": uuid.uuid4().hex}

    def take(self) -> bool:
        """Create the object of this hold; whether nobody was faster."""
        return create(self._place, self._content(0))

    def check(self) -> None:
        """Raise if another builder took OUT over.

        Raises
        ------
        BuildLockedError
        """
        if _highest(self._out, self._name) != self.number:
            raise BuildLockedError(
                "OUT was taken over by another build while this one went on. What was finished is kept."
            )

    def beat(self, count: int) -> None:
        """Give a sign of life."""
        write(self._place, self._content(count))

    def release(self) -> None:
        """Say that this hold is over. The object stays, so that numbers only grow."""
        if _highest(self._out, self._name) == self.number:
            write(self._place, b"")

    @property
    def _place(self) -> Path:
        return _object(self._out, self._name, self.number)

    def _content(self, count: int) -> bytes:
        return json.dumps({**self._word, "beat": count}).encode()


@contextmanager
def hold_store(out: Path, *, part: str = "") -> Iterator[StoreHold]:
    """Hold an OUT in an object store while the block runs.

    Parameters
    ----------
    out : Path
        A place in an object store.
    part : str
        Name of a part that may be built beside other parts; the whole by default. The whole and a part keep each
        other out.

    Raises
    ------
    BuildLockedError
        A living process holds it; the message says which.
    """
    name = f"part-{part}" if part else "whole"
    held = _take(out, name)
    stop = threading.Event()

    def beats() -> None:
        count = 0
        while not stop.wait(BEAT_SECONDS):
            count += 1
            with suppress(
                StoreError
            ):  # a store may be away for a moment; the next shard asks it who holds OUT
                held.beat(count)

    thread = threading.Thread(target=beats, daemon=True)
    try:
        for other in sorted({n for n, _ in _numbers(out) if (n == "whole") == bool(part)}):
            _refuse_living(out, other)
        thread.start()
        yield held
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        held.release()


def _take(out: Path, name: str) -> StoreHold:
    """The next number, if the holder of the highest is gone."""
    number = _highest(out, name)
    if number:
        _refuse_living(out, name)
    held = StoreHold(out, name, number + 1)
    if not held.take():
        raise BuildLockedError("another build took OUT at the same moment")
    for other, older in _numbers(out):
        if other == name and older < held.number:
            remove(_object(out, other, older))
    return held


def _refuse_living(out: Path, name: str) -> None:
    """Raise if the holder of the highest number lives; it may take a while to see that it does not."""
    place = _object(out, name, _highest(out, name))
    word = _word(place)
    deadline = time.monotonic() + WATCH_SECONDS
    while word is not None and not _is_dead(word):
        if time.monotonic() > deadline:
            return
        time.sleep(min(1.0, WATCH_SECONDS / 10))
        later = _word(place)
        if later is not None and later != word:
            raise BuildLockedError(f"another build holds OUT: process {later['pid']} on {later['host']}")
        word = later


def _word(place: Path) -> dict[str, Any] | None:
    """What a holder says of itself; None once it said that its hold is over."""
    try:
        value = parse_json(read(place) or b"null")
    except ValueError:
        return None
    return value if isinstance(value, dict) and {"host", "pid"} <= set(value) else None


def _is_dead(word: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    if word["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(word["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _object(out: Path, name: str, number: int) -> Path:
    return out / STATE / _LOCKS / f"{name}.{number:09d}"


def _numbers(out: Path) -> list[tuple[str, int]]:
    found = [key.rpartition(".") for key, _ in objects(out / STATE / _LOCKS)]
    return [(name, int(number)) for name, _, number in found if number.isdecimal()]


def _highest(out: Path, name: str) -> int:
    return max((number for other, number in _numbers(out) if other == name), default=0)
