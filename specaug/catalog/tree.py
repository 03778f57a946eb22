"""What lies in a raw folder: every file once, in one order, nothing followed out of it."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from specaug.errors import CatalogError
from specaug.media_types import (
    ALL_SUFFIXES,
    HDF5_SUFFIXES,
    UNREAD_VIDEO_SUFFIXES,
    VIDEO_SUFFIXES,
    frame_pictures,
)
from specaug.records import MediaKind

_LEFT_OUT = re.compile(
    r"not in (?:.*/)?(?:protocol |PROTOCOL-)|the same recording as |enrolment clip|infrared or depth|no frame of |"
    r"another version of |in no list|its client is in no list"
)
"""How reasons begin for media that are understood, and left out by a protocol or a list of their data set."""


@dataclass(frozen=True)
class Skipped:
    """A file that is not a source, and why."""

    path: str
    reason: str
    media: bool = False
    """It is a photo or a video by its name, and no hidden or system file."""

    @property
    def not_understood(self) -> bool:
        """Whether it is a photo or video that the layout can make nothing of, not one that a protocol leaves out."""
        return self.media and _LEFT_OUT.match(self.reason) is None


@dataclass(frozen=True)
class Tree:
    """The files below RAW."""

    root: Path
    files: tuple[str, ...]
    """Media files, and with `frame_folders` whole folders of numbered pictures; sorted by their bytes."""
    others: tuple[Skipped, ...]
    """Everything else that was seen."""
    broken: tuple[Skipped, ...]
    """Media file names that cannot be opened: links that leave RAW, pipes, devices."""
    frame_folders: frozenset[str] = frozenset()

    @cached_property
    def heads(self) -> frozenset[tuple[str, str]]:
        """(first, second) part of every path that has two."""
        paths = [*self.files, *(other.path for other in self.others)]
        pairs = {tuple(path.split("/", 2)[:2]) for path in paths if "/" in path}
        return frozenset(pairs)  # type: ignore[arg-type]

    @cached_property
    def tops(self) -> frozenset[str]:
        """First part of every path."""
        paths = [*self.files, *(other.path for other in self.others)]
        return frozenset(path.partition("/")[0] for path in paths)

    @cached_property
    def _unopened(self) -> dict[str, str]:
        """Path to reason of what must not be opened: pipes, devices, links that leave RAW or lead nowhere."""
        return {other.path: other.reason for other in self.others if other.reason.startswith(_UNOPENED)}

    def unopened(self, path: str) -> str | None:
        """Why a file that is no medium, or a hidden one, must not be opened, or None."""
        return self._unopened.get(path)

    def read_list(self, path: str) -> bytes:
        """The content of a list of files in RAW.

        Raises
        ------
        CatalogError
            It cannot be read, is no regular file, or is a link that leaves RAW.
        """
        if path in self._unopened:
            raise CatalogError(f"{path}: {self._unopened[path]}")
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise CatalogError(f"{path}: cannot be read: {error.strerror}") from error

    def kind(self, path: str) -> MediaKind:
        """Which reader takes `path`."""
        if path in self.frame_folders:
            return "frames"
        ending = suffix(path)
        if ending in HDF5_SUFFIXES:
            return "hdf5"
        return "video" if ending in _VIDEOS else "image"


_VIDEOS = VIDEO_SUFFIXES | UNREAD_VIDEO_SUFFIXES

_SYSTEM = frozenset(
    [
        # Synology, QNAP, other NAS
        *(
            "@eadir",
            "@tmp",
            "#recycle",
            "#snapshot",
            "@recycle",
            "@recently-snapshot",
            "@sharebin",
            "~snapshot",
        ),
        # Windows
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000"),
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        # macOS and its file servers, Linux, Android; most of their names start with a dot
        *("__macosx", "network trash folder", "temporary items", "icon\r", "lost+found", "lost.dir"),
    ]
)
"""Lower-case names of folders and files that systems make by themselves; nobody puts data there."""


_GONE = frozenset(
    [
        *(errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT),
        *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNREFUSED, errno.EREMOTEIO),
    ]
)
"""What a file system says whose disk or server is gone: nothing is known of what lies there."""
_LEADS_NOWHERE, _LEAVES = "link leads nowhere", "link leaves RAW (--follow-symlinks accepts it)"
_NO_FILE = "not a regular file"
_UNOPENED = (_LEADS_NOWHERE, _LEAVES, _NO_FILE)


def suffix(path: str) -> str:
    """Lower-case ending with its dot, empty where there is none.

    Examples
    --------
    >>> suffix("a.b/c.MP4"), suffix("a.b/c"), suffix("a/.mp4")
    ('.mp4', '', '')
    """
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return dot + ending.lower() if stem and ending else ""


def without_suffix(path: str) -> str:
    """`path` without what :func:`suffix` gives."""
    return path[: len(path) - len(suffix(path))]


def is_media(path: str) -> bool:
    """Whether the name says that it is a photo, a video, or an HDF5 file that may hold one."""
    return suffix(path) in ALL_SUFFIXES


def by_bytes(path: str) -> bytes:
    """Sort key that no locale changes."""
    return os.fsencode(path)


def hidden(path: str) -> str | None:
    """Why a path is passed over, hidden or made by a system, or None.

    Examples
    --------
    >>> hidden("attack/#recycle/x.png"), hidden("live/._1.mp4"), hidden("live/1.mp4")
    ('file of a system: #recycle', 'hidden file', None)
    """
    folder, _, name = path.rpartition("/")
    return (_hidden_folder(folder) if folder else None) or _hidden_name(name)


@lru_cache(maxsize=4096)
def _hidden_folder(folder: str) -> str | None:
    """Folders come again and again, and the first of their names that is hidden counts."""
    return next((why for part in folder.split("/") if (why := _hidden_name(part)) is not None), None)


def _hidden_name(name: str) -> str | None:
    if name.startswith("."):
        return "hidden file"
    return f"file of a system: {name.strip()}" if name.lower() in _SYSTEM else None


def is_folder(root: Path) -> bool:
    """Whether RAW is a folder.

    Raises
    ------
    CatalogError
        Nobody can tell, because what it lies on does not answer.
    """
    try:
        return stat.S_ISDIR(root.stat().st_mode)
    except OSError as error:
        if error.errno in _GONE:
            raise _unreachable(root, error) from error
        return False


def _unreachable(root: Path, error: OSError) -> CatalogError:
    return CatalogError(
        f"RAW: {str(root)!r} cannot be reached: {error.strerror}; if it lies on a network drive, mount it again"
    )


def walk(root: Path, *, frame_folders: bool = False, follow_symlinks: bool = False) -> Tree:
    """List everything below `root`.

    Parameters
    ----------
    root : Path
        The raw folder.
    frame_folders : bool
        A folder of numbered pictures, at least two, is one source; see
        :func:`specaug.media_types.frame_pictures`.
    follow_symlinks : bool
        Accept links whose target lies outside `root`. Links between folders are never walked through
        twice: a folder that was seen under its real name is left out.

    Returns
    -------
    Tree

    Raises
    ------
    CatalogError
        `root` is missing, no folder, or cannot be listed.
    """
    if not is_folder(root):
        raise CatalogError(f"RAW: expected an existing folder, got {str(root)!r}")
    files: list[str] = []
    others: list[Skipped] = []
    broken: list[Skipped] = []
    for path, problem in _entries(root, follow_symlinks):
        if (why := hidden(path)) is not None:
            others.append(Skipped(path, problem or why))
        elif problem and (is_media(path) or problem.startswith("folder")):
            broken.append(Skipped(path, problem))
        elif not is_media(path):
            others.append(Skipped(path, problem or f"not a photo or video ({suffix(path) or 'no ending'})"))
        else:
            files.append(path)
    folders = numbered_folders(files) if frame_folders else {}
    members = {member for group in folders.values() for member in group}
    covers = [path for path in files if path not in members and path.rpartition("/")[0] in folders]
    others += [
        Skipped(path, f"no frame of {path.rpartition('/')[0]!r}: no number in its name", media=True)
        for path in covers
    ]
    members.update(covers)
    listed = [path for path in files if path not in members] + list(folders)
    return Tree(
        root=root,
        files=tuple(sorted(listed, key=by_bytes)),
        others=tuple(sorted(others, key=lambda s: by_bytes(s.path))),
        broken=tuple(sorted(broken, key=lambda s: by_bytes(s.path))),
        frame_folders=frozenset(folders),
    )


def _entries(root: Path, follow_symlinks: bool) -> Iterator[tuple[str, str | None]]:
    """(relative path, problem) of every file below `root`."""
    inside = os.path.realpath(root)
    seen = {inside}
    stack, links = [""], list[str]()
    while stack or links:
        # Real folders first, so that a folder is known by its own name and not by that of a link to it.
        folder = stack.pop() if stack else links.pop()
        if folder and os.path.realpath(root / folder) in seen and (root / folder).is_symlink():
            yield folder, "link to a folder that is listed under its own name"
            continue
        seen.add(os.path.realpath(root / folder))
        try:
            entries = sorted(os.scandir(root / folder), key=lambda e: e.name)
        except OSError as error:
            if error.errno in _GONE:
                raise _unreachable(root, error) from error
            if not folder:
                raise CatalogError(f"RAW: cannot list {str(root)!r}: {error.strerror}") from error
            yield folder, f"folder cannot be listed: {error.strerror}"
            continue
        if not entries and is_media(folder):
            yield folder, "folder without files, named like one"
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            problem = _problem(entry, inside, follow_symlinks)
            if problem or not entry.is_dir():
                yield path, problem
            else:
                (links if entry.is_symlink() else stack).append(path)


def _problem(entry: os.DirEntry[str], inside: str, follow_symlinks: bool) -> str | None:
    """Why an entry must not be opened, or None."""
    # The listing tells the kind, so that most files cost no further call.
    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
        return None
    if entry.is_symlink():
        real = os.path.realpath(entry.path)
        if not os.path.exists(real):  # noqa: PTH110
            return _LEADS_NOWHERE
        if not follow_symlinks and os.path.commonpath([inside, real]) != inside:
            return _LEAVES
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return f"{_LEADS_NOWHERE}: {error.strerror}"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return _NO_FILE
    return None


def numbered_folders(files: Iterable[str]) -> dict[str, list[str]]:
    """Folders that hold the frames of a clip as numbered pictures, and those pictures."""
    groups: dict[str, list[str]] = {}
    for path in files:
        groups.setdefault(path.rpartition("/")[0], []).append(path.rpartition("/")[2])
    found = {folder: frame_pictures(names) for folder, names in groups.items() if folder}
    return {folder: [f"{folder}/{name}" for name in names] for folder, names in found.items() if names}
