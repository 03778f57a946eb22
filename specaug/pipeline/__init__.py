"""Raw folder to shards: plan, parallel work, sums."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specaug.pipeline.build import Progress, build_dataset, plan_only
    from specaug.pipeline.finalization import finalize
    from specaug.pipeline.remote.local_copies import verify
    from specaug.pipeline.scanning import scan, scan_with
    from specaug.pipeline.synthesis.profile_fitting import fit_profile
    from specaug.pipeline.synthesis.synthesize_clips import SynthesisReport, synthesize

__all__ = [
    "Progress",
    "SynthesisReport",
    "build_dataset",
    "finalize",
    "fit_profile",
    "plan_only",
    "scan",
    "scan_with",
    "synthesize",
    "verify",
]

_BUILD = ("Progress", "build_dataset", "plan_only")
_LAZY = {
    **dict.fromkeys(_BUILD, "build"),
    "finalize": "finalization",
    "scan": "scanning",
    "scan_with": "scanning",
    "verify": "remote.local_copies",
    "fit_profile": "synthesis.profile_fitting",
    "SynthesisReport": "synthesis.synthesize_clips",
    "synthesize": "synthesis.synthesize_clips",
}
"""Where each name is. A command and a worker load what they need, and no more."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
