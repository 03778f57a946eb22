"""Files that are complete once they have their name, and errors of the place they lie in."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from specaug.errors import ArgumentError, NoSpaceError, SpecaugError
from specaug.shards import (
    STATE,
    disk_space_errors,
    out_errors,
    remove_file,
    sha256,
    write_atomically,
    write_json,
    write_text,
)
from specaug.shards.atomic_files import make_folder

FULL = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG]
REFUSED = [errno.EROFS, errno.EACCES, errno.EPERM]
OTHER = [errno.EIO, errno.ENOENT, errno.EBUSY, errno.EMFILE, errno.ESTALE]


def of_system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def of_arrow(number: int) -> OSError:
    """Arrow passes words alone at times."""
    return OSError(f"Error writing bytes to file. Detail: [errno {number}] {os.strerror(number)}")


@pytest.mark.parametrize("make", [of_system, of_arrow])
@pytest.mark.parametrize("number", FULL)
def test_a_full_disk_quota_or_limit_is_no_space(number, make):
    error = make(number)
    with (
        pytest.raises(NoSpaceError, match=r"^no space left on the disk that holds OUT: ") as caught,
        disk_space_errors(),
    ):
        raise error
    assert os.strerror(number) in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("make", [of_system, of_arrow])
@pytest.mark.parametrize("number", REFUSED)
def test_an_out_that_may_not_be_written_is_named(number, make):
    with pytest.raises(ArgumentError) as caught, out_errors(Path("/some/out")):
        raise make(number)
    assert str(caught.value).startswith("out: cannot be written: ")
    assert os.strerror(number) in str(caught.value)
    assert str(caught.value).endswith(": '/some/out'")


@pytest.mark.parametrize("make", [of_system, of_arrow])
@pytest.mark.parametrize("number", OTHER)
def test_other_errors_pass_as_they_are(number, make):
    for block in (disk_space_errors(), out_errors(Path("out"))):
        error = make(number)
        with pytest.raises(OSError) as caught, block:  # noqa: PT011  # the very object is compared
            raise error
        assert caught.value is error


def test_a_refusal_alone_is_no_matter_of_space():
    error = of_system(errno.EACCES)
    with pytest.raises(PermissionError) as caught, disk_space_errors():
        raise error
    assert caught.value is error


def test_a_number_counts_more_than_words():
    words = OSError(errno.EIO, f"while told: {os.strerror(errno.ENOSPC)}")
    with pytest.raises(OSError, match="while told") as caught, out_errors(Path("out")):
        raise words
    assert not isinstance(caught.value, SpecaugError)


def test_a_full_disk_stays_one_within_out_errors():
    with pytest.raises(NoSpaceError), out_errors(Path("out")):
        raise of_system(errno.EDQUOT)


def test_errors_that_are_none_of_the_disk_pass():
    with pytest.raises(ZeroDivisionError), out_errors(Path("out")):
        raise ZeroDivisionError


def temporary_files(out: Path) -> list[Path]:
    return list((out / STATE / "tmp").iterdir())


def test_the_final_name_appears_after_the_check(tmp_path):
    final, seen = tmp_path / "a/b/file.bin", []

    def fill(path: Path) -> None:
        assert path.parent == tmp_path / STATE / "tmp"
        assert path.name.endswith("-file.bin")
        path.write_bytes(b"content")

    def check(path: Path) -> None:
        seen.append((path.read_bytes(), final.exists()))

    write_atomically(final, fill, out=tmp_path, check=check)
    assert seen == [(b"content", False)]
    assert final.read_bytes() == b"content"
    assert temporary_files(tmp_path) == []


def test_two_writers_of_one_name_do_not_share_a_temporary_file(tmp_path):
    names = []

    def outer(path: Path) -> None:
        names.append(path.name)
        path.write_bytes(b"outer")
        write_atomically(tmp_path / "x", inner, out=tmp_path)

    def inner(path: Path) -> None:
        names.append(path.name)
        path.write_bytes(b"inner")

    write_atomically(tmp_path / "x", outer, out=tmp_path)
    assert len(set(names)) == 2
    assert (tmp_path / "x").read_bytes() == b"outer"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, ValueError])
@pytest.mark.parametrize("where", ["write", "check"])
def test_whatever_ends_a_write_the_old_file_stays(tmp_path, error, where):
    final = tmp_path / "x"
    final.write_bytes(b"old")

    def fill(path: Path) -> None:
        path.write_bytes(b"new")
        if where == "write":
            raise error

    def check(path: Path) -> None:
        raise error

    with pytest.raises(error):
        write_atomically(final, fill, out=tmp_path, check=check)
    assert final.read_bytes() == b"old"
    assert temporary_files(tmp_path) == []


def test_nothing_written_is_an_error_and_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "x", lambda path: None, out=tmp_path)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(OSError, match="data"):
        write_text(tmp_path / "data/x/y", "text", out=tmp_path)
    assert (tmp_path / "data").read_text() == "a file"


@pytest.mark.parametrize("text", ["", "line\n", "a\r\nb\rc", "é 李 😀", "\x00\x1a"])
def test_text_is_written_byte_by_byte(tmp_path, text):
    write_text(tmp_path / "x", text, out=tmp_path)
    assert (tmp_path / "x").read_bytes() == text.encode("utf-8")


def test_json_is_ascii_sorted_and_ends_with_a_line(tmp_path):
    value = {"b": [1, None, True], "a": {"é": "\udce9 \u2028", "Z": 0.1}}
    write_json(tmp_path / "x.json", value, out=tmp_path)
    data = (tmp_path / "x.json").read_bytes()
    assert data.isascii()
    assert data.endswith(b"}\n")
    assert json.loads(data) == value
    assert list(json.loads(data)) == ["a", "b"]
    assert list(json.loads(data)["a"]) == ["Z", "é"]


def test_json_does_not_depend_on_the_order_of_keys(tmp_path):
    write_json(tmp_path / "x", {"a": 1, "b": {"c": 1, "d": 2}}, out=tmp_path)
    write_json(tmp_path / "y", {"b": {"d": 2, "c": 1}, "a": 1}, out=tmp_path)
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_what_is_no_json_leaves_nothing(tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(tmp_path / "x", {"a": {1, 2}}, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is synced, in order."""
    seen: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: seen.append(Path(f"/proc/self/fd/{handle}").readlink().name)
    )
    return seen


def test_each_new_folder_is_synced_into_the_one_above(tmp_path, synced):
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a/b/c").is_dir()
    assert synced == [tmp_path.name, "a", "b"]
    make_folder(tmp_path / "a" / "b" / "c")
    assert synced == [tmp_path.name, "a", "b"]
    make_folder(tmp_path / "a" / "d")
    assert synced[3:] == ["a"]


def test_a_removal_is_synced_where_there_was_something(tmp_path, synced):
    (tmp_path / "x").touch()
    remove_file(tmp_path / "x")
    assert not (tmp_path / "x").exists()
    assert synced == [tmp_path.name]
    remove_file(tmp_path / "x")
    remove_file(tmp_path / "no folder" / "x")
    assert synced == [tmp_path.name]


@pytest.mark.parametrize("size", [0, 1, 64, 100_000])
def test_a_digest_is_that_of_the_whole_file(tmp_path, size):
    data = bytes(i % 251 for i in range(size))
    (tmp_path / "x").write_bytes(data)
    assert sha256(tmp_path / "x") == hashlib.sha256(data).hexdigest()


def test_the_digest_of_the_standards_example(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "x") == expected
