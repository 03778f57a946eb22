"""Fourier sensitivity and integrated gradients, against what is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from planted import FRAMES, SIZE, BandEnergy, Redness, grating, nothing, write_out
from torch import nn

from specaug.attribution.class_means import class_means
from specaug.attribution.fourier_sensitivity import fourier_sensitivity
from specaug.attribution.integrated_gradients import attribution_maps, integrated_gradients
from specaug.attribution.probe import Probe, probe_of_module
from specaug.attribution.sampled_clips import sample_clips
from specaug.model import TwoStreamNet


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Two clips of each class, the attacks with a grating."""
    out = write_out(tmp_path_factory.mktemp("maps"), grating, subjects=2)
    return sample_clips(out, "test", clips=None, seed=0)


class Wave(nn.Module):
    """The logit is the part of the frames that is one wave: linear in them."""

    views, frames = ("rgb",), FRAMES

    def __init__(self, fy, fx):
        super().__init__()
        turns = fy * torch.arange(SIZE)[:, None] + fx * torch.arange(SIZE)
        self.register_buffer("wave", torch.cos(2 * math.pi * turns))

    def forward(self, rgb):
        return (rgb.mean(dim=(1, 4)) * self.wave).mean(dim=(1, 2))


def measured(network, sample, grid=4, amplitude=0.02, batch_size=3):
    probe = probe_of_module(network)
    return fourier_sensitivity(probe, sample, grid=grid, amplitude=amplitude, seed=0, batch_size=batch_size)


class TestWaves:
    def test_a_linear_network_is_moved_by_its_own_wave_alone(self, sample):
        """By the product of both waves, 0.02 / 2 for the phase 0, whatever the clip."""
        found = measured(Wave(-0.125, 0.25), sample)
        row, column = int(np.flatnonzero(found.fy == -0.125)[0]), int(np.flatnonzero(found.fx == 0.25)[0])
        others = found.size.copy()
        others[:, row, column] = 0
        assert others.max() < 1e-6
        assert 0 < found.size[:, row, column].max() <= 0.01 + 1e-6

    def test_the_size_of_an_energy_is_that_of_the_wave(self, sample):
        """An energy does not mind the phase, but for what the clip itself has at that frequency."""
        found = measured(BandEnergy(0.3, 0.32), sample, grid=16, amplitude=0.1)
        inside = np.hypot(found.fy[:, None], found.fx) // 0.01 == 30
        inside &= np.hypot(found.fy[:, None], found.fx) < 0.32
        assert (
            found.mean[:, inside].min()
            > 100 * np.abs(found.mean[:, np.hypot(found.fy[:, None], found.fx) < 0.2]).max()
        )

    def test_mirror_images_and_aliases_are_one_wave(self, sample):
        found = measured(TwoStreamNet(FRAMES, 1), sample)
        for plane in (*found.mean, *found.size):
            np.testing.assert_array_equal(plane[0], plane[-1])  # fy of -0.5 and of 0.5
            np.testing.assert_array_equal(plane[:, 0], plane[::-1, 0])  # fx of 0
            np.testing.assert_array_equal(plane[:, -1], plane[::-1, -1])  # fx of 0.5

    def test_the_number_of_clips_at_a_time_changes_nothing(self, sample):
        one, two = (measured(BandEnergy(0.3, 0.32), sample, batch_size=n) for n in (1, 3))
        np.testing.assert_allclose(one.mean, two.mean, atol=1e-6)
        assert np.abs(one.mean).max() > 1e-3

    def test_all_waves_have_the_same_energy(self, sample):
        """A network whose logit is the energy of what was added."""
        (_, clip), *_ = sample.batches(FRAMES, 1)
        flat = torch.full_like(clip, 128)

        class Sample:
            labels = np.array([0])

            def batches(self, frames, size):
                yield slice(0, 1), flat

        probe = Probe(lambda rgb: (rgb - 128 / 255).square().mean(dim=(1, 2, 3, 4)), ("rgb",), FRAMES)
        found = fourier_sensitivity(probe, Sample(), grid=4, amplitude=0.1, seed=0, batch_size=1)
        np.testing.assert_allclose(found.mean[0], 0.1**2 / 2, rtol=1e-4)


