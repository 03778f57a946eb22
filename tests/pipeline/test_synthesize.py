"""Synthetic shards: the guarantees of captured ones, and that each row tells how it was made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from building import SMALL, in_process
from click.testing import CliRunner

from specaug.augment import Recipe, SpoofProfile
from specaug.errors import ArgumentError, NothingToDoError, PlanMismatchError
from specaug.media.write import write_video
from specaug.pipeline import build_dataset, finalize, fit_profile, shard, synthesize
from specaug.pipeline.synthesis.donor_pairs import Clips, pairs_of_shard
from specaug.pipeline.synthesis.synthesis_plan import load_synthesis
from specaug.records import BuildConfig
from specaug.shards import decode_image, encode_image, sha256, verify
from specaug_cli.main import cli


def scene(seed: int, frame: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, (8, 10, 3))
    picture = np.kron(coarse, np.ones((15, 16, 1))) + rng.normal(0, 12, (120, 160, 3)) + 4 * frame
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Five subjects in train, two in dev, one clip each of bona fide and attack."""
    root = tmp_path_factory.mktemp("synthesis")
    for number in range(7):
        split = "train" if number < 5 else "dev"
        for kind in ("bonafide", "attack/print" if number % 2 else "attack/replay"):
            path = root / "raw" / split / kind / f"s{number}" / "0.mp4"
            path.parent.mkdir(parents=True)
            seed = 10 * number + len(kind)
            write_video(path, [scene(seed, i) for i in range(6)], fps=24, crf=18)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard, "work_on", in_process)
        config = BuildConfig(frames=3, size=64, min_face=20, jobs=1, sources_per_shard=4)
        build_dataset(root / "raw", root / "out", config)
    return root / "out"


@pytest.fixture
def out(built, tmp_path) -> Path:
    shutil.copytree(built, tmp_path / "out")
    return tmp_path / "out"


