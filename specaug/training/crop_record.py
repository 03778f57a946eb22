"""Record how the crops that a run learned from were made: their shape and the settings of their build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specaug.errors import SpecaugError
from specaug.parsing import parse_json
from specaug.pipeline.finalization import manifest_head
from specaug.shards import data_files
from specaug.shards.groups import groups_of_file

CROPS = "crops"
"""Key of this record in ``config.json`` of a run."""
_SETTINGS = ("size", "margin", "align", "resample", "sampling", "frames", "detector", "image_format")
"""Settings of a build that whoever cuts faces for the model has to know."""


def crop_record(out: Path) -> dict[str, Any]:
    """Shape and build settings of the crops of a dataset, as plain JSON values.

    Parameters
    ----------
    out : Path
        A folder of shards.

    Returns
    -------
    dict
        ``height`` and ``width`` in px; ``build``, settings by name, empty where OUT has no manifest. Empty without
        clips that can be read: whoever loads them tells the damage.
    """
    try:
        shape = next((group.frame_shape for f in data_files(out) for group in groups_of_file(f)), None)
    except SpecaugError:
        shape = None
    if shape is None:
        return {}
    settings = manifest_head(out).get("settings")
    known = settings if isinstance(settings, dict) else {}
    build = {name: known[name] for name in _SETTINGS if name in known}
    return {"height": shape[0], "width": shape[1], "build": build}


def read_crop_record(run: Path, config_file: str) -> dict[str, Any]:
    """What :func:`crop_record` gave when a run was begun.

    Raises
    ------
    SpecaugError
        The run does not say it.
    """
    try:
        crops = parse_json((run / config_file).read_text())[CROPS]
        return {"height": int(crops["height"]), "width": int(crops["width"]), "build": dict(crops["build"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecaugError(
            f"{run.name}/{config_file}: expected the shape of the crops that the run was trained on ({error!r}): train"
            " again into another folder, with this version of specaug"
        ) from error
