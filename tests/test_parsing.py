"""Texts that may hold anything become values or a ValueError, in little time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.parsing import MAX_LEVELS, parse_json, parse_json_lines, parse_toml

DEEP = 100_000
JSON_TEXTS = {
    "lists": "[" * DEEP + "]" * DEEP,
    "lists without ends": "[" * DEEP,
    "objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "both": '[{"a":' * DEEP,
}
TOML_TEXTS = {
    "lists": "a=" + "[" * DEEP + "]" * DEEP,
    "tables": "a=" + "{b=" * DEEP,
    "a header": "[" + "a." * DEEP + "b]",
    "a header of a list": "[[" + "a." * DEEP + "b]]",
    "a key": "a." * DEEP + "b = 1",
    "a key with blanks": "a . " * DEEP + "b = 1",
    "a quoted key": '"a".' * DEEP + "b = 1",
    "brackets": "[" * DEEP,
}


@pytest.mark.parametrize("how", JSON_TEXTS)
def test_json_of_a_hundred_thousand_levels_is_a_value_error(how):
    with pytest.raises(ValueError, match="expected at most 64 levels"):
        parse_json(JSON_TEXTS[how])


@pytest.mark.parametrize("how", TOML_TEXTS)
def test_toml_of_a_hundred_thousand_levels_is_a_value_error(how):
    with pytest.raises(ValueError, match=r"expected at most 64 levels|at line"):
        parse_toml(TOML_TEXTS[how])


@pytest.mark.parametrize("levels", [1, MAX_LEVELS, MAX_LEVELS + 1, 900])
def test_sixty_four_levels_are_read_and_no_more(levels):
    lists = "[" * levels + "]" * levels
    tables = "".join(f"[{'.'.join('a' * n)}]\n" for n in range(1, levels))
    for parse, text in (
        (parse_json, lists),
        (parse_json, '{"a":' * levels + "1" + "}" * levels),
        (parse_toml, tables),
    ):
        if levels <= MAX_LEVELS:
            parse(text)
        else:
            with pytest.raises(ValueError, match="levels"):
                parse(text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(PLAIN)
def test_ordinary_json_is_read_as_ever(value):
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff\xfe\xfa", "nothing"])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        'path = "a.b/c.d/e.f"',
        "a.b.c = 1",
        f'text = "{"one. two. three. " * 3}"',
        f"long = {'1' * 4000}",
        f"# {'-' * 100_000}",
        f"{'x' * 100_000} = 1",
        f"text = '''\n{'line.' * 50}'''",
    ],
)
def test_ordinary_toml_is_read_as_ever(text):
    assert len(parse_toml(text)) <= 1


def test_lines_are_read_one_by_one():
    assert parse_json_lines('{"a": 1}\n[]\n') == [{"a": 1}, []]
