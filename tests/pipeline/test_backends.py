"""Workers that are killed, on this machine and on clusters, change no byte and never hang a build."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from building import FRAMES, add_video, hashes
from processes import Build, kill, marked, until

from specaug.install_hint import install_hint
from specaug.pipeline import build_dataset
from specaug.records import BuildConfig
from specaug.shards import verify

SOURCES = 48
FLAGS = (
    *("--frames", "3", "--size", "64", "--min-face", "20", "--detector", "sidecar", "--align", "box"),
    *("--sources-per-shard", "1", "-j", "2", "--quiet"),
)
CONFIG = BuildConfig(
    frames=3, size=64, min_face=20, detector="sidecar", align="box", sources_per_shard=1, jobs=1
)
PACKAGES = {"loky": "joblib", "dask": "distributed", "ray": "ray"}


LONG = pytest.mark.skipif(
    not os.environ.get("SPECAUG_LONG_TESTS"), reason="takes a minute or more: set SPECAUG_LONG_TESTS=1"
)


def needs(backend: str) -> None:
    if importlib.util.find_spec(PACKAGES[backend]) is None:
        pytest.skip(f"not installed: {install_hint(backend)}")


@pytest.fixture(params=PACKAGES)
def backend(request) -> str:
    needs(request.param)
    return request.param


@pytest.fixture(scope="module")
def boxed(tmp_path_factory):
    """Many small videos whose faces are given, so that a shard takes hundredths of a second."""
    raw = tmp_path_factory.mktemp("boxed") / "raw"
    for i in range(SOURCES):
        video = raw / ("live" if i % 2 else "spoof/print") / f"s{i}" / f"{i}.mp4"
        add_video(video, i)
        video.with_suffix(".face").write_text("".join(f"{t} {40 + t} 20 80 80\n" for t in range(FRAMES)))
    return raw


@pytest.fixture(scope="module")
def expected(boxed, tmp_path_factory) -> dict[str, str]:
    """What one process writes."""
    out = tmp_path_factory.mktemp("one") / "out"
    build_dataset(boxed, out, CONFIG)
    assert len(hashes(out)) == SOURCES
    return hashes(out)


@pytest.fixture
def start(boxed, tmp_path):
    """Start a build with two workers in an empty working folder."""
    builds = []

    def go(*flags: str, **variables: str) -> Build:
        (tmp_path / "cwd").mkdir(exist_ok=True)
        builds.append(Build(boxed, tmp_path / "out", *FLAGS, *flags, folder=tmp_path / "cwd", **variables))
        return builds[-1]

    yield go
    for build in builds:
        build.end()


def worker_in_the_middle(build: Build) -> int:
    """A worker of a build that has begun and not ended."""
    until(lambda: build.receipts() >= 2 or build.ended(), "two shards")
    (worker, *_) = until(build.workers, "a worker")
    assert worker != build.process.pid
    assert not build.ended()
    return worker


def nothing_is_left(build: Build) -> None:
    until(lambda: not marked(build.mark), "the end of all processes")
    assert list(build.messages.parent.iterdir()) == [build.messages]


def test_a_killed_worker_changes_no_byte(start, backend, expected):
    build = start("--backend", backend)
    kill(worker_in_the_middle(build))
    assert build.receipts() < SOURCES
    assert build.wait() == 0, build.text()
    assert hashes(build.out) == expected
    assert verify(build.out).ok
    nothing_is_left(build)


@LONG
def test_workers_that_are_always_killed_end_the_build(start, backend, expected):
    build = start("--backend", backend)
    worker_in_the_middle(build)
    while not build.ended():
        for worker in build.workers():
            kill(worker)
    assert build.wait() == 1, build.text()
    assert "What is finished is kept" in build.text()
    assert 2 <= build.receipts() < SOURCES
    nothing_is_left(build)
    assert start("--backend", "loky").wait() == 0
    assert hashes(build.out) == expected


INTERRUPTS = [
    ("dask", signal.SIGINT, 130),
    ("ray", signal.SIGTERM, 143),
    pytest.param("dask", signal.SIGTERM, 143, marks=LONG),
    pytest.param("ray", signal.SIGINT, 130, marks=LONG),
    pytest.param("loky", signal.SIGINT, 130, marks=LONG),
    pytest.param("loky", signal.SIGTERM, 143, marks=LONG),
]


@pytest.mark.parametrize(("name", "number", "code"), INTERRUPTS)
def test_an_interrupt_ends_all_workers(start, name, number, code):
    needs(name)
    build = start("--backend", name)
    worker_in_the_middle(build)
    # Ctrl-C reaches the whole group; a batch system's SIGTERM the process that it started.
    (os.killpg if number == signal.SIGINT else os.kill)(build.process.pid, number)
    assert build.wait() == code, build.text()
    assert "everything finished so far is kept" in build.text()
    assert 2 <= build.receipts() < SOURCES
    nothing_is_left(build)


@pytest.fixture
def dask_workers(tmp_path):
    """A scheduler and two workers that run before the build, and nobody who starts them again."""
    needs("dask")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    host, _, port = address.removeprefix("tcp://").partition(":")
    dask = [sys.executable, "-m", "dask"]
    own = [
        "--no-nanny",
        "--nthreads",
        "1",
        "--memory-limit",
        "0",
        "--local-directory",
        str(tmp_path / "dask"),
    ]
    commands = [
        [*dask, "scheduler", "--host", host, "--port", port, "--no-dashboard", "--no-show"],
        *[[*dask, "worker", address, *own, "--no-dashboard"]] * 2,
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen(command, **quiet) for command in commands]
    yield address, processes[1:]
    for process in processes:
        process.kill()
        process.wait()


def test_a_running_dask_cluster_loses_a_worker(start, dask_workers, expected):
    address, workers = dask_workers
    build = start("--backend", "dask", DASK_SCHEDULER_ADDRESS=address)
    until(lambda: build.receipts() >= 2 or build.ended(), "two shards")
    workers[0].kill()
    assert build.receipts() < SOURCES
    assert build.wait() == 0, build.text()
    assert hashes(build.out) == expected
    assert workers[1].poll() is None  # it is not ours to end


@LONG
def test_a_stopped_build_stops_the_tasks_of_a_running_cluster(start, dask_workers):
    address, workers = dask_workers
    build = start("--backend", "dask", DASK_SCHEDULER_ADDRESS=address)
    until(lambda: build.receipts() >= 2 or build.ended(), "two shards")
    build.process.terminate()
    assert build.wait() == 143, build.text()
    time.sleep(1)
    receipts = build.receipts()
    time.sleep(3)
    assert build.receipts() == receipts < SOURCES
    assert all(worker.poll() is None for worker in workers)


@pytest.mark.parametrize(("name", "variable"), [("dask", "DASK_SCHEDULER_ADDRESS"), ("ray", "RAY_ADDRESS")])
def test_an_address_where_nobody_answers_is_named(start, name, variable):
    needs(name)
    if name == "ray" and not os.environ.get("SPECAUG_LONG_TESTS"):
        pytest.skip("Ray tries for a minute: set SPECAUG_LONG_TESTS=1")
    build = start(
        "--backend", name, **{variable: "127.0.0.1:9", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    )
    assert build.wait() == 2, build.text()
    assert variable in build.text()
    nothing_is_left(build)
