"""Raw folders as people have them: every file, class and split is accounted for where people look."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from specaug.catalog import scan
from specaug.errors import ArgumentError, CatalogError
from specaug.pipeline import build_dataset, finalize, verify
from specaug.records import BuildConfig
from specaug_cli.main import cli


def tree(root: Path, *names: str) -> Path:
    """RAW with files that are media by their names alone, each with content of its own."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def warnings_of(*args: object) -> dict[str, tuple[str, int]]:
    """Kind to detail and count, of a command with ``--json``; the same lines stand on stderr."""
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["warnings"]
    lines = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert lines == [f"warning: {notice['detail']}" for notice in found]
    return {notice["kind"]: (notice["detail"], notice["count"]) for notice in found}


WHOLE = [
    f"{split}/{kind}/{split}{n}/1.mp4"
    for split in ("train", "dev", "test")
    for kind in ("live", "spoof/print")
    for n in range(5)
]


def test_a_whole_set_has_no_warning(tmp_path):
    assert warnings_of("scan", tree(tmp_path, *WHOLE)) == {}


@pytest.mark.parametrize(
    ("kept", "kind", "words", "count"),
    [
        (lambda name: "/live/" not in name, "no_bonafide", "nothing is bona fide", 1),
        (lambda name: "/spoof/" not in name, "no_attack", "nothing is attack", 1),
        (lambda name: not name.startswith("dev"), "empty_split", "in dev: build with --dev-from-train", 1),
        (lambda name: name.startswith("train"), "empty_split", "in dev and test: name the splits", 2),
        (lambda name: "dev4" not in name and "test3" not in name, "few_subjects", "in dev (4), test (4)", 2),
    ],
)
def test_what_a_set_lacks_is_a_warning(tmp_path, kept, kind, words, count):
    found = warnings_of("scan", tree(tmp_path, *filter(kept, WHOLE)))
    assert list(found) == [kind]
    assert words in found[kind][0]
    assert found[kind][1] == count


def test_advice_for_an_empty_split_is_such_that_it_works(tmp_path):
    raw = tree(tmp_path, *(name for name in WHOLE if not name.startswith("test")))
    told, _ = warnings_of("scan", raw)["empty_split"]
    assert told == "nothing is in test: name them in RAW, as folders or in its list"
    with pytest.raises(ArgumentError, match="RAW has splits of its own"):  # what is not advised
        scan(raw, split=(70, 15, 15))


def test_what_a_list_of_a_data_set_leaves_out_is_no_warning(tmp_path):
    folders = ("raw/ClientRaw", "raw/ImposterRaw", "NormalizedFace/ClientNormalized")
    raw = tree(tmp_path, *(f"{folder}/0001/0001_00_00_01_{i}.jpg" for folder in folders for i in range(2)))
    catalog = scan(raw, layout="nuaa")
    assert (len(catalog.sources), [s.media for s in catalog.skipped]) == (4, [True] * 2)
    assert "skipped_media" not in {notice.kind for notice in catalog.warnings}


def test_a_species_in_one_split_only_is_named(tmp_path):
    found = warnings_of(
        "scan", tree(tmp_path, *WHOLE, "test/spoof/mask/test0/2.mp4", "dev/spoof/wax/dev0/2.mp4")
    )
    assert found["species_in_one_split"][1] == 2
    assert "mask (test), unknown/wax (dev)" in found["species_in_one_split"][0]


def test_the_only_attack_one_folder_too_deep_is_named_apart_from_other_files(tmp_path):
    raw = tree(tmp_path, "attack/print/s1/sessA/a.mp4", "live/s1/1.mp4", "live/s2/1.mp4", "notes.txt")
    found = warnings_of("scan", raw)
    assert found["skipped_media"][1] == 1
    assert "'attack/print/s1/sessA/a.mp4'" in found["skipped_media"][0]
    assert "one folder too deep" in found["skipped_media"][0]
    assert "no_attack" in found
    skipped = json.loads(run("scan", raw, "--json").stdout)["skipped"]
    assert {item["path"]: item["media"] for item in skipped} == {
        "attack/print/s1/sessA/a.mp4": True,
        "notes.txt": False,
    }


