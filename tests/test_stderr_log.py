"""``--verbose``: what the library logs, on stderr, of the processes that it starts too."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from specaug.stderr_log import log_to_stderr, stderr_log_level


@pytest.fixture
def untouched():
    """The logger of specaug as it was, afterwards."""
    logger = logging.getLogger("specaug")
    level, handlers = logger.level, list(logger.handlers)
    yield logger
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_nothing_is_set_up_unless_asked(untouched):
    log_to_stderr(logging.NOTSET)
    assert (untouched.handlers, stderr_log_level()) == ([], logging.NOTSET)


def test_a_level_of_the_users_own_is_not_handed_to_workers(untouched):
    untouched.setLevel(logging.INFO)
    assert stderr_log_level() == logging.NOTSET


def test_a_line_comes_once_and_from_the_level_on(untouched, capsys):
    log_to_stderr(logging.INFO)
    log_to_stderr(logging.WARNING)
    assert stderr_log_level() == logging.WARNING
    logging.getLogger("specaug.x").info("quiet")
    logging.getLogger("specaug.x").warning("loud %d", 1)
    assert capsys.readouterr().err == "WARNING specaug.x: loud 1\n"


@pytest.mark.parametrize("place", ["before", "after"])
def test_verbose_shows_the_log_of_the_builder_and_of_its_workers(place, tmp_path):
    for name in ("train/live/ann/1.mp4", "test/spoof/print/bob/2.mp4"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True)
        (tmp_path / "raw" / name).write_text(name)
    words = ["build-dataset", "raw", "out", "-q", "-j", "2"]
    words = ["-v", *words] if place == "before" else [*words, "--verbose"]
    done = subprocess.run(
        [sys.executable, "-m", "specaug_cli", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "INFO specaug.pipeline.scanning: layout folders: 2 sources" in done.stderr
    assert done.stderr.count("DEBUG specaug.pipeline.shard: building ") == 2
    assert "DEBUG" not in done.stdout
