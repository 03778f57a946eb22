"""The raw folder of a demonstration: subjects split whole, filmed, replayed and printed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import joblib
import numpy as np
import numpy.typing as npt

from specaug.augment.recapture.motion import FPS
from specaug.augment.recapture.version1.camera import Camera, film, lens
from specaug.augment.recapture.version1.paper import hold, print_photo
from specaug.augment.recapture.version1.screen import replay
from specaug.checked_fields import check_arguments
from specaug.demo_data.devices import PER_SPLIT, Devices, devices_of
from specaug.demo_data.portrait import Portrait, draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import Scene, sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.errors import ArgumentError
from specaug.media.write import write_video
from specaug.records import Label, Split

Kind = Literal["bonafide", "replay", "print"]
_CLIPS: tuple[tuple[Kind, int], ...] = (("bonafide", 0), ("bonafide", 1), ("replay", 0), ("print", 0))
"""What is made of each subject."""
_KINDS: tuple[Kind, ...] = ("bonafide", "replay", "print")
_CRF = (14, 30)
"""Lowest and highest rate factor; drawn for each clip, whatever its kind."""

_RECORDED = 200_000.0
"""Electrons of a full pixel of an attacker's recording: its own codec has taken most of the noise out."""
_HAZE = 0.09
"""Share of the mean light that a display's black and its glare, or ink and paper, lay over an attack. The lens before
it lays as much less, so that contrast and black level are those of bona fide clips."""

README = """\
# Simulated videos for trying out specaug

Everything in this folder was drawn and filmed by a program (`specaug demo`). **It shows no person**, it contains no
photograph, and it carries no licence terms. Skin, hair, light, camera, display and print are formulas.

**It is no presentation attack data.** Do not train a system for real use on it, and do not quote a figure obtained
on it: such a figure says how well a program tells our formulas apart, nothing about people, printers or displays.
It is there to run `specaug build-dataset` on something, to look at the result, and to test software.

- `train`, `dev`, `test`: subjects are whole in one of them. {subjects} subjects, {videos} videos, {frames} frames
  each at {fps} frames a second, {width}x{height}, H.264.
- `bonafide`: a drawn subject before a simulated camera.
- `attack/replay`: the same subject in another scene, shown by a simulated display to the camera.
- `attack/print`: one frame of another scene, printed in four inks and held before the camera. It does not move within
  itself, so that its first frame takes a larger part of the file.

Each split has {devices} cameras, {devices} displays and {devices} printers of its own, drawn from the same ranges:
those of test are new to a model trained on train. Bona fide clips and attacks of a split share cameras, exposures,
scenes, face sizes, contrast and compression, and each is compressed once. Made with
`--seed {seed} --subjects {subjects} --frames {frames}`; the same command makes the same bytes.
"""


@dataclass(frozen=True)
class DemoReport:
    """What a demonstration folder holds."""

    raw: Path
    subjects: int
    videos: int
    table: tuple[tuple[Split, Label, str, int], ...]
    """(split, label, pai, videos)."""


@dataclass(frozen=True)
class _Task:
    """One subject to be made; small and picklable."""

    raw: str
    number: int
    split: Split
    seed: int
    frames: int
    size: tuple[int, int]


def split_of(number: int, subjects: int) -> Split:
    """The split of the subject with this number: a quarter for dev and for test, at least one each.

    Examples
    --------
    >>> [split_of(k, 5) for k in range(5)]
    ['train', 'train', 'train', 'dev', 'test']
    """
    held_out = max(1, subjects // 4)
    train = subjects - 2 * held_out
    if number < train:
        return "train"
    return "dev" if number < train + held_out else "test"


def clip_path(split: Split, kind: Kind, number: int, clip: int) -> str:
    """Where a clip lies in the raw folder, in the layout ``folders``."""
    species = "bonafide" if kind == "bonafide" else f"attack/{kind}"
    return f"{split}/{species}/s{number:03d}/clip{clip}.mp4"


def _film_subject(
    portrait: Portrait, scene: Scene, camera: Camera, frames: int, *, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.uint8]]:
    lights = (lens(light, camera.lens_sigma) for light in render(portrait, scene, frames))
    return film(lights, camera, white=scene.white, rng=rng)


