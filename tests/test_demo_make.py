"""The demonstration folder: its tree, its bytes, and that no side fact tells attacks from bona fide clips."""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.catalog import scan
from specaug.demo_data import DemoReport, demo, make
from specaug.demo_data.devices import PER_SPLIT, devices_of
from specaug.demo_data.portrait import Portrait, draw_portrait
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.errors import ArgumentError
from specaug.faces import CenterFace
from specaug.records import SPLITS

TINY = (96, 72)


def checksums(raw: Path) -> dict[str, str]:
    files = sorted(p for p in raw.rglob("*") if p.is_file())
    return {p.relative_to(raw).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DemoReport:
    raw = tmp_path_factory.mktemp("demo") / "raw"
    return demo(raw, subjects=3, seed=4, jobs=1, frames=3, size=TINY)


@pytest.fixture(scope="module")
def portraits() -> list[Portrait]:
    """A bald and a long-haired subject, one light and one dark."""
    drawn = []
    for number in (2, 3):
        rng = np.random.default_rng([number, 8])
        drawn.append(draw_portrait(sample_subject(number, rng=rng), rng=rng))
    return drawn


def test_the_tree_is_the_layout_that_the_catalog_reads(made: DemoReport) -> None:
    expected = {"README.md"}
    for number, split in enumerate(("train", "dev", "test")):
        for clip in (
            "bonafide/{}/clip0",
            "bonafide/{}/clip1",
            "attack/replay/{}/clip0",
            "attack/print/{}/clip0",
        ):
            expected.add(f"{split}/{clip.format(f's{number:03d}')}.mp4")
    assert set(checksums(made.raw)) == expected


def test_the_report_counts_what_is_there(made: DemoReport) -> None:
    assert (made.subjects, made.videos) == (3, 12)
    assert sum(n for *_, n in made.table) == 12
    assert ("dev", "attack", "print", 1) in made.table
    assert ("train", "bonafide", "none", 2) in made.table


def test_the_catalog_understands_every_video(made: DemoReport) -> None:
    sources = scan(made.raw).sources
    found = {(s.split, s.label, s.pai, s.subject) for s in sources}
    assert len(sources) == 12
    assert ("test", "attack", "replay", "s002") in found
    assert ("train", "bonafide", "none", "s000") in found


def test_videos_have_the_frames_and_size_asked_for(made: DemoReport) -> None:
    for path in made.raw.rglob("*.mp4"):
        with av.open(str(path)) as container:
            shapes = [f.to_ndarray(format="rgb24").shape for f in container.decode(video=0)]
        assert shapes == [(72, 96, 3)] * 3


def test_the_readme_says_that_it_is_a_simulation(made: DemoReport) -> None:
    text = " ".join((made.raw / "README.md").read_text(encoding="utf-8").split())
    for words in ("shows no person", "no photograph", "no presentation attack data", "do not quote a figure"):
        assert words in text
    assert "Do not train a system for real use on it" in text
    assert "--seed 4 --subjects 3 --frames 3" in text


def test_the_number_of_jobs_changes_no_byte(made: DemoReport, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    again = demo(
        tmp_path / "raw", subjects=3, seed=4, jobs=2, frames=3, size=TINY, progress=lambda *n: steps.append(n)
    )
    assert checksums(again.raw) == checksums(made.raw)
    assert again.table == made.table
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_another_seed_makes_other_videos(made: DemoReport, tmp_path: Path) -> None:
    task = make._Task(str(tmp_path), 0, "train", 5, 3, TINY)
    make._make_subject(task)
    other = checksums(tmp_path)
    here = checksums(made.raw)
    assert set(other) < set(here)
    assert not any(here[name] == value for name, value in other.items())


def test_no_two_clips_are_alike(made: DemoReport) -> None:
    sums = list(checksums(made.raw).values())
    assert len(set(sums)) == len(sums)


@settings(deadline=None)
@given(st.integers(3, 400))
def test_every_split_has_whole_subjects(subjects: int) -> None:
    splits = [make.split_of(k, subjects) for k in range(subjects)]
    counts = {s: splits.count(s) for s in SPLITS}
    assert min(counts.values()) >= 1
    assert counts["dev"] == counts["test"] <= counts["train"]


def test_twelve_subjects_are_split_six_three_three() -> None:
    splits = [make.split_of(k, 12) for k in range(12)]
    assert splits == ["train"] * 6 + ["dev"] * 3 + ["test"] * 3


def test_a_folder_that_holds_anything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(ArgumentError, match="raw: expected a folder that is empty or does not exist"):
        demo(tmp_path)
    with pytest.raises(ArgumentError, match="raw"):
        demo(tmp_path / "mine.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "setting",
    [{"subjects": 2}, {"seed": -1}, {"frames": 0}, {"jobs": 0}, {"size": (95, 72)}, {"size": (16, 16)}],
)
def test_settings_out_of_range_are_named_before_anything_is_made(tmp_path: Path, setting: dict) -> None:
    with pytest.raises(ArgumentError, match=f"^{next(iter(setting))}: expected"):
        demo(tmp_path / "raw", **setting)
    assert not (tmp_path / "raw").exists()


def test_a_kill_leaves_no_half_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portraits: list[Portrait]
) -> None:
    """A kill in mid-film is seen from inside: no file has its final name while frames are still coming."""
    seen: list[list[str]] = []
    film = make.film_clip

    def watched(*args: object, **kwargs: object) -> object:
        for frame in film(*args, **kwargs):
            seen.append([p.name for p in tmp_path.iterdir()])
            yield frame

    monkeypatch.setattr(make, "film_clip", watched)
    rng = np.random.default_rng(0)
    make.write_clip(tmp_path / "a.mp4", portraits[0], "bonafide", size=TINY, frames=3, rng=rng)
    assert len(seen) == 3
    assert not any("a.mp4" in names for names in seen)


def test_each_clip_is_compressed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portraits: list[Portrait]
) -> None:
    written: list[str] = []
    write = make.write_video

    def counted(path: Path, *args: object, **kwargs: object) -> int:
        written.append(path.name)
        return write(path, *args, **kwargs)

    monkeypatch.setattr(make, "write_video", counted)
    for kind in make._KINDS:
        rng = np.random.default_rng(0)
        make.write_clip(tmp_path / f"{kind}.mp4", portraits[0], kind, size=TINY, frames=2, rng=rng)
    assert written == [f"{kind}.mp4" for kind in make._KINDS]


