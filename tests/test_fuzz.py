"""Some hundred damaged files, by the fuzzer of ``benchmarks``: each a clip with exact crops or a typed failure."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from fuzz_media import CONFIG, Tally, crops_of, mutants, run_batch, write_raw
from media_mutants import MUTATIONS, Mutant, mutate, systematic, units
from media_seeds import Seed, make_seeds

from specaug.extract import extract
from specaug.media_types import IMAGE_SUFFIXES
from specaug.records import Clip, Failure, Reason, Source, Stage

SEEDS = (
    "mp4-h264",
    "mp4-h264-parts",
    "mkv-h264",
    "webm-vp9",
    "avi-mjpeg",
    "ts-h264",
    "jpg",
    "png",
    "png-animated",
)
SEEDS += ("gif-animated", "webp", "tif-lzw", "bmp")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    return make_seeds(tmp_path_factory.mktemp("seeds"), only=SEEDS)


def outcome(mutant: Mutant, raw: Path) -> Clip | Failure:
    """In this process, so that an exception would show here."""
    path = raw / f"m.{mutant.suffix}"
    path.write_bytes(mutant.data)
    kind = "image" if path.suffix in IMAGE_SUFFIXES else "video"
    source = Source(path.name, "bonafide", kind=kind, source_id="0" * 32, boxes="boxes.face")
    (found,) = extract(source, CONFIG, raw=raw)
    path.unlink()
    return found


def some(seeds: list[Seed], rng: np.random.Generator) -> Iterator[Mutant]:
    for seed in seeds:
        listed = list(systematic(seed))
        yield from (listed[i] for i in rng.choice(len(listed), min(12, len(listed)), replace=False))
        yield from (mutate(seed, kind, seeds, rng=rng) for kind in MUTATIONS)


def test_damage_of_any_kind_is_a_clip_or_a_typed_failure(seeds: list[Seed], tmp_path: Path) -> None:
    write_raw(tmp_path / "raw", [])
    counts: Counter[str] = Counter()
    for mutant in some(seeds, np.random.default_rng(5)):
        found = outcome(mutant, tmp_path / "raw")
        counts[type(found).__name__] += 1
        if isinstance(found, Failure):
            what = f"{mutant.seed} {mutant.mutation}: {found}"
            assert found.stage in get_args(Stage), what
            assert found.reason in set(get_args(Reason)) - {"internal", "out_of_memory"}, what
            assert str(tmp_path) not in found.detail, what
            assert found.detail.isprintable(), what
    assert min(counts["Clip"], counts["Failure"]) > 50  # damage is neither harmless nor always the end


def test_a_build_accounts_for_every_damaged_file_and_shows_no_patched_picture(
    seeds: list[Seed], tmp_path: Path
) -> None:
    tally = Tally()
    batch = list(mutants(seeds, 120, rng=np.random.default_rng(6)))
    run_batch(batch, tmp_path / "batch", crops_of(seeds, tmp_path), tally)
    assert tally.findings == []
    assert sum(c.total() for by_kind in tally.outcomes.values() for c in by_kind.values()) == len(batch)
    assert tally.exact_clips > 0


def test_the_units_of_a_container_cover_it(seeds: list[Seed]) -> None:
    for seed in seeds:
        found = units(seed.data, seed.suffix)
        assert all(0 <= u.start <= u.body <= u.stop <= len(seed.data) for u in found)
        covered = np.zeros(len(seed.data), bool)
        for unit in found:
            covered[unit.start : unit.stop] = True
        # what no unit covers: the signature of PNG, the last marker of JPEG and GIF, a TIFF's data before its index
        assert seed.suffix == "tif" or covered.size - covered.sum() <= 8


def test_the_same_seed_gives_the_same_mutants(seeds: list[Seed]) -> None:
    first, again = (list(mutants(seeds, 40, rng=np.random.default_rng(3))) for _ in range(2))
    assert first == again
    assert len({mutant.data for mutant in first}) == 40
