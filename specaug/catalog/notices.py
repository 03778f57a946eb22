"""What a user should know of a scan before anything is built: media that are not used, files that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specaug.catalog.tree import Skipped
from specaug.records import Notice, readable_path

_SHOWN = 4
"""Folders, or names, that are shown."""


def skipped_notice(skipped: Iterable[Skipped]) -> tuple[Notice, ...]:
    """A warning for photos and videos that the layout could make nothing of: folders, first files, reasons."""
    lost = [s for s in skipped if s.not_understood]
    if not lost:
        return ()
    folders: dict[tuple[str, str], list[Skipped]] = {}
    for item in lost:
        folders.setdefault((item.path.rpartition("/")[0], item.reason), []).append(item)
    # Those that lose most first; a folder whose files are lost for several reasons stands several times.
    order = sorted(folders.items(), key=lambda group: (-len(group[1]), group[0]))
    told = "; ".join(f"{_files(items)}: {reason}" for (_, reason), items in order[:_SHOWN])
    rest = f"; and {len(order) - _SHOWN} more folders" if len(order) > _SHOWN else ""
    verb = "photo or video is" if len(lost) == 1 else "photos and videos are"
    return (Notice("skipped_media", f"{len(lost)} {verb} not used: {told}{rest}", len(lost)),)


def _files(items: Sequence[Skipped]) -> str:
    first = repr(readable_path(items[0].path))
    return first if len(items) == 1 else f"{first} and {len(items) - 1} more in its folder"


def missing_notice(missing: Sequence[str]) -> tuple[Notice, ...]:
    """A warning for files that a list or the data set names and RAW has not."""
    if not missing:
        return ()
    names = ", ".join(repr(readable_path(name)) for name in missing[:_SHOWN])
    rest = " …" if len(missing) > _SHOWN else ""
    files = "file is" if len(missing) == 1 else "files are"
    return (Notice("missing_files", f"{len(missing)} {files} missing in RAW: {names}{rest}", len(missing)),)
