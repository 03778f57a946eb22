"""Fields of a record from plain values: which value fits which annotation, and what a message says where none does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from specaug.augment.recipes.steps import Step
from specaug.checked_fields import (
    check_fields,
    checked_record,
    did_you_mean,
    record_from,
    settings_of_file,
)
from specaug.errors import ArgumentError


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(f"x: expected no negative number, got {self.x}")


@dataclass(frozen=True)
class Everything:
    """One field of each kind that a record may have."""

    number: float = 1.5
    count: int = 1
    text: str = "a"
    switch: bool = False
    choice: Literal["round", "square", 8] = "round"
    maybe: float | None = 2.0
    either: int | str = 0
    span: tuple[float, float] = (0.0, 1.0)
    whole: tuple[int, int] = (0, 1)
    shape: tuple[float, float] | None = None
    loose: tuple[float, float] = field(default=(0.0, 1.0), metadata={"unordered": True})
    triple: tuple[float, float, float] = (3.0, 2.0, 1.0)
    odd: tuple[int, str] = (1, "b")
    many: tuple[float, ...] = (1.0,)
    words: tuple[Literal["dots", "grain"], ...] = ("dots",)
    spans: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    point: Point = Point(1.0)
    anything: Any = None


def made(name: str, value: Any) -> Any:
    return getattr(record_from(Everything, {name: value}, where="here"), name)


def test_what_is_left_out_keeps_its_default():
    assert record_from(Everything, {}, where="here") == Everything()
    assert record_from(Everything, {"count": 7}, where="here") == Everything(count=7)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", 2, 2.0),
        ("number", -0.5, -0.5),
        ("count", 3, 3),
        ("text", "", ""),
        ("switch", True, True),
        ("choice", "square", "square"),
        ("choice", 8, 8),
        ("maybe", None, None),
        ("maybe", 3, 3.0),
        ("either", 4, 4),
        ("either", "four", "four"),
        ("span", [1, 2.5], (1.0, 2.5)),
        ("span", (2, 2), (2.0, 2.0)),
        ("whole", [3, 3], (3, 3)),
        ("shape", None, None),
        ("shape", [2.0, 0.5], (2.0, 0.5)),
        ("loose", [2.0, 0.5], (2.0, 0.5)),
        ("triple", [3, 1, 2], (3.0, 1.0, 2.0)),
        ("odd", [2, "x"], (2, "x")),
        ("many", [4], (4.0,)),
        ("many", [3, 1, 2, 1], (3.0, 1.0, 2.0, 1.0)),
        ("words", ["grain", "dots", "grain"], ("grain", "dots", "grain")),
        ("spans", [[1, 2], [4, 3]], ((1.0, 2.0), (4.0, 3.0))),
        ("point", {"x": 2}, Point(2.0, 0.0)),
        ("anything", [{"a": 1}], [{"a": 1}]),
    ],
)
def test_a_value_that_fits_becomes_the_annotated_kind(name, value, expected):
    result = made(name, value)
    assert result == expected
    assert type(result) is type(expected)
    if isinstance(result, tuple):
        assert [type(item) for item in result] == [type(item) for item in expected]


NUMBER, WHOLE, TEXT = "a number", "a whole number", "a text"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", "1", NUMBER),
        ("number", True, NUMBER),
        ("number", None, NUMBER),
        ("number", [1.0], NUMBER),
        ("count", 2.0, WHOLE),
        ("count", True, WHOLE),
        ("count", "2", WHOLE),
        ("text", 3, TEXT),
        ("text", ["a"], TEXT),
        ("switch", 1, "true or false"),
        ("switch", "true", "true or false"),
        ("choice", "oval", "one of round, square, 8"),
        ("choice", ["round"], "one of round, square, 8"),
        ("maybe", "none", NUMBER),
        ("either", 2.5, "a whole number or a text"),
        ("span", 1.0, "2 values, each a number"),
        ("span", [1.0], "2 values, each a number"),
        ("span", [1.0, 2.0, 3.0], "2 values, each a number"),
        ("span", [], "2 values, each a number"),
        ("span", [0.0, "1"], "2 values, each a number"),
        ("span", "ab", "2 values, each a number"),
        ("span", {"low": 0.0, "high": 1.0}, "2 values, each a number"),
        ("whole", [1, 2.0], "2 values, each a whole number"),
        ("shape", [1.0], "2 values, each a number"),
        ("triple", [1.0, 2.0], "3 values, each a number"),
        ("odd", ["x", 2], "2 values, each a text or a whole number"),
        ("many", [], "a list of a number"),
        ("many", 3.0, "a list of a number"),
        ("many", [1.0, None], "a list of a number"),
        ("words", ["dots", "lines"], "a list of one of dots, grain"),
        ("spans", [[1.0, 2.0], [1.0]], "a list of 2 values, each a number"),
    ],
)
def test_a_value_of_another_kind_is_named_with_what_was_expected(name, value, expected):
    with pytest.raises(ArgumentError) as caught:
        made(name, value)
    assert str(caught.value) == f"here.{name}: expected {expected}, got {value!r}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "value"), [("span", [1.0, 0.5]), ("whole", [2, 1]), ("span", [0.0, -1e-9]), ("span", [2, 1.5])]
)
def test_a_range_has_its_lower_limit_first(name, value):
    with pytest.raises(ArgumentError) as caught:
        made(name, value)
    assert str(caught.value) == f"here.{name}: expected lower and upper limit, got {value!r}"


@pytest.mark.parametrize("values", [3, None, "number = 1", [("number", 1.0)], {"number"}])
def test_only_a_mapping_holds_fields(values):
    with pytest.raises(ArgumentError, match=r"^here: expected a table, got "):
        record_from(Everything, values, where="here")


def test_the_first_of_several_unknown_fields_is_named_with_all_that_there_are():
    with pytest.raises(ArgumentError, match=r"^here: expected some of x, y, got 'alpha'$"):
        record_from(Point, {"zeta": 1, "x": 1.0, "alpha": 2}, where="here")


@pytest.mark.parametrize("name", ["__post_init__", "__class__", "", "X", "x "])
def test_only_the_exact_name_of_a_field_is_a_field(name):
    with pytest.raises(ArgumentError, match="expected some of x, y"):
        record_from(Point, {"x": 1.0, name: 1.0}, where="here")


def test_an_unknown_field_is_named_before_a_wrong_value():
    with pytest.raises(ArgumentError, match="got 'z'"):
        record_from(Point, {"x": "left", "z": 1}, where="here")


def test_what_the_record_itself_refuses_is_told_with_the_place():
    with pytest.raises(ArgumentError, match=r"^here: x: expected no negative number, got -1.0$") as caught:
        record_from(Point, {"x": -1}, where="here")
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_field_without_a_default_must_be_there():
    with pytest.raises(ArgumentError, match=r"^here: .*missing 1 required positional argument: 'x'"):
        record_from(Point, {"y": 1.0}, where="here")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"x": "left"}, "Point.x: expected a number, got 'left'"),
        ({"z": 1.0}, "Point: expected some of x, y, got 'z'"),
        ({"x": -2.0}, "Point: x: expected no negative number, got -2.0"),
        (4, "here.point: expected Point, got 4"),
    ],
)
def test_a_record_within_a_record_is_checked_under_its_own_name(value, message):
    with pytest.raises(ArgumentError) as caught:
        made("point", value)
    assert str(caught.value) == message


@dataclass(frozen=True)
class Checked:
    """A record that checks itself."""

    count: int = 1
    number: float = 0.5
    switch: bool = False
    text: str = "a"
    file: str | Path | None = None
    span: tuple[float, float] = (0.0, 1.0)
    shares: tuple[float, float] | None = field(default=None, metadata={"expected": "two shares"})
    choice: Literal["round", "square"] = "round"
    names: tuple[str, ...] = ()
    window: Literal["hann"] | None = None
    origin: Literal["captured", "synthetic"] | Literal["all"] = "all"
    call: Callable[[int], int] | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("count", np.int64(3), 3),
        ("count", np.uint8(3), 3),
        ("number", np.float32(0.5), 0.5),
        ("number", np.float64(0.5), 0.5),
        ("number", np.int32(2), 2.0),
        ("number", 2, 2.0),
        ("switch", np.bool_(True), True),
        ("text", Path("a/b"), "a/b"),
        ("file", Path("a/b"), "a/b"),
        ("span", [0, 2], (0.0, 2.0)),
        ("shares", [0.5, 0.25], (0.5, 0.25)),
        ("names", [], ()),
        ("names", ["a"], ("a",)),
        ("call", abs, abs),
    ],
)
def test_what_stands_for_the_annotated_kind_becomes_it(name, value, expected):
    held = getattr(Checked(**{name: value}), name)
    assert (held, type(held)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", np.float64(3.0), "count: expected a whole number, got np.float64(3.0)"),
        ("count", np.bool_(True), "count: expected a whole number, got np.True_"),
        ("count", b"3", "count: expected a whole number, got b'3'"),
        ("count", np.array([3]), "count: expected a whole number, got array([3])"),
        ("count", None, "count: expected a whole number, got None"),
        ("number", math.nan, "number: expected a number, got nan"),
        ("number", -math.inf, "number: expected a number, got -inf"),
        ("number", 10**400, f"number: expected a number, got 1{'0' * 78}…"),
        ("number", 1j, "number: expected a number, got 1j"),
        ("number", np.array([0.5, 1.0]), "number: expected a number, got array([0.5, 1. ])"),
        ("number", np.bool_(False), "number: expected a number, got np.False_"),
        ("switch", 0, "switch: expected true or false, got 0"),
        ("text", b"a", "text: expected a text, got b'a'"),
        ("file", b"a", "file: expected a text or a path, got b'a'"),
        ("file", 3, "file: expected a text or a path, got 3"),
        ("span", "01", "span: expected 2 values, each a number, got '01'"),
        ("span", (1.0, 0.0), "span: expected lower and upper limit, got (1.0, 0.0)"),
        ("shares", (1.0,), "shares: expected two shares, got (1.0,)"),
        ("names", "warp", "names: expected a list of a text, got 'warp'"),
        ("call", 3, "call: expected a function, got 3"),
        ("window", "hamming", "window: expected 'hann', got 'hamming'"),
        ("origin", "real", "origin: expected one of captured, synthetic, all, got 'real'"),
        ("choice", "Squared", "choice: expected one of round, square, got 'Squared'; did you mean 'square'?"),
    ],
)
def test_a_record_that_checks_itself_names_the_field(name, value, message):
    with pytest.raises(ArgumentError) as caught:
        Checked(**{name: value})
    assert str(caught.value) == message


def test_a_record_whose_fields_fit_is_the_same_and_another_is_a_copy():
    good, other = Everything(), Everything(number=2, many=[1, 2])
    assert checked_record(good) is good
    assert checked_record(other) == Everything(number=2.0, many=(1.0, 2.0))
    assert other.many == [1, 2]


def test_settings_of_a_file_have_dashes_or_underscores(tmp_path: Path):
    file = tmp_path / "s.toml"
    file.write_text('count = 4\n"span" = [1, 2]\n')
    assert settings_of_file(Checked, file) == {"count": 4, "span": (1.0, 2.0)}
    file.write_text('"in-source-px" = true\nprobability = 1\n')
    assert settings_of_file(Step, file) == {"in_source_px": True, "probability": 1.0}


@pytest.mark.parametrize(
    ("value", "choices", "told"),
    [
        ("epoch", ["epochs", "seed"], "; did you mean 'epochs'?"),
        ("BATCH-size", ["batch_size"], "; did you mean 'batch_size'?"),
        ("x", ["epochs"], ""),
        (3, ["3"], ""),
        (None, ["none"], ""),
        ("a_b", ["a-b", "a_b"], "; did you mean 'a-b'?"),
    ],
)
def test_the_name_that_was_meant_is_the_one_that_is_spelled_most_alike(value, choices, told):
    assert did_you_mean(value, choices) == told
