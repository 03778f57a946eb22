"""Where RAW and OUT lie: a folder on disk, or a prefix in an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from specaug.credentials import cause_of, holds_keys, told, without_credentials
from specaug.errors import ArgumentError, MissingDependencyError, SpecaugError, StoreError
from specaug.install_hint import install_hint

_AT_ONCE = 256
"""Requests to a store that may be under way."""

_KEYS_APART = frozenset({"s3", "s3a", "gs", "gcs", "az", "adl", "oss", "r2"})
"""Schemes whose clients take no keys from an address."""

if TYPE_CHECKING:
    from typing import TypeAlias

    Place: TypeAlias = Path
    """A path on disk, or an object of universal_pathlib that answers to the same calls."""


def is_remote(place: Path | str) -> bool:
    """Whether `place` is an address such as ``s3://bucket/prefix`` and not a path on disk."""
    return "://" in place if isinstance(place, str) else not isinstance(place, Path)


def place_of(address: Path | str) -> Place:
    """A path for `address`, on disk or in an object store.

    Parameters
    ----------
    address : path or str
        With ``scheme://`` in it, a place of fsspec (``s3://``, ``gs://``, ``az://``, ``memory://`` …); access
        keys and endpoints come from where its client library looks for them. Else a path on disk.

    Returns
    -------
    Path
        On disk. For an object store an object with the same methods, which lists anew at every call.

    Raises
    ------
    MissingDependencyError
        The packages for object stores, or for this one, are not installed.
    ArgumentError
        The scheme is unknown, the address names no bucket, or it holds keys that its client would not take.
    """
    if not is_remote(address):
        return Path(address)
    if not isinstance(address, str):
        return address
    shown = without_credentials(address)
    _refuse_keys(address, shown)
    try:
        from upath import UPath
    except ImportError as error:
        raise MissingDependencyError(
            f"object stores need the package 'universal_pathlib': {install_hint('s3')}"
        ) from error
    try:
        place = UPath(address, use_listings_cache=False)
        fs = place.fs
    except ImportError as error:
        raise MissingDependencyError(f"{shown!r} needs one more package: {told(error, address)}") from error
    except ValueError as error:
        raise ArgumentError(
            f"expected a path or an address that fsspec knows, got {shown!r}: {told(error, address)}"
        ) from cause_of(error, address)
    except Exception as error:
        raise StoreError(
            f"the store of {shown!r} cannot be reached: {type(error).__name__}: {told(error, address)}"
        ) from cause_of(error, address)
    if not place.path.strip("/") and fs.protocol != "memory":
        raise ArgumentError(f"expected an address with a bucket, got {shown!r}")
    return place  # type: ignore[return-value]


def _refuse_keys(address: str, shown: str) -> None:
    """Keys in an address of a store whose client does not take them would become part of the name of the bucket."""
    scheme = address.partition("://")[0]
    if scheme.lower() in _KEYS_APART and holds_keys(address):
        raise ArgumentError(
            f"expected an address without keys, got {shown!r}: set them where the client of {scheme}:// looks for them "
            "(for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
        )


