"""Files of strangers, keys in addresses, places that do not answer, damage and recipes that contradict themselves."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
sys.path.insert(0, str(Path(__file__).parent))

from building import SMALL, add_video, in_process
from hand_out import CLIP, OTHERS, out_of

from specaug.augment.recipes.recipe import Recipe
from specaug.catalog import scan, tree
from specaug.errors import (
    ArgumentError,
    CatalogError,
    NothingToDoError,
    PlanMismatchError,
    SpecaugError,
    StoreError,
)
from specaug.pipeline import build_dataset, shard
from specaug.pipeline.plan import load_plan
from specaug.pipeline.synthesis.synthesis_plan import load_synthesis
from specaug.shards import (
    STATE,
    View,
    data_file,
    read_receipt,
    verify,
)
from specaug.storage import address_of, create, objects, place_of
from specaug_cli.main import EXIT_CODES
from specaug_cli.settings import config_from

DEEP = 100_000

JSON = "[" * DEEP + "]" * DEEP
TOML = "name = " + JSON


@pytest.mark.parametrize("text", [TOML, "[" + "a." * DEEP + "b]", "a." * DEEP + "b = 1"])
@pytest.mark.parametrize("file", ["recipe", "config", "sources.toml"])
def test_toml_of_a_hundred_thousand_levels_is_a_clear_error(tmp_path, file, text):
    path = tmp_path / "sources.toml"
    path.write_text(text)
    reads = {
        "recipe": lambda: Recipe.from_toml(path),
        "config": lambda: config_from(path, {}),
        "sources.toml": lambda: scan(tmp_path),
    }
    with pytest.raises(SpecaugError, match=r"levels of tables and lists") as caught:
        reads[file]()
    assert dict(EXIT_CODES)[type(caught.value)] == 2


@pytest.fixture
def finished(tmp_path) -> Path:
    return out_of(tmp_path / "out", {"train": CLIP, "test": OTHERS["another clip"]})


def test_a_manifest_of_many_levels_is_damage(finished):
    (finished / "manifest.jsonl").write_text(JSON)
    (problem,) = verify(finished).problems
    assert (problem.file, problem.kind) == ("manifest.jsonl", "checksum")
    assert "levels" in problem.detail


@pytest.mark.parametrize(
    "name", [f"{STATE}/plan.json", "dataset_info.json", f"{STATE}/done/train-00000-of-00001.json"]
)
def test_other_files_of_many_levels_are_damage(finished, name):
    (finished / name).write_text(JSON)
    assert name in {problem.file for problem in verify(finished).problems}


def test_plans_and_receipts_of_many_levels_are_clear_errors(finished):
    plan = load_plan(finished)
    assert plan is not None
    (finished / STATE / "done" / "train-00000-of-00001.json").write_text(JSON)
    assert read_receipt(finished, plan.shards[0]) is None  # it will be built again
    for name, load in (("plan.json", load_plan), ("synthesis.json", load_synthesis)):
        (finished / STATE / name).write_text(JSON)
        with pytest.raises(PlanMismatchError, match="levels"):
            load(finished)


@pytest.mark.parametrize(
    "text",
    [JSON, "{}", "[]", '{"files": ["../../x"], "removed": []}', '{"files": [], "removed": ["/etc/x"]}'],
)
def test_a_change_that_nobody_of_ours_wrote_is_a_clear_error(finished, text):
    change = finished / STATE / "next" / "change.json"
    change.parent.mkdir()
    change.write_text(text)
    with pytest.raises(SpecaugError, match=r"change\.json: expected a change that this library wrote"):
        View(finished)


def branches(count: int) -> str:
    """A recipe of so many branches, each with ranges of its own."""
    return "".join(
        f'[[branches]]\nname = "b{n}"\nweight = {n + 1}\n[[branches.steps]]\noperation = "jpeg"\n'
        f"[branches.steps.ranges]\nquality = [{30 + n % 50}, 90]\n"
        for n in range(count)
    )


def calls(count: int) -> int:
    """Functions that are called to read it."""
    made = [0]

    def count_one(frame: object, event: str, arg: object) -> None:
        made[0] += event in ("call", "c_call")

    text = branches(count)
    before = sys.getprofile()
    sys.setprofile(count_one)
    try:
        recipe = Recipe.from_text(text)
    finally:
        sys.setprofile(before)
    assert len(recipe.branches) == count
    return made[0]


def test_work_grows_with_the_number_of_branches_and_no_faster():
    calls(10)  # what is imported and cached once
    assert calls(2000) < 2.1 * calls(1000)


SECRET_PLACES = [
    "s3://KEYID:hunter2/x@bucket/raw",
    "memory://KEYID:hunter2@place/raw",
    "nothing://KEYID:hunter2@place/raw",
    "http://KEYID:hunter2@127.0.0.1:9/raw?token=hunter2",
]


@pytest.mark.parametrize("address", SECRET_PLACES)
@pytest.mark.parametrize("command", ["scan", "build-dataset", "verify", "report", "train", "finalize"])
def test_no_command_prints_a_key_of_an_address(tmp_path, command, address, capsys, monkeypatch):
    from specaug_cli.main import main

    more = {"build-dataset": [str(tmp_path / "out")], "report": [], "train": ["-o", str(tmp_path / "run")]}
    monkeypatch.setattr("specaug_cli.main.signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["specaug", command, address, *more.get(command, [])])
    with pytest.raises(SystemExit) as end:
        main()
    told = "".join(capsys.readouterr())
    assert end.value.code not in (None, 0)
    assert told
    assert "hunter2" not in told
    assert "KEYID" not in told


def test_keys_in_an_address_of_s3_are_refused_with_what_to_do():
    with pytest.raises(ArgumentError, match=r"without keys, got 's3://\*\*\*@bucket/x'.*AWS_ACCESS_KEY_ID"):
        place_of("s3://KEYID:hunter2@bucket/x")


def test_a_place_is_shown_without_its_keys(tmp_path):
    place = place_of("memory://KEYID:hunter2@shown/raw")
    assert address_of(place) == "memory://***@shown/raw"
    create(place / "a", b"1")
    assert [name for name, _ in objects(place)] == ["a"]


def test_no_file_of_a_build_and_no_message_holds_a_key(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(shard, "work_on", in_process)
    store = place_of("memory://KEYID:hunter2@whole")
    add_video(tmp_path / "a.mp4", 1)
    create(store / "raw/train/live/s1/a.mp4", (tmp_path / "a.mp4").read_bytes())
    create(store / "raw/train/live/s2/b.mp4", b"no video")
    create(store / "raw/train/lively/c.mp4", b"no video either")
    report = build_dataset("memory://KEYID:hunter2@whole/raw", tmp_path / "out", SMALL)
    build_dataset("memory://KEYID:hunter2@whole/raw", "memory://KEYID:hunter2@whole/out", SMALL)
    assert (report.clips, report.failures) == (1, 1)
    assert "hunter2" not in str(report) + "".join(capfd.readouterr())
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    stored = [(store / "out" / name).read_bytes() for name, _ in objects(store / "out")]
    assert len(files) > 5
    assert len(stored) > 5
    for content in [path.read_bytes() for path in files] + stored:
        assert b"hunter2" not in content
        assert b"KEYID" not in content


class _Refusing:
    """A file system whose server answers as it is told."""

    protocol = "memory"

    def __init__(self, error: Exception | None, listed: Exception | None = None) -> None:
        self.error, self.listed = error, listed

    def find(self, prefix: str, **options: object) -> dict[str, object]:
        if self.error is not None:
            raise self.error
        return {}

    def ls(self, prefix: str, **options: object) -> list[str]:
        if self.listed is not None:
            raise self.listed
        return []


class _Place:
    def __init__(self, fs: _Refusing) -> None:
        self.fs, self.path = fs, "bucket/raw"

    def __str__(self) -> str:
        return "s3://bucket/raw"


@pytest.mark.parametrize(
    ("error", "listed", "words"),
    [
        (
            PermissionError("the key is not known"),
            None,
            "cannot be used: PermissionError: the key is not known",
        ),
        (ConnectionError("refused"), None, "cannot be used: ConnectionError: refused"),
        (FileNotFoundError("no such bucket"), None, "is not there: no such bucket"),
        (None, ConnectionError("refused"), "cannot be used: ConnectionError: refused"),
        (None, FileNotFoundError("no such prefix"), None),
        (None, None, None),
    ],
)
def test_a_store_that_does_not_answer_is_not_empty(error, listed, words):
    place = _Place(_Refusing(error, listed))
    if words is None:
        assert objects(place) == []
        return
    with pytest.raises(StoreError, match=words):
        objects(place)


@pytest.mark.parametrize("number", [errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.EHOSTDOWN])
@pytest.mark.parametrize("where", ["root", "folder"])
def test_a_network_drive_that_is_gone_is_not_empty(tmp_path, monkeypatch, number, where):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.mp4").write_text("a")
    scandir, stat = os.scandir, Path.stat

    def gone(path: object) -> None:
        if Path(str(path)).name == (tmp_path if where == "root" else tmp_path / "live").name:
            raise OSError(number, os.strerror(number), str(path))

    def broken_scandir(path: str) -> object:
        gone(path)
        return scandir(path)

    def broken_stat(path: Path, **how: bool) -> os.stat_result:
        if where == "root":
            gone(path)
        return stat(path, **how)

    monkeypatch.setattr(tree.os, "scandir", broken_scandir)
    monkeypatch.setattr(Path, "stat", broken_stat)
    with pytest.raises(CatalogError, match=r"cannot be reached: .*network drive"):
        scan(tmp_path)


def test_an_empty_folder_is_told_with_what_may_be_the_reason(tmp_path):
    with pytest.raises(
        NothingToDoError, match="RAW is empty; if it lies on a network drive, is that mounted"
    ):
        scan(tmp_path)


def test_a_page_that_was_damaged_is_told_where_columns_are_read(finished):
    from specaug.shards import read_rows, stream_columns

    path = data_file(finished, "train-00000-of-00001")
    column = pq.ParquetFile(path).schema_arrow.names.index("source_path")
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(column)
    content = bytearray(path.read_bytes())
    start = content.index(b"train.mp4", chunk.dictionary_page_offset or chunk.data_page_offset)
    content[start] ^= 1
    path.write_bytes(content)
    for read in (lambda: list(stream_columns(path, ["source_path"])), lambda: list(read_rows(path, 0, [0]))):
        with pytest.raises(SpecaugError, match="cannot be read"):
            read()


@pytest.mark.parametrize("rows", [0, 2])
def test_a_text_column_keeps_its_type_without_rows(tmp_path, rows):
    from specaug.shards.tables import read_columns, write_columns

    columns = {"clip_id": np.array(["a", "b"][:rows], np.str_), "score": np.linspace(0, 1, 2)[:rows]}
    write_columns(tmp_path / "t.parquet", columns, out=tmp_path)
    found = read_columns(tmp_path / "t.parquet")
    assert {name: values.dtype.kind for name, values in found.items()} == {"clip_id": "U", "score": "f"}
    assert str(pq.read_schema(tmp_path / "t.parquet").field("clip_id").type) == "string"


@pytest.mark.parametrize(
    ("first", "low", "fits"), [(1.0, 0.0, True), (0.5, 0.0, False), (0.0, 0.0, False), (0.5, 0.1, True)]
)
def test_a_recipe_whose_label_some_draws_leave_unknown_is_refused(first, low, fits):
    text = (
        f'donor = "attack"\n[[steps]]\noperation = "moire"\nprobability = {first}\n'
        f'[[steps]]\noperation = "spectral_mix"\n[steps.ranges]\nlow = {low}\nhigh = 0.5\n'
    )
    if fits:
        recipe = Recipe.from_text(text)
        assert {recipe.label_after(recipe.sample(n)) for n in range(20)} == {"attack"}
    else:
        with pytest.raises(ArgumentError, match="partner_label"):
            Recipe.from_text(text)


@pytest.mark.parametrize(("last", "fits"), [(1.0, False), (0.5, False), (0.0, True)])
def test_a_step_that_is_never_drawn_decides_nothing(last, fits):
    text = (
        f'donor = "bonafide"\n[[steps]]\noperation = "moire"\n'
        f'[[steps]]\noperation = "spectral_mix"\nprobability = {last}\n'
    )
    if fits:
        assert Recipe.from_text(text).takes_donor
    else:
        with pytest.raises(ArgumentError, match="partner_label"):
            Recipe.from_text(text)
