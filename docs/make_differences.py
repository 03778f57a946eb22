"""Draw the images of docs/howto/show-the-difference.md.

    python docs/make_differences.py

A set of ``specaug demo`` is made and built in a temporary folder, which takes some minutes: no person is shown.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import specaug
from specaug.demo_data import demo as make_demo
from specaug.differences import DifferenceReport

OUT = Path(__file__).parent / "howto" / "images"
SUBJECTS, SEED = 12, 31
PLANTED = {"frequency": 0.2, "angle": 35.0, "amplitude": 0.02, "hertz": 12.5, "rate": 50.0, "swing": 0.01}
"""A wave in cycles/px, degrees and white, and a flicker in Hz at so many frames a second."""


def planted(face: np.ndarray) -> DifferenceReport:
    """A still face with sensor noise, and the same with a wave and a flicker of known size.

    Parameters
    ----------
    face : (H, W, 3) uint8 array
    """
    rng = np.random.default_rng(SEED)
    frames = 64
    y, x = np.mgrid[: face.shape[0], : face.shape[1]]
    angle = np.radians(PLANTED["angle"])
    wave = np.cos(2 * np.pi * PLANTED["frequency"] * (np.cos(angle) * x + np.sin(angle) * y))[..., None]
    light = np.cos(2 * np.pi * PLANTED["hertz"] * np.arange(frames) / PLANTED["rate"])[:, None, None, None]
    clips = []
    for amplitude, swing in ((0.0, 0.0), (PLANTED["amplitude"], PLANTED["swing"])):
        noise = rng.normal(0, 0.01, (frames, *face.shape)).astype(np.float32)
        clip = face.astype(np.float32) / 255 + noise
        clip += (amplitude * wave).astype(np.float32) + (swing * light).astype(np.float32)
        clips.append(np.clip(clip, 0, 1))
    return specaug.compare(*clips, fps=PLANTED["rate"])


def save(name: str, report: DifferenceReport) -> None:
    """256 colors halve the files."""
    image = Image.fromarray(report.image()).quantize(256, dither=Image.Dither.NONE)
    image.save(OUT / f"{name}.png", optimize=True)
    print(name, *report.findings, sep="\n  ")


def main() -> None:
    """Draw every image anew."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        raw, out = Path(folder) / "raw", Path(folder) / "out"
        make_demo(raw, subjects=SUBJECTS, seed=SEED)
        specaug.build_dataset(raw, out)
        (live, *_) = sorted((raw / "test" / "bonafide").rglob("*.mp4"))
        subject = live.parent.name
        for species in ("print", "replay"):
            (fake, *_) = sorted((raw / "test" / "attack" / species / subject).rglob("*.mp4"))
            report = specaug.compare(live, fake)
            save(f"compare-{species}", report)
        save("compare-group", specaug.compare(out, where="pai=print"))
        save("compare-planted", planted(report.bonafide.shown.frames[0]))


if __name__ == "__main__":
    main()
