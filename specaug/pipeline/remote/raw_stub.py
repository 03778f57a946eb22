"""RAW as a folder of this machine: itself, or a stub of one in an object store, filled source by source.

Every object becomes a file of the same name and size. Files that are no media are fetched whole: lists, boxes,
protocols. Of a photo or video only the pieces that its id is made of are there, and holes between them, unless
another file of that size has the same pieces: then both are fetched, because only their whole content tells
whether they are copies. So scanning and planning work on the stub as they would on the real folder, and come
to the same ids.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.catalog import Skipped
from specaug.catalog.tree import is_media
from specaug.errors import MediaError, SpecaugError
from specaug.pipeline.source_id import sample_spans
from specaug.records import Source
from specaug.storage import fetch, is_plain, objects, pieces, place_of

_MARK = "stub"
"""Lies beside the root of a stub: only there may files be emptied."""


@dataclass(frozen=True)
class LocalRaw:
    """RAW, or the stub of one in an object store."""

    path: Path
    address: str | None = None
    """Where its media are fetched from; None for a folder of this machine."""
    skipped: tuple[Skipped, ...] = ()
    """Objects that no folder can hold."""

    def absolute(self) -> LocalRaw:
        """The same, independent of a working folder."""
        return replace(self, path=self.path.absolute())

    @contextmanager
    def download(self, source: Source) -> Iterator[None]:
        """The whole file of a source, while the block runs; nothing to do where RAW is a real folder.

        Raises
        ------
        MediaError
            It cannot be fetched.
        """
        if self.address is None:
            yield
            return
        if not (self.path.parent / _MARK).exists():
            raise SpecaugError(f"raw: expected the local stub of {self.address!r}, got another folder")
        names = [source.path] if source.kind != "frames" else _members(self.path, source.path)
        sizes = {name: (self.path / name).stat().st_size for name in names}
        try:
            for name, size in sizes.items():
                _fetch_whole(place_of(self.address) / name, self.path / name, size)
            yield
        finally:
            for name, size in sizes.items():
                os.truncate(self.path / name, 0)
                os.truncate(self.path / name, size)


def make_stub(address: str, root: Path) -> LocalRaw:
    """Make the stub of what lies at `address`.

    Parameters
    ----------
    address : str
        Of RAW, in an object store.
    root : Path
        Where the stub goes; empty, in a folder of its own.

    Returns
    -------
    LocalRaw
    """
    store = place_of(address)
    (root.parent / _MARK).touch()
    found = objects(store)
    names = {name for name, _ in found}
    folders = {name[:i] for name in names for i, c in enumerate(name) if c == "/"}
    skipped: list[Skipped] = []
    media: list[tuple[str, int]] = []
    for name, size in found:
        if name.endswith("/") and not size:
            continue  # how some tools mark a folder
        if not is_plain(name):
            skipped.append(Skipped(name, "the name cannot be a path in a folder"))
        elif name in folders:
            skipped.append(Skipped(name, "the name is that of a folder too"))
        elif is_media(name):
            media.append((name, size))
        else:
            fetch(store / name, root / name)
    _stub_media(store, media, root)
    return LocalRaw(root, address, tuple(skipped))


def _stub_media(store: Path, media: Sequence[tuple[str, int]], root: Path) -> None:
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


def _members(raw: Path, folder: str) -> list[str]:
    return [f"{folder}/{path.name}" for path in sorted((raw / folder).iterdir()) if path.is_file()]


def _fetch_whole(remote: Path, local: Path, size: int) -> None:
    """Fetch into the place of the stub's file; one that is gone or has another size is an error."""
    try:
        fetch(remote, local)
    except (FileNotFoundError, PermissionError) as error:
        raise MediaError("probe", "unreadable", f"cannot be fetched: {type(error).__name__}") from error
    if local.stat().st_size != size:
        raise MediaError("probe", "unreadable", f"expected {size} bytes, got {local.stat().st_size}")
