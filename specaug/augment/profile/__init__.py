"""Spoof profiles: the change of spectra from bona fide to attack, learned, shared and applied."""

from __future__ import annotations

from specaug.augment.profile.draws import ProfileRanges, profile, sample_profile
from specaug.augment.profile.operation import ProfileParams, apply_profile
from specaug.augment.profile.spoof import ProfileFit, SpoofProfile

__all__ = [
    "ProfileFit",
    "ProfileParams",
    "ProfileRanges",
    "SpoofProfile",
    "apply_profile",
    "profile",
    "sample_profile",
]
