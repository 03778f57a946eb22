"""The section of the report on what a run goes by; torch is needed for it alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specaug.errors import MissingDependencyError
from specaug.install_hint import install_hint


@dataclass(frozen=True)
class NetworkSection:
    """HTML that stands in the report."""

    content: str
    style: str
    """Rules for it, beside those of the report."""


def network_section(run: Path | str, out: Path | str, *, faces: bool) -> NetworkSection:
    """What a run goes by on the test clips of the data set.

    Raises
    ------
    MissingDependencyError
        torch is not installed.
    ArgumentError, SpecaugError
        As :func:`specaug.explain`.
    """
    try:
        from specaug.attribution import explain
        from specaug.attribution.explanation_section import section_html, style
    except ImportError as error:
        raise MissingDependencyError(
            f"a report on a run needs torch ({error}): {install_hint('train')}"
        ) from error
    return NetworkSection(section_html(explain(run, out), faces=faces), style())
