"""Addresses without the keys that they may hold, so that these reach no message, no log and no file."""

from __future__ import annotations

import re

_HIDDEN = "***"
_ADDRESS = re.compile(r"""(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]+)(:/{1,2})([^\s'"<>]+)""")
"""With one slash too: a path in place of an address joins the two."""
_MARK = re.compile(r"[?#]")
_PORT = re.compile(r"[^:@]+:\d+")
_CONTAINERS = frozenset({"abfs", "abfss", "wasb", "wasbs"})
"""Schemes in which a name before ``@`` is that of a container."""


def without_credentials(text: str) -> str:
    """A text in which every address is safe to print and to keep: no user, no password, no query with values.

    Parameters
    ----------
    text : str
        An address, or any text that may hold some.

    Returns
    -------
    str

    Examples
    --------
    >>> without_credentials("s3://KEY:SECRET@bucket/raw cannot be listed")
    's3://***@bucket/raw cannot be listed'
    >>> without_credentials("https://example.org/raw?token=abc")
    'https://example.org/raw?***'
    """
    if ":/" not in text:
        return text
    return _ADDRESS.sub(lambda match: match[1] + match[2] + _without_secrets(match[1], match[3]), text)


def holds_keys(address: str) -> bool:
    """Whether an address names a user with a password, or a key with its secret."""
    return ":" in _split(address.partition("://")[2])[0]


def told(error: BaseException, address: str) -> str:
    """The first line of what an error says, without the secrets of `address`, which a client may tell apart from it."""
    words = (str(error).splitlines() or [""])[0]
    for secret in _secrets_of(address):
        words = words.replace(secret, _HIDDEN)
    return without_credentials(words)


def cause_of(error: Exception, address: str) -> Exception | None:
    """The error, to stand in a traceback as the cause of another, unless it tells a secret of `address`."""
    text = str(error)
    tells = without_credentials(text) != text or any(secret in text for secret in _secrets_of(address))
    return None if tells else error


def _without_secrets(scheme: str, rest: str) -> str:
    """What follows ``scheme://``, with secrets replaced."""
    user, place, query = _split(rest)
    if user and not (scheme.lower() in _CONTAINERS and ":" not in user):
        place = f"{_HIDDEN}@{place}"
    elif user:
        place = f"{user}@{place}"
    if "=" in query:
        return f"{place}{query[0]}{_HIDDEN}"
    return place + query


def _split(rest: str) -> tuple[str, str, str]:
    """User, place and query or fragment, with its mark, of what follows ``scheme://``.

    Secrets may hold a slash or a question mark: where a colon comes first that is no port's, all up to the last
    ``@`` is the user.
    """
    end = _MARK.search(rest)
    place = rest[: end.start()] if end else rest
    first = place.partition("/")[0]
    if ":" in first and "@" not in place and _PORT.fullmatch(first) is None:
        place = rest  # up to its last "@", which may stand behind the mark
    user, at, _ = place.rpartition("@") if ":" in first else first.rpartition("@")
    left = rest[len(user) + 1 :] if at else rest
    end = _MARK.search(left)
    return user, left[: end.start()] if end else left, left[end.start() :] if end else ""


def _secrets_of(address: str) -> list[str]:
    """The parts of an address that must not be shown, longest first."""
    scheme, _, rest = address.partition("://")
    user, _, query = _split(rest)
    named = "" if scheme.lower() in _CONTAINERS and ":" not in user else user
    values = [value for part in query[1:].split("&") if (value := part.partition("=")[2])]
    parts = {named, named.partition(":")[2], *values, *([query[1:]] if values else [])} - {""}
    return sorted(parts, key=len, reverse=True)
