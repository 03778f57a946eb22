"""Shards to batches for NumPy, torch and Arrow, with views and on-the-fly augmentation."""

from __future__ import annotations

from specaug.loader.clips import ArrowClips, ClipLoader
from specaug.loader.donors import AugmentRecipe
from specaug.loader.load_clips import Format, load
from specaug.loader.load_config import Balance, FrameChoice, Layout, LoadConfig, Transform
from specaug.loader.views import VIEWS, View, compute_views

__all__ = [
    "VIEWS",
    "ArrowClips",
    "AugmentRecipe",
    "Balance",
    "ClipLoader",
    "Format",
    "FrameChoice",
    "Layout",
    "LoadConfig",
    "Transform",
    "View",
    "compute_views",
    "load",
]
