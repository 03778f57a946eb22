"""Receipts: which shards of an OUT are finished, and where their files lie."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from specaug.parsing import parse_json
from specaug.records import Origin, Receipt, ShardPlan
from specaug.shards.atomic_files import STATE, write_json

_PAIRS = ("groups", "reasons", "seconds", "contents", "stamps", "versions")
"""Fields of a receipt that are tables."""


def data_file(out: Path, shard: str, *, origin: Origin = "captured") -> Path:
    """Clips of a shard."""
    return out / "data" / origin / f"{shard}.parquet"


def failures_file(out: Path, shard: str, *, origin: Origin = "captured") -> Path:
    """Failures of the same sources."""
    return out / "failures" / f"failures-{_prefix(origin)}{shard}.parquet"


def receipt_file(out: Path, shard: str, *, origin: Origin = "captured") -> Path:
    """What says that a shard is finished."""
    return out / STATE / "done" / f"{_prefix(origin)}{shard}.json"


def _prefix(origin: Origin) -> str:
    return "" if origin == "captured" else f"{origin}-"


def write_receipt(out: Path, receipt: Receipt) -> None:
    """Say that a shard is finished; the last step of its commit."""
    write_json(receipt_file(out, receipt.shard, origin=receipt.origin), dataclasses.asdict(receipt), out=out)


def read_receipt(out: Path, shard: ShardPlan) -> Receipt | None:
    """The receipt of a finished shard, or None if it has to be built.

    A receipt counts only if it is for this very plan and its data file has the size that it names.
    """
    receipt = _read(receipt_file(out, shard.name))
    if receipt is None or receipt.plan_hash != shard.hash or not _files_stand(out, receipt):
        return None
    return receipt


def stamps_of(out: Path, shard: str) -> dict[str, str]:
    """What the files of a shard's sources looked like when they were read, by source_id, whatever its plan is now."""
    receipt = _read(receipt_file(out, shard))
    return {} if receipt is None else dict(receipt.stamps)


def other_receipts(out: Path) -> list[Receipt]:
    """Receipts of shards that no plan of captured data names, such as synthetic ones, by name of file."""
    found = [_read(path) for path in sorted((out / STATE / "done").glob("synthetic-*.json"))]
    return [receipt for receipt in found if receipt is not None and _files_stand(out, receipt)]


def _read(path: Path) -> Receipt | None:
    try:
        value = parse_json(path.read_text())
        rows = {name: tuple(map(tuple, value[name])) for name in _PAIRS}
        return Receipt(**{**value, **rows})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files_stand(out: Path, receipt: Receipt) -> bool:
    data = data_file(out, receipt.shard, origin=receipt.origin)
    failures = failures_file(out, receipt.shard, origin=receipt.origin)
    if receipt.rows and not (data.is_file() and data.stat().st_size == receipt.bytes):
        return False
    return not receipt.failures or failures.is_file()
