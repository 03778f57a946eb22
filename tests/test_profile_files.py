"""Profiles from strangers: a file is read as the numbers it should hold, or refused by name."""

from __future__ import annotations

import contextlib
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specaug.augment import SpoofProfile
from specaug.augment.profile.file import LARGEST
from specaug.errors import ArgumentError


def members() -> dict[str, np.ndarray]:
    """What a file of one species holds."""
    curves = np.round(np.linspace(-3, 1, 192).reshape(3, 64), 2)
    return {
        "version": np.int64(1),
        "bonafide": curves,
        "attack": curves[None] - 0.5,
        "pai": np.array(["print"]),
        "clips": np.array([7, 4]),
    }


def written(file: Path, **changes: object) -> Path:
    values = {**members(), **changes}
    np.savez(file, **{name: value for name, value in values.items() if value is not None})
    return file


def packed(file: Path, **changes: bytes) -> Path:
    """The file with some members as given bytes, compressed."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members().items():
            stream = io.BytesIO()
            np.save(stream, value)
            archive.writestr(f"{name}.npy", changes.get(name, stream.getvalue()))
    return file


def header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    for file in (written(tmp_path / "a"), written(tmp_path / "b.npz"), packed(tmp_path / "c.npz")):
        if file.exists():  # numpy adds a suffix where there is none
            profile = SpoofProfile.load(file)
            assert profile.clips == {"none": 7, "print": 4}
            np.testing.assert_array_equal(profile.attack["print"], members()["attack"][0])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"bonafide": np.full((3, 64), np.nan)}, "logarithms within ±25 for 'bonafide'"),
        ({"attack": np.full((1, 3, 64), np.inf)}, "logarithms within ±25 for 'print'"),
        ({"attack": np.full((1, 3, 64), 1e300)}, "logarithms within ±25 for 'print'"),
        ({"attack": np.zeros((1, 3, 32))}, r"expected \(3, 64\) logarithms .* got shape \(3, 32\)"),
        ({"attack": np.zeros((2, 3, 64))}, "longer"),
        ({"bonafide": np.zeros(64)}, r"bonafide: expected shape \(3, bins\), got \(64,\)"),
        ({"bonafide": np.zeros((3, 0)), "attack": np.zeros((1, 3, 0))}, "bonafide: expected shape"),
        ({"bonafide": np.zeros((3, 5000)), "attack": np.zeros((1, 3, 5000))}, "at most 4096 bins, got 5000"),
        ({"bonafide": np.full((3, 64), 1j)}, "expected real numbers, got complex128"),
        ({"bonafide": np.full((3, 64), "a")}, "expected real numbers, got <U1"),
        ({"pai": np.array(["none"])}, "attack: expected names of attack species, got 'none'"),
        (
            {"pai": np.array(["a", "a"]), "attack": np.zeros((2, 3, 64)), "clips": np.array([1, 1, 1])},
            "pai: expected each species once, got a, a",
        ),
        ({"clips": np.array([1, -1])}, "clips: expected whole numbers from 0, got -1 for 'print'"),
        ({"clips": np.array([1, np.nan])}, "clips: expected whole numbers from 0, got nan"),
        ({"clips": np.array([1, np.inf])}, "clips: expected whole numbers from 0, got inf"),
        ({"clips": np.array([1])}, "shorter"),
        ({"pai": None}, "pai"),
        ({"version": np.int64(2)}, "expected version 1, got 2"),
        ({"version": np.arange(3)}, "0-dimensional"),
        ({"pai": np.array([{"a": 1}], dtype=object)}, "Object arrays cannot be loaded"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(changes, match, tmp_path: Path) -> None:
    file = written(tmp_path / "p.npz", **changes)
    with pytest.raises(ArgumentError, match=f"is no spoof profile: .*{match}"):
        SpoofProfile.load(file)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "zip", "checksum", "array"])
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    file = written(tmp_path / "p.npz")
    whole = bytearray(file.read_bytes())
    if damage == "checksum":
        whole[600] ^= 255
    elif damage == "array":
        stream = io.BytesIO()
        np.save(stream, np.zeros(4))
        whole = bytearray(stream.getvalue())
    else:
        whole = {"cut": whole[:2000], "empty": b"", "text": b"hello", "zip": b"PK\x03\x04junk"}[damage]
    file.write_bytes(whole)
    with pytest.raises(ArgumentError, match="is no spoof profile"):
        SpoofProfile.load(file)


def test_a_header_that_claims_more_than_is_there_is_not_believed(tmp_path: Path) -> None:
    file = packed(tmp_path / "p.npz", bonafide=header((10**9, 100)))
    with pytest.raises(ArgumentError, match="cannot reshape array of size 0"):
        SpoofProfile.load(file)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = header((3, LARGEST)) + bytes(2 * LARGEST)
    file = packed(tmp_path / "p.npz", bonafide=bomb)
    assert file.stat().st_size < LARGEST / 100
    with pytest.raises(ArgumentError, match="expected at most 16,777,216 bytes of arrays"):
        SpoofProfile.load(file)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5000), value=st.integers(0, 255), length=st.integers(1, 6000))
def test_any_byte_may_be_wrong(at: int, value: int, length: int, tmp_path: Path) -> None:
    """Either the file is a sound profile, or it is refused; nothing else is raised."""
    whole = bytearray(written(tmp_path / "p.npz").read_bytes())
    whole[at % len(whole)] = value
    (tmp_path / "q.npz").write_bytes(whole[: max(length, at)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile tells of names that stand twice
        with contextlib.suppress(ArgumentError):
            assert np.isfinite(SpoofProfile.load(tmp_path / "q.npz").log_gain()).all()


def test_bona_fide_is_no_species() -> None:
    picture = np.full((2, 16, 16, 3), 0.5)
    with pytest.raises(ArgumentError, match="attack: expected names of attack species, got 'none'"):
        SpoofProfile.fit(picture, {"none": picture})


def test_residual_noise_of_high_contrast_is_still_a_record() -> None:
    """Amplitudes above 50: coarse detail of a large scale that bona fide clips have not."""
    params = SpoofProfile(np.zeros((3, 64)), {"print": np.full((3, 64), 5.0)}).params(pai="print")
    assert params.extra[0][0] == pytest.approx(np.sqrt(np.exp(10) - 9) * np.exp(np.euler_gamma / 2), abs=1e-3)