def film_clip(
    portrait: Portrait,
    kind: Kind,
    *,
    size: tuple[int, int],
    frames: int,
    rng: np.random.Generator,
    devices: Devices | None = None,
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the 8-bit frames of one clip; nothing in them was compressed before.

    Scene and camera are drawn before anything that depends on `kind`, from the same distributions. An attacker's
    recording is made from so much farther away that the face comes out as large as in the scene that was drawn, and
    has little noise: it would be laid over that of the camera that sees the attack.
    """
    devices = devices or devices_of("train", seed=0)
    scene, camera = sample_scene(size, frames, rng=rng), devices.camera(rng=rng)
    if kind == "bonafide":
        return _film_subject(portrait, scene, camera, frames, rng=rng)
    if kind == "replay":
        return _film_replay(portrait, scene, camera, frames, devices, rng=rng)
    return _film_print(portrait, scene, camera, frames, devices, rng=rng)


def _recorder(devices: Devices, *, rng: np.random.Generator) -> Camera:
    """The camera of an attacker's recording."""
    return replace(devices.camera(rng=rng), full_well=_RECORDED, veil=0.0)


def _dehazed(camera: Camera) -> Camera:
    """A camera before an attack; below a veil of 0 its black point takes away light."""
    return replace(camera, veil=camera.veil - _HAZE)


def _film_replay(
    portrait: Portrait,
    scene: Scene,
    camera: Camera,
    frames: int,
    devices: Devices,
    *,
    rng: np.random.Generator,
) -> Iterator[npt.NDArray[np.uint8]]:
    screen = devices.screen(scene.shake, rng=rng)
    earlier = scene.seen_at(share=1 / screen.view.magnification, shake=0.0)
    shown = _film_subject(portrait, earlier, _recorder(devices, rng=rng), frames, rng=rng)
    lights = replay(shown, screen, lens_sigma=camera.lens_sigma, frames=frames, rng=rng)
    return film(lights, _dehazed(camera), white=screen.white, rng=rng)


def _film_print(
    portrait: Portrait,
    scene: Scene,
    camera: Camera,
    frames: int,
    devices: Devices,
    *,
    rng: np.random.Generator,
) -> Iterator[npt.NDArray[np.uint8]]:
    sheet = devices.sheet(scene.shake, scene.height, rng=rng)
    earlier = scene.seen_at(share=1 / sheet.view.magnification, shake=0.0)
    open_eyes = replace(earlier, blink_at=1)
    photo = next(_film_subject(portrait, open_eyes, _recorder(devices, rng=rng), 1, rng=rng))
    texture = print_photo(photo, sheet, lens_sigma=camera.lens_sigma, rng=rng)
    lights = hold(texture, sheet, frames=frames, rng=rng)
    return film(lights, _dehazed(camera), white=sheet.white, rng=rng)


def write_clip(
    path: Path,
    portrait: Portrait,
    kind: Kind,
    *,
    size: tuple[int, int],
    frames: int,
    rng: np.random.Generator,
    devices: Devices | None = None,
) -> None:
    """Film one clip and compress it once, as strongly as a draw that knows nothing of `kind` says."""
    crf = int(rng.integers(_CRF[0], _CRF[1] + 1))
    pictures = film_clip(portrait, kind, size=size, frames=frames, rng=rng, devices=devices)
    write_video(path, pictures, fps=FPS, crf=crf)


def _make_subject(task: _Task) -> list[tuple[Split, Label, str]]:
    """Draw one subject and write its clips; each draws from a generator of its own."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([task.seed, task.number, 0, 0])
    portrait = draw_portrait(sample_subject(task.number, rng=rng), rng=rng)
    devices = devices_of(task.split, seed=task.seed)
    made: list[tuple[Split, Label, str]] = []
    for kind, clip in _CLIPS:
        rng = np.random.default_rng([task.seed, task.number, 1 + _KINDS.index(kind), clip])
        path = Path(task.raw) / clip_path(task.split, kind, task.number, clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, portrait, kind, size=task.size, frames=task.frames, rng=rng, devices=devices)
        made.append((task.split, "bonafide", "none") if kind == "bonafide" else (task.split, "attack", kind))
    return made


def _check_limits(
    raw: Path, subjects: int, seed: int, jobs: int | None, frames: int, size: tuple[int, int]
) -> None:
    if subjects < 3:
        raise ArgumentError(
            f"subjects: expected at least 3, one for each of train, dev, test, got {subjects}"
        )
    if seed < 0:
        raise ArgumentError(f"seed: expected 0 or more, got {seed}")
    if jobs is not None and jobs < 1:
        raise ArgumentError(f"jobs: expected at least 1, got {jobs}")
    if frames < 1:
        raise ArgumentError(f"frames: expected at least 1, got {frames}")
    if min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise ArgumentError(f"size: expected an even width and height of at least 32 px, got {size}")
    if raw.exists() and (not raw.is_dir() or any(raw.iterdir())):
        raise ArgumentError(f"raw: expected a folder that is empty or does not exist, got {os.fspath(raw)!r}")


def demo(
    raw: str | Path,
    *,
    subjects: int = 12,
    seed: int = 0,
    jobs: int | None = None,
    frames: int = 48,
    size: tuple[int, int] = (640, 480),
    progress: Callable[[int, int], None] | None = None,
) -> DemoReport:
    """Make a small raw folder of simulated videos, free of any licence, in the layout ``folders``.

    Parameters
    ----------
    raw : str or Path
        The folder to make. It must not exist, or be empty.
    subjects : int
        Made-up persons, at least 3; each gives two bona fide clips, a replay and a print.
    seed : int
        Same seed, same bytes, whatever `jobs`. Subject k looks the same however many there are; cameras, displays and
        printers are those of the split that it falls into.
    jobs : int, optional
        Worker processes; by default the usable cores.
    frames : int
        Frames a clip, at 24 a second.
    size : (int, int)
        Width and height of the videos, px, both even.
    progress : callable, optional
        Called with the number of finished subjects and of all.

    Returns
    -------
    DemoReport

    Raises
    ------
    ArgumentError
        If `raw` holds anything, or a number is out of range.
    """
    check_arguments(demo, raw=raw, subjects=subjects, seed=seed, jobs=jobs, frames=frames, size=size)
    folder = Path(raw)
    _check_limits(folder, subjects, seed, jobs, frames, size)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [_Task(os.fspath(folder), k, split_of(k, subjects), seed, frames, size) for k in range(subjects)]
    workers = min(jobs or joblib.cpu_count(), subjects)
    made: list[tuple[Split, Label, str]] = []
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        results = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")(
            joblib.delayed(_make_subject)(task) for task in tasks
        )
        for result in results:
            made += result
            if progress is not None:
                progress(len(made) // len(_CLIPS), subjects)
    text = README.format(
        subjects=subjects,
        videos=len(made),
        frames=frames,
        fps=FPS,
        width=size[0],
        height=size[1],
        seed=seed,
        devices=PER_SPLIT,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    table = tuple((*key, n) for key, n in sorted(Counter(made).items()))
    return DemoReport(folder, subjects, len(made), table)
