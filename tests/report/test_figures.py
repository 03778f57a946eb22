"""What the report counts and measures, against figures that are known or computed another way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from hand_shards import noisy
from page_data import add_synthetic, clip, picture, source, write_out
from scipy.ndimage import convolve
from scipy.stats import false_discovery_control, fisher_exact

from specaug.html_report.failure_summary import Losses, _holm, losses, planned_sources
from specaug.html_report.findings import findings, shortcut
from specaug.html_report.histogram import Separation
from specaug.html_report.page import band_table
from specaug.html_report.sample import Pixels, laplacian_variance, sample_pixels
from specaug.html_report.survey import Kind, survey
from specaug.pipeline.plan import Plan, save_plan
from specaug.records import Failure, ShardPlan
from specaug.shards import read_rows, stream_columns
from specaug.shards.look_alikes import ALIKE, picture_bits
from specaug.spectrum import radial_profile
from specaug.spectrum.grid import BANDS

CAPTURED = "data/captured/train-00000-of-00001.parquet"


def failure(made, stage="detect", reason="no_face", frame_index=None):
    return Failure(made.source_id, made.path, made.split, stage, reason, "why", frame_index=frame_index)


def test_groups_are_those_of_the_table(out):
    seen = survey(out)
    rows = [row for path in seen.files for row in pq.read_table(path).to_pylist()]
    expected = Counter(
        (r["split"], ("bonafide", "attack")[r["label"]], r["pai"], r["device"], r["subject"], r["origin"])
        for r in rows
    )
    assert dict(seen.groups) == expected
    assert seen.clips == len(rows) == 60
    assert {k: p.total() for k, p in seen.kinds.items()} == Counter(
        (e[1], e[2], e[5]) for e in expected.elements()
    )


def test_scale_alone_predicts_the_label_of_captured_clips_only(out):
    found = survey(out).distributions["scale"].separation()
    assert (found.auc, found.bonafide, found.attacks) == (1, 20, 20)


def test_columns_of_lists_become_means_of_what_is_known(tmp_path):
    import pyarrow as pa

    path = tmp_path / "x.parquet"
    lists = pa.array([[1.0, 3.0], [], None, [float("nan"), 5.0], [None, 2.0]], pa.list_(pa.float32()))
    pq.write_table(pa.table({"scale": lists, "pai": ["a", None, "b", "c", "d"]}), path)
    (columns,) = stream_columns(path, ["scale", "pai", "absent"])
    np.testing.assert_array_equal(columns["scale"], [2, np.nan, np.nan, 5, 2])
    assert columns["pai"].tolist() == ["a", None, "b", "c", "d"]
    assert "absent" not in columns


@pytest.mark.parametrize("image_format", ["png", "raw"])
def test_rows_come_back_with_their_pictures(tmp_path, image_format):
    clips = [clip(source(n), n, image_format=image_format) for n in range(20)]
    out = write_out(tmp_path / "out", clips, image_format=image_format)
    rows = list(read_rows(out / CAPTURED, 0, {3, 17}))
    assert [row["clip_id"] for row in rows] == [clips[3].clip_id, clips[17].clip_id]
    for row, n in zip(rows, (3, 17), strict=True):
        for frame in row["frames"]:
            np.testing.assert_array_equal(frame, picture(n))


def test_leaks_of_subjects_sources_and_parents(tmp_path):
    clips = [clip(source(n), n) for n in range(8)]
    clips.append(clip(source(20, split="test", subject="s1"), 20))
    out = write_out(tmp_path / "out", clips)
    assert survey(out).subjects_in_two_splits == ["s1"]
    assert survey(out).sources_in_two_splits == 0
    add_synthetic(out, split="dev")  # children of train in dev
    assert survey(out).sources_in_two_splits == 4
    assert [f.section for f in findings(survey(out), Losses(), Pixels())] == ["leakage", "leakage"]


def test_same_subject_name_in_two_data_sets_is_no_leak(tmp_path):
    out = write_out(
        tmp_path / "out",
        [clip(source(0), 0), clip(source(2, split="test", dataset="other", subject="s0"), 2)],
    )
    assert survey(out).subjects_in_two_splits == []


def test_failures_by_class_and_their_bias(out):
    lost = losses(out)
    assert dict(lost.table) == {("detect", "no_face", "attack", "print"): 30}
    assert [(r.label, r.pai, r.failed, r.planned) for r in lost.rates] == [
        ("bonafide", "none", 0, 20),
        ("attack", "print", 30, 50),
    ]
    assert lost.rates[1].p == pytest.approx(fisher_exact([[30, 20], [0, 20]]).pvalue)
    assert [r.pai for r in lost.biased] == ["print"]
    assert lost.rates[1].share == 0.6


def test_classes_are_tested_together_with_correction(tmp_path):
    planned = [source(n, pai=f"p{n % 3}" if n % 2 else "none") for n in range(120)]
    lost = [s for n, s in enumerate(planned) if n % 6 == 1][:9] + planned[:4:2]
    out = write_out(tmp_path / "out", [clip(planned[2], 2)], [failure(s) for s in lost], planned=planned)
    found = {r.pai: r for r in losses(out).rates}
    raw = {
        pai: fisher_exact([[r.failed, r.planned - r.failed], [2, 58]]).pvalue
        for pai, r in found.items()
        if pai != "none"
    }
    assert set(found) == {"none", "all", "p0", "p1", "p2"}
    assert found["all"].planned == 60
    order = sorted(raw, key=raw.get)
    stepped = np.maximum.accumulate([min(1, raw[k] * (4 - i)) for i, k in enumerate(order)])
    assert [found[k].p for k in order] == pytest.approx(stepped.tolist())
    # Holm controls more than the false discovery rate, so it is never smaller.
    assert (stepped >= false_discovery_control([raw[k] for k in order]) - 1e-12).all()


def test_correction_for_several_classes_never_reverses_their_order():
    # Holm (1979): multiplied by 3, 2 and 1, and never below one that was smaller.
    found = _holm({("attack", "a"): 0.031, ("attack", "b"): 0.01, ("attack", "c"): 0.03})
    assert [found["attack", pai] for pai in "bca"] == pytest.approx([0.03, 0.06, 0.06])


def test_differences_in_few_sources_are_told_as_unsure(tmp_path):
    planned = [source(n) for n in range(12)]
    out = write_out(tmp_path / "out", [clip(planned[0], 0)], [failure(planned[1])], planned=planned)
    lost = losses(out)
    assert [(r.pai, r.share) for r in lost.doubtful] == [("print", pytest.approx(1 / 6))]
    assert lost.biased == []
    (finding,) = findings(survey(out), lost, Pixels())
    assert (
        "fail more often than bona fide (0.0%): attack print 16.7% (too few sources to be sure)"
        in finding.text
    )


def test_refused_files_and_frames_do_not_count_as_bias(tmp_path):
    planned = [source(n) for n in range(4)]
    refused = source(91)  # no source of the plan: its class is not known
    failures = [failure(planned[1], frame_index=3), failure(refused, "discover", "duplicate")]
    failures.append(failure(planned[3], "discover", "unreadable"))
    out = write_out(tmp_path / "out", [clip(planned[0], 0)], failures, planned=planned)
    lost = losses(out)
    assert lost.clips == 1
    assert dict(lost.table) == {
        ("discover", "duplicate", "unknown", "unknown"): 1,
        ("discover", "unreadable", "attack", "print"): 1,
    }
    assert [r.failed for r in lost.rates] == [0, 0]
    assert lost.biased == []


def test_plan_as_a_build_writes_it_is_read_line_by_line(tmp_path):
    sources = [source(n, path=f'odd "name": {{{n}\n', subject=None) for n in range(5)]
    known = (failure(source(7), "discover", "duplicate"),)
    plan = Plan({"size": 48}, (ShardPlan("train-00000-of-00001", "train", tuple(sources), known),))
    save_plan(tmp_path, plan)
    assert list(planned_sources(tmp_path)) == [(s.source_id, s.label, s.pai) for s in sources]
    assert list(planned_sources(tmp_path / "absent")) == []


def test_profiles_are_those_of_the_pictures(out):
    pixels = sample_pixels(survey(out))
    found = np.stack(pixels.profiles[Kind("attack", "print", "captured")])
    expected = np.stack([radial_profile(picture(n), bins=64) for n in range(1, 40, 2)])
    np.testing.assert_array_equal(found, expected)
    assert pixels.clips == 60


def test_sample_is_bounded_and_spread_and_finds_a_rare_kind(tmp_path, monkeypatch):
    import specaug.html_report.sample as module

    monkeypatch.setattr(module, "PER_KIND", 16)
    monkeypatch.setattr("specaug.shards.writer.GROUP_ROWS", 10)
    sources = [source(2 * n) for n in range(200)]
    sources[111] = source(223)
    out = write_out(tmp_path / "out", [clip(s, 1) for s in sources])
    pixels = sample_pixels(survey(out), faces=False)
    sizes = {kind.label: len(rows) for kind, rows in pixels.profiles.items()}
    assert sizes == {"bonafide": 16, "attack": 1}
    assert 8 <= pixels.row_groups <= 9  # of 20
    assert pixels.shown == {}


def test_sharpness_is_the_variance_of_the_laplacian(rng):
    luma = rng.random((20, 30)) * 255
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    assert laplacian_variance(luma) == pytest.approx(np.var(convolve(luma, kernel)[1:-1, 1:-1]))


def test_look_alikes_are_found_across_brightness_and_not_between_pictures(rng):
    luma = [noisy(n).astype(float).mean(axis=-1) for n in range(30)]
    bits = np.stack([picture_bits(x) for x in luma])
    same = picture_bits(np.clip(luma[4] * 0.8 + 10 + rng.normal(0, 1, luma[4].shape), 0, 255))
    apart = np.bitwise_count(bits ^ same).sum(axis=1)
    assert apart[4] <= ALIKE
    assert np.delete(apart, 4).min() > ALIKE


def test_copies_across_splits_are_flagged(tmp_path):
    clips = [clip(source(0), 3), clip(source(2, split="test", subject="other"), 3), clip(source(4), 8)]
    out = write_out(tmp_path / "out", clips)
    seen = survey(out)
    pixels = sample_pixels(seen, faces=False)
    pairs = [{pixels.names[i][1] for i in pair} for pair in pixels.alike()]
    assert pairs == [{"train/0.mp4", "train/2.mp4"}]
    assert [f.section for f in findings(seen, Losses(), pixels)] == ["duplicates"]


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.61, 0.9, True),
        (0.6, 0.9, False),
        (0.59, 0.9, False),
        (0.1, 0.39, True),
        (0.1, 0.4, False),
        (0.2, 0.8, False),
    ],
)
def test_a_shortcut_is_an_interval_beyond_six_tenths_on_either_side(low, high, found):
    assert shortcut(Separation((low + high) / 2, low, high, 20, 20)) is found


def test_bands_are_told_in_standard_deviations_of_bona_fide_clips():
    rng = np.random.default_rng(4)
    reference, attacks = rng.normal(3, 0.5, (20, 64)), rng.normal(4, 0.5, (6, 64))
    pixels = Pixels()
    pixels.profiles = {
        Kind("bonafide", "none", "captured"): list(reference),
        Kind("attack", "print", "captured"): list(attacks),
    }
    ((name, clips, differences),) = band_table(pixels)
    radius = (np.arange(64) + 0.5) / 64 * np.sqrt(0.5)
    for (low, high), difference in zip(BANDS.values(), differences, strict=True):
        inside = (radius >= low) & (radius < high)
        means = reference[:, inside].mean(axis=1)
        spread = np.sqrt(((means - means.mean()) ** 2).sum() / 19)
        assert difference == pytest.approx((attacks[:, inside].mean() - means.mean()) / spread, rel=1e-6)
    assert (name, clips) == ("attack print", 6)