class TestGradients:
    def test_of_a_linear_network_they_are_weight_times_difference(self):
        weight = torch.tensor([2.0, -1.0, 0.5])
        views, start = {"rgb": torch.tensor([[1.0, 2.0, 3.0]])}, {"rgb": torch.tensor([[0.5, 0.0, 3.0]])}
        found = integrated_gradients(lambda v: v["rgb"] @ weight, views, start, steps=1)
        torch.testing.assert_close(found["rgb"], torch.tensor([[1.0, -2.0, 0.0]]))

    def test_they_add_up_to_the_difference_of_the_logit_over_all_views(self):
        """Completeness: a network with products of views, whose gradient is linear on the way."""
        generator = torch.Generator().manual_seed(0)
        views = {name: torch.randn(4, 6, generator=generator) for name in ("rgb", "hsv")}
        start = {name: torch.randn(4, 6, generator=generator) for name in ("rgb", "hsv")}

        def logits(v):
            return (v["rgb"] * v["hsv"]).sum(dim=1) + v["rgb"].square().sum(dim=1)

        found = integrated_gradients(logits, views, start, steps=2)
        total = sum(share.sum(dim=1) for share in found.values())
        torch.testing.assert_close(total, logits(views) - logits(start), atol=1e-4, rtol=1e-4)

    def test_the_reference_network_loses_little_in_many_steps_and_less_than_in_few(self, sample):
        torch.manual_seed(1)
        probe = probe_of_module(TwoStreamNet(FRAMES, 2))
        with torch.inference_mode():
            start = class_means(probe, sample, batch_size=4).bonafide_views
        start = {name: view.clone() for name, view in start.items()}
        gaps = [attribution_maps(probe, sample, start, steps=n, batch_size=4).gap for n in (1, 128)]
        assert gaps[1] < 0.05
        assert gaps[1] < gaps[0]

    def test_planes_hold_what_the_network_looks_at(self, sample):
        """Redness is the mean of red less that of blue."""
        probe = probe_of_module(Redness())
        means = class_means(probe, sample, batch_size=4)
        found = attribution_maps(probe, sample, means.bonafide_views, steps=1, batch_size=4)
        assert found.gap < 1e-3
        assert set(found.maps) == {"red", "green", "blue"}
        assert np.abs(found.maps["green"]).max() == 0
        red = (means.face[1] - means.face[0])[..., 0].numpy() / SIZE**2
        np.testing.assert_allclose(found.maps["red"][1], red, atol=1e-7)
        np.testing.assert_allclose(found.maps["red"][0], 0, atol=1e-7)

    def test_the_spectrum_of_attacks_stands_out_where_their_grating_is(self, sample):
        probe = probe_of_module(BandEnergy(0.05, 0.5))
        means = class_means(probe, sample, batch_size=4)
        found = attribution_maps(probe, sample, means.bonafide_views, steps=8, batch_size=4)
        row, column = np.unravel_index(found.maps["spectrum"][1].argmax(), (SIZE, SIZE))
        assert (row - SIZE // 2, abs(column - SIZE // 2)) == (0, 6)
        attack, bonafide = found.totals["spectrum"][1], found.totals["spectrum"][0]
        assert attack > 3 * abs(bonafide)

    def test_a_view_that_is_not_used_has_no_share(self):
        views = {"rgb": torch.ones(1, 3), "hsv": torch.ones(1, 3)}
        start = {name: torch.zeros(1, 3) for name in views}
        found = integrated_gradients(lambda v: v["rgb"].sum(dim=1), views, start, steps=2)
        assert found["hsv"].abs().max() == 0


def test_means_are_those_of_all_clips_of_a_class(tmp_path):
    sample = sample_clips(write_out(tmp_path, nothing, subjects=3), "test", clips=None, seed=0)
    probe = probe_of_module(Redness())
    means = class_means(probe, sample, batch_size=4)
    clips = torch.cat([probe.seen(frames) for _, frames in sample.batches(FRAMES, 2)])
    bonafide = clips[torch.from_numpy(sample.labels == 0)]
    torch.testing.assert_close(means.bonafide_views["rgb"], bonafide.mean(dim=0))
    torch.testing.assert_close(means.color[0], bonafide.mean(dim=(0, 1, 2, 3)))
    torch.testing.assert_close(means.face[1], clips[torch.from_numpy(sample.labels == 1)].mean(dim=(0, 1)))
