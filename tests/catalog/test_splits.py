"""Dev subjects taken from train: whole subjects, the share asked for, said and repeatable."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import SETS, casia_fasd, msu_mfsd, siw_m, write_names

from specaug.catalog import scan
from specaug.catalog.splits import dev_from_train
from specaug.errors import ArgumentError
from specaug.records import BuildConfig, Source


def people(sources) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for source in sources:
        found.setdefault(source.split, set()).add(source.subject)
    return found


def test_a_fifth_of_the_subjects_of_train_become_dev(tmp_path):
    raw = write_names(msu_mfsd(), tmp_path)
    plain, split = scan(raw), scan(raw, dev_from_train=0.2)
    before, after = people(plain.sources), people(split.sources)
    assert len(after["dev"]) == 3
    assert after["train"] | after["dev"] == before["train"]
    assert not after["train"] & after["dev"]
    assert after["test"] == before["test"]
    assert "3 of 15 subjects of train are 'dev', chosen by a hash keyed with seed 0" in split.notes[-1]
    assert people(scan(raw, dev_from_train=0.2, seed=1).sources)["dev"] != after["dev"]


def test_whoever_is_dev_stays_it_when_files_are_added(tmp_path):
    few = scan(
        write_names({p: None for p in casia_fasd() if p.endswith("1.avi")}, tmp_path / "a"),
        dev_from_train=0.3,
    )
    whole = scan(write_names(casia_fasd(), tmp_path / "b"), dev_from_train=0.3)
    assert people(few.sources)["dev"] == people(whole.sources)["dev"]


def test_without_subjects_it_warns(tmp_path):
    catalog = scan(write_names(siw_m(2), tmp_path), protocol="3", dev_from_train=0.2)
    assert "the same person may be in two splits" in catalog.notes[-1]


@pytest.mark.parametrize(
    "name", ["oulu-npu", "replay-attack", "replay-mobile", "lcc-fasd", "casia-surf", "hq-wmca"]
)
def test_where_there_is_a_dev_it_is_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match="dev_from_train: RAW has a dev split of its own"):
        scan(write_names(SETS[name](1), tmp_path), dev_from_train=0.2)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), min_size=2, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 5),
)
def test_subjects_stay_whole_and_both_splits_get_some(pairs, share, seed):
    sources = [
        Source(f"{d}/{s}/{i}.mp4", "bonafide", subject=str(s), dataset=d) for i, (d, s) in enumerate(pairs)
    ]
    units = len(set(pairs))
    if units < 2:
        with pytest.raises(ArgumentError, match="at least two subjects in train, got 1"):
            dev_from_train(sources, share, seed)
        return
    moved, _ = dev_from_train(sources, share, seed)
    places = {(s.dataset, s.subject, s.split) for s in moved}
    assert len(places) == units
    count = Counter(split for _, _, split in places)
    assert count["dev"] == min(max(1, round(share * units)), units - 1)
    assert [s.path for s in moved] == [s.path for s in sources]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_a_share_is_between_0_and_1(share):
    with pytest.raises(ArgumentError, match="dev_from_train: expected a share between 0 and 1"):
        BuildConfig(dev_from_train=share)
