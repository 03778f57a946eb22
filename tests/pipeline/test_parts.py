"""What one part of several looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from building import SMALL, add_video

from specaug.errors import PlanMismatchError
from specaug.pipeline import build_dataset, plan
from specaug.pipeline.plan import load_plan

FIRST, SECOND = (replace(SMALL, shard_index=i, shard_count=2, sources_per_shard=2) for i in (0, 1))


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Names of files that were opened for the plan."""
    names: list[str] = []
    look = plan.file_sample
    monkeypatch.setattr(
        plan, "file_sample", lambda path: names.append(str(path).rpartition("/")[2]) or look(path)
    )
    return names


def test_a_part_opens_its_own_files_and_new_ones(raw, tmp_path, opened):
    out = tmp_path / "out"
    build_dataset(raw, out, FIRST)
    assert len(opened) == 12  # there was no plan yet
    opened.clear()
    build_dataset(raw, out, SECOND)
    shards = load_plan(out).shards
    mine = {s.path.rpartition("/")[2] for shard in shards[1::2] for s in shard.sources}
    theirs = {s.path.rpartition("/")[2] for shard in shards[0::2] for s in shard.sources}
    lost = {failure.source_path.rpartition("/")[2] for shard in shards for failure in shard.known}
    assert mine
    assert set(opened) == mine | lost - theirs
    add_video(raw / "train/live/s9/new.mp4", 40)
    opened.clear()
    build_dataset(raw, out, SECOND)
    assert "new.mp4" in opened
    assert not theirs & set(opened)


def test_each_part_refuses_changes_of_its_own_files(raw, tmp_path):
    out = tmp_path / "out"
    build_dataset(raw, out, FIRST)
    victim = load_plan(out).shards[1].sources[0].path
    (raw / victim).write_bytes(b"other content")
    build_dataset(raw, out, FIRST)
    with pytest.raises(PlanMismatchError, match="RAW changed since OUT was planned"):
        build_dataset(raw, out, SECOND)
