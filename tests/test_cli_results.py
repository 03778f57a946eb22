"""What synthesize, demo, report, preview and fit-profile ask for and print."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result

from specaug.errors import ArgumentError
from specaug.html_report.findings import Finding, Findings
from specaug.pipeline import SynthesisReport
from specaug.records import Notice
from specaug_cli.main import cli


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture
def synthesized(monkeypatch):
    """(result, arguments) of ``synthesize``."""

    def call(*args: object) -> tuple[Result, tuple, dict]:
        seen: list[tuple[tuple, dict]] = []

        def make(*given, **how) -> SynthesisReport:
            seen.append((given, how))
            if how["progress"]:
                how["progress"](4, 6)
            return SynthesisReport("mixed", 6, 2, 1, table=(("train", "attack", "synthetic/moire", 6),))

        monkeypatch.setattr("specaug.synthesize", make)
        return run("synthesize", "out", "--recipe", "mixed", *args), *seen[0]

    return call


def test_synthesize_prints_its_groups_and_the_sum(synthesized):
    result, given, how = synthesized()
    assert given == (Path("out"), "mixed")
    assert result.stdout.splitlines() == [
        "train  attack  synthetic/moire  6",
        "6 clips by recipe mixed in 2 shards, 1 done before: out/data/synthetic",
    ]
    assert result.stderr == "4/6 clips\n"
    defaults = {
        "per_clip": 1,
        "split": "train",
        "donors": "other",
        "seed": 0,
        "jobs": None,
        "overwrite": False,
    }
    assert {key: how[key] for key in defaults} == defaults


def test_synthesize_hands_its_options_on_and_prints_one_object(synthesized):
    args = [
        "--per-clip",
        3,
        "--split",
        "dev",
        "--donors",
        "any",
        "--seed",
        5,
        "-j",
        2,
        "--overwrite",
        "-q",
        "--json",
    ]
    result, _, how = synthesized(*args)
    wanted = {
        "per_clip": 3,
        "split": "dev",
        "donors": "any",
        "seed": 5,
        "jobs": 2,
        "overwrite": True,
        "progress": None,
    }
    assert {key: how[key] for key in wanted} == wanted
    found = json.loads(result.stdout)
    assert (found["recipe"], found["clips"], found["shards"], found["done_before"]) == ("mixed", 6, 2, 1)
    assert result.stderr == ""


@pytest.mark.parametrize("args", [["--split", "holdout"], ["--donors", "me"], ["--seed", -1], ["-j", 0]])
def test_synthesize_refuses_what_is_no_choice(args):
    result = run("synthesize", "out", "--recipe", "mixed", *args)
    assert (result.exit_code, str(args[0]) in result.stderr) == (2, True)
    assert "Missing option '--recipe'" in run("synthesize", "out").stderr


def test_demo_says_what_it_made_and_where(monkeypatch):
    def make(raw, *, subjects, frames, seed, jobs, progress):
        if progress:
            progress(2, subjects)
        return SimpleNamespace(videos=10 * subjects + seed + 1000 * (frames - 48), subjects=subjects)

    monkeypatch.setattr("specaug.demo", make)
    result = run("demo", "raw")
    assert result.stdout == "120 videos of 12 simulated subjects in raw\n"
    assert result.stderr == "2/12 subjects\n"
    quiet = run("demo", "raw", "--subjects", 3, "--seed", 4, "-q", "--json")
    assert json.loads(quiet.stdout) == {"raw": "raw", "videos": 34, "subjects": 3}
    assert quiet.stderr == ""
    assert run("demo", "raw", "--subjects", 2).exit_code == 2
    assert run("demo", "raw", "--frames", 49, "-q").stdout.startswith("1120 videos ")
    assert run("demo", "raw", "--frames", 0).exit_code == 2


WARNINGS = (Notice("no_attack", "none \x1b[1mhere"),)


@pytest.fixture
def reported(monkeypatch):
    """``report`` with two findings, on a page of 1,234 bytes; the call is kept in ``seen``."""
    seen: list[tuple[Path, Path, bool]] = []

    def report(out, output, *, faces, run):
        seen.append((out, output, faces))
        output.write_bytes(b"x" * 1234)
        return Findings([Finding("leakage", "two \x1b[1msplits")] if faces else [], warnings=WARNINGS)

    monkeypatch.setattr("specaug.report", report)
    return seen


def test_report_prints_findings_in_safe_characters_and_the_size_of_the_page(tmp_path, reported, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("report", ".")
    assert result.stdout.splitlines() == [
        "leakage: two \\x1b[1msplits",
        "report.html: 1,234 bytes, 1 findings",
    ]
    assert (
        run("report", ".", "-o", "caf\udce9.html", "--no-faces").stdout
        == "caf\\xe9.html: 1,234 bytes, 0 findings\n"
    )
    assert [faces for *_, faces in reported] == [True, False]


def test_report_needs_a_folder_that_is_there(tmp_path, reported):
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        result = run("report", tmp_path / name)
        assert (result.exit_code, "out" in result.stderr.lower()) == (2, True)
    assert reported == []


@pytest.fixture
def previewed(tmp_path, monkeypatch):
    """``preview`` of a photo whose face and sheet are made up."""
    (tmp_path / "face.jpg").touch()
    (tmp_path / "other.jpg").touch()
    monkeypatch.chdir(tmp_path)
    asked: dict = {}
    nose = {"face.jpg": np.ones((5, 2)), "other.jpg": np.full((5, 2), np.nan)}

    def face(path, config):
        asked["config"] = config
        return np.full((4, 4, 3), len(path.name), np.uint8), nose[path.name]

    def sheet(image, **how):
        asked.update(how, image=int(image[0, 0, 0]))
        return np.zeros((6, 9, 3), np.uint8)

    monkeypatch.setattr("specaug.preview_sheet.preview_media.first_face", face)
    monkeypatch.setattr("specaug.preview_sheet.preview_media.image_sheet", sheet)
    return asked


def test_preview_writes_a_png_and_says_its_size(previewed, tmp_path):
    result = run("preview", "face.jpg", "--size", 64, "--margin", 2)
    assert result.stdout == "preview.png: 9x6 px\n"
    assert (tmp_path / "preview.png").read_bytes().startswith(b"\x89PNG")
    assert (previewed["config"].size, previewed["config"].margin, previewed["image"]) == (
        64,
        2.0,
        len("face.jpg"),
    )
    assert (previewed["partner"], previewed["recipe"], previewed["draws"], previewed["rng"]) == (
        None,
        None,
        9,
        0,
    )
    assert np.isfinite(previewed["landmarks"]).all()


def test_preview_shows_no_landmarks_that_are_not_known_and_takes_a_partner(previewed):
    result = run(
        "preview",
        "other.jpg",
        "--partner",
        "face.jpg",
        "-o",
        "s.png",
        "--recipe",
        "mixed",
        "--draws",
        3,
        "--seed",
        8,
    )
    assert result.stdout == "s.png: 9x6 px\n"
    assert previewed["landmarks"] is None
    assert previewed["partner"][0, 0, 0] == len("face.jpg")
    assert (previewed["recipe"].name, previewed["draws"], previewed["rng"]) == ("mixed", 3, 8)


@pytest.mark.parametrize(("draws", "code"), [(0, 2), (1, 0), (60, 0), (61, 2)])
def test_preview_draws_one_to_sixty(previewed, draws, code):
    assert run("preview", "face.jpg", "--draws", draws).exit_code == code


class Profile:
    """A profile with two species, of which the other one knows one."""

    def __init__(self) -> None:
        self.clips = {"none": 9, "replay": 4, "print": 3}
        self.attack = {"print": 1, "replay": 1}

    def save(self, path):
        path.write_bytes(b"x" * 2048)

    def compare(self, *others, names):
        return f"<svg>{len(others)} {' '.join(names)}</svg>"

    def distance(self, other, pai):
        return {"print": (1.04, 2.06, 3.0), "mask": (9, 9, 9)}[pai]


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.npz").touch()
    seen: list[str] = []
    other = SimpleNamespace(attack={"print": 1, "mask": 1})
    monkeypatch.setattr("specaug.augment.SpoofProfile", SimpleNamespace(load=lambda path: other))

    def fit(out, output, *, split):
        seen.append(split)
        profile = Profile()
        profile.save(output)
        return profile

    monkeypatch.setattr("specaug.fit_profile", fit)
    return seen


def test_fit_profile_says_its_size_and_whose_clips_it_saw(fitted, tmp_path):
    result = run("fit-profile", "out", "--plot", "p.svg", "--split", "dev")
    assert result.stdout == "profile.npz: 2,048 bytes; clips: bona fide 9, print 3, replay 4\n"
    assert (tmp_path / "p.svg").read_text() == "<svg>0 </svg>\n"
    assert fitted == ["dev"]


def test_fit_profile_compares_the_species_that_both_know(fitted, tmp_path):
    result = run("fit-profile", "out", "-o", "mine.npz", "--compare", "theirs.npz", "--plot", "p.svg")
    assert result.stdout.splitlines()[1:] == [
        "print: gains differ by 1.0 dB in luma, 2.1 in red, 3.0 in blue"
    ]
    assert (tmp_path / "p.svg").read_text() == "<svg>1 mine theirs</svg>\n"


def test_fit_profile_looks_for_the_folder_of_the_plot_before_it_works(fitted):
    result = run("fit-profile", "out", "--plot", "none/x.svg")
    assert isinstance(result.exception, ArgumentError)
    assert str(result.exception) == "plot: expected a file in a folder that exists, got 'none/x.svg'"
    assert fitted == []
