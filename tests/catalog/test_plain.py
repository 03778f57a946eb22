"""The plain layouts: what is a source, what is not, and why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specaug.catalog import assign_splits, scan
from specaug.catalog.vocabulary import attack_pai, parse_label
from specaug.errors import ArgumentError, CatalogError, NothingToDoError
from specaug.records import Source


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Make a raw folder with files of these names, each holding its own name."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.fsencode(name))
        return tmp_path / "raw"

    return make


def by_path(raw: Path, **settings: object) -> dict[str, Source]:
    return {source.path: source for source in scan(raw, **settings).sources}  # type: ignore[arg-type]


def test_folders_give_split_label_pai_and_subject(tree):
    raw = tree("dev/Live/ann/1.mp4", "test/attack/print/bob/2.MOV", "train/spoof/replay/3.avi", "real/x.jpg")
    found = by_path(raw)
    facts = {path: (s.split, s.label, s.pai, s.subject, s.kind) for path, s in found.items()}
    assert facts == {
        "dev/Live/ann/1.mp4": ("dev", "bonafide", "none", "ann", "video"),
        "test/attack/print/bob/2.MOV": ("test", "attack", "print", "bob", "video"),
        "train/spoof/replay/3.avi": ("train", "attack", "replay", None, "video"),
        "real/x.jpg": ("train", "bonafide", "none", None, "image"),
    }


def test_a_lone_attack_folder_is_a_subject_if_it_holds_a_digit_whatever_else_is_there(tree):
    raw = tree("live/ann/1.mp4", "spoof/ann/2.mp4", "spoof/s07/3.mp4", "spoof/clay/4.mp4", "spoof/5.mp4")
    facts = {path: (s.pai, s.subject) for path, s in by_path(raw).items() if s.label == "attack"}
    assert facts == {
        "spoof/ann/2.mp4": ("unknown/ann", None),
        "spoof/s07/3.mp4": ("unknown", "s07"),
        "spoof/clay/4.mp4": ("unknown/clay", None),
        "spoof/5.mp4": ("unknown", None),
    }


def test_what_is_not_understood_is_skipped_with_a_reason(tree):
    raw = tree(
        "live/a/1.mp4",
        "odd/2.mp4",
        "live/README.txt",
        "attack/print/a/b/3.mp4",
        "live/x/y/4.mp4",
        ".DS_Store",
    )
    catalog = scan(raw)
    assert [s.path for s in catalog.sources] == ["live/a/1.mp4"]
    reasons = {s.path: s.reason for s in catalog.skipped}
    assert "do not follow" in reasons["odd/2.mp4"]
    assert "not a photo or video (.txt)" in reasons["live/README.txt"]
    assert "at most [/pai][/subject]" in reasons["attack/print/a/b/3.mp4"]
    assert "no attack instrument" in reasons["live/x/y/4.mp4"]
    assert reasons[".DS_Store"] == "hidden file"


def test_every_file_is_a_source_or_listed(tree):
    names = ["live/1.mp4", "spoof/2.jpg", "other/3.png", "notes.txt", "live/deep/er/still/4.mp4", ".hidden"]
    catalog = scan(tree(*names))
    listed = [s.path for s in (*catalog.sources, *catalog.skipped)]
    assert catalog.broken == ()
    assert sorted(listed) == sorted(names)


def test_unknown_tree_says_what_was_seen_and_hints_at_the_folder_below(tree):
    raw = tree("myset/live/1.mp4", "pictures/2.jpg")
    with pytest.raises(
        NothingToDoError, match=r"2 photos and videos in 'myset/', 'pictures/'.*'myset/' would be"
    ):
        scan(raw)


def test_empty_and_missing_raw(tmp_path):
    with pytest.raises(NothingToDoError, match="RAW is empty"):
        scan(tmp_path)
    with pytest.raises(CatalogError, match="expected an existing folder"):
        scan(tmp_path / "none")


def test_unknown_layout_names_the_choices(tree):
    with pytest.raises(
        ArgumentError, match=r"layout: expected one of auto, oulu-npu, .*, folders, csv, got 'oulu'"
    ):
        scan(tree("live/1.mp4"), layout="oulu")


def test_numbered_pictures_are_one_source_on_request(tree):
    raw = tree("live/a/clip/0001.jpg", "live/a/clip/0002.jpg", "live/solo/face.jpg")
    assert set(by_path(raw)) == {"live/solo/face.jpg"}
    found = by_path(raw, frame_folders=True)
    assert found["live/a/clip"].kind == "frames"
    assert found["live/a/clip"].subject == "a"


def test_links_that_leave_raw_and_pipes_are_broken_sources(tree, tmp_path):
    raw = tree("live/1.mp4")
    (tmp_path / "outside.mp4").write_bytes(b"x")
    (raw / "live/out.mp4").symlink_to(tmp_path / "outside.mp4")
    (raw / "live/dead.mp4").symlink_to(tmp_path / "nowhere.mp4")
    (raw / "live/in.mp4").symlink_to(raw / "live/1.mp4")
    os.mkfifo(raw / "live/pipe.mp4")
    catalog = scan(raw)
    assert {s.path for s in catalog.sources} == {"live/1.mp4", "live/in.mp4"}
    reasons = {source.path: reason for source, reason in catalog.broken}
    assert "leaves RAW" in reasons["live/out.mp4"]
    assert "not a regular file" in reasons["live/pipe.mp4"]
    assert set(reasons) == {"live/out.mp4", "live/dead.mp4", "live/pipe.mp4"}
    assert "live/out.mp4" in by_path(raw, follow_symlinks=True)


def test_a_broken_file_keeps_its_place(tree):
    raw = tree("test/live/s1/1.mp4")
    (raw / "test/spoof/print/s2").mkdir(parents=True)
    (raw / "test/spoof/print/s2/gone.mp4").symlink_to(raw / "nowhere")
    ((source, reason),) = scan(raw).broken
    assert (source.split, source.label, source.pai, source.subject) == ("test", "attack", "print", "s2")
    assert reason == "link leads nowhere"


def test_a_folder_is_known_by_its_own_name_and_not_by_a_link(tree):
    raw = tree("train/live/ann/1.mp4")
    (raw / "a").symlink_to(raw / "train/live", target_is_directory=True)
    catalog = scan(raw)
    assert [s.path for s in catalog.sources] == ["train/live/ann/1.mp4"]
    assert [(s.path, s.reason) for s in catalog.skipped] == [
        ("a", "link to a folder that is listed under its own name")
    ]


def test_what_lies_in_a_hidden_folder_is_hidden(tree):
    catalog = scan(tree("live/1.mp4", "live/.thumbs/2.mp4"))
    assert [(s.path, s.reason) for s in catalog.skipped] == [("live/.thumbs/2.mp4", "hidden file")]


def test_a_subject_in_two_splits_is_said(tree):
    assert scan(tree("train/live/ann/1.mp4", "test/live/bob/2.mp4")).notes == ()
    (note,) = scan(tree("test/live/ann/3.mp4")).notes
    assert note == "Leakage: 1 subjects are in more than one split, the first is 'ann'."


def test_a_loop_of_links_ends(tree):
    raw = tree("live/a/1.mp4")
    (raw / "live/a/loop").symlink_to(raw, target_is_directory=True)
    assert set(by_path(raw)) == {"live/a/1.mp4"}


def test_names_of_every_kind(tree):
    names = ["live/a b'\"\n.mp4", "live/-x.mp4", "live/\udcff\udcfe.mp4", "live/%d.jpg", "live/é.mp4"]
    assert set(by_path(tree(*names))) == set(names)


CSV = "path,label,pai,subject,split\n"


def test_csv_rows_are_sources_and_the_rest_is_skipped(tree):
    raw = tree("a/1.mp4", "a/2.mp4", "a/3.mp4")
    (raw / "sources.csv").write_text(CSV + "a/1.mp4,live,,ann,devel\n\na/2.mp4,Attack,print/2,bob,test\n")
    catalog = scan(raw)
    facts = [(s.path, s.label, s.pai, s.subject, s.split) for s in catalog.sources]
    assert facts == [
        ("a/1.mp4", "bonafide", "none", "ann", "dev"),
        ("a/2.mp4", "attack", "print/2", "bob", "test"),
    ]
    assert [(s.path, s.reason) for s in catalog.skipped] == [("a/3.mp4", "not in sources.csv")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("path,label\na.mp4\n", "line 2: expected 2 fields as in the header, got 1"),
        ("path,label\na.mp4,maybe\n", "line 2: label: expected one of bonafide"),
        ("path,label\na.mp4,1\n", "line 2: label: expected one of"),
        ("path,label\n\na.mp4,live\na.mp4,live\n", "line 4: path: 'a.mp4' stands in line 3 already"),
        ("path,label\n../a.mp4,live\n", "line 2: path: expected a path relative to RAW"),
        ("path,label\n/etc/a.mp4,live\n", "line 2: path: expected a path relative to RAW"),
        ("path,pai\na.mp4,print\n", "line 1: expected the columns path, label"),
        ("path,label,pai\na.mp4,live,print\n", "line 2: pai: expected 'none'"),
        ("path,label,split\na.mp4,live,holdout\n", "line 2: split: expected one of train"),
        ('path,label\n"a.mp4,live\n', "line 2: "),
        ("", "line 1: expected a header"),
    ],
)
def test_broken_csv_names_the_line(tree, body, message):
    raw = tree("a.mp4")
    (raw / "sources.csv").write_text(body)
    with pytest.raises(CatalogError, match=f"sources.csv, {message}"):
        scan(raw)


def test_numbers_are_no_labels_because_their_polarity_differs():
    with pytest.raises(ArgumentError, match="label: expected one of"):
        parse_label("0")


@given(st.text(max_size=20))
def test_an_attack_always_has_a_species_word(text):
    first = attack_pai(text).split("/")[0]
    assert first in {"print", "replay", "mask", "makeup", "partial", "unknown"}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=80), st.integers(0, 3))
def test_splits_keep_subjects_whole_and_more_sources_move_nobody(subjects, seed):
    sources = [Source(f"live/{s}/{i}.mp4", "bonafide", subject=str(s)) for i, s in enumerate(subjects)]
    half = {s.path: s.split for s in assign_splits(sources[::2], (60, 20, 20), seed=seed)}
    whole = assign_splits(sources, (60, 20, 20), seed=seed)
    assert all(s.split == half.get(s.path, s.split) for s in whole)
    places = {(s.subject, s.split) for s in whole}
    assert len(places) == len({s.subject for s in whole})


def test_split_shares_are_met_in_the_long_run():
    sources = [Source(f"live/{i}.mp4", "bonafide", subject=str(i)) for i in range(4000)]
    splits = [s.split for s in assign_splits(sources, (70, 15, 15))]
    # Three standard deviations of a binomial count at n = 4000.
    assert abs(splits.count("train") / 4000 - 0.70) < 3 * (0.7 * 0.3 / 4000) ** 0.5
    assert abs(splits.count("dev") / 4000 - 0.15) < 3 * (0.15 * 0.85 / 4000) ** 0.5


def test_split_is_refused_where_raw_has_its_own(tree):
    with pytest.raises(ArgumentError, match="split: RAW has splits of its own"):
        scan(tree("train/live/1.mp4", "test/live/2.mp4"), split=(1, 1, 1))


def test_default_split_is_said(tree):
    assert "All sources are 'train'" in scan(tree("live/1.mp4")).notes[0]
