"""Raw folder to shards: plan, parallel work, sums."""

from specaug.build.again import RetryReport, retry
from specaug.build.finalize import finalize
from specaug.build.run import Progress, build_dataset, plan_only, scan_place, scan_with

__all__ = [
    "Progress",
    "RetryReport",
    "build_dataset",
    "finalize",
    "plan_only",
    "retry",
    "scan_place",
    "scan_with",
]
