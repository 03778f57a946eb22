"""``sources.toml``: what its tables mean, and how readings of parts become one of the whole."""

from __future__ import annotations

import pytest
from trees import Files, write_names

from specaug.catalog import scan
from specaug.catalog.roots import Root, parse
from specaug.errors import CatalogError

TWO = '[roots.A]\npath = "a"\n[roots.B]\npath = "b"\n'


def files(toml: str, *extra: str) -> Files:
    """Two roots of plain folders, a third folder, and a list."""
    names = [
        "a/train/live/ann/1.mp4",
        "a/test/spoof/print/bob/2.mp4",
        "b/live/ann/3.mp4",
        "b/odd.mp4",
        "c/live/4.mp4",
    ]
    return dict.fromkeys([*names, *extra]) | {"sources.toml": toml, "b/notes.txt": "n"}


def test_roots_have_a_path_and_perhaps_a_layout_and_a_protocol():
    roots, _ = parse(
        b'[roots.A]\npath = "./x//y/"\nlayout = "siw"\nprotocol = "1"\n[roots."B b"]\npath = "z"\n'
    )
    assert roots == [Root("A", "x/y", "siw", "1"), Root("B b", "z", "auto", None)]


def test_each_root_can_be_left_out_and_own_protocols_come_last():
    toml = '[roots.C]\npath = "c"\n[protocols.mine]\ntrain = ["A", "B/dev"]\ntest = ["C"]\n[protocols.none]\ndev = []\n'
    _, protocols = parse((TWO + toml).encode())
    assert protocols == {
        "leave-out-A": {"train": ["B", "C"], "test": ["A"]},
        "leave-out-B": {"train": ["A", "C"], "test": ["B"]},
        "leave-out-C": {"train": ["A", "B"], "test": ["C"]},
        "mine": {"train": ["A", "B/dev"], "test": ["C"]},
        "none": {"dev": []},
    }
    assert list(protocols)[-2:] == ["mine", "none"]


def test_a_protocol_of_the_file_goes_before_the_one_that_is_always_there():
    _, protocols = parse((TWO + '[protocols.leave-out-A]\ntest = ["B"]\n').encode())
    assert protocols["leave-out-A"] == {"test": ["B"]}


REFUSED = [
    ("roots = 3", r"expected tables \[roots.NAME\] and \[protocols.NAME\], got \['roots'\]"),
    ("[roots]", r"expected tables \[roots.NAME\]"),
    ("[protocols.p]\ntrain = []", r"got \['protocols'\]"),
    ('[roots.A]\npath = "a"\n[more]', r"got \['more', 'roots'\]"),
    ('roots.A = "a"', r"roots.A: expected path, layout, protocol as strings, got 'a'"),
    ('[roots.A]\npath = "a"\nlayout = 1', "roots.A: expected path, layout, protocol as strings"),
    ('[roots.A]\npath = "a"\nkind = "x"', "roots.A: expected a name without '/', path, and any of layout, protocol"),
    ('[roots.A]\nlayout = "siw"', "roots.A: expected a name without '/', path"),
    ('[roots.A]\npath = ""', "roots.A: expected a name without '/', path"),
    ('[roots.A]\npath = "."', r"roots.A: path: expected a folder in RAW \(or a link in RAW\), got '.'"),
    ('[roots.A]\npath = "/"', "roots.A: path: expected a folder in RAW"),
    ('[roots.A]\npath = "a/.."', "roots.A: path: expected a folder in RAW"),
    ('[roots.A]\npath = "a"\n[roots.B]\npath = "./a"', "root 'A' lies in root 'B'"),
    ('[roots.A]\npath = "a/b/c"\n[roots.B]\npath = "a/b"', "root 'A' lies in root 'B'"),
    ('protocols = 1\n[roots.A]\npath = "a"', r"expected tables \[protocols.NAME\], got 1"),
    ('[roots.A]\npath = "a"\n[protocols.p]', "protocols.p: expected lists train, dev, test, got {}"),
    ('[roots.A]\npath = "a"\n[protocols]\np = ["A"]', r"protocols.p: expected lists train, dev, test, got \['A'\]"),
    ('[roots.A]\npath = "a"\n[protocols.p]\ntest = "A"', "protocols.p: test: expected a list of A, each alone"),
    ('[roots.A]\npath = "a"\n[protocols.p]\ntest = ["A/eval"]', r"test: expected a list of A.*got \['A/eval'\]"),
    ('[roots.A]\npath = "a"\n[protocols.p]\ntest = ["A", "a"]', r"got \['A', 'a'\]"),
]  # fmt: skip


@pytest.mark.parametrize(("toml", "message"), REFUSED)
def test_a_table_that_means_nothing_is_refused(toml, message):
    with pytest.raises(CatalogError, match=rf"^sources\.toml.*{message}"):
        parse(toml.encode())


@pytest.mark.parametrize("content", [b"\xff", b"[roots", b'[roots.A]\npath = "a"\npath = "b"'])
def test_what_is_no_toml_cannot_be_read(content):
    with pytest.raises(CatalogError, match=r"^sources.toml: cannot be read: "):
        parse(content)


