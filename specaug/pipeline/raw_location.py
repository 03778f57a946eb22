"""Where RAW lies, seen from OUT: kept so that failed sources can be run again without naming it."""

from __future__ import annotations

import os
from pathlib import Path

from specaug.errors import ArgumentError
from specaug.parsing import parse_json
from specaug.shards import STATE, write_json

_FILE = "raw.json"
_UP = 2
"""So many folders above OUT may RAW lie; farther away, its path might name a person or a machine."""


def remember_raw(out: Path, raw: Path) -> None:
    """Write down the way from OUT to RAW, if it is short and leads through no folder of another user.

    Parameters
    ----------
    out, raw : Path
        Existing folders.
    """
    path = relative_raw(out, raw)
    if path != _stored(out):
        write_json(out / STATE / _FILE, {"raw": path}, out=out)


def relative_raw(out: Path, raw: Path) -> str | None:
    """The way from OUT to RAW, or None if it would tell more than how the two lie to each other.

    Examples
    --------
    >>> relative_raw(Path("/data/pad/out"), Path("/data/pad/raw"))
    '../raw'
    >>> relative_raw(Path("/data/pad/out"), Path("/home/ann/raw"))
    """
    start, target = Path(os.path.realpath(out)), Path(os.path.realpath(raw))
    way = os.path.relpath(target, start)
    common = Path(os.path.commonpath([start, target]))
    if Path(way).parts.count("..") > _UP or common in (Path(common.root), *_home().parents):
        return None
    return Path(way).as_posix()


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # nobody's
        return Path(os.sep)


def find_raw(out: Path, raw: Path | str | None) -> Path:
    """RAW as given, else where it lay when OUT was built.

    Raises
    ------
    ArgumentError
        There is no such folder, or OUT does not know.
    """
    if raw is None:
        stored = _stored(out)
        if stored is None:
            raise ArgumentError("raw: OUT does not know where RAW is; name it with --raw")
        raw = Path(os.path.realpath(out)) / stored
        if not raw.is_dir():
            raise ArgumentError(f"raw: RAW is no longer at {stored!r} seen from OUT; name it with --raw")
    if not Path(raw).is_dir():
        raise ArgumentError(f"raw: expected an existing folder, got {str(raw)!r}")
    return Path(raw)


def _stored(out: Path) -> str | None:
    try:
        value = parse_json((out / STATE / _FILE).read_text())["raw"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None
