"""How far copies of a clip and different clips differ in the bits that `verify` compares, and what the search costs.

    python benchmarks/bench_look_alikes.py RAW WORK

RAW is made by ``specaug demo``. Each of its videos is put into WORK once as it is, in train, and altered in seven ways,
in test; all are built. Then the closest frames of each altered clip and its original are compared (*copies*), and
those of the originals with one another: of one person, live or under attack, and of two people.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from results import save

from specaug.pipeline import build_dataset
from specaug.records import BuildConfig
from specaug.shards import data_files, read_rows
from specaug.shards.look_alikes import ALIKE, MIRROR, LookAlikes, bits_set, clip_bits

Frames = list[np.ndarray]


def frames_of(path: Path) -> tuple[Frames, Fraction]:
    """All frames of a video, RGB, and their rate."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, stream.average_rate or Fraction(25)


def write_video(path: Path, frames: Frames, rate: Fraction, crf: int = 23) -> None:
    """H.264 of a quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width = frames[0].shape[:2]
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write_photo(path: Path, frame: np.ndarray) -> None:
    """JPEG of quality 85."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(frame)).save(path, quality=85)


def halved(frame: np.ndarray) -> np.ndarray:
    """Half as wide and high."""
    return np.asarray(Image.fromarray(frame).resize((frame.shape[1] // 4 * 2, frame.shape[0] // 4 * 2)))


def alter(path: Path, kind: str, name: str, to: Path) -> None:
    """One original in train, its copies in test."""
    frames, rate = frames_of(path)
    n = len(frames)
    original = to / "train" / kind / f"original_{name}" / "v.mp4"
    original.parent.mkdir(parents=True)
    original.write_bytes(path.read_bytes())
    test = to / "test" / kind
    write_video(test / f"crf32_{name}" / "v.mp4", frames, rate, 32)
    write_video(test / f"half_{name}" / "v.mp4", [halved(f) for f in frames], rate)
    write_video(test / f"mirrored_{name}" / "v.mp4", [f[:, ::-1] for f in frames], rate)
    write_video(test / f"middle70_{name}" / "v.mp4", frames[int(0.15 * n) : int(0.85 * n)], rate)
    write_video(test / f"first50_{name}" / "v.mp4", frames[: n // 2], rate)
    write_photo(test / f"photo_{name}" / "p.jpg", frames[n // 3])
    write_photo(test / f"mirrored-photo_{name}" / "p.jpg", frames[2 * n // 3][:, ::-1])


def clips_of(out: Path) -> dict[tuple[str, str, str], np.ndarray]:
    """(alteration, name of the original, species) to the bits of the frames."""
    found = {}
    for file in data_files(out):
        for group in range(pq.ParquetFile(file).num_row_groups):
            for row in read_rows(file, group, range(1 << 20)):
                how, _, name = row["subject"].partition("_")
                found[how, name, row["pai"]] = clip_bits(row["frames"])
    return found


def closest(a: np.ndarray, b: np.ndarray) -> int:
    """Bits in which the closest frames of two clips differ, one of them mirrored or not."""
    differing = a[:, None] ^ b[None]
    return int(min(bits_set(differing).min(), bits_set(differing ^ MIRROR).min()))


def told(values: list[int]) -> dict[str, float]:
    """Spread, and the share that looks alike."""
    low, middle, high = np.percentile(values, [0, 50, 100])
    alike = round(float(np.mean(np.array(values) <= ALIKE)), 3)
    return {"pairs": len(values), "min": low, "median": middle, "max": high, "alike": alike}


def distances(clips: dict[tuple[str, str, str], np.ndarray]) -> dict[str, dict[str, float]]:
    """Of copies by alteration, and of different clips by what they share."""
    found: dict[str, list[int]] = defaultdict(list)
    originals = {key[1:]: bits for key, bits in clips.items() if key[0] == "original"}
    for (how, *key), bits in clips.items():
        if how != "original":
            found[f"copies, {how}"].append(closest(bits, originals[key[0], key[1]]))
    for (one, a), (other, b) in itertools.combinations(sorted(originals.items()), 2):
        person = "one person" if one[0].split("-")[0] == other[0].split("-")[0] else "two people"
        species = "same species" if one[1] == other[1] else "other species"
        found[f"different, {person}, {species}"].append(closest(a, b))
    return {name: told(values) for name, values in sorted(found.items())}


def search_seconds(n: int, frames: int = 8) -> float:
    """CPU seconds for the search among `n` clips, half of them in another split."""
    rng = np.random.default_rng(0)
    found = LookAlikes()
    for i in range(n):
        found.add(str(i), ("train", "test")[i % 2], rng.integers(0, 1 << 63, (frames, 4), dtype=np.uint64))
    start = time.process_time()
    found.found()
    return round(time.process_time() - start, 2)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path)
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    altered, out = arguments.work / "raw", arguments.work / "out"
    if not altered.exists():
        for path in sorted(arguments.raw.rglob("*.mp4")):
            _, *kind, subject, _ = path.relative_to(arguments.raw).parts
            alter(path, "/".join(kind), f"{subject}-{path.stem}", altered)
    build_dataset(altered, out, BuildConfig(jobs=2))
    start = time.process_time()
    clips = clips_of(out)
    decoding = 1000 * (time.process_time() - start) / len(clips)
    figures = {
        "threshold": ALIKE,
        "closest_frames": distances(clips),
        "cpu_seconds_per_1000_clips_decoded": round(decoding, 1),
        "cpu_seconds_search": {str(n): search_seconds(n) for n in (1000, 10_000, 20_000)},
    }
    save("look_alikes", figures, "numpy", "pillow", "av")


if __name__ == "__main__":
    main()
