"""Presentation attack detection figures as ISO/IEC 30107-3 defines them, with thresholds that dev alone decides."""

from __future__ import annotations

from specaug.metrics.bootstrap import interval, subject_weights
from specaug.metrics.curves import DetCurve, det_curve
from specaug.metrics.evaluation import evaluate
from specaug.metrics.rates import acer, apcer, apcer_by_pai, bpcer, hter
from specaug.metrics.report import OperatingPoint, PadReport
from specaug.metrics.scored import Scored, video_scores
from specaug.metrics.thresholds import (
    apcer_at_bpcer,
    bpcer_at_apcer,
    eer,
    threshold_at_apcer,
    threshold_at_bpcer,
)
from specaug.metrics.verdict import Comparison, compare

__all__ = [
    "Comparison",
    "DetCurve",
    "OperatingPoint",
    "PadReport",
    "Scored",
    "acer",
    "apcer",
    "apcer_at_bpcer",
    "apcer_by_pai",
    "bpcer",
    "bpcer_at_apcer",
    "compare",
    "det_curve",
    "eer",
    "evaluate",
    "hter",
    "interval",
    "subject_weights",
    "threshold_at_apcer",
    "threshold_at_bpcer",
    "video_scores",
]
