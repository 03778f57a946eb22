"""RAW and OUT as folders on this machine, wherever they lie."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.pipeline.remote.out_mirror import Mirror
from specaug.pipeline.remote.raw_stub import LocalRaw, make_stub
from specaug.pipeline.remote.store_lock import StoreHold, hold_store
from specaug.records import Receipt
from specaug.shards import STATE, VerifyReport
from specaug.shards import verify as verify_folder
from specaug.shards.out_hint import out_hint
from specaug.storage import address_of, is_remote, is_within, place_of, read


@dataclass(frozen=True)
class LocalOut:
    """OUT, or the working copy of one in an object store."""

    path: Path
    mirror: Mirror | None = None
    hold: StoreHold | None = None

    def plan_saved(self) -> None:
        """Store the plan."""
        if self.mirror is not None:
            self.mirror.store_plan()

    def shard_finished(self, receipt: Receipt) -> None:
        """Store a shard."""
        if self.mirror is not None and self.hold is not None:
            self.hold.check()
            self.mirror.store_shard(receipt)

    def sums_written(self) -> None:
        """Store manifest, card and statistics."""
        if self.mirror is not None and self.hold is not None:
            self.hold.check()
            self.mirror.store_sums()


def check_ends(raw: Path | str, out: Path | str) -> None:
    """Raise if RAW and OUT are the same place, or one lies in the other.

    Raises
    ------
    ArgumentError
    """
    if is_remote(raw) or is_remote(out):
        inside, target = place_of(raw), place_of(out)
        if is_within(target, inside) or is_within(inside, target):
            raise ArgumentError(f"out: expected a place beside RAW, got {str(out)!r}, one within the other")


@contextmanager
def local_raw(raw: Path | str) -> Iterator[LocalRaw]:
    """RAW as a folder on this machine, while the block runs.

    Raises
    ------
    ArgumentError
        Nothing lies at an address in an object store.
    MissingDependencyError
        Object stores need a package that is not installed.
    """
    if not is_remote(raw):
        yield LocalRaw(Path(raw))
        return
    with tempfile.TemporaryDirectory(prefix="specaug-raw-") as folder:
        path = Path(folder) / "raw"
        path.mkdir()
        yield make_stub(str(raw), path)


@contextmanager
def local_out(out: Path | str, *, part: str = "", overwrite: bool = False) -> Iterator[LocalOut]:
    """OUT as a folder on this machine, while the block runs; one in an object store is held for it.

    Parameters
    ----------
    out : path or address
    part : str
        See :func:`specaug.pipeline.lock.hold`.
    overwrite : bool
        Remove from an object store what an earlier build stored; a folder of this machine is not touched.

    Raises
    ------
    ArgumentError
        Other objects lie at the address.
    BuildLockedError
        Another build holds the address.
    """
    if not is_remote(out):
        yield LocalOut(Path(out))
        return
    store = place_of(out)
    with tempfile.TemporaryDirectory(prefix="specaug-out-") as folder:
        mirror = Mirror(store, Path(folder) / "out")
        _refuse_strangers(mirror, store)
        with hold_store(store, part=part) as hold:
            if overwrite:
                mirror.clear()
            else:
                mirror.pull()
            yield LocalOut(Path(folder) / "out", mirror, hold)


@contextmanager
def open_read_only(out: Path | str) -> Iterator[LocalOut]:
    """What tells how far OUT is, in a folder of this machine, without holding it."""
    if not is_remote(out):
        yield LocalOut(Path(out))
        return
    store = place_of(out)
    with tempfile.TemporaryDirectory(prefix="specaug-out-") as folder:
        mirror = Mirror(store, Path(folder) / "out")
        _refuse_strangers(mirror, store)
        mirror.pull()
        yield LocalOut(Path(folder) / "out", mirror)


def verify(out: Path | str, *, look_alikes: bool = True) -> VerifyReport:
    """Check a data set: checksums, schema, counts against plan and failures, leakage between splits.

    Parameters
    ----------
    out : path or address
        A folder that :func:`specaug.build_dataset` made, or a place in an object store, whose files are fetched one by
        one. Nothing in it is changed.
    look_alikes : bool
        Decode crops, and look for clips in different splits that look alike.

    Returns
    -------
    VerifyReport
        `ok`, `clips`, `problems` with file, kind and detail, and `warnings`.

    Raises
    ------
    ArgumentError
        Nothing lies there.
    """
    check_arguments(verify, out=out, look_alikes=look_alikes)
    with open_read_only(out) as end:
        if not end.path.is_dir():
            raise ArgumentError(
                f"out: expected a place that build-dataset made, got {str(out)!r}; {out_hint(out)}"
            )
        present = end.mirror.present if end.mirror else nullcontext
        return verify_folder(end.path, present=present, look_alikes=look_alikes)


def _refuse_strangers(mirror: Mirror, store: Path) -> None:
    strange = mirror.others()
    if strange and read(store / STATE / "plan.json") is None:
        raise ArgumentError(
            f"out: expected a new, empty or earlier built place, got {address_of(store)!r} with other objects, "
            f"such as {strange[0]!r}"
        )