def test_names_that_only_begin_alike_are_apart():
    roots, _ = parse(b'[roots.A]\npath = "set"\n[roots.B]\npath = "set2"\n[roots.C]\npath = "Set"\n')
    assert [root.path for root in roots] == ["set", "set2", "Set"]


def test_plain_roots_are_data_sets_of_their_own_name_with_paths_in_raw(tmp_path):
    catalog = scan(write_names(files(TWO), tmp_path))
    assert [(s.path, s.dataset, s.subject, s.split) for s in catalog.sources] == [
        ("a/test/spoof/print/bob/2.mp4", "A", "bob", "test"),
        ("a/train/live/ann/1.mp4", "A", "ann", "train"),
        ("b/live/ann/3.mp4", "B", "ann", "train"),
    ]
    reasons = {s.path: s.reason for s in catalog.skipped}
    assert set(reasons) == {"b/odd.mp4", "b/notes.txt", "c/live/4.mp4"}
    assert reasons["c/live/4.mp4"] == "in no root of sources.toml"
    assert reasons["b/odd.mp4"].startswith("folders do not follow")


def test_a_list_in_a_root_counts_there_and_its_boxes_lie_in_raw(tmp_path):
    listed = {
        "b/sources.csv": "path,label,dataset,boxes\nodd.mp4,live,mine,notes.txt\nlive/ann/3.mp4,fake,,\n"
    }
    catalog = scan(write_names(files(TWO) | listed, tmp_path))
    assert [(s.path, s.dataset, s.boxes) for s in catalog.sources if s.path.startswith("b")] == [
        ("b/live/ann/3.mp4", "B", None),
        ("b/odd.mp4", "mine", "b/notes.txt"),
    ]


def test_missing_files_and_notes_of_a_root_name_where_they_belong(tmp_path):
    toml = TWO + '[roots.N]\npath = "n"\nlayout = "casia-surf"\n'
    lists = {"n/train_list.txt": "x/c.jpg x/i.jpg x/d.jpg 1\ny/c.jpg y/i.jpg y/d.jpg 0\n", "n/x/c.jpg": None}
    catalog = scan(write_names(files(toml) | lists, tmp_path))
    assert catalog.missing == ("n/y/c.jpg",)
    assert "1 files are missing, the first is 'n/y/c.jpg'." in catalog.notes
    assert {s.path: s.reason for s in catalog.skipped}["n/train_list.txt"] == "list of a split"


def test_folders_of_frames_are_cut_into_roots_too(tmp_path):
    raw = write_names(files(TWO, "b/live/eve/clip/1.jpg", "b/live/eve/clip/2.jpg"), tmp_path)
    found = {s.path: s.kind for s in scan(raw, frame_folders=True).sources}
    assert found["b/live/eve/clip"] == "frames"


def test_a_broken_file_of_a_root_stays_a_source_of_it(tmp_path):
    raw = write_names(files(TWO), tmp_path)
    (raw / "b/live/ann/gone.mp4").symlink_to("nowhere.mp4")
    ((source, reason),) = scan(raw).broken
    assert (source.path, source.dataset, source.subject) == ("b/live/ann/gone.mp4", "B", "ann")
    assert reason == "link leads nowhere"


PROTOCOLS = """
[protocols.some]
train = ["A/train"]
dev = ["B"]
test = []
[protocols.twice]
train = ["A", "A/train", "B"]
[protocols.torn]
train = ["A/train"]
dev = ["A/train"]
"""


def test_a_protocol_gives_roots_and_parts_of_roots_a_split(tmp_path):
    raw = write_names(files(TWO + PROTOCOLS), tmp_path)
    catalog = scan(raw, protocol="some")
    assert {s.path: s.split for s in catalog.sources} == {
        "a/train/live/ann/1.mp4": "train",
        "b/live/ann/3.mp4": "dev",
    }
    reasons = {s.path: s.reason for s in catalog.skipped}
    assert reasons["a/test/spoof/print/bob/2.mp4"] == "not in protocol some"
    assert reasons["c/live/4.mp4"] == "in no root of sources.toml"
    assert {s.split for s in scan(raw, protocol="twice").sources} == {"train"}
    with pytest.raises(CatalogError, match=r"protocols.torn: A/train is in dev and in train"):
        scan(raw, protocol="torn")


def test_a_named_layout_does_not_look_at_the_file(tmp_path):
    catalog = scan(write_names(files("no toml") | {"live/9.mp4": None}, tmp_path), layout="folders")
    assert [s.path for s in catalog.sources] == ["live/9.mp4"]


def test_a_root_without_media_says_why(tmp_path):
    raw = write_names(files('[roots.X]\npath = "empty"\n'), tmp_path)
    with pytest.raises(
        CatalogError, match=r"^sources.toml, roots.X: 'empty' cannot be used: it holds no media$"
    ):
        scan(raw)
    (raw / "empty").symlink_to("nowhere")
    with pytest.raises(CatalogError, match=r"roots.X: 'empty' cannot be used: link leads nowhere$"):
        scan(raw)
