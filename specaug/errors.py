"""The errors of specaug: one root and a few children."""

from __future__ import annotations

from specaug.credentials import without_credentials


class SpecaugError(Exception):
    """Root of every error that specaug raises on purpose; its message holds no keys of an address."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(without_credentials(arg) if isinstance(arg, str) else arg for arg in args))


class ArgumentError(SpecaugError, ValueError):
    """An argument is outside what the function accepts; the message names it, the choices, and what came."""


class MissingDependencyError(SpecaugError, ImportError):
    """An optional package or a local model file is needed and absent."""


class MediaError(SpecaugError):
    """One source could not be used. A build turns this into a failure row and goes on.

    Parameters
    ----------
    stage : str
        Where it happened: one of :data:`specaug.records.STAGES`.
    reason : str
        Why: one of :data:`specaug.records.REASONS`.
    detail : str
        One line for a person; never an absolute path.
    """

    def __init__(self, stage: str, reason: str, detail: str) -> None:
        super().__init__(f"{stage}: {reason}: {detail}")
        self.stage, self.reason, self.detail = stage, reason, without_credentials(detail)


class CatalogError(SpecaugError):
    """The raw folder cannot be read as the layout that was asked for."""


class NothingToDoError(SpecaugError):
    """There is no usable input."""


class PlanMismatchError(SpecaugError):
    """OUT was planned with another configuration, or RAW changed under it."""


class BuildLockedError(SpecaugError):
    """Another build holds OUT."""


class WorkerLostError(SpecaugError):
    """Workers went again and again, or none is left. Finished shards are kept; running again goes on from there."""


class NoSpaceError(SpecaugError):
    """The disk that holds OUT is full."""


class StoreError(SpecaugError):
    """An object store does not answer, or refuses."""
