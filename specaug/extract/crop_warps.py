"""Choose the warp of each frame of a clip from its faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specaug.align import box_warp, similarity, template
from specaug.records import BuildConfig, Face


def crop_warps(faces: Sequence[Face | None], config: BuildConfig) -> list[np.ndarray]:
    """(2, 3) source to crop for each frame.

    ``clip``: one for all, from the mean of the landmarks. ``frame``: its own; where the face is lost, or given as
    a box without landmarks, that of the nearest frame that has some, the earlier of two. ``box``: one for all,
    upright, from the mean box; so it is too where no frame has landmarks. Two eyes will do where no frame has all
    five landmarks.
    """
    found = [(i, face) for i, face in enumerate(faces) if face is not None]
    size, margin = config.size, config.margin
    known = slice(5 if any(np.isfinite(face.landmarks).all() for _, face in found) else 2)
    pointed = [(i, face) for i, face in found if np.isfinite(face.landmarks[known]).all()]
    if config.align == "box" or not pointed:
        mean_box = np.mean([face.box for _, face in found], axis=0, dtype=np.float64)
        return [box_warp(mean_box, size=size, margin=margin)] * len(faces)
    target = template(size, margin)[known]
    if config.align == "clip":
        mean_points = np.mean([face.landmarks[known] for _, face in pointed], axis=0, dtype=np.float64)
        return [similarity(mean_points, target)] * len(faces)
    own = {i: similarity(face.landmarks[known], target) for i, face in pointed}
    return [own[min(own, key=lambda j, i=i: (abs(j - i), j))] for i in range(len(faces))]  # type: ignore[misc]