def auc(low: list[float], high: list[float]) -> float:
    """Chance that a value of `high` is above one of `low`."""
    a, b = np.array(low)[:, None], np.array(high)[None]
    return float((b > a).mean() + 0.5 * (b == a).mean())


SIDE_FACTS = ("bytes", "key frame", "other frames", "brightness", "red", "blue", "contrast", "black level")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory, portraits: list[Portrait]) -> dict[str, np.ndarray]:
    """(n, facts) logarithms for 96 bona fide clips, 48 replays and 48 prints, by the devices of all splits."""
    path = tmp_path_factory.mktemp("facts") / "clip.mp4"
    found = {}
    for kind, number in (("bonafide", 96), ("replay", 48), ("print", 48)):
        rows = []
        for clip in range(number):
            devices = devices_of(SPLITS[clip % 3], seed=clip // 12)
            rng = np.random.default_rng([clip, make._KINDS.index(kind), 5])
            make.write_clip(
                path, portraits[clip % 2], kind, size=(160, 120), frames=3, rng=rng, devices=devices
            )
            with av.open(str(path)) as container:
                packets = [p.size for p in container.demux(video=0) if p.size]
            with av.open(str(path)) as container:
                image = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)
            mean, red, blue = image.mean(), image[..., 0].mean(), image[..., 2].mean()
            luma = image @ [0.299, 0.587, 0.114]
            rows.append(
                [
                    *(path.stat().st_size, packets[0], np.median(packets[1:])),
                    *(mean, red / mean, blue / mean),
                    *(luma.std(), 1 + np.percentile(luma, 2)),
                ]
            )
        found[kind] = np.log(rows)
    return found


@pytest.mark.parametrize("fact", SIDE_FACTS)
def test_no_side_fact_tells_attacks(facts: dict[str, np.ndarray], fact: str) -> None:
    """Size, compression, exposure, tint, contrast: an AUC of 0.5 is chance, with a standard error of 0.04 here."""
    column = SIDE_FACTS.index(fact)
    attacks = np.concatenate([facts["replay"], facts["print"]])[:, column]
    assert 0.4 <= auc(facts["bonafide"][:, column], attacks) <= 0.6


