"""Pictures in a notebook: which ones are shown, how they are encoded, and that text stays text."""

from __future__ import annotations

import base64
import re

import pytest

from specaug.html_repr import pictures_html

PNG, JPEG, WEBP = b"\x89PNG\r\n\x1a\nrest", b"\xff\xd8\xff\xe0rest", b"RIFF\0\0\0\0WEBPrest"


def shown(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'alt="frame (\d+)"', html)]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, []),
        (1, [0]),
        (8, list(range(8))),
        (9, [0, 2, 4, 6, 8]),
        (16, list(range(0, 16, 2))),
        (17, [0, 3, 6, 9, 12, 15]),
        (1000, list(range(0, 1000, 125))),
    ],
)
def test_at_most_eight_pictures_at_even_steps_from_the_first(n, expected):
    html = pictures_html("t", [PNG] * n, {})
    assert shown(html) == expected
    assert html.count("<img") == len(expected) <= 8


@pytest.mark.parametrize(("data", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")])
def test_a_picture_is_named_by_its_first_bytes_and_kept_whole(data, kind):
    (found,) = re.findall(r'src="data:([^;]+);base64,([^"]*)"', pictures_html("t", [data], {}))
    assert found[0] == kind
    assert base64.b64decode(found[1], validate=True) == data


@pytest.mark.parametrize("data", [b"", b"\0" * 99, b"\x89PNG", b"\xff\xd8", b"GIF89a", b" RIFF", b"<svg/>"])
def test_other_bytes_are_counted_and_not_shown(data):
    html = pictures_html("t", [PNG, data, PNG], {})
    assert shown(html) == [0, 2]


def test_facts_keep_their_order_and_what_is_none_is_left_out():
    html = pictures_html("t", [], {"b": 0, "gone": None, "a": "", "c": False})
    assert re.findall("<th>(.*?)</th><td>(.*?)</td>", html) == [("b", "0"), ("a", ""), ("c", "False")]


def test_title_names_and_values_are_escaped():
    evil = "<script>\"'&"
    html = pictures_html(evil, [], {evil: evil})
    safe = "&lt;script&gt;&quot;&#x27;&amp;"
    assert html == f"<b>{safe}</b><div></div><table><tr><th>{safe}</th><td>{safe}</td></tr></table>"
