"""An OUT of one clip in each split, made by hand, and clips that are copies of one another or are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from specaug.pipeline.finalization import finalize_locked
from specaug.pipeline.plan import Plan, save_plan
from specaug.records import BuildConfig, Receipt, ShardPlan, Source
from specaug.shards import ClipWriter, data_file, encode_image, sha256, write_receipt

SIDE = 48


def scene(number: int, t: float = 0.0) -> np.ndarray:
    """(48, 48, 3) uint8 with the falling spectrum of photos, drifting with `t`."""
    rng = np.random.default_rng(number)
    v, u = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
    waves = np.fft.rfft2(rng.normal(size=(SIDE, SIDE))) / np.maximum(np.hypot(u, v), 1 / SIDE)
    plane = np.fft.irfft2(waves * np.exp(2j * np.pi * (u + v) * t), s=(SIDE, SIDE))
    plane = 128 + 40 * (plane - plane.mean()) / plane.std()
    return np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def jpeg(frame: np.ndarray) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame)).save(stream, "JPEG", quality=40)
    return np.asarray(Image.open(stream))


CLIP = [scene(0, t) for t in range(6)]
COPIES = {
    "encoded again": [jpeg(frame) for frame in CLIP],
    "mirrored": [jpeg(frame[:, ::-1]) for frame in CLIP],
    "trimmed": [jpeg(scene(0, t)) for t in np.linspace(1.4, 3.6, 6)],
    "one frame as a photo": [jpeg(CLIP[2])],
}
OTHERS = {"another clip": [scene(1, t) for t in range(6)]}


def out_of(
    out: Path,
    clips: dict[str, list[np.ndarray]],
    *,
    subjects: tuple[str, str] = ("a", "b"),
    origin: str = "captured",
) -> Path:
    """An OUT of one clip for each split, as a build leaves it."""
    plans = []
    for split, subject in zip(clips, subjects, strict=True):
        source = Source(f"{split}.mp4", "bonafide", subject=subject, split=split, source_id=f"s-{split}")  # type: ignore[arg-type]
        plans.append(ShardPlan(f"{split}-00000-of-00001", split, (source,), ()))  # type: ignore[arg-type]
    config = BuildConfig(frames=6, size=SIDE, min_face=8)
    plan = Plan({**config.content_settings(), "detector_version": "1"}, tuple(plans))
    save_plan(out, plan)
    for planned, frames in zip(plan.shards, clips.values(), strict=True):
        path = data_file(out, planned.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        (source,) = planned.sources
        row = {
            "clip_id": f"{source.source_id}-000",
            "source_id": source.source_id,
            "dataset": "made",
            "split": planned.split,
            "pai": "none",
            "subject": source.subject,
            "origin": "captured",
            "label": 0,
            "source_path": source.path,
            "frame_index": list(range(len(frames))),
            "frames": [{"bytes": encode_image(frame, image_format="png"), "path": None} for frame in frames],
        }
        with ClipWriter(path, image_format="png", size=SIDE) as stream:
            stream.write(row)
        made = Receipt(
            planned.name, planned.hash, planned.split, 1, path.stat().st_size, sha256(path), 0, "", 1, 1,
            groups=(("bonafide", "none", 1),),
        )  # fmt: skip
        write_receipt(out, made)
    finalize_locked(out, plan)
    return out
