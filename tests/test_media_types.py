"""Endings of media files: lower case, each of one kind, and all that public data sets use."""

from __future__ import annotations

import pytest

from specaug.media_types import HDF5_SUFFIXES, IMAGE_SUFFIXES, VIDEO_SUFFIXES, frame_pictures

KINDS = {"video": VIDEO_SUFFIXES, "image": IMAGE_SUFFIXES, "hdf5": HDF5_SUFFIXES}


def test_an_ending_is_a_dot_and_lower_case_letters_or_digits():
    for suffix in frozenset.union(*KINDS.values()):
        assert suffix[0] == "."
        assert suffix[1:].isalnum()
        assert suffix == suffix.lower()


def test_no_ending_is_of_two_kinds():
    assert len(frozenset.union(*KINDS.values())) == sum(map(len, KINDS.values()))


@pytest.mark.parametrize(
    ("kind", "endings"),
    [
        ("video", ".mp4 .mov .avi .mkv .webm .3gp .wmv .mpg .ts"),
        ("image", ".jpg .jpeg .png .webp .bmp .tif .tiff .gif"),
        ("hdf5", ".hdf5 .h5"),
    ],
)
def test_the_formats_of_the_public_data_sets_are_read(kind, endings):
    assert set(endings.split()) <= KINDS[kind]


NUMBERED = [f"f{n}.png" for n in range(1, 21)]


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        (["1.jpg", "2.JPG"], 2),
        (["a1.jpg", "b2.jpg"], 2),
        (["1.jpg"], 0),
        (["1.jpg", "cover.jpg"], 0),
        (["1.jpg", "2.jpg", "cover.jpg"], 0),
        (["1.jpg", "2.jpg", "3.jpg", "cover.jpg"], 3),
        (["a1.jpg", "b2.jpg", "a3.jpg", "cover.jpg"], 0),
        ([*NUMBERED, "x.png", "y.png"], 20),
        ([*NUMBERED, "x.png", "y.png", "z.png"], 0),
        ([*NUMBERED, "clip.mp4"], 0),
        (["1", "2"], 0),
        ([], 0),
    ],
)
def test_frames_are_numbered_pictures_and_few_others(names, frames):
    found = frame_pictures(names)
    assert len(found) == frames
    assert found == [name for name in names if name in found]
    assert not {"cover.jpg", "x.png", "clip.mp4"} & set(found)