def test_plural_class_folders_are_understood_and_misspelt_ones_are_told(tmp_path):
    sources = scan(tree(tmp_path / "a", "Training/Genuines/1.mp4", "Training/Spoofs/2.mp4")).sources
    assert [s.label for s in sources] == ["bonafide", "attack"]
    found = warnings_of("scan", tree(tmp_path / "b", "Genuin/1.mp4", "attack/2.mp4"))
    assert "folder 'Genuin': did you mean 'genuine'?" in found["skipped_media"][0]
    assert "no_bonafide" in found


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (
            "70,15,15",
            r"leaves dev and test without a subject: 2 subjects .* --split 50,0,50 --seed \d+ would do",
        ),
        ("70,15,16", r"sum to 100, got 70,15,16, which sum to 101; --split 69.31,14.85,15.84 would do"),
    ],
)
def test_shares_that_cannot_be_are_refused_with_what_would_work(tmp_path, shares, message):
    raw = tree(tmp_path, "live/ann/1.mp4", "live/bob/1.mp4", "attack/print/ann/1.mp4")
    with pytest.raises(ArgumentError, match=message):
        run("scan", raw, "--split", shares)


def test_the_seed_that_is_named_gives_every_split_a_subject(tmp_path):
    raw = tree(tmp_path, *(f"live/{name}/1.mp4" for name in ("ann", "bob", "cid")))
    with pytest.raises(ArgumentError, match=r"--seed \d+ would give every split a subject") as error:
        scan(raw, split=(80, 10, 10))
    seed = int(str(error.value).partition("--seed ")[2].split()[0])
    assert {s.split for s in scan(raw, split=(80, 10, 10), seed=seed).sources} == {"train", "dev", "test"}


SYSTEM = [
    "attack/#recycle/x.png",
    "$RECYCLE.BIN/S-1-5/$R1.mp4",
    "live/@eaDir/1.mp4/SYNOPHOTO_THUMB_M.jpg",
    "System Volume Information/x.mp4",
    ".Trashes/501/a.mp4",
    ".Spotlight-V100/x.png",
    "__MACOSX/live/._1.mp4",
    "live/._1.mp4",
    "live/.thumbnails/1.jpg",
    "live/Thumbs.db",
    "live/desktop.ini",
    "live/.DS_Store",
]


def test_what_systems_leave_behind_is_no_data(tmp_path):
    catalog = scan(tree(tmp_path, "live/1.mp4", "attack/print/1.mp4", *SYSTEM))
    assert [s.path for s in catalog.sources] == ["attack/print/1.mp4", "live/1.mp4"]
    assert sorted(s.path for s in catalog.skipped) == sorted(SYSTEM)
    assert not any(s.media for s in catalog.skipped)
    assert "skipped_media" not in {notice.kind for notice in catalog.warnings}


FRAMES = [f"{n:04}.jpg" for n in range(16)]


@pytest.mark.parametrize("folder", ["attack/print/s1", "live/s1/clip"])
def test_a_cover_among_frames_does_not_make_sources_of_them(tmp_path, folder):
    raw = tree(tmp_path, "live/1.mp4", *(f"{folder}/{name}" for name in (*FRAMES, "cover.jpg")))
    catalog = scan(raw, frame_folders=True)
    assert [(s.path, s.kind) for s in catalog.sources if s.path.startswith(folder)] == [(folder, "frames")]
    assert [(s.path, s.media) for s in catalog.skipped] == [(f"{folder}/cover.jpg", True)]
    assert "skipped_media" not in {notice.kind for notice in catalog.warnings}


