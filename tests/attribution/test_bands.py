"""Bands and sectors of frequencies, and frames without one of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from specaug.attribution.frequency_bands import (
    EDGES,
    FrequencyBand,
    FrequencyEditor,
    amplitudes,
    angle_bands,
    pixels_of_detail,
    radial_bands,
)
from specaug.spectrum import MAX_RADIUS, radial_frequency

SHAPES = ((32, 32), (31, 45), (64, 48))


def wave(fy, fx, shape=(32, 32), size=0.1):
    """(1, 2, H, W, 3) gray frames with one wave, the second frame of half its size."""
    turns = fy * np.arange(shape[0])[:, None] + fx * np.arange(shape[1])
    frame = size * np.cos(2 * np.pi * turns + 0.4)
    clip = np.stack([0.5 + frame, 0.5 + frame / 2])[None, ..., None]
    return torch.from_numpy(np.repeat(clip, 3, axis=-1).astype(np.float32))


@pytest.mark.parametrize("shape", SHAPES)
def test_radial_bands_share_no_frequency_and_leave_out_only_the_mean(shape):
    total = sum(band.mask(shape) for band in radial_bands(shape))
    assert total[0, 0] == 0
    total[0, 0] = 1
    assert (total == 1).all()


def test_bands_that_hold_no_frequency_of_a_small_frame_are_left_out():
    names = [band.name for band in radial_bands((32, 32))]
    assert len(radial_bands((224, 224))) == len(EDGES)
    assert names[0] == "0.0312 to 0.0442 cycles/px"
    assert len(names) == len(EDGES) - 2


@pytest.mark.parametrize("shape", SHAPES)
def test_sectors_share_the_plane_above_their_lower_limit(shape):
    total = sum(band.mask(shape) for band in angle_bands())
    np.testing.assert_allclose(total, (radial_frequency(shape) >= 1 / 32).astype(np.float32))


@pytest.mark.parametrize(
    ("fy", "fx", "angle"),
    [(0, 0.25, 0), (0.25, 0.25, 45), (0.25, 0, 90), (-0.25, 0.25, 135), (0.25, -0.25, 135)],
)
def test_a_wave_belongs_to_the_sector_along_which_it_changes(fy, fx, angle):
    frames = wave(fy, fx)
    editor = FrequencyEditor(frames, None)
    for band in angle_bands():
        left = float((editor.edited(band) - 0.5).abs().max())
        assert left == pytest.approx(
            0 if band.angle == angle else float((frames - 0.5).abs().max()), abs=1e-6
        )


class TestEditor:
    def test_removing_a_band_takes_its_wave_from_every_frame_and_nothing_else(self):
        low, high = wave(0, 0.0625), wave(0.3125, 0)
        editor = FrequencyEditor(low + high - 0.5, None)
        torch.testing.assert_close(editor.edited(FrequencyBand(0.25, 0.354)), low, atol=1e-6, rtol=0)
        torch.testing.assert_close(editor.edited(FrequencyBand(0.05, 0.1)), high, atol=1e-6, rtol=0)

    def test_an_amplitude_replaces_that_of_the_band_and_keeps_its_phase(self):
        """Waves of 0.1 and 0.05 become waves of 0.06."""
        frames = wave(0, 0.25)
        wanted = amplitudes(wave(0, 0.25, size=0.06))[:, :] * (2 / 1.5)
        edited = FrequencyEditor(frames, wanted).edited(FrequencyBand(0.2, 0.3))
        shape = (frames - 0.5) / torch.tensor([0.1, 0.05])[None, :, None, None, None]
        torch.testing.assert_close(edited, 0.5 + 0.06 * shape, atol=1e-5, rtol=0)

    def test_the_same_amplitude_changes_nothing(self, rng):
        frames = torch.from_numpy(rng.uniform(0.3, 0.7, (2, 1, 24, 32, 3)).astype(np.float32))
        editor = FrequencyEditor(frames, amplitudes(frames))
        for band in radial_bands((24, 32)):
            torch.testing.assert_close(editor.edited(band), frames, atol=1e-6, rtol=0)

    def test_the_parts_that_bands_take_add_up_to_all_but_the_mean(self, rng):
        frames = torch.from_numpy(rng.uniform(0.45, 0.55, (1, 2, 31, 20, 3)).astype(np.float32))
        editor = FrequencyEditor(frames, None)
        taken = sum(frames - editor.edited(band) for band in radial_bands((31, 20)))
        torch.testing.assert_close(taken, frames - frames.mean(dim=(2, 3), keepdim=True), atol=1e-5, rtol=0)

    def test_results_are_pictures(self):
        """An edge from black to white swings beyond both where its finest detail is taken."""
        edge = torch.zeros(1, 1, 32, 32, 3)
        edge[:, :, :, 16:] = 1
        edited = FrequencyEditor(edge, None).edited(FrequencyBand(0.2, 0.6))
        assert (float(edited.min()), float(edited.max())) == (0, 1)

    def test_the_frames_that_came_are_not_written_to(self):
        frames = wave(0, 0.25)
        before = frames.clone()
        FrequencyEditor(frames, amplitudes(frames) * 2).edited(FrequencyBand(0.2, 0.3))
        assert torch.equal(frames, before)


def test_detail_is_a_period():
    assert pixels_of_detail(FrequencyBand(0.25, MAX_RADIUS)) == "1.4 to 4 px"
