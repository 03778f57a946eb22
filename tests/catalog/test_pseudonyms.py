"""A pseudonymous OUT tells nobody who or which file, and is the same bytes for the same key."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media import in_process, write_media
from trees import media

from specaug.errors import ArgumentError, PlanMismatchError
from specaug.pipeline import build_dataset, shard
from specaug.pipeline.plan import load_plan
from specaug.pipeline.pseudonym import Key, key_of, nameless_failure, opened, sealed
from specaug.pipeline.retry import retry, retry_shard
from specaug.records import BuildConfig, Failure, ShardPlan, Source
from specaug.shards import verify

NAMES = ("wilhelmina", "bartholomew", "interview", "holiday", "brokenfile", "nosidecar")


@pytest.fixture(autouse=True)
def _here_and_without_network(monkeypatch):
    for module in (shard, retry_shard):
        monkeypatch.setattr(
            module,
            "work_on",
            in_process,
        )


@pytest.fixture
def raw(tmp_path) -> Path:
    names = [f"train/live/{who}/interview{i}.mp4" for who in NAMES[:2] for i in range(2)]
    root = write_media(media([*names, "test/spoof/print/s3/holiday.mp4"]), tmp_path / "raw")
    (root / "train/live/wilhelmina/brokenfile.mp4").write_text("not a video")
    (root / "train/live/wilhelmina/holiday_copy.mp4").write_bytes((root / names[0]).read_bytes())
    (root / "train/live/wilhelmina/holiday_link.mp4").symlink_to(root / "nowhere.mp4")
    return root


def keyfile(path: Path, text: str = "0123456789abcdef0123456789abcdef\n") -> str:
    path.write_text(text)
    return str(path)


def config(key: str | None, **settings) -> BuildConfig:
    return BuildConfig(frames=2, size=32, min_face=20, jobs=1, pseudonymize=key, **settings)


def tables(out: Path, folder: str) -> list[dict]:
    return [
        row for path in sorted((out / folder).rglob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def everything(out: Path) -> bytes:
    """All bytes and names of files of an OUT, and the cells of its tables."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    cells = [
        [{k: v for k, v in row.items() if k != "frames"} for row in tables(out, f)]
        for f in ("data", "failures")
    ]
    return (
        b"".join(path.read_bytes() + str(path.relative_to(out)).encode() for path in files)
        + repr(cells).encode()
    )


def test_no_name_of_person_or_file_is_in_out(raw, tmp_path):
    report = build_dataset(raw, tmp_path / "plain", config(None))
    assert all(name.encode() in everything(tmp_path / "plain") for name in NAMES[:5])
    key = keyfile(tmp_path / "key")
    hidden = build_dataset(raw, tmp_path / "out", config(key))
    content = everything(tmp_path / "out")
    assert not [name for name in NAMES if name.encode() in content]
    assert b"0123456789abcdef" not in content
    assert hashlib.blake2b(b"0123456789abcdef0123456789abcdef", digest_size=64).digest() not in content
    assert b"/key" not in content
    assert (hidden.sources, hidden.clips, hidden.by_reason) == (
        report.sources,
        report.clips,
        report.by_reason,
    )
    assert hidden.by_reason == {"duplicate": 1, "unreadable": 2}
    assert verify(tmp_path / "out").ok


def test_rows_have_pseudonyms_and_no_paths(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", config(keyfile(tmp_path / "key")))
    rows, lost = tables(tmp_path / "out", "data"), tables(tmp_path / "out", "failures")
    assert {row["source_path"] for row in (*rows, *lost)} == {None}
    counts = Counter(row["subject"] for row in rows)
    assert sorted(counts.values()) == [1, 2, 2]  # of two equal files, the first is kept
    assert all(len(subject) == 32 and int(subject, 16) >= 0 for subject in counts)


def test_ids_cannot_be_told_by_trying_names(raw, tmp_path):
    build_dataset(raw, tmp_path / "plain", config(None))
    build_dataset(raw, tmp_path / "out", config(keyfile(tmp_path / "key")))
    # The id of a file that cannot be opened is a hash of its name alone.
    guess = hashlib.blake2b(b"train/live/wilhelmina/holiday_link.mp4\0", digest_size=16).hexdigest()
    assert guess in {row["source_id"] for row in tables(tmp_path / "plain", "failures")}
    ids = [
        {row["source_id"] for f in ("data", "failures") for row in tables(tmp_path / o, f)}
        for o in ("plain", "out")
    ]
    assert not ids[0] & ids[1]


def test_the_same_key_gives_the_same_bytes_and_another_key_other_names(raw, tmp_path):
    for name, text in (("a", "k" * 32), ("b", "k" * 32), ("c", "x" * 32)):
        build_dataset(raw, tmp_path / name, config(keyfile(tmp_path / f"key-{name}", text)))
    files = [
        sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n / "data").rglob("*.parquet")) for n in "ab"
    ]
    assert files[0] == files[1]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files[0])
    subjects = [{row["subject"] for row in tables(tmp_path / n, "data")} for n in "abc"]
    assert subjects[0] == subjects[1]
    assert not subjects[0] & subjects[2]


