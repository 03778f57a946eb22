"""What the tests of supervised workers share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specaug.isolate import SupervisedWorker
from specaug.records import Failure, Source

HERE = Path(__file__).parent
Make = Callable[..., SupervisedWorker]


def source(name: str) -> Source:
    return Source(name, "bonafide", source_id=f"id of {name}", split="dev")


def facts(worker: SupervisedWorker, name: str = "plain") -> dict[str, Any]:
    """What a source that behaves well saw of its process."""
    (outcome,) = worker.extract(source(name))
    assert isinstance(outcome, Failure)
    assert outcome.reason == "no_face", outcome
    return json.loads(outcome.detail)  # type: ignore[no-any-return]


def exists(pid: int) -> bool:
    """The process is there, alive or as a zombie."""
    return Path(f"/proc/{pid}").exists()


def wait_until_gone(pid: int) -> None:
    """Wait until a process that is nobody's child, or init's, has ended; one that stays fails the test."""
    for _ in range(200):
        if not exists(pid) or state(pid) == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


def state(pid: int) -> str:
    """One letter as in ps; Z where it ended and nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
