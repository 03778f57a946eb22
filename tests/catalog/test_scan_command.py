"""``specaug scan``: names of fields and values that programs rely on."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from trees import SETS, msu_mfsd, oulu_npu, write_names

from specaug_cli.main import EXIT_CODES, cli

FIELDS = {"path", "label", "pai", "subject", "session", "device", "split", "dataset"}


def run(*args: object):
    return CliRunner().invoke(cli, ["scan", *map(str, args)])


def as_json(*args: object) -> dict:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", SETS)
def test_json_of_each_layout(tmp_path, name):
    raw = write_names(SETS[name](2), tmp_path)
    found = as_json(raw, "--layout", name)
    assert found == as_json(raw)
    assert found["layout"] == name
    assert {frozenset(source) for source in found["sources"]} == {frozenset(FIELDS)}
    assert {frozenset(s) for s in found["skipped"]} <= {frozenset({"path", "reason", "media"})}
    for source in found["sources"]:
        assert source["label"] in ("bonafide", "attack")
        assert source["split"] in ("train", "dev", "test")
        assert (tmp_path / source["path"]).is_file()


def test_json_tells_missing_files_and_notes(tmp_path):
    files = msu_mfsd()
    del files["scene01/real/real_client002_laptop_SD_scene01.mov"]
    found = as_json(write_names(files, tmp_path), "--dev-from-train", 0.2)
    assert found["missing"] == ["scene01/real/real_client002_laptop_SD_scene01"]
    assert any("1 files are missing" in note for note in found["notes"])
    assert any("(--dev-from-train 0.2)" in note for note in found["notes"])
    assert {source["split"] for source in found["sources"]} == {"train", "dev", "test"}


def test_the_table_shows_a_file_of_each_group(tmp_path):
    raw = write_names(oulu_npu(1), tmp_path)
    result = run(raw, "--protocol", "2")
    rows = [
        [c.strip() for c in line.split("│")[1:-1]]
        for line in result.stdout.splitlines()
        if "Test_files" in line
    ]
    assert ["oulu-npu", "test", "attack", "print/2", "1", "18", "Test_files/1_1_36_3.avi"] in rows
    assert "not in protocol 2" in result.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--protocol", "5"), "expects one of 1, 2, 3_1"),
        (("--layout", "siw"), "no usable input in RAW as layout 'siw'"),
        (("--dev-from-train", "0.5"), "dev_from_train: RAW has a dev split"),
        (("--dev-from-train", "2"), "expected a share between 0 and 1"),
    ],
)
def test_wrong_wishes_are_refused(tmp_path, args, message):
    result = run(write_names(oulu_npu(1), tmp_path), *args)
    assert message in str(result.exception)
    code = next(code for kind, code in EXIT_CODES if isinstance(result.exception, kind))
    assert code == (4 if "usable" in message else 2)
