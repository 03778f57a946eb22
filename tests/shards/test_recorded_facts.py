"""What manifest, plan, receipts and statistics may say, and where they disagree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specaug.records import ShardPlan, Source, plan_hash, settings_digest
from specaug.shards import recorded

HEAD = {"settings": {"image_format": "png", "size": 64}, "sources": 3, "clips": 2, "failures": {"no_face": 1}}
FAILURES = {"file": "failures/failures-s.parquet", "sha256": "ff", "rows": 1}
SHARD = {
    "shard": "s",
    "split": "train",
    "sources": 3,
    "clips": 2,
    "plan_hash": "h",
    "file": "data/captured/s.parquet",
    "sha256": "cc",
    "failures": FAILURES,
}
MISSING: Any = object()


def changed(line: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The line with other values, or without those that are MISSING."""
    return {key: value for key, value in {**line, **changes}.items() if value is not MISSING}


def manifest(tmp_path: Path, *lines: Any) -> Path:
    path = tmp_path / "manifest.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


GOOD = [
    {},
    {"origin": "captured"},
    {"origin": "synthetic"},
    {"failures": MISSING},
    {"clips": 0, "file": MISSING, "sha256": MISSING},
    {"clips": 0, "file": MISSING, "sha256": MISSING, "failures": MISSING},
    {"file": "data/a..b.parquet"},
    {"a later field": 5},
]
BAD = [
    {"shard": 3},
    {"shard": MISSING},
    {"split": None},
    {"sources": "3"},
    {"sources": 3.0},
    {"clips": MISSING},
    {"plan_hash": None},
    {"file": MISSING},
    {"sha256": MISSING},
    {"file": 5},
    {"origin": "else"},
    {"origin": None},
    {"failures": 1},
    {"failures": {}},
    {"failures": changed(FAILURES, rows=MISSING)},
    {"failures": changed(FAILURES, rows="1")},
    {"failures": changed(FAILURES, sha256=None)},
    {"file": "/etc/passwd"},
    {"file": "../data/s.parquet"},
    {"file": "data/../../s.parquet"},
    {"failures": changed(FAILURES, file="/tmp/x")},
    {"failures": changed(FAILURES, file="failures/../x")},
]


@pytest.mark.parametrize("changes", GOOD)
def test_lines_of_a_build_are_read_as_they_are(tmp_path, changes):
    line = changed(SHARD, **changes)
    found = recorded.read_manifest(manifest(tmp_path, HEAD, SHARD, line))
    assert found.head == HEAD
    assert found.shards == (SHARD, line)


@pytest.mark.parametrize("changes", BAD)
@pytest.mark.parametrize("at", [1, 2])
def test_a_line_that_no_build_writes_is_refused(tmp_path, changes, at):
    lines = [HEAD, SHARD, SHARD]
    lines[at] = changed(SHARD, **changes)
    with pytest.raises(LookupError):
        recorded.read_manifest(manifest(tmp_path, *lines))


@pytest.mark.parametrize("line", [None, 3, "text", [], ["shard"], {}])
def test_a_line_that_is_no_object_of_a_shard_is_refused(tmp_path, line):
    with pytest.raises(LookupError):
        recorded.read_manifest(manifest(tmp_path, HEAD, line))


@pytest.mark.parametrize(
    "head",
    [
        *[changed(HEAD, **{name: MISSING}) for name in HEAD],
        changed(HEAD, settings={"image_format": "png"}),
        changed(HEAD, settings={"size": 64}),
        changed(HEAD, settings=["image_format", "size"]),
        changed(HEAD, sources="3"),
        changed(HEAD, failures=[]),
        SHARD,
        [],
    ],
)
def test_a_head_that_no_build_writes_is_refused(tmp_path, head):
    with pytest.raises(LookupError):
        recorded.read_manifest(manifest(tmp_path, head, SHARD))


def test_a_build_without_shards_has_a_head_alone(tmp_path):
    assert recorded.read_manifest(manifest(tmp_path, HEAD)).shards == ()


def test_what_cannot_be_read_is_told_apart(tmp_path):
    with pytest.raises(LookupError):
        recorded.read_manifest(manifest(tmp_path))
    with pytest.raises(FileNotFoundError):
        recorded.read_manifest(tmp_path / "absent")
    for text in ("{", json.dumps(HEAD) + "\n{", json.dumps(HEAD) + "\n\n" + json.dumps(SHARD)):
        (tmp_path / "broken").write_text(text)
        with pytest.raises(ValueError, match="Expecting"):
            recorded.read_manifest(tmp_path / "broken")


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, ["clips", "failures"]),
        ({"failures": MISSING}, ["clips"]),
        ({"clips": 0}, ["failures"]),
        ({"clips": 0, "failures": MISSING}, []),
    ],
)
def test_a_shard_names_the_files_that_it_has(changes, kinds):
    files = list(recorded.files_of(changed(SHARD, **changes)))
    assert [file["kind"] for file in files] == kinds
    clips = {"kind": "clips", "rows": 2, "file": SHARD["file"], "sha256": "cc"}
    assert [file for file in files if file["kind"] == "clips"] == [clips] * ("clips" in kinds)
    failures = {"kind": "failures", **FAILURES}
    assert [file for file in files if file["kind"] == "failures"] == [failures] * ("failures" in kinds)


@pytest.mark.parametrize(
    ("changes", "origin", "name"),
    [
        ({}, "captured", ".specaug/done/s.json"),
        ({"origin": "captured"}, "captured", ".specaug/done/s.json"),
        ({"origin": "synthetic"}, "synthetic", ".specaug/done/synthetic-s.json"),
    ],
)
def test_a_receipt_lies_where_its_origin_says(changes, origin, name):
    line = {**SHARD, **changes}
    assert recorded.origin_of(line) == origin
    assert recorded.receipt_name(line) == name


