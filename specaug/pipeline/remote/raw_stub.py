"""RAW as a folder of this machine: itself, or a stub of one in an object store, filled source by source.

Every object becomes a file of the same name and size. Files that are no media are fetched whole: lists, boxes,
protocols. Of a photo or video only the pieces that its id is made of are there, and holes between them, unless
another file of that size has the same pieces: then both are fetched, because only their whole content tells
whether they are copies. So scanning and planning work on the stub as they would on the real folder, and come
to the same ids. Each file has the object's time of modification, so that an object that was written anew is
noticed as a file is.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.catalog import Skipped
from specaug.catalog.tree import is_media
from specaug.errors import MediaError, SpecaugError
from specaug.pipeline.source_id import file_sample, sample_spans
from specaug.records import Source
from specaug.storage import dated_objects, fetch, is_plain, modified, pieces, place_of

_TIME_STEP = 1 - 1e-3
"""Seconds: some stores list times with fractions and tell whole seconds of a single object; files round a little."""
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
        fetched: list[str] = []
        try:
            for name in names:
                fetched.append(name)
                _fetch_whole(place_of(self.address) / name, self.path / name)
            yield
        finally:
            for name in fetched:
                _hollow(self.path / name)


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
    found = dated_objects(store)
    names = {name for name, _, _ in found}
    folders = {name[:i] for name in names for i, c in enumerate(name) if c == "/"}
    skipped: list[Skipped] = []
    media: list[tuple[str, int, float]] = []
    for name, size, time in found:
        if name.endswith("/") and not size:
            continue  # how some tools mark a folder
        if not is_plain(name):
            skipped.append(Skipped(name, "the name cannot be a path in a folder", media=is_media(name)))
        elif name in folders:
            skipped.append(Skipped(name, "the name is that of a folder too", media=is_media(name)))
        elif is_media(name):
            media.append((name, size, time))
        else:
            fetch(store / name, root / name)
    _stub_media(store, media, root)
    return LocalRaw(root, address, tuple(skipped))


def _stub_media(store: Path, media: Sequence[tuple[str, int, float]], root: Path) -> None:
    """Sampled pieces of each file, and whole files where pieces cannot tell two apart."""
    spans = [(name, start, stop) for name, size, _ in media if size for start, stop in sample_spans(size)]
    contents = pieces(store, spans)
    by_name: dict[str, list[tuple[int, bytes]]] = {name: [] for name, _, _ in media}
    for (name, start, _), content in zip(spans, contents, strict=True):
        by_name[name].append((start, content))
    looks = {name: (size, tuple(by_name[name])) for name, size, _ in media}
    alike = Counter(looks.values())
    for name, size, time in media:
        path = root / name
        if size and alike[looks[name]] > 1:
            fetch(store / name, path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_pieces(path, by_name[name], size)
        os.utime(path, (time, time))


def _write_pieces(path: Path, found: Sequence[tuple[int, bytes]], size: int) -> None:
    """A file of `size` with these pieces (first byte, content) and holes between them."""
    with path.open("wb") as stream:
        for start, content in found:
            stream.seek(start)
            stream.write(content)
        stream.truncate(size)


def _members(raw: Path, folder: str) -> list[str]:
    return [f"{folder}/{path.name}" for path in sorted((raw / folder).iterdir()) if path.is_file()]


def _fetch_whole(remote: Path, local: Path) -> None:
    """Fetch into the place of the stub's file; one that is gone, or is not the one that was planned, is an error."""
    planned, sample = local.stat(), file_sample(local)
    part = local.with_name(f".{uuid.uuid4().hex}")  # no name of a medium: nobody takes a half for the whole
    try:
        try:
            time = modified(remote) if planned.st_mtime else 0.0
            fetch(remote, part)
        except (FileNotFoundError, PermissionError) as error:
            raise MediaError("probe", "unreadable", f"cannot be fetched: {type(error).__name__}") from error
        if part.stat().st_size != planned.st_size:
            detail = f"expected {planned.st_size} bytes, got {part.stat().st_size}"
            raise MediaError("probe", "changed", detail)
        if abs(time - planned.st_mtime) >= _TIME_STEP or file_sample(part) != sample:
            raise MediaError("probe", "changed", "the object was written anew since it was planned")
        os.utime(part, ns=(planned.st_atime_ns, planned.st_mtime_ns))
        part.replace(local)
    finally:
        part.unlink(missing_ok=True)


def _hollow(path: Path) -> None:
    """Keep of a fetched file what a stub has: size, time and the pieces that its id is made of."""
    state = path.stat()
    with path.open("rb") as stream:
        kept = [
            (start, os.pread(stream.fileno(), stop - start, start))
            for start, stop in sample_spans(state.st_size)
        ]
    _write_pieces(path, kept, state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
