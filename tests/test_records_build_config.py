"""Settings of a build: what each accepts, what it means in numbers, and which of them decide the bytes."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.errors import ArgumentError
from specaug.records import BuildConfig

RANGES = [
    ("frames", 1, 500_000, 0, 500_001, "1 to 500000"),
    ("clips", 1, 500_000, 0, 500_001, "1 to 500000"),
    ("size", 16, 4096, 15, 4097, "16 to 4096"),
    ("margin", 0.5, 10, 0.499, 10.001, "0.5 to 10"),
    ("min_face", 1, 65_536, 0, 65_537, "1 to 65536"),
    ("jpeg_quality", 1, 100, 0, 101, "1 to 100"),
    ("seed", 0, 2**80, -1, -(2**80), "0 to inf"),
    ("jobs", 1, 65_536, 0, 65_537, "1 to 65536"),
    ("sources_per_shard", 1, 65_536, 0, 65_537, "1 to 65536"),
    ("timeout", 1e-3, 1e9, 9e-4, 1.1e9, "0.001 to 1e+09"),
]
CHOICES = {
    "sampling": ("uniform", "stride", "consecutive", "random", "keyframes", "all"),
    "snap": ("none", "keyframe"),
    "align": ("clip", "frame", "box"),
    "resample": ("prefiltered", "bilinear"),
    "detector": ("centerface", "yunet", "insightface", "sidecar"),
    "image_format": ("png", "webp", "jpeg", "raw"),
    "backend": ("loky", "dask", "ray"),
    "hdr": ("tonemap", "fail"),
}
CONTENT = {
    "layout": "siw",
    "protocol": "1",
    "frame_folders": True,
    "split": (70, 15, 15),
    "dev_from_train": 0.2,
    "label_map": "bonafide=1,attack=0",
    "follow_symlinks": True,
    "frames": 9,
    "sampling": "all",
    "snap": "keyframe",
    "clips": 2,
    "size": 112,
    "margin": 1.5,
    "align": "box",
    "resample": "bilinear",
    "detector": "sidecar",
    "min_face": 20,
    "hdr": "fail",
    "image_format": "raw",
    "jpeg_quality": 90,
    "seed": 1,
    "sources_per_shard": 7,
}
"""Settings that decide what is written, each with another value than the default."""
RUN_ONLY = {
    "pseudonymize": "key",
    "model": "weights.onnx",
    "synthesize": "traces",
    "jobs": 3,
    "backend": "dask",
    "timeout": 5.0,
    "max_memory": "1GiB",
    "max_failures": "3",
    "mix_versions": True,
    "shard_count": 4,
}


@pytest.mark.parametrize(("name", "low", "high", "below", "above", "words"), RANGES)
def test_a_number_is_accepted_within_its_range_and_refused_outside(name, low, high, below, above, words):
    for value in (low, high):
        assert getattr(BuildConfig(**{name: value}), name) == value
    for value in (below, above):
        message = f"{name}: expected a number from {words}, got {value!r}"
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            BuildConfig(**{name: value})


@pytest.mark.parametrize("name", [row[0] for row in RANGES])
def test_what_is_no_number_is_in_no_range(name):
    for value in (math.nan, "8", b"8", True, [8]):
        with pytest.raises(
            ArgumentError, match=rf"^{name}: expected a (whole )?number, got {re.escape(repr(value))}"
        ):
            BuildConfig(**{name: value})


@pytest.mark.parametrize(("name", "choices"), CHOICES.items())
def test_a_choice_is_one_of_a_closed_list_to_the_letter(name, choices):
    assert get_args(get_type_hints(BuildConfig)[name]) == choices
    for value in choices:
        assert getattr(BuildConfig(**{name: value}), name) == value
    message = f"{name}: expected one of {', '.join(choices)}, got {choices[0].upper()!r}"
    with pytest.raises(ArgumentError, match=rf"^{re.escape(message)}; did you mean '{choices[0]}'\?$"):
        BuildConfig(**{name: choices[0].upper()})
    with pytest.raises(ArgumentError, match="got None"):
        BuildConfig(**{name: None})


@pytest.mark.parametrize("split", [(70, 15, 15), (100, 0, 0), (0, 0, 100), (33.3, 33.3, 33.4)])
def test_shares_are_three_percentages_of_the_whole(split):
    assert BuildConfig(split=split).split == split


@pytest.mark.parametrize(
    ("split", "total", "other"),
    [
        ((70, 15, 16), "101", "69.31,14.85,15.84"),
        ((1, 1, 1), "3", "33.33,33.33,33.34"),
        ((0.7, 0.15, 0.15), "1", "70,15,15"),
        ((0, 0, 1e-9), "1e-09", "0,0,100"),
    ],
)
def test_shares_of_another_sum_are_refused_with_those_that_would_do(split, total, other):
    with pytest.raises(
        ArgumentError, match=rf"sum to 100, got .* which sum to {total}; --split {other} would do"
    ):
        BuildConfig(split=split)
    assert BuildConfig(split=tuple(map(float, other.split(","))))


@pytest.mark.parametrize(
    "text",
    ["", "1,0", "bonafide=1", "attack=0", "bonafide=1,attack=1", "bonafide=,attack=0", "live=1,spoof=0"],
)
def test_a_label_map_gives_each_class_values_of_its_own(text):
    with pytest.raises(ArgumentError, match="label_map: expected a value of each class, such as"):
        BuildConfig(label_map=text)
    assert BuildConfig(label_map=" Bonafide = 1 , attack=0,attack=2").label_map


@pytest.mark.parametrize(
    "split",
    [(), (1, 1), (1, 1, 1, 1), (0, 0, 0), (2, -1, 1), (1, math.inf, 1), (math.nan, 1, 1), (1, 1, math.nan)],
)
def test_other_shares_are_refused_with_an_example(split):
    with pytest.raises(ArgumentError, match="split: expected three shares such as 70,15,15, got "):
        BuildConfig(split=split)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.1, math.nan])
def test_all_or_none_of_train_cannot_become_dev(share):
    with pytest.raises(ArgumentError, match="dev_from_train: expected a share between 0 and 1, got"):
        BuildConfig(dev_from_train=share)
    assert BuildConfig(dev_from_train=0.001).dev_from_train == 0.001


@pytest.mark.parametrize(("index", "count"), [(-1, 4), (4, 4), (1, 1), (0, 0), (0, -2)])
def test_a_part_that_is_not_there_is_refused(index, count):
    words = f"shard_index: expected 0 to shard_count - 1 = {count - 1}, got {index}"
    with pytest.raises(ArgumentError, match=re.escape(words)):
        BuildConfig(shard_index=index, shard_count=count)


@pytest.mark.parametrize(
    ("index", "count", "name"), [(0, 1, ""), (0, 2, "0-of-2"), (1, 2, "1-of-2"), (7, 8, "7-of-8")]
)
def test_a_part_has_a_name_and_the_whole_has_none(index, count, name):
    assert BuildConfig(shard_index=index, shard_count=count).part == name


@pytest.mark.parametrize(
    ("text", "n_sources", "limit"),
    [
        (None, 5, math.inf),
        ("0", 100, 0),
        ("10", 3, 10),
        (" 7 ", 100, 7),
        ("0%", 100, 0),
        ("2.5%", 200, 5),
        ("10 %", 40, 4),
        ("150%", 2, 3),
        ("50%", 0, 0),
    ],
)
def test_failures_are_limited_by_number_or_by_share_of_the_sources(text, n_sources, limit):
    assert BuildConfig(max_failures=text).failure_limit(n_sources) == pytest.approx(limit)


@pytest.mark.parametrize("text", ["", "%", "-1", "-1%", "ten", "inf", "nan", "inf%", "5%%", "%5", "1,5"])
def test_what_is_no_limit_of_failures_is_refused_at_once(text):
    words = f"max_failures: expected N or P% such as 10 or 2.5%, got {text!r}"
    with pytest.raises(ArgumentError, match=re.escape(words)):
        BuildConfig(max_failures=text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("123", 123), ("123B", 123), ("7 b", 7), ("1k", 1024), ("1KB", 1024), ("1Ki", 1024)),
        *(("0.3KiB", 307), (" 2M ", 2 << 20), ("3 MiB", 3 << 20), ("1.5gib", 3 << 29)),
    ],
)
def test_a_size_of_memory_is_in_powers_of_1024(text, size):
    assert BuildConfig(max_memory=text).memory_limit() == size


@pytest.mark.parametrize("text", ["1.GiB", ".5GiB", "GiB", "1iB", "1GiBs", "1e9", "4GiB 2", "1 TiB", "1PB"])
def test_other_spellings_of_a_size_are_refused(text):
    with pytest.raises(ArgumentError, match=r"max_memory: expected a size such as 4GiB or 1500MiB, got "):
        BuildConfig(max_memory=text)


def test_every_setting_decides_the_bytes_or_only_the_run():
    # A new setting belongs into one of the two lists: an OUT is refused for other settings of the first kind alone.
    names = {field.name for field in dataclasses.fields(BuildConfig)}
    assert names == {*CONTENT, *RUN_ONLY, "shard_index"}
    assert BuildConfig().content_settings().keys() == CONTENT.keys()


@pytest.mark.parametrize(("name", "value"), CONTENT.items())
def test_a_setting_of_the_content_is_told_by_its_value(name, value):
    before, after = BuildConfig().content_settings(), BuildConfig(**{name: value}).content_settings()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {name}
    assert after[name] == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(("name", "value"), RUN_ONLY.items())
def test_a_setting_of_the_run_changes_nothing_of_the_content(name, value):
    assert BuildConfig(**{name: value}).content_settings() == BuildConfig().content_settings()


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    st.builds(
        BuildConfig,
        frames=st.integers(1, 99),
        margin=st.floats(0.5, 10),
        split=st.none() | st.just((60.5, 20, 19.5)) | st.just((80, 0, 20)),
        sampling=st.sampled_from(CHOICES["sampling"]),
        seed=st.integers(0, 2**70),
    )
)
def test_settings_of_the_content_are_plain_json_that_makes_the_same_config_again(config):
    kept = config.content_settings()
    assert json.loads(json.dumps(kept)) == kept
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    assert BuildConfig(**values) == config


def test_a_config_cannot_be_changed_but_by_a_copy_that_is_checked_again():
    config = BuildConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.frames = 9
    with pytest.raises(ArgumentError, match="frames"):
        replace(config, frames=0)


def test_the_defaults_are_those_of_the_interface():
    config = BuildConfig()
    assert (config.frames, config.clips, config.size, config.margin, config.min_face) == (8, 1, 224, 1.3, 48)
    assert (config.align, config.resample, config.detector) == ("clip", "prefiltered", "centerface")
    assert (config.layout, config.sampling, config.image_format, config.jpeg_quality) == (
        "auto",
        "uniform",
        "png",
        95,
    )
    assert (config.seed, config.memory_limit(), config.jobs) == (0, 4 << 30, None)
