"""What the tracers of torch make of public functions: compiled code steps outside for them, vmap is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from specaug.errors import ArgumentError

P = ParamSpec("P")
R = TypeVar("R")

_DISABLED: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Functions as ``torch.compiler.disable`` returns them. Kept, since compiled code is compiled again for a new one."""
_dynamo: Any = None
"""The part of torch that traces, once it is loaded. What compiles, loads it; nothing here does."""


def eager(function: Callable[P, R]) -> Callable[P, R]:
    """A function that reads the values of tensors, for use where torch traces.

    Code under ``torch.compile`` has a graph break here and gets the result of the plain call: checks and masks are
    NumPy, and what the clip guard does depends on values. Under ``torch.func.vmap`` values cannot be read at all; the
    error says to pass the whole batch. Nothing imports torch.
    """

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if _dynamo is None and not _tracing_is_possible():
                return function(*args, **kwargs)
            return _disabled(function)(*args, **kwargs)  # type: ignore[no-any-return]
        except RuntimeError as error:
            if "vmap" not in str(error):
                raise
            raise ArgumentError(
                f"{function.__name__}: expected plain tensors, got some inside torch.func.vmap, whose values cannot be "
                "read: call it on the whole batch; axes before rows and columns are a batch"
            ) from error

    called._torchdynamo_disable = True  # type: ignore[attr-defined]  # a break here, not somewhere inside
    return called


def _tracing_is_possible() -> bool:
    global _dynamo
    _dynamo = sys.modules.get("torch._dynamo")
    return _dynamo is not None


def _disabled(function: Callable[..., Any]) -> Callable[..., Any]:
    if function not in _DISABLED:
        _DISABLED[function] = sys.modules["torch"].compiler.disable(function)
    return _DISABLED[function]