def test_a_build_goes_on_with_its_key_and_with_no_other(raw, tmp_path):
    key = keyfile(tmp_path / "key")
    first = build_dataset(raw, tmp_path / "out", config(key))
    plan = (tmp_path / "out/.specaug/plan.json").read_bytes()
    assert build_dataset(raw, tmp_path / "out", config(key)) == first.__class__(
        **{**vars(first), "done_before": first.shards, "seconds": {}}
    )
    assert (tmp_path / "out/.specaug/plan.json").read_bytes() == plan
    for other in (None, keyfile(tmp_path / "other", "y" * 32)):
        with pytest.raises(PlanMismatchError, match=r"pseudonymize: OUT has '[0-9a-f]{32}', asked for"):
            build_dataset(raw, tmp_path / "out", config(other))
    write_media(media(["train/live/newcomer/late.mp4"]), raw)
    (raw / "train/live/newcomer/late.mp4").write_bytes(
        (raw / "test/spoof/print/s3/holiday.mp4").read_bytes()[:-9]
    )
    assert build_dataset(raw, tmp_path / "out", config(key)).sources == first.sources + 1
    assert b"newcomer" not in everything(tmp_path / "out")


def test_failed_sources_are_run_again_with_the_key(raw, tmp_path):
    key = keyfile(tmp_path / "key")
    build_dataset(raw, tmp_path / "out", config(key))
    broken = raw / "train/live/wilhelmina/brokenfile.mp4"
    broken.write_bytes((raw / "train/live/bartholomew/interview1.mp4").read_bytes() + b"\0\0\0\x0cfreemore")
    with pytest.raises(PlanMismatchError, match="pseudonymize"):
        retry(tmp_path / "out", jobs=1)
    report = retry(tmp_path / "out", pseudonymize=key, raw=raw, jobs=1)
    assert (report.retried, report.recovered) == (3, 1)
    assert not [name for name in NAMES if name.encode() in everything(tmp_path / "out")]


def test_a_key_file_must_be_there_and_hold_something(raw, tmp_path):
    with pytest.raises(ArgumentError, match=r"pseudonymize: expected a file with a key, got .*No such file"):
        build_dataset(raw, tmp_path / "out", config(str(tmp_path / "none")))
    with pytest.raises(ArgumentError, match="it is empty"):
        build_dataset(raw, tmp_path / "out", config(keyfile(tmp_path / "key", "\n")))


def test_a_short_key_is_said(raw, tmp_path):
    report = build_dataset(raw, tmp_path / "out", config(keyfile(tmp_path / "key", "secret")))
    assert "The key has 6 bytes; from 16 on, nobody can find it by trying." in report.notes


KEY = Key(b"k" * 64, 64)


@given(
    st.text(max_size=90).map(
        lambda text: text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    )
)
def test_sealed_names_open_again_with_their_key_alone(text):
    plan = ShardPlan(
        "train-0",
        "train",
        (Source(text, "bonafide", boxes=text),),
        (Failure("1", text, "train", "probe", "unreadable", text),),
    )
    closed = sealed((plan,), KEY)
    assert opened(closed, KEY) == (plan,)
    assert sealed((plan,), KEY) == closed
    assert opened(closed, Key(b"x" * 64, 64)) == closed
    if len(text) > 3:
        assert text not in json.dumps(
            [closed[0].sources[0].path, closed[0].known[0].detail], ensure_ascii=False
        )


def test_details_lose_every_part_of_a_name():
    failure = Failure(
        "1",
        "live/ann marie/visit 3.mp4",
        "train",
        "detect",
        "no_face",
        "no box file 'live/x.face'; visit 3: a.JPG",
    )
    assert nameless_failure(failure).detail == "no box file <name>; <name>: <name>"
    assert nameless_failure(failure).source_path == ""


def test_a_key_does_not_show_itself(tmp_path):
    key = key_of(BuildConfig(pseudonymize=keyfile(tmp_path / "key")))
    assert "0123" not in repr(key)
    assert repr(key) == "Key(32 bytes)"
    assert load_plan(tmp_path, key) is None
