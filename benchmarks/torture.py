"""Builds that are killed at random times until they finish; each must end in the same bytes as one left alone.

    python benchmarks/torture.py [--rounds 40] [--kills 6] [--minutes M] [--seed 0] [--keep FOLDER]

A round starts `specaug build-dataset` with a random number of workers, sends SIGKILL, SIGTERM or SIGINT to it, to one
of its workers or to one of their children at a random moment, and starts it again, up to `--kills` times; the last
start is left alone. Then every file of OUT is compared with the reference (receipts without the seconds that were
measured), `specaug.shards.verify` reads it, and leftovers are counted. After every kill, processes of that start that
are still there ten seconds after its end count as orphans. Ends with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from results import save

from specaug.media.write import write_video
from specaug.shards import verify

PACKAGES = ("av", "joblib", "opencv-python", "numpy", "pyarrow")
FLAGS = (
    "--detector",
    "sidecar",
    "--frames",
    "2",
    "--size",
    "32",
    "--min-face",
    "16",
    "--sources-per-shard",
    "2",
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_MARK = "SPECAUG_TORTURE_MARK"
_ORPHAN_SECONDS = 10.0
_FRAMES, _SIDE = 6, 64


@dataclass
class Tally:
    """What happened."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    """By signal and target."""
    ends: Counter[str] = field(default_factory=Counter)
    """Exit codes of builds that were sent a signal, or of which a process was."""
    too_late: int = 0
    """Builds that had finished before the moment came."""
    orphans: int = 0
    leftovers: int = 0
    wrong_bytes: int = 0
    not_verified: int = 0
    shards_kept: int = 0
    """Shards that later starts found finished."""
    findings: list[str] = field(default_factory=list)


def make_raw(raw: Path, *, sources: int) -> None:
    """Drawn videos of noise with given boxes, in three splits, one copy and one broken link: two known failures."""
    rng = np.random.default_rng(0)
    raw.mkdir(parents=True)
    (raw / "boxes.face").write_text("".join(f"{t} 12 12 40 40\n" for t in range(_FRAMES)))
    with (raw / "sources.csv").open("w", newline="") as listing:
        rows = csv.writer(listing)
        rows.writerow(["path", "label", "pai", "subject", "split", "boxes"])
        for i in range(sources):
            picture = rng.integers(0, 255, (_FRAMES, _SIDE, _SIDE, 3), np.uint8)
            write_video(raw / f"{i}.mp4", iter(picture), fps=25)
            label = ("bonafide", "none") if i % 2 else ("attack", "print")
            rows.writerow(
                [f"{i}.mp4", *label, f"s{i}", ("train", "train", "dev", "test")[i % 4], "boxes.face"]
            )
        shutil.copy(raw / "0.mp4", raw / "copy.mp4")
        (raw / "gone.mp4").symlink_to("nowhere.mp4")
        rows.writerow(["copy.mp4", "attack", "print", "s0", "train", "boxes.face"])
        rows.writerow(["gone.mp4", "bonafide", "none", "s1", "train", "boxes.face"])


class Build:
    """One start of the command; everything that comes from it carries a mark in its environment."""

    def __init__(self, raw: Path, out: Path, jobs: int) -> None:
        self.mark = uuid.uuid4().hex
        code = "import sys; from specaug_cli.main import main; main()"
        command = [sys.executable, "-c", code, "build-dataset", raw, out, *FLAGS, "-j", str(jobs), "-q"]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, _MARK: self.mark, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def others(self) -> dict[int, str]:
        """Living processes that come from it, and what they are."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    if f"{_MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found[int(entry.name)] = _kind((entry / "cmdline").read_bytes())
                except OSError:  # it ended, or is another user's
                    continue
        return found


def _kind(command: bytes) -> str:
    if b"specaug.isolate.child_main" in command:
        return "child"
    return "tracker" if b"resource_tracker" in command else "worker"


def one_round(raw: Path, out: Path, reference: Path, kills: int, rng: np.random.Generator) -> Tally:
    """Kill, start again, kill, …, finish, compare."""
    tally = Tally(rounds=1)
    shards = len(list(reference.glob(".specaug/done/*.json")))
    for _ in range(int(rng.integers(2, kills + 1))):
        before = len(list(out.glob(".specaug/done/*.json")))
        tally.shards_kept = max(tally.shards_kept, before)
        build = Build(raw, out, int(rng.integers(1, 4)))
        moment = before + int(rng.integers(0, 2 + (shards - before) // 3))
        if not _strike(build, out, moment, tally, rng):
            break
    code = Build(raw, out, int(rng.integers(1, 4))).process.wait()
    if code != 0:
        tally.findings.append(f"the last start ended with {code}")
    _compare(out, reference, tally)
    return tally


def _strike(build: Build, out: Path, moment: int, tally: Tally, rng: np.random.Generator) -> bool:
    """Send a signal soon after a number of shards is finished; False if the build had finished before."""
    lock = out / ".specaug/lock"
    wait_for_work = rng.random() < 0.9  # else anywhere, imports included
    while wait_for_work and build.process.poll() is None and not (lock.exists() and lock.stat().st_size):
        time.sleep(0.005)
    while wait_for_work and build.process.poll() is None and len(list(out.glob(".specaug/done/*"))) < moment:
        time.sleep(0.002)
    time.sleep(float(rng.uniform(0, 0.2 if wait_for_work else 2)))
    if build.process.poll() is not None:
        tally.too_late += 1
        return False
    luck = rng.random()
    last = _strike_another(build, tally, rng) if luck < 0.5 else None
    if last is not None:
        time.sleep(float(rng.uniform(0, 0.5)))
    if (luck >= 0.2 or last is None) and build.process.poll() is None:  # else it has to get over the loss
        number = SIGNALS[int(rng.integers(len(SIGNALS)))]
        build.process.send_signal(number)
        last = f"{number.name} builder"
        tally.kills[last] += 1
    code = build.process.wait()
    tally.ends[f"{last}: {code}"] += 1
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while (left := build.others()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        tally.orphans += len(left)
        tally.findings.append(f"{last}: left {sorted(left.values())}")
        for orphan in left:
            os.kill(orphan, signal.SIGKILL)
    return code != 0


def _strike_another(build: Build, tally: Tally, rng: np.random.Generator) -> str | None:
    """Kill a worker or a child, if there is one; says what was done."""
    others = {pid: kind for pid, kind in build.others().items() if kind != "tracker"}
    if not others:
        return None
    pid = int(rng.choice(list(others)))
    number = signal.SIGKILL if rng.random() < 0.7 else signal.SIGTERM
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it has ended by itself
        return None
    name = f"{number.name} {others[pid]}"
    tally.kills[name] += 1
    return name


def everything(out: Path) -> dict[str, bytes]:
    """Content of every file that is there to stay; receipts without what was measured."""
    files = {p.relative_to(out).as_posix(): p for p in sorted(out.rglob("*")) if p.is_file()}
    found = {
        n: p.read_bytes() for n, p in files.items() if not n.startswith((".specaug/lock", ".specaug/workers"))
    }
    for name in found:
        if name.startswith(".specaug/done/"):
            found[name] = json.dumps({**json.loads(found[name]), "seconds": []}).encode()
    return found


def _compare(out: Path, reference: Path, tally: Tally) -> None:
    wanted, found = everything(reference), everything(out)
    leftovers = [name for name in found if name.startswith((".specaug/tmp/", ".specaug/next/"))]
    tally.leftovers += len(leftovers)
    differs = sorted(
        n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n) and n not in leftovers
    )
    tally.wrong_bytes += len(differs)
    report = verify(out)
    tally.not_verified += not report.ok
    tally.findings += [f"left: {name}" for name in leftovers] + [f"differs: {name}" for name in differs]
    tally.findings += [f"verify: {problem}" for problem in report.problems]


def add(total: Tally, part: Tally) -> None:
    """Sum up."""
    for name, value in vars(part).items():
        setattr(total, name, getattr(total, name) + value)


def main() -> None:
    """Torture, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--kills", type=int, default=6, help="most kills a round")
    parser.add_argument("--sources", type=int, default=24)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no new round after that")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where an OUT that is wrong is moved to")
    arguments = parser.parse_args()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job, and all it starts, ignore it
    rng = np.random.default_rng(arguments.seed)
    total = Tally()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        raw, reference = root / "raw", root / "reference"
        make_raw(raw, sources=arguments.sources)
        if Build(raw, reference, 1).process.wait() != 0 or not verify(reference).ok:
            raise SystemExit("the reference could not be built")
        begun = time.monotonic()
        for number in range(arguments.rounds):
            if time.monotonic() - begun > 60 * arguments.minutes:
                break
            out = root / f"out{number}"
            part = one_round(raw, out, reference, arguments.kills, rng)
            add(total, part)
            print(f"round {number}: {dict(part.kills)} {part.findings or 'same bytes'}", flush=True)
            if part.findings and arguments.keep:
                shutil.move(out, arguments.keep / out.name)
            shutil.rmtree(out, ignore_errors=True)
    figures = {**vars(total), "kills_in_all": total.kills.total()}
    print(json.dumps(figures, indent=1))
    save("torture", figures, *PACKAGES)
    sys.exit(bool(total.findings))


if __name__ == "__main__":
    main()
