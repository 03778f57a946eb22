"""Colours and detail of a crop against the exact conversion of its planes; bytes without SIMD; speed against before.

    python benchmarks/bench_color.py [--before CHECKOUT]

*accuracy*: a synthetic frame (zone plates, colour edges, ramps, noise) as lossless H.264 in each subsampling, depth,
matrix, range and chroma location, and as RGB; a crop at scale 1, unrotated. The reference is calculated here in float64
from the planes: bicubic interpolation (a = -0.75) of chroma at its own places, H.273, one rounding. Error in levels
of 8 bits; energy of colour (R - Y) above 0.4 cycles/px against the reference. Beside it, what swscale makes of the
frame as it is called by default, and with its flags for accuracy.

*zscale*: the reference itself against FFmpeg's zscale (zimg), where Debian's ``ffmpeg`` is installed.

*simd*: the digest of crops for given warps, SDR, HDR and wide gamut, with all vector instructions and without those
that OpenCV, NumPy and OpenBLAS choose by the processor; and how far the detector's landmarks move by that, in drawn
faces.

*speed*: CPU seconds and peak memory of extracting a 1080p clip, in turn with a checkout of an earlier commit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation
from color_reference import FORMATS, LOCATIONS, MATRICES, SIDE, errors, planes_of, reference, scene
from results import save


def write(path: Path, planes: list[np.ndarray], pix_fmt: str, params: str) -> None:
    """One frame, coded without loss."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = pix_fmt
        stream.options = {"qp": "0", "preset": "ultrafast", "x264-params": params}
        frame = av.VideoFrame(SIDE, SIDE, pix_fmt)
        for plane, values in zip(frame.planes, planes, strict=True):
            lines = np.zeros((plane.height, plane.line_size // values.itemsize), values.dtype)
            lines[:, : values.shape[1]] = values
            plane.update(lines.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def cropped(path: Path) -> np.ndarray:
    """The frame as this library crops it, at scale 1."""
    from specaug.media import probe, read_frames

    (frame,) = read_frames(path, probe(path, "video"), np.array([0]))
    return frame.planes.crop(np.eye(2, 3), size=SIDE)


def by_swscale(path: Path, interpolation: int | None) -> np.ndarray:
    """The frame as PyAV converts it."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.reformat(format="rgb24", interpolation=interpolation, threads=1).to_ndarray()


def accuracy(folder: Path) -> dict[str, Any]:
    """Every combination; the worst of each subsampling, and each by its name."""
    rows: dict[str, Any] = {}
    path = folder / "a.mkv"
    accurate = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
    for (name, sub), bits, (matrix, (tag, kr, kb)), full, location in product(
        FORMATS.items(), (8, 10), MATRICES.items(), (False, True), LOCATIONS
    ):
        if name == "444" and location != "left":
            continue
        settings = (kr, kb, full, bits, sub, location)
        planes = planes_of(scene(), *settings)
        params = (
            f"colormatrix={tag}:fullrange={'on' if full else 'off'}:chromaloc={LOCATIONS[location]}:annexb=0"
        )
        write(
            path,
            planes,
            f"yuv{name}p{'' if bits == 8 else '10le'}",
            params if name == "420" else params.replace(f":chromaloc={LOCATIONS[location]}", ""),
        )
        if name == "422" and location != "left":
            continue  # H.264 places the chroma of 4:2:0 only
        exact = reference(planes, *settings)
        rows[f"{name} {bits} bit {matrix} {'full' if full else 'limited'} {location}"] = {
            "specaug": errors(cropped(path), exact),
            "swscale": errors(by_swscale(path, None), exact),
            "swscale accurate": errors(by_swscale(path, accurate), exact),
        }
    return rows


def rgb_error(folder: Path) -> float:
    """Largest error of a lossless RGB video."""
    image = np.rint(scene() * 255).astype(np.uint8)
    path = folder / "rgb.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "bgr0"
        container.mux(
            stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="bgr0"))
        )
        container.mux(stream.encode(None))
    return float(np.abs(cropped(path).astype(int) - image).max())


def zscale(folder: Path) -> dict[str, Any] | None:
    """The reference against zimg: 4:2:0, 8 bits, BT.709, limited, chroma left."""
    if shutil.which("ffmpeg") is None:
        return None
    settings = (0.2126, 0.0722, False, 8, (2, 2), "left")
    planes = planes_of(scene(), *settings)
    raw = b"".join(plane.tobytes() for plane in planes)
    filters = (
        "zscale=filter=bicubic:param_a=0:param_b=0.75:matrixin=709:rangein=limited:chromalin=left:"
        "primariesin=709:transferin=709:matrix=gbr:primaries=709:transfer=709:range=full:dither=none,format=gbrp"
    )
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-s",
        f"{SIDE}x{SIDE}",
        "-i",
        "-",
    ]
    command += ["-vf", filters, "-f", "rawvideo", "-pix_fmt", "gbrp", "-"]
    done = subprocess.run(command, input=raw, capture_output=True, check=False)
    if done.returncode:
        return {"error": done.stderr.decode()[-200:]}
    g, b, r = np.frombuffer(done.stdout, np.uint8).reshape(3, SIDE, SIDE)
    shown, exact = np.stack([r, g, b], axis=-1), reference(planes, *settings)
    inside = np.s_[4:-4, 4:-4]  # beyond the border zimg repeats the last sample, where this library mirrors
    difference = shown[inside] - np.clip(np.rint(exact[inside]), 0, 255)
    return errors(shown, exact) | {"largest_inside": float(np.abs(difference).max())}


CROPS = """
import hashlib
import numpy as np
from specaug.planes import Placement, Plane, PlaneImage
from specaug.planes.placement import chroma_to_stored
from specaug.records import ColorInfo
rng = np.random.default_rng(0)
digest = hashlib.sha256()
kinds = ((8, "bt709", "bt709"), (10, "bt709", "bt709"), (10, "smpte2084", "bt2020"), (10, "arib-std-b67", "bt2020"),
         (8, "iec61966-2-1", "smpte432"))
for bits, transfer, primaries in kinds:
    dtype = np.uint8 if bits == 8 else np.uint16
    shapes = ((360, 640), (180, 320), (180, 320))
    values = [rng.integers(0, 2**bits, shape).astype(dtype) for shape in shapes]
    to_stored = [np.eye(2, 3)] + [chroma_to_stored((2, 2), "left")] * 2
    planes = tuple(Plane(*pair) for pair in zip(values, to_stored))
    matrix = "bt2020" if primaries == "bt2020" else "bt709"
    color = ColorInfo(matrix=matrix, range="limited", bits=bits, transfer=transfer, primaries=primaries)
    image = PlaneImage(planes, Placement(640, 360), color)
    for scale in (0.6, 1.0, 1.3, 1.9, 2.5, 4.0):
        for turn in (0.0, 0.2, 1.0):
            a, b = np.cos(turn) / scale, np.sin(turn) / scale
            warp = np.array([[a, -b, 112 - a * 320 + b * 180], [b, a, 112 - b * 320 - a * 180]])
            digest.update(image.crop(warp, size=224).tobytes())
print(digest.hexdigest())
"""

DRAWN = """
import sys, tempfile
from pathlib import Path
import av, cv2, numpy as np
from specaug.demo_data import demo
folder = Path(tempfile.mkdtemp())
demo(folder, subjects=3, seed=3, jobs=1, frames=2, size=(480, 270))
frames = []
for name in sorted(folder.rglob("*.mp4"))[:12]:
    with av.open(str(name)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    frames.append(cv2.resize(frame, (1920, 1080), interpolation=cv2.INTER_CUBIC))
np.save(sys.argv[1], np.stack(frames))
"""

LANDMARKS = """
import json, sys
import numpy as np
from specaug.faces import detector_for
from specaug.planes import as_plane_image
detector = detector_for("centerface", model=None)
found = []
for image in map(as_plane_image, np.load(sys.argv[1])):
    faces = detector(image)
    found.append(detector.refine(image, faces[0]).landmarks.tolist() if faces else None)
print(json.dumps(found))
"""

_DISPATCHED = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3,AVX,FP16,SSE4.2,SSE4.1,SSSE3,POPCNT",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3 AVX512_ICL",
    "OPENBLAS_CORETYPE": "Prescott",
}
"""Takes away what the wheels choose by the processor; SSE3 is what OpenCV's are compiled for, x86-64-v2 NumPy's."""


def simd(folder: Path) -> dict[str, Any]:
    """Digests of crops, and landmarks, with and without vector instructions."""

    def run(code: str, *words: str, **taken: str) -> str:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **taken}
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    without = [{}, *({name: value} for name, value in _DISPATCHED.items()), _DISPATCHED]
    digests = [run(CROPS, **taken) for taken in without]
    frames = str(folder / "frames.npy")
    run(DRAWN, frames)
    pairs = zip(
        *(json.loads(run(LANDMARKS, frames, **taken)) for taken in (without[0], without[-1])), strict=True
    )
    moved = [float(np.hypot(*(np.array(a) - b).T).max()) for a, b in pairs if a and b]
    return {
        "digests": [digest[:16] for digest in digests],
        "same": len(set(digests)) == 1,
        "faces": len(moved),
        "landmarks_moved_px": round(max(moved), 3),
    }


EXTRACT = """
import json, resource, sys, time
from pathlib import Path
import cv2
cv2.setNumThreads(1)
from specaug.records import BuildConfig, Source
try:
    from specaug.extract import extract
except ImportError:
    from specaug.worker import extract
source = Source("live/a.mp4", "bonafide", source_id="0" * 32)
raw = Path(sys.argv[1])
extract(source, BuildConfig(), raw=raw)
start = time.process_time()
(clip,) = extract(source, BuildConfig(), raw=raw)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.process_time() - start, peak, len(clip.frames)]))
"""


def speed(folder: Path, before: Path, repeats: int = 9) -> dict[str, Any]:
    """CPU seconds and MiB, in turn with an earlier checkout; medians of ratios."""
    raw = folder / "raw"
    video = raw / "live/a.mp4"
    video.parent.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", FILMED, str(video)], check=True)
    runs: dict[str, list[list[float]]] = {"now": [], "before": []}
    trees = {"now": Path(__file__).resolve().parents[1], "before": before.resolve()}
    for _ in range(repeats):
        for name, tree in trees.items():
            environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, "-c", EXTRACT, str(raw)]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True, cwd=folder
            )
            runs[name].append(json.loads(done.stdout))
    now, then = (np.array(runs[name]) for name in ("now", "before"))
    return {
        "cpu_seconds_now": float(np.median(now[:, 0])),
        "cpu_ratio_now_to_before": float(np.median(now[:, 0] / then[:, 0])),
        "peak_mib_now": float(np.median(now[:, 1])),
        "peak_ratio_now_to_before": float(np.median(now[:, 1] / then[:, 1])),
        "frames": int(now[0, 2]),
        "repeats": repeats,
    }


FILMED = """
import sys
from pathlib import Path
import cv2, numpy as np
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.subject import sample_subject
from specaug.media.write import write_video
from specaug.demo_data import demo
import tempfile, glob
folder = Path(tempfile.mkdtemp())
demo(folder / "raw", subjects=3, seed=3, jobs=1, frames=50, size=(480, 270))
import av
name = sorted((folder / "raw").rglob("*.mp4"))[0]
with av.open(str(name)) as container:
    frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
big = (cv2.resize(frame, (1920, 1080), interpolation=cv2.INTER_CUBIC) for frame in frames * 2)
write_video(sys.argv[1], big, fps=25)
"""


def main() -> None:
    """Measure and write ``results/color.json``."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--before", type=Path, help="a checkout of the commit to compare speed and memory with"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = accuracy(folder)
        figures: dict[str, Any] = {
            "worst": {
                way: {
                    "mean": max(row[way]["mean"] for row in rows.values()),
                    "largest": max(row[way]["largest"] for row in rows.values()),
                    "chroma_energy": [
                        f(row[way]["chroma_energy"] for row in rows.values()) for f in (min, max)
                    ],
                }
                for way in ("specaug", "swscale", "swscale accurate")
            },
            "combinations": len(rows),
            "accuracy": rows,
            "rgb_largest": rgb_error(folder),
            "zscale": zscale(folder),
            "simd": simd(folder),
        }
        if asked.before:
            figures["speed"] = speed(folder, asked.before)
        save("color", figures, "av", "numpy", "opencv-python")


if __name__ == "__main__":
    main()
