"""Several data sets in one RAW, and protocols across them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from media import in_process, write_media
from trees import Files, casia_fasd, msu_mfsd, oulu_npu, replay_attack, under, write_names

from specaug.catalog import scan
from specaug.errors import CatalogError
from specaug.pipeline import build_dataset, shard
from specaug.records import BuildConfig

TOML = """
[roots.O]
path = "Oulu_NPU"
layout = "oulu-npu"
[roots.C]
path = "casia"
[roots.I]
path = "ra"
[roots.M]
path = "sets/msu"
[protocols.OCI-to-M]
train = ["O", "C", "I"]
test = ["M"]
[protocols.parts]
train = ["C/train", "I/train"]
dev = ["I/dev"]
test = ["C/test"]
"""


def ocim(toml: str = TOML) -> Files:
    return {
        **under("Oulu_NPU", oulu_npu(1, lists=False)),
        **under("casia", casia_fasd(2)),
        **under("ra", replay_attack(1, boxes=False)),
        **under("sets/msu", msu_mfsd(2)),
        "holiday/1.mp4": None,
        "sources.toml": toml,
    }


def split_by_set(catalog) -> Counter:
    return Counter((source.dataset, source.split) for source in catalog.sources)


def test_each_root_is_read_by_its_own_layout(tmp_path):
    catalog = scan(write_names(ocim(), tmp_path))
    assert catalog.layout == "sources.toml"
    assert split_by_set(catalog) == {
        ("oulu-npu", "train"): 90, ("oulu-npu", "dev"): 90, ("oulu-npu", "test"): 90,
        ("casia-fasd", "train"): 24, ("casia-fasd", "test"): 24,
        ("replay-attack", "train"): 24, ("replay-attack", "dev"): 24, ("replay-attack", "test"): 24,
        ("msu-mfsd", "train"): 16, ("msu-mfsd", "test"): 16,
    }  # fmt: skip
    on_disk = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    listed = [s.path for s in (*catalog.sources, *catalog.skipped)]
    assert sorted(listed) == sorted(on_disk - {"sources.toml"})
    reasons = {s.path: s.reason for s in catalog.skipped}
    assert reasons["holiday/1.mp4"] == "in no root of sources.toml"
    assert reasons["sets/msu/train_sub_list.txt"] == "list of clients"
    assert any(note.startswith("C: casia-fasd is not complete") for note in catalog.notes)


@pytest.mark.parametrize("protocol", ["OCI-to-M", "leave-out-M"])
def test_leave_one_out_trains_on_all_others(tmp_path, protocol):
    catalog = scan(write_names(ocim(), tmp_path), protocol=protocol)
    assert split_by_set(catalog) == {
        ("oulu-npu", "train"): 270, ("casia-fasd", "train"): 48, ("replay-attack", "train"): 72,
        ("msu-mfsd", "test"): 32,
    }  # fmt: skip


def test_a_protocol_may_name_splits_of_a_root(tmp_path):
    catalog = scan(write_names(ocim(), tmp_path), protocol="parts")
    assert split_by_set(catalog) == {
        ("casia-fasd", "train"): 24, ("casia-fasd", "test"): 24, ("replay-attack", "train"): 24,
        ("replay-attack", "dev"): 24,
    }  # fmt: skip
    assert {s.reason for s in catalog.skipped if s.path.startswith("Oulu")} == {"not in protocol parts"}


def test_dev_can_be_taken_from_train_of_a_protocol(tmp_path):
    catalog = scan(write_names(ocim(), tmp_path), protocol="OCI-to-M", dev_from_train=0.25)
    people = {(s.dataset, s.subject, s.split) for s in catalog.sources if s.split != "test"}
    # Subjects of different sets are different people, though their numbers may be the same.
    assert Counter(split for _, _, split in people) == {"train": 8, "dev": 2}
    assert len({who[:2] for who in people}) == 10


def test_a_subject_in_two_splits_of_a_protocol_is_refused(tmp_path):
    toml = TOML + '[roots.C2]\npath = "copy"\n[protocols.bad]\ntrain = ["C"]\ntest = ["C2"]\n'
    files = ocim(toml) | under("copy", casia_fasd(1))
    with pytest.raises(
        CatalogError, match="each subject in one split, but 2 are in two, the first is '1' of casia"
    ):
        scan(write_names(files, tmp_path), protocol="bad")


def test_a_source_in_two_splits_of_a_protocol_is_refused(tmp_path):
    toml = TOML + '[protocols.bad]\ntrain = ["C"]\ntest = ["C/test"]\n'
    with pytest.raises(CatalogError, match=r"protocols.bad: C/test is in test and in train"):
        scan(write_names(ocim(toml), tmp_path), protocol="bad")


def test_an_unknown_protocol_names_the_choices(tmp_path):
    with pytest.raises(
        CatalogError, match=r"expects one of leave-out-O, leave-out-C, .*, OCI-to-M, parts, got 'x'"
    ):
        scan(write_names(ocim(), tmp_path), protocol="x")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("", "expected tables"),
        ("[roots", "cannot be read"),
        ('[roots.O]\nfolder = "a"', "roots.O: expected a name without '/', path"),
        ('[roots."a/b"]\npath = "a"', "expected a name without '/'"),
        ("[roots.O]\npath = 3", "roots.O: expected path, layout, protocol as strings"),
        ('[roots.O]\npath = "/data/oulu"', "expected a folder in RAW"),
        ('[roots.O]\npath = "../oulu"', "expected a folder in RAW"),
        ('[roots.O]\npath = "a"\n[roots.C]\npath = "a/b"', "root 'C' lies in root 'O'"),
        ('[roots.O]\npath = "nowhere"', "'nowhere' cannot be used: it holds no media"),
        ('[roots.O]\npath = "casia"\nlayout = "casia"', "expected one of auto, oulu-npu"),
        ('[roots.O]\npath = "casia"\nprotocol = "9"', "roots.O: protocol: the layout 'casia-fasd' expects"),
        (
            '[roots.O]\npath = "casia"\n[protocols.p]\ntrain = ["X"]',
            "expected a list of O, each alone or as NAME",
        ),
        ('[roots.O]\npath = "casia"\n[protocols.p]\nholdout = ["O"]', "expected lists train, dev, test"),
        ('[roots.O]\npath = "casia"\n[sets.p]\n', "expected tables"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path, toml, message):
    with pytest.raises(ValueError if "auto" in message else CatalogError, match=message):
        scan(write_names(ocim(toml), tmp_path))


def test_a_root_may_be_a_link_out_of_raw_where_that_is_accepted(tmp_path):
    write_names(casia_fasd(1), tmp_path / "elsewhere")
    raw = write_names({"sources.toml": '[roots.C]\npath = "casia"\n'}, tmp_path / "raw")
    (raw / "casia").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(CatalogError, match=r"'casia' cannot be used: link leaves RAW"):
        scan(raw)
    assert len(scan(raw, follow_symlinks=True).sources) == 24


def test_equal_content_in_two_sets_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(
        shard,
        "work_on",
        in_process,
    )
    toml = '[roots.C]\npath = "casia"\n[roots.M]\npath = "msu"\n'
    files = under("casia", dict(list(casia_fasd(1).items())[:3])) | under(
        "msu", dict(list(msu_mfsd(1).items())[:2])
    )
    raw = write_media(files | {"sources.toml": toml}, tmp_path / "raw")
    first, second = Path(raw, "casia/train_release/1/1.avi"), next((raw / "msu/scene01/real").iterdir())
    second.write_bytes(first.read_bytes())
    report = build_dataset(raw, tmp_path / "out", BuildConfig(frames=2, size=32, min_face=20, jobs=1))
    assert report.by_reason == {"duplicate": 1}
    import pyarrow.parquet as pq

    (file,) = (tmp_path / "out/failures").glob("*.parquet")
    (row,) = pq.read_table(file).to_pylist()
    assert (
        "same content as 'casia/train_release/1/1.avi'; dataset 'msu-mfsd' here, 'casia-fasd' there"
        in row["detail"]
    )
