"""The commands: what they print, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from specaug.errors import SpecaugError
from specaug.records import BuildConfig
from specaug_cli.main import COMMANDS, EXIT_CODES, cli, main


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """Text files named like media: every one a failure, and quick."""
    root = tmp_path_factory.mktemp("cli") / "raw"
    for name in ("train/live/ann/1.mp4", "train/spoof/print/ann/2.mp4", "dev/live/bob/3.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "notes.txt").write_text("n")
    return root


def run(capsys, monkeypatch, *args: object) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of the command as a user starts it."""
    monkeypatch.setattr(sys, "argv", ["specaug", *map(str, args)])
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def test_scan_json(raw, capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "scan", raw, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["sources"][1] == {
        "path": "train/live/ann/1.mp4",
        "label": "bonafide",
        "pai": "none",
        "subject": "ann",
        "session": None,
        "device": None,
        "split": "train",
        "dataset": "folders",
    }
    assert found["skipped"] == [
        {"path": "notes.txt", "reason": "not a photo or video (.txt)", "media": False}
    ]
    assert [warning["kind"] for warning in found["warnings"]] == ["empty_split", "few_subjects"]


def test_scan_table_counts_subjects_and_sources(raw, capsys, monkeypatch):
    _, out, _ = run(capsys, monkeypatch, "scan", raw)
    assert "Layout: folders" in out
    (attack,) = (line for line in out.splitlines() if "attack" in line)
    cells = [cell.strip() for cell in attack.split("│")[1:-1]]
    assert cells == ["folders", "train", "attack", "print", "1", "1", "train/spoof/print/ann/2.mp4"]


def test_build_json_has_the_sum(raw, tmp_path, capsys, monkeypatch):
    code, out, err = run(capsys, monkeypatch, "build-dataset", raw, tmp_path / "out", "--json", "-j", 1)
    found = json.loads(out)
    assert [warning["kind"] for warning in found.pop("warnings")] == ["empty_split", "few_subjects"]
    assert (code, found) == (
        0,
        {
            "sources": 3,
            "clips": 0,
            "failures": 3,
            "by_reason": {"unreadable": 3},
            "shards": 2,
            "skipped": 1,
            "skipped_media": 0,
        },
    )
    assert "3/3 sources, 0 clips, 3 failures" in err


def test_quiet_build_says_nothing_but_warnings_on_stderr(raw, tmp_path, capsys, monkeypatch):
    _, out, err = run(capsys, monkeypatch, "build-dataset", raw, tmp_path / "out", "-q", "-j", 1)
    assert [line.partition(":")[0] for line in err.splitlines()] == ["warning", "warning"]
    assert "3 sources = 0 with clips + 3 failed" in out


@pytest.mark.parametrize(("limit", "code"), [("2", 3), ("3", 0), ("99%", 3), ("100%", 0)])
def test_more_failures_than_allowed_is_exit_3(raw, tmp_path, capsys, monkeypatch, limit, code):
    args = ("build-dataset", raw, tmp_path / "out", "-q", "-j", 1, "--max-failures", limit)
    assert run(capsys, monkeypatch, *args)[0] == code


def test_usage_is_exit_2(raw, tmp_path, capsys, monkeypatch):
    for args in (
        ("build-dataset", raw),
        ("build-dataset", raw, tmp_path / "out", "--frames", "0"),
        ("build-dataset", raw, tmp_path / "out", "--frames", "many"),
        ("build-dataset", raw, raw),
        ("build-dataset", raw / "none", tmp_path / "out"),
        ("build-dataset", raw, tmp_path / "out", "--split", "1,2"),
        ("build-dataset", raw, tmp_path / "out", "--max-failures", "x"),
        ("verify", tmp_path / "none"),
        ("nonsense",),
    ):
        code, _, err = run(capsys, monkeypatch, *args)
        assert (code, bool(err.strip())) == (2, True), args
    assert not (tmp_path / "out").exists()


def test_nothing_to_do_is_exit_4(tmp_path, capsys, monkeypatch):
    (tmp_path / "raw").mkdir()
    code, _, err = run(capsys, monkeypatch, "build-dataset", tmp_path / "raw", tmp_path / "out")
    assert code == 4
    assert "RAW is empty" in err
    assert not (tmp_path / "out").exists()


def test_other_configuration_is_exit_7(raw, tmp_path, capsys, monkeypatch):
    run(capsys, monkeypatch, "build-dataset", raw, tmp_path / "out", "-q", "-j", 1)
    code, _, err = run(capsys, monkeypatch, "build-dataset", raw, tmp_path / "out", "-q", "--frames", 3)
    assert code == 7
    assert "frames: OUT has 8, asked for 3" in err


def test_damage_is_exit_5(raw, tmp_path, capsys, monkeypatch):
    run(capsys, monkeypatch, "build-dataset", raw, tmp_path / "out", "-q", "-j", 1)
    assert run(capsys, monkeypatch, "verify", tmp_path / "out")[0] == 0
    shutil.rmtree(tmp_path / "out/failures")
    code, out, _ = run(capsys, monkeypatch, "verify", tmp_path / "out", "--json")
    report = json.loads(out)
    assert (code, report["ok"], report["problems"][0]["kind"]) == (5, False, "missing")


def test_a_config_file_counts_and_flags_win(raw, tmp_path, capsys, monkeypatch):
    (tmp_path / "c.toml").write_text('frames = 3\nsize = 64\n"jpeg-quality" = 80\n')
    args = (
        "build-dataset",
        raw,
        tmp_path / "out",
        "-q",
        "-j",
        1,
        "--config",
        tmp_path / "c.toml",
        "--size",
        96,
    )
    assert run(capsys, monkeypatch, *args)[0] == 0
    settings = json.loads((tmp_path / "out/dataset_info.json").read_text())["settings"]
    assert (settings["frames"], settings["size"], settings["jpeg_quality"]) == (3, 96, 80)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame = 3", "has 'frame', expected one of"),
        ('frames = "3"', "frames: expected a whole number, got '3'"),
        ("frames =", "is no TOML"),
    ],
)
def test_a_wrong_config_file_is_exit_2(raw, tmp_path, capsys, monkeypatch, text, message):
    (tmp_path / "c.toml").write_text(text)
    args = ("build-dataset", raw, tmp_path / "out", "--config", tmp_path / "c.toml")
    code, _, err = run(capsys, monkeypatch, *args)
    assert code == 2
    assert message in err


