"""A build on a disk of its own that is too small, then larger, then read-only; run as root of a user namespace.

Prints the exit codes and messages as JSON; OUT is copied to where it is compared.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = (
    "--detector",
    "sidecar",
    "--frames",
    "2",
    "--size",
    "96",
    "--min-face",
    "16",
    "--image-format",
    "raw",
)


def build(raw: Path, out: Path, *, jobs: int = 1) -> tuple[int, str]:
    code = "from specaug_cli.main import main; main()"
    command = [sys.executable, "-c", code, "build-dataset", raw, out, *FLAGS, "-q", "-j", str(jobs)]
    done = subprocess.run([*command, "--sources-per-shard", "1"], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def main(raw: Path, disk: Path, copy: Path) -> None:
    out = disk / "out"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", disk], check=True)
    full = build(raw, out, jobs=2)
    kept = len(list(out.glob(".specaug/done/*.json")))
    left = len(list(out.glob(".specaug/tmp/*")))
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    more = build(raw, out)
    shutil.copytree(out, copy)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    locked = build(raw, out)
    print(json.dumps({"full": full, "kept": kept, "left": left, "more": more, "read_only": locked}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
