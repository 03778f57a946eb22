"""``sources.csv``: how columns, quotes, paths and blanks are read, and which lines are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from specaug.catalog import scan
from specaug.errors import CatalogError
from specaug.records import Source


def write(tmp_path: Path, text: str | bytes, *names: str) -> Path:
    """RAW with a list and empty files."""
    for name in ("a/1.mp4", "a/2.mp4", *names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    (tmp_path / "sources.csv").write_bytes(content)
    return tmp_path


def test_a_row_with_all_columns_gives_all_fields(tmp_path):
    text = (
        "boxes,dataset,split,device,session,subject,pai,label,path\n"
        " b/1.txt , mine , VAL , cam 1 , two , ann , print/a4 , Fake , a/1.mp4 \n"
    )
    (source,) = scan(write(tmp_path, text)).sources
    assert source == Source(
        "a/1.mp4",
        "attack",
        pai="print/a4",
        subject="ann",
        session="two",
        device="cam 1",
        split="dev",
        dataset="mine",
        kind="video",
        boxes="b/1.txt",
    )


def test_empty_fields_are_what_is_left_out(tmp_path):
    text = "path,label,pai,subject,session,device,split,dataset,boxes\na/1.mp4,live, ,  ,,,,,\n"
    (source,) = scan(write(tmp_path, text)).sources
    assert source == Source("a/1.mp4", "bonafide", dataset="csv", kind="video")


@pytest.mark.parametrize(
    ("label", "pai", "expected"),
    [
        ("live", "", "none"),
        ("live", "None", "none"),
        ("spoof", "", "unknown"),
        ("spoof", "NONE", "unknown"),
        ("spoof", "screen", "replay/screen"),
        ("spoof", "wax figure", "unknown/wax_figure"),
    ],
)
def test_a_species_is_none_for_bona_fide_and_never_for_an_attack(tmp_path, label, pai, expected):
    (source,) = scan(write(tmp_path, f"path,label,pai\na/1.mp4,{label},{pai}\n")).sources
    assert source.pai == expected


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na/1.mp4,live\n",
        "path,label\na/1.mp4,live",
        "path,label\r\na/1.mp4,live\r\n",
        "\ufeffpath,label\na/1.mp4,live\n",
        " PATH , Label \na/1.mp4,live\n",
        "\n , \npath,label\n\n,\na/1.mp4,live\n\n",
        '"path","label"\n"a/1.mp4","live"\n',
        "label,path\nlive,./a//1.mp4\n",
    ],
)
def test_ways_of_writing_one_list(tmp_path, text):
    assert [s.path for s in scan(write(tmp_path, text)).sources] == ["a/1.mp4"]


@pytest.mark.parametrize("name", ['b/x, "y".mp4', "b/\udcff.mp4", "b/two\nlines.mp4", "b/é.jpg"])
def test_odd_names_can_be_listed(tmp_path, name):
    quoted = name.replace('"', '""')
    catalog = scan(write(tmp_path, f'path,label\n"{quoted}",live\n', name))
    assert [s.path for s in catalog.sources] == [name]
    assert [s.path for s in catalog.skipped] == ["a/1.mp4", "a/2.mp4"]


def test_rows_are_sorted_by_path_and_files_may_be_missing(tmp_path):
    catalog = scan(write(tmp_path, "path,label\nz.mp4,live\na/2.mp4,live\nB.h5,live\n"))
    assert [(s.path, s.kind) for s in catalog.sources] == [
        ("B.h5", "hdf5"),
        ("a/2.mp4", "video"),
        ("z.mp4", "video"),
    ]
    assert [(s.path, s.reason) for s in catalog.skipped] == [("a/1.mp4", "not in sources.csv")]


def test_a_row_may_name_a_folder_of_frames_where_those_are_sources(tmp_path):
    raw = write(tmp_path, "path,label\nclip/,live\n", "clip/1.jpg", "clip/2.jpg")
    assert [(s.path, s.kind) for s in scan(raw, frame_folders=True).sources] == [("clip", "frames")]
    with pytest.raises(
        CatalogError, match="line 2: path: expected a photo, a video or a folder of frames, got 'clip'"
    ):
        scan(raw)


@pytest.mark.parametrize("path", ["", " ", ".", "a/1.txt", "a", "a/.mp4"])
def test_a_path_is_that_of_a_medium(tmp_path, path):
    with pytest.raises(CatalogError, match=r"^sources.csv, line 2: path: expected a p"):
        scan(write(tmp_path, f"path,label\n{path},live\n"))


OUTSIDE = ["/a/1.mp4", " /a/1.mp4", "../a/1.mp4", "a/../../1.mp4", "a/..", "a/../a/1.mp4", "a\0.mp4"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("column", ["path", "boxes"])
def test_paths_lead_nowhere_but_into_raw(tmp_path, column, path):
    row = {"path": "a/1.mp4", "label": "live", column: path}
    text = f"{','.join(row)}\n{','.join(row.values())}\n"
    with pytest.raises(
        CatalogError, match=f"line 2: {column}: expected a path relative to RAW and inside it, got"
    ):
        scan(write(tmp_path, text))


def test_two_dots_within_a_name_lead_nowhere_else(tmp_path):
    (source,) = scan(write(tmp_path, "path,label\na/..1..mp4,live\n")).sources
    assert source.path == "a/..1..mp4"


def test_one_file_under_two_spellings_is_refused(tmp_path):
    text = "path,label\na/1.mp4,live\n\na/2.mp4,live\n./a//1.mp4,spoof\n"
    with pytest.raises(CatalogError, match=r"line 5: path: 'a/1.mp4' stands in line 2 already"):
        scan(write(tmp_path, text))


@pytest.mark.parametrize(
    "header",
    [
        "path",
        "label",
        "path,label,path",
        "path,label,colour",
        "path,label,",
        "path,label,PAI,pai",
    ],
)
def test_a_header_has_both_required_columns_each_once_and_no_unknown_one(tmp_path, header):
    with pytest.raises(CatalogError) as error:
        scan(write(tmp_path, f"\n{header}\n"))
    assert str(error.value) == (
        "sources.csv, line 2: expected the columns path, label and any of pai, subject, session, device, split, "
        f"dataset, boxes, each once, got {', '.join(header.lower().split(','))}"
    )


@pytest.mark.parametrize("extra", [",x", ",", ",,"])
def test_a_row_is_as_long_as_the_header(tmp_path, extra):
    got = 2 + extra.count(",")
    with pytest.raises(CatalogError, match=f"line 3: expected 2 fields as in the header, got {got}"):
        scan(write(tmp_path, f"path,label\na/1.mp4,live\na/2.mp4,live{extra}\n"))


@pytest.mark.parametrize("text", ["", "\n\n", " , \n", "\ufeff"])
def test_a_list_without_a_header_is_empty(tmp_path, text):
    with pytest.raises(CatalogError, match=r"line 1: expected a header with path, label, got an empty file"):
        scan(write(tmp_path, text))


def test_line_numbers_count_lines_and_not_rows(tmp_path):
    text = 'path,label,subject\na/1.mp4,live,"ann\nmarie"\n\na/2.mp4,maybe,\n'
    with pytest.raises(CatalogError, match=r"^sources.csv, line 5: label: expected one of"):
        scan(write(tmp_path, text))


@pytest.mark.parametrize("text", ['path,label\na/1.mp4,"live\n', 'path,label\na/1.mp4,"li"ve\n'])
def test_broken_quotes_name_the_line(tmp_path, text):
    with pytest.raises(CatalogError, match=r"^sources.csv, line [23]: "):
        scan(write(tmp_path, text))


def test_a_list_has_no_protocols_and_is_not_a_skipped_file(tmp_path):
    raw = write(tmp_path, "path,label\na/1.mp4,live\na/2.mp4,live\n", "notes.txt")
    assert [s.path for s in scan(raw).skipped] == ["notes.txt"]
    with pytest.raises(CatalogError, match="the layout 'csv' expects none, for it has no protocols, got '1'"):
        scan(raw, protocol="1")


def test_a_list_that_is_a_folder_or_lies_deeper_is_not_the_list(tmp_path):
    (tmp_path / "sources.csv").mkdir()
    for name in ("live/1.mp4", "live/sources.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert scan(tmp_path).layout == "folders"
    with pytest.raises(CatalogError, match=r"^sources.csv: cannot be read: Is a directory"):
        scan(tmp_path, layout="csv")


def test_a_list_that_is_not_there_cannot_be_read(tmp_path):
    (tmp_path / "1.mp4").touch()
    with pytest.raises(CatalogError, match=r"^sources.csv: cannot be read: No such file"):
        scan(tmp_path, layout="csv")
