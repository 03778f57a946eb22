"""Lists ``image_path,label`` as the authors of SynthASpoof publish their form, and digital attacks in plain folders."""

from __future__ import annotations

import pytest
from reading import by_path, read, reason_of
from trees import in_memory, synthaspoof

from specaug.catalog import scan
from specaug.catalog.known_layouts import layout_of
from specaug.errors import CatalogError

PLACES = (
    "BonaFide/img1.png",
    "PAs/PrintAttack/img1.png",
    "PAs/Webcam_ReplayAttack/img2.png",
    "other/print/7.jpg",
    "other/live/8.jpg",
)


def listed(tmp_path, lists: dict[str, str], places=PLACES):
    return read("synthaspoof", {**dict.fromkeys(places), **lists}, tmp_path)


def rows(*pairs: tuple[str, str]) -> str:
    """As published: a blank stands before the label."""
    return "image_path,label\n" + "".join(f"{path}, {label}\n" for path, label in pairs)


def test_a_list_says_class_and_split_and_folders_say_species_and_person(tmp_path):
    train = rows(("BonaFide/img1.png", "bonafide"), ("PAs/PrintAttack/img1.png", "attack"))
    test = rows(("other/print/7.jpg", "attack"), ("other/live/8.jpg", "bonafide"))
    reading = listed(tmp_path, {"train.csv": train, "test.csv": test})
    found = {s.path: (s.label, s.pai, s.subject, s.split, s.dataset) for s in reading.sources}
    assert found == {
        "BonaFide/img1.png": ("bonafide", "none", "img1", "train", "synthaspoof"),
        "PAs/PrintAttack/img1.png": ("attack", "print", "img1", "train", "synthaspoof"),
        "other/print/7.jpg": ("attack", "print", None, "test", "synthaspoof"),
        "other/live/8.jpg": ("bonafide", "none", None, "test", "synthaspoof"),
    }
    assert reason_of(reading, "PAs/Webcam_ReplayAttack/img2.png") == "in no list"
    assert set(reading.aside) == {"train.csv", "test.csv"}


@pytest.mark.parametrize(
    "written",
    [
        "/image_dir/SynthASpoof/BonaFide/img1.png",
        "C:\\data\\BonaFide\\img1.png",
        "./BonaFide/img1.png",
        " BonaFide/img1.png ",
    ],
)
def test_names_may_begin_with_folders_of_another_machine(tmp_path, written):
    reading = listed(tmp_path, {"labels.csv": rows((written, "bonafide"))})
    assert [(s.path, s.split) for s in reading.sources] == [("BonaFide/img1.png", "train")]
    assert reading.missing == []


def test_an_image_that_is_not_there_is_missing(tmp_path):
    reading = listed(tmp_path, {"labels.csv": rows(("BonaFide/img9.png", "bonafide"))})
    assert (reading.sources, reading.missing) == ([], ["BonaFide/img9.png"])


def test_a_class_that_contradicts_the_folder_is_skipped(tmp_path):
    reading = listed(tmp_path, {"labels.csv": rows(("BonaFide/img1.png", "attack"))})
    assert reading.sources == []
    told = "labels.csv, line 2 says attack, its folder says bonafide"
    assert reason_of(reading, "BonaFide/img1.png") == told


def test_the_same_line_twice_is_one_image(tmp_path):
    row = ("BonaFide/img1.png", "bonafide")
    assert len(listed(tmp_path, {"labels.csv": rows(row, row)}).sources) == 1


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        (
            {"labels.csv": rows(("other/live/8.jpg", "bonafide"), ("other/live/8.jpg", "attack"))},
            r"^labels.csv, line 3: 'other/live/8.jpg' is attack in train, but bonafide in train by labels.csv, line 2",
        ),
        (
            {
                "train.csv": rows(("other/live/8.jpg", "bonafide")),
                "test.csv": rows(("other/live/8.jpg", "bonafide")),
            },
            r"^train.csv, line 2: 'other/live/8.jpg' is bonafide in train, but bonafide in test by test.csv, line 2",
        ),
        (
            {"labels.csv": rows(("other/live/8.jpg", "1"))},
            r"^labels.csv, line 2: label: expected bonafide or attack, got ' 1': a list with numbers is read as",
        ),
        ({"labels.csv": "image_path,label\na.png\n"}, r"^labels.csv, line 2: expected 2 fields"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(tmp_path, lists, told):
    with pytest.raises(CatalogError, match=told):
        listed(tmp_path, lists)


def test_a_table_with_another_header_is_no_list(tmp_path):
    reading = listed(tmp_path, {"results.csv": "image_path,label,score\nBonaFide/img1.png,attack,1\n"})
    assert {s.path: s.label for s in reading.sources} == {
        "BonaFide/img1.png": "bonafide",
        "PAs/PrintAttack/img1.png": "attack",
        "PAs/Webcam_ReplayAttack/img2.png": "attack",
    }
    assert reading.aside == {}


@pytest.mark.parametrize("around", ["", "SynthASpoof/"])
def test_it_is_recognised_by_its_folders_or_by_a_list(tmp_path, around):
    files = {around + path: text for path, text in synthaspoof(4).items()}
    tree = in_memory(files, tmp_path / "a")
    assert layout_of(tree, "auto").name == "synthaspoof"
    assert len(by_path(read("synthaspoof", files, tmp_path / "a"))) == 19
    lists = {f"{around}x/1.png": None, f"{around}labels.csv": rows(("x/1.png", "attack"))}
    if not around:
        assert layout_of(in_memory(lists, tmp_path / "b"), "auto").name == "synthaspoof"


def test_it_says_that_a_few_images_are_not_the_whole(tmp_path):
    (note,) = read("synthaspoof", synthaspoof(4), tmp_path).notes
    assert "not complete: 103781 files are missing" in note
    assert "published train 25000+78800, found train 4+15" in note


class TestDigitalFolders:
    """Without a layout of their own: class, species and subject by folders."""

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("attack/digital/a.mp4", ("digital", None)),
            ("attack/digital_face_swap/a.mp4", ("digital/face_swap", None)),
            ("attack/digital/face_swap/a.mp4", ("digital/face_swap", None)),
            ("attack/digital/Reenactment/s01/a.mp4", ("digital/reenactment", "s01")),
            ("attack/Digital/adversarial/s01/a.mp4", ("digital/adversarial", "s01")),
            ("attack/digital/s01/a.mp4", ("digital", "s01")),
            ("attack/print/2/a.mp4", ("print", "2")),
        ],
    )
    def test_a_folder_below_digital_that_names_the_kind_is_part_of_the_species(
        self, tmp_path, path, expected
    ):
        (source,) = read("folders", {f"test/{path}": None}, tmp_path).sources
        assert (source.pai, source.subject) == expected
        assert (source.label, source.split) == ("attack", "test")

    def test_a_list_names_it_as_the_column_has_it(self, tmp_path):
        (tmp_path / "a.mp4").write_bytes(b"a")
        (tmp_path / "sources.csv").write_text("path,label,pai\na.mp4,attack,digital/adversarial\n")
        assert [s.pai for s in scan(tmp_path).sources] == ["digital/adversarial"]
