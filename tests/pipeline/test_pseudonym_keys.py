"""Keys and what is derived from them: known answers, separate purposes, sealed names, names taken out of words."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from handmade import catalog, clip, failure, source
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.pipeline import pseudonym
from specaug.pipeline.pseudonym import Key, key_of, nameless, nameless_failure, opened, pseudonymous, sealed
from specaug.records import BuildConfig, Failure, ShardPlan

KEY, OTHER = Key(b"k" * 64, 64), Key(b"x" * 64, 64)
TEXTS = st.text("a/.é€😀\n'\\", max_size=200)


def keyed(purpose: bytes, data: bytes, size: int, secret: bytes = KEY.secret) -> bytes:
    """BLAKE2b in its keyed mode, the purpose as personalization."""
    return hashlib.blake2b(
        data, key=secret, digest_size=size, person=purpose + bytes(16 - len(purpose))
    ).digest()


def unsealed(text: str) -> str:
    """The inverse of sealing, written out: sixteen bytes of tag, then the text xor a keystream."""
    data = bytes.fromhex(text.removeprefix("sealed:"))
    tag, hidden = data[:16], data[16:]
    stream = b""
    while len(stream) < len(hidden):
        stream += keyed(b"seal stream", tag + (len(stream) // 64).to_bytes(8, "big"), 64)
    plain = bytes(a ^ b for a, b in zip(hidden, stream, strict=False))
    assert keyed(b"seal tag", plain, 16) == tag
    return plain.decode("utf-8", "surrogateescape")


def seal(text: str, key: Key = KEY) -> str:
    return sealed((ShardPlan("train-0", "train", (source(text),)),), key)[0].sources[0].path


def unseal(text: str, key: Key = KEY) -> str:
    return opened((ShardPlan("train-0", "train", (source(text),)),), key)[0].sources[0].path


@pytest.mark.parametrize("size", [1, 16, 64])
def test_a_digest_is_keyed_and_has_a_purpose(size):
    assert KEY.digest("subject", b"ann", size=size) == keyed(b"subject", b"ann", size)
    found = {KEY.digest(purpose, b"ann") for purpose in ("subject", "source", "seal tag", "fingerprint")}
    assert len({*found, OTHER.digest("subject", b"ann"), KEY.digest("subject", b"bob")}) == 6


def test_a_fingerprint_is_of_the_key_alone():
    assert KEY.fingerprint == keyed(b"fingerprint", b"", 16).hex()
    assert Key(KEY.secret, 3).fingerprint == KEY.fingerprint != OTHER.fingerprint


@pytest.mark.parametrize(
    ("content", "same", "length"),
    [
        (b"secret", True, 6),
        (b"secret\n", True, 6),
        (b"secret\r\n\n", True, 6),
        (b"secret ", False, 7),
        (b"\nsecret", False, 7),
    ],
)
def test_a_key_is_the_content_of_its_file_without_the_ends_of_lines_at_the_end(
    tmp_path, content, same, length
):
    (tmp_path / "key").write_bytes(content)
    key = key_of(BuildConfig(pseudonymize=str(tmp_path / "key")))
    assert key.length == length
    assert (key.secret == hashlib.blake2b(b"secret", digest_size=64).digest()) == same
    assert repr(key) == f"Key({length} bytes)"


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n"])
def test_an_empty_file_is_no_key(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(
        ArgumentError, match=r"pseudonymize: expected a file with a key, got '.*key': it is empty$"
    ):
        key_of(BuildConfig(pseudonymize=str(tmp_path / "key")))


def test_no_key_is_asked_for_by_default_and_a_folder_is_none(tmp_path):
    assert key_of(BuildConfig()) is None
    with pytest.raises(ArgumentError, match=r"pseudonymize: expected a file with a key.*Is a directory"):
        key_of(BuildConfig(pseudonymize=str(tmp_path)))


def test_a_subject_has_one_pseudonym_a_data_set(tmp_path):
    items = [source("a", subject="ann", dataset="x"), source("b", subject="ann", dataset="x", session="2")]
    items += [
        source("c", subject="ann", dataset="y"),
        source("d", subject="bob", dataset="x"),
        source("e", subject=None),
    ]
    found = [item.subject for item in pseudonymous(catalog(*items), KEY).sources]
    assert found[0] == keyed(b"subject", b"x\0ann", 16).hex()
    assert found[0] == found[1]
    assert len(set(found)) == 4
    assert found[4] is None


def test_all_but_subjects_stays_and_broken_files_have_them_too():
    items = catalog(
        source("a", subject="ann"), broken=[(source("b", subject="ann"), "gone")], notes=["A note."]
    )
    hidden = pseudonymous(items, KEY)
    assert hidden.broken[0][0].subject == hidden.sources[0].subject != "ann"
    assert (hidden.broken[0][1], hidden.layout, hidden.notes) == ("gone", items.layout, ("A note.",))
    assert (hidden.sources[0].path, hidden.sources[0].source_id) == ("a", items.sources[0].source_id)
    assert pseudonymous(items, None) is items


@pytest.mark.parametrize(("length", "said"), [(1, True), (15, True), (16, False), (64, False)])
def test_a_key_shorter_than_sixteen_bytes_is_said(length, said):
    notes = pseudonymous(catalog(notes=["First."]), Key(b"k" * 64, length)).notes
    words = f"The key has {length} bytes; from 16 on, nobody can find it by trying."
    assert notes == ("First.", *([words] if said else []))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(TEXTS)
def test_a_sealed_name_is_a_tag_and_the_name_xor_a_keystream(text):
    closed = seal(text)
    assert closed.startswith("sealed:")
    assert len(closed) == len("sealed:") + 2 * (16 + len(text.encode()))
    assert unsealed(closed) == text
    assert unseal(closed) == text
    assert unseal(closed, OTHER) == closed


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 129, 300])
def test_names_of_any_length_open_again(length):
    name = "é" * (length // 2) + "a" * (length % 2)
    assert unseal(seal(name)) == name


def test_a_changed_seal_is_not_opened():
    closed = seal("live/ann.mp4")
    digits = len("sealed:")
    for at in range(digits, len(closed), 5):
        changed = closed[:at] + ("0" if closed[at] != "0" else "1") + closed[at + 1 :]
        assert unseal(changed) == changed
    for odd in (
        closed[:-2],
        closed + "00",
        closed[digits:],
        "sealed:",
        "sealed:zz",
        "sealed:00",
        "live/a.mp4",
    ):
        assert unseal(odd) == odd


def test_all_texts_of_a_shard_that_may_hold_a_name_are_sealed_and_no_other():
    item = source("live/a.mp4", subject="s1", boxes="live/a.face")
    lost = failure(source("live/b.mp4"), "duplicate", detail="same content as 'live/a.mp4'", attempts=2)
    (closed,) = sealed((ShardPlan("train-0", "train", (item, source("live/c.mp4")), (lost,), "5e77"),), KEY)
    assert [unsealed(s.path) for s in closed.sources] == ["live/a.mp4", "live/c.mp4"]
    assert (unsealed(closed.sources[0].boxes), closed.sources[1].boxes) == ("live/a.face", None)
    assert (unsealed(closed.known[0].source_path), unsealed(closed.known[0].detail)) == (
        "live/b.mp4",
        lost.detail,
    )
    assert (closed.sources[0].subject, closed.sources[0].source_id) == ("s1", item.source_id)
    assert (closed.name, closed.settings, closed.known[0].reason, closed.known[0].attempts) == (
        *("train-0", "5e77", "duplicate", 2),
    )
    assert sealed((closed,), None) == opened((closed,), None) == (closed,)


def test_a_clip_loses_the_names_of_its_files_and_a_row_has_none():
    whole = replace(clip(source("live/ann.mp4", boxes="ann.face", subject="5e77")), bytes_digest="ab" * 32)
    shown = nameless(whole, KEY)
    assert shown.bytes_digest == keyed(b"content", b"ab" * 32, 16).hex()
    parts = (keyed(b"content", part, 16).hex() for part in (b"ab", b"cd"))
    assert pseudonym.keyed("ab.cd", KEY) == ".".join(parts)
    assert pseudonym.keyed("ab.cd", None) == "ab.cd"
    assert (shown.source.path, shown.source.boxes, shown.source.subject) == ("", None, "5e77")
    assert shown.clip_id == whole.clip_id
    row = {"clip_id": "1", "source_path": None}
    assert nameless(row, KEY) is row


@pytest.mark.parametrize(
    ("path", "detail", "shown"),
    [
        ("live/ann/1.mp4", "damaged: 'live/ann/1.mp4'", "damaged: <name>"),
        ("live/ann/1.mp4", 'damaged: "any thing"', "damaged: <name>"),
        ("live/ann/1.mp4", "see bob.MOV, x.jpeg and y.h5", "see <name>, <name> and <name>"),
        ("live/ann/1.mp4", "ann moved", "<name> moved"),
        ("a/bo/1.mp4", "bo is short; a too", "bo is short; a too"),  # two letters are in any word
        ("a/bob/bobby.avi", "bobby and bob", "<name> and <name>"),  # the longer part first
        ("a/1.mp4", "no face in 8 frames", "no face in 8 frames"),
        ("a/1.mp4", "a.txt is no medium", "a.txt is no medium"),
        ("", "no face", "no face"),
    ],
)
def test_words_about_a_failure_name_no_file(path, detail, shown):
    hidden = nameless_failure(failure(source(path), "unreadable", detail=detail, attempts=4))
    assert (hidden.detail, hidden.source_path) == (shown, "")
    assert (hidden.reason, hidden.attempts, hidden.source_id) == ("unreadable", 4, source(path).source_id)


@pytest.mark.parametrize(
    ("path", "detail", "told"),
    [
        ("live/ann/1.mp4", "file is longer than planned", "file is longer than planned"),
        ("live/nam/1.mp4", "damaged: '1.mp4'", "damaged: <name>"),
        ("live/ann_01/1.mp4", "in ann_01-2 nothing", "in <name>-2 nothing"),
        ("live/ann/1.mp4", "x_ann_y", "x_<name>_y"),
    ],
)
def test_names_are_hidden_as_words_and_leave_no_hole_in_others(path, detail, told):
    failure = Failure("1", path, "train", "probe", "unreadable", detail)
    assert nameless_failure(failure).detail == told