def rows_of(out: Path, origin: str = "synthetic") -> list[dict]:
    files = sorted((out / "data" / origin).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def files_of(out: Path) -> dict[str, str]:
    """Content of every file, but for receipts, whose seconds differ from run to run."""
    kept = [
        p
        for p in out.rglob("*")
        if p.is_file() and p.name not in ("lock", "workers") and p.parent.name != "done"
    ]
    return {p.relative_to(out).as_posix(): sha256(p) for p in kept}


def pixels(row: dict) -> np.ndarray:
    return np.stack([decode_image(frame["bytes"]) for frame in row["frames"]])


def test_each_bona_fide_clip_gets_as_many_as_asked_for(out):
    report = synthesize(out, "recapture-screen", per_clip=2, jobs=1)
    captured, made = rows_of(out, "captured"), rows_of(out)
    live = {r["clip_id"]: r for r in captured if r["label"] == 0 and r["split"] == "train"}
    assert len(live) == 5
    assert sorted(r["parent_id"] for r in made) == sorted([*live, *live])
    assert len({r["clip_id"] for r in made} | {r["clip_id"] for r in captured}) == len(made) + len(captured)
    assert {(r["split"], r["label"], r["pai"], r["origin"]) for r in made} == {
        ("train", 1, "replay/synthetic", "synthetic")
    }
    same = (
        "subject",
        "dataset",
        "source_id",
        "frame_index",
        "pts_seconds",
        "scale",
        "landmarks",
        "warp",
        "fps",
    )
    assert all(r[name] == live[r["parent_id"]][name] for r in made for name in same)
    assert len({r["frames"][0]["bytes"] for r in made}) == 10
    assert (report.clips, report.table) == (10, (("train", "attack", "replay/synthetic", 10),))
    assert {"read", "decode", "apply", "encode", "write"} <= set(report.seconds)
    assert verify(out).problems == ()


@pytest.mark.parametrize("recipe", ["mixed", "mix-high", "fda", "control"])
def test_ten_rows_replay_from_the_shards_to_the_same_bytes(out, recipe):
    """`mixed` draws recapture and profile; the others take donors, or none."""
    synthesize(out, recipe, per_clip=2, jobs=1)
    captured = {r["clip_id"]: r for r in rows_of(out, "captured")}
    made = rows_of(out)
    assert len(made) == 10
    for row in made:
        drawn = json.loads(row["recipe"])
        donor = pixels(captured[drawn["donor"]]) if drawn["donor"] else None
        again = Recipe.from_preset(recipe).apply(pixels(captured[row["parent_id"]]), drawn, donor)
        stored = [frame["bytes"] for frame in row["frames"]]
        assert [encode_image(frame, image_format="png") for frame in again] == stored


def test_donors_are_other_subjects_of_the_same_split_and_label(out):
    synthesize(out, "mix-high", per_clip=3, split="all", jobs=1)
    captured = {r["clip_id"]: r for r in rows_of(out, "captured")}
    made = rows_of(out)
    assert {r["split"] for r in made} == {"train", "dev"}
    for row in made:
        drawn = json.loads(row["recipe"])
        donor, parent = captured[drawn["donor"]], captured[row["parent_id"]]
        assert (donor["split"], donor["label"]) == (parent["split"], 1)
        assert donor["subject"] != parent["subject"]
        assert drawn["donor_pai"] == donor["pai"]
        assert row["pai"] == donor["pai"].split("/")[0] + "/synthetic"
    assert len({json.loads(r["recipe"])["donor"] for r in made}) > 3
    assert verify(out).problems == ()


def test_donors_of_the_same_subject(out):
    synthesize(out, "bandpass", donors="same", jobs=1)
    captured = {r["clip_id"]: r for r in rows_of(out, "captured")}
    for row in rows_of(out):
        donor = captured[json.loads(row["recipe"])["donor"]]
        assert (donor["subject"], donor["label"]) == (row["subject"], 1)


def test_what_keeps_the_label_gives_bona_fide_clips(out):
    synthesize(out, "fda", jobs=1)
    assert {(r["label"], r["pai"]) for r in rows_of(out)} == {(0, "none")}


def test_no_clip_is_a_copy_of_its_parent(out):
    """APR leaves four of ten pictures as they are: here it is drawn again until it does something."""
    synthesize(out, "apr", per_clip=4, jobs=1)
    parents = {r["clip_id"]: r["frames"] for r in rows_of(out, "captured")}
    made = rows_of(out)
    assert len(made) == 20
    assert all(json.loads(r["recipe"])["steps"] and r["frames"] != parents[r["parent_id"]] for r in made)


def test_a_second_run_is_a_no_op_and_another_adds(out):
    first = synthesize(out, "mix-high", jobs=1)
    before = files_of(out)
    again = synthesize(out, "mix-high", jobs=1)
    assert (first.done_before, again.done_before, again.clips) == (0, first.shards, first.clips)
    assert files_of(out) == before
    synthesize(out, "mix-high", seed=1, jobs=1)
    synthesize(out, "recapture-print", jobs=1)
    after = files_of(out)
    assert {name: after[name] for name in before if name.startswith("data")} == {
        name: value for name, value in before.items() if name.startswith("data")
    }
    assert len(rows_of(out)) == 15
    assert verify(out).problems == ()
    synthesize(out, "mix-high", overwrite=True, jobs=1)
    assert files_of(out) == before


def test_the_number_of_workers_changes_no_byte(out, tmp_path):
    shutil.copytree(out, tmp_path / "two")
    synthesize(out, "mixed", per_clip=2, split="all", jobs=1)
    synthesize(tmp_path / "two", "mixed", per_clip=2, split="all", jobs=2)
    assert files_of(out) == files_of(tmp_path / "two")


KILLED = """
import os, signal, sys
from pathlib import Path
from specaug.pipeline import synthesize
steps, fatal = 0, int(sys.argv[2])
def counted(call):
    def step(*args, **kwargs):
        global steps
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return call(*args, **kwargs)
    return step
os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
synthesize(sys.argv[1], "fda", jobs=1)
print(steps)
"""


def killed_before(out: Path, step: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), os.fspath(out), str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_killed_at_any_step_of_a_commit_it_goes_on_to_the_same_bytes(out, tmp_path):
    shutil.copytree(out, tmp_path / "whole")
    done = killed_before(tmp_path / "whole", -1)
    steps = int(done.stdout)
    expected = files_of(tmp_path / "whole")
    # Plan, two shards of data and receipt, four pages: three steps each. A start of Python is dear: some stand for all.
    for step in (3, 5, 7, steps - 1):
        copy = tmp_path / f"killed{step}"
        shutil.copytree(out, copy)
        assert killed_before(copy, step).returncode == -signal.SIGKILL
        synthesize(copy, "fda", jobs=1)
        assert files_of(copy) == expected
        assert verify(copy).problems == ()
    assert steps > 12


def test_a_run_that_was_killed_while_it_removed_older_clips_is_cleaned_up(out):
    synthesize(out, "fda", jobs=1)
    stray = next((out / "data" / "synthetic").glob("*.parquet"))
    shutil.copy(stray, stray.with_name("train-99999-of-00009-old-00000000.parquet"))
    done = next((out / ".specaug" / "done").glob("synthetic-*.json"))
    shutil.copy(done, done.with_name("synthetic-train-99999-of-00009-old-00000000.json"))
    assert {p.kind for p in verify(out).problems} == {"unexpected"}
    synthesize(out, "fda", jobs=1)
    assert verify(out).problems == ()


def test_verify_finds_what_is_wrong_with_synthetic_clips(out):
    synthesize(out, "fda", jobs=1)
    file = next((out / "data" / "synthetic").glob("*.parquet"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-100] + b"x" * 100)
    assert [p.kind for p in verify(out).problems][:1] == ["checksum"]
    file.unlink()
    assert "missing" in {p.kind for p in verify(out).problems}
    synthesize(out, "fda", jobs=1)
    assert file.read_bytes() == whole
    assert verify(out).ok


def test_new_captured_shards_get_theirs_and_old_ones_stay(out, built, monkeypatch):
    synthesize(out, "mix-high", jobs=1)
    before = {p.name: sha256(p) for p in (out / "data" / "synthetic").iterdir()}
    monkeypatch.setattr(shard, "work_on", in_process)
    raw = out.parent / "raw"
    shutil.copytree(built.parent / "raw", raw)
    for kind in ("bonafide", "attack/print"):
        path = raw / "train" / kind / "s9" / "0.mp4"
        path.parent.mkdir(parents=True)
        write_video(path, [scene(90 + len(kind), i) for i in range(6)], fps=24, crf=18)
    config = BuildConfig(frames=3, size=64, min_face=20, jobs=1, sources_per_shard=4)
    build_dataset(raw, out, config)
    assert verify(out).problems == ()  # the synthetic shards are still counted
    report = synthesize(out, "mix-high", jobs=1)
    after = {p.name: sha256(p) for p in (out / "data" / "synthetic").iterdir()}
    assert {name: after[name] for name in before} == before
    assert (report.clips, len(after)) == (6, len(before) + 1)
    assert verify(out).problems == ()


def test_a_captured_shard_with_other_content_gets_new_clips(out):
    synthesize(out, "fda", jobs=1)
    plan = load_synthesis(out)
    receipt = next((out / ".specaug" / "done").glob("train-*.json"))
    value = json.loads(receipt.read_text())
    receipt.write_text(json.dumps({**value, "sha256": "0" * 64}))
    report = synthesize(out, "fda", jobs=1)
    assert report.done_before == report.shards - 1
    assert load_synthesis(out) != plan


@pytest.mark.parametrize("image_format", ["jpeg", "raw"])
def test_clips_are_stored_as_the_captured_ones_are(image_format, built, tmp_path, monkeypatch):
    monkeypatch.setattr(shard, "work_on", in_process)
    config = BuildConfig(frames=2, size=48, min_face=20, jobs=1, image_format=image_format, jpeg_quality=80)
    report = build_dataset(
        built.parent / "raw", tmp_path / "out", BuildConfig(**{**vars(config), "synthesize": "fda"})
    )
    assert "5 synthetic clips by recipe fda" in report.notes[-1]
    assert verify(tmp_path / "out").problems == ()
    row = rows_of(tmp_path / "out")[0]
    if image_format == "raw":
        assert len(row["frames_raw"]) == 2 * 48 * 48 * 3
    else:
        assert row["frames"][0]["bytes"][:2] == b"\xff\xd8"


def test_hugging_face_datasets_reads_captured_synthetic_and_all(out, tmp_path):
    datasets = pytest.importorskip("datasets")
    synthesize(out, "fda", jobs=1)
    sizes = {}
    for name in ("default", "synthetic", "all"):
        loaded = datasets.load_dataset(os.fspath(out), name, cache_dir=os.fspath(tmp_path / "cache"))
        sizes[name] = {split: len(rows) for split, rows in loaded.items()}
    assert sizes == {
        "default": {"train": 10, "dev": 4},
        "synthetic": {"train": 5},
        "all": {"train": 15, "dev": 4},
    }
    plain = datasets.load_dataset(os.fspath(out), cache_dir=os.fspath(tmp_path / "cache"))
    assert len(plain["train"]) == 10
    assert loaded["train"].features["label"].names == ["bonafide", "attack"]


def test_finalize_and_a_second_build_keep_the_synthetic_clips(out):
    synthesize(out, "fda", jobs=1)
    before = files_of(out)
    finalize(out)
    assert files_of(out) == before


def keys(subjects, labels):
    n = len(subjects)
    columns = {"clip_id": [f"c{i}" for i in range(n)], "source_id": [f"s{i}" for i in range(n)]}
    columns |= {
        "subject": subjects,
        "dataset": ["d"] * n,
        "label": labels,
        "pai": ["x"] * n,
        "origin": ["captured"] * n,
    }
    return {name: np.array(values) for name, values in columns.items()}


def test_unknown_subjects_are_told_apart_by_their_sources():
    clips = Clips(keys(["", "", ""], [0, 0, 0]), np.array(["a", "a", "b"]))
    pairs = pairs_of_shard(clips, "a", label="bonafide", donors="other", per_clip=8, seed=0)
    assert all(pair.donor != pair.parent for pair in pairs)
    assert {pair.donor for pair in pairs} == {"c0", "c1", "c2"}


def test_a_donor_is_drawn_by_what_it_is_for_and_not_by_the_order_of_work():
    subjects = [f"p{i}" for i in range(40)]
    shards = np.array([f"t{i // 4}" for i in range(40)])
    clips = Clips(keys(subjects, [0] * 40), shards)
    one = pairs_of_shard(clips, "t3", label="bonafide", donors="other", per_clip=2, seed=0)
    assert one == pairs_of_shard(clips, "t3", label="bonafide", donors="other", per_clip=2, seed=0)
    assert one != pairs_of_shard(clips, "t3", label="bonafide", donors="other", per_clip=2, seed=1)
    homes = {str(shards[int(pair.donor[1:])]) for pair in one}
    assert len(homes) <= 4  # a worker reads no more than four other shards


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda o: synthesize(o, "nothing"), ArgumentError, "recipe: expected a TOML file, a recipe"),
        (lambda o: synthesize(o, "fda", per_clip=0), ArgumentError, "per_clip: expected 1 to 1000, got 0"),
        (lambda o: synthesize(o, "fda", split="test"), NothingToDoError, "no bona fide clips in split test"),
        (
            lambda o: synthesize(o, "fda", split="val"),
            ArgumentError,
            "split: expected one of train, dev, test, all",
        ),
        (
            lambda o: synthesize(o, "fda", donors="me"),
            ArgumentError,
            "donors: expected one of other, same, any",
        ),
        (lambda o: synthesize(o, "fda", seed=-1), ArgumentError, "seed: expected 0 or more, got -1"),
        (
            lambda o: synthesize(o, "fda", donors="same"),
            ArgumentError,
            "donors: expected bonafide clips of the same",
        ),
        (
            lambda o: synthesize(o / "data", "fda"),
            ArgumentError,
            "out: expected a folder that build-dataset made",
        ),
        (
            lambda o: synthesize("s3://bucket/out", "fda"),
            ArgumentError,
            "out: expected a folder of this machine",
        ),
        (
            lambda o: build_dataset(o, "x", BuildConfig(synthesize="fda", shard_count=2)),
            ArgumentError,
            "synthesize: expected a whole build",
        ),
        (
            lambda o: build_dataset(o, "x", BuildConfig(synthesize="nothing")),
            ArgumentError,
            "recipe: expected a TOML file, a recipe",
        ),
    ],
)
def test_a_bad_call_is_named_before_anything_is_written(call, error, match, out):
    before = files_of(out)
    with pytest.raises(error, match=match):
        call(out)
    assert files_of(out) == before


