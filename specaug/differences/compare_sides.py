"""Compare bona fide with attack: two media files, two clips, two groups of clips, or two arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from specaug.differences.comparison_sides import (
    MOST_CLIPS,
    SideSettings,
    check_sides,
    measured_side,
    of_two_outs,
    split_conditions,
    told_apart,
)
from specaug.differences.difference_report import DifferenceReport
from specaug.differences.flicker import find_lines
from specaug.differences.out_clips import Where
from specaug.differences.peaks import find_peaks
from specaug.differences.side_measures import SideMeasures
from specaug.errors import ArgumentError
from specaug.faces import FaceDetector
from specaug.records import BuildConfig


def compare(
    bonafide: Any,
    attack: Any = None,
    *,
    out: Path | str | None = None,
    where: Where | Sequence[Where] | None = None,
    config: BuildConfig | None = None,
    detector: FaceDetector | None = None,
    fps: float | None = None,
    most: int = MOST_CLIPS,
) -> DifferenceReport:
    """Show where and at which frequencies an attack differs from a bona fide presentation.

    Parameters
    ----------
    bonafide, attack : path, str or array
        A photo, a video or a folder of numbered images, whose face is found and aligned as a build would; a clip of a
        built data set, ``OUT/CLIP_ID``; OUT itself for the group of its clips that `where` describes; or aligned
        frames, (T, H, W, 3) uint8 or float in [0, 1]. Without `attack` both groups are of the OUT that `bonafide`
        names.
    out : path, optional
        The OUT that clip ids belong to, where they are given alone.
    where : str, mapping, or a list of one or two of them
        Conditions of groups, ``"split=test,pai=print"``. Two sets are one for each side; one set is for both, but that
        ``label`` and ``pai`` are asked of attacks only. ``pai=print`` holds for ``print/2`` too.
    config : BuildConfig, optional
        How media files are cut: detector, frames, size, margin, alignment.
    detector : FaceDetector, optional
        By default the one that `config` names.
    fps : float, optional
        Frames a second of arrays.
    most : int
        Clips of a group that are measured.

    Returns
    -------
    DifferenceReport
        Numbers, sentences, and methods that draw them: ``save("compare.png")``, ``save("compare.html")``.

    Raises
    ------
    ArgumentError
        An argument stands for nothing, a clip or a column does not exist, or the sides differ in the size of crops.
    NothingToDoError
        A group is empty.
    MediaError
        A media file cannot be read or shows no face.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> live, fake = rng.uniform(0.4, 0.6, (2, 4, 96, 96, 3))
    >>> fake += 0.1 * np.cos(2 * np.pi * 0.25 * np.arange(96))[:, None]
    >>> [(round(peak.frequency, 2), peak.more_in) for peak in compare(live, fake).peaks]
    [(0.25, 'attack')]
    """
    if attack is None:
        attack = bonafide
    if isinstance(most, bool) or most < 1:
        raise ArgumentError(f"most: expected at least one clip, got {most!r}")
    conditions = split_conditions(where)
    settings = SideSettings(out, config or BuildConfig(), detector, fps, most, told_apart(bonafide, attack))
    check_sides(bonafide, attack, conditions, settings)
    settings = replace(settings, two_outs=of_two_outs(bonafide, attack, out))
    first = measured_side(bonafide, "bonafide", conditions[0], settings)
    second = measured_side(attack, "attack", conditions[1], settings)
    return difference_of(first, second)


def difference_of(bonafide: SideMeasures, attack: SideMeasures) -> DifferenceReport:
    """Compare two sides that were measured.

    Raises
    ------
    ArgumentError
        Their frames differ in size.
    """
    if bonafide.power.shape != attack.power.shape:
        raise ArgumentError(
            f"attack: expected frames of the size of bona fide, {bonafide.power.shape}, got {attack.power.shape}; "
            "build both with one --size"
        )
    known = bonafide.temporal is not None and attack.temporal is not None
    return DifferenceReport(
        bonafide,
        attack,
        peaks=find_peaks(bonafide.power, attack.power),
        lines=find_lines(bonafide.temporal, attack.temporal) if known else (),  # type: ignore[arg-type]
    )
