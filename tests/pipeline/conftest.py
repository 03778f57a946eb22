"""Raw folders to build from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cv2
import pytest

from specaug.pipeline import shard
from specaug.pipeline.retry import retry_shard

sys.path.insert(0, str(Path(__file__).parent))

from building import add_video, in_process, scene


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("media") / "raw"
    for i in range(6):
        add_video(root / f"train/{'live' if i % 2 else 'spoof/print'}/s{i}/{i}.mp4", i)
    add_video(root / "dev/live/s7/7.mp4", 7)
    add_video(root / "train/live/s8/dark.mp4", 8, black=True)
    (root / "train/live/s8/text.mp4").write_text("not a video")
    (root / "train/live/s8/empty.mp4").write_bytes(b"")
    shutil.copy(root / "train/live/s1/1.mp4", root / "train/live/s1/copy.mp4")
    (root / "notes.txt").write_text("notes")
    cv2.imwrite(str(root / "dev/live/s7/photo.png"), scene(9, 0)[..., ::-1])
    return root


@pytest.fixture
def raw(media, tmp_path, monkeypatch) -> Path:
    # In this process, with a detector that sees the middle; tests/isolate and the tests below cover the child.
    for module in (shard, retry_shard):
        monkeypatch.setattr(module, "work_on", in_process)
    shutil.copytree(media, tmp_path / "raw")
    return tmp_path / "raw"