def test_folders_of_numbered_pictures_name_the_flag(tmp_path):
    raw = tree(tmp_path, *(f"attack/print/s1/{name}" for name in FRAMES), "live/1.mp4")
    assert any("--frame-folders takes such a folder as one" in note for note in scan(raw).notes)
    below = tree(tmp_path / "b", *(f"live/s1/clip/{name}" for name in FRAMES), "live/1.mp4")
    (notice,) = (n for n in scan(below).warnings if n.kind == "skipped_media")
    assert (notice.count, "--frame-folders" in notice.detail) == (16, True)


def listed(root: Path, text: str | bytes, *names: str) -> Path:
    tree(root, *names)
    (root / "sources.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_as_spreadsheets_write_them(tmp_path, encoding, separator):
    rows = (("path", "label", "subject"), ("a/1.mp4", "live", "Zoë, née"), ("a/2.mp4", "spoof", "ß;"))
    text = "".join(separator.join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)
    sources = scan(listed(tmp_path, text.encode(encoding), "a/1.mp4", "a/2.mp4")).sources
    assert [(s.path, s.label, s.subject) for s in sources] == [
        ("a/1.mp4", "bonafide", "Zoë, née"),
        ("a/2.mp4", "attack", "ß;"),
    ]


LABELS = [
    ("label", "bonafide=1,attack=0", ("attack", "bonafide")),
    ("label", "bonafide=0,attack=1", ("bonafide", "attack")),
    ("is_attack", None, ("bonafide", "attack")),
    ("Spoof", None, ("bonafide", "attack")),
    ("is_live", None, ("attack", "bonafide")),
    ("label (1=live; 0=spoof)", None, ("attack", "bonafide")),
    ("label (1=live, 0=spoof)", None, ("attack", "bonafide")),
    ("label (attack=1 real=0)", None, ("bonafide", "attack")),
    ("is_attack", "bonafide=1,attack=0", ("attack", "bonafide")),
]


@pytest.mark.parametrize(("column", "label_map", "expected"), LABELS)
def test_numbers_are_labels_where_somebody_says_which(tmp_path, column, label_map, expected):
    raw = listed(tmp_path, f"path,{column}\na/1.mp4,0\na/2.mp4,1\n", "a/1.mp4", "a/2.mp4")
    assert tuple(s.label for s in scan(raw, label_map=label_map).sources) == expected


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_header_that_messages_recommend_is_read_with_any_separator(tmp_path, separator):
    rows = (("path", "subject", "label (1=attack, 0=bonafide)"), ("a/1.mp4", "s", "1"), ("a/2.mp4", "s", "0"))
    raw = listed(tmp_path, "\n".join(map(separator.join, rows)), "a/1.mp4", "a/2.mp4")
    assert [s.label for s in scan(raw).sources] == ["attack", "bonafide"]


def test_whole_numbers_with_a_point_are_those_numbers(tmp_path):
    raw = listed(tmp_path, "path,is_attack\na/1.mp4,1.0\na/2.mp4,0.\n", "a/1.mp4", "a/2.mp4")
    assert [s.label for s in scan(raw).sources] == ["attack", "bonafide"]
    raw = listed(tmp_path, "path,is_attack\na/1.mp4,2\n")
    with pytest.raises(
        CatalogError, match=r"line 2: label: expected 1 \(attack\), .*0 \(bonafide\).*, got '2'"
    ):
        scan(raw)


def test_a_file_that_a_row_names_exactly_is_not_taken_for_another_row(tmp_path):
    text = "path,label\nA.mp4,live\na.mp4,spoof\n"
    catalog = scan(listed(tmp_path, text, "a.mp4"))
    assert {s.path: s.label for s in catalog.sources} == {"A.mp4": "bonafide", "a.mp4": "attack"}
    assert catalog.missing == ("A.mp4",)


def test_a_map_of_labels_needs_a_root_with_a_list(tmp_path):
    raw = tree(tmp_path, "one/live/1.mp4", "one/attack/2.mp4")
    (raw / "sources.toml").write_text('[roots.one]\npath = "one"\n')
    with pytest.raises(
        CatalogError, match=r"label_map: expected a root of sources.toml with a list sources.csv"
    ):
        scan(raw, label_map="bonafide=1,attack=0")


def test_numbers_alone_are_refused_and_a_map_without_a_list_too(tmp_path):
    raw = listed(tmp_path / "a", "path,label\na/1.mp4,1\n", "a/1.mp4")
    with pytest.raises(
        CatalogError, match="got '1': a number means bona fide in one data set and attack in another"
    ):
        scan(raw)
    with pytest.raises(ArgumentError, match=r"label_map: expected a list sources.csv"):
        scan(tree(tmp_path / "b", "live/1.mp4"), label_map="bonafide=1,attack=0")


@pytest.mark.parametrize(
    ("written", "how"),
    [("A\\One.mp4", "backslashes"), ("a/one.MP4", "another case"), ("A\\ONE.mp4", "another case")],
)
def test_names_written_otherwise_are_found_and_said(tmp_path, written, how):
    catalog = scan(listed(tmp_path, f"path,label\n{written},live\n", "A/One.mp4"))
    assert [s.path for s in catalog.sources] == ["A/One.mp4"]
    assert any(f"written with {how}" in note and "taken as 'A/One.mp4'" in note for note in catalog.notes)
    assert (catalog.missing, catalog.skipped) == ((), ())


def test_normal_forms_are_one_name_and_two_files_that_fit_are_none(tmp_path):
    catalog = scan(listed(tmp_path / "a", "path,label\ncafe\u0301.mp4,live\n", "caf\u00e9.mp4"))
    assert [s.path for s in catalog.sources] == ["caf\u00e9.mp4"]
    raw = listed(tmp_path / "b", "path,label\nONE.mp4,live\none.mp4,spoof\n", "One.mp4", "one.mp4")
    catalog = scan(raw)
    assert [s.path for s in catalog.sources] == ["ONE.mp4", "one.mp4"]
    assert catalog.missing == ("ONE.mp4",)


def test_files_of_a_list_that_are_missing_are_told_by_scan_and_are_failures(tmp_path):
    raw = listed(tmp_path / "raw", "path,label\na/1.mp4,live\na/2.mp4,spoof\n", "a/1.mp4")
    found = warnings_of("scan", raw)
    assert found["missing_files"] == ("1 file is missing in RAW: 'a/2.mp4'", 1)
    assert "no_attack" in found
    report = build_dataset(raw, tmp_path / "out", BuildConfig(jobs=1))
    assert (report.sources, report.failures) == (2, 2)
    assert "missing_files" in {notice.kind for notice in report.warnings}
    rows = [row for file in (tmp_path / "out/failures").iterdir() for row in pq.read_table(file).to_pylist()]
    assert {"a/2.mp4": "No such file or directory"}.items() <= {
        r["source_path"]: r["detail"] for r in rows
    }.items()


def test_out_keeps_what_was_not_understood(tmp_path):
    raw = tree(tmp_path / "raw", "live/1.mp4", "attack/a/b/c/2.mp4", "notes.txt", "live/.DS_Store")
    out = tmp_path / "out"
    result = run("build-dataset", raw, out, "-j", 1, "--json")
    found = json.loads(result.stdout)
    assert (found["skipped"], found["skipped_media"]) == (3, 1)
    assert {"no_attack", "empty_split", "skipped_media"} <= {notice["kind"] for notice in found["warnings"]}
    table = pq.read_table(out / "skipped.parquet")
    assert table.column_names == ["path", "reason", "media"]
    assert [(row["path"], row["media"]) for row in table.to_pylist()] == [
        ("attack/a/b/c/2.mp4", True),
        ("live/.DS_Store", False),
        ("notes.txt", False),
    ]
    assert "one folder too deep" in table.to_pylist()[0]["reason"]
    assert verify(out).ok
    again = finalize(out)
    assert again.skipped_media == 1
    assert "skipped_media" in {notice.kind for notice in again.warnings}


def test_another_build_keeps_the_list_until_raw_has_other_files(tmp_path):
    raw, out = tree(tmp_path / "raw", "live/1.mp4", "odd/2.mp4"), tmp_path / "out"
    build_dataset(raw, out, BuildConfig(jobs=1))
    before = (out / "skipped.parquet").stat().st_mtime_ns
    build_dataset(raw, out, BuildConfig(jobs=1))
    assert (out / "skipped.parquet").stat().st_mtime_ns == before
    tree(raw, "odd/3.mp4")
    (raw / "odd/2.mp4").unlink()
    build_dataset(raw, out, BuildConfig(jobs=1))
    assert pq.read_table(out / "skipped.parquet")["path"].to_pylist() == ["odd/3.mp4"]
    assert verify(out).ok


def _halve(file: Path) -> None:
    pq.write_table(pq.read_table(file).slice(0, 0), file)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [(Path.unlink, "missing"), (_halve, "checksum"), (lambda file: file.write_bytes(b""), "checksum")],
)
def test_verify_knows_the_list(tmp_path, damage, kind):
    raw, out = tree(tmp_path / "raw", "live/1.mp4", "odd/2.mp4"), tmp_path / "out"
    build_dataset(raw, out, BuildConfig(jobs=1))
    damage(out / "skipped.parquet")
    assert [(p.file, p.kind) for p in verify(out).problems] == [("skipped.parquet", kind)]
    build_dataset(raw, out, BuildConfig(jobs=1))
    assert verify(out).ok


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"")])
def test_finalize_does_not_hide_that_the_list_is_lost(tmp_path, damage):
    raw, out = tree(tmp_path / "raw", "live/1.mp4", "odd/2.mp4"), tmp_path / "out"
    build_dataset(raw, out, BuildConfig(jobs=1))
    damage(out / "skipped.parquet")
    finalize(out)
    assert [p.file for p in verify(out).problems] == ["skipped.parquet"]


