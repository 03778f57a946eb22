"""Logits of clips as they are and after each change, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from specaug.attribution.changes import ClipBatch, ClipChange
from specaug.attribution.class_means import ClassMeans
from specaug.attribution.frequency_bands import Fill
from specaug.attribution.probe import Probe
from specaug.attribution.sampled_clips import ClipSample


def changed_logits(
    probe: Probe,
    sample: ClipSample,
    changes: Sequence[ClipChange],
    means: ClassMeans,
    *,
    fill: Fill,
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """(1 + changes, n) float64 logits: of the clips as they are, then after each change.

    Each clip is decoded once and its spectrum computed once; memory does not depend on the number of clips.
    """
    logits = np.empty((1 + len(changes), len(sample)))
    with torch.inference_mode():
        for part, frames in sample.batches(probe.frames, batch_size):
            clip_ids = sample.keys["clip_id"][part].tolist()
            batch = ClipBatch(probe, probe.seen(frames), sample.labels[part], clip_ids, means, fill)
            logits[0, part] = probe.logits(batch.views).double().cpu().numpy()
            for row, change in enumerate(changes, start=1):
                logits[row, part] = probe.logits(change.views(batch)).double().cpu().numpy()
            if progress:
                progress(part.stop, len(sample))
    return logits
