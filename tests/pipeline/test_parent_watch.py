"""However a builder ends, what it started ends with it, and the next one does not begin before."""

from __future__ import annotations

import csv
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from building import everything, scene
from processes import Build, command, kill, marked, until

from specaug.pipeline import build_dataset, lock
from specaug.records import BuildConfig
from specaug.shards import verify

FLAGS = (
    "--detector",
    "sidecar",
    "--size",
    "32",
    "--min-face",
    "16",
    "--sources-per-shard",
    "1",
    "-q",
    "-j",
    "2",
)
CONFIG = BuildConfig(detector="sidecar", size=32, min_face=16, sources_per_shard=1, jobs=1)


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """Photos with given boxes, each a shard."""
    raw = tmp_path_factory.mktemp("photos") / "raw"
    raw.mkdir()
    (raw / "boxes.face").write_text("0 40 20 80 80\n")
    with (raw / "sources.csv").open("w", newline="") as listing:
        rows = csv.writer(listing)
        rows.writerow(["path", "label", "boxes"])
        for number in range(60):
            cv2.imwrite(str(raw / f"{number}.png"), scene(number, number))
            rows.writerow([f"{number}.png", "bonafide", "boxes.face"])
    return raw


@pytest.fixture(scope="module")
def reference(raw) -> dict[str, bytes]:
    build_dataset(raw, raw.parent / "reference", CONFIG)
    return everything(raw.parent / "reference")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_nothing_is_left_of_a_builder_that_was_ended(raw, reference, number, code):
    out = raw.parent / f"out-{number.name}"
    build = Build(raw, out, *FLAGS, folder=raw.parent)
    until(lambda: build.ended() or (build.receipts() and len(build.workers()) == 2), "two workers at work")
    os.kill(build.process.pid, number)
    assert build.process.wait() == code, build.text()
    left = marked(build.mark)
    # Asked of the next builder, not of a clock: once OUT can be held, no worker is at work.
    with lock.hold(out):
        handle = os.open(out / ".specaug/workers", os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
    until(lambda: not marked(build.mark), f"the end of {left}")
    build_dataset(raw, out, CONFIG)
    assert everything(out) == reference
    assert verify(out).ok


BUSY = """
import multiprocessing, os, time
from specaug.isolate import end_with_builder

def work(builder):
    end_with_builder(builder)
    time.sleep(600)

process = multiprocessing.get_context("fork").Process(target=work, args=(os.getpid(),), name="LokyProcess-1")
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""
IDLE = """
import os, time
import joblib
from specaug.pipeline.backends.local_pool import local_processes

with local_processes(2):
    pool = joblib.Parallel()
print(*set(pool(joblib.delayed(os.getpid)() for _ in range(9))), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("program", [BUSY, IDLE], ids=["busy", "idle"])
def test_a_worker_ends_soon_after_its_builder_whatever_it_does(program):
    builder = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert builder.stdout is not None
    with builder.stdout:
        workers = [int(pid) for pid in builder.stdout.readline().split()]
        assert workers
        assert all(command(pid) for pid in workers)
        builder.kill()
        builder.wait()
    try:
        for _ in range(400):  # twenty seconds; without its watch a worker stays for minutes
            if not any(command(pid) for pid in workers):
                return
            time.sleep(0.05)
        pytest.fail(f"workers {workers} are still there")
    finally:
        for pid in workers:
            kill(pid)
