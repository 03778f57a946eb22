"""Settings of a build: from options, from a TOML file, and which of both wins."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from specaug.errors import ArgumentError
from specaug.records import BuildConfig, BuildReport
from specaug_cli.build_dataset import build_dataset
from specaug_cli.main import cli
from specaug_cli.settings import config_from

NOTHING = BuildReport(sources=0, clips=0, failures=0, by_reason={}, shards=0, skipped=0)


@pytest.fixture
def parsed(monkeypatch):
    """The config that ``build-dataset`` makes of options, or the result where it makes none."""
    seen: list[BuildConfig] = []

    def plan(raw, out, config, *, overwrite, dry_run, progress):
        assert (dry_run, progress) == (True, None)
        seen.append(config)
        return NOTHING

    monkeypatch.setattr("specaug.build_dataset", plan)

    def run(*args: str):
        result = CliRunner().invoke(cli, ["build-dataset", "raw", "out", "--dry-run", *args])
        return seen.pop() if seen else result

    return run


OPTIONS = [
    ("layout", ["--layout", "siw-m"], "siw-m"),
    ("protocol", ["--protocol", "3_1"], "3_1"),
    ("split", ["--split", "70,15,15"], (70.0, 15.0, 15.0)),
    ("dev_from_train", ["--dev-from-train", "0.25"], 0.25),
    ("frame_folders", ["--frame-folders"], True),
    ("follow_symlinks", ["--follow-symlinks"], True),
    ("seed", ["--seed", "17"], 17),
    ("frames", ["--frames", "3"], 3),
    ("sampling", ["--sampling", "keyframes"], "keyframes"),
    ("snap", ["--snap", "keyframe"], "keyframe"),
    ("clips", ["--clips", "4"], 4),
    ("size", ["--size", "96"], 96),
    ("margin", ["--margin", "1.75"], 1.75),
    ("align", ["--align", "box"], "box"),
    ("resample", ["--resample", "bilinear"], "bilinear"),
    ("detector", ["--detector", "sidecar"], "sidecar"),
    ("model", ["--model", "m.onnx"], "m.onnx"),
    ("min_face", ["--min-face", "31"], 31),
    ("image_format", ["--image-format", "jpeg"], "jpeg"),
    ("jpeg_quality", ["--jpeg-quality", "71"], 71),
    ("sources_per_shard", ["--sources-per-shard", "9"], 9),
    ("synthesize", ["--synthesize", "mixed"], "mixed"),
    ("jobs", ["-j", "2"], 2),
    ("jobs", ["--jobs", "2"], 2),
    ("backend", ["--backend", "dask"], "dask"),
    ("timeout", ["--timeout", "2.5"], 2.5),
    ("max_memory", ["--max-memory", "1500MiB"], "1500MiB"),
    ("max_failures", ["--max-failures", "1%"], "1%"),
    ("pseudonymize", ["--pseudonymize", "key"], "key"),
    ("shard_count", ["--shard-count", "5"], 5),
]


@pytest.mark.parametrize(("field", "args", "value"), OPTIONS)
def test_an_option_sets_its_field_and_no_other(parsed, field, args, value):
    assert parsed(*args) == dataclasses.replace(BuildConfig(), **{field: value})
    assert type(getattr(parsed(*args), field)) is type(value)


def test_a_part_is_set_by_two_options(parsed):
    assert parsed("--shard-index", "2", "--shard-count", "3").part == "2-of-3"


def test_every_field_has_an_option_and_without_any_the_defaults_count(parsed):
    assert {field for field, _, _ in OPTIONS} | {"shard_index"} <= {
        f.name for f in dataclasses.fields(BuildConfig)
    }
    assert parsed() == BuildConfig()
    names = {p.name for p in build_dataset.params}
    assert {f.name for f in dataclasses.fields(BuildConfig)} <= names


@pytest.mark.parametrize(
    "field", ["split", "layout", "frames", "margin", "timeout", "frame_folders", "model", "jobs"]
)
def test_the_help_shows_defaults_that_are_values(field):
    (option,) = (p for p in build_dataset.params if p.name == field)
    assert isinstance(option, click.Option)
    value = "all usable cores" if field == "jobs" else getattr(BuildConfig(), field)
    shown = value is not None and value is not False
    assert str(option.help).endswith(f"  [default: {value}]") is shown
    assert ("[default" in str(option.help)) is shown


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "a,b,c", "", "1;2;3", "1,,3"])
def test_shares_are_three_numbers(parsed, text):
    result = parsed("--split", text)
    assert result.exit_code == 2
    assert f"expected three shares such as 70,15,15, got {text!r}" in result.stderr


@pytest.mark.parametrize("text", ["0,0,0", "-1,1,1", "nan,1,1", "1,nan,1", "inf,1,1"])
def test_shares_are_positive_and_finite(parsed, text):
    result = parsed("--split", text)
    assert isinstance(result.exception, ArgumentError)
    assert "split: expected three shares such as 70,15,15" in str(result.exception)


@pytest.mark.parametrize(
    "args",
    [
        ["--seed", "-1"],
        ["--frames", "2.5"],
        ["--margin", "wide"],
        ["--layout", "oulu"],
        ["--sampling", "Uniform"],
        ["--backend", "slurm"],
        ["--detector", "mtcnn"],
        ["--image-format", "jpg"],
    ],
)
def test_a_value_of_the_wrong_kind_is_a_usage_error_that_names_the_option(parsed, args):
    result = parsed(*args)
    assert result.exit_code == 2
    assert args[0] in result.stderr


def toml(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "c.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


ACCEPTED = [
    ("frames = 3", {"frames": 3}),
    ('"min-face" = 9', {"min_face": 9}),
    ("min_face = 9", {"min_face": 9}),
    ("margin = 2", {"margin": 2}),
    ("margin = 2.5", {"margin": 2.5}),
    ("timeout = 60", {"timeout": 60}),
    ("dev_from_train = 0.5", {"dev_from_train": 0.5}),
    ("frame-folders = true", {"frame_folders": True}),
    ("frame-folders = false", {}),
    ("split = [70, 15.0, 15]", {"split": (70, 15.0, 15)}),
    ('split = [50, 25, 25]\nlayout = "csv"', {"split": (50, 25, 25), "layout": "csv"}),
    ('protocol = "1"', {"protocol": "1"}),
    ('image-format = "webp"', {"image_format": "webp"}),
    ("max-failures = 3", {"max_failures": 3}),
    ('max-failures = "3%"', {"max_failures": "3%"}),
    ("jobs = 2", {"jobs": 2}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "fields"), ACCEPTED)
def test_a_file_sets_fields_of_the_right_type(tmp_path, text, fields):
    assert config_from(toml(tmp_path, text), {}) == BuildConfig(**fields)


REFUSED = [
    (
        "frame = 3",
        r"has 'frame', expected one of layout, protocol, frame_folders, .*; did you mean 'frames'\?",
    ),
    ("part = 3", "has 'part', expected one of"),
    ("frames = true", "frames: expected a whole number, got True"),
    ("frames = 3.0", r"frames: expected a whole number, got 3\.0"),
    ('margin = "2"', "margin: expected a number, got '2'"),
    ("margin = true", "margin: expected a number, got True"),
    ("margin = nan", "margin: expected a number, got nan"),
    ("timeout = inf", "timeout: expected a number, got inf"),
    ("frame-folders = 1", "frame_folders: expected true or false, got 1"),
    ('frame-folders = "yes"', "frame_folders: expected true or false, got 'yes'"),
    ("protocol = 1", "protocol: expected a text, got 1"),
    ("layout = []", r"layout: expected a text, got \[\]"),
    ("split = [1, 1]", r"split: expected three shares such as 70,15,15, got \[1, 1\]"),
    ("split = [1, 1, 1, 1]", "split: expected three shares such as 70,15,15"),
    ('split = [1, 1, "1"]', "split: expected three shares such as 70,15,15"),
    ("split = [1, 1, true]", "split: expected three shares such as 70,15,15"),
    ('split = "1,1,1"', "split: expected three shares such as 70,15,15"),
    ("max-failures = 0.5", r"max_failures: expected a text or a whole number, got 0\.5"),
    ("max-failures = true", "max_failures: expected a text or a whole number, got True"),
    ("max-memory = 4", "max_memory: expected a text, got 4"),
    ('align = "face"', "align: expected one of clip, frame, box, got 'face'"),
    ('align = "frames"', r"align: expected one of .*; did you mean 'frame'\?"),
    ('backend = "slurm"', "backend: expected one of loky, dask, ray, got 'slurm'"),
    ("jobs = 1.5", r"jobs: expected a whole number, got 1\.5"),
    ('dev-from-train = "half"', "dev_from_train: expected a share between 0 and 1, got 'half'"),
    ("[frames]\nn = 3", r"frames: expected a whole number, got \{'n': 3\}"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_file_with_a_wrong_name_or_type_is_refused(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=f"^config: .*{message}"):
        config_from(toml(tmp_path, text), {})


@pytest.mark.parametrize("text", ["frames =", "frames = 3\nframes = 4", b"\xff = 3", "\0"])
def test_a_file_that_is_no_toml_is_refused_by_its_name(tmp_path, text):
    with pytest.raises(ArgumentError, match=r"^config: '.*c\.toml' is no TOML: "):
        config_from(toml(tmp_path, text), {})


def test_a_file_that_cannot_be_read_is_said_with_its_reason(tmp_path):
    with pytest.raises(ArgumentError, match=r"^config: cannot read '.*none\.toml': No such file"):
        config_from(tmp_path / "none.toml", {})
    with pytest.raises(ArgumentError, match=r"^config: cannot read .*: Is a directory"):
        config_from(tmp_path, {})


def test_values_of_a_file_are_checked_as_any_other(tmp_path):
    with pytest.raises(ArgumentError, match=r"^frames: expected a number from 1 to"):
        config_from(toml(tmp_path, "frames = 0"), {})


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path, parsed):
    path = str(
        toml(tmp_path, 'frames = 3\nsize = 96\nframe-folders = true\nmax-failures = 1\nlayout = "csv"\n')
    )
    config = parsed("--config", path, "--size", "64", "--layout", "auto", "--max-failures", "2%")
    assert (config.frames, config.size, config.frame_folders) == (3, 64, True)
    assert (config.layout, config.max_failures, config.clips) == ("auto", "2%", 1)


def test_flags_that_were_not_given_are_none_and_change_nothing():
    given = {"frames": None, "seed": 0, "split": None, "frame_folders": False, "size": 96}
    assert config_from(None, given) == BuildConfig(size=96)
