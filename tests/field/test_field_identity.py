"""Which content a clip is made of, whose label it has, and by which versions it was made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

from building import SMALL, add_video, everything, failures, in_process, rows_of

from specaug.errors import PlanMismatchError
from specaug.extract.source_content import bytes_digest
from specaug.pipeline import build_dataset, finalize, plan_only, shard, verify, versions
from specaug.pipeline.plan import load_plan
from specaug.pipeline.retry import retry, retry_shard
from specaug.pipeline.synthesis.synthesize_clips import synthesize
from specaug.shards import receipt_file


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    """Two videos and a BMP that is larger than the sampled pieces, worked on in this process."""
    for module in (shard, retry_shard):
        monkeypatch.setattr(module, "work_on", in_process)
    for i in range(2):
        add_video(tmp_path / f"raw/train/live/s{i}/{i}.mp4", i)
    add_bmp(tmp_path / "raw/train/live/s2/2.bmp", 1)
    return tmp_path / "raw"


def add_bmp(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(60, 190, (300, 1200, 3), np.uint8)
    path.write_bytes(cv2.imencode(".bmp", noise)[1].tobytes())


def change_between_samples(path: Path) -> None:
    """Another picture of the same size; start, middle and end of the file, as they are sampled, stay."""
    content = bytearray(path.read_bytes())
    size, sample = len(content), 1 << 14
    for start in (sample, (size + sample) // 2):
        stop = (size - sample) // 2 if start == sample else size - sample
        content[start:stop] = bytes(255 - value for value in content[start:stop])
    path.write_bytes(content)


def during_work(monkeypatch, act) -> None:
    """Have `act` called between plan and decode, before the first source."""
    done = []

    def work_on(source, config, raw, watch):
        if not done:
            done.append(act())
        return in_process(source, config, raw, watch)

    monkeypatch.setattr(shard, "work_on", work_on)


def test_ids_and_digests_do_not_depend_on_the_place_of_raw(raw, tmp_path):
    build_dataset(raw, tmp_path / "one", SMALL)
    shutil.copytree(raw, tmp_path / "elsewhere/raw", copy_function=shutil.copy)
    build_dataset(tmp_path / "elsewhere/raw", tmp_path / "two", SMALL)
    assert everything(tmp_path / "one").keys() - everything(tmp_path / "two").keys() <= {".specaug/raw.json"}
    one, two = (
        {row["source_path"]: (row["source_id"], row["bytes_digest"]) for row in rows_of(tmp_path / name)}
        for name in ("one", "two")
    )
    assert one == two
    assert one["train/live/s2/2.bmp"][1] == bytes_digest(raw / "train/live/s2/2.bmp", "image")


@pytest.mark.parametrize("how", ["replaced", "between the samples"])
def test_a_file_that_changes_between_plan_and_decode_is_a_failure(raw, tmp_path, monkeypatch, how):
    victim = raw / "train/live/s2/2.bmp"
    act = (lambda: add_bmp(victim, 2)) if how == "replaced" else (lambda: change_between_samples(victim))
    during_work(monkeypatch, act)
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason == {"changed": 1}
    assert failures(tmp_path / "out") == {"train/live/s2/2.bmp": ("probe", "changed")}
    # It is what it is now: another attempt takes it as such.
    assert retry(tmp_path / "out", raw=raw, jobs=1, reasons=["changed"]).recovered == 1
    row = next(row for row in rows_of(tmp_path / "out") if row["source_path"].endswith(".bmp"))
    assert row["bytes_digest"] == bytes_digest(victim, "image")


def test_nothing_is_changed_where_nobody_writes(raw, tmp_path, monkeypatch):
    during_work(monkeypatch, lambda: (raw / "train/live/s2/2.bmp").chmod(0o600))
    assert build_dataset(raw, tmp_path / "out", SMALL).failures == 0


@pytest.mark.parametrize(
    ("before", "how", "reasons"),
    [
        ("probe", "written", {"changed": 1}),
        ("bytes_digest", "written", {"changed": 1}),
        ("make_clip", "written", {"changed": 1}),
        ("make_clip", "touched", {}),  # read again, and found to be the same
    ],
)
def test_a_file_that_changes_while_it_is_read_is_a_failure(raw, tmp_path, monkeypatch, before, how, reasons):
    from specaug.extract import source_clips, source_content

    module = source_content if before == "bytes_digest" else source_clips
    victim = raw / "train/live/s2/2.bmp"
    real, done = getattr(module, before), []

    def step(given, *args, **kwargs):
        path = given if before != "make_clip" else raw / given.source.path
        if path == victim and not done:
            done.append(how)
            change_between_samples(victim) if how == "written" else os.utime(victim)
        return real(given, *args, **kwargs)

    monkeypatch.setattr(module, before, step)
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason == reasons
    assert done


@pytest.mark.parametrize("again", ["the same", "more"])
def test_a_later_run_notices_a_change_of_equal_size(raw, tmp_path, again):
    out, victim = tmp_path / "out", raw / "train/live/s2/2.bmp"
    build_dataset(raw, out, SMALL)
    times = victim.stat()
    change_between_samples(victim)
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))  # nobody can set the time of change
    if again == "more":
        add_video(raw / "train/live/s3/3.mp4", 3)
    before = everything(out)
    with pytest.raises(PlanMismatchError, match=r"'train/live/s2/2\.bmp' has other content now"):
        build_dataset(raw, out, SMALL)
    assert everything(out) == before


def test_parts_that_read_a_copy_again_do_not_forget_what_others_have_read(raw, tmp_path, monkeypatch):
    out, copy = tmp_path / "out", tmp_path / "copy"
    parts = [replace(SMALL, sources_per_shard=1, shard_index=i, shard_count=3) for i in range(3)]
    for part in parts:
        build_dataset(raw, out, part)
    shutil.copytree(raw, copy)
    for part in parts:
        build_dataset(copy, out, part)
    read = []
    monkeypatch.setattr(
        "specaug.pipeline.changed_content.bytes_digest", lambda path, kind: read.append(path) or "other"
    )
    for part in parts:
        build_dataset(copy, out, part)
    assert read == []


def test_a_copy_of_raw_is_read_once_and_believed_from_then_on(raw, tmp_path, monkeypatch):
    from specaug.pipeline import changed_content

    build_dataset(raw, tmp_path / "out", SMALL)
    shutil.copytree(raw, tmp_path / "copy", copy_function=shutil.copy)
    read = []
    real = changed_content.bytes_digest
    monkeypatch.setattr(
        changed_content, "bytes_digest", lambda path, kind: read.append(path) or real(path, kind)
    )
    for expected in (3, 3):
        build_dataset(tmp_path / "copy", tmp_path / "out", SMALL)
        assert len(read) == expected


def test_a_pseudonymous_out_holds_no_digest_that_a_stranger_could_make(raw, tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    config = replace(SMALL, pseudonymize=str(tmp_path / "key"))
    build_dataset(raw, tmp_path / "out", config)
    digest = bytes_digest(raw / "train/live/s2/2.bmp", "image")
    found = {row["bytes_digest"] for row in rows_of(tmp_path / "out")}
    assert not {None, digest} & found
    assert not any(digest.encode() in content for content in everything(tmp_path / "out").values())
    build_dataset(raw, tmp_path / "out", config)  # and a later run still knows the files
    change_between_samples(raw / "train/live/s2/2.bmp")
    with pytest.raises(PlanMismatchError, match="has other content now"):
        build_dataset(raw, tmp_path / "out", config)


def test_one_content_under_two_labels_is_no_clip_and_a_warning(raw, tmp_path):
    copy = raw / "train/attack/print/s0/0.mp4"
    copy.parent.mkdir(parents=True)
    shutil.copy(raw / "train/live/s0/0.mp4", copy)
    report = build_dataset(raw, tmp_path / "out", SMALL)
    assert report.by_reason == {"conflict": 2}
    (notice,) = (notice for notice in report.warnings if notice.kind == "conflict")
    assert notice.count == 2
    assert "'train/attack/print/s0/0.mp4'" in notice.detail
    copy.unlink()
    assert retry(tmp_path / "out", raw=raw, jobs=1, reasons=["conflict"]).recovered == 2
    again = build_dataset(raw, tmp_path / "out", SMALL)  # what was decided is told no more
    assert (again.by_reason, again.sources) == ({}, 3)
    assert "conflict" not in {notice.kind for notice in again.warnings}
    assert verify(tmp_path / "out").ok


def test_a_new_file_that_contradicts_a_clip_takes_it_away(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    copy = raw / "train/attack/print/s0/0.mp4"
    copy.parent.mkdir(parents=True)
    shutil.copy(raw / "train/live/s0/0.mp4", copy)
    assert build_dataset(raw, out, SMALL).by_reason == {"conflict": 2}
    assert "train/live/s0/0.mp4" not in {row["source_path"] for row in rows_of(out)}
    assert verify(out).ok


@pytest.mark.parametrize(
    ("copy", "change", "reasons"),
    [
        ("live/s0/again", None, {"duplicate": 1}),
        ("attack/print/s0/clip", None, {"conflict": 2}),
        ("live/s1/clip", None, {"conflict": 2}),
        ("attack/print/s0/clip", "2.png", {}),  # one picture of another content: another clip
    ],
)
def test_folders_of_frames_are_compared_picture_by_picture(tmp_path, copy, change, reasons):
    raw = tmp_path / "raw"
    folder = raw / "live/s0/clip"
    folder.mkdir(parents=True)
    for i in range(3):
        noise = np.random.default_rng(i).integers(0, 255, (40, 40, 3), np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), noise)
    shutil.copytree(folder, raw / copy)
    if change:
        with (raw / copy / change).open("r+b") as file:
            file.seek(-20, os.SEEK_END)  # in the last chunk
            file.write(b"\x00")
    (raw / copy / "0.png").rename(raw / copy / "00.png")  # names do not count, order does
    report = plan_only(raw, tmp_path / "out", replace(SMALL, frame_folders=True))
    assert report.by_reason == reasons
    assert report.sources == 2


def test_a_dry_run_refuses_what_the_build_would(raw, tmp_path, elsewhere):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    before = everything(out)
    os.utime(raw / "train/live/s0/0.mp4")  # read again and found to be the same: nothing is written down
    assert plan_only(raw, out, SMALL).sources == 3
    assert everything(out) == before
    change_between_samples(raw / "train/live/s2/2.bmp")
    with pytest.raises(PlanMismatchError, match="has other content now"):
        plan_only(raw, out, SMALL)
    (raw / "train/live/s2/2.bmp").unlink()
    add_video(raw / "train/live/s3/3.mp4", 3)
    elsewhere()
    with pytest.raises(PlanMismatchError, match="--mix-versions"):
        plan_only(raw, out, SMALL)


SYNTHESIS = ("synthesis.synthesize_clips", "synthesis.synthetic_shard")


@pytest.fixture
def elsewhere(monkeypatch):
    """As if another machine went on: with OpenCV 4.12 and without AVX2."""

    def go() -> None:
        other = {**dict(versions.process_versions()), "opencv-python": "4.12.0", "simd": "AVX"}
        for module in ("build", "shard", "retry.retry_failed", *SYNTHESIS):
            monkeypatch.setattr(
                f"specaug.pipeline.{module}.process_versions", lambda: tuple(sorted(other.items()))
            )

    return go


def test_each_receipt_has_the_versions_that_decide_bytes(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    name = load_plan(tmp_path / "out").shards[0].name
    found = dict(json.loads(receipt_file(tmp_path / "out", name).read_text())["versions"])
    assert found.keys() >= {
        *("specaug", "av", "ffmpeg", "opencv-python", "numpy", "scipy", "pillow", "detector", "simd")
    }
    assert found["detector"].startswith("centerface ")
    assert found["simd"] == versions.level_of(cv2.getCPUFeaturesLine())


def test_other_versions_do_not_go_on_unless_asked_to_and_verify_tells_of_it(raw, tmp_path, elsewhere):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    assert verify(out).warnings == ()
    add_video(raw / "dev/live/s7/7.mp4", 7)
    before = everything(out)
    elsewhere()
    with pytest.raises(
        PlanMismatchError, match=r"opencv-python: OUT has '.*', here is '4\.12\.0'; simd: OUT has"
    ):
        build_dataset(raw, out, SMALL)
    assert everything(out) == before
    build_dataset(raw, out, replace(SMALL, mix_versions=True))
    report = verify(out)
    assert report.ok
    (notice,) = report.warnings
    assert (notice.kind, notice.count) == ("versions", 2)
    assert "simd AVX (1 shards)" in notice.detail
    head, *lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert len(head["versions"]) == 2
    assert {line["split"]: head["versions"][line["versions"]]["simd"] for line in lines}["dev"] == "AVX"


def test_retry_and_parts_of_other_versions_are_refused(raw, tmp_path, elsewhere):
    (raw / "train/live/s2/text.mp4").write_text("no video")
    build_dataset(raw, tmp_path / "out", SMALL)
    parts = [replace(SMALL, sources_per_shard=1, shard_index=i, shard_count=2) for i in range(2)]
    build_dataset(raw, tmp_path / "parts", parts[0])
    elsewhere()
    with pytest.raises(PlanMismatchError, match="--mix-versions"):
        retry(tmp_path / "out", raw=raw, jobs=1)
    with pytest.raises(PlanMismatchError, match="--mix-versions"):
        build_dataset(raw, tmp_path / "parts", parts[1])
    assert retry(tmp_path / "out", raw=raw, jobs=1, mix_versions=True).retried == 1
    build_dataset(raw, tmp_path / "parts", replace(parts[1], mix_versions=True))


def test_a_synthesis_that_others_have_begun_is_not_gone_on_with(raw, tmp_path, elsewhere):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    synthesize(out, "control", jobs=1)
    add_video(raw / "train/live/s3/3.mp4", 3)
    build_dataset(raw, out, SMALL)
    elsewhere()
    with pytest.raises(
        PlanMismatchError, match=r"opencv-python: OUT has .* accept a mix with --mix-versions"
    ):
        synthesize(out, "control", jobs=1)
    assert synthesize(out, "control", jobs=1, mix_versions=True).shards == 2
    assert synthesize(out, "control", jobs=1).done_before == 2  # nothing to do asks for nothing


def test_a_build_that_synthesizes_passes_on_that_a_mix_is_accepted(raw, tmp_path, elsewhere):
    out = tmp_path / "out"
    build_dataset(raw, out, replace(SMALL, synthesize="control"))
    add_video(raw / "train/live/s3/3.mp4", 3)
    elsewhere()
    report = build_dataset(raw, out, replace(SMALL, synthesize="control", mix_versions=True))
    assert any("4 synthetic clips" in note for note in report.notes)


@pytest.mark.parametrize("name", ["README.md", "dataset_info.json", "croissant.json", "manifest.jsonl"])
@pytest.mark.parametrize("again", ["finalize", "build"])
def test_a_damaged_page_is_written_anew(raw, tmp_path, name, again):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    before = everything(out)
    (out / name).write_text("{}\n")
    finalize(out) if again == "finalize" else build_dataset(raw, out, SMALL)
    assert everything(out) == before


def test_a_run_with_nothing_to_do_claims_nothing_that_others_made(raw, tmp_path, elsewhere, monkeypatch):
    out = tmp_path / "out"
    build_dataset(raw, out, SMALL)
    before = everything(out)
    elsewhere()
    monkeypatch.setattr("specaug.pipeline.finalization.__version__", "99.0")
    assert build_dataset(raw, out, SMALL).done_before == 1
    assert everything(out) == before


@pytest.mark.skipif(versions.simd_level() != "AVX2", reason="needs a processor with AVX2")
def test_a_process_without_avx2_is_told_from_one_with_it():
    ask = "from specaug.pipeline.versions import simd_level; print(simd_level())"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "OPENCV_CPU_DISABLE": "AVX2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "AVX\n"


def test_every_row_has_a_digest_and_its_column_is_text(raw, tmp_path):
    build_dataset(raw, tmp_path / "out", SMALL)
    (file,) = (tmp_path / "out/data/captured").glob("*.parquet")
    assert str(pq.read_schema(file).field("bytes_digest").type) == "string"
    assert all(len(row["bytes_digest"]) == 64 for row in rows_of(tmp_path / "out"))
