"""Differences by species: the wave that was planted, the right clips at the extremes, nothing of faces without them."""

from __future__ import annotations

import numpy as np
import pytest
from hand_shards import SIDE, attack_row, clip_row, source_id, synthetic_row, write_shard

from specaug.html_report.sample import sample_pixels
from specaug.html_report.species_differences import species_differences
from specaug.html_report.survey import survey

SUBJECTS = 6


def face(n, amplitude=0.0):
    """Noise, with upright stripes of 4 px for some."""
    values = np.random.default_rng(n).normal(128, 12, (SIDE, SIDE, 1))
    wave = 255 * amplitude * np.cos(2 * np.pi * 0.25 * np.arange(SIDE))[None, :, None]
    return np.clip(np.rint(values + wave), 0, 255).astype(np.uint8).repeat(3, axis=2)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Prints have stripes, the stronger the higher their number; replays have none; one mask."""
    rows = []
    for n in range(SUBJECTS):
        rows.append(clip_row(n, subject=f"s{n}", frames=[face(n)]))
        rows.append(attack_row(100 + n, subject=f"s{n}", frames=[face(100 + n, 0.02 * (n + 1))]))
        rows.append(attack_row(200 + n, subject=f"s{n}", pai="replay", frames=[face(200 + n)]))
    rows.append(attack_row(300, pai="mask", frames=[face(300)]))
    rows.append(synthetic_row(400, f"{source_id(0)}-000", frames=[face(400)]))
    rows.append(synthetic_row(401, f"{source_id(1)}-000", frames=[face(401)]))
    folder = tmp_path_factory.mktemp("species") / "out"
    write_shard(folder, rows, group_rows=5)
    return folder


@pytest.fixture(scope="module")
def found(out):
    return species_differences(sample_pixels(survey(out)))


def test_species_with_two_clips_are_compared_captured_ones_first(found):
    assert [one.kind for one in found[0]] == ["attack print", "attack replay", "attack print/synthetic"]
    assert [(one.clips, one.subjects) for one in found[0]] == [(6, 6), (6, 6), (2, 1)]


def test_the_planted_stripes_are_told_of_prints_alone(found):
    prints, replays = found[0][:2]
    assert prints.findings[0].startswith("The attack has a wave of 4.0 px: 0.2")
    assert [ring["more_in"] for ring in prints.rings] == ["attack"]
    assert replays.rings == []
    assert "finer than 4 px" in prints.band or "4 to 8 px" in prints.band


def test_examples_are_the_clips_with_the_strongest_and_the_weakest_stripes(found):
    most, least, live = (dict(found[0][0].examples)[caption] for caption, _ in found[0][0].examples)
    assert [example.name for example in most] == [f"{source_id(n)}-000" for n in (105, 104, 103)]
    assert {example.name for example in least} == {f"{source_id(n)}-000" for n in (100, 101, 102)}
    assert len(live) == 3
    assert all(int(example.name[:32], 16) < SUBJECTS for example in live)
    levels = [float(example.level.replace("−", "-").removesuffix(" dB")) for example in most]
    assert levels == sorted(levels, reverse=True)


def test_clips_at_the_extremes_can_be_opened(out):
    pixels = sample_pixels(survey(out))
    differences, exhibits = species_differences(pixels)
    shown = {item.name for items in pixels.shown.values() for item in items}
    named = {e.name for one in differences for _, examples in one.examples for e in examples}
    assert {item.name for item in exhibits} == named - shown
    pixels.shown.clear()
    assert {item.name for item in species_differences(pixels)[1]} == named


def test_without_faces_sentences_and_curves_are_left(out):
    differences, exhibits = species_differences(sample_pixels(survey(out), faces=False), faces=False)
    assert exhibits == []
    assert all(one.examples == () and one.images == () for one in differences)
    assert differences[0].findings[0].startswith("The attack has a wave")
    assert differences[0].plot.startswith("<svg")


def test_without_bona_fide_clips_nothing_is_compared(tmp_path):
    write_shard(tmp_path, [attack_row(n, frames=[face(n)]) for n in range(4)])
    assert species_differences(sample_pixels(survey(tmp_path))) == ([], [])


def test_one_name_in_two_datasets_is_two_subjects(tmp_path):
    live = [clip_row(n, dataset=f"d{n % 2}", subject="s", frames=[face(n)]) for n in range(4)]
    fake = [attack_row(n, dataset=f"d{n % 2}", subject="s", frames=[face(n)]) for n in range(4, 8)]
    write_shard(tmp_path, [*live, *fake])
    pixels = sample_pixels(survey(tmp_path))
    assert {clip.subject for tally in pixels.spectra.values() for clip in tally.clips} == {"d0/s", "d1/s"}
    assert [one.subjects for one in species_differences(pixels)[0]] == [2]
