"""Lists of data sets that hold what no list should: refused with the place, or skipped, never a bare error."""

from __future__ import annotations

import json
import os

import pytest
from reading import by_path, read, reason_of
from trees import celeba_spoof, hq_wmca, msu_mfsd, replay_attack, smalltest

from specaug.catalog import roots, scan
from specaug.errors import CatalogError


@pytest.mark.parametrize("value", ["1", None, 1.5, [], {}, True, 10**30, float("nan"), "x" * 1000])
@pytest.mark.parametrize("place", [40, 43])
def test_a_spoof_type_of_celeba_that_is_no_number_of_one_skips_the_photo(tmp_path, place, value):
    files = dict(celeba_spoof(2))
    name = "metas/intra_test/train_label.json"
    labels = json.loads(files[name])
    photo = next(photo for photo, label in labels.items() if label[43] == 1)
    labels[photo][place] = value
    files[name] = json.dumps(labels)
    reading = read("celeba-spoof", files, tmp_path)
    assert photo not in by_path(reading)
    assert len(reason_of(reading, photo)) < 200


def test_json_of_celeba_that_is_nested_too_deep_is_refused(tmp_path):
    files = celeba_spoof(2) | {"metas/intra_test/train_label.json": "[" * 100_000}
    with pytest.raises(CatalogError, match=r"train_label.json: expected JSON, got"):
        read("celeba-spoof", files, tmp_path)


@pytest.mark.parametrize("line", [".", "..", "/", "./", "a/.", ".mov"])
def test_a_line_of_replay_attack_that_is_no_name_is_refused(tmp_path, line):
    files = smalltest(replay_attack(1))
    name = next(name for name in files if name.startswith("protocols/real-train"))
    with pytest.raises(CatalogError, match=r"real-train.txt, line 1: expected the path of a video, got"):
        read("replay-attack", files | {name: f"{line}\n"}, tmp_path, "smalltest")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "x" * 140_000 + ",0,live,train",
            "expected fields with commas between them: field larger than field limit",
        ),
        ("a," + "0" * 5000 + ",live,train", "expected path, 0 or a number"),
    ],
)
def test_a_field_of_hq_wmca_that_is_too_long_is_refused(tmp_path, line, message):
    files = dict(hq_wmca(1))
    name = next(name for name in files if name.endswith("PROTOCOL-grand_test-curated.csv"))
    files[name] += f"\n{line}\n"
    with pytest.raises(CatalogError, match=rf"line \d+: {message}"):
        read("hq-wmca", files, tmp_path)


@pytest.mark.parametrize("text", ["9" * 5000, "1" * 10])
def test_a_client_of_msu_has_few_digits(tmp_path, text):
    with pytest.raises(CatalogError, match=r"line 1: expected the number of a client, got '[91]{1,60}'"):
        read("msu-mfsd", msu_mfsd() | {"train_sub_list.txt": f"{text}\n"}, tmp_path)


def test_a_colour_picture_of_casia_surf_that_another_row_has_for_infrared_stays_a_source(tmp_path):
    files = dict.fromkeys(("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"))
    rows = "a.jpg b.jpg c.jpg 1\nd.jpg a.jpg e.jpg 0\n"
    reading = read("casia-surf", files | {"train_list.txt": rows}, tmp_path)
    assert set(by_path(reading)) == {"a.jpg", "d.jpg"}
    assert {s.path for s in reading.skipped} == {"b.jpg", "c.jpg", "e.jpg"}
    turned = "\n".join(reversed(rows.split("\n")[:2]))
    again = read("casia-surf", files | {"train_list.txt": turned}, tmp_path)
    assert set(by_path(again)) == {"a.jpg", "d.jpg"}


def csv(tmp_path, text: str, *names: str):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "sources.csv").write_text(text)
    return tmp_path


def test_a_hidden_file_that_a_list_names_is_a_source_and_nothing_else(tmp_path):
    catalog = scan(csv(tmp_path, "path,label\n.a.mp4,live\n", ".a.mp4", ".b.mp4"))
    assert [s.path for s in catalog.sources] == [".a.mp4"]
    assert [s.path for s in catalog.skipped] == [".b.mp4"]
    assert catalog.missing == ()


def test_a_hidden_pipe_that_a_list_names_is_refused(tmp_path):
    os.mkfifo(tmp_path / ".a.mp4")
    with pytest.raises(CatalogError, match=r"line 2: path: '.a.mp4' cannot be used: not a regular file"):
        scan(csv(tmp_path, "path,label\n.a.mp4,live\n"))


@pytest.mark.parametrize("boxes", [".", "./", "/", "C:\\b.txt", "..\\b.txt", ".\\."])
def test_boxes_are_a_file_in_raw(tmp_path, boxes):
    with pytest.raises(
        CatalogError, match="line 2: boxes: expected a path relative to RAW and inside it, got"
    ):
        scan(csv(tmp_path, f"path,label,boxes\na.mp4,live,{boxes}\n", "a.mp4"))


@pytest.mark.parametrize("entry", ["1", '"2"', "1.0", "true", "[1]"])
def test_a_protocol_names_its_roots_by_strings(entry):
    text = '[roots.1]\npath = "a"\n[protocols.p]\ntrain = [{}]\n'
    with pytest.raises(
        CatalogError, match=r"protocols.p: train: expected a list of 1, each alone or as NAME/split"
    ):
        roots.parse(text.format(entry).encode())
    assert roots.parse(text.format('"1"').encode())[1]["p"] == {"train": ["1"]}


@pytest.mark.parametrize(
    ("path", "pai", "subject"),
    [
        ("live/none/1.mp4", "none", None),
        ("live/None/ann/1.mp4", "none", "ann"),
        ("attack/none/1.mp4", "unknown", None),
        ("attack/NONE/s1/1.mp4", "unknown", "s1"),
        ("attack/print/none/1.mp4", "print", None),
    ],
)
def test_a_folder_named_none_is_no_species_and_no_subject(tmp_path, path, pai, subject):
    (source,) = read("folders", {path: None}, tmp_path).sources
    assert (source.pai, source.subject) == (pai, subject)
