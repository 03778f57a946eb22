"""What parent and child share of the work in progress: busy or not, and the stage entered last."""

from __future__ import annotations

import os

import pytest

from specaug.isolate.progress import Progress, ReportingStopwatch, new_progress_file
from specaug.records import STAGES


@pytest.fixture
def ends():
    """Two views of one memory, as parent and child have."""
    handle = new_progress_file()
    both = Progress(handle), Progress(handle)
    os.close(handle)
    yield both
    for end in both:
        end.close()


def test_new_memory_tells_of_no_work(ends):
    assert [(end.busy, end.stage) for end in ends] == [(False, None)] * 2


def test_what_one_end_sets_the_other_sees(ends):
    child, parent = ends
    for busy in (True, False, True):
        child.busy = busy
        assert parent.busy is busy
    parent.busy = False
    assert child.busy is False


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_seen_as_it_is(ends, stage):
    child, parent = ends
    child.stage = stage
    assert parent.stage == stage
    assert not parent.busy  # the two do not share a byte
    child.busy = True
    assert parent.stage == stage


@pytest.mark.parametrize("stage", [None, "write", "", "Decode"])
def test_what_is_no_stage_is_none(ends, stage):
    child, parent = ends
    child.stage = "align"
    child.stage = stage
    assert parent.stage is None


def test_bytes_that_a_crash_left_are_not_taken_for_a_stage():
    handle = new_progress_file()
    progress = Progress(handle)
    for value, stage in (
        (0, None),
        (1, STAGES[0]),
        (len(STAGES), STAGES[-1]),
        (len(STAGES) + 1, None),
        (255, None),
    ):
        os.pwrite(handle, bytes([value, value]), 0)
        assert progress.stage == stage
        assert progress.busy is (value == 1)
    progress.close()
    os.close(handle)


def test_the_file_has_no_name_and_outlives_its_descriptor():
    handle = new_progress_file()
    assert os.fstat(handle).st_nlink == 0
    progress = Progress(handle)
    os.close(handle)
    progress.busy = True
    assert progress.busy
    progress.close()
    with pytest.raises(ValueError, match="closed"):
        assert progress.busy


def test_a_stopwatch_reports_the_stage_that_it_is_in(ends):
    child, parent = ends
    watch = ReportingStopwatch(child)
    assert (watch.stage, parent.stage) == (None, None)
    with watch("decode"):
        assert (watch.stage, parent.stage) == ("decode", "decode")
        with watch("detect"):
            assert parent.stage == "detect"
        assert (watch.stage, parent.stage) == ("decode", "decode")
    assert watch.stage is None
    assert parent.stage == "decode"  # the last one, until another begins
    assert set(watch.seconds) == {"decode", "detect"}


def test_a_stage_that_raised_stays(ends):
    child, parent = ends
    watch = ReportingStopwatch(child)
    with pytest.raises(ZeroDivisionError), watch("decode"), watch("align"):
        raise ZeroDivisionError
    assert (watch.stage, parent.stage) == ("align", "align")


def test_a_part_of_the_work_that_is_no_stage_shows_none(ends):
    child, parent = ends
    watch = ReportingStopwatch(child)
    with watch("encode"):
        with watch("write"):
            assert (watch.stage, parent.stage) == ("write", None)
        assert parent.stage == "encode"
