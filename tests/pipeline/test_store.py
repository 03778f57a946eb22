"""RAW and OUT in an object store: a real S3 server in a process of its own, on this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("moto", reason="object stores are tested against moto's server, which is not installed")
pytest.importorskip("upath", reason="object stores need universal_pathlib, which is not installed")

from building import SMALL, everything, hashes, rows_of
from serving import KEYS, free_port, serving

from specaug import load
from specaug.errors import ArgumentError, BuildLockedError, NothingToDoError, SpecaugError, StoreError
from specaug.pipeline import (
    build_dataset,
    finalize,
    plan_only,
    scan,
    verify,
)
from specaug.pipeline.remote import out_mirror, raw_stub, store_lock
from specaug.pipeline.remote.raw_stub import LocalRaw
from specaug.pipeline.remote.store_lock import hold_store
from specaug.records import BuildConfig, Source
from specaug.shards import STATE
from specaug.storage import create, fetch, objects, place_of, put, read, remove, write


@pytest.fixture(scope="module")
def server():
    """Address of an S3 server."""
    with serving() as address:
        yield address


@pytest.fixture
def bucket(server, monkeypatch):
    """An empty bucket, as an address."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    name = f"b{time.monotonic_ns()}"
    place_of(f"s3://{name}/x").fs.mkdir(name)
    yield f"s3://{name}"
    place_of(f"s3://{name}/x").fs.rm(name, recursive=True)


def upload(folder: Path, address: str) -> str:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            put(path, place_of(address) / path.relative_to(folder).as_posix())
    return address


def download(address: str, folder: Path) -> Path:
    for name, _ in objects(place_of(address)):
        if not name.startswith(f"{STATE}/locks/"):
            fetch(place_of(address) / name, folder / name)
    return folder


def stored(address: str, tmp_path: Path) -> dict[str, bytes]:
    """What a build left in the store, as :func:`everything` tells it of a folder."""
    folder = tmp_path / f"copy-{time.monotonic_ns()}"
    return everything(download(address, folder))


@pytest.fixture
def raw(raw) -> Path:
    """With a photo that is longer than the pieces its id is made of."""
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    cv2.imwrite(str(raw / "dev/live/s7/noise.png"), noise)
    return raw


def local(raw: Path, out: Path, config: BuildConfig = SMALL) -> dict[str, bytes]:
    build_dataset(raw, out, config)
    return {name: data for name, data in everything(out).items() if name != f"{STATE}/raw.json"}


@pytest.mark.parametrize("remote_raw", [False, True])
@pytest.mark.parametrize("remote_out", [False, True])
def test_a_store_holds_what_a_folder_would(raw, bucket, tmp_path, remote_raw, remote_out):
    expected = local(raw, tmp_path / "out")
    source = upload(raw, f"{bucket}/a b/räw") if remote_raw else raw
    target = f"{bucket}/out" if remote_out else tmp_path / "out2"
    report = build_dataset(source, target, SMALL)
    found = stored(target, tmp_path) if remote_out else everything(target)
    found.pop(f"{STATE}/raw.json", None)
    assert report.clips == 9
    assert found == expected


def test_a_folder_of_frames_is_fetched_when_its_turn_comes(bucket, raw, tmp_path):
    noise = np.random.default_rng(1).integers(0, 250, (160, 160, 3), dtype=np.uint8)
    for i in range(4):
        path = raw / f"train/live/s3/walk/{i:03d}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), noise + np.uint8(i))
    config = dataclasses.replace(SMALL, frame_folders=True)
    build_dataset(raw, tmp_path / "out", config)
    build_dataset(upload(raw, f"{bucket}/raw"), tmp_path / "out2", config)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "out2")
    assert any(row["source_frames"] == 4 for row in rows_of(tmp_path / "out2"))


def test_no_file_of_a_real_folder_is_ever_emptied(raw):
    source = Source(
        path="dev/live/s7/noise.png", label="bonafide", pai="none", split="dev", dataset="x", kind="image"
    )
    with (
        pytest.raises(SpecaugError, match="the local stub"),
        LocalRaw(raw, "s3://bucket/raw").download(source),
    ):
        pass
    assert (raw / source.path).stat().st_size > 40_000


def test_a_build_goes_on_where_it_stopped(raw, bucket, tmp_path):
    expected = local(raw, tmp_path / "out")
    target = f"{bucket}/out"

    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dataset(upload(raw, f"{bucket}/raw"), target, SMALL, progress=stop)
    done = [name for name, _ in objects(place_of(f"{target}/{STATE}/done"))]
    assert len(done) == 1
    assert read(place_of(f"{target}/manifest.jsonl")) is None
    report = build_dataset(f"{bucket}/raw", target, SMALL)
    assert report.done_before == 1
    assert stored(target, tmp_path) == expected
    assert build_dataset(f"{bucket}/raw", target, SMALL).done_before == report.shards


