"""What a child does to itself before it works: limits, signals, descriptors; looked at in one process of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specaug.isolate.limits import move_away

SCRIPT = """
import faulthandler, json, os, resource, signal, sys
from pathlib import Path
from specaug.isolate.limits import default_signals, end_with_parent, limit_memory, quiet_crashes

signal.signal(signal.SIGALRM, lambda *_: None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGUSR1])
end_with_parent(int(sys.argv[1]))
default_signals()
quiet_crashes()
facts = {
    "handlers": {n: int(signal.getsignal(getattr(signal, n))) for n in ("SIGALRM", "SIGTERM", "SIGINT")},
    "blocked": [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "faulthandler": faulthandler.is_enabled(),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "oom": int(Path("/proc/self/oom_score_adj").read_text()),
}

def status(name):
    (line,) = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith(name + ":")]
    return 1024 * int(line.split()[1])

facts["hard"] = resource.getrlimit(resource.RLIMIT_AS)[1]
before = status("VmSize"), status("VmRSS")
limit_memory(256 << 20)
facts["granted"] = resource.getrlimit(resource.RLIMIT_AS)[0] - before[0] + before[1]
facts["hard after"] = resource.getrlimit(resource.RLIMIT_AS)[1]
room = facts["granted"] - before[1]

def fits(size):
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True

facts["fits"] = [fits(room // 2), fits(room + (8 << 20)), fits(room // 2)]
resource.setrlimit(resource.RLIMIT_AS, (before[0] + (1 << 30), before[0] + (1 << 30)))
limit_memory(1 << 40)
facts["no more than hard"] = resource.getrlimit(resource.RLIMIT_AS)[0] == before[0] + (1 << 30)
print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    """What a process sees of itself after the calls that every child makes."""
    command = [sys.executable, "-c", SCRIPT, str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_the_alarm_and_a_request_to_end_need_no_python(facts):
    assert facts["handlers"] == {
        "SIGALRM": int(signal.SIG_DFL),
        "SIGTERM": int(signal.SIG_DFL),
        "SIGINT": int(signal.SIG_IGN),
    }
    assert facts["blocked"] == []


def test_a_crash_is_traced_and_leaves_no_core(facts):
    assert facts["faulthandler"]
    soft, hard = facts["core"]
    assert soft == (1 if hard else 0)
    assert hard == resource.getrlimit(resource.RLIMIT_CORE)[1]


def test_the_kernel_prefers_a_child_where_memory_ends(facts):
    inherited = int(Path("/proc/self/oom_score_adj").read_text())
    assert facts["oom"] in {500, max(500, inherited)}  # only root may lower it


def test_memory_is_limited_to_what_may_be_resident(facts):
    assert abs(facts["granted"] - (256 << 20)) < 4 << 20  # what Python maps between the two looks
    assert facts["hard after"] == facts["hard"]
    assert facts["fits"] == [True, False, True]  # refused, and the process goes on


def test_a_limit_of_the_system_is_not_exceeded(facts):
    assert facts["no more than hard"]


def test_a_child_whose_parent_is_gone_does_nothing():
    code = (
        "import sys; from specaug.isolate.limits import end_with_parent; end_with_parent(0); print('went on')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_descriptor_is_moved_and_its_place_leads_nowhere():
    read_end, write_end = os.pipe()
    standard = os.dup(read_end)  # stands for stdin
    moved = move_away(standard, standard=standard)
    os.write(write_end, b"request")
    try:
        assert moved not in (standard, read_end)
        assert not os.get_inheritable(moved)
        assert os.read(standard, 10) == b""
        assert os.write(standard, b"lost") == 4
        assert os.read(moved, 10) == b"request"
    finally:
        for handle in (read_end, write_end, standard, moved):
            os.close(handle)
