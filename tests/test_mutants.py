"""The list of planted faults fits the code: each can be planted, and the tests that shall notice it exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MUTANTS = tomllib.loads((ROOT / "benchmarks/mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["name"])
def test_a_fault_can_be_planted_and_its_tests_exist(mutant):
    assert set(mutant) == {"name", "file", "old", "new", "tests"}
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert text.count(mutant["old"]) == 1
    planted = text.replace(mutant["old"], mutant["new"])
    assert planted != text
    compile(planted, mutant["file"], "exec")
    assert mutant["tests"]
    for test in mutant["tests"]:
        path, _, name = test.partition("::")
        held = (ROOT / path).read_text(encoding="utf-8")
        assert not name or re.search(
            rf"^ *(?:def|class) {re.escape(name.split('::')[-1])}\b", held, re.MULTILINE
        )


def test_names_are_given_once():
    assert len({mutant["name"] for mutant in MUTANTS}) == len(MUTANTS) >= 40
