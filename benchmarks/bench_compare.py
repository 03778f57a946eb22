"""`specaug compare` of two 1080p videos against decoding them: CPU seconds, one thread.

    python benchmarks/bench_compare.py [LIVE FAKE]

Without videos, two of 10 s at 30 frames a second are made: a simulated subject in person and on a display, ten rendered
frames to and fro with sensor noise of their own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from results import alternate, median_ratio, save

import specaug
from specaug.demo_data.make import film_clip
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.subject import sample_subject
from specaug.media.write import write_video

SEED, RENDERED, FRAMES, REPEATS = 5, 10, 300, 3
PACKAGES = ("av", "numpy", "scipy", "opencv-python", "matplotlib")


def film(path: Path, kind: str) -> Path:
    """Write one video."""
    rng = np.random.default_rng(SEED)
    portrait = draw_portrait(sample_subject(SEED, rng=rng), rng=rng)
    base = list(film_clip(portrait, kind, size=(1920, 1080), frames=RENDERED, rng=rng))  # type: ignore[arg-type]
    noise = rng.normal(0, 2, (1080, 1920, 3)).astype(np.float32)

    def frames() -> Iterator[np.ndarray]:
        for n in range(FRAMES):
            image = base[min(n % (2 * RENDERED - 2), -n % (2 * RENDERED - 2))]
            yield np.clip(image + np.roll(noise, (37 * n, 91 * n), (0, 1)), 0, 255).astype(np.uint8)

    write_video(path, frames(), fps=30, crf=23)
    return path


def decode(path: Path) -> None:
    """Decode every frame, in one thread."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for _ in container.decode(video=0):
            pass


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Measure and save."""
    with tempfile.TemporaryDirectory() as folder:
        names = {"live.mp4": "bonafide", "fake.mp4": "replay"}
        given = [Path(name) for name in sys.argv[1:3]]
        live, fake = given or [film(Path(folder) / name, kind) for name, kind in names.items()]
        target = Path(folder) / "compare.png"
        compared, decoded = [], []
        alternate(
            lambda: decoded.append(cpu(lambda: (decode(live), decode(fake)))),
            lambda: compared.append(cpu(lambda: specaug.compare(live, fake).save(target))),
            repeats=REPEATS,
        )
    figures = {
        "decode both, CPU s": decoded[1:],
        "compare and draw, CPU s": compared[1:],
        "ratio": median_ratio(compared[1:], decoded[1:]),
    }
    save("compare", figures, *PACKAGES)


if __name__ == "__main__":
    main()