@pytest.mark.parametrize(
    "names", [("bytes", "brightness", "red", "blue"), ("brightness", "contrast", "black level")]
)
def test_side_facts_together_do_not_tell_attacks(
    facts: dict[str, np.ndarray], names: tuple[str, ...]
) -> None:
    """A linear rule on the facts and their squares, fitted to other clips than those it is tried on.

    How bytes are shared between key frame and others is left out: a print does not move, and that is no side fact.
    """
    columns = [SIDE_FACTS.index(name) for name in names]
    values = np.concatenate([facts[kind] for kind in ("bonafide", "replay", "print")])[:, columns]
    attack = np.arange(len(values)) >= len(facts["bonafide"])
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    design = np.column_stack([z, z**2, np.ones(len(z))])
    scores = np.empty(len(z))
    fold = np.arange(len(z)) % 8
    for held_out in range(8):
        known = fold != held_out
        normal = design[known].T @ design[known] + 3 * np.eye(design.shape[1])
        rule = np.linalg.solve(normal, design[known].T @ (2.0 * attack[known] - 1))
        scores[~known] = design[~known] @ rule
    assert auc(scores[~attack], scores[attack]) <= 0.6


def test_the_face_is_as_large_in_attacks_as_in_bona_fide_clips() -> None:
    """The recording is made from farther away by what the second view magnifies: scales have one distribution."""
    rng = np.random.default_rng(0)
    devices = devices_of("train", seed=0)
    for _ in range(50):
        scene = sample_scene((640, 480), 8, rng=rng)
        for view in (devices.screen(0.5, rng=rng).view, devices.sheet(0.5, 480, rng=rng).view):
            recorded = scene.seen_at(share=1 / view.magnification, shake=0.0)
            assert recorded.px_per_unit * view.magnification == pytest.approx(scene.px_per_unit)


def test_no_device_is_in_two_splits() -> None:
    for seed in range(5):
        splits = [devices_of(split, seed=seed) for split in SPLITS]
        for kind, name in (("bodies", "lens_sigma"), ("displays", "density"), ("printers", "cell")):
            values = [[getattr(device, name) for device in getattr(one, kind)] for one in splits]
            assert len({v for own in values for v in own}) == 3 * PER_SPLIT
            # One device in each of twelve slices of the range, so neighbours differ; each split reaches both halves.
            ordered = np.sort(np.log(np.concatenate(values)))
            assert np.diff(ordered).max() < 2.01 * (ordered[-1] - ordered[0]) / 10
        assert splits[0] == devices_of("train", seed=seed)
        assert splits[0] != devices_of("train", seed=seed + 1)


def test_clips_of_a_split_use_its_devices_only(rng: np.random.Generator) -> None:
    own = devices_of("test", seed=3)
    for _ in range(20):
        assert own.camera(rng=rng).lens_sigma in {body.lens_sigma for body in own.bodies}
        assert own.screen(0.5, rng=rng).density in {display.density for display in own.displays}
        assert own.sheet(0.5, 480, rng=rng).cell in {printer.cell for printer in own.printers}


def test_the_default_detector_finds_one_face_of_one_size_in_every_kind(portraits: list[Portrait]) -> None:
    """The same draws give the same scene, so the face must come out equally large however it is presented."""
    find = CenterFace(min_score=0.5)
    for portrait in portraits:
        heights = {}
        for kind in make._KINDS:
            frames = make.film_clip(portrait, kind, size=(640, 480), frames=6, rng=np.random.default_rng(6))
            faces = [find(frame) for frame in list(frames)[::2]]
            assert [len(f) for f in faces] == [1, 1, 1]
            heights[kind] = float(np.median([f[0].box[3] - f[0].box[1] for f in faces]))
            assert 130 < heights[kind] < 240
        # The box of a detector wanders by some percent with sharpness.
        assert max(heights.values()) < 1.12 * min(heights.values())


def test_the_command_counts_as_text_and_as_json(monkeypatch, tmp_path):
    module = importlib.import_module("specaug_cli.demo")
    report = DemoReport(tmp_path, subjects=3, videos=12, table=())
    monkeypatch.setattr("specaug.demo", lambda raw, **settings: report)
    words = [str(tmp_path), "--subjects", "3", "--quiet"]
    assert CliRunner().invoke(module.demo, words).output.startswith("12 videos of 3 simulated subjects in ")
    told = json.loads(CliRunner().invoke(module.demo, [*words, "--json"]).output)
    assert told == {"raw": str(tmp_path), "videos": 12, "subjects": 3}
