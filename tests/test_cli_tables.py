"""What scan, build-dataset, finalize, retry and verify print of the results they are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from specaug.catalog import Catalog, Skipped
from specaug.pipeline import Progress
from specaug.pipeline.retry import RetryReport
from specaug.records import BuildConfig, BuildReport, Source
from specaug.shards import Problem, VerifyReport
from specaug_cli.main import cli


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def cells(result: Result) -> list[list[str]]:
    """Rows of all tables."""
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]


def source(path: str, **fields) -> Source:
    return Source(path, fields.pop("label", "bonafide"), **{"dataset": "folders", **fields})


CATALOG = Catalog(
    "folders",
    sources=(
        source("live/1.mp4", subject="ann", session="s", device="d"),
        source("live/2.mp4", subject="ann"),
        source("live/3.mp4"),
        source("live/caf\udce9\\.mp4", subject="bob", split="dev"),
        source("spoof/5.mp4", label="attack", pai="print/2", subject="eve"),
    ),
    skipped=(
        Skipped("a.txt", "no medium"),
        Skipped("\udce9.txt", "no medium"),
        Skipped("x.mp4", "odd", media=True),
    ),
    broken=((source("live/gone.mp4"), "link leads nowhere"),),
    notes=("First note.", "Second [bold]note[/bold]."),
    missing=("live/9\udce9",),
)


@pytest.fixture
def scanned(monkeypatch):
    """The result of ``scan`` for a catalog, and the config that it asked with."""

    def scan(catalog: Catalog, *args: str) -> tuple[Result, BuildConfig]:
        seen: list[tuple[object, BuildConfig]] = []
        monkeypatch.setattr("specaug.scan", lambda raw, config: (seen.append((raw, config)), catalog)[1])
        result = run("scan", "raw", *args)
        assert seen[0][0] == Path("raw")
        return result, seen[0][1]

    return scan


def test_scan_prints_a_row_for_each_group_with_its_people_sources_and_first_file(scanned):
    result, config = scanned(CATALOG)
    assert config == BuildConfig()
    assert result.stdout.startswith("Layout: folders")
    assert cells(result) == [
        ["folders", "dev", "bonafide", "none", "1", "1", "live/caf\\xe9\\\\.mp4"],
        ["folders", "train", "attack", "print/2", "1", "1", "spoof/5.mp4"],
        ["folders", "train", "bonafide", "none", "1", "3", "live/1.mp4"],
        ["odd", "1", "0"],
        ["no medium", "0", "2"],
    ]
    end = result.stdout.splitlines()[-3:]
    assert end == [
        "Cannot be opened: 'live/gone.mp4': link leads nowhere",
        "First note.",
        "Second [bold]note[/bold].",
    ]


def test_scan_has_no_empty_table_of_reasons(scanned):
    result, _ = scanned(Catalog("siw", CATALOG.sources, (), ()))
    assert "Layout: siw" in result.stdout
    assert "Not used" not in result.stdout
    assert "Cannot be opened" not in result.stdout


def test_a_long_note_stays_one_line(scanned):
    note = "word " * 60 + "end."
    result, _ = scanned(Catalog("siw", CATALOG.sources, (), (), notes=(note,)))
    assert result.stdout.splitlines()[-1] == note


@pytest.mark.parametrize(
    ("kinds", "last"),
    [
        (20, ["reason 19", "0", "1"]),
        (21, ["1 other reasons (--json lists them)", "0", "1"]),
        (23, ["3 other reasons (--json lists them)", "0", "3"]),
    ],
)
def test_scan_shows_twenty_reasons_and_counts_the_others(scanned, kinds, last):
    skipped = (*(Skipped(f"{n}.txt", f"reason {n:02}") for n in range(kinds)), Skipped("x.txt", "reason 05"))
    rows = cells(scanned(Catalog("folders", (), skipped, ()))[0])
    assert rows[0] == ["reason 05", "0", "2"]
    assert len(rows) == min(kinds, 20) + (kinds > 20)
    assert rows[-1] == last


def test_json_of_scan_has_every_field_and_readable_paths(scanned):
    found = json.loads(scanned(CATALOG, "--json")[0].stdout)
    assert found["sources"][0] == {
        "path": "live/1.mp4", "label": "bonafide", "pai": "none", "subject": "ann", "session": "s", "device": "d",
        "split": "train", "dataset": "folders",
    }  # fmt: skip
    assert [s["path"] for s in found["sources"]][3] == "live/caf\\xe9\\\\.mp4"
    assert [(s["path"], s["reason"]) for s in found["skipped"]] == [
        ("a.txt", "no medium"),
        ("\\xe9.txt", "no medium"),
        ("x.mp4", "odd"),
        ("live/gone.mp4", "link leads nowhere"),
    ]
    assert (found["layout"], found["missing"]) == ("folders", ["live/9\\xe9"])
    assert found["notes"] == list(CATALOG.notes)


def test_scan_asks_with_its_options(scanned):
    args = ["--protocol", "1", "--split", "20,30,50", "--seed", "4", "--frame-folders", "--layout", "siw"]
    _, config = scanned(CATALOG, *args)
    assert config == BuildConfig(protocol="1", split=(20, 30, 50), seed=4, frame_folders=True, layout="siw")


REPORT = BuildReport(
    sources=9,
    clips=13,
    failures=2,
    by_reason={"no_face": 1, "timeout": 1},
    shards=3,
    skipped=4,
    table=(("train", "bonafide", "none", 8), ("test", "attack", "print", 5)),
    notes=("Said for you.",),
)
KEYS = {
    "sources": 9,
    "clips": 13,
    "failures": 2,
    "by_reason": {"no_face": 1, "timeout": 1},
    "shards": 3,
    "skipped": 4,
}


@pytest.fixture
def built(monkeypatch):
    """The result of ``build-dataset`` that gives a report, whatever it is called with."""

    def call(*args: object, report: BuildReport = REPORT) -> tuple[Result, tuple, dict]:
        seen: list[tuple[tuple, dict]] = []

        def build(*given, **how) -> BuildReport:
            seen.append((given, how))
            if progress := how.get("progress"):
                progress(Progress(9, 9, 0, 13, 2))
            return report

        monkeypatch.setattr("specaug.build_dataset", build)
        return run("build-dataset", "raw", "out", *args), *seen[0]

    return call


def test_a_build_prints_tables_sums_and_places(built):
    result, given, how = built()
    assert given == (Path("raw"), Path("out"), BuildConfig())
    assert how["overwrite"] is False
    assert cells(result) == [
        ["train", "bonafide", "none", "8"],
        ["test", "attack", "print", "5"],
        ["no_face", "1"],
        ["timeout", "1"],
    ]
    assert result.stdout.splitlines()[-3:] == [
        "9 sources = 7 with clips + 2 failed; 13 clips in 3 shards; 4 other files skipped.",
        "Clips:    out/data/captured",
        "Failures: out/failures",
    ]
    assert result.stderr.splitlines() == ["9/9 sources, 13 clips, 2 failures", "Said for you."]


def test_a_build_without_failures_names_no_folder_of_failures(built):
    whole = BuildReport(9, 13, 0, {}, 3, 4, table=REPORT.table)
    result, _, _ = built(report=whole)
    assert "ailure" not in result.stdout
    assert "9 sources = 9 with clips + 0 failed" in result.stdout


def test_a_dry_run_plans_and_says_that_nothing_was_written(built):
    result, given, how = built("--dry-run", "--overwrite")
    assert given == (Path("raw"), Path("out"), BuildConfig())
    assert how == {"overwrite": True, "dry_run": True, "progress": None}
    assert result.stdout.splitlines()[-1] == (
        "9 sources in 3 shards; 2 known to fail; 4 other files would be skipped. Nothing was written."
    )
    assert "out/data" not in result.stdout


def test_a_long_place_stays_one_line(built):
    built()
    out = "folder/" * 30 + "out"
    lines = run("build-dataset", "raw", out).stdout.splitlines()
    assert lines[-2:] == [f"Clips:    {out}/data/captured", f"Failures: {out}/failures"]


@pytest.mark.parametrize("dry", [True, False])
def test_a_part_says_what_comes_next(built, dry):
    result, given, _ = built("--shard-index", 1, "--shard-count", 2, *["--dry-run"] * dry)
    assert (given[2].shard_index, given[2].shard_count) == (1, 2)
    assert ("This was part 1 of 2; then: specaug finalize OUT" in result.stdout) is not dry
    assert "Clips:    out" not in result.stdout


def test_json_of_a_build_is_one_object_and_notes_stay_on_stderr(built):
    result, _, _ = built("--json")
    found = json.loads(result.stdout)
    assert {key: found[key] for key in KEYS} == KEYS
    assert result.stdout.count("\n") == 1
    assert "Said for you." in result.stderr


def test_quiet_has_neither_progress_nor_notes(built):
    result, _, how = built("-q")
    assert (result.stderr, how["progress"]) == ("", None)
    assert "9 sources" in result.stdout


@pytest.mark.parametrize("place", ["s3://bucket/prefix", "memory://a", "file:///x"])
def test_addresses_stay_as_they_are_and_paths_become_paths(built, monkeypatch, place):
    seen: list[object] = []
    monkeypatch.setattr("specaug.verify", lambda out, **how: (seen.append(out), VerifyReport(0))[1])
    run("verify", place)
    run("verify", "a//b/")
    assert seen == [place, Path("a/b")]


def test_finalize_prints_the_sum_of_all_parts(monkeypatch):
    monkeypatch.setattr("specaug.finalize", lambda out: REPORT if out == Path("out") else None)
    result = run("finalize", "out")
    assert (
        "9 sources = 7 with clips + 2 failed; 13 clips in 3 shards; 4 other files skipped." in result.stdout
    )
    assert "Failures: out/failures" in result.stdout
    found = json.loads(run("finalize", "out", "--json").stdout)
    assert {key: found[key] for key in KEYS} == KEYS


@pytest.fixture
def retried(monkeypatch):
    def call(*args: object) -> tuple[Result, tuple, dict]:
        seen: list[tuple[tuple, dict]] = []

        def again(*given, **how) -> RetryReport:
            seen.append((given, how))
            return RetryReport(retried=5, recovered=3, build=REPORT)

        monkeypatch.setattr("specaug.retry", again)
        return run("retry", "out", "-q", *args), *seen[0]

    return call


def test_retry_prints_the_sum_and_what_came_of_it(retried):
    result, given, how = retried()
    assert (given, how["reasons"], how["raw"]) == ((Path("out"),), [], None)
    assert result.stdout.splitlines()[-1] == "5 sources were run again, 3 of them have clips now."
    assert "9 sources = 7 with clips + 2 failed" in result.stdout
    found = json.loads(retried("--json")[0].stdout)
    assert {key: found[key] for key in (*KEYS, "retried", "recovered")} == KEYS | {
        "retried": 5,
        "recovered": 3,
    }


def test_retry_takes_reasons_one_by_one_or_in_a_list(retried):
    how = retried("--reason", "timeout, no_face", "--reason", "native_crash")[2]
    assert how["reasons"] == ["timeout", "no_face", "native_crash"]


def test_retry_takes_the_settings_of_a_run_and_nothing_that_changes_bytes(retried):
    args = [
        "-j",
        2,
        "--timeout",
        9,
        "--max-memory",
        "1GiB",
        "--pseudonymize",
        "k",
        "--model",
        "m",
        "--raw",
        "r",
    ]
    how = retried(*args)[2]
    wanted = {
        "jobs": 2,
        "timeout": 9.0,
        "max_memory": "1GiB",
        "pseudonymize": "k",
        "model": "m",
        "raw": Path("r"),
    }
    assert {key: how[key] for key in wanted} == wanted
    assert "No such option" in run("retry", "out", "--frames", 3).stderr


PROBLEMS = (
    Problem("data/a.parquet", "checksum", "is not what it was"),
    Problem("data/b.parquet", "missing", "gone"),
)


@pytest.mark.parametrize(("problems", "with_plan"), [((), True), ((), False), (PROBLEMS, True)])
def test_verify_prints_each_problem_and_the_sum(monkeypatch, problems, with_plan):
    report = VerifyReport(7, problems, with_plan=with_plan)
    monkeypatch.setattr("specaug.verify", lambda out, **how: report)
    expected = [f"{p.kind}: {p.file}: {p.detail}" for p in problems] + [f"7 clips, {len(problems)} problems"]
    expected += [] if with_plan else ["A copy without .specaug: not compared with the plan."]
    assert run("verify", "out").stdout.splitlines() == expected
    found = json.loads(run("verify", "out", "--json").stdout)
    assert (found["ok"], found["clips"]) == (not problems, 7)
    assert found["problems"] == [{"file": p.file, "kind": p.kind, "detail": p.detail} for p in problems]
