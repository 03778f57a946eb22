"""A local picture of a RAW that lies in an object store, whose media are fetched when their turn comes.

Every object becomes a file of the same name and size. Files that are no media are fetched whole: lists, boxes,
protocols. Of a photo or video only the pieces that its id is made of are there, and holes between them, unless
another file of that size has the same pieces: then both are fetched, because only their whole content tells
whether they are copies. So scanning and planning work on the picture as they would on the real folder, and come
to the same ids.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from specaug.build.sample import sample_spans
from specaug.catalog.tree import is_media
from specaug.errors import MediaError, SpecaugError
from specaug.places import fetch, is_plain, objects, pieces, place_of
from specaug.records import Source

_MARK = "picture"
"""Lies beside the root of a picture: only there may files be emptied."""


@dataclass(frozen=True)
class Picture:
    """What was made."""

    broken: tuple[tuple[str, str], ...]
    """(name, reason) of objects that no folder could hold."""


def draw(address: str, root: Path) -> Picture:
    """Make the local picture of what lies at `address`.

    Parameters
    ----------
    address : str
        Of RAW, in an object store.
    root : Path
        Where the picture goes; empty, in a folder of its own.

    Returns
    -------
    Picture
    """
    store = place_of(address)
    (root.parent / _MARK).touch()
    found = objects(store)
    names = {name for name, _ in found}
    folders = {name[:i] for name in names for i, c in enumerate(name) if c == "/"}
    broken: list[tuple[str, str]] = []
    media: list[tuple[str, int]] = []
    for name, size in found:
        if name.endswith("/") and not size:
            continue  # how some tools mark a folder
        if not is_plain(name):
            broken.append((name, "the name cannot be a path in a folder"))
        elif name in folders:
            broken.append((name, "the name is that of a folder too"))
        elif is_media(name):
            media.append((name, size))
        else:
            fetch(store / name, root / name)
    _draw_media(store, media, root)
    return Picture(tuple(broken))


def _draw_media(store: Path, media: Sequence[tuple[str, int]], root: Path) -> None:
    """Sampled pieces of each file, and whole files where pieces cannot tell two apart."""
    spans = [(name, start, stop) for name, size in media if size for start, stop in sample_spans(size)]
    contents = pieces(store, spans)
    by_name: dict[str, list[tuple[int, bytes]]] = {name: [] for name, _ in media}
    for (name, start, _), content in zip(spans, contents, strict=True):
        by_name[name].append((start, content))
    looks = {name: (size, tuple(by_name[name])) for name, size in media}
    alike = Counter(looks.values())
    for name, size in media:
        path = root / name
        if size and alike[looks[name]] > 1:
            fetch(store / name, path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            for start, content in by_name[name]:
                stream.seek(start)
                stream.write(content)
            stream.truncate(size)


@contextmanager
def present(source: Source, raw: Path, address: str | None) -> Iterator[None]:
    """The whole file of a source, while the block runs; nothing to do where RAW is a real folder.

    Raises
    ------
    MediaError
        It cannot be fetched.
    """
    if address is None:
        yield
        return
    if not (raw.parent / _MARK).exists():
        raise SpecaugError(f"raw: expected the local picture of {address!r}, got another folder")
    names = [source.path] if source.kind != "frames" else _members(raw, source.path)
    sizes = {name: (raw / name).stat().st_size for name in names}
    try:
        for name, size in sizes.items():
            _fetch_whole(place_of(address) / name, raw / name, size)
        yield
    finally:
        for name, size in sizes.items():
            os.truncate(raw / name, 0)
            os.truncate(raw / name, size)


def _members(raw: Path, folder: str) -> list[str]:
    return [f"{folder}/{path.name}" for path in sorted((raw / folder).iterdir()) if path.is_file()]


def _fetch_whole(remote: Path, local: Path, size: int) -> None:
    """Fetch into the place of the picture's file; one that is gone or has another size is an error."""
    try:
        fetch(remote, local)
    except (FileNotFoundError, PermissionError) as error:
        raise MediaError("probe", "unreadable", f"cannot be fetched: {type(error).__name__}") from error
    if local.stat().st_size != size:
        raise MediaError("probe", "unreadable", f"expected {size} bytes, got {local.stat().st_size}")
