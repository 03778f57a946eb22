"""Before and around the work of a build: which places are refused, what is cleared, what progress says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from handmade import clip, failure, raw_with

from specaug.errors import ArgumentError, MissingDependencyError, NothingToDoError, PlanMismatchError
from specaug.pipeline import Progress, build_dataset, plan_only, scan_with, shard
from specaug.pipeline.build import OWNED
from specaug.pipeline.plan import load_plan
from specaug.records import BuildConfig
from specaug.shards import SKIPPED, STATE

CONFIG = BuildConfig(size=32, jobs=1, detector="sidecar", sources_per_shard=2)
FILES = {f"train/live/s{i}/{i}.mp4": f"video {i}".encode() for i in range(4)} | {
    "test/spoof/print/s9/lost.mp4": b"no face here",
    "test/spoof/print/s9/two.mp4": b"two clips",
    "notes.txt": b"notes",
}


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    """Files that give a clip each; one gives none, one two."""

    def work_on(item, config, raw, watch):
        if "lost" in item.path:
            return (failure(item),)
        return tuple(clip(item, n) for n in range(2 if "two" in item.path else 1))

    monkeypatch.setattr(shard, "work_on", work_on)
    return raw_with(tmp_path / "raw", FILES)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("raw", "out: expected another folder than RAW, got "),
        ("raw/../raw", "out: expected another folder than RAW, got "),
        ("link", "out: expected another folder than RAW, got "),
        ("raw/train", "out: expected a folder beside RAW, got .*, one within the other"),
        ("link/new", "out: expected a folder beside RAW, got .*, one within the other"),
        (".", "out: expected a folder beside RAW, got .*, one within the other"),
        ("file", "out: expected a folder, got the file "),
        ("full", "out: expected a new, empty or earlier built folder, got .* with other files"),
        ("hidden", "out: expected a new, empty or earlier built folder, got .* with other files"),
    ],
)
@pytest.mark.parametrize("call", [build_dataset, plan_only])
def test_an_out_that_cannot_be_one_is_refused_before_anything_is_written(raw, tmp_path, out, words, call):
    (tmp_path / "link").symlink_to("raw")
    raw_with(tmp_path, {"file": b"x", "full/thesis.txt": b"x", "hidden/.git": b"x"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArgumentError, match=f"^{words}"):
        call(raw, tmp_path / out, CONFIG)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("out", ["new", "deep/er/new", "empty", "rawer"])
def test_a_new_or_empty_folder_is_built_into(raw, tmp_path, out):
    (tmp_path / "empty").mkdir()
    assert build_dataset(raw, tmp_path / out, CONFIG).clips == 6
    assert build_dataset(raw, tmp_path / out, CONFIG).done_before == 3


@pytest.mark.parametrize("name", ["none", "train/live/s0/0.mp4"])
@pytest.mark.parametrize("call", [build_dataset, plan_only])
def test_a_raw_that_is_no_folder_is_refused(raw, tmp_path, name, call):
    words = f"raw: expected an existing folder, got {str(raw / name)!r}"
    with pytest.raises(ArgumentError, match=re.escape(words)):
        call(raw / name, tmp_path / "out", CONFIG)
    assert not (tmp_path / "out").exists()


def test_a_raw_without_media_gives_nothing_and_leaves_nothing(tmp_path):
    empty = raw_with(tmp_path / "empty", {"notes.txt": b"x"})
    with pytest.raises(NothingToDoError):
        build_dataset(empty, tmp_path / "out", CONFIG)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fields", "kwargs", "error", "words"),
    [
        (
            {"shard_count": 2},
            {"overwrite": True},
            ArgumentError,
            "overwrite: expected a whole build, got one part",
        ),
        ({"shard_count": 2, "synthesize": "traces"}, {}, ArgumentError, "synthesize: expected a whole build"),
        ({"synthesize": "no such recipe"}, {}, ArgumentError, "no such recipe"),
        ({"pseudonymize": "no/such/key"}, {}, ArgumentError, "pseudonymize: expected a file with a key"),
        ({"layout": "no such layout"}, {}, ArgumentError, "layout"),
        (
            {"detector": "yunet", "model": "none.onnx"},
            {},
            MissingDependencyError,
            r"model: .* got none\.onnx",
        ),
        (
            {"detector": "centerface", "model": "x.onnx"},
            {},
            ArgumentError,
            r"model: expected none, .* got 'x\.onnx'",
        ),
    ],
)
def test_an_option_that_cannot_be_met_is_refused_before_any_work(raw, tmp_path, fields, kwargs, error, words):
    with pytest.raises(error, match=words):
        build_dataset(raw, tmp_path / "out", replace(CONFIG, **fields), **kwargs)
    assert not (tmp_path / "out").exists()


def test_progress_counts_sources_clips_and_failures_after_each_shard(raw, tmp_path):
    states: list[Progress] = []
    build_dataset(raw, tmp_path / "out", CONFIG, progress=states.append)
    assert states == [
        Progress(sources=6, done=0, done_before=0, clips=0, failures=0),
        Progress(sources=6, done=2, done_before=0, clips=2, failures=0),
        Progress(sources=6, done=4, done_before=0, clips=4, failures=0),
        Progress(sources=6, done=6, done_before=0, clips=6, failures=1),
    ]


def test_progress_of_a_build_that_goes_on_begins_with_what_was_done(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, CONFIG)
    (out / STATE / "done/train-00001-of-00002.json").unlink()
    states: list[Progress] = []
    report = build_dataset(raw, out, CONFIG, progress=states.append)
    assert states == [Progress(6, 4, 4, 4, 1), Progress(6, 6, 4, 6, 1)]
    assert (report.done_before, report.clips, report.failures) == (2, 6, 1)


def test_a_part_reports_its_own_shards_and_writes_no_sums(raw, tmp_path):
    out = tmp_path / "out"
    reports = [build_dataset(raw, out, replace(CONFIG, shard_index=i, shard_count=2)) for i in (0, 1)]
    assert [(r.shards, r.sources, r.clips, r.failures) for r in reports] == [(2, 4, 4, 1), (1, 2, 2, 0)]
    assert [r.table for r in reports] == [
        (("train", "bonafide", "none", 2), ("test", "attack", "print", 2)),
        (("train", "bonafide", "none", 2),),
    ]
    assert {path.name for path in out.iterdir()} == {"data", "failures", STATE, SKIPPED}
    assert build_dataset(raw, out, CONFIG).done_before == 3
    assert {path.name for path in out.iterdir()} == set(OWNED)


def test_overwrite_removes_what_a_build_wrote_and_nothing_else(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, CONFIG)
    raw_with(out, {"mine.txt": b"x", "data/stray.parquet": b"x", "data/more/x": b"x", "failures/x": b"x"})
    raw_with(tmp_path / "elsewhere", {"kept": b"x"})
    (out / "data/link").symlink_to(tmp_path / "elsewhere")
    (out / STATE / "stray").symlink_to(tmp_path / "elsewhere/kept")
    report = build_dataset(raw, out, replace(CONFIG, frames=3), overwrite=True)
    assert (report.done_before, report.clips) == (0, 6)
    assert (out / "mine.txt").read_text() == "x"
    assert (tmp_path / "elsewhere/kept").read_text() == "x"
    assert sorted(path.name for path in (out / "data").iterdir()) == ["captured"]
    assert [path.name for path in (out / "failures").iterdir()] == ["failures-test-00000-of-00001.parquet"]
    assert not (out / STATE / "stray").is_symlink()


def test_a_linked_data_folder_is_unlinked_and_not_emptied(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, CONFIG)
    (out / "data").rename(tmp_path / "moved")
    (out / "data").symlink_to(tmp_path / "moved")
    build_dataset(raw, out, CONFIG, overwrite=True)
    assert not (out / "data").is_symlink()
    assert len(list((tmp_path / "moved/captured").iterdir())) == 3


def test_only_overwrite_goes_on_from_a_plan_that_cannot_be_read(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, CONFIG)
    (out / STATE / "plan.json").write_text("{")
    with pytest.raises(PlanMismatchError, match="the plan cannot be read"):
        build_dataset(raw, out, CONFIG)
    assert build_dataset(raw, out, CONFIG, overwrite=True).clips == 6


def test_a_dry_run_tells_what_a_build_would_do(raw, tmp_path):
    out = tmp_path / "out"
    raw_with(raw, {"train/live/s0/copy.mp4": FILES["train/live/s0/0.mp4"]})
    planned = plan_only(raw, out, CONFIG)
    assert (planned.sources, planned.shards, planned.skipped, planned.clips) == (7, 3, 1, 0)
    assert (planned.failures, planned.by_reason) == (1, {"duplicate": 1})
    built = build_dataset(raw, out, CONFIG)
    assert (built.sources, built.shards, built.skipped, built.notes) == (7, 3, 1, planned.notes)
    raw_with(raw, {"dev/live/s7/new.mp4": b"new"})
    before = sorted(out.rglob("*"))
    assert plan_only(raw, out, CONFIG).shards == 4
    with pytest.raises(PlanMismatchError, match="frames: OUT has 8, asked for 3"):
        plan_only(raw, out, replace(CONFIG, frames=3))
    assert plan_only(raw, out, replace(CONFIG, frames=3), overwrite=True).shards == 4
    assert sorted(out.rglob("*")) == before


def test_settings_of_the_config_reach_the_scan(raw):
    shares = {item.split for item in scan_with(raw, CONFIG).sources}
    assert shares == {"train", "test"}
    folder = raw_with(raw.parent / "unsplit", {f"live/s{i}/{i}.mp4": b"%d" % i for i in range(12)})
    split = {
        item.subject: item.split for item in scan_with(folder, replace(CONFIG, split=(34, 33, 33))).sources
    }
    assert set(split.values()) == {"train", "dev", "test"}
    other = scan_with(folder, replace(CONFIG, split=(34, 33, 33), seed=5)).sources
    assert {item.subject: item.split for item in other} != split


def test_what_was_planned_is_what_was_scanned(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", CONFIG)
    plan = load_plan(tmp_path / "out")
    assert sorted(item.path for part in plan.shards for item in part.sources) == sorted(
        FILES.keys() - {"notes.txt"}
    )
    assert {**plan.settings, "detector_version": None} == {
        **CONFIG.content_settings(),
        "detector_version": None,
    }
