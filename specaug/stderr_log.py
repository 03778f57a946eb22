"""Show the library's log on stderr, for the command line and its worker processes."""

from __future__ import annotations

import logging
import sys

ROOT = "specaug"
_FORMAT = "%(levelname)s %(name)s: %(message)s"


def log_to_stderr(level: int) -> None:
    """Print what the loggers of specaug say from `level` on; called again, only the level changes.

    Parameters
    ----------
    level : int
        A level of :mod:`logging`; ``NOTSET`` changes nothing, as the log then belongs to the program that imports us.
    """
    if level == logging.NOTSET:
        return
    logger = logging.getLogger(ROOT)
    logger.setLevel(level)
    if not any(isinstance(handler, _StderrHandler) for handler in logger.handlers):
        handler = _StderrHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)


def stderr_log_level() -> int:
    """The level that :func:`log_to_stderr` set in this process, ``NOTSET`` where it did not."""
    logger = logging.getLogger(ROOT)
    ours = any(isinstance(handler, _StderrHandler) for handler in logger.handlers)
    return logger.level if ours else logging.NOTSET


class _StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what ``sys.stderr`` is at that time: a progress bar and tests replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)
