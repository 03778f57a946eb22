"""Running failed sources again: what is refused, which failures are picked, and what becomes of staged work."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from handmade import clip, failure, raw_with

from specaug.errors import ArgumentError, PlanMismatchError
from specaug.pipeline import Progress, build_dataset, shard
from specaug.pipeline.retry import retry, retry_shard
from specaug.records import REASONS, BuildConfig
from specaug.shards import STATE, failures_file, staging, verify

CONFIG = BuildConfig(size=32, jobs=1, detector="sidecar", sources_per_shard=1, timeout=50.0)
FILES = {
    f"live/s{i}/{name}.mp4": name.encode() for i, name in enumerate(("fine", "slow", "dark", "broken", "odd"))
}
REASON = {"slow": "timeout", "dark": "no_face", "broken": "decoder_error", "odd": "truncated"}


@pytest.fixture
def world(tmp_path, monkeypatch) -> dict:
    """Which files fail and why, by stem; files that were worked on and the settings they were worked on with."""
    seen = {"reasons": dict(REASON), "ran": [], "config": None}

    def work_on(item, config, raw, watch):
        stem = Path(item.path).stem
        seen["ran"].append(stem)
        seen["config"] = config
        reason = seen["reasons"].get(stem)
        if reason == "truncated":
            return (clip(item), failure(item, reason, frame_index=3))
        return (failure(item, reason),) if reason else (clip(item),)

    for module in (shard, retry_shard):
        monkeypatch.setattr(module, "work_on", work_on)
    return seen


@pytest.fixture
def out(tmp_path, world) -> Path:
    build_dataset(raw_with(tmp_path / "raw", FILES), tmp_path / "out", CONFIG)
    world["ran"].clear()
    return tmp_path / "out"


def run(out: Path, **kwargs):
    return retry(out, raw=out.parent / "raw", jobs=1, **kwargs)


@pytest.mark.parametrize(
    ("reasons", "ran"),
    [
        ((), ["broken", "dark", "odd", "slow"]),
        ("timeout", ["slow"]),
        (["timeout", "no_face"], ["dark", "slow"]),
        (iter(["truncated"]), ["odd"]),
        (["native_crash"], []),
    ],
)
def test_failures_with_the_reasons_asked_for_are_run_and_no_others(out, world, reasons, ran):
    world["reasons"].clear()
    report = run(out, reasons=reasons)
    assert sorted(world["ran"]) == ran
    assert (report.retried, report.recovered) == (len(ran), len([name for name in ran if name != "odd"]))
    assert report.build.failures == 3 - report.recovered
    assert verify(out).ok


@pytest.mark.parametrize("reasons", ["slow", ["timeout", "Timeout"], [""], ["zzz", "aaa"]])
def test_an_unknown_reason_is_refused_with_the_known_ones(out, reasons):
    wrong = sorted({*([reasons] if isinstance(reasons, str) else reasons)} - set(REASONS))[0]
    words = f"reason: expected one of {', '.join(REASONS)}, got {wrong!r}"
    with pytest.raises(ArgumentError, match=f"^{re.escape(words)}(; did you mean .*)?$"):
        run(out, reasons=reasons)


def test_a_folder_that_is_no_out_or_is_not_finished_is_refused(out, tmp_path):
    with pytest.raises(ArgumentError, match="out: expected a folder that build-dataset made, got "):
        run(tmp_path / "none")
    (out / STATE / "done/train-00002-of-00005.json").unlink()
    with pytest.raises(
        PlanMismatchError, match="1 of 5 shards are not built, the first is train-00002-of-00005"
    ):
        run(out)


def test_a_raw_with_none_of_the_files_is_refused(out, world, tmp_path):
    wrong = raw_with(tmp_path / "wrong", {"live/s9/other.mp4": b"x"})
    words = r"raw: expected the folder that OUT was built from, got '.*wrong' with none of its files"
    with pytest.raises(ArgumentError, match=words):
        retry(out, raw=wrong, jobs=1)
    assert world["ran"] == []
    one = raw_with(tmp_path / "one", {"live/s0/fine.mp4": b"fine"})
    assert retry(out, raw=one, jobs=1, reasons="timeout").retried == 1


def test_settings_are_those_of_the_build_but_for_what_is_given(out, world):
    run(out, reasons="timeout", timeout=7.0, max_memory="1GiB")
    config = world["config"]
    assert (config.timeout, config.memory_limit(), config.jobs) == (7.0, 1 << 30, 1)
    assert config.content_settings() == CONFIG.content_settings()
    run(out, reasons="timeout")
    assert world["config"].timeout == BuildConfig().timeout  # no setting of the data: it is not written down


def test_a_list_in_the_settings_is_the_tuple_it_was(tmp_path, world):
    raw = raw_with(tmp_path / "raw", FILES)
    build_dataset(raw, tmp_path / "out", replace(CONFIG, split=(80, 10, 10), seed=7))
    world["reasons"].clear()
    assert run(tmp_path / "out").recovered == 3
    assert world["config"].split == (80, 10, 10)


def test_progress_tells_of_the_shards_that_are_run(out, world):
    states: list[Progress] = []
    world["reasons"] = {"dark": "no_face"}
    run(out, reasons=["timeout", "no_face"], progress=states.append)
    assert [(s.sources, s.done, s.done_before) for s in states] == [(2, 0, 0), (2, 1, 0), (2, 2, 0)]
    assert (states[-1].clips, states[-1].failures) == (1, 1)


def stopped(out: Path, **kwargs) -> None:
    """A run that is interrupted after its first shard."""

    def stop(state: Progress) -> None:
        if state.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(out, progress=stop, **kwargs)


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        (["timeout", "no_face"], ["no_face", "timeout"], 1),  # the same again: one shard is staged
        (["timeout", "no_face"], ["timeout"], 1),
        (["timeout", "no_face"], (), 4),
        (["timeout"], ["timeout"], 0),
    ],
)
def test_staged_work_counts_for_the_same_run_alone(out, world, first, then, left):
    stopped(out, reasons=first)
    world["ran"].clear()
    run(out, reasons=then)
    assert len(world["ran"]) == left
    assert not staging(out).exists()
    assert verify(out).ok


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"intent": "other"}'])
def test_staged_work_with_a_damaged_intent_is_dropped(out, world, text):
    stopped(out, reasons=["timeout", "no_face"])
    assert re.fullmatch("[0-9a-f]{32}", json.loads((staging(out) / "intent.json").read_text())["intent"])
    (staging(out) / "intent.json").write_text(text)
    world["ran"].clear()
    run(out, reasons=["timeout", "no_face"])
    assert sorted(world["ran"]) == ["dark", "slow"]


def test_a_shard_that_comes_to_the_same_rows_keeps_its_file(out, world):
    files = {path: path.stat().st_ino for path in (out / "data").rglob("*.parquet")}
    world["reasons"].pop("slow")
    run(out)
    kept = {path for path, inode in files.items() if path.stat().st_ino == inode}
    assert kept == set(files)  # fine and odd: nothing new came
    assert len(list((out / "data").rglob("*.parquet"))) == 3
    lost = list((out / "failures").iterdir())
    assert len(lost) == 3
    assert all(failures_file(out, path.stem.removeprefix("failures-")) == path for path in lost)
