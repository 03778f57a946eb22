"""`specaug.compare` of clips and groups of a built data set."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hand_shards import SIDE, attack_row, clip_row, write_shard
from made_frames import grating

import specaug
from specaug.differences.comparison_sides import split_conditions, told_apart
from specaug.differences.out_clips import parse_where
from specaug.errors import ArgumentError, NothingToDoError
from specaug_cli.main import main

SUBJECTS = 6


def face(n: int, amplitude: float = 0.0, frames: int = 1) -> list[np.ndarray]:
    """Gray noise of a subject's own contrast, with a wave for some."""
    rng = np.random.default_rng(n)
    sigma = 0.04 * (1 + 0.1 * (n % 3))
    values = (
        0.5 + sigma * rng.standard_normal((frames, SIDE, SIDE, 1)) + grating(0.25, 0, amplitude, side=SIDE)
    )
    return list(np.clip(np.rint(255 * np.repeat(values, 3, axis=-1)), 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Six subjects in person, printed with a wave, and replayed without; one clip of 20 evenly spaced frames."""
    rows = []
    for n in range(SUBJECTS):
        rows.append(clip_row(n, subject=f"s{n}", frames=face(n)))
        rows.append(attack_row(100 + n, subject=f"s{n}", pai="print/1", frames=face(n + 50, 0.1)))
        rows.append(attack_row(200 + n, subject=f"s{n}", pai="replay", split="test", frames=face(n + 90)))
    times = [0.04 * n for n in range(20)]
    rows.append(clip_row(300, subject="s0", split="dev", frames=face(300, frames=20), pts_seconds=times))
    folder = tmp_path_factory.mktemp("groups") / "out"
    write_shard(folder, rows, group_rows=4)
    return folder


def clip_id(n: int) -> str:
    return clip_row(n)["clip_id"]


def test_a_species_against_bona_fide(out):
    report = specaug.compare(out, where="pai=print")
    assert (report.bonafide.name, report.attack.name) == ("bona fide", "attack, print")
    assert (report.bonafide.clips, len(report.bonafide.subjects)) == (SUBJECTS + 1, SUBJECTS)
    assert [round(peak.frequency, 2) for peak in report.peaks] == [0.25]
    octave = report.most_telling
    assert octave.low <= 0.25 <= octave.high
    assert octave.sure


def test_one_name_in_two_datasets_is_two_subjects(tmp_path):
    rows = [clip_row(n, dataset=f"d{n % 2}", subject="s", frames=face(n)) for n in range(4)]
    write_shard(tmp_path / "out", [*rows, attack_row(9, dataset="d0", subject="s", frames=face(9))])
    report = specaug.compare(tmp_path / "out")
    assert (report.bonafide.subjects, report.attack.subjects) == (("d0/s", "d1/s"), ("d0/s",))


def test_one_name_in_two_outs_is_two_subjects(out, tmp_path, monkeypatch):
    write_shard(tmp_path / "o", [attack_row(n, subject=f"s{n}", frames=face(n)) for n in range(3)])
    report = specaug.compare(out, tmp_path / "o")
    assert len(report.attack.subjects) == 3
    assert not {*report.bonafide.subjects} & {*report.attack.subjects}
    one_clip = specaug.compare(out / clip_id(0), tmp_path / "o" / clip_id(0))
    assert one_clip.bonafide.subjects != one_clip.attack.subjects
    monkeypatch.chdir(out.parent)
    again = specaug.compare("out", out)  # one OUT under two names
    assert (
        set(again.attack.subjects) <= set(again.bonafide.subjects) == {f"made/s{n}" for n in range(SUBJECTS)}
    )


def test_a_species_that_does_not_differ(out):
    report = specaug.compare(out, where="pai=replay")
    assert report.peaks == ()
    high = report.bands[2]
    assert high.interval[0] < 0 < high.interval[1]


def test_without_conditions_all_attacks_count(out):
    assert specaug.compare(out).attack.clips == 2 * SUBJECTS


def test_one_set_of_conditions_asks_bona_fide_clips_for_no_species(out):
    report = specaug.compare(out, where="split=train,pai=print")
    assert (report.bonafide.clips, report.attack.clips) == (SUBJECTS, SUBJECTS)
    assert report.bonafide.name == "bona fide, split train"


def test_two_sets_are_one_for_each_side(out):
    report = specaug.compare(out, where=["label=attack,pai=replay", {"label": "attack", "pai": "print"}])
    assert (report.bonafide.name, report.attack.name) == ("attack, replay", "attack, print")
    assert {peak.more_in for peak in report.peaks} == {"attack"}
    assert report.findings[0].startswith('"attack, print" has a wave of 4.0 px')


def test_sides_that_are_both_bona_fide_have_their_own_names(tmp_path):
    brighter = [frame + np.uint8(20) for n in range(4) for frame in face(n + 9, 0.1)]
    rows = [clip_row(n, subject=f"s{n}", device="old", frames=face(n)) for n in range(4)]
    rows += [
        clip_row(9 + n, subject=f"s{n}", device="new", frames=[brighter[n]], scale=[9.0]) for n in range(4)
    ]
    write_shard(tmp_path / "out", rows)
    conditions = ["label=bonafide,device=old", "label=bonafide,device=new"]
    report = specaug.compare(tmp_path / "out", where=conditions, most=3)
    wave, band, color = report.findings
    assert wave.startswith('"bona fide, device new" has a wave of 4.0 px')
    assert band.startswith('"bona fide, device new" has more power')
    assert color.startswith('Color of "bona fide, device new", white being 1')
    assert any('Of 4 "bona fide, device new" clips 3 were measured' in note for note in report.notes)
    assert "attack" not in " ".join(report.notes)
    back = specaug.compare(tmp_path / "out", where=conditions[::-1])
    assert back.findings[0].startswith('"bona fide, device new" has a wave of 4.0 px')


def test_two_clips_by_id(out):
    by_path = specaug.compare(out / clip_id(0), out / clip_id(100))
    alone = specaug.compare(clip_id(0), clip_id(100), out=out)
    by_condition = specaug.compare(out, where=[f"clip_id={clip_id(0)}", f"clip_id={clip_id(100)}"])
    assert by_path.bonafide.name == clip_id(0)
    for other in (alone, by_condition):
        np.testing.assert_array_equal(other.ratio_db, by_path.ratio_db)


def test_evenly_spaced_frames_of_a_clip_have_a_temporal_spectrum(out):
    report = specaug.compare(out / clip_id(300), out / clip_id(100))
    assert report.bonafide.temporal.hertz[-1] == pytest.approx(12.5)
    assert report.attack.temporal is None


def test_the_clip_that_is_shown_is_the_one_nearest_to_the_mean(out):
    side = specaug.compare(out, where="pai=print").attack
    distances = {
        n: np.square(
            specaug.compare(out / clip_id(0), out / clip_id(100 + n)).attack.profile - side.profile
        ).sum()
        for n in range(SUBJECTS)
    }
    assert side.typical.name == clip_id(100 + min(distances, key=distances.get))


def test_a_sample_says_of_how_many(out):
    report = specaug.compare(out, most=3)
    assert (report.attack.clips, report.attack.total) == (3, 2 * SUBJECTS)
    assert any("Of 12 attack clips 3 were measured" in note for note in report.notes)


@pytest.mark.parametrize(
    ("sides", "how", "kind", "told"),
    [
        (("nowhere",), {}, ArgumentError, "bonafide: expected a photo, a video, a folder of clips"),
        ((f"OUT/{'f' * 32}-000", "OUT"), {}, ArgumentError, "clip: expected the id of a clip in"),
        (("OUT",), {"where": "nope=1"}, ArgumentError, "where: expected a column among"),
        (("OUT",), {"where": "pai"}, ArgumentError, "where: expected COLUMN=VALUE"),
        (("OUT",), {"where": ["a=1", "b=2", "c=3"]}, ArgumentError, "where: expected one set"),
        (("OUT",), {"where": "pai=mask"}, NothingToDoError, "where: no clip in .* has attack, mask"),
        (("OUT",), {"where": "split=test"}, NothingToDoError, "where: no clip in .* has bona fide, split test"),
        (("OUT",), {"most": 0}, ArgumentError, "most: expected at least one clip"),
        ((f"OUT/{clip_id(0)}", f"OUT/{clip_id(1)}"), {"where": "pai=print"}, ArgumentError, "where: expected groups"),
    ],
)  # fmt: skip
def test_bad_arguments_are_told(out, sides, how, kind, told):
    with pytest.raises(kind, match=told):
        specaug.compare(*(side.replace("OUT", str(out)) for side in sides), **how)


def test_sides_of_other_crops_are_refused(out):
    with pytest.raises(ArgumentError, match="build both with one --size"):
        specaug.compare(out, np.zeros((2, 64, 64, 3)))


def test_conditions_are_read_alike_from_text_and_mappings():
    assert parse_where("pai=print, split = test,pai=replay") == {
        "pai": ("print", "replay"),
        "split": ("test",),
    }
    assert parse_where({"pai": ["print", "replay"], "split": "test"}) == parse_where(
        "pai=print,pai=replay,split=test"
    )
    assert split_conditions("label=attack,pai=print,split=test") == (
        {"split": ("test",)},
        {"label": ("attack",), "pai": ("print",), "split": ("test",)},
    )


def test_names_of_files_that_are_called_alike_tell_their_folders():
    assert told_apart("a/1.mp4", "b/2.mp4") == {"bonafide": "1.mp4", "attack": "2.mp4"}
    assert told_apart(np.zeros(1), "b/2.mp4") == {}
    assert told_apart("x/1.mp4", "x/1.mp4") == {"bonafide": "x/1.mp4", "attack": "x/1.mp4"}


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """(exit code, stdout, stderr) of ``specaug compare``, in a folder of its own."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["specaug", "compare", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, *capsys.readouterr()

    return run


def test_the_command_prints_one_object_and_writes_nothing_else(command, out, tmp_path):
    code, printed, _ = command(out, "--where", "pai=print", "--json")
    assert code == 0
    assert [round(peak["cycles_per_px"], 2) for peak in json.loads(printed)["peaks"]] == [0.25]
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_an_image_and_tells_what_differs(command, out, tmp_path):
    pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
    code, printed, _ = command(out, "--where", "pai=print")
    assert code == 0
    assert printed.startswith("The attack has a wave of 4.0 px")
    assert printed.splitlines()[-1].startswith("compare.png: ")
    assert (tmp_path / "compare.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["OUT", "--where", "nope=1"], 2),
        (["OUT", "--where", "pai=mask"], 4),
        (["OUT/gone", "OUT"], 2),
        (["nowhere.mp4", "OUT"], 2),
        (["OUT", "-o", "compare.pdf"], 2),
        (["OUT", "-o", "nowhere/compare.png"], 2),
        (["empty.jpg", "OUT"], 4),
        ([], 2),
    ],
)
def test_exit_codes(command, out, tmp_path, words, code):
    (tmp_path / "empty.jpg").write_bytes(b"")
    found, _, told = command(*(word.replace("OUT", str(out)) for word in words))
    assert found == code
    assert told
