"""A local working copy of an OUT that lies in an object store.

Plan and receipts are copied to the working copy before a build, and what the build finishes is stored as it comes:
plan, then per shard data, failures, receipt, then the sums. Each object is stored whole or not at all, and the
receipt last, so that the store holds at any time what a folder on disk would hold: shards with a receipt are
finished, all else will be built again. Clips are not kept on disk once they are stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specaug.records import Receipt
from specaug.shards import SKIPPED, STATE, data_file, failures_file, receipt_file
from specaug.storage import fetch, objects, put, remove

SUMS = ("README.md", "dataset_info.json", "croissant.json", "manifest.jsonl")
"""Written at the end of a build; the manifest, which names all other files, comes last."""
_PLAN = f"{STATE}/plan.json"
_STAMPS = f"{STATE}/stamps"
_DONE = f"{STATE}/done/"
_FAILURES = "failures/"
_DATA = "data/"
_OWNED = (*SUMS, SKIPPED, _DATA, _FAILURES, f"{STATE}/")


class Mirror:
    """The two sides of an OUT.

    Parameters
    ----------
    store : Path
        Place in an object store.
    local : Path
        Working copy, on disk.
    """

    def __init__(self, store: Path, local: Path) -> None:
        self._store, self._local = store, local

    def pull(self) -> None:
        """Copy what tells how far OUT is: plan, receipts, failures; of data files, holes of their size."""
        for name, size in objects(self._store):
            local = self._local / name
            if name in (_PLAN, SKIPPED) or name.startswith((_DONE, _FAILURES, _STAMPS)) or name in SUMS:
                fetch(self._store / name, local)
            elif name.startswith(_DATA):
                local.parent.mkdir(parents=True, exist_ok=True)
                local.touch()
                os.truncate(local, size)

    def others(self) -> list[str]:
        """Objects at OUT that no build made."""
        return [name for name, _ in objects(self._store) if not name.startswith(_OWNED)]

    def clear(self) -> None:
        """Remove all that a build stored, receipts first, but for the lock."""
        names = [name for name, _ in objects(self._store) if name.startswith(_OWNED)]
        for name in sorted(names, key=lambda name: not name.startswith(_DONE)):
            if not name.startswith(f"{STATE}/locks/"):
                remove(self._store / name)

    def store_plan(self) -> None:
        """Store the plan, the list of what is no source, and which files were read again, before any work."""
        stamps = [path.relative_to(self._local).as_posix() for path in self._local.glob(f"{_STAMPS}*.json")]
        for name in (_PLAN, SKIPPED, *sorted(stamps)):
            if (self._local / name).exists():
                put(self._local / name, self._store / name)

    def store_shard(self, receipt: Receipt) -> None:
        """Store a finished shard, its receipt last, and free the disk of its clips."""
        shard, origin = receipt.shard, receipt.origin
        for file in (data_file, failures_file, receipt_file):
            self._store_or_remove(file(self._local, shard, origin=origin))
        if receipt.rows:
            self._hollow(data_file(self._local, shard, origin=origin))

    def store_sums(self) -> None:
        """Store manifest, card and statistics."""
        for name in SUMS:
            if (self._local / name).exists():
                put(self._local / name, self._store / name)

    @contextmanager
    def present(self, name: str) -> Iterator[None]:
        """A file of clips, whole in the working copy while the block runs."""
        local = self._local / name
        if not (name.startswith(_DATA) and local.exists()):
            yield
            return
        fetch(self._store / name, local)
        try:
            yield
        finally:
            self._hollow(local)

    def _store_or_remove(self, local: Path) -> None:
        remote = self._store / local.relative_to(self._local).as_posix()
        if local.exists():
            put(local, remote)
        else:
            remove(remote)

    @staticmethod
    def _hollow(path: Path) -> None:
        """Keep the size and drop the content."""
        size = path.stat().st_size
        os.truncate(path, 0)
        os.truncate(path, size)
