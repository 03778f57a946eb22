"""Whether sources that have clips are still what they were, without reading again what was not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from specaug.errors import MediaError
from specaug.extract.source_content import bytes_digest, same_times
from specaug.parsing import parse_json
from specaug.pipeline.plan import OTHER_CONTENT, refuse_changed
from specaug.pipeline.pseudonym import Key, keyed
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.records import Receipt, ShardPlan, Source, readable_path
from specaug.shards import STATE, write_json

_FILES = "stamps*.json"
"""One for each part that builds on its own, so that none overwrites another's."""
_BATCH = 1 << 30
"""Bytes that are read between two notes: an interrupted run need not read them again."""


def refuse_other_contents(
    shards: Sequence[ShardPlan],
    receipts: Mapping[str, Receipt],
    raw: LocalRaw,
    out: Path,
    key: Key | None,
    *,
    note: Callable[[Mapping[str, str]], None] | None = None,
) -> None:
    """Raise if a source has other bytes now than its clips were made from, whatever its size.

    A file whose size, times and inode are those of the receipt is believed. Of another one all bytes are read; if they
    are the same, as after RAW was copied, its new stamp goes to `note`, so that the next run believes it.

    Parameters
    ----------
    shards : sequence of ShardPlan
        Their sources have the stamps of now.
    receipts : mapping of str to Receipt
        By shard, of those that are finished.
    raw : LocalRaw
    out : Path
    key : Key, optional
        Of a pseudonymous OUT.
    note : callable, optional
        Gets stamps by source_id of files that were read again and are what they were, some at a time.

    Raises
    ------
    PlanMismatchError
        It names the first file.
    """
    noted = _noted(out)
    seen: dict[str, str] = {}
    size = 0
    changed: list[tuple[str, str]] = []
    for source, digest, stamp in _finished(shards, receipts):
        now = keyed(source.stamp, key)
        if _believed(now, noted.get(source.source_id, ""), raw) or _believed(now, stamp, raw):
            continue
        if _digest_now(source, raw, key) == digest:
            seen[source.source_id] = now
            size += _size(raw.path / source.path)
        else:
            changed.append((readable_path(source.path), OTHER_CONTENT))
        if note is not None and size > _BATCH:
            note(seen)
            seen, size = {}, 0
    if note is not None and seen:
        note(seen)
    refuse_changed(changed)


def note_stamps(out: Path, seen: Mapping[str, str], *, part: str = "") -> None:
    """Write down in OUT which files were found to be what they were.

    Parameters
    ----------
    out : Path
    seen : mapping of str to str
        Stamps by source_id, added to those that are there.
    part : str
        Of several that build side by side, the name of this one.
    """
    file = out / STATE / (f"stamps-{part}.json" if part else "stamps.json")
    write_json(file, {**_read(file), **seen}, out=out)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _finished(
    shards: Sequence[ShardPlan], receipts: Mapping[str, Receipt]
) -> Iterator[tuple[Source, str, str]]:
    """Each source with clips that is in RAW now: itself, its digest and the stamp it had when it was read."""
    for shard in shards:
        receipt = receipts.get(shard.name)
        if receipt is None:
            continue
        contents, stamps = dict(receipt.contents), dict(receipt.stamps)
        for source in shard.sources:
            if source.stamp and source.source_id in contents:
                yield source, contents[source.source_id], stamps.get(source.source_id, "")


def _believed(now: str, before: str, raw: LocalRaw) -> bool:
    """Whether nobody can have written to the file in between; an object of a store has no inode."""
    return now == before or (raw.address is not None and same_times(now, before))


def _digest_now(source: Source, raw: LocalRaw, key: Key | None) -> str:
    """Of all bytes; empty if they cannot be read."""
    try:
        with raw.download(source):
            return keyed(bytes_digest(raw.path / source.path, source.kind), key)
    except MediaError:
        return ""


def _noted(out: Path) -> dict[str, str]:
    noted: dict[str, str] = {}
    for file in sorted((out / STATE).glob(_FILES)):
        noted |= _read(file)
    return noted


def _read(file: Path) -> dict[str, str]:
    try:
        value = parse_json(file.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
