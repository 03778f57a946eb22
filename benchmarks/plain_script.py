"""What a researcher writes in an afternoon, kept as the thing to beat.

OpenCV reads every frame, the same detector looks at the sampled frames at full size, a bilinear warp, one PNG a frame.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from specaug.align import similarity, template
from specaug.faces import CenterFace


def process_video(video: Path, out: Path, *, n: int = 8, size: int = 224) -> int:
    """Write up to `n` crops of `video` as PNG files; returns how many."""
    detector = CenterFace(long_side=100_000, max_area=100_000_000)  # never reduced
    capture = cv2.VideoCapture(str(video))
    frames = []
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        frames.append(frame)
    capture.release()
    written = 0
    for index in np.linspace(0, len(frames) - 1, n).astype(int):
        faces = detector(cv2.cvtColor(frames[index], cv2.COLOR_BGR2RGB))
        if not faces:
            continue
        face = max(faces, key=lambda f: f.size)
        warp = similarity(face.landmarks, template(size, 1.3))
        crop = cv2.warpAffine(frames[index], warp, (size, size), flags=cv2.INTER_LINEAR)
        cv2.imwrite(str(out / f"{video.stem}-{index:05d}.png"), crop)
        written += 1
    return written
