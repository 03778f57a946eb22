"""Donors and what is done with them: which clips lend, to whom, and what a change makes of label and species."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import SIZE, row_of, write_rows

from specaug.augment.registry import draw
from specaug.errors import ArgumentError
from specaug.loader.donors import POOL, Donor, Donors, augment_clip, clip_rng, spread
from specaug.shards import find_groups, read_keys

FROZEN = [39712863, 4106713675, 2872826175]
"""What the generator of one clip gave first."""


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 60), st.integers(1, 60))
def test_frames_are_those_at_the_middles_of_equal_parts(held, wanted):
    middles = [Fraction(2 * i + 1, 2) * Fraction(held, wanted) for i in range(wanted)]
    assert spread(held, wanted) == [int(middle) for middle in middles]
    assert spread(held, wanted)[-1] < held


@pytest.mark.parametrize(
    ("held", "wanted", "frames"),
    [(1, 3, [0, 0, 0]), (5, 1, [2]), (4, 1, [2]), (7, 7, list(range(7))), (3, 2, [0, 2]), (9, 3, [1, 4, 7])],
)
def test_frames_by_hand(held, wanted, frames):
    assert spread(held, wanted) == frames


def test_numbers_of_a_clip_stay_the_same_over_versions():
    """Frozen: a change would draw other augmentations for the same seed."""
    assert clip_rng(3, 1, "0a-000", 2).integers(0, 2**32, 3).tolist() == FROZEN


@pytest.mark.parametrize(
    "words",
    [(3, 1, "0a-000", 1), (3, 2, "0a-000", 2), (4, 1, "0a-000", 2), (3, 1, "0a-001", 2), (1, 3, "0a-000", 2)],
)
def test_numbers_of_another_clip_epoch_visit_or_seed_are_others(words):
    assert clip_rng(*words).integers(0, 2**32, 3).tolist() != FROZEN


def photos(folder, kinds, *, group, origin="captured"):
    """A file of raw photos: (species, source) of each."""
    rows = []
    for number, (pai, source) in enumerate(kinds):
        row = row_of(number, split="train", pai=pai, subject="s", n=1, image_format="raw", origin=origin)
        rows.append({**row, "source_id": source, "frames_raw": bytes([number % 256]) * (SIZE * SIZE * 3)})
    write_rows(folder / f"data/{origin}/train-00000-of-00001.parquet", rows, image_format="raw", group=group)
    return folder


def donors_of(folder, label, *, seed=0):
    groups = find_groups(folder, split="train", origins=("captured",))
    return Donors(groups, read_keys(groups), label, rng=np.random.default_rng(seed))


def drawn(donors, *, times, source="nobody"):
    rng = np.random.default_rng(1)
    return [donors.draw(source, rng=rng) for _ in range(times)]


class TestPool:
    @pytest.fixture(scope="class")
    @classmethod
    def many(cls, tmp_path_factory):
        """Twelve row groups of ten bona fide photos."""
        kinds = [("none", f"{number // 10:02d}/{number % 10}") for number in range(120)]
        return photos(tmp_path_factory.mktemp("many"), kinds, group=10)

    def test_as_many_are_held_as_fit_from_eight_row_groups(self, many):
        found = {donor.source_id for donor in drawn(donors_of(many, "bonafide"), times=1500)}
        assert len(found) == POOL == 64
        by_group = Counter(source.split("/")[0] for source in found)
        assert sorted(by_group.values()) == [8] * 8

    def test_which_they_are_is_drawn(self, many):
        pools = [
            {d.source_id for d in drawn(donors_of(many, "bonafide", seed=s), times=600)} for s in (0, 0, 1)
        ]
        assert pools[0] == pools[1] != pools[2]

    def test_few_are_all_held_and_drawn_alike(self, tmp_path):
        kinds = [("none", "a"), ("print", "b"), ("none", "c"), ("replay", "d"), ("none", "e")]
        found = Counter(
            d.source_id for d in drawn(donors_of(photos(tmp_path, kinds, group=2), "bonafide"), times=900)
        )
        assert set(found) == {"a", "c", "e"}
        assert all(abs(n - 300) < 57 for n in found.values())  # four standard errors of 14.1

    def test_a_donor_brings_its_own_pixels_and_species(self, tmp_path):
        kinds = [("none", "a"), ("print", "b"), ("none", "c"), ("replay/screen", "d")]
        for donor in drawn(donors_of(photos(tmp_path, kinds, group=3), "attack"), times=20):
            number, pai = {"b": (1, "print"), "d": (3, "replay/screen")}[donor.source_id]
            assert donor.pai == pai
            assert (donor.clip.decode() == number).all()

    def test_nobody_lends_to_the_own_source(self, tmp_path):
        kinds = [("none", "a"), ("none", "a"), ("none", "b")]
        donors = donors_of(photos(tmp_path, kinds, group=4), "bonafide")
        assert {d.source_id for d in drawn(donors, times=30, source="a")} == {"b"}
        assert {d.source_id for d in drawn(donors, times=30, source="b")} == {"a"}
        only = donors_of(photos(tmp_path, kinds[:2], group=4), "bonafide")
        with pytest.raises(
            ArgumentError, match=r"^augment: expected a donor of another source than 'a', got none$"
        ):
            only.draw("a", rng=np.random.default_rng(0))

    def test_what_was_made_lends_to_nobody(self, tmp_path):
        photos(tmp_path, [("none", "a")], group=2)
        photos(tmp_path, [("print", "b")], group=2, origin="synthetic")
        groups = find_groups(tmp_path, split="train", origins=("captured", "synthetic"))
        with pytest.raises(
            ArgumentError, match=r"^augment: expected attack clips in the same split as donors, got none$"
        ):
            Donors(groups, read_keys(groups), "attack", rng=np.random.default_rng(0))


class Lending:
    """Stands for donors of a label; counts who asked."""

    def __init__(self, label, frames):
        self.label, self.frames, self.asked = label, frames, []

    def draw(self, source_id, *, rng):
        self.asked.append(source_id)
        clip = SimpleNamespace(n_frames=len(self.frames), decode=lambda wanted: self.frames[list(wanted)])
        return Donor(clip, f"a {self.label}", "replay/phone" if self.label == "attack" else "none")


class Adding:
    """A recipe that adds one, and the donor where it takes one."""

    def __init__(self, *, donor=None, makes_attacks=False, steps=("moire",)):
        self.donor, self.makes_attacks, self.scales = donor, makes_attacks, []
        self.steps = [draw(name, rng=0).to_dict() for name in steps]

    def sample(self, rng, *, scale):
        self.scales.append(scale)
        return {"steps": self.steps}

    def apply(self, clip, drawn, donor=None):
        return clip + 1 if donor is None else clip + donor

    def label_after(self, drawn, label="bonafide", donor_label=None):
        return "attack" if self.makes_attacks else label


CLIP = np.zeros((2, 4, 4, 3), np.uint8)


def changed(recipe, *, label, pai="print", scale=2):
    donors = {
        name: Lending(name, np.arange(1, 5, dtype=np.uint8)[:, None, None, None])
        for name in ("bonafide", "attack")
    }
    row = {"label": label, "pai": "none" if label == 0 else pai, "source_id": "me", "scale": scale}
    found = augment_clip(CLIP, row, recipe, donors, rng=np.random.default_rng(0))
    return found, {name: lending.asked for name, lending in donors.items()}


class TestAugmentClip:
    @pytest.mark.parametrize("donor", [None, "attack", "bonafide"])
    def test_a_bona_fide_clip_takes_the_label_of_the_result(self, donor):
        found, asked = changed(Adding(donor=donor, makes_attacks=True), label=0)
        assert found.label == 1
        assert found.pai == "replay/synthetic"  # of moire
        assert found.donor == (donor and f"a {donor}")
        assert asked == {name: ["me"] if name == donor else [] for name in ("bonafide", "attack")}

    @pytest.mark.parametrize("donor", [None, "attack"])
    def test_an_attack_is_left_alone_by_what_makes_attacks(self, donor):
        found, asked = changed(Adding(donor=donor, makes_attacks=True), label=1)
        assert found is None
        assert asked == {"bonafide": [], "attack": []}

    def test_an_attack_is_left_alone_by_a_recipe_that_calls_its_results_bona_fide(self):
        recipe = Adding()
        recipe.label_after = lambda drawn, label="bonafide", donor_label=None: "bonafide"
        assert changed(recipe, label=1)[0] is None
        assert changed(recipe, label=0)[0].label == 0

    @pytest.mark.parametrize(("label", "lender"), [(0, "bonafide"), (1, "attack")])
    def test_what_keeps_labels_takes_a_donor_of_the_own_class_and_keeps_the_species(self, label, lender):
        found, asked = changed(Adding(donor="bonafide"), label=label, pai="mask/paper")
        assert found.label == label
        assert found.pai == ("none", "mask/paper")[label]
        assert found.donor == f"a {lender}"
        assert asked[lender] == ["me"]

    def test_the_species_is_that_of_the_donor_where_the_step_takes_one(self):
        found, _ = changed(Adding(donor="attack", makes_attacks=True, steps=("bandpass_inject",)), label=0)
        assert found.pai == "replay/synthetic"
        found, _ = changed(Adding(donor="bonafide", makes_attacks=True, steps=("bandpass_inject",)), label=0)
        assert found.pai == "unknown/synthetic"

    @pytest.mark.parametrize("label", [0, 1])
    @pytest.mark.parametrize("donor", [None, "bonafide"])
    def test_a_draw_without_steps_changes_nothing_and_asks_nobody(self, label, donor):
        found, asked = changed(Adding(donor=donor, steps=()), label=label)
        assert found is None
        assert asked == {"bonafide": [], "attack": []}

    def test_frames_of_the_donor_are_spread_over_those_of_the_clip(self):
        found, _ = changed(Adding(donor="bonafide"), label=0)
        assert found.frames[:, 0, 0, 0].tolist() == [2, 4]  # of 1, 2, 3, 4
        assert not CLIP.any()

    def test_the_recipe_is_told_the_scale_and_its_draw_is_kept(self):
        recipe = Adding()
        found, _ = changed(recipe, label=0, scale=np.float32(1.5))
        assert recipe.scales == [1.5]
        assert found.drawn == {"steps": recipe.steps}
        assert (found.frames == 1).all()
