"""Which files of the library are entered while something runs; named to the supervised child of the test beside it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import specaug
from specaug.extract import extract as extract_clips
from specaug.records import BuildConfig, Clip, Failure, Source
from specaug.stage_timer import Stopwatch

PACKAGE = Path(specaug.__file__).parent


class Tracer:
    """Notes the file of every function of the library that is called, in all threads that start meanwhile.

    Bodies of modules do not count: what is imported need not take part.
    """

    def __init__(self) -> None:
        self.files: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code.co_name == "<module>":
            return
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == "specaug":
            self.files.add(frame.f_globals["__file__"])

    def start(self) -> None:
        threading.setprofile(self)
        sys.setprofile(self)

    def stop(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def paths(self) -> set[str]:
        """As ``specaug/…``."""
        return {Path(file).relative_to(PACKAGE.parent).as_posix() for file in self.files}


def entered(action: Callable[[], object]) -> set[str]:
    """Files entered by `action` when it runs for the second time: the first one loads and fills caches."""
    action()
    tracer = Tracer()
    tracer.start()
    try:
        action()
    finally:
        tracer.stop()
    return tracer.paths()


_tracer = Tracer()


def list_of(raw: Path) -> Path:
    """Where a child that works on `raw` writes what it entered, a path a line."""
    return raw.parent / "entered in the child"


def extract(
    source: Source, config: BuildConfig, *, raw: Path, watch: Stopwatch
) -> tuple[Clip | Failure, ...]:
    """What a supervised child does by default, noted from the end of the first source on."""
    outcomes = extract_clips(source, config, raw=raw, watch=watch)
    if _tracer.files:
        list_of(raw).write_text("\n".join(sorted(_tracer.paths())))
    _tracer.start()
    return outcomes