KILLED = """
import os, signal, sys
sys.path.insert(0, {here!r})
from building import SMALL, in_process
from specaug.pipeline import build_dataset, shard
from specaug.pipeline.remote import out_mirror
from specaug.pipeline.retry import retry_shard

shard.work_on = in_process
left = {calls}

def put(local, final, real=out_mirror.put):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    real(local, final)

out_mirror.put = put
build_dataset({raw!r}, {out!r}, SMALL)
"""


def test_killed_at_each_put_a_build_comes_to_the_same_bytes(raw, bucket, tmp_path):
    expected = local(raw, tmp_path / "out")
    puts = len(expected)
    for calls in range(0, puts, 3):
        target = f"{bucket}/out{calls}"
        text = KILLED.format(here=str(Path(__file__).parent), calls=calls, raw=str(raw), out=target)
        killed = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            check=False,
        )
        assert killed.returncode == -9, killed.stderr.decode()
        assert len(objects(place_of(target))) - 1 == calls  # and the lock
        build_dataset(raw, target, SMALL)
        assert stored(target, tmp_path) == expected


def test_parts_on_two_machines_and_finalize(raw, bucket, tmp_path):
    expected = local(raw, tmp_path / "out")
    target = f"{bucket}/out"
    for part in (0, 1):
        build_dataset(
            raw, target, BuildConfig(frames=4, size=64, min_face=20, jobs=1, shard_index=part, shard_count=2)
        )
    assert finalize(target).clips == 9
    assert stored(target, tmp_path) == expected


def test_batches_are_loaded_from_a_store(raw, bucket, tmp_path):
    build_dataset(raw, f"{bucket}/out", SMALL)
    build_dataset(raw, tmp_path / "out", SMALL)
    there, here = (
        list(load(out, split="train", as_="numpy", shuffle=True, seed=1, batch_size=2))
        for out in (f"{bucket}/out", tmp_path / "out")
    )
    assert len(there) == len(here) > 1
    for ours, expected in zip(there, here, strict=True):
        assert ours["clip_id"] == expected["clip_id"]
        np.testing.assert_array_equal(ours["rgb"], expected["rgb"])


