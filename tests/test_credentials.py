"""No key of an address reaches what people or programs read."""

from __future__ import annotations

import traceback

import pytest

from specaug.credentials import cause_of, holds_keys, told, without_credentials
from specaug.errors import ArgumentError, MediaError, SpecaugError

SECRETS = ("SECRET", "KEY", "TOKEN")
ADDRESSES = [
    ("s3://KEY:SECRET@bucket/raw", "s3://***@bucket/raw"),
    ("s3://KEY:SEC/RET+SECRET=@bucket/a b", "s3://***@bucket/a b"),
    ("s3://KEY:SECRET@bucket/who@home.mp4", "s3://***@home.mp4"),  # a secret may hold both, so more is hidden
    ("https://TOKEN@host/raw", "https://***@host/raw"),
    ("https://host:8080/raw?token=SECRET&x=KEY", "https://host:8080/raw?***"),
    ("https://u:SECRET@host/raw?X-Amz-Signature=SECRET", "https://***@host/raw?***"),
    ("sftp://ann:SECRET@host/x", "sftp://***@host/x"),
    ("abfs://container:SECRET@account/x", "abfs://***@account/x"),
    ("simplecache::s3://KEY:SECRET@bucket/x", "simplecache::s3://***@bucket/x"),
    ("s3:/KEY:SECRET@bucket/raw", "s3:/***@bucket/raw"),  # as a path has it
    ("ftp://ann:SEC?RET=SECRET@host/x", "ftp://***@host/x"),
    ("ftp://ann:SEC#SECRET@host/x?a=KEY", "ftp://***@host/x?***"),
    ("https://host/raw#access_token=SECRET", "https://host/raw#***"),
]
OPEN = [
    "s3://bucket/raw",
    "s3://bucket/who@home.mp4",
    "s3://bucket/a:b/c.mp4",
    "s3://bucket/what?.mp4",
    "abfs://container@account.dfs.core.windows.net/raw",
    "http://127.0.0.1:5000/raw",
    "https://host/raw#part",
    "memory://raw",
    "/data/who@home/a:b",
    "C:/raw/a@b",
    "no address: at all",
]


@pytest.mark.parametrize(("address", "shown"), ADDRESSES)
def test_keys_of_an_address_are_hidden(address, shown):
    assert without_credentials(address) == shown
    assert without_credentials(shown) == shown
    message = f"RAW: expected a folder, got {address!r}; use another"
    assert without_credentials(message) == f"RAW: expected a folder, got {shown!r}; use another"


@pytest.mark.parametrize("address", OPEN)
def test_what_holds_no_key_is_shown_whole(address):
    assert without_credentials(address) == address


@pytest.mark.parametrize(("address", "shown"), ADDRESSES)
def test_no_error_of_ours_tells_a_key(address, shown):
    for error in (
        SpecaugError(f"x {address!r}"),
        ArgumentError(address),
        MediaError("probe", "unreadable", address),
    ):
        text = "".join(traceback.format_exception_only(error)) + getattr(error, "detail", "")
        assert not any(secret in text for secret in SECRETS)


def test_errors_keep_other_arguments():
    assert SpecaugError("a", 3).args == ("a", 3)
    assert SpecaugError().args == ()


@pytest.mark.parametrize(
    ("address", "words", "expected"),
    [
        (
            "s3://KEY:SECRET@bucket/x",
            "Invalid bucket name KEY:SECRET@bucket\nmore",
            "Invalid bucket name ***@bucket",
        ),
        ("s3://KEY:SECRET@bucket/x", "SECRET is wrong", "*** is wrong"),
        ("https://h/x?token=SECRET", "GET /x?token=SECRET failed", "GET /x?*** failed"),
        ("https://h/x?token=SECRET", "SECRET expired", "*** expired"),
        ("s3://bucket/x", "no such bucket", "no such bucket"),
    ],
)
def test_what_a_client_says_tells_no_key_either(address, words, expected):
    error = ValueError(words)
    assert told(error, address) == expected
    assert (cause_of(error, address) is error) == (expected == words)
    assert told(ValueError(), address) == ""


def test_keys_are_a_user_with_a_password():
    assert holds_keys("s3://KEY:SECRET@bucket/x")
    assert holds_keys("s3://KEY:SEC/RET@bucket/x")
    assert not holds_keys("sftp://ann@host/x")
    assert not holds_keys("s3://bucket/a:b@c")
