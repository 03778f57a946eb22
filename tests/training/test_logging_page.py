"""The page on logging: event files of TensorBoard hold what the training told, other logs get the same."""

from __future__ import annotations

import csv
import re
import struct
import sys
from pathlib import Path
from types import ModuleType

import pytest

PAGE = Path(__file__).parents[2] / "docs/howto/logging.md"
SHOWN, TENSORBOARD, WANDB, MLFLOW = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE
)


@pytest.fixture
def names(out, tmp_path, monkeypatch):
    """What the first block of the page leaves behind, in a folder with its ``out``."""
    (tmp_path / "out").symlink_to(out)
    monkeypatch.chdir(tmp_path)
    held = {}
    exec(compile(SHOWN, str(PAGE), "exec"), held)  # the page is ours
    return held


def checksum(data: bytes) -> int:
    """CRC-32C, masked as in record files of TensorFlow."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data: bytes):
    """Records of an event file: length, its checksum, the record, its checksum."""
    while data:
        length, check = struct.unpack("<QI", data[:12])
        assert checksum(data[:8]) == check
        record, data = data[12 : 12 + length], data[12 + length :]
        assert checksum(record) == struct.unpack("<I", data[:4])[0]
        yield record
        data = data[4:]


def fields(message: bytes):
    """(number, value) of each field of a message of Protocol Buffers."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        size = {1: 8, 5: 4}.get(kind) or (varint() if kind == 2 else None)
        if size is None:
            yield number, varint()
        else:
            at += size
            yield number, message[at - size : at]


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Tag to step to value, of all event files in a folder."""
    found: dict[str, dict[int, float]] = {}
    for file in folder.glob("events.out.tfevents.*"):
        for record in records(file.read_bytes()):
            event = dict(fields(record))
            for number, value in fields(event.get(5, b"")):
                told = dict(fields(value))
                assert number == 1
                found.setdefault(told[1].decode(), {})[event.get(2, 0)] = struct.unpack("<f", told[2])[0]
    return found


def test_the_event_files_hold_every_figure(names, tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    exec(compile(TENSORBOARD, str(PAGE), "exec"), names)
    found = scalars(tmp_path / "run/tensorboard")
    rows = list(csv.DictReader((tmp_path / "run-with-curves/curves.csv").read_text().splitlines()))
    steps = len(found["loss"])
    assert sorted(found["loss"]) == list(range(1, steps + 1))
    for name in ("train_loss", "dev_loss", "dev_eer"):
        expected = {steps // 2 * (n + 1): float(row[name]) for n, row in enumerate(rows)}
        assert found[name] == pytest.approx(expected)
    assert set(found) == {"loss", "learning_rate", "train_loss", "dev_loss", "dev_eer"}


def test_tensorboard_itself_reads_the_same(names, tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="tensorboard is not installed"
    )
    exec(compile(TENSORBOARD, str(PAGE), "exec"), names)
    held = reading.EventAccumulator(str(tmp_path / "run/tensorboard")).Reload()
    read = {tag: {e.step: e.value for e in held.Scalars(tag)} for tag in held.Tags()["scalars"]}
    assert read == scalars(tmp_path / "run/tensorboard")


@pytest.mark.parametrize(
    ("block", "package", "begins", "logs"),
    [(WANDB, "wandb", "init", "log"), (MLFLOW, "mlflow", "log_params", "log_metrics")],
)
def test_three_lines_are_enough_for_other_logs(names, monkeypatch, block, package, begins, logs):
    """Against a stand-in with the two functions of the package that the page calls: it wants an account or a server."""
    begun, told = [], []
    stand_in = ModuleType(package)
    setattr(stand_in, begins, lambda *args, **settings: begun.append((args, settings)))
    setattr(stand_in, logs, lambda metrics, step: told.append((step, metrics)))
    monkeypatch.setitem(sys.modules, package, stand_in)
    exec(compile(block, str(PAGE), "exec"), names)
    assert len([line for line in block.splitlines() if line]) == 3
    assert len(begun) == 1
    assert [step for step, metrics in told if "loss" in metrics] == list(range(1, told[-1][0] + 1))
