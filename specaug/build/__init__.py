"""Raw folder to shards: plan, parallel work, sums."""

from specaug.build.again import RetryReport, retry
from specaug.build.ends import verify_place
from specaug.build.finalize import finalize
from specaug.build.fit import fit_profile
from specaug.build.run import Progress, build_dataset, plan_only, scan_place, scan_with
from specaug.build.synthesize import SynthesisReport, synthesize

__all__ = [
    "Progress",
    "RetryReport",
    "SynthesisReport",
    "build_dataset",
    "finalize",
    "fit_profile",
    "plan_only",
    "retry",
    "scan_place",
    "scan_with",
    "synthesize",
    "verify_place",
]
