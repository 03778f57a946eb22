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
from results import save

SIDE = 128
FORMATS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
LOCATIONS = {"left": 0, "center": 1, "topleft": 2}
MATRICES = {
    "bt601": ("smpte170m", 0.299, 0.114),
    "bt709": ("bt709", 0.2126, 0.0722),
    "bt2020": ("bt2020nc", 0.2627, 0.0593),
}
"""x264's name, K_R, K_B."""


def scene(seed: int = 0) -> np.ndarray:
    """(SIDE, SIDE, 3) R'G'B' in [0, 1]: what conversion gets wrong."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    rng = np.random.default_rng(seed)
    plate = 0.5 + 0.3 * np.cos(np.pi * SIDE * 0.4 * (x**2 + y**2))
    image = np.stack([plate, 0.2 + 0.6 * x, 0.8 - 0.6 * y], axis=-1)
    image[SIDE // 4 : SIDE // 2, ::2] = [0.9, 0.15, 0.1]  # colour at the finest pitch
    image[SIDE // 2 : 3 * SIDE // 4, SIDE // 3 :] = [0.1, 0.2, 0.9]
    image[3 * SIDE // 4 :] = rng.uniform(0.1, 0.9, (SIDE - 3 * SIDE // 4, SIDE, 3))
    return image


def planes_of(
    rgb: np.ndarray, kr: float, kb: float, full: bool, bits: int, sub: tuple[int, int], location: str
) -> list[np.ndarray]:
    """Rounded Y', C_B, C_R; chroma is averaged about the place where its sample lies."""
    luma = kr * rgb[..., 0] + (1 - kr - kb) * rgb[..., 1] + kb * rgb[..., 2]
    chroma = [(rgb[..., 2] - luma) / (2 - 2 * kb), (rgb[..., 0] - luma) / (2 - 2 * kr)]
    scale, top = 2 ** (bits - 8), 2**bits - 1
    values = [top * luma if full else scale * (16 + 219 * luma)]
    for plane in chroma:
        if sub[0] == 2:
            plane = horizontal(plane, centered=location == "center")
        if sub[1] == 2:
            plane = horizontal(plane.T, centered=location != "topleft").T
        values.append(plane * (top if full else 224 * scale) + 2 ** (bits - 1))
    return [np.clip(np.rint(v), 0, top).astype(np.uint16 if bits > 8 else np.uint8) for v in values]


def horizontal(plane: np.ndarray, *, centered: bool) -> np.ndarray:
    """Half the columns: the mean of pairs, or of 1-2-1 about every second one."""
    if centered:
        return (plane[:, ::2] + plane[:, 1::2]) / 2
    wide = np.pad(plane, ((0, 0), (1, 1)), mode="reflect")
    return (wide[:, :-2:2] + 2 * wide[:, 1:-1:2] + wide[:, 2::2]) / 4


def cubic(t: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -0.75."""
    t = np.abs(t)
    near = 1.25 * t**3 - 2.25 * t**2 + 1
    far = -0.75 * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def enlarged(plane: np.ndarray, offset: float) -> np.ndarray:
    """Twice the rows, where row n of the plane lies at 2n + offset; by the sum over all rows, mirrored at the ends."""
    count = plane.shape[0]
    wanted = (np.arange(2 * count) - offset) / 2
    taps = np.floor(wanted).astype(int)[:, None] + np.arange(-1, 3)
    weights = cubic(wanted[:, None] - taps)
    folded = np.abs(taps)
    folded = np.where(folded >= count, 2 * (count - 1) - folded, folded)
    return np.einsum("nk,nkj->nj", weights, plane.astype(np.float64)[folded])


def reference(
    planes: list[np.ndarray], kr: float, kb: float, full: bool, bits: int, sub: tuple[int, int], location: str
) -> np.ndarray:
    """(H, W, 3) float64 R'G'B' in levels of 8 bits, not rounded."""
    luma, *chroma = (plane.astype(np.float64) for plane in planes)
    for k, plane in enumerate(chroma):
        if sub[1] == 2:
            plane = enlarged(plane, 0.0 if location == "topleft" else 0.5)
        if sub[0] == 2:
            plane = enlarged(plane.T, 0.5 if location == "center" else 0.0).T
        chroma[k] = plane
    scale, top = 2 ** (bits - 8), 2**bits - 1
    y = luma / top if full else (luma / scale - 16) / 219
    blue, red = ((c - 2 ** (bits - 1)) / (top if full else 224 * scale) for c in chroma)
    r, b = y + 2 * (1 - kr) * red, y + 2 * (1 - kb) * blue
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return 255 * np.stack([r, g, b], axis=-1)


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


def errors(image: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    """Mean error by channel, largest error, and energy of R - Y above 0.4 cycles/px over that of the reference."""
    shown = np.clip(np.rint(exact), 0, 255)
    difference = image - shown
    return {
        "mean": np.abs(difference.mean(axis=(0, 1))).max().round(3).item(),
        "largest": float(np.abs(difference).max()),
        "chroma_energy": round(chroma_energy(image.astype(np.float64)) / chroma_energy(shown), 3),
    }


def chroma_energy(image: np.ndarray) -> float:
    """Energy of R - Y above 0.4 cycles/px, where luma is that of BT.601."""
    chroma = image[..., 0] - image @ [0.299, 0.587, 0.114]
    window = np.hanning(SIDE)
    spectrum = np.abs(np.fft.fft2((chroma - chroma.mean()) * np.outer(window, window))) ** 2
    f = np.fft.fftfreq(SIDE)
    return float(spectrum[np.hypot(*np.meshgrid(f, f)) > 0.4].sum())


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
from specaug.demo_data import make_demo
folder = Path(tempfile.mkdtemp())
make_demo(folder, subjects=3, seed=3, jobs=1, frames=2, size=(480, 270))
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
from specaug.demo_data import make_demo
import tempfile, glob
folder = Path(tempfile.mkdtemp())
make_demo(folder / "raw", subjects=3, seed=3, jobs=1, frames=50, size=(480, 270))
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