def test_an_unfinished_build_or_a_damaged_plan_is_refused(out):
    (out / ".specaug" / "synthesis.json").write_text("{")
    with pytest.raises(PlanMismatchError, match="the synthesis plan cannot be read"):
        synthesize(out, "fda", jobs=1)
    synthesize(out, "fda", overwrite=True, jobs=1)
    next((out / ".specaug" / "done").glob("train-*.json")).unlink()
    with pytest.raises(PlanMismatchError, match=r"1 of \d shards are not built"):
        synthesize(out, "fda", jobs=1)


def test_the_command_says_what_it_made(out, tmp_path):
    run = CliRunner().invoke(cli, ["synthesize", str(out), "--recipe", "fda", "--per-clip", "2", "-j", "1"])
    assert run.exit_code == 0, run.output
    assert "10 clips by recipe fda in" in run.output
    again = CliRunner().invoke(
        cli, ["synthesize", str(out), "--recipe", "fda", "--per-clip", "2", "--json", "-q"]
    )
    assert json.loads(again.output)["clips"] == 10
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "Screens & prints"\n[[steps]]\noperation = "moire"\n')
    assert (
        CliRunner().invoke(cli, ["synthesize", str(out), "--recipe", str(mine), "-j", "1", "-q"]).exit_code
        == 0
    )
    assert list((out / "data" / "synthetic").glob("train-*-screens-prints-*.parquet"))


