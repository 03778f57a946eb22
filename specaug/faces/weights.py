"""Model files of detectors: where they are, and which they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

from specaug.errors import MissingDependencyError


def model_path(detector: str, model: str | Path | None, *, advice: str, folder: bool = False) -> Path:
    """`model` as a path that exists.

    Parameters
    ----------
    detector : str
        Name for the message.
    model : str, Path or None
        What the user gave.
    advice : str
        Which file it should be.
    folder : bool
        Whether a folder will do too.

    Raises
    ------
    MissingDependencyError
        If there is no such file; nothing is ever downloaded.
    """
    path = None if model is None else Path(model)
    if path is None or not (path.is_file() or (folder and path.is_dir())):
        kind = "file or folder" if folder else "file"
        raise MissingDependencyError(
            f"model: detector {detector!r} needs a local {kind} (--model PATH), such as {advice}; got {model}"
        )
    return path


def sha256_prefix(path: Path) -> str:
    """First 12 hex digits of the file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
