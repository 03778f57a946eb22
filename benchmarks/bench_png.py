"""Lossless settings on the crops of a built data set: bytes a crop, time to encode and to decode.

    python benchmarks/bench_png.py OUT

Times are ratios to the PNG settings that shards use, in one run, one thread.
"""

from __future__ import annotations

import io
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from results import alternate, save

from specaug.shards import decode_image, encode_image

Encoder = Callable[[np.ndarray], bytes]
MAX_CROPS = 64


def png(strategy: int | None, level: int) -> Encoder:
    """OpenCV's PNG encoder."""
    flags = [cv2.IMWRITE_PNG_COMPRESSION, level]
    if strategy is not None:
        flags += [cv2.IMWRITE_PNG_STRATEGY, strategy]
    return lambda image: cv2.imencode(".png", image[..., ::-1], flags)[1].tobytes()


def webp(image: np.ndarray) -> bytes:
    """Pillow's lossless WebP at its fastest."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "WEBP", lossless=True, quality=0, method=0)
    return stream.getvalue()


ENCODERS: dict[str, Encoder] = {
    "shards (png)": lambda image: encode_image(image, image_format="png"),
    "png rle, all filters": png(cv2.IMWRITE_PNG_STRATEGY_RLE, 1),
    "png huffman": png(cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY, 1),
    "png default level 1": png(None, 1),
    "png filtered level 6": png(cv2.IMWRITE_PNG_STRATEGY_FILTERED, 6),
    "webp lossless (Pillow)": webp,
}


def crops_of(out: Path) -> list[np.ndarray]:
    """Up to MAX_CROPS crops, spread over the files."""
    found: list[np.ndarray] = []
    for file in sorted((out / "data/captured").glob("*.parquet")):
        for frames in pq.read_table(file, columns=["frames"])["frames"].to_pylist():
            found += [decode_image(frame["bytes"]) for frame in frames]
    step = max(1, len(found) // MAX_CROPS)
    return found[::step][:MAX_CROPS]


def main() -> None:
    """Measure, print and save."""
    cv2.setNumThreads(1)
    crops = crops_of(Path(sys.argv[1]))
    encoded = {name: [encode(crop) for crop in crops] for name, encode in ENCODERS.items()}
    encode_calls = [lambda e=encode: [e(crop) for crop in crops] for encode in ENCODERS.values()]
    decode_calls = [lambda d=data: [_decode(item) for item in d] for data in encoded.values()]
    seconds = [alternate(*calls, repeats=5) for calls in (encode_calls, decode_calls)]
    medians = [[statistics.median(times) for times in table] for table in seconds]
    figures = {
        name: {
            "kib_a_crop": sum(map(len, encoded[name])) / len(crops) / 1024,
            "encode_ratio": medians[0][i] / medians[0][0],
            "decode_ratio": medians[1][i] / medians[1][0],
        }
        for i, name in enumerate(ENCODERS)
    }
    save(
        "png",
        {"crops": len(crops), "side": crops[0].shape[0], "settings": figures},
        "opencv-python",
        "pillow",
    )


def _decode(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


if __name__ == "__main__":
    main()
