"""A spoof profile from the shards of a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from specaug.augment.profile import ProfileFit, SpoofProfile
from specaug.catalog.vocabulary import DIGITAL
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.records import Split
from specaug.shards import EncodedRows, find_groups


def fit_profile(
    out: Path | str,
    output: Path | str | None = None,
    *,
    split: Split = "train",
    progress: Callable[[int, int], None] | None = None,
) -> SpoofProfile:
    """Learn what recapture does to spectra, per attack species; one row group is held at a time.

    Digital attacks, which no camera saw, are left out.

    Parameters
    ----------
    out : path
        A folder that ``specaug build-dataset`` made, or its address in an object store.
    output : path, optional
        File to save the profile in, such as ``profile.npz``.
    split : {"train", "dev", "test"}
        Whose captured clips are measured; a profile of test clips must not be trained with.
    progress : callable, optional
        Gets the clips that were measured and all of them, after each row group.

    Returns
    -------
    SpoofProfile

    Raises
    ------
    ArgumentError
        There is no captured clip of the split, no bona fide one or no physical attack, or the folder of `output` does
        not exist.
    SpecaugError
        A shard is damaged.
    """
    check_arguments(fit_profile, out=out, output=output, split=split)
    if output is not None and not Path(output).parent.is_dir():  # before the long part
        raise ArgumentError(f"output: expected a file in a folder that exists, got {str(output)!r}")
    groups = find_groups(out, split=split, origins=("captured",))
    fit, done, total = ProfileFit(), 0, sum(group.rows for group in groups)
    for group in groups:
        rows = EncodedRows(group, ("clip_id", "pai", "scale"))
        for row in range(group.rows):
            species, scale = species_of(rows.value(row, "pai")), scale_of(rows.value(row, "scale"))
            if species != DIGITAL:  # never before a camera: there is no recapture to learn
                fit.add(rows.clip(row).decode(), pai=species, scale=scale)
        done += group.rows
        if progress is not None:
            progress(done, total)
    profile = fit.result()
    if output is not None:
        profile.save(output)
    return profile


def scale_of(values: Any) -> float:
    """Source px per crop px of a clip, from the list of its frames; 1 where none is known."""
    known = [v for v in values or () if v is not None and np.isfinite(v) and v > 0]
    return float(np.median(known)) if known else 1.0


def species_of(pai: str | None) -> str:
    """First word of a species: prints of two printers share a profile."""
    return (pai or "unknown").split("/")[0]
