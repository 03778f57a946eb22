"""Pseudonyms: subjects as keyed hashes, names of files only where the key can open them.

Everything is derived from one key with BLAKE2b in its keyed mode, a pseudorandom function: who does not have the key
cannot tell whose pseudonym one is, not even by trying the names that a data set is known to have. That is why the ids
of sources are keyed too. The key is never written; its fingerprint is, so that another key is noticed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from specaug.catalog import Catalog
from specaug.errors import ArgumentError
from specaug.media_types import ALL_SUFFIXES
from specaug.records import BuildConfig, Clip, Failure, ShardPlan, Source, alias_notice_of
from specaug.shards import Row

SHORT = 16
"""A key of fewer bytes can be found by trying."""
_SEALED = "sealed:"
_TAG, _BLOCK = 16, 64
_HIDDEN, _LETTER = "\0", r"[^\W\d_]"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_FILE = re.compile(
    r"\S+(?:" + "|".join(map(re.escape, sorted(ALL_SUFFIXES))) + r")\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Key:
    """A secret; its ``repr`` does not show it."""

    secret: bytes
    length: int
    """Of the file, bytes."""

    def __repr__(self) -> str:
        return f"Key({self.length} bytes)"

    def digest(self, purpose: str, data: bytes, *, size: int = 16) -> bytes:
        """`size` pseudorandom bytes for `data`; other purposes give unrelated ones."""
        person = purpose.encode().ljust(hashlib.blake2b.PERSON_SIZE, b"\0")
        return hashlib.blake2b(data, key=self.secret, digest_size=size, person=person).digest()

    @property
    def fingerprint(self) -> str:
        """What tells this key from another one."""
        return self.digest("fingerprint", b"").hex()


def key_of(config: BuildConfig) -> Key | None:
    """The key that a build is to use, or None.

    Raises
    ------
    ArgumentError
        The file cannot be read or is empty.
    """
    if config.pseudonymize is None:
        return None
    try:
        content = Path(config.pseudonymize).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ArgumentError(
            f"pseudonymize: expected a file with a key, got {config.pseudonymize!r}: {error.strerror}"
        ) from error
    if not content:
        raise ArgumentError(
            f"pseudonymize: expected a file with a key, got {config.pseudonymize!r}: it is empty"
        )
    return Key(hashlib.blake2b(content, digest_size=_BLOCK).digest(), len(content))


def pseudonymous(catalog: Catalog, key: Key | None) -> Catalog:
    """A catalog whose subjects are keyed hashes: the same for the same data set, subject and key, everywhere."""
    if key is None:
        return catalog

    def renamed(source: Source) -> Source:
        if source.subject is None:
            return source
        name = f"{source.dataset}\0{source.subject}".encode("utf-8", "surrogateescape")
        return replace(source, subject=key.digest("subject", name).hex())

    note = f"The key has {key.length} bytes; from {SHORT} on, nobody can find it by trying."
    return replace(
        catalog,
        sources=tuple(map(renamed, catalog.sources)),
        broken=tuple((renamed(source), reason) for source, reason in catalog.broken),
        notes=(*catalog.notes, *((note,) if key.length < SHORT else ())),
        warnings=tuple(
            alias_notice_of((*catalog.sources, *(s for s, _ in catalog.broken)), named=False) or notice
            if notice.kind == "alias_subjects"
            else notice
            for notice in catalog.warnings
        ),
    )


def keyed(digest: str, key: Key | None) -> str:
    """A digest of a file that only the key can make: a plain one would tell the file to all who have it too.

    The parts of a digest that has some, with a dot between, are keyed one by one.
    """
    if key is None:
        return digest
    return ".".join(key.digest("content", part.encode()).hex() for part in digest.split("."))


def nameless(clip: Clip | Row, key: Key) -> Clip | Row:
    """A clip without the path of its source and with a keyed digest; a row was written so."""
    if not isinstance(clip, Clip):
        return clip
    digest = None if clip.bytes_digest is None else keyed(clip.bytes_digest, key)
    return replace(clip, source=replace(clip.source, path="", boxes=None), bytes_digest=digest)


def nameless_failure(failure: Failure) -> Failure:
    """A failure without the path of its source, also in its detail."""
    return replace(failure, source_path="", detail=nameless_text(failure.detail, failure.source_path))


def nameless_text(text: str, path: str) -> str:
    """A sentence about a file without anything that may be part of a name."""
    detail = _FILE.sub(_HIDDEN, _QUOTED.sub(_HIDDEN, text))
    parts = re.split(r"[/.]", path)
    known = {path, *(p for p in parts if len(p) > 2)} - {""}
    if known:
        # Whole words alone: a hole in an ordinary word would tell which letters stood there.
        longest_first = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
        detail = re.sub(rf"(?<!{_LETTER})(?:{longest_first})(?!{_LETTER})", _HIDDEN, detail)
    return detail.replace(_HIDDEN, "<name>")


def sealed(shards: tuple[ShardPlan, ...], key: Key | None) -> tuple[ShardPlan, ...]:
    """Shards whose names of files only the key can open, as they are written down."""
    return shards if key is None else _each(shards, lambda text: _seal(text, key))


def opened(shards: tuple[ShardPlan, ...], key: Key | None) -> tuple[ShardPlan, ...]:
    """What :func:`sealed` was given; names that another key has sealed stay as they are."""
    return shards if key is None else _each(shards, lambda text: _open(text, key))


def _each(shards: tuple[ShardPlan, ...], change: Callable[[str], str]) -> tuple[ShardPlan, ...]:
    """Shards with every text changed that may hold the name of a file."""

    def source(item: Source) -> Source:
        return replace(item, path=change(item.path), boxes=None if item.boxes is None else change(item.boxes))

    def failure(item: Failure) -> Failure:
        return replace(item, source_path=change(item.source_path), detail=change(item.detail))

    return tuple(
        replace(shard, sources=tuple(map(source, shard.sources)), known=tuple(map(failure, shard.known)))
        for shard in shards
    )


def _seal(text: str, key: Key) -> str:
    """`text` encrypted: a tag over it, then its bytes xor a keystream that starts from the tag (as in SIV modes).

    The same text gives the same result, so that a plan's file does not change when nothing does.
    """
    plain = text.encode("utf-8", "surrogateescape")
    tag = key.digest("seal tag", plain, size=_TAG)
    return _SEALED + (tag + _mixed(plain, tag, key)).hex()


def _open(text: str, key: Key) -> str:
    """What :func:`_seal` was given, or `text` itself if this key did not seal it."""
    try:
        data = bytes.fromhex(text.removeprefix(_SEALED))
    except ValueError:
        return text
    plain = _mixed(data[_TAG:], data[:_TAG], key)
    if not text.startswith(_SEALED) or key.digest("seal tag", plain, size=_TAG) != data[:_TAG]:
        return text
    return plain.decode("utf-8", "surrogateescape")


def _mixed(data: bytes, tag: bytes, key: Key) -> bytes:
    """`data` xor a keystream."""
    blocks = range(-(-len(data) // _BLOCK))
    stream = b"".join(key.digest("seal stream", tag + i.to_bytes(8), size=_BLOCK) for i in blocks)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