def test_verify_reads_every_object(raw, bucket):
    target = f"{bucket}/out"
    with pytest.raises(ArgumentError, match="build-dataset made"):
        verify(target)
    build_dataset(raw, target, SMALL)
    assert verify(target).problems == ()
    assert verify(target).clips == 9
    name = next(name for name, _ in objects(place_of(target)) if name.startswith("data/"))
    damaged = bytearray(read(place_of(target) / name))
    damaged[len(damaged) // 2] ^= 1
    write(place_of(target) / name, bytes(damaged))
    assert [(p.file, p.kind) for p in verify(target).problems] == [(name, "checksum")]
    remove(place_of(target) / name)
    assert [(p.file, p.kind) for p in verify(target).problems] == [(name, "missing")]


def test_overwrite_leaves_nothing_of_the_old_build(raw, bucket, tmp_path):
    target = f"{bucket}/out"
    build_dataset(raw, target, BuildConfig(frames=4, size=64, min_face=20, jobs=1, sources_per_shard=1))
    expected = local(raw, tmp_path / "out")
    build_dataset(raw, target, SMALL, overwrite=True)
    assert stored(target, tmp_path) == expected


def test_a_dry_run_and_a_scan_store_nothing(raw, bucket):
    upload(raw, f"{bucket}/raw")
    before = objects(place_of(f"{bucket}/"))
    assert (
        plan_only(f"{bucket}/raw", f"{bucket}/out", SMALL).sources
        == plan_only(raw, raw.parent / "o", SMALL).sources
    )
    assert len(scan(f"{bucket}/raw", SMALL).sources) == 13
    assert objects(place_of(f"{bucket}/")) == before


def test_copies_are_told_by_their_whole_content(raw, bucket, tmp_path):
    long = bytes(100_000)
    for name in ("a", "b"):
        (raw / f"train/live/s1/{name}.mp4").write_bytes(long)
    changed = bytearray(long)
    changed[30_000] = 1  # between the pieces that an id is made of
    (raw / "train/live/s1/c.mp4").write_bytes(changed)
    plan = plan_only(raw, tmp_path / "out", SMALL)
    assert plan_only(upload(raw, f"{bucket}/raw"), f"{bucket}/out", SMALL).by_reason == plan.by_reason
    assert plan.by_reason["duplicate"] == 2


@pytest.mark.parametrize("how", ["goes", "changes"])
def test_an_object_that_goes_or_changes_is_a_failure_of_its_own(raw, bucket, monkeypatch, how):
    source = upload(raw, f"{bucket}/raw")
    gone = place_of(f"{source}/train/live/s1/1.mp4")
    real = raw_stub.make_stub

    def make_stub(address, root):
        drawn = real(address, root)
        if how == "goes":
            remove(gone)
        else:  # a video as good as the first, but not the one that was planned
            put(raw / "train/live/s3/3.mp4", gone)
        return drawn

    assert (raw / "train/live/s3/3.mp4").stat().st_size != (raw / "train/live/s1/1.mp4").stat().st_size
    monkeypatch.setattr("specaug.pipeline.remote.local_copies.make_stub", make_stub)
    report = build_dataset(source, f"{bucket}/out", SMALL)
    assert report.clips == 8
    assert report.by_reason["unreadable"] == 2 + (how == "goes")  # two are no videos
    assert report.by_reason.get("changed", 0) == (how == "changes")


@pytest.mark.parametrize(("fraction", "changed"), [(0.437, 0), (0.998, 0), (1.0, 12), (-1.0, 12)])
def test_stores_may_list_fractions_of_the_seconds_that_they_tell_of_one_object(
    raw, bucket, monkeypatch, fraction, changed
):
    """As MinIO does: milliseconds in a listing, whole seconds in the head of an object."""
    real = raw_stub.dated_objects
    monkeypatch.setattr(
        raw_stub, "dated_objects", lambda root: [(n, s, time + fraction) for n, s, time in real(root)]
    )
    report = build_dataset(upload(raw, f"{bucket}/raw"), f"{bucket}/out", SMALL)
    assert report.by_reason.get("changed", 0) == changed


def test_a_copy_in_a_store_is_read_again_once(raw, bucket, monkeypatch):
    copy, target = raw.parent / "copy", f"{bucket}/out"
    build_dataset(raw, target, SMALL)
    shutil.copytree(raw, copy)
    build_dataset(copy, target, SMALL)
    monkeypatch.setattr("specaug.pipeline.changed_content.bytes_digest", lambda *args: "read again")
    assert build_dataset(copy, target, SMALL).done_before == 4


def test_plan_first_of_a_shard_the_receipt_last_and_at_the_end_the_manifest(raw, bucket, monkeypatch):
    names, real = [], out_mirror.put
    monkeypatch.setattr(
        out_mirror, "put", lambda local, final: names.append(final.name) or real(local, final)
    )
    build_dataset(raw, f"{bucket}/out", SMALL)
    assert names[0] == "plan.json"
    assert names[-4:] == ["README.md", "dataset_info.json", "croissant.json", "manifest.jsonl"]
    for number in range(3):
        *files, receipt = (name for name in names if f"train-{number:05d}-of-00003" in name)
        assert files
        assert {Path(name).suffix for name in files} == {".parquet"}
        assert receipt.endswith(".json")


def test_a_store_that_goes_ends_the_build_and_is_no_failure_of_a_file(raw, bucket, monkeypatch, tmp_path):
    source = upload(raw, f"{bucket}/raw")
    with monkeypatch.context() as patch:
        patch.setattr(raw_stub, "fetch", lambda remote, local: fetch(_nowhere(remote), local))
        with pytest.raises(StoreError, match="cannot be used"):
            build_dataset(source, tmp_path / "out", SMALL)
    report = build_dataset(source, tmp_path / "out", SMALL)
    assert report.clips == 9


def _nowhere(remote):
    """The same object at a port where nobody listens."""
    from upath import UPath

    client = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    return UPath(
        str(remote),
        client_kwargs=client,
        config_kwargs={"retries": {"max_attempts": 1}, "connect_timeout": 1},
    )


def test_names_that_no_folder_can_hold_are_skipped_with_a_reason(raw, bucket):
    source = upload(raw, f"{bucket}/raw")
    root = place_of(source)
    names = ["train/live/s1/x//1.mp4", f"train/live/s1/{'n' * 300}.mp4", "train/live/s1/1.mp4/2.mp4"]
    for name in names:
        root.fs.pipe_file(f"{root.path}/{name}", b"video")
    skipped = {s.path: s.reason for s in scan(source, SMALL).skipped}
    assert "cannot be a path" in skipped[names[0]]
    assert "cannot be a path" in skipped[names[1]]
    assert "a folder too" in skipped["train/live/s1/1.mp4"]


@pytest.mark.parametrize(
    ("raw_end", "out_end", "message"),
    [("/raw", "/raw", "beside RAW"), ("/raw", "/raw/out", "beside RAW"), ("/all/raw", "/all", "beside RAW")],
)
def test_places_within_each_other_are_refused(raw, bucket, raw_end, out_end, message):
    with pytest.raises(ArgumentError, match=message):
        build_dataset(bucket + raw_end, bucket + out_end, SMALL)


def test_strange_places_are_refused(raw, bucket, tmp_path):
    write(place_of(f"{bucket}/mine/thesis.pdf"), b"text")
    with pytest.raises(ArgumentError, match=r"with other objects, such as 'thesis.pdf'"):
        build_dataset(raw, f"{bucket}/mine", SMALL)
    with pytest.raises(ArgumentError, match="with a bucket"):
        build_dataset(raw, "s3://", SMALL)
    with pytest.raises(ArgumentError, match="fsspec knows"):
        build_dataset(raw, "nothing://bucket/out", SMALL)
    with pytest.raises(NothingToDoError):
        build_dataset(f"{bucket}/empty", tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_one_builder_at_a_time(raw, bucket, tmp_path):
    target = f"{bucket}/out"
    with hold_store(place_of(target)) as held:
        word = json.loads(read(place_of(f"{target}/{STATE}/locks/whole.{held.number:09d}")))
        assert word["pid"] == os.getpid()
        with pytest.raises(BuildLockedError, match=f"process {os.getpid()}"), Impatient():
            _beating(held, lambda: build_dataset(raw, target, SMALL))
        with pytest.raises(BuildLockedError), Impatient():
            _beating(held, lambda: _hold(target, part="0-of-2"))
    assert build_dataset(raw, target, SMALL).clips == 9


class Impatient:
    """Watch another holder for two seconds only."""

    def __enter__(self):
        self.before = store_lock.WATCH_SECONDS
        store_lock.WATCH_SECONDS = 2.0

    def __exit__(self, *args):
        store_lock.WATCH_SECONDS = self.before


def _hold(target, part=""):
    with hold_store(place_of(target), part=part) as held:
        return held


def _beating(held, call):
    """Run `call` while the holder gives signs."""
    import threading

    stop = threading.Event()

    def beats():
        count = 0
        while not stop.wait(0.2):
            count += 1
            held.beat(count)

    thread = threading.Thread(target=beats)
    thread.start()
    try:
        return call()
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("host", ["here", "elsewhere"])
def test_a_holder_that_is_gone_is_followed_by_one(bucket, host):
    out = place_of(f"{bucket}/out")
    name = socket.gethostname() if host == "here" else "elsewhere"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    create(out / STATE / "locks" / "whole.000000007", json.dumps({"host": name, "pid": gone.pid}).encode())
    with Impatient(), hold_store(out) as held:
        assert held.number == 8
        held.check()


def test_a_holder_that_slept_notices_its_successor(bucket):
    out = place_of(f"{bucket}/out")
    with hold_store(out) as asleep:
        successor = store_lock.StoreHold(out, "whole", asleep.number + 1)
        assert successor.take()
        assert not store_lock.StoreHold(out, "whole", asleep.number + 1).take()
        with pytest.raises(BuildLockedError, match="taken over"):
            asleep.check()
    assert read(out / STATE / "locks" / f"whole.{asleep.number + 1:09d}")  # its end was not the successor's


@pytest.mark.parametrize("when", ["first", "last"])
def test_a_build_that_lost_its_place_stores_no_more(raw, bucket, when):
    out = place_of(f"{bucket}/out")

    def lose(progress):
        if progress.done == progress.sources or (progress.done and when == "first"):
            assert store_lock.StoreHold(out, "whole", 2).take()

    with pytest.raises(BuildLockedError, match="taken over by another build"):
        build_dataset(raw, f"{bucket}/out", SMALL, progress=lose)
    assert len(objects(out / STATE / "done")) == (1 if when == "first" else 4)
    assert read(out / "manifest.jsonl") is None


def test_rows_of_a_store_name_no_bucket(raw, bucket, tmp_path):
    build_dataset(upload(raw, f"{bucket}/raw"), f"{bucket}/out", SMALL)
    folder = download(f"{bucket}/out", tmp_path / "copy")
    secret = bucket.removeprefix("s3://").encode()
    assert len(rows_of(folder)) == 9
    assert hashes(folder)
    assert not [path for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_the_command_takes_addresses(raw, bucket, tmp_path):
    text = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from building import in_process
        from specaug.pipeline import shard
        shard.work_on = in_process
        from specaug_cli.main import main
        main()
        """
    )
    upload(raw, f"{bucket}/raw")
    options = ["--frames", "4", "--size", "64", "--min-face", "20", "-j", "1", "--json"]
    run = subprocess.run(
        [sys.executable, "-c", text, "build-dataset", f"{bucket}/raw", f"{bucket}/out", *options],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert json.loads(run.stdout)["clips"] == 9
    assert not any(tmp_path.iterdir()) or [p.name for p in tmp_path.iterdir()] == ["raw"]
    shutil.rmtree(tmp_path / "raw")
