"""Places in object stores: what is one, what is stored and read back, and which errors mean what."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from specaug.errors import ArgumentError, MissingDependencyError, SpecaugError, StoreError
from specaug.storage import (
    address_of,
    create,
    fetch,
    is_plain,
    is_remote,
    is_within,
    objects,
    pieces,
    place_of,
    put,
    read,
    remove,
    write,
)


@pytest.mark.parametrize(
    ("place", "remote"),
    [
        ("s3://bucket/raw", True),
        ("memory://x", True),
        ("file:///data", True),
        ("/data/raw", False),
        ("raw", False),
        ("c:/raw", False),
        (Path("s3://bucket/raw"), False),  # a path of that odd name
    ],
)
def test_an_address_has_a_scheme_and_a_path_has_none(place, remote):
    assert is_remote(place) == remote


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.mp4", True),
        ("live/s1/a b.mp4", True),
        (".hidden/..a/a..", True),
        ("", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        ("./a", False),
        ("a/../b", False),
        ("a\0b", False),
        ("n" * 255 + "/x", True),
        ("n" * 256 + "/x", False),
        ("é" * 127, True),  # bytes count, not letters
        ("é" * 128, False),
        ("a/" * 500 + "b", True),
    ],
)
def test_a_key_is_plain_if_a_folder_can_hold_a_file_of_that_name(name, plain):
    assert is_plain(name) == plain


def test_a_path_on_disk_is_itself(tmp_path):
    assert place_of("raw/a b") == Path("raw/a b")
    assert place_of(tmp_path) == tmp_path
    assert address_of(Path("raw") / "x") == "raw/x"


@pytest.mark.parametrize(
    ("place", "other", "within"),
    [
        ("a", "a", True),
        ("a/b/c", "a", True),
        ("a", "a/b", False),
        ("ab", "a", False),
        ("link/c", "a/b", True),
        ("a/../x", "a", False),
    ],
)
def test_folders_lie_within_each_other_as_they_really_are(tmp_path, monkeypatch, place, other, within):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    assert is_within(Path(place), Path(other)) == within


def test_without_the_package_for_stores_an_address_is_refused_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(MissingDependencyError, match=r"universal_pathlib.*pip install '.*\[s3\]'"):
        place_of("s3://bucket/raw")
    assert place_of("raw") == Path("raw")


class FakeStore:
    """An object store in which calls by the names of `errors` fail; also the place of one object in it."""

    path = "bucket/raw"

    def __init__(self, **errors: BaseException) -> None:
        self.errors, self.fs, self.calls = errors, self, []
        self.found: dict[str, dict[str, Any]] = {}

    def __str__(self) -> str:
        return "s3://bucket/raw"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args))
            if name in self.errors:
                raise self.errors[name]
            return (
                self.found if name == "find" else [b"%d" % i for i in args[1]] if "ranges" in name else None
            )

        return call


CALLS: dict[str, Callable[[Any, Path], Any]] = {
    "put_file": lambda place, folder: put(folder / "x", place),
    "pipe_file": lambda place, folder: write(place, b"x"),
    "cat_file": lambda place, folder: read(place),
    "get_file": lambda place, folder: fetch(place, folder / "new" / "x"),
    "find": lambda place, folder: objects(place),
    "cat_ranges": lambda place, folder: pieces(place, [("a", 0, 1)]),
    "rm": lambda place, folder: remove(place),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_a_client_library_is_one_of_the_store_in_one_line(tmp_path, name):
    store = FakeStore(**{name: RuntimeError("endpoint gone\nsecret of many lines")})
    store.found = {"bucket/raw/a": {"size": 1}}
    words = r"^the object store of 's3://bucket/raw' cannot be used: RuntimeError: endpoint gone$"
    with pytest.raises(StoreError, match=words):
        CALLS[name](store, tmp_path)


@pytest.mark.parametrize("error", [SpecaugError("ours"), StoreError("known")])
@pytest.mark.parametrize("name", CALLS)
def test_an_error_that_has_its_words_already_keeps_them(tmp_path, name, error):
    store = FakeStore(**{name: error})
    store.found = {"bucket/raw/a": {"size": 1}}
    with pytest.raises(type(error)) as caught:
        CALLS[name](store, tmp_path)
    assert caught.value is error


def test_what_is_not_there_is_told_apart_from_a_store_that_fails(tmp_path):
    gone = FakeStore(cat_file=FileNotFoundError("a"), get_file=FileNotFoundError("a"))
    assert read(gone) is None
    with pytest.raises(FileNotFoundError):
        fetch(gone, tmp_path / "x")
    assert create(FakeStore(pipe_file=FileExistsError("a")), b"x") is False
    with pytest.raises(StoreError, match="PermissionError"):
        read(FakeStore(cat_file=PermissionError("denied")))


def test_one_object_that_may_not_be_read_is_no_failure_of_the_store(tmp_path):
    refused = FakeStore(get_file=PermissionError("denied"))
    with pytest.raises(PermissionError, match=r"^'s3://bucket/raw' may not be read$"):
        fetch(refused, tmp_path / "x")
    assert refused.calls[-1] == ("ls", ("bucket",))  # the folder of the object, which could be listed
    closed = FakeStore(get_file=PermissionError("denied"), ls=PermissionError("denied too"))
    with pytest.raises(StoreError, match="cannot be used: PermissionError: denied too"):
        fetch(closed, tmp_path / "x")


def test_names_are_those_below_the_root_and_the_root_itself_is_none():
    store = FakeStore()
    store.found = {
        f"bucket/raw{name}": {"size": size} for name, size in (("/z", 3), ("", 0), ("/", 0), ("/a/b", 5))
    }
    assert objects(store) == [("a/b", 5), ("z", 3)]
    store.path = "bucket/raw/"
    assert objects(store) == [("a/b", 5), ("z", 3)]


@pytest.mark.parametrize(
    ("n", "batches"), [(0, []), (1, [1]), (256, [256]), (257, [256, 1]), (600, [256, 256, 88])]
)
def test_many_pieces_are_fetched_in_batches_and_in_their_order(n, batches):
    store = FakeStore()
    assert pieces(store, [(f"f{i}", i, i + 2) for i in range(n)]) == [b"%d" % i for i in range(n)]
    assert [len(args[0]) for _, args in store.calls] == batches
    assert [key for _, args in store.calls for key in args[0]] == [f"bucket/raw/f{i}" for i in range(n)]
    assert [stop for _, args in store.calls for stop in args[2]] == [i + 2 for i in range(n)]


def test_nothing_is_removed_where_nothing_is():
    store = FakeStore()
    remove(store)
    assert [name for name, _ in store.calls] == ["find"]


class TestMemory:
    """A real file system of fsspec, in memory."""

    @pytest.fixture
    def root(self, tmp_path) -> Iterator[Any]:
        pytest.importorskip("upath", reason="object stores need universal_pathlib, which is not installed")
        root = place_of(f"memory://{tmp_path.name}/raw")
        yield root
        remove(root)

    def test_what_is_stored_is_read_back(self, root, tmp_path):
        (tmp_path / "file").write_bytes(b"content")
        put(tmp_path / "file", root / "a/put")
        write(root / "written", b"first")
        write(root / "written", b"second")
        assert (read(root / "a/put"), read(root / "written"), read(root / "none")) == (
            b"content",
            b"second",
            None,
        )
        fetch(root / "a/put", tmp_path / "new/folder/file")
        assert (tmp_path / "new/folder/file").read_bytes() == b"content"
        assert objects(root) == [("a/put", 7), ("written", 6)]

    def test_an_object_is_created_once(self, root):
        assert create(root / "lock", b"mine") is True
        assert create(root / "lock", b"theirs") is False
        assert read(root / "lock") == b"mine"

    def test_pieces_are_cut_at_their_bytes(self, root):
        write(root / "a", bytes(range(100)))
        write(root / "b/c", b"hello")
        spans = [("b/c", 1, 3), ("a", 0, 2), ("a", 98, 100)]
        assert pieces(root, spans) == [b"el", b"\0\1", b"bc"]

    def test_a_prefix_is_removed_with_what_is_below_and_nothing_else(self, root):
        for name in ("x/1", "x/y/2", "xy"):
            write(root / name, b"1")
        remove(root / "x")
        assert objects(root) == [("xy", 1)]
        remove(root / "x")

    def test_places_lie_within_each_other_by_their_parts(self, root, tmp_path):
        assert is_within(root / "a/b", root / "a")
        assert is_within(root, root)
        assert not is_within(root / "ab", root / "a")
        assert not is_within(root, root / "a")
        assert not is_within(tmp_path, root)
        assert not is_within(root, tmp_path)

    def test_a_place_is_written_as_its_address(self, root, tmp_path):
        assert place_of(root) is root
        assert is_remote(root)
        assert place_of(address_of(root / "x")).path == (root / "x").path
        assert address_of(root / "x").startswith("memory://")

    def test_an_unknown_scheme_is_an_argument_error(self, root):
        with pytest.raises(ArgumentError, match="an address that fsspec knows, got 'nothing://bucket/out'"):
            place_of("nothing://bucket/out")
