"""Say what to do where a folder is not one that a build made."""

from __future__ import annotations

from pathlib import Path

from specaug.storage import is_remote


def out_hint(out: Path | str) -> str:
    """The end of a message: the folder that may be meant, or the command that makes one.

    Parameters
    ----------
    out : path
        What was given as OUT.

    Returns
    -------
    str
        A folder of a build that `out` lies in, such as ``out`` for ``out/data/captured``, else the command.

    Examples
    --------
    >>> out_hint("s3://bucket/nothing")
    'build it first: specaug build-dataset RAW OUT'
    """
    if not is_remote(out):
        for above in list(Path(out).parents)[:2]:
            if (above / "data" / "captured").is_dir():
                return f"did you mean {str(above)!r}?"
    return "build it first: specaug build-dataset RAW OUT"
