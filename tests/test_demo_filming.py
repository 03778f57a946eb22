"""Filming: what each kind of clip is shown to which camera, and how clips are named and compressed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from specaug.augment.recapture.motion import FPS
from specaug.demo_data import make
from specaug.demo_data.devices import devices_of
from specaug.demo_data.scene import sample_scene
from specaug.errors import ArgumentError

SIZE, FRAMES = (96, 72), 5


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("bonafide", "dev/bonafide/s007/clip1.mp4"),
        ("replay", "dev/attack/replay/s007/clip1.mp4"),
        ("print", "dev/attack/print/s007/clip1.mp4"),
    ],
)
def test_clips_are_named_by_split_species_and_subject(kind, path):
    assert make.clip_path("dev", kind, 7, 1) == path
    assert make.clip_path("dev", kind, 1234, 0).split("/")[-2] == "s1234"


@pytest.mark.parametrize(
    ("subjects", "counts"),
    [(3, (1, 1, 1)), (4, (2, 1, 1)), (7, (5, 1, 1)), (8, (4, 2, 2)), (11, (7, 2, 2)), (100, (50, 25, 25))],
)
def test_a_quarter_is_held_out_for_dev_and_for_test(subjects, counts):
    splits = [make.split_of(n, subjects) for n in range(subjects)]
    train, dev, test = counts
    assert splits == ["train"] * train + ["dev"] * dev + ["test"] * test


class Studio:
    """Stands in for the optics: keeps who was filmed by which camera instead of filming."""

    def __init__(self, monkeypatch):
        self.rendered, self.filmed, self.shown, self.printed = [], [], [], []
        for name in ("render", "film", "replay", "print_photo", "hold"):
            monkeypatch.setattr(make, name, getattr(self, name))
        monkeypatch.setattr(make, "lens", lambda light, sigma: ("lens", light, sigma))

    def render(self, portrait, scene, frames):
        self.rendered.append(SimpleNamespace(portrait=portrait, scene=scene, frames=frames))
        return [f"light {n}" for n in range(frames)]

    def film(self, lights, camera, *, white, rng):
        self.filmed.append(SimpleNamespace(lights=list(lights), camera=camera, white=white))
        return iter(self.filmed[-1].lights)

    def replay(self, shown, screen, *, lens_sigma, frames, rng):
        self.shown.append(
            SimpleNamespace(pictures=list(shown), screen=screen, sigma=lens_sigma, frames=frames)
        )
        return ["replayed"]

    def print_photo(self, photo, sheet, *, lens_sigma, rng):
        self.printed.append(SimpleNamespace(photo=photo, sheet=sheet, sigma=lens_sigma))
        return "texture"

    def hold(self, texture, sheet, *, frames, rng):
        return [(texture, frames)]


@pytest.fixture
def studio(monkeypatch):
    return Studio(monkeypatch)


DEVICES = devices_of("dev", seed=4)


def filmed(kind, seed=9):
    return list(
        make.film_clip(
            "someone", kind, size=SIZE, frames=FRAMES, rng=np.random.default_rng(seed), devices=DEVICES
        )
    )


def scene_and_camera(seed=9):
    """What is drawn first, whatever the kind."""
    rng = np.random.default_rng(seed)
    return sample_scene(SIZE, FRAMES, rng=rng), DEVICES.camera(rng=rng)


def test_a_bona_fide_clip_is_the_scene_through_the_lens_of_its_camera(studio):
    pictures = filmed("bonafide")
    scene, camera = scene_and_camera()
    (rendered,), (shot,) = studio.rendered, studio.filmed
    assert (rendered.portrait, rendered.scene, rendered.frames) == ("someone", scene, FRAMES)
    assert shot.camera == camera
    np.testing.assert_array_equal(shot.white, scene.white)
    assert pictures == [("lens", f"light {n}", camera.lens_sigma) for n in range(FRAMES)]


@pytest.mark.parametrize(("kind", "source"), [("replay", "shown"), ("print", "printed")])
def test_an_attack_is_seen_by_the_camera_of_the_scene_with_less_haze(studio, kind, source):
    filmed(kind)
    scene, camera = scene_and_camera()
    recording, shot = studio.filmed
    assert shot.camera == replace(camera, veil=camera.veil - 0.09)
    (shown,) = getattr(studio, source)
    assert shown.sigma == camera.lens_sigma
    medium = shown.screen if kind == "replay" else shown.sheet
    np.testing.assert_array_equal(shot.white, medium.white)
    np.testing.assert_array_equal(recording.white, scene.white)


@pytest.mark.parametrize("kind", ["replay", "print"])
def test_a_recording_has_little_noise_and_no_haze(studio, kind):
    filmed(kind)
    recording = studio.filmed[0].camera
    assert (recording.full_well, recording.veil) == (200_000.0, 0.0)
    assert recording.lens_sigma in {body.lens_sigma for body in DEVICES.bodies}
    assert studio.filmed[0].lights[0][2] == recording.lens_sigma


@pytest.mark.parametrize(("kind", "source"), [("replay", "shown"), ("print", "printed")])
def test_a_recording_is_still_and_from_so_far_that_sizes_agree(studio, kind, source):
    filmed(kind)
    scene, _ = scene_and_camera()
    (shown,) = getattr(studio, source)
    view = (shown.screen if kind == "replay" else shown.sheet).view
    recorded = studio.rendered[0].scene
    assert recorded.shake == 0
    assert recorded.px_per_unit * view.magnification == pytest.approx(scene.px_per_unit)
    assert (recorded.seed, recorded.light, recorded.key) == (scene.seed, scene.light, scene.key)


def test_a_replay_shows_every_frame_of_its_recording(studio):
    assert filmed("replay") == ["replayed"]
    (shown,) = studio.shown
    assert studio.rendered[0].frames == shown.frames == FRAMES
    assert shown.pictures == studio.filmed[0].lights
    assert shown.screen.density in {display.density for display in DEVICES.displays}


@pytest.mark.parametrize("seed", range(4))
def test_a_print_is_one_frame_with_open_eyes_held_as_long_as_the_clip(studio, seed):
    assert filmed("print", seed) == [("texture", FRAMES)]
    (rendered,), (shown,) = studio.rendered, studio.printed
    assert rendered.frames == 1
    assert rendered.scene.blink_at >= 1
    assert shown.photo[1] == "light 0"
    assert shown.sheet.cell in {printer.cell for printer in DEVICES.printers}


def test_without_devices_those_of_train_are_used(studio):
    list(make.film_clip("someone", "bonafide", size=SIZE, frames=1, rng=np.random.default_rng(0)))
    assert studio.filmed[0].camera.lens_sigma in {b.lens_sigma for b in devices_of("train", seed=0).bodies}


@pytest.mark.parametrize("kind", ["bonafide", "replay", "print"])
def test_compression_is_drawn_evenly_and_before_anything_of_the_kind(studio, monkeypatch, tmp_path, kind):
    written = []
    monkeypatch.setattr(make, "write_video", lambda path, pictures, **how: written.append((path, how)))
    for seed in range(120):
        rng = np.random.default_rng(seed)
        make.write_clip(tmp_path / "a.mp4", "x", kind, size=SIZE, frames=1, rng=rng, devices=DEVICES)
    assert {how["fps"] for _, how in written} == {FPS}
    rates = [how["crf"] for _, how in written]
    assert set(rates) == set(range(14, 31))
    assert rates == [int(np.random.default_rng(seed).integers(14, 31)) for seed in range(120)]
    assert written[0][0] == tmp_path / "a.mp4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subjects": 2}, "subjects: expected at least 3, one for each of train, dev, test, got 2"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"jobs": 0}, "jobs: expected at least 1, got 0"),
        ({"frames": 0}, "frames: expected at least 1, got 0"),
        *(
            ({"size": size}, r"size: expected an even width and height of at least 32 px, got \(")
            for size in ((31, 64), (64, 30), (33, 64), (64, 33), (0, 0))
        ),
    ],
)
def test_numbers_out_of_range_are_named_with_what_came(tmp_path, changes, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        make.demo(tmp_path / "raw", **changes)
    assert not (tmp_path / "raw").exists()


def test_an_empty_folder_and_the_smallest_numbers_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "write_clip", lambda path, *a, **how: path.write_bytes(b""))
    monkeypatch.setattr(make, "draw_portrait", lambda subject, *, rng: subject)
    report = make.demo(tmp_path, subjects=3, seed=0, jobs=1, frames=1, size=(32, 32))
    assert (report.raw, report.subjects, report.videos) == (tmp_path, 3, 12)
    assert [(split, label, pai, n) for split, label, pai, n in report.table if split == "dev"] == [
        ("dev", "attack", "print", 1),
        ("dev", "attack", "replay", 1),
        ("dev", "bonafide", "none", 2),
    ]
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "3 subjects, 12 videos, 1 frames\n  each at 24 frames a second, 32x32, H.264." in text
    assert "Each split has 4 cameras, 4 displays and 4 printers of its own" in text
