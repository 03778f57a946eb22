"""torchvision and Lightning, imported where they are installed; otherwise the test is skipped."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_kept: list[Any] = []
"""What a definition of an operator lives as long as."""


def torchvision() -> ModuleType:
    """torchvision, also a build for CUDA beside a torch without.

    Its native library does not load there, and with it the names of two operators are missing, which its Python
    code mentions when it is imported. Neither ``tv_tensors`` nor ``transforms.v2`` calls them.
    """
    torch = pytest.importorskip("torch", reason="torch is an optional dependency")
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        pytest.skip("torchvision is not installed")
    if not _kept:
        try:
            torch.ops.load_library(Path(spec.origin).parent / "_C.so")
        except OSError:
            operators = torch.library.Library("torchvision", "DEF")
            for name in ("nms", "qnms"):
                operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _kept.append(operators)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of its own import
        return import_module("torchvision")


def lightning() -> ModuleType:
    """Lightning, which imports torchvision where that is installed."""
    if find_spec("lightning") is None:
        pytest.skip("lightning is not installed")
    if find_spec("torchvision") is not None:
        torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("lightning")