@contextmanager
def _store_errors(place: Place) -> Iterator[None]:
    """Turn what a client library raises into :class:`StoreError`, but for an object that is, or is not, there."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, SpecaugError):
        raise
    except Exception as error:
        words = f"{type(error).__name__}: {told(error, str(place))}"
        raise StoreError(f"the object store of {address_of(place)!r} cannot be used: {words}") from cause_of(
            error, str(place)
        )


def put(local: Path, final: Place) -> None:
    """Store a finished file under its final name: whole or not at all."""
    fs, key = _store(final)
    with _store_errors(final):
        fs.put_file(os.fspath(local), key)


def create(final: Place, content: bytes) -> bool:
    """Store `content` if nothing has that name yet, decided by the store; whether it was stored."""
    fs, key = _store(final)
    try:
        with _store_errors(final):
            fs.pipe_file(key, content, mode="create")
    except FileExistsError:
        return False
    return True


def write(final: Place, content: bytes) -> None:
    """Store `content`, whatever was there."""
    fs, key = _store(final)
    with _store_errors(final):
        fs.pipe_file(key, content)


def read(place: Place) -> bytes | None:
    """Content of a small object, or None if there is none."""
    fs, key = _store(place)
    try:
        with _store_errors(place):
            return bytes(fs.cat_file(key))
    except FileNotFoundError:
        return None


def fetch(remote: Place, local: Path) -> None:
    """Copy an object to disk.

    Raises
    ------
    FileNotFoundError
        It is not there.
    PermissionError
        It may not be read, while the store lets itself be listed.
    StoreError
        The store does not answer, or lets nothing be read.
    """
    fs, key = _store(remote)
    local.parent.mkdir(parents=True, exist_ok=True)
    with _store_errors(remote):
        try:
            fs.get_file(key, os.fspath(local))
        except PermissionError:
            fs.ls(key.rpartition("/")[0])
            refused = True
        else:
            refused = False
    if refused:
        raise PermissionError(f"{address_of(remote)!r} may not be read")


def objects(root: Place) -> list[tuple[str, int]]:
    """(name below `root`, size in bytes) of every object below it, sorted by name."""
    return [(name, size) for name, size, _ in dated_objects(root)]


def dated_objects(root: Place) -> list[tuple[str, int, float]]:
    """(name below `root`, size in bytes, time of modification) of every object below it, sorted by name.

    The time is in seconds, and 0 where the store tells none.
    """
    fs, prefix = _store(root)
    start = len(prefix.rstrip("/")) + 1
    with _store_errors(root):
        try:
            found = fs.find(prefix, detail=True, withdirs=False)
            if not found:
                _ask_again(fs, prefix)
        except FileNotFoundError as error:
            raise StoreError(f"{address_of(root)!r} is not there: {told(error, str(root))}") from cause_of(
                error, str(root)
            )
    return sorted(
        (key[start:], int(entry["size"]), _modified(entry)) for key, entry in found.items() if key[start:]
    )


def _ask_again(fs: Any, prefix: str) -> None:
    """Raise what some clients keep to themselves while they walk a tree: that the store does not answer."""
    with suppress(FileNotFoundError, NotADirectoryError):  # an empty prefix is none to a store
        fs.ls(prefix, detail=False)


def modified(place: Place) -> float:
    """Time of modification of an object, as :func:`dated_objects` gives it.

    Raises
    ------
    FileNotFoundError
        It is not there.
    """
    fs, key = _store(place)
    with _store_errors(place):
        return _modified(fs.info(key))


def _modified(entry: dict[str, Any]) -> float:
    """What a listing says under one of the names that file systems of fsspec use."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = entry.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return 0.0


def pieces(root: Place, spans: Sequence[tuple[str, int, int]]) -> list[bytes]:
    """Parts of objects below `root`: (name, first byte, byte after the last) each, fetched many at a time."""
    fs, prefix = _store(root)
    found: list[bytes] = []
    for batch in range(0, len(spans), _AT_ONCE):
        names, starts, stops = zip(*spans[batch : batch + _AT_ONCE], strict=True)
        keys = [f"{prefix.rstrip('/')}/{name}" for name in names]
        with _store_errors(root):
            found += fs.cat_ranges(keys, list(starts), list(stops), on_error="raise")
    return found


def remove(place: Place) -> None:
    """Remove an object, or all objects below a prefix, if there are any."""
    fs, key = _store(place)
    with _store_errors(place):
        found = fs.find(key)
        if found:
            fs.rm(found)


def is_plain(name: str) -> bool:
    """Whether a key can be a path below a folder: no empty part, no ``.`` and ``..``, no part too long."""
    parts = name.split("/")
    return all(p not in ("", ".", "..") and "\0" not in p and len(os.fsencode(p)) <= 255 for p in parts)


def address_of(place: Place) -> str:
    """`place` as the user would write it, without keys."""
    return os.fspath(place) if isinstance(place, Path) else without_credentials(str(place))


def is_within(place: Place, other: Place) -> bool:
    """Whether `place` is `other` or lies below it."""
    if is_remote(place) != is_remote(other):
        return False
    if not is_remote(place):
        return place.resolve().is_relative_to(other.resolve())
    (fs, key), (other_fs, other_key) = _store(place), _store(other)
    return type(fs) is type(other_fs) and PurePosixPath(key).is_relative_to(PurePosixPath(other_key))


def _store(place: Place) -> tuple[Any, str]:
    """fsspec file system and key."""
    return place.fs, place.path  # type: ignore[attr-defined]
