"""specaug: face anti-spoofing data from raw video, and frequency augmentation exact by theory."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

__version__ = "0.1.0"


@lru_cache(maxsize=1)
def _homes() -> dict[str, tuple[str, str]]:
    """Module of each public name and its name there, as the stub beside this file lists them for type checkers.

    Read when the first name is asked for, ``__all__`` too: the command's help needs none.
    """
    import ast
    from pathlib import Path

    stub = ast.parse(Path(__file__).with_name("__init__.pyi").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used: a command or a worker needs few of them."""
    if name == "__all__":
        return sorted(_homes())
    if name.startswith("__") or name not in _homes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_suggestion(name)}")
    module, held = _homes()[name]
    value = import_module(f"specaug.{held}") if module == "specaug" else getattr(import_module(module), held)
    globals()[name] = value
    return value


def _suggestion(name: str) -> str:
    if name.startswith("_"):  # tools probe for such names
        return ""
    from specaug.checked_fields import did_you_mean

    return did_you_mean(name, sorted(_homes()))


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes()})