def test_parts_do_not_warn_of_what_other_parts_have(tmp_path):
    raw = tree(tmp_path / "raw", *WHOLE)
    for part in range(4):
        report = build_dataset(raw, tmp_path / "out", BuildConfig(jobs=1, shard_index=part, shard_count=4))
        assert report.warnings == ()


def test_names_of_people_stay_out_of_reasons_however_short(tmp_path):
    raw = tree(
        tmp_path / "raw", *(f"live/{who}/c/{n}.png" for who in ("12", "JD") for n in (*"123", "cover"))
    )
    (tmp_path / "key").write_text("a key that is long enough")
    config = BuildConfig(jobs=1, frame_folders=True, pseudonymize=str(tmp_path / "key"))
    build_dataset(raw, tmp_path / "out", config)
    rows = pq.read_table(tmp_path / "out/skipped.parquet").to_pylist()
    assert [row["reason"] for row in rows] == ["no frame of <name>: no number in its name"] * 2


def test_a_pseudonymous_out_keeps_no_name_of_what_was_skipped(tmp_path):
    raw, out = (
        tree(tmp_path / "raw", "live/ann/1.mp4", "live/berta/visit1/2.mp4", "odd/clara.mp4"),
        tmp_path / "out",
    )
    (tmp_path / "key").write_text("a key that is long enough")
    build_dataset(raw, out, BuildConfig(jobs=1, pseudonymize=str(tmp_path / "key")))
    rows = pq.read_table(out / "skipped.parquet").to_pylist()
    assert [(row["path"], row["media"]) for row in rows] == [("", True), ("", True)]
    text = json.dumps(rows)
    assert not any(name in text for name in ("berta", "visit1", "clara"))


def test_control_characters_of_names_stay_out_of_the_terminal(tmp_path):
    name = "live/\x1b[31m\n.mp4"
    raw = tree(tmp_path / "raw", name, "attack/\x1b]0;x\x07/s1/1.mp4", "odd\x1b/3.mp4")
    for args in (
        ("scan", raw),
        ("build-dataset", raw, tmp_path / "out", "-j", 1),
        ("verify", tmp_path / "out"),
    ):
        result = run(*args)
        assert not any(c in result.output for c in "\x1b\x07"), args
