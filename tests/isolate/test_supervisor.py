"""What a worker is asked for, and what it hands back beside its outcomes."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from asking import Make, facts, source, wait_until_gone

from specaug.errors import ArgumentError
from specaug.isolate import MIN_MEMORY, SupervisedWorker, worker_of_this_thread
from specaug.records import BuildConfig, Failure, Source
from specaug.stage_timer import Stopwatch


class TestWorker:
    def test_seconds_of_stages_come_back(self, make: Make) -> None:
        watch = Stopwatch()
        watch.seconds["decode"] = 100.0
        make().extract(source("plain"), watch=watch)
        assert set(watch.seconds) == {"probe", "decode"}
        assert watch.seconds["decode"] > 100

    def test_seconds_of_a_dead_child_count_for_its_last_stage(self, make: Make) -> None:
        watch = Stopwatch()
        make(timeout=0.5).extract(source("hang"), watch=watch)
        assert set(watch.seconds) == {"decode"}
        assert watch.seconds["decode"] > 0.4

    def test_thread_keeps_its_worker_while_settings_are_the_same(self, tmp_path: Path) -> None:
        settings: dict[str, Any] = {"raw": tmp_path, "max_memory": None, "function": "misbehave:behave"}
        pids: list[int] = []

        def run() -> None:
            config = BuildConfig()
            for timeout, frames in ((9, 8), (9, 8), (8, 8), (8, 4)):
                changed = dataclasses.replace(config, frames=frames)
                pids.append(facts(worker_of_this_thread(config=changed, timeout=timeout, **settings))["pid"])

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert pids[0] == pids[1]
        assert len(set(pids)) == 3
        for pid in pids:
            wait_until_gone(pid)

    @pytest.mark.parametrize(
        ("changes", "match"),
        [
            ({"timeout": 0}, "timeout: expected a positive number"),
            ({"timeout": float("nan")}, "timeout: expected"),
            ({"timeout": float("inf")}, "timeout: expected"),
            ({"max_memory": 1 << 20}, "max_memory: expected at least 536870912 bytes"),
            ({"recycle_after": 0}, "recycle_after: expected at least 1"),
        ],
    )
    def test_limits_out_of_range_are_named(self, make: Make, changes: dict[str, Any], match: str) -> None:
        with pytest.raises(ArgumentError, match=match):
            make(**changes)

    def test_smallest_memory_is_enough_for_a_full_hd_photo(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "a.png"), noise)
        photo = Source("a.png", "bonafide", kind="image", source_id="0" * 32)
        with SupervisedWorker(
            raw=tmp_path, config=BuildConfig(), timeout=60, max_memory=MIN_MEMORY
        ) as worker:
            (outcome,) = worker.extract(photo)
        assert isinstance(outcome, Failure)
        assert (outcome.stage, outcome.reason) == ("detect", "no_face")
