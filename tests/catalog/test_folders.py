"""Plain class folders: what each folder of a path means."""

from __future__ import annotations

from pathlib import Path

import pytest

from specaug.catalog import LAYOUTS
from specaug.catalog.layout import Reading
from specaug.catalog.tree import Tree
from specaug.errors import CatalogError


def read(*paths: str, frames: tuple[str, ...] = ()) -> Reading:
    layout = LAYOUTS["folders"]
    tree = Tree(Path("/nowhere"), (*paths, *frames), (), (), frame_folders=frozenset(frames))
    return layout.read(layout.view(tree), None)


MEANINGS = [
    # [split/]class[/subject] of bona fide.
    ("live/1.mp4", ("train", "bonafide", "none", None)),
    ("LIVE/ann/1.mp4", ("train", "bonafide", "none", "ann")),
    ("dev/Bona Fide/ann/1.mp4", ("dev", "bonafide", "none", "ann")),
    ("Validation/real/1.jpg", ("dev", "bonafide", "none", None)),
    ("EVAL/genuine/s1/1.jpg", ("test", "bonafide", "none", "s1")),
    ("live/none/ann/1.mp4", ("train", "bonafide", "none", "ann")),
    ("live/real/ann/1.mp4", ("train", "bonafide", "none", "ann")),
    ("live/attack/1.mp4", ("train", "bonafide", "none", "attack")),
    # A split word below the class is a subject, and the class word decides.
    ("live/test/1.mp4", ("train", "bonafide", "none", "test")),
    ("train/live/dev/1.mp4", ("train", "bonafide", "none", "dev")),
    # class[/pai][/subject] of attacks.
    ("spoof/1.mp4", ("train", "attack", "unknown", None)),
    ("test/Fakes/Print/1.mp4", ("test", "attack", "print", None)),
    ("attack/paper mask/ann/1.mp4", ("train", "attack", "mask/paper", "ann")),
    ("attack/wax/ann/1.mp4", ("train", "attack", "unknown/wax", "ann")),
    ("attack/07/ann/1.mp4", ("train", "attack", "unknown/07", "ann")),
    # A lone folder: a species, else with a digit a subject, else a species that is not known.
    ("attack/print2/1.mp4", ("train", "attack", "unknown", "print2")),
    ("attack/print_2/1.mp4", ("train", "attack", "print/2", None)),
    ("attack/07/1.mp4", ("train", "attack", "unknown", "07")),
    ("attack/wax/1.mp4", ("train", "attack", "unknown/wax", None)),
]


@pytest.mark.parametrize(("path", "expected"), MEANINGS)
def test_folders_mean(path, expected):
    (source,) = read(path).sources
    assert (source.split, source.label, source.pai, source.subject) == expected
    assert (source.path, source.session, source.device, source.boxes) == (path, None, None, None)


REASONS = [
    ("1.mp4", "folders do not follow"),
    ("train/1.mp4", "folders do not follow"),
    ("live.mp4", "folders do not follow"),
    ("mine/live/1.mp4", "folders do not follow"),
    ("train/dev/live/1.mp4", "folders do not follow"),
    ("livestock/1.mp4", "folders do not follow"),
    ("live/a/b/c/1.mp4", "3 folders between class and file, at most [/pai][/subject] expected"),
    ("test/spoof/a/b/c/d/1.mp4", "4 folders between class and file"),
    (
        "live/print/ann/1.mp4",
        "bona fide has no attack instrument, got folder 'print' before the subject 'ann'",
    ),
    ("live/ann/visit1/1.mp4", "got folder 'ann' before the subject 'visit1' (--frame-folders takes"),
]


@pytest.mark.parametrize(("path", "reason"), REASONS)
def test_a_path_that_does_not_follow_is_skipped(path, reason):
    reading = read(path, "live/ok.mp4")
    assert [s.path for s in reading.sources] == ["live/ok.mp4"]
    ((skipped),) = reading.skipped
    assert skipped.path == path
    assert reason in skipped.reason


def test_a_folder_of_frames_stands_where_a_file_would(tmp_path):
    reading = read("live/ann/1.mp4", frames=("live/bob/clip", "dev/spoof/print/eve/clip", "live"))
    facts = {s.path: (s.kind, s.subject, s.pai, s.split) for s in reading.sources}
    assert facts == {
        "live/ann/1.mp4": ("video", "ann", "none", "train"),
        "live/bob/clip": ("frames", "bob", "none", "train"),
        "dev/spoof/print/eve/clip": ("frames", "eve", "print", "dev"),
    }
    assert [s.path for s in reading.skipped] == ["live"]


def test_the_kind_follows_the_ending():
    reading = read("live/1.MOV", "live/2.JPG", "live/3.h5")
    assert [s.kind for s in reading.sources] == ["video", "image", "hdf5"]


def test_what_other_files_are_there_changes_no_meaning():
    alone = {path: read(path).sources[0] for path, _ in MEANINGS}
    together = {source.path: source for source in read(*alone).sources}
    assert together == alone


def test_media_below_a_class_folder_are_the_evidence():
    layout = LAYOUTS["folders"]
    tree = Tree(Path("/nowhere"), ("a.mp4", "dev/live/1.mp4", "live/a/b/c/d/2.mp4", "odd/3.mp4"), (), ())
    evidence = layout.evidence(layout.view(tree))
    assert (evidence.count, evidence.first) == (2, "dev/live/1.mp4")
    empty = layout.evidence(layout.view(Tree(Path("/nowhere"), ("a.mp4",), (), ())))
    assert (empty.count, empty.first) == (0, "")


def test_plain_folders_have_no_protocols():
    layout = LAYOUTS["folders"]
    view = layout.view(Tree(Path("/nowhere"), ("live/1.mp4",), (), ()))
    with pytest.raises(
        CatalogError, match="'folders' expects none, for it has no protocols, got 'grandtest'"
    ):
        layout.read(view, "grandtest")