def test_fit_profile_measures_captured_clips_of_one_split(out, tmp_path):
    profile = fit_profile(out)
    assert profile.clips == {"none": 5, "print": 2, "replay": 3}
    synthesize(out, "fda", jobs=1)
    np.testing.assert_array_equal(fit_profile(out).bonafide, profile.bonafide)
    live = [r for r in rows_of(out, "captured") if r["label"] == 0 and r["split"] == "train"]
    scales = [float(np.median(r["scale"])) for r in live]
    expected = SpoofProfile.fit(
        [(pixels(r), s) for r, s in zip(live, scales, strict=True)], [pixels(live[0])]
    )
    np.testing.assert_allclose(profile.bonafide, expected.bonafide, atol=1e-9)
    file, plot = tmp_path / "p.npz", tmp_path / "p.svg"
    first = CliRunner().invoke(cli, ["fit-profile", str(out), "-o", str(file), "--plot", str(plot)])
    assert first.exit_code == 0, first.output
    assert "bona fide 5, print 2, replay 3" in first.output
    assert plot.read_text().startswith("<svg")
    with np.load(file, allow_pickle=False) as values:
        assert values["bonafide"].shape == (3, 64)
    second = CliRunner().invoke(
        cli,
        ["fit-profile", str(out), "-o", str(tmp_path / "dev.npz"), "--split", "dev", "--compare", str(file)],
    )
    assert "replay: gains differ by" in second.output
    test = CliRunner().invoke(cli, ["fit-profile", str(out), "--split", "test"])
    assert isinstance(test.exception, ArgumentError)


def test_asking_for_synthetic_clips_later_is_no_other_build():
    """The setting only adds: a finished OUT accepts it."""
    assert "synthesize" not in SMALL.content_settings()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["synthesize", "s3://bucket/out", "--recipe", "fda"], "got 's3://bucket/out'"),
        (["fit-profile", "OUT", "-o", "OUT/no/p.npz"], "output: expected a file in a folder that exists"),
        (["fit-profile", "OUT", "-o", "OUT/p.npz", "--plot", "OUT/no/p.svg"], "plot: expected a file in a"),
        (["fit-profile", "OUT", "-o", "OUT/p.npz", "--compare", "OUT/README.md"], "is no spoof profile"),
    ],
)
def test_a_command_that_cannot_end_well_is_refused_at_its_start(arguments, match, out):
    run = CliRunner().invoke(cli, [word.replace("OUT", str(out)) for word in arguments])
    assert isinstance(run.exception, ArgumentError)
    assert match in str(run.exception)
    assert not (out / "p.npz").exists()
