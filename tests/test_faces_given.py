"""Given faces: eyes, boxes in a frame of 224 px, arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specaug.align import TEMPLATE
from specaug.errors import ArgumentError, MediaError
from specaug.faces import Sidecar, faces_of_eyes, parse_eyes, parse_unit_box, read_given
from specaug.faces.given import face_of_eyes
from specaug.records import Face


def test_eyes_of_the_template_give_its_box_about_its_centre():
    face = face_of_eyes(TEMPLATE[:2].reshape(-1))
    assert (face.box[:2] + face.box[2:]) / 2 == pytest.approx([55.5, 55.5], abs=1e-3)
    assert face.size == pytest.approx(112 / 1.2)
    assert np.isnan(face.landmarks[2:]).all()
    # All five points of the template lie in the box.
    assert (face.box[:2] < TEMPLATE).all()
    assert (face.box[2:] > TEMPLATE).all()


@given(st.floats(0.2, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_the_box_of_eyes_moves_and_grows_with_them(scale, dx, dy):
    moved = face_of_eyes((TEMPLATE[:2] * scale + [dx, dy]).reshape(-1))
    expected = face_of_eyes(TEMPLATE[:2].reshape(-1)).box.reshape(2, 2) * scale + [dx, dy]
    assert moved.box.reshape(2, 2) == pytest.approx(expected, abs=2e-2)


def test_eyes_are_read_by_frame_and_none_where_they_coincide():
    faces = parse_eyes("0,10,20,50,20\n\n1,0,0,0,0\n 3 , 12, 20, 52, 24 \n")
    assert faces(0)[0].landmarks[:2].tolist() == [[10, 20], [50, 20]]
    assert faces(3)[0].landmarks[:2].tolist() == [[12, 20], [52, 24]]
    assert faces(1) == faces(2) == []
    rows = faces_of_eyes(np.array([[10, 20, 50, 20], [5, 5, 5, 5]]))
    assert rows(0)[0].landmarks[1].tolist() == [50, 20]
    assert rows(1) == []


@pytest.mark.parametrize(
    "line", ["0,1,2,3", "0,1,2,3,4,5", "-1,1,2,3,4", "0.5,1,2,3,4", "0,a,2,3,4", "0,nan,2,3,4"]
)
def test_a_broken_line_of_eyes_is_named(line):
    with pytest.raises(ArgumentError, match="eyes: line 2: expected frame and two points"):
        parse_eyes(f"1,10,20,50,20\n{line}\n")
    with pytest.raises(ArgumentError, match="line 2: expected each frame once, got 1 again"):
        parse_eyes("1,10,20,50,20\n1,10,20,50,20")


def test_a_unit_box_is_scaled_by_the_sides_of_the_picture():
    face = parse_unit_box("56 28 112 56 0.99\n", width=2240, height=448)(0)[0]
    assert face.box.tolist() == [560, 56, 1680, 168]
    assert parse_unit_box("0 0 224 224", width=30, height=40)(0)[0].box.tolist() == [0, 0, 30, 40]


@pytest.mark.parametrize(
    "text", ["", "1 2 3", "1 2 3 4\n1 2 3 4", "1 2 0 4 0.5", "1 2 3 -4 1", "a b c d e", "1 2 3 4 5 6"]
)
def test_a_malformed_unit_box_is_refused(text):
    with pytest.raises(ArgumentError, match="box: expected one line x y width height score"):
        parse_unit_box(text, width=10, height=10)


def test_files_are_read_in_the_form_that_is_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("0,10,20,30,40\n")
    assert read_given(path, "boxes", width=448, height=448)(0)[0].box.tolist() == [10, 20, 40, 60]
    assert read_given(path, "eyes", width=448, height=448)(0)[0].landmarks[0].tolist() == [10, 20]
    assert read_given(path, "unit224", width=448, height=448)(0)[0].box.tolist() == [0, 20, 40, 80]
    for form in ("boxes", "eyes", "unit224"):
        with pytest.raises(MediaError, match=r"detect: unreadable: box file none.txt"):
            read_given(tmp_path / "none.txt", form, width=1, height=1)
        path.write_bytes(b"\xff\xfe\xfa")
        with pytest.raises(MediaError, match=r"box file a\.txt"):
            read_given(path, form, width=1, height=1)


def test_given_eyes_stay_where_the_rest_is_found(monkeypatch):
    sidecar = Sidecar()
    found = Face(np.array([0, 0, 9, 9], np.float32), np.full((5, 2), 7, np.float32), 1.0)
    monkeypatch.setattr(
        sidecar._centerface, "refine", lambda image, face: replace(face, landmarks=found.landmarks)
    )
    face = face_of_eyes(np.array([1, 2, 30, 4]))
    refined = sidecar.refine(np.zeros((9, 9, 3), np.uint8), face)
    assert refined.landmarks.tolist() == [[1, 2], [30, 4], [7, 7], [7, 7], [7, 7]]
    assert np.array_equal(refined.box, face.box)
