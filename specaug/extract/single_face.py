"""The face of one photo or video, cut as a build would cut it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from specaug.extract.crop_warps import crop_warps
from specaug.extract.follow_face import check_found
from specaug.faces import FaceDetector, detections, detector_for, find_in_tiles, link_faces
from specaug.media import kind_of, probe, read_frames
from specaug.records import BuildConfig


def first_face(
    media: Path | str, config: BuildConfig | None = None, *, detector: FaceDetector | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the aligned face of a photo, or of the middle frame of a video, as a build would cut it.

    Parameters
    ----------
    media : path
        A photo, a video, or a folder of numbered images.
    config : BuildConfig, optional
        Its detector, size, margin, alignment and resampling count.
    detector : FaceDetector, optional
        By default the one that `config` names.

    Returns
    -------
    crop : (size, size, 3) uint8
        RGB.
    landmarks : (5, 2) float64
        (x, y) in px of the crop; NaN where the detector gives none.

    Raises
    ------
    MediaError
        The file cannot be read or shows no face.
    """
    config = config or BuildConfig()
    path = Path(media)
    info = probe(path, "frames" if path.is_dir() else kind_of(path) or "image")
    (frame,) = read_frames(path, info, np.array([info.n_frames // 2]))
    detector = detector or detector_for(config.detector, model=config.model)
    faces = detector(frame.planes) or find_in_tiles(detector, frame.planes, min_face=config.min_face)
    seen = [detections(frame.planes, faces)]
    track = link_faces(seen)
    check_found(seen, track, config)
    face = detector.refine(frame.planes, track.found[0])
    (warp,) = crop_warps([face], config)
    crop = frame.planes.crop(warp, size=config.size, resample=config.resample)
    return crop, face.landmarks.astype(np.float64) @ warp[:, :2].T + warp[:, 2]
