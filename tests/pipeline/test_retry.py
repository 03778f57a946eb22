"""Failed sources run again: what succeeded stays, what can be had is had, and OUT changes at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from building import SMALL, add_video, everything, failures, in_process, rows_of
from click.testing import CliRunner

from specaug.errors import ArgumentError, PlanMismatchError
from specaug.pipeline import Progress, build_dataset, raw_location, shard
from specaug.pipeline.retry import retry, retry_shard
from specaug.records import BuildConfig, Failure, readable_path
from specaug.shards import verify
from specaug_cli.main import EXIT_CODES, cli

Flaky = Callable[..., None]
SLOW = ("train/live/s1/1.mp4", "train/spoof/print/s2/2.mp4", "dev/live/s7/7.mp4")


@pytest.fixture
def flaky(monkeypatch) -> Flaky:
    """Says which sources take too long from now on."""

    def set_slow(names: Collection[str] = (), *, reason: str = "timeout") -> None:
        def work_on(source, config, raw, watch):
            if source.path in names:
                path = readable_path(source.path)
                return (Failure(source.source_id, path, source.split, "decode", reason, "longer than 9 s"),)
            return in_process(source, config, raw, watch)

        for module in (shard, retry_shard):
            monkeypatch.setattr(module, "work_on", work_on)

    return set_slow


@pytest.fixture
def out(raw, tmp_path, flaky) -> Path:
    """A build in which three sources took too long, of four shards one untouched by that."""
    flaky(SLOW)
    build_dataset(raw, tmp_path / "out", SMALL)
    assert {p for p, (_, reason) in failures(tmp_path / "out").items() if reason == "timeout"} == set(SLOW)
    flaky()
    return tmp_path / "out"


def attempts(out: Path) -> dict[str, int]:
    tables = [pq.read_table(path).to_pylist() for path in sorted((out / "failures").glob("*.parquet"))]
    return {row["source_path"]: row["attempts"] for table in tables for row in table}


def inodes(out: Path) -> dict[str, int]:
    """A file that is replaced has another one."""
    return {p.relative_to(out).as_posix(): p.stat().st_ino for p in out.rglob("*.parquet")}


def test_the_bytes_are_those_of_a_build_without_the_failure(raw, tmp_path, out):
    report = retry(out, reasons=["timeout"], jobs=1)
    assert (report.retried, report.recovered, report.build.clips) == (3, 3, 8)
    build_dataset(raw, tmp_path / "clean", SMALL)
    assert everything(out) == everything(tmp_path / "clean")
    assert verify(out).ok
    assert not (out / ".specaug/next").exists()


def test_another_failure_counts_the_attempt_and_only_what_was_asked_for_is_run(out, flaky):
    before, files = rows_of(out), inodes(out)
    flaky(SLOW[:2])
    report = retry(out, reasons=("timeout",), jobs=1)
    assert (report.retried, report.recovered) == (3, 1)
    assert attempts(out) == {
        **dict.fromkeys(SLOW[:2], 2),
        "train/live/s8/dark.mp4": 1,
        "train/live/s8/text.mp4": 1,
        "train/live/s8/empty.mp4": 1,
        "train/live/s1/copy.mp4": 1,
    }
    rows = {row["clip_id"]: row for row in rows_of(out)}
    assert len(rows) == len(before) + 1
    assert all(str(rows[row["clip_id"]]) == str(row) for row in before)
    changed = {name for name, inode in inodes(out).items() if files.get(name) != inode}
    # Two failed again, each in its own shard: their clips are left alone; the third was the only failure of its shard.
    assert "data/captured/dev-00000-of-00001.parquet" in changed
    assert {name.partition("/")[0] for name in changed if "train" in name} == {"failures"}
    assert "failures/failures-dev-00000-of-00001.parquet" not in inodes(out)
    assert verify(out).ok


def test_all_failures_are_run_without_a_reason(out):
    report = retry(out, jobs=1)
    assert (report.retried, report.recovered) == (7, 3)
    assert set(attempts(out).values()) == {2}
    assert retry(out, jobs=1).recovered == 0
    assert set(attempts(out).values()) == {3}
    assert verify(out).ok


def test_same_out_same_bytes(out, raw, tmp_path):
    shutil.copytree(out, tmp_path / "again")
    retry(out, jobs=1)
    retry(tmp_path / "again", jobs=1)
    assert everything(out) == everything(tmp_path / "again")


def test_nothing_to_run_changes_nothing(out):
    before = everything(out)
    report = retry(out, reasons=["native_crash"], jobs=1)
    assert (report.retried, report.recovered, report.build.failures) == (0, 0, 7)
    assert everything(out) == before


def test_what_cannot_be_retried_is_said(out, raw, tmp_path):
    with pytest.raises(ArgumentError, match=r"reason: expected one of unreadable, .*, internal, got 'slow'"):
        retry(out, reasons=["slow"])
    with pytest.raises(ArgumentError, match="out: expected a folder that build-dataset made"):
        retry(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (out / ".specaug/done/dev-00000-of-00001.json").unlink()
    with pytest.raises(PlanMismatchError, match="1 of 4 shards are not built"):
        retry(out)


def test_raw_that_was_moved_has_to_be_named(out, raw, tmp_path):
    before = everything(out)
    raw.rename(tmp_path / "moved")
    with pytest.raises(ArgumentError, match=r"raw: RAW is no longer at '\.\./raw' seen from OUT; name it"):
        retry(out, jobs=1)
    (tmp_path / "wrong").mkdir()
    with pytest.raises(ArgumentError, match="with none of its files"):
        retry(out, raw=tmp_path / "wrong", jobs=1)
    (out / ".specaug/raw.json").unlink()
    with pytest.raises(ArgumentError, match="OUT does not know where RAW is"):
        retry(out, jobs=1)
    del before[".specaug/raw.json"]
    assert everything(out) == before
    assert retry(out, reasons=["timeout"], raw=tmp_path / "moved", jobs=1).recovered == 3


@pytest.mark.parametrize(
    ("out", "raw", "way"),
    [
        ("/data/a/out", "/data/a/raw", "../raw"),
        ("/data/a/b/out", "/data/a/raw/x", "../../raw/x"),
        ("/data/a/b/c/out", "/data/a/raw", None),  # far away: the names between are nobody's business
        ("/data/out", "/srv/raw", None),
        ("/home/ann/out", "/home/ann/raw", "../raw"),
        ("/home/out", "/home/ann/raw", None),
    ],
)
def test_the_way_to_raw_names_no_person(out, raw, way, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert raw_location.relative_raw(Path(out), Path(raw)) == way


def test_a_file_that_was_repaired_is_taken_as_it_is_now(out, raw):
    before = {row["source_path"]: row for row in rows_of(out)}
    add_video(raw / "train/live/s8/text.mp4", 50)
    with pytest.raises(
        PlanMismatchError, match=r"'train/live/s8/text.mp4' has other content.*'specaug retry OUT'"
    ):
        build_dataset(raw, out, SMALL)
    report = retry(out, reasons=["unreadable"], jobs=1)
    assert (report.retried, report.recovered) == (2, 1)
    after = {row["source_path"]: row for row in rows_of(out)}
    assert after.keys() - before.keys() == {"train/live/s8/text.mp4"}
    assert all(str(after[path]) == str(row) for path, row in before.items())
    assert verify(out).ok
    # The next build finds everything as it is planned.
    done = everything(out)
    assert build_dataset(raw, out, SMALL).failures == 6
    assert everything(out) == done


def test_damaged_rows_are_not_copied(out):
    for file in (out / "data/captured").iterdir():
        picture = pq.read_table(file).to_pylist()[0]["frames"][0]["bytes"]
        data = bytearray(file.read_bytes())
        data[bytes(data).index(picture) + len(picture) // 2] ^= 1
        file.write_bytes(data)
    before = everything(out)
    with pytest.raises(OSError, match="CRC"):
        retry(out, jobs=1)
    after = {file: content for file, content in everything(out).items() if "/next/" not in file}
    assert after == before


def test_a_repair_that_makes_a_copy_is_a_duplicate(out, raw):
    shutil.copy(raw / "train/live/s8/dark.mp4", raw / "train/live/s8/text.mp4")
    assert retry(out, reasons=["unreadable"], jobs=1).recovered == 0
    assert failures(out)["train/live/s8/text.mp4"] == ("discover", "duplicate")
    assert attempts(out)["train/live/s8/text.mp4"] == 2
    assert verify(out).ok


def test_a_repair_that_contradicts_a_clip_makes_both_failures(out, raw):
    shutil.copy(raw / "train/live/s3/3.mp4", raw / "train/live/s8/text.mp4")
    report = retry(out, reasons=["unreadable"], jobs=1)
    assert report.recovered == 0
    assert report.build.by_reason["conflict"] == 2
    for path in ("train/live/s3/3.mp4", "train/live/s8/text.mp4"):
        assert failures(out)[path] == ("discover", "conflict")
    assert "train/live/s3/3.mp4" not in {row["source_path"] for row in rows_of(out)}
    assert verify(out).ok


class TestKnownBeforeAnyWork:
    """Failures of the scan: files that cannot be opened, copies."""

    @pytest.fixture
    def out(self, raw, tmp_path) -> Path:
        (raw / "train/live/s8/link.mp4").symlink_to(raw / "nowhere.mp4")
        build_dataset(raw, tmp_path / "out", SMALL)
        assert failures(tmp_path / "out")["train/live/s8/link.mp4"] == ("discover", "unreadable")
        return tmp_path / "out"

    def test_a_copy_stays_one_even_if_its_original_went(self, out, raw):
        assert retry(out, reasons=["duplicate"], jobs=1).recovered == 0
        (raw / "train/live/s1/1.mp4").unlink()
        assert retry(out, reasons=["duplicate"], jobs=1).recovered == 0
        assert attempts(out)["train/live/s1/copy.mp4"] == 3

    def test_a_copy_with_other_content_is_a_source(self, out, raw):
        add_video(raw / "train/live/s1/copy.mp4", 60)
        assert retry(out, reasons=["duplicate"], jobs=1).recovered == 1
        assert "train/live/s1/copy.mp4" not in failures(out)
        assert verify(out).ok

    def test_a_file_that_can_be_opened_now_stays_in_its_shard(self, out, raw):
        shards = sorted(path.name for path in (out / "data/captured").iterdir())
        (raw / "train/live/s8/link.mp4").unlink()
        assert retry(out, reasons=["unreadable"], jobs=1).recovered == 0
        assert attempts(out)["train/live/s8/link.mp4"] == 2
        add_video(raw / "train/live/s8/link.mp4", 61)
        assert retry(out, reasons=["unreadable"], jobs=1).recovered == 1
        assert sorted(path.name for path in (out / "data/captured").iterdir()) == shards
        assert verify(out).ok
        done = everything(out)
        build_dataset(raw, out, SMALL)
        assert everything(out) == done


def test_a_source_that_gives_less_than_before_keeps_what_it_had(raw, tmp_path, flaky, monkeypatch):
    config = BuildConfig(frames=3, clips=2, size=64, min_face=20, jobs=1)

    def half(source, config, raw, watch):
        outcomes = in_process(source, config, raw, watch)
        if source.path != SLOW[0] or len(outcomes) < 2:
            return outcomes
        lost = Failure(
            source.source_id, source.path, source.split, "decode", "truncated", "short", frame_index=7
        )
        return (outcomes[0], lost)

    monkeypatch.setattr(shard, "work_on", half)
    out = tmp_path / "out"
    build_dataset(raw, out, config)
    before = rows_of(out)
    flaky(SLOW[:1])
    assert retry(out, reasons=["truncated"], jobs=1).recovered == 0
    assert str(rows_of(out)) == str(before)
    assert attempts(out)[SLOW[0]] == 2
    flaky()
    retry(out, reasons=["truncated"], jobs=1)
    assert SLOW[0] not in failures(out)
    build_dataset(raw, tmp_path / "clean", config)
    assert everything(out) == everything(tmp_path / "clean")


def test_an_interrupted_run_changes_nothing_and_goes_on(out, tmp_path, flaky, monkeypatch):
    shutil.copytree(out, tmp_path / "whole")
    retry(tmp_path / "whole", jobs=1)
    before, runs = everything(out), []

    def stop(state: Progress) -> None:
        if state.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry(out, jobs=1, progress=stop)
    kept = {name: data for name, data in everything(out).items() if not name.startswith(".specaug/next/")}
    assert kept == before
    assert verify(out).ok
    work_on = retry_shard.work_on
    monkeypatch.setattr(retry_shard, "work_on", lambda s, *a: runs.append(s.path) or work_on(s, *a))
    states: list[Progress] = []
    retry(out, jobs=1, progress=states.append)
    assert everything(out) == everything(tmp_path / "whole")
    assert states[0].done_before > 0
    assert len(runs) < 6  # some were staged


def test_other_reasons_begin_anew(out, tmp_path):
    shutil.copytree(out, tmp_path / "whole")
    retry(tmp_path / "whole", reasons=["timeout"], jobs=1)

    def stop(state: Progress) -> None:
        if state.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry(out, jobs=1, progress=stop)
    retry(out, reasons=["timeout"], jobs=1)
    assert everything(out) == everything(tmp_path / "whole")


def test_the_command_needs_nothing_but_out(raw, out):
    result = CliRunner().invoke(
        cli, ["retry", str(out), "--reason", "timeout,no_face", "-j", "1", "-q", "--json"]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["retried"], report["recovered"], report["clips"]) == (4, 3, 8)
    assert report["by_reason"] == {"duplicate": 1, "no_face": 1, "unreadable": 2}
    assert verify(out).ok


def test_an_unknown_reason_is_a_usage_error(out):
    result = CliRunner().invoke(cli, ["retry", str(out), "--reason", "slow"])
    assert isinstance(result.exception, ArgumentError)
    assert dict(EXIT_CODES)[ArgumentError] == 2
    assert "expected one of unreadable" in str(result.exception)
