"""Plant faults in decisions, one at a time, and see whether the tests notice.

    make mutants                                  # all of them
    python benchmarks/mutants.py --only loader    # those whose file or name holds a word

The faults are listed in ``mutants.toml``. Each changes a few words in a copy of the tree, where the tests that are
named for it run. A mutant that survives is a decision that nothing nails. Prints a line for each and killed/total;
writes results/mutants.json; ends with 1 if one survives. A mutant whose text is no longer in the code is an error: mend
the list, ``tests/test_mutants.py`` checks it too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from results import save

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "benchmarks/mutants.toml"
LONGEST = 600
"""Seconds after which tests that a fault made hang count as failed."""
COPIED = ("specaug", "cli", "tests", "docs", "conftest.py", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Mutant:
    """One planted fault."""

    name: str
    """The decision that it breaks."""
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def read_mutants() -> list[Mutant]:
    """The list, each checked against the tree: its text is there exactly once."""
    tables = tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]
    mutants = [Mutant(**{**table, "tests": tuple(table["tests"])}) for table in tables]
    for mutant in mutants:
        count = (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old)
        if count != 1:
            raise SystemExit(
                f"{mutant.name}: expected {mutant.old!r} once in {mutant.file}, got {count} times"
            )
    return mutants


def is_killed(mutant: Mutant, tree: Path) -> bool:
    """Whether a named test fails with the fault in place; the copy is mended afterwards."""
    path = tree / mutant.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return run_tests(tree, mutant.tests) == 1
    finally:
        path.write_text(sound, encoding="utf-8")


def run_tests(tree: Path, tests: tuple[str, ...]) -> int:
    """Exit status of pytest: 0 all passed, 1 some failed or took too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    paths = os.pathsep.join([str(tree), str(tree / "cli")])  # before the installed checkout
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return 1
    if done.returncode not in (0, 1):
        raise SystemExit(
            f"pytest ended with {done.returncode} for {tests}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.returncode


def main() -> None:
    """Plant, test, tell."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a word in the name or the file of the mutants to plant")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    asked = parser.parse_args()
    mutants = [m for m in read_mutants() if asked.only in m.name or asked.only in m.file]
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(asked.jobs):
            trees.put(copied(Path(folder) / str(number)))
        tree = trees.get()
        if run_tests(tree, tuple(sorted({test for m in mutants for test in m.tests}))):
            raise SystemExit("the tests fail without any fault planted")
        trees.put(tree)

        def tried(mutant: Mutant) -> bool:
            tree = trees.get()
            try:
                killed = is_killed(mutant, tree)
            finally:
                trees.put(tree)
            print(f"{'killed  ' if killed else 'SURVIVED'}  {mutant.name}  ({mutant.file})", flush=True)
            return killed

        with ThreadPoolExecutor(asked.jobs) as pool:
            killed = list(pool.map(tried, mutants))
    print(f"{sum(killed)}/{len(killed)} killed")
    if not asked.only:
        outcome = {
            m.name: ("killed" if dead else "survived") for m, dead in zip(mutants, killed, strict=True)
        }
        save(
            "mutants",
            {"killed": sum(killed), "total": len(killed), "mutants": outcome},
            "pytest",
            "hypothesis",
        )
    raise SystemExit(not all(killed))


def copied(tree: Path) -> Path:
    """A copy of what the tests need."""
    ignore = shutil.ignore_patterns("__pycache__", "_build")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignore)
        else:
            shutil.copy(source, tree / name)
    return tree


if __name__ == "__main__":
    main()
