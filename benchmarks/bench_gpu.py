"""What a GPU makes of views, recipes, training and loading, in clips a second: four minutes on one GPU at most.

    python benchmarks/bench_gpu.py [--device auto|cpu|cuda] [--tiny] [--workers N]

Clips are 8 frames of 224 px, in batches of 32 (4 on a CPU), on the device before the clock starts; a figure is the
median of batches over some seconds, after two that do not count, and the device has finished before the clock is read.
Recipes change every clip, each with a donor of the batch. A training step is views, the reference network of width 64
(8 on a CPU), loss, gradients and AdamW; mixed precision is float16 with a scaled loss on a GPU and bfloat16 on a CPU.
The loader decodes PNG shards of drawn noise, the worst case, in worker processes and feeds that step;
``device_waits`` is the share of its time in which no step ran. ``--tiny`` is 2 frames of 32 px in batches of 2, a
moment for each: it shows that all parts run, and its figures mean nothing; nothing is written.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from results import save
from torch import nn
from torch.utils.data import DataLoader

from specaug import load
from specaug.augment.recipes.recipe_toml import shipped_names
from specaug.integrations.torch import SpectralAugment
from specaug.loader.views import compute_views
from specaug.model import TwoStreamNet
from specaug.records import Clip, MediaInfo, Source
from specaug.shards import ClipWriter, encode_image

BONAFIDE, ATTACK = 0, 1
ROWS = 64
"""Clips of the set that is loaded, over and over."""


@dataclass(frozen=True)
class Scale:
    """How much is done."""

    device: torch.device
    frames: int
    size: int
    batch: int
    width: int
    seconds: float
    """Of each figure."""

    @classmethod
    def of(cls, device: torch.device, *, tiny: bool) -> Scale:
        """For a device; a CPU is far slower."""
        if tiny:
            return cls(device, frames=2, size=32, batch=2, width=4, seconds=0.0)
        if device.type == "cpu":
            return cls(device, frames=8, size=224, batch=4, width=8, seconds=2.0)
        return cls(device, frames=8, size=224, batch=32, width=64, seconds=4.0)


def seconds_of(call: Callable[[], object], scale: Scale) -> float:
    """Median seconds of a call, over at least three and `scale.seconds`."""
    times: list[float] = []
    for _ in range(2 if scale.seconds else 0):
        call()
    begun = time.perf_counter()
    while len(times) < (3 if scale.seconds else 1) or time.perf_counter() - begun < scale.seconds:
        _finish(scale)
        start = time.perf_counter()
        call()
        _finish(scale)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _finish(scale: Scale) -> None:
    if scale.device.type == "cuda":
        torch.cuda.synchronize(scale.device)


def frames_of(scale: Scale) -> torch.Tensor:
    """(batch, frames, size, size, 3) uint8 noise of some coarseness on the device."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (scale.batch, scale.frames, scale.size // 4, scale.size // 4, 3), np.uint8)
    return torch.from_numpy(coarse.repeat(4, axis=2).repeat(4, axis=3)).to(scale.device)


def measure_views(scale: Scale) -> dict[str, float]:
    """Clips a second of each view and of all three."""
    frames = frames_of(scale)
    ways: dict[str, tuple[Any, ...]] = {
        "hsv": ("hsv",),
        "spectrum": ("spectrum",),
        "all": ("rgb", "hsv", "spectrum"),
    }
    rates = {
        name: scale.batch / seconds_of(lambda views=views: compute_views(frames, views), scale)
        for name, views in ways.items()
    }
    return {name: round(rate, 1) for name, rate in rates.items()}


