"""`specaug report` on 100,000 generated clips: time, memory against a tenth of them, and how fast Chromium opens it.

    python benchmarks/bench_report.py [--clips 100000]

Clips are 4 frames of 32 px, of 6 kinds, in shards as a build writes them; their pictures are noise of 64 seeds. Peak
memory is that of a process of its own. Opening is the time to the ``load`` event in headless Chromium, if there is one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from results import save

from specaug.records import BuildConfig, Clip, Failure, MediaInfo, Source
from specaug.shards import ClipWriter, encode_image, write_failures, write_json

FRAMES, SIDE, PER_SHARD = 4, 32, 2000
PAIS = ("none", "print/1", "print/2", "replay/1", "replay/2", "mask")
PACKAGES = ("matplotlib", "jinja2", "pyarrow", "numpy", "opencv-python", "playwright")
MEASURE = """
import re, sys, time
from pathlib import Path
from specaug.html_report import report
start = time.perf_counter()
report(sys.argv[1], sys.argv[2])
seconds = time.perf_counter() - start
# Not ru_maxrss: it counts the process that this one was forked from, too.
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(seconds, int(peak) / 1024)
"""


def sources(count: int) -> Iterator[Source]:
    """Sources of 55 subjects a split, with every kind of attack."""
    for n in range(count):
        pai = PAIS[n // 2 % len(PAIS)] if n % 2 else "none"
        split = ("train", "dev", "test")[n // PER_SHARD % 3]
        yield Source(
            f"{split}/{n}.mp4",
            "bonafide" if pai == "none" else "attack",
            pai,
            subject=f"{split}-{n % 55:03d}",
            device=f"camera {n % 7}",
            split=split,  # type: ignore[arg-type]
            dataset="generated",
            source_id=f"{n * 2654435761 % 2**128:032x}",
        )


def clip_of(source: Source, pictures: list[bytes], rng: np.random.Generator) -> Clip:
    """A clip without any file behind it."""
    start = int(rng.integers(len(pictures) - FRAMES))
    scale = np.full(FRAMES, rng.lognormal(0.2 * (source.label == "attack"), 0.3), np.float32)
    info = MediaInfo("video", 1920, 1080, 300, np.arange(300) / 30, np.arange(0, 300, 30), fps=30)
    return Clip(
        f"{source.source_id}-000",
        source,
        info,
        tuple(pictures[start : start + FRAMES]),
        frame_index=np.arange(FRAMES, dtype=np.int32) * 70,
        score=rng.uniform(0.6, 1, FRAMES).astype(np.float32),
        scale=scale,
        padding=np.full(FRAMES, max(0, rng.normal(0, 0.05)), np.float32),
        box=np.ones((FRAMES, 4), np.float32),
        landmarks=np.ones((FRAMES, 5, 2), np.float32),
        warp=np.ones((FRAMES, 2, 3), np.float32),
    )


def make_out(out: Path, count: int) -> None:
    """Shards, failures of one source in fifty, plan and manifest."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 8, 8, 3), np.uint8)
    pictures = [encode_image(n.repeat(4, axis=0).repeat(4, axis=1), image_format="png") for n in noise]
    planned = list(sources(count))
    shards = [planned[i : i + PER_SHARD] for i in range(0, count, PER_SHARD)]
    (out / "data" / "captured").mkdir(parents=True)
    (out / "failures").mkdir()
    for number, shard in enumerate(shards):
        name = f"{shard[0].split}-{number:05d}-of-{len(shards):05d}"
        lost = [
            Failure(s.source_id, s.path, s.split, "detect", "no_face", "no face in 8 frames")
            for s in shard[::50]
        ]
        failed = {failure.source_id for failure in lost}
        with ClipWriter(out / f"data/captured/{name}.parquet", image_format="png", size=SIDE) as writer:
            for source in shard:
                if source.source_id not in failed:
                    writer.write(clip_of(source, pictures, rng))
        write_failures(out / f"failures/failures-{name}.parquet", lost)
    plan = {"shards": [{"sources": [asdict(s) for s in shard], "known": []} for shard in shards]}
    write_json(out / ".specaug" / "plan.json", plan, out=out)
    settings = BuildConfig(size=SIDE, frames=FRAMES).content_settings()
    (out / "manifest.jsonl").write_text(json.dumps({"settings": settings, "specaug": "generated"}) + "\n")


def report(out: Path, page: Path) -> dict[str, float]:
    """Seconds and MiB of the report in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(out), str(page)], capture_output=True, text=True, check=True
    )
    seconds, peak = map(float, done.stdout.split())
    return {"seconds": seconds, "peak_mib": peak, "page_mib": page.stat().st_size / 2**20}


def seconds_to_open(page: Path, repeats: int = 5) -> dict[str, Any]:
    """Time to the load event and to a drawn table, each time in a new tab."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return {"skipped": "no chromium on this machine"}
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for _ in range(repeats):
            tab = chromium.new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="load")
            tab.wait_for_selector(".live tbody tr")
            times.append(time.perf_counter() - start)
            tab.close()
        version = chromium.version
        chromium.close()
    return {"chromium": version, "median_seconds": statistics.median(times), "largest_seconds": max(times)}


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    clips = parser.parse_args().clips
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (clips // 10, clips):
            out, page = Path(folder) / f"out-{count}", Path(folder) / f"{count}.html"
            make_out(out, count)
            figures[str(count)] = report(out, page) | {"opening": seconds_to_open(page)}
            shutil.rmtree(out)
    save("report", figures, *PACKAGES)


if __name__ == "__main__":
    main()
