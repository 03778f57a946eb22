"""One shard of synthetic clips, from its plan to its receipt."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from specaug.augment.recipes.recipe import Recipe
from specaug.augment.recipes.steps import Draws, pai_after
from specaug.errors import ArgumentError, SpecaugError
from specaug.pipeline.lock import at_work
from specaug.pipeline.shard import single_threaded
from specaug.pipeline.synthesis.donor_pairs import DRAW, Pair, seed_words
from specaug.pipeline.synthesis.profile_fitting import scale_of
from specaug.pipeline.synthesis.synthesis_plan import SynthesisRun, SyntheticShard
from specaug.pipeline.versions import process_versions, with_detector
from specaug.records import LABELS, ImageFormat, Label, Receipt
from specaug.shards import (
    ClipWriter,
    EncodedClip,
    EncodedRows,
    RowGroup,
    check_rows,
    data_file,
    encode_image,
    groups_of_file,
    sha256,
    write_atomically,
    write_receipt,
)
from specaug.stage_timer import Stopwatch

_TRIES = 1000
"""How often a recipe is drawn until any of its steps is to be done."""


@dataclass(frozen=True)
class Setting:
    """What all shards of a run have in common."""

    recipe: Recipe
    run: SynthesisRun
    image_format: ImageFormat
    jpeg_quality: int
    size: int
    detector: str = ""
    """Of the captured clips."""


def make_shard(shard: SyntheticShard, setting: Setting, out: Path, *, builder: int) -> Receipt:
    """Make the clips of one shard, and commit them as captured ones are: data file, then receipt.

    Parameters
    ----------
    shard : SyntheticShard
    setting : Setting
    out : Path
    builder : int
        Id of the process that holds `out`.

    Returns
    -------
    Receipt

    Raises
    ------
    SpecaugError
        A captured shard is damaged, or is not the one that was planned with.
    NoSpaceError
        The disk is full.
    """
    watch = Stopwatch()
    groups: Counter[tuple[str, str]] = Counter()
    final = data_file(out, shard.name, origin="synthetic")

    def fill(path: Path) -> None:
        with ClipWriter(path, image_format=setting.image_format, size=setting.size) as writer:
            for row in _rows(shard, setting, out, watch):
                with watch("write"):
                    writer.write(row)
                groups[LABELS[row["label"]], row["pai"]] += 1

    with at_work(out, builder=builder), single_threaded():
        write_atomically(final, fill, out=out, check=check_rows(len(shard.pairs)))
        receipt = Receipt(
            shard=shard.name,
            plan_hash=shard.hash,
            split=shard.split,
            rows=groups.total(),
            bytes=final.stat().st_size,
            sha256=sha256(final),
            failures=0,
            failures_sha256="",
            sources=0,
            with_clips=0,
            groups=tuple((*key, n) for key, n in sorted(groups.items())),
            seconds=tuple(sorted(watch.seconds.items())),
            origin="synthetic",
            versions=with_detector(process_versions(), setting.detector),
        )
        write_receipt(out, receipt)
    return receipt


def _rows(shard: SyntheticShard, setting: Setting, out: Path, watch: Stopwatch) -> Iterator[dict[str, Any]]:
    """Rows to be written, parent by parent."""
    wanted: dict[str, list[Pair]] = {}
    for pair in shard.pairs:
        wanted.setdefault(pair.parent, []).append(pair)
    with watch("read"):
        donors = _donors(shard, out)
    for group in groups_of_file(data_file(out, shard.captured)):
        with watch("read"):
            rows = EncodedRows(group)
        for row in range(group.rows):
            pairs = wanted.pop(rows.value(row, "clip_id"), [])
            if not pairs:
                continue
            with watch("decode"):
                parent = _Parent.of(rows, row)
            for pair in pairs:
                yield _made(parent, pair, donors, setting, watch)
    if wanted:
        raise SpecaugError(
            f"{shard.captured}: {len(wanted)} planned clips are not there; `specaug verify` tells what is wrong"
        )


@dataclass(frozen=True, eq=False)
class _Parent:
    """A captured clip."""

    frames: np.ndarray
    values: Mapping[str, Any]
    """Its row without pictures."""

    @classmethod
    def of(cls, rows: EncodedRows, row: int) -> _Parent:
        values = {name: rows.value(row, name) for name in rows.columns}
        return cls(rows.clip(row).decode(), values)


@dataclass(frozen=True, eq=False)
class _Donor:
    clip: EncodedClip
    pai: str
    label: Label


def _donors(shard: SyntheticShard, out: Path) -> dict[str, _Donor]:
    """The donors of a shard by clip_id, still encoded; each row group is read once."""
    wanted = {pair.donor for pair in shard.pairs} - {None}
    found: dict[str, _Donor] = {}
    for name in shard.donors:
        for group in groups_of_file(data_file(out, name)):
            found |= _donors_of(group, wanted)
    missing = wanted - found.keys()
    if missing:
        raise SpecaugError(
            f"{shard.name}: {len(missing)} planned donors are not there; `specaug verify` tells more"
        )
    return found


def _donors_of(group: RowGroup, wanted: set[str | None]) -> dict[str, _Donor]:
    rows = EncodedRows(group, ("clip_id", "pai", "label"))
    return {
        rows.value(row, "clip_id"): _Donor(
            rows.clip(row).copied(), rows.value(row, "pai") or "unknown", LABELS[rows.value(row, "label")]
        )
        for row in range(group.rows)
        if rows.value(row, "clip_id") in wanted
    }


def _made(
    parent: _Parent, pair: Pair, donors: Mapping[str, _Donor], setting: Setting, watch: Stopwatch
) -> dict[str, Any]:
    """One synthetic row."""
    donor = donors[pair.donor] if pair.donor else None
    with watch("decode"):
        lent = None if donor is None else donor.clip.decode()
    drawn = _drawn(setting, pair, scale_of(parent.values["scale"]))
    with watch("apply"):
        applied = setting.recipe.run(parent.frames, drawn, lent)
    with watch("encode"):
        pictures = [
            encode_image(frame, image_format=setting.image_format, jpeg_quality=setting.jpeg_quality)
            for frame in applied.image
        ]
    label = setting.recipe.label_after(drawn, "bonafide", donor.label if donor else None)
    record = {
        **drawn,
        "donor": pair.donor,
        "donor_pai": donor.pai if donor else None,
        "variant": pair.variant,
        "run": setting.run.digest,
        "clipped": round(float(applied.clipped.max()), 6),
        "halvings": int(applied.halvings.max()),
    }
    raw = setting.image_format == "raw"
    media = (
        {"frames_raw": b"".join(pictures)}
        if raw
        else {"frames": [{"bytes": p, "path": None} for p in pictures]}
    )
    return {
        **parent.values,
        **media,
        "clip_id": _clip_id(pair, setting.run.digest),
        "parent_id": pair.parent,
        "origin": "synthetic",
        "recipe": json.dumps(record, sort_keys=True),
        "label": LABELS.index(label),
        "pai": "none" if label == "bonafide" else pai_after(drawn, donor.pai if donor else None),
    }


def _drawn(setting: Setting, pair: Pair, scale: float) -> Draws:
    """The parameters of a clip; drawn again where no coin fell for any step, which would copy the parent."""
    rng = seed_words(setting.run.seed, pair.parent, pair.variant, DRAW)
    for _ in range(_TRIES):
        drawn = setting.recipe.sample(rng, scale=scale)
        if drawn["steps"]:
            return drawn
    raise ArgumentError(
        f"recipe: expected one that does something, {setting.recipe.name!r} did nothing {_TRIES} times"
    )


def _clip_id(pair: Pair, digest: str) -> str:
    text = json.dumps([pair.parent, digest, pair.variant])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
