"""Clips a second of `specaug.load` beside Hugging Face `datasets` and plain pyarrow, on PNG and on JPEG shards.

    python benchmarks/bench_loader.py OUT [CLIPS] [REPEATS]

OUT is a data set with PNG frames; its rows are repeated to CLIPS rows, once as they are and once as JPEG. Everybody
ends with uint8 batches (8, T, H, W, 3) (Hugging Face's format ``torch``: (8, T, 3, H, W)), in one process and one
thread, taking turns; ratios are CPU time of a peer over ours, so above 1 we are faster. Then a DataLoader with two
workers against one, by wall time, and the memory of a pass. Both need a quiet machine.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import cv2
import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from results import median_ratio, save
from torch.utils.data import DataLoader

from specaug.loader import load
from specaug.shards import clip_schema, decode_image, encode_image

ROWS_A_GROUP = 64
EPOCHS = 3
"""Of the workers, after their first."""
BATCH = 8


def write_set(source: Path, target: Path, *, clips: int, image_format: str) -> None:
    """A data set with `clips` rows, repeated from those of `source`, as three shards."""
    files = sorted((source / "data/captured").glob("train-*.parquet"))
    table = pa.concat_tables([pq.read_table(file) for file in files])
    rows = table.to_pylist()
    for row in rows if image_format == "jpeg" else ():
        for frame in row["frames"]:
            frame["bytes"] = encode_image(decode_image(frame["bytes"]), image_format="jpeg")
    size = decode_image(rows[0]["frames"][0]["bytes"]).shape[0]
    schema = clip_schema(image_format=image_format, size=size)  # type: ignore[arg-type]
    folder = target / "data/captured"
    folder.mkdir(parents=True)
    for shard in range(3):
        part = [{**rows[i % len(rows)], "clip_id": f"{i:08d}"} for i in range(shard, clips, 3)]
        pq.write_table(
            pa.Table.from_pylist(part, schema=schema),
            folder / f"train-{shard:05d}-of-00003.parquet",
            row_group_size=ROWS_A_GROUP,
            compression="none",
            use_dictionary=False,
            write_page_checksum=True,
        )


def ours(out: Path) -> Iterator[np.ndarray]:
    """Batches as they come."""
    return (batch["rgb"] for batch in load(out, split="train", as_="numpy", batch_size=BATCH))


def ours_torch(out: Path) -> Iterator[torch.Tensor]:
    """The same as tensors, as :func:`specaug.load` gives them by default."""
    return (batch["rgb"] for batch in load(out, split="train", batch_size=BATCH))


def hugging_face_torch(out: Path) -> Iterator[torch.Tensor]:
    """Streaming as its guide for PyTorch has it: format ``torch``, a DataLoader that makes batches."""
    rows = _stream(out).select_columns(["frames"]).with_format("torch")
    return (batch["frames"] for batch in DataLoader(rows, batch_size=BATCH))


def hugging_face_numpy(out: Path) -> Iterator[np.ndarray]:
    """Streaming with format ``numpy``, stacked by hand."""
    return batches(row["frames"] for row in _stream(out).select_columns(["frames"]).with_format("numpy"))


def hugging_face(out: Path) -> Iterator[np.ndarray]:
    """Streaming, pictures of PIL from `datasets`, made arrays and stacked by hand."""
    return batches(np.stack([np.asarray(frame) for frame in row["frames"]]) for row in _stream(out))


def hugging_face_opencv(out: Path) -> Iterator[np.ndarray]:
    """Streaming without decoding, then OpenCV."""
    encoded = _stream(out).cast_column("frames", datasets.Sequence(datasets.Image(decode=False)))
    return batches(np.stack([_opencv(frame["bytes"]) for frame in row["frames"]]) for row in encoded)


def plain_pyarrow(out: Path) -> Iterator[np.ndarray]:
    """Row groups as Python lists, then OpenCV."""
    return batches(np.stack([_opencv(frame["bytes"]) for frame in frames]) for frames in _lists(out))


def _lists(out: Path) -> Iterator[list[dict[str, bytes]]]:
    for file in sorted((out / "data/captured").glob("*.parquet")):
        parquet = pq.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            yield from parquet.read_row_group(group, columns=["frames"])["frames"].to_pylist()


def batches(clips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Clips stacked, as a training loop needs them."""
    remaining = iter(clips)
    while part := list(itertools.islice(remaining, BATCH)):
        yield np.stack(part)


def _stream(out: Path) -> Any:
    files = sorted(str(file) for file in (out / "data/captured").glob("*.parquet"))
    return datasets.load_dataset("parquet", data_files=files, split="train", streaming=True)


def _opencv(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def cpu_seconds(read: Callable[[Path], Iterator[Any]], out: Path, clips: int) -> float:
    """CPU time of one pass, every clip counted."""
    start, n = time.process_time(), 0
    for batch in read(out):
        n += len(batch)
    assert n == clips, (read.__name__, n)
    return time.process_time() - start


def compare(out: Path, clips: int, repeats: int) -> dict[str, float]:
    """Clips a CPU second of each, and peers' times over ours."""
    readers = (
        *(ours, hugging_face_numpy, hugging_face, hugging_face_opencv, plain_pyarrow),
        *(ours_torch, hugging_face_torch),
    )
    seconds: dict[str, list[float]] = {read.__name__: [] for read in readers}
    for read in readers:
        cpu_seconds(read, out, clips)
    for _ in range(repeats):
        for read in readers:
            seconds[read.__name__].append(cpu_seconds(read, out, clips))
    figures = {f"clips a CPU second, {name}": clips / statistics.median(s) for name, s in seconds.items()}
    for name in ("hugging_face_numpy", "hugging_face", "hugging_face_opencv", "plain_pyarrow"):
        figures[f"{name} / ours"] = median_ratio(seconds[name], seconds["ours"])
    figures["hugging_face_torch / ours_torch"] = median_ratio(
        seconds["hugging_face_torch"], seconds["ours_torch"]
    )
    return figures


def workers(out: Path, repeats: int) -> dict[str, float]:
    """Wall time a batch of one worker over that of two, which live on, after an epoch in which they started."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for n in seconds:
            clips = load(out, split="train", shuffle=True)
            loader = DataLoader(clips, batch_size=None, num_workers=n, persistent_workers=True)
            for _ in loader:
                pass
            start = time.perf_counter()
            batches = sum(1 for _ in range(EPOCHS) for _ in loader)
            seconds[n].append((time.perf_counter() - start) / batches)
    return {"two workers against one": median_ratio(seconds[1], seconds[2])}


def memory(out: Path) -> dict[str, float]:
    """Resident MiB after one and after five passes in this process."""
    found = []
    for _ in range(5):
        for _ in ours(out):
            pass
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        found.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return {"MiB after one pass": found[0], "MiB after five passes": found[-1]}


def main() -> None:
    """Measure, print and save."""
    source = Path(sys.argv[1])
    clips, repeats = (int(sys.argv[i]) if len(sys.argv) > i else n for i, n in ((2, 384), (3, 5)))
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    datasets.disable_progress_bars()
    figures: dict[str, Any] = {"clips": clips}
    with tempfile.TemporaryDirectory() as folder:
        for image_format in ("png", "jpeg"):
            out = Path(folder) / image_format
            write_set(source, out, clips=clips, image_format=image_format)
            figures[image_format] = compare(out, clips, repeats)
            figures[image_format] |= workers(out, repeats)
            figures[image_format] |= memory(out)
    save("loader", figures, "datasets", "numpy", "opencv-python", "pillow", "pyarrow", "pyspng", "torch")


if __name__ == "__main__":
    main()
