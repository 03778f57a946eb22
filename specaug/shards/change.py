"""Several files of an OUT change together: all of them, or none, however the process ends.

The new files are written into a tree of their own, ``OUT/.specaug/next``, that looks like OUT. Its file
``change.json`` is the point of no return: once it is there, the change counts, readers of OUT that know of it
(:class:`View`) see it, and whoever holds OUT next carries it out (:func:`settle`). Without it the tree is
unfinished work, and OUT is what it was.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from specaug.errors import SpecaugError
from specaug.parsing import parse_json
from specaug.shards.atomic_files import STATE, make_folder, remove_file, sync, write_json
from specaug.storage import is_plain

_CHANGE = "change.json"


def staging(out: Path) -> Path:
    """Folder for the new files, each at the place that it will have in `out`."""
    return out / STATE / "next"


def clear_staging(out: Path) -> None:
    """Drop what was staged and not committed."""
    shutil.rmtree(staging(out), ignore_errors=True)


def commit_change(out: Path, files: Iterable[str], *, removed: Iterable[str] = ()) -> None:
    """Make staged files count, and carry the change out.

    Parameters
    ----------
    out : Path
    files : iterable of str
        Staged files, relative to `out`, in the order in which they are moved.
    removed : iterable of str
        Files of `out` that are there no more.
    """
    write_json(staging(out) / _CHANGE, {"files": list(files), "removed": list(removed)}, out=staging(out))
    settle(out)


def settle(out: Path) -> None:
    """Carry out a change that was committed, if there is one. Killed on the way, it is done again from the start."""
    change = _change(out)
    if change is None:
        return
    files, removed = change
    for name in files:
        final = out / name
        make_folder(final.parent)
        with contextlib.suppress(FileNotFoundError):  # moved by the run that was killed
            (staging(out) / name).replace(final)
            sync(final.parent)
    for name in removed:
        remove_file(out / name)
    for path in staging(out).iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _CHANGE:
            path.unlink(missing_ok=True)
    remove_file(staging(out) / _CHANGE)  # last: what is left without it would look like unfinished work
    clear_staging(out)


class View:
    """An OUT as it counts: with a change that was committed, carried out or not.

    Parameters
    ----------
    out : Path
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        files, removed = _change(out) or ([], [])
        self._staged = frozenset(files)
        self.removed = frozenset(removed)
        """Files that are perhaps still there and count no more."""

    def place(self, name: str) -> Path:
        """Where a file lies now, given relative to OUT: moved already, or still staged."""
        staged = staging(self.out) / name
        return staged if name in self._staged and staged.exists() else self.out / name


def _change(out: Path) -> tuple[list[str], list[str]] | None:
    try:
        value = parse_json((staging(out) / _CHANGE).read_text())
        files, removed = list(value["files"]), list(value["removed"])
        if not all(is_plain(name) for name in files + removed):
            raise ValueError("it names files outside OUT")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecaugError(
            f"{STATE}/{staging(out).name}/{_CHANGE}: expected a change that this library wrote, got another text "
            f"({error}); remove the file, then run the command that was interrupted again"
        ) from error
    return files, removed
