"""How well a link from face to face tells drawn people apart: false links and breaks by threshold.

    python benchmarks/bench_linking.py [--scenes 20] [--people 5]

In each still scene several subjects sit in the same place, before the same camera, one after the other, and turn,
sway and blink. *Swaps* are all pairs of frames of two subjects in one scene, *stays* those of one subject. A pair that
surely is alike is linked at once; any other is decided by the frames between, where a swap is a jump between
neighbours. So a false link needs two subjects who surely are alike, and the share of stays that do not is what it
costs to look. Drawn faces differ less than people do, above all in hair and light.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import combinations, product

import cv2
import numpy as np
from results import save

import specaug.demo_data.render as rendering
from specaug.augment.recapture.version1.camera import film, sample_camera
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.scene import poses, sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.faces import CenterFace, detections
from specaug.faces.linking import likeness, surely_alike

FRAMES = 6
THRESHOLDS = (0.2, 0.45, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


def thumbnails(scene_number: int, people: int) -> list[list[np.ndarray]]:
    """The aligned thumbnails of each subject of a scene."""
    rng = np.random.default_rng([78, scene_number])
    scene, camera = sample_scene((640, 480), 150, rng=rng), sample_camera(rng=rng)
    sway = np.array(scene.sway) * ([rng.uniform(1, 2.2)] * 3 + [1, 1, 1])
    scene = replace(scene, sway=tuple(float(a) for a in sway))
    chosen = [poses(scene, 150)[i] for i in np.linspace(0, 149, FRAMES).round().astype(int)]
    rendering.poses = lambda *_: chosen
    find, found = CenterFace(), []
    for number in range(people):
        own = np.random.default_rng([77, scene_number, number])
        portrait = draw_portrait(sample_subject(scene_number * people + number, rng=own), rng=own)
        frames = film(rendering.render(portrait, scene, FRAMES), camera, white=scene.white, rng=own)
        seen = [detections(frame, find(frame)) for frame in frames]
        found.append([sight.patches[0] for sight in seen if len(sight.faces) == 1])
    return found


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=20)
    parser.add_argument("--people", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    stays, swaps = [], []
    for scene in range(arguments.scenes):
        found = thumbnails(scene, arguments.people)
        stays += [pair for own in found for pair in combinations(own, 2)]
        swaps += [pair for a, b in combinations(found, 2) for pair in product(a, b)]
    alike = {name: np.array([likeness(*p) for p in pairs]) for name, pairs in (("s", stays), ("w", swaps))}
    sure = [np.mean([surely_alike(*pair) for pair in pairs]) for pairs in (stays, swaps)]
    figures = {
        "stays": len(stays),
        "swaps": len(swaps),
        "by_least_likeness": {
            f"{t:g}": {
                "false_links": round(float(np.mean(alike["w"] >= t)), 4),
                "breaks": round(float(np.mean(alike["s"] < t)), 4),
            }
            for t in THRESHOLDS
        },
        "surely_alike": {
            "false_links": round(float(sure[1]), 4),
            "stays_looked_at": round(1 - float(sure[0]), 4),
        },
    }
    save("linking", figures, "opencv-python", "numpy")


if __name__ == "__main__":
    main()