def test_every_error_has_an_exit_code():
    known = {kind for kind, _ in EXIT_CODES}
    assert SpecaugError in known
    assert {code for _, code in EXIT_CODES} <= {1, 2, 4, 6, 7, 8}


def test_every_build_option_is_a_field_with_its_default_shown():
    text = CliRunner().invoke(cli, ["build-dataset", "--help"]).output
    for name in ("frames", "sampling", "margin", "jpeg-quality", "min-face"):
        default = getattr(BuildConfig(), name.replace("-", "_"))
        assert f"--{name}" in text
        assert f"[default: {default}]" in " ".join(text.split())


def test_every_command_has_an_example():
    for name in COMMANDS:
        output = CliRunner().invoke(cli, [name, "--help"]).output
        assert f"specaug {name}" in output


def test_control_characters_do_not_reach_the_terminal(tmp_path, capsys, monkeypatch):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/\x1b[31mred.mp4").write_text("x")
    code, _, err = run(capsys, monkeypatch, "build-dataset", tmp_path / "raw", tmp_path / "out")
    assert code == 4
    assert "\x1b" not in err


def test_doctor_says_what_is_here(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert code == 0
    assert checks["face detector"]["found"].startswith("centerface")
    assert checks["free disk"]["found"].endswith("GiB")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_build_says_so_and_can_go_on(tmp_path, number, code):
    for i in range(400):
        path = tmp_path / f"raw/live/s{i}/{i}.jpg"
        path.parent.mkdir(parents=True)
        path.write_text(str(i))
    command = [sys.executable, "-c", "from specaug_cli.main import main; main()"]
    args = [
        "build-dataset",
        str(tmp_path / "raw"),
        str(tmp_path / "out"),
        "-j",
        "1",
        "--sources-per-shard",
        "1",
    ]
    process = subprocess.Popen([*command, *args], stderr=subprocess.PIPE, text=True, env=os.environ)
    done = tmp_path / "out/.specaug/done"
    while process.poll() is None and not (done.is_dir() and any(done.iterdir())):
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "everything finished so far is kept" in err
    assert (tmp_path / "out/.specaug/lock").read_text() == ""
    assert not (tmp_path / "out/.specaug/tmp").exists()
    assert any(done.iterdir())
