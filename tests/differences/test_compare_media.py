"""`specaug.compare` of media files: faces are found and cut as a build does, flicker is told in Hz."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from middle_face import MiddleFace, outcome
from PIL import Image

import specaug
from specaug.differences import difference_of
from specaug.errors import MediaError
from specaug.media.write import write_video
from specaug.records import BuildConfig

CONFIG = BuildConfig(frames=2, size=48, min_face=20, jobs=1)
FRAMES, RATE = 80, 50


def film(path, *, light=0.0, frames=FRAMES):
    """A textured scene of 96 x 96 px, lit by 12.5 Hz in the attack."""
    scene = np.random.default_rng(1).uniform(0.3, 0.7, (12, 12, 3)).repeat(8, axis=0).repeat(8, axis=1)
    lit = 1 + light * np.cos(2 * np.pi * 12.5 * np.arange(frames) / RATE)
    noise = np.random.default_rng(2).normal(0, 0.01, (frames, 96, 96, 3))
    shown = np.clip(scene[None] * lit[:, None, None, None] + noise, 0, 1)
    write_video(path, np.rint(255 * shown).astype(np.uint8), fps=RATE, crf=10)
    return path


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    return film(folder / "live.mp4"), film(folder / "fake.mp4", light=0.05)


def test_a_flicker_of_12_5_hz_at_50_frames_a_second_is_named(videos):
    report = specaug.compare(*videos, config=CONFIG, detector=MiddleFace())
    (line,) = report.lines
    assert line.hertz == pytest.approx(12.5, abs=0.2)
    assert line.more_in == "attack"
    assert (report.bonafide.name, report.attack.name) == ("live.mp4", "fake.mp4")


def test_frames_are_those_that_a_build_would_cut(videos):
    report = specaug.compare(*videos, config=CONFIG, detector=MiddleFace())
    built = outcome(videos[0], "video")
    stored = np.stack([np.frombuffer(frame, np.uint8).reshape(48, 48, 3) for frame in built.frames])
    np.testing.assert_array_equal(report.bonafide.shown.frames, stored)
    assert report.bonafide.scale == pytest.approx(float(built.scale.mean()))


def test_a_photo_and_a_video_of_another_size_are_compared(videos, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    report = specaug.compare(tmp_path / "photo.png", videos[1], config=CONFIG, detector=MiddleFace())
    assert report.size == (48, 48)
    assert report.bonafide.temporal is None
    assert report.attack.temporal is not None


def test_short_videos_have_the_frames_they_have(tmp_path):
    short = film(tmp_path / "short.mp4", frames=5)
    report = specaug.compare(
        short, film(tmp_path / "other.mp4", frames=5), config=CONFIG, detector=MiddleFace()
    )
    assert len(report.bonafide.temporal.power) == 3
    assert any("from 16 evenly spaced frames on; bona fide has 5" in note for note in report.notes)


class NoFace(MiddleFace):
    def __call__(self, image):
        return []


def test_a_video_without_a_face_is_named(videos):
    with pytest.raises(MediaError, match=r"no_face: live\.mp4: one face in 0 of 2 frames"):
        specaug.compare(*videos, config=CONFIG, detector=NoFace())


def test_faces_of_another_size_are_noted(videos, tmp_path):
    report = specaug.compare(*videos, config=CONFIG, detector=MiddleFace())
    assert not any("differ in size" in note for note in report.notes)
    large = replace(CONFIG, margin=2.6)
    other = specaug.compare(*videos, config=large, detector=MiddleFace())
    assert any("differ in size" in note for note in difference_of(report.bonafide, other.attack).notes)


def test_frames_for_flicker_show_the_same_place_at_a_quarter_of_the_size(videos):
    clip = specaug.compare(*videos, config=CONFIG, detector=MiddleFace()).bonafide.shown
    whole = clip.frames.mean(axis=0).reshape(12, 4, 12, 4, 3).mean(axis=(1, 3))
    small = clip.moving.mean(axis=0)
    assert small.shape == (12, 12, 3)
    inner = slice(2, -2)
    distance = np.abs(small - whole)[inner, inner].mean()
    beside = np.abs(np.roll(small, 1, axis=1) - whole)[inner, inner].mean()
    assert distance < 0.25 * beside  # the filter is no mean of blocks: 0.15; shifted by 3/8 px it is 0.5
