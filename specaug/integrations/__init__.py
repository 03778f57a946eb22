"""Recipes in the form that other libraries expect; each module needs the library it is named after."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specaug.integrations.albumentations import SpectralTransform
    from specaug.integrations.torch import SpectralAugment

__all__ = ["SpectralAugment", "SpectralTransform"]

_HOMES = {"SpectralAugment": "torch", "SpectralTransform": "albumentations"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'specaug.integrations' has no attribute {name!r}")
    return getattr(import_module(f"specaug.integrations.{_HOMES[name]}"), name)
