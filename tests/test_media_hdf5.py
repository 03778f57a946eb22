"""HDF5: which array is the video, frames as stored, nothing outside the file, damage told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from specaug.errors import MediaError
from specaug.media import kind_of, probe, read_eyes, read_frames

h5py = pytest.importorskip("h5py")


@pytest.fixture
def clip(rng) -> np.ndarray:
    return rng.integers(0, 256, (7, 3, 12, 20), dtype=np.uint8)


def write(path: Path, **arrays: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def frames(path: Path, indices: list[int]) -> list[np.ndarray]:
    return [frame.image for frame in read_frames(path, probe(path, "hdf5"), np.array(indices))]


def test_frames_are_those_of_the_array(tmp_path, clip):
    path = write(tmp_path / "a.hdf5", Color_Data=clip, Depth_Data=clip[:, :1].astype(np.uint16))
    info = probe(path, "hdf5")
    assert kind_of(path) == "hdf5"
    assert (info.kind, info.width, info.height, info.n_frames, info.fps) == ("hdf5", 20, 12, 7, 0.0)
    assert info.pts_seconds.tolist() == list(range(7))
    for index, image in zip([0, 3, 6], frames(path, [0, 3, 6]), strict=True):
        assert image.flags.c_contiguous
        assert np.array_equal(image, np.moveaxis(clip[index], 0, -1))


def test_colours_may_come_last_and_the_only_array_needs_no_name(tmp_path, clip):
    path = write(tmp_path / "a.h5", video=np.moveaxis(clip, 1, -1), other=np.zeros((7, 12, 20), np.uint8))
    assert np.array_equal(frames(path, [2])[0], np.moveaxis(clip[2], 0, -1))


def test_of_several_the_known_name_counts_and_else_none_is_guessed(tmp_path, clip):
    path = write(tmp_path / "a.h5", Color_Data=clip, thermal=clip[::-1])
    assert np.array_equal(frames(path, [0])[0], np.moveaxis(clip[0], 0, -1))
    with pytest.raises(MediaError, match=r"unsupported: expected one array .* got left, right"):
        probe(write(tmp_path / "b.h5", left=clip, right=clip), "hdf5")
    with pytest.raises(MediaError, match="got none"):
        probe(write(tmp_path / "c.h5", Color_Data=clip.astype(np.uint16)), "hdf5")


def test_links_and_stores_outside_the_file_are_not_followed(tmp_path, clip):
    write(tmp_path / "secret.h5", Color_Data=clip)
    (tmp_path / "secret.raw").write_bytes(clip.tobytes())
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["Color_Data"] = h5py.ExternalLink("secret.h5", "Color_Data")
        store = [(str(tmp_path / "secret.raw"), 0, clip.nbytes)]
        file.create_dataset("outside", shape=clip.shape, dtype=np.uint8, external=store)
        layout = h5py.VirtualLayout(shape=clip.shape, dtype=np.uint8)
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "Color_Data", shape=clip.shape)
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(MediaError, match="got none"):
        probe(path, "hdf5")


@pytest.mark.parametrize("keep", [0, 10, 600, 2000])
def test_damage_is_told(tmp_path, clip, keep):
    path = write(tmp_path / "a.h5", Color_Data=clip)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(MediaError) as error:
        frames(path, [6])
    assert error.value.reason in ("unreadable", "decoder_error", "unsupported")
    assert str(tmp_path) not in error.value.detail


def test_an_array_without_frames_or_too_large_is_refused(tmp_path):
    with pytest.raises(MediaError, match="the array holds no frame"):
        probe(write(tmp_path / "a.h5", Color_Data=np.zeros((0, 3, 4, 4), np.uint8)), "hdf5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("Color_Data", shape=(2, 3, 9000, 9000), dtype=np.uint8, chunks=(1, 3, 64, 64))
    with pytest.raises(MediaError, match="too_large"):
        probe(tmp_path / "b.h5", "hdf5")


def test_eyes_lie_beside_the_video(tmp_path, clip):
    eyes = np.arange(28).reshape(7, 4)
    assert read_eyes(write(tmp_path / "a.h5", Color_Data=clip, Eye_Pos=eyes)).tolist() == eyes.tolist()
    for name, value in (("none", {}), ("shape", {"Eye_Pos": eyes[:, :3]}), ("kind", {"Eye_Pos": "text"})):
        with pytest.raises(MediaError, match="detect: unreadable: no array Eye_Pos"):
            read_eyes(write(tmp_path / f"{name}.h5", Color_Data=clip, **value))


def test_without_h5py_it_says_what_to_install(tmp_path, clip, monkeypatch):
    path = write(tmp_path / "a.h5", Color_Data=clip)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MediaError, match=r"unsupported: HDF5 needs h5py: .*pip install '.*\[h5\]'"):
        probe(path, "hdf5")
