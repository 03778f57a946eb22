"""Copies and aliases across splits, as verify tells of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
sys.path.insert(0, str(Path(__file__).parent))

from hand_out import CLIP, COPIES, OTHERS, out_of

from specaug.pipeline import verify
from specaug_cli.main import cli


@pytest.mark.parametrize("how", [*COPIES, *OTHERS])
def test_copies_across_splits_are_warned_of_and_other_clips_are_not(tmp_path, how):
    out = out_of(tmp_path / "out", {"train": CLIP, "test": (COPIES | OTHERS)[how]})
    report = verify(out)
    assert report.ok
    kinds = [notice.kind for notice in report.warnings if notice.kind == "look_alikes"]
    assert kinds == (["look_alikes"] if how in COPIES else [])
    if kinds:
        assert "test.mp4 (test) and train.mp4 (train)" in report.warnings[0].detail
    assert verify(out, look_alikes=False).warnings == ()


@pytest.mark.parametrize(
    ("options", "copies", "code"),
    [
        ((), True, 0),
        (("--strict",), True, 5),
        (("--strict",), False, 0),
        (("--strict", "--no-look-alikes"), True, 0),
    ],
)
def test_verify_fails_for_copies_on_request_alone(tmp_path, options, copies, code):
    second = COPIES["mirrored"] if copies else OTHERS["another clip"]
    out = out_of(tmp_path / "out", {"train": CLIP, "test": second})
    result = CliRunner().invoke(cli, ["verify", str(out), "--json", *options], standalone_mode=False)
    assert result.return_value == code
    told = json.loads(result.stdout)
    assert told["ok"]
    assert bool(told["warnings"]) == (copies and "--no-look-alikes" not in options)
    lines = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert lines == [f"warning: {notice['detail']}" for notice in told["warnings"]]


@pytest.mark.parametrize(
    ("subjects", "found"),
    [(("Zo\u00eb", "Zoe\u0308"), 1), (("S01", "s1"), 1), (("s 1", "s1"), 1), (("s1", "s11"), 0)],
)
def test_verify_tells_of_subjects_that_differ_in_their_spelling(tmp_path, subjects, found):
    out = out_of(tmp_path / "out", {"train": CLIP, "test": OTHERS["another clip"]}, subjects=subjects)
    report = verify(out)
    assert report.ok
    assert sum(n.count for n in report.warnings if n.kind == "alias_subjects") == found
    assert all("1 of them in different splits" in n.detail for n in report.warnings)


@pytest.mark.parametrize(("look_alikes", "told"), [(True, 1), (False, 0)])
def test_verify_place_passes_the_choice_on(tmp_path, look_alikes, told):
    out = out_of(tmp_path / "out", {"train": CLIP, "test": COPIES["mirrored"]})
    assert len(verify(out, look_alikes=look_alikes).warnings) == told
