"""Receipts: which shards of an OUT are finished, and where their files lie."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from specaug.records import Receipt, ShardPlan
from specaug.shards.files import STATE, write_json


def data_file(out: Path, shard: str) -> Path:
    """Clips of a shard of captured data."""
    return out / "data" / "captured" / f"{shard}.parquet"


def failures_file(out: Path, shard: str) -> Path:
    """Failures of the same sources."""
    return out / "failures" / f"failures-{shard}.parquet"


def _receipt_file(out: Path, shard: str) -> Path:
    return out / STATE / "done" / f"{shard}.json"


def write_receipt(out: Path, receipt: Receipt) -> None:
    """Say that a shard is finished; the last step of its commit."""
    write_json(_receipt_file(out, receipt.shard), dataclasses.asdict(receipt), out=out)


def read_receipt(out: Path, shard: ShardPlan) -> Receipt | None:
    """The receipt of a finished shard, or None if it has to be built.

    A receipt counts only if it is for this very plan and its data file has the size that it names.
    """
    try:
        value = json.loads(_receipt_file(out, shard.name).read_text())
        receipt = Receipt(
            **{
                **value,
                **{name: tuple(map(tuple, value[name])) for name in ("groups", "reasons", "seconds")},
            }
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if receipt.plan_hash != shard.hash or not _files_stand(out, receipt):
        return None
    return receipt


def _files_stand(out: Path, receipt: Receipt) -> bool:
    data, failures = data_file(out, receipt.shard), failures_file(out, receipt.shard)
    if receipt.rows and not (data.is_file() and data.stat().st_size == receipt.bytes):
        return False
    return not receipt.failures or failures.is_file()