RECEIPT = {
    "plan_hash": "h",
    "split": "train",
    "sources": 3,
    "rows": 2,
    "sha256": "cc",
    "failures": 1,
    "failures_sha256": "ff",
}
CALLED = {**{name: name for name in RECEIPT}, "rows": "clips", "failures_sha256": "sha256 of failures"}


def written(tmp_path: Path, value: Any) -> Path:
    path = tmp_path / "x.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_a_receipt_that_agrees_has_no_problem(tmp_path):
    assert recorded.receipt_problem(SHARD, written(tmp_path, {**RECEIPT, "seconds": []})) is None
    nothing = changed(SHARD, clips=0, file=MISSING, sha256=MISSING, failures=MISSING)
    bare = {**RECEIPT, "rows": 0, "sha256": "", "failures": 0, "failures_sha256": ""}
    assert recorded.receipt_problem(nothing, written(tmp_path, bare)) is None


@pytest.mark.parametrize("name", RECEIPT)
def test_each_fact_of_a_receipt_is_compared(tmp_path, name):
    other = {**RECEIPT, name: "other"}
    problem = recorded.receipt_problem(SHARD, written(tmp_path, other))
    assert problem == f"{CALLED[name]}: otherwise than in the manifest"
    lacking = changed(RECEIPT, **{name: MISSING})
    assert recorded.receipt_problem(SHARD, written(tmp_path, lacking)) == "cannot be read: KeyError"


def test_several_facts_are_told_in_one_line(tmp_path):
    problem = recorded.receipt_problem(SHARD, written(tmp_path, {**RECEIPT, "split": "dev", "rows": 3}))
    assert problem == "split, clips: otherwise than in the manifest"


@pytest.mark.parametrize(
    ("text", "error"),
    [("{", "JSONDecodeError"), ("[]", "TypeError"), ("null", "TypeError"), ("3", "TypeError")],
)
def test_a_receipt_that_is_none_is_told_by_its_error(tmp_path, text, error):
    assert recorded.receipt_problem(SHARD, written(tmp_path, text)) == f"cannot be read: {error}"
    assert recorded.receipt_problem(SHARD, tmp_path / "absent") == "cannot be read: FileNotFoundError"


def test_a_plan_is_read_with_the_hashes_that_shards_have(tmp_path):
    settings = {"size": 64, "image_format": "png"}
    sources = (Source("a", "bonafide", source_id="1"), Source("b", "bonafide", source_id="2"))
    mine = ShardPlan("train-00000-of-00001", "train", sources, settings=settings_digest(settings))
    items = [{"source_id": source.source_id, "path": source.path} for source in sources]
    shards = [
        {"name": mine.name, "sources": items, "known": []},
        {"name": "dev", "sources": [], "known": [{"source_id": "9"}]},
        {"name": "both", "sources": items[:1], "known": [{"source_id": "8"}]},
    ]
    found, planned = recorded.read_plan(written(tmp_path, {"settings": settings, "shards": shards}))
    assert found == settings
    assert planned[mine.name] == recorded.Planned(frozenset("12"), mine.hash)
    assert planned["dev"].sources == frozenset("9")
    assert planned["both"] == recorded.Planned(
        frozenset("18"), plan_hash("both", settings_digest(settings), ["1"], ["8"])
    )


@pytest.mark.parametrize(
    "value",
    ["{", "[]", {}, {"settings": {}}, {"settings": {}, "shards": [{}]}, {"settings": {}, "shards": 3}],
)
def test_a_plan_that_is_none_is_refused(tmp_path, value):
    with pytest.raises((ValueError, KeyError, TypeError)):
        recorded.read_plan(written(tmp_path, value))


def test_a_shard_of_another_plan_is_told_before_its_sources_are_counted():
    planned = recorded.Planned(frozenset("ab"), "other")
    problem = recorded.plan_problem(planned, SHARD, [], [])
    assert problem == "the plan of this shard is another one than when it was built"


@pytest.mark.parametrize(
    ("with_clips", "failed", "problem"),
    [
        ("ab", "c", None),
        ("aaabbb", "c", None),  # several clips of one source
        ("", "abc", None),
        ("", "", "3 lost, 0 there twice; 0 not planned"),
        ("abc", "abc", "0 lost, 3 there twice; 0 not planned"),
        ("ab", "x", "1 lost, 0 there twice; 1 not planned"),
        ("abx", "cxx", "0 lost, 1 there twice; 1 not planned"),
    ],
)
def test_every_source_is_there_as_clips_or_as_one_failure(with_clips, failed, problem):
    planned = recorded.Planned(frozenset("abc"), "h")
    found = recorded.plan_problem(planned, SHARD, list(with_clips), list(failed))
    assert found == (problem and f"of 3 planned sources {problem}")


INFO = {"settings": HEAD["settings"], "failures": HEAD["failures"], "splits": {"train": 1, "dev": 1}}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"splits": {"test": 2}}, None),
        ({"splits": {"train": 3}}, "clips: otherwise than in the manifest"),
        ({"splits": {}}, "clips: otherwise than in the manifest"),
        ({"settings": {}}, "settings: otherwise than in the manifest"),
        ({"failures": {}, "splits": {}}, "failures, clips: otherwise than in the manifest"),
        ({"splits": [1, 1]}, "cannot be read: AttributeError"),
        ({"splits": {"train": "2"}}, "cannot be read: TypeError"),
        ({"failures": MISSING}, "cannot be read: KeyError"),
    ],
)
def test_statistics_agree_with_the_manifest(tmp_path, changes, problem):
    assert recorded.info_problem(HEAD, written(tmp_path, changed(INFO, **changes))) == problem