def measure_recipes(scale: Scale) -> dict[str, float]:
    """Clips a second of each recipe that comes with the library, half of the batch bona fide."""
    frames = frames_of(scale)
    labels = torch.tensor([BONAFIDE, ATTACK] * (scale.batch // 2))
    donors = {"references": frames[labels == ATTACK]}
    rates = {}
    for name in shipped_names():
        augment = SpectralAugment(name, p=1.0, channel_axis=-1, rng=0)
        given = donors if augment.recipe.donor else {}
        seconds = seconds_of(lambda augment=augment, given=given: augment(frames, **given), scale)
        rates[name] = round(scale.batch / seconds, 1)
    return rates


class Learner:
    """The reference network and one step of its training."""

    def __init__(self, scale: Scale, *, mixed: bool) -> None:
        self.scale, self.mixed = scale, mixed
        torch.manual_seed(0)
        self.network = TwoStreamNet(frames=scale.frames, width=scale.width).to(scale.device)
        self.optimizer = torch.optim.AdamW(self.network.parameters())
        self.kind = torch.float16 if scale.device.type == "cuda" else torch.bfloat16
        self.scaler = torch.amp.GradScaler(scale.device.type, enabled=mixed and scale.device.type == "cuda")

    def step(self, frames: torch.Tensor, labels: torch.Tensor) -> None:
        """Views to weights."""
        views = compute_views(frames, self.network.views)
        with torch.autocast(self.scale.device.type, self.kind, enabled=self.mixed):
            logits = self.network(**views)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, labels.to(logits))
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()


def measure_steps(scale: Scale) -> dict[str, float]:
    """Clips a second of training on what is on the device already."""
    frames = frames_of(scale)
    labels = torch.arange(scale.batch, device=scale.device) % 2
    rates = {}
    for name, mixed in (("float32", False), ("mixed precision", True)):
        learner = Learner(scale, mixed=mixed)
        rates[name] = round(
            scale.batch / seconds_of(lambda learner=learner: learner.step(frames, labels), scale), 1
        )
    return rates


def write_set(out: Path, scale: Scale) -> None:
    """Shards of noise: half bona fide, each subject once."""
    rng = np.random.default_rng(0)
    folder = out / "data/captured"
    folder.mkdir(parents=True)
    seconds = np.arange(scale.frames) / 25
    info = MediaInfo("video", scale.size, scale.size, scale.frames, seconds, np.zeros(1, np.int64), 25.0)
    ones = np.ones(scale.frames, np.float32)
    with ClipWriter(folder / "train-00000-of-00001.parquet", image_format="png", size=scale.size) as writer:
        for number in range(ROWS):
            label = {"label": "attack", "pai": "print"} if number % 2 else {"label": "bonafide"}
            source = Source(f"{number}.mp4", subject=f"s{number}", source_id=f"{number:032x}", **label)
            coarse = rng.integers(0, 256, (scale.frames, scale.size // 4, scale.size // 4, 3), np.uint8)
            images = coarse.repeat(4, axis=1).repeat(4, axis=2)
            writer.write(
                Clip(
                    clip_id=f"{number:032x}-000",
                    source=source,
                    info=info,
                    frames=tuple(encode_image(image, image_format="png") for image in images),
                    frame_index=np.arange(scale.frames, dtype=np.int32),
                    score=ones,
                    scale=ones,
                    padding=0 * ones,
                    box=np.zeros((scale.frames, 4), np.float32),
                    landmarks=np.zeros((scale.frames, 5, 2), np.float32),
                    warp=np.zeros((scale.frames, 2, 3), np.float32),
                )
            )


def measure_loading(scale: Scale, workers: int) -> dict[str, float]:
    """Clips a second of the loader alone and of training that it feeds, and how long the device waits for it."""
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), scale)
        clips = load(folder, split="train", batch_size=scale.batch, shuffle=True, seed=0)
        learner = Learner(scale, mixed=True)
        alone = _fed(_batches(clips, workers), lambda batch: None, scale)
        steps: list[float] = []

        def step(batch: dict[str, Any]) -> None:
            start = time.perf_counter()
            learner.step(batch["rgb"].to(scale.device), batch["label"].to(scale.device))
            _finish(scale)
            steps.append(time.perf_counter() - start)

        count, seconds = _fed(_batches(clips, workers), step, scale)
    return {
        "workers": workers,
        "loader alone": round(alone[0] / alone[1], 1),
        "training that it feeds": round(count / seconds, 1),
        "device_waits": round(1 - sum(steps[1:]) / seconds, 3),
    }


def _batches(clips: Any, workers: int) -> Iterator[dict[str, Any]]:
    """Batches of one epoch after the other, by the same workers."""
    reader = DataLoader(clips, batch_size=None, num_workers=workers, persistent_workers=workers > 0)
    epoch = 0
    while True:
        clips.set_epoch(epoch)
        yield from reader
        epoch += 1


def _fed(batches: Iterator[dict[str, Any]], take: Callable[[Any], None], scale: Scale) -> tuple[int, float]:
    """Clips that were taken, and the seconds from the end of the first batch, with which workers start."""
    take(next(batches))
    count, begun = 0, time.perf_counter()
    while not count or time.perf_counter() - begun < 3 * scale.seconds:
        batch = next(batches)
        take(batch)
        count += len(batch["label"])
    return count, time.perf_counter() - begun


def measure(scale: Scale, workers: int) -> dict[str, Any]:
    """All figures."""
    return {
        "device": torch.cuda.get_device_name(scale.device) if scale.device.type == "cuda" else "cpu",
        "batch": scale.batch,
        "frames": scale.frames,
        "size": scale.size,
        "width": scale.width,
        "clips_a_second": {
            "views": measure_views(scale),
            "recipes": measure_recipes(scale),
            "training step": measure_steps(scale),
            "loading": measure_loading(scale, workers),
        },
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--workers", type=int, default=min(8, len(os.sched_getaffinity(0))))
    arguments = parser.parse_args()
    wanted = arguments.device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    scale = Scale.of(torch.device(wanted), tiny=arguments.tiny)
    figures = measure(scale, arguments.workers)
    if arguments.tiny:
        print(figures)
    else:
        save(
            "gpu" if wanted == "cuda" else "gpu_on_cpu", figures, "torch", "numpy", "opencv-python", "pyarrow"
        )


if __name__ == "__main__":
    main()
