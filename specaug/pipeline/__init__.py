"""Raw folder to shards: plan, parallel work, sums."""

from specaug.pipeline.build import Progress, build_dataset, plan_only, scan_place, scan_with
from specaug.pipeline.finalization import finalize
from specaug.pipeline.remote.local_copies import verify_place
from specaug.pipeline.synthesis.profile_fitting import fit_profile
from specaug.pipeline.synthesis.synthesize_clips import SynthesisReport, synthesize

__all__ = [
    "Progress",
    "SynthesisReport",
    "build_dataset",
    "finalize",
    "fit_profile",
    "plan_only",
    "scan_place",
    "scan_with",
    "synthesize",
    "verify_place",
]
