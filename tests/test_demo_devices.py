"""Devices: ranges dealt out in slices, and what of a clip is the device's and what is not."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from specaug.augment.recapture.version1.camera import sample_camera
from specaug.augment.recapture.version1.paper import sample_print
from specaug.augment.recapture.version1.screen import sample_screen
from specaug.demo_data.devices import PER_SPLIT, Body, Devices, Display, Printer, devices_of
from specaug.records import SPLITS

SLICED = {
    "bodies": ("lens_sigma", 0.32, 0.56),
    "displays": ("density", 0.70, 1.05),
    "printers": ("cell", 1.7, 2.5),
}


@pytest.mark.parametrize("kind", SLICED)
@pytest.mark.parametrize("seed", [0, 1, 77])
def test_each_slice_of_a_range_belongs_to_one_device_of_one_split(kind, seed):
    name, low, high = SLICED[kind]
    values = [[getattr(d, name) for d in getattr(devices_of(split, seed=seed), kind)] for split in SPLITS]
    slices = np.log(np.array(values) / low) / np.log(high / low) * 12
    assert sorted(np.floor(slices).ravel().tolist()) == list(range(12))
    assert PER_SPLIT == 4


def test_places_within_slices_are_random():
    name, low, high = SLICED["displays"]
    found = [getattr(d, name) for seed in range(20) for d in devices_of("dev", seed=seed).displays]
    parts = np.log(np.array(found) / low) / np.log(high / low) * 12 % 1
    # The mean of 80 even draws has a standard deviation of 0.032.
    assert parts.mean() == pytest.approx(0.5, abs=0.13)
    assert np.ptp(parts) > 0.9


@pytest.mark.parametrize("kind", SLICED)
def test_slices_are_dealt_anew_for_each_seed_and_each_kind(kind):
    name = SLICED[kind][0]
    orders = set()
    for seed in range(6):
        values = [getattr(d, name) for split in SPLITS for d in getattr(devices_of(split, seed=seed), kind)]
        orders.add(tuple(np.argsort(values)))
    assert len(orders) == 6
    others = [
        np.argsort([getattr(d, n) for s in SPLITS for d in getattr(devices_of(s, seed=0), k)])
        for k, (n, *_) in SLICED.items()
    ]
    assert len({tuple(order) for order in others}) == 3


def test_splits_are_known_by_name_and_every_device_is_its_own():
    assert len({devices_of(split, seed=2) for split in SPLITS}) == 3
    for kind in SLICED:
        assert len({d for split in SPLITS for d in getattr(devices_of(split, seed=2), kind)}) == 12
    with pytest.raises(ValueError, match="not in"):
        devices_of("validation", seed=0)


BODY = Body(lens_sigma=9.1, read_noise=9.2, sharpening=9.3, tint=(9.4, 9.5))
DISPLAY = Display(density=9.1, white=(9.2, 9.3, 9.4), black=9.5, flicker=9.6)
PRINTER = Printer(screening="grain", cell=9.1, scatter=9.2)
ONE = Devices((BODY,), (DISPLAY,), (PRINTER,))


def own(device):
    return {field.name: getattr(device, field.name) for field in fields(device)}


def test_what_is_a_cameras_own_is_laid_over_a_drawn_camera():
    found = ONE.camera(rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    rng.integers(1)
    assert found == replace(sample_camera(rng=rng), **own(BODY))


def test_what_is_a_displays_own_is_laid_over_a_drawn_screen():
    found = ONE.screen(0.7, rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    rng.integers(1)
    assert found == replace(sample_screen(0.7, rng=rng), **own(DISPLAY))


def test_what_is_a_printers_own_is_laid_over_a_drawn_print():
    found = ONE.sheet(0.7, 300, rng=np.random.default_rng(5))
    rng = np.random.default_rng(5)
    rng.integers(1)
    assert found == replace(sample_print(0.7, 300, rng=rng), **own(PRINTER))


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda d, rng: d.camera(rng=rng), "lens_sigma"),
        (lambda d, rng: d.screen(0.5, rng=rng), "density"),
        (lambda d, rng: d.sheet(0.5, 480, rng=rng), "cell"),
    ],
)
def test_every_device_of_a_split_is_used_equally_often(draw, name):
    devices, rng = devices_of("train", seed=1), np.random.default_rng(0)
    used = [getattr(draw(devices, rng), name) for _ in range(240)]
    counts = [used.count(value) for value in set(used)]
    # 60 of 240 each, with a standard deviation of 6.7.
    assert len(counts) == PER_SPLIT
    assert min(counts) > 33
