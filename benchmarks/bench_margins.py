"""Boxes of face detectors in units of the aligned crop: what a factor on a box is as a margin.

    python benchmarks/bench_margins.py [--subjects 60] [--photos FOLDER] [--yunet MODEL]

The unit is the side of the crop that `align_face` cuts with a margin of 1, by the five points that the same detector
gives. Of each face: width, height and root of the area of its box, the distance of its eyes as a share of the box's
width, and where the middle of the box lies from the middle of the crop, right and down. Quantiles of 5, 50 and 95 % of
faces; a face has 40 px or more.

Faces are those of ``specaug demo``, one frame filmed in person of each subject, and those of photos if a folder of
them is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from results import save

from specaug.align import TEMPLATE, inverse_warp, similarity, warp_scale
from specaug.demo_data.make import film_clip
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.subject import sample_subject
from specaug.faces import CenterFace, FaceDetector, YuNet
from specaug.records import Face

SIDE = 112
"""Of the crop that `TEMPLATE` is measured in, px."""
LEAST = 40
QUANTILES = (0.05, 0.5, 0.95)


def measures(face: Face) -> dict[str, float]:
    """One face in units of its crop of margin 1."""
    warp = similarity(face.landmarks, TEMPLATE)
    unit = SIDE * warp_scale(warp)
    width, height = (face.box[2:] - face.box[:2]).tolist()
    back = inverse_warp(warp)
    middle = back[:, :2] @ [(SIDE - 1) / 2, (SIDE - 1) / 2] + back[:, 2]
    right, down = (face.center - middle) / unit
    return {
        "width": width / unit,
        "height": height / unit,
        "root": float(np.sqrt(width * height)) / unit,
        "eyes": float(np.linalg.norm(face.landmarks[1] - face.landmarks[0])) / width,
        "right": float(right),
        "down": float(down),
    }


def summary(faces: Iterable[Face]) -> dict[str, Any]:
    """Quantiles of each measure."""
    rows = [measures(face) for face in faces if face.size >= LEAST]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {
        "faces": len(rows),
        **{
            name: [round(float(q), 3) for q in np.quantile(values, QUANTILES)]
            for name, values in columns.items()
        },
    }


def drawn(subjects: int) -> Iterator[np.ndarray]:
    """A frame of each subject, filmed in person."""
    for number in range(subjects):
        rng = np.random.default_rng(number)
        portrait = draw_portrait(sample_subject(number, rng=rng), rng=rng)
        frames = film_clip(portrait, "bonafide", size=(480, 480), frames=1, rng=rng)
        yield np.ascontiguousarray(next(iter(frames)))


def photos(folder: Path) -> Iterator[np.ndarray]:
    """Every photo in a folder, upright."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".png"):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is not None:
                yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--yunet", type=Path)
    given = parser.parse_args()
    detectors: dict[str, FaceDetector] = {"CenterFace": CenterFace()}
    if given.yunet:
        detectors["YuNet"] = YuNet(given.yunet)
    sets = {"drawn": list(drawn(given.subjects))}
    if given.photos:
        sets["photos"] = list(photos(given.photos))
    figures = {
        f"{images}, {name}": summary(face for image in held for face in detector(image))
        for images, held in sets.items()
        for name, detector in detectors.items()
    }
    save("margins", figures, "specaug", "opencv-python", "numpy")


if __name__ == "__main__":
    main()
