"""Pictures of a bounded sample of clips: measured, and some of them kept to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from specaug.color import LUMA_WEIGHTS
from specaug.differences.clip_measures import ClipToCompare, LoadedClip, measure_clip
from specaug.differences.side_measures import SideTally
from specaug.html_report.exhibit import Exhibit, exhibit
from specaug.html_report.histogram import Histogram
from specaug.html_report.sharpness import laplacian_variance as laplacian_variance
from specaug.html_report.survey import Kind, Place, Survey, short_id
from specaug.shards import read_rows
from specaug.shards.look_alikes import ALIKE, MIRROR, bits_set, clip_bits
from specaug.spectrum import radial_profile

BINS = 64
"""Bins of a radial profile."""
_KINDS, PER_KIND, _MEASURED = 1024, 256, 4096
"""Kinds that are measured, clips of a kind, and clips of all, at most."""
_SPREAD = 8
"""A kind's clips come from that many row groups at least, where it is in so many."""
SHOWN_KINDS = 40
_SHOWN = 120
_SHEET = 24
"""Kinds that get a contact sheet, clips that are kept to be looked at, and those of one kind, at most."""


@dataclass(eq=False)
class Pixels:
    """What the sampled pictures say. One frame of a clip is measured, that in its middle."""

    profiles: dict[Kind, list[np.ndarray]] = field(default_factory=dict)
    """(:data:`BINS`,) mean log-amplitude by radial frequency of each clip."""
    distributions: dict[str, Histogram] = field(
        default_factory=lambda: {
            "brightness": Histogram("brightness, mean luma of 0 to 255", 0, 255),
            "sharpness": Histogram("sharpness, variance of the Laplacian of luma", 1e-2, 1e5, log=True),
        }
    )
    """Of captured clips."""
    shown: dict[Kind, list[Exhibit]] = field(default_factory=dict)
    """Contact sheets: bona fide first, then the most frequent."""
    hashes: list[np.ndarray] = field(default_factory=list)
    """(4,) uint64 of each captured clip that shows something, as :func:`specaug.shards.clip_bits` gives it."""
    names: list[tuple[str, str, str]] = field(default_factory=list)
    """(source_id, path, split) beside the hashes."""
    row_groups: int = 0
    """That were read."""
    spectra: dict[Kind, SideTally] = field(default_factory=dict)
    """Spectra of the frame in the middle of each clip."""
    files: list[Path] = field(default_factory=list)
    origins: dict[str, tuple[Place, int]] = field(default_factory=dict)
    """Clip id to the row group and row that it was measured from."""

    def row(self, clip_id: str) -> dict[str, Any]:
        """A measured clip, read again."""
        place, number = self.origins[clip_id]
        (found,) = read_rows(self.files[place.file], place.group, [number])
        return found

    @property
    def clips(self) -> int:
        """Clips that were measured."""
        return sum(map(len, self.profiles.values()))

    def alike(self) -> list[tuple[int, int]]:
        """Pairs of clips of different sources that look alike, as indices into `names`."""
        if not self.hashes:
            return []
        bits = np.stack(self.hashes)
        sources = np.array([short_id(name[0]) for name in self.names], np.uint64)
        pairs: list[tuple[int, int]] = []
        for i in range(len(bits) - 1):
            differing = bits[i + 1 :] ^ bits[i]
            apart = np.minimum(bits_set(differing), bits_set(differing ^ MIRROR))
            close = np.flatnonzero((apart <= ALIKE) & (sources[i + 1 :] != sources[i]))
            pairs += [(i, i + 1 + int(j)) for j in close]
        return pairs


def sample_pixels(seen: Survey, *, faces: bool = True) -> Pixels:
    """Read and measure a sample of every kind of clip.

    Row groups are taken in the order of a hash of their place, those of a kind until it has enough clips, so
    that a rare kind is found and a large data set is not read whole. Shards hold sources in the order of a hash
    of their content, so a row group is a random sample of its split.

    Parameters
    ----------
    seen : Survey
    faces : bool
        Keep clips to be looked at.

    Returns
    -------
    Pixels
    """
    result = Pixels(files=seen.files)
    kinds = kinds_by_size(seen)[:_KINDS]
    result.profiles = {kind: [] for kind in kinds}
    wanted = _wanted(seen, kinds)
    sheet = {kind: _sheet_size(kinds) for kind in kinds[:SHOWN_KINDS]} if faces else {}
    result.shown = {kind: [] for kind in sheet}
    for place in sorted({place for quota in wanted.values() for place in quota}, key=_mixed):
        result.row_groups += 1
        quotas = Counter({kind: quota[place] for kind, quota in wanted.items()})
        for number, row in _rows(seen, place, quotas):
            kind = Kind(("bonafide", "attack")[row["label"]], row["pai"] or "", row["origin"] or "")
            result.origins[row["clip_id"]] = place, number
            _measure(result, kind, row)
            if len(result.shown.get(kind, ())) < sheet.get(kind, 0):
                result.shown[kind].append(exhibit(row))
    return result


def kinds_by_size(seen: Survey) -> list[Kind]:
    """Bona fide first, captured before synthetic, then the most frequent."""
    sizes = {kind: places.total() for kind, places in seen.kinds.items()}
    return sorted(sizes, key=lambda k: (k.label != "bonafide", k.origin == "synthetic", -sizes[k], k))


def _sheet_size(kinds: list[Kind]) -> int:
    return min(_SHEET, max(3, _SHOWN // min(SHOWN_KINDS, len(kinds))))


def _wanted(seen: Survey, kinds: list[Kind]) -> dict[Kind, Counter[Place]]:
    """How many clips of each kind to take from which row group."""
    enough = min(PER_KIND, max(1, _MEASURED // max(1, len(kinds))))
    wanted: dict[Kind, Counter[Place]] = {}
    for kind in kinds:
        places = seen.kinds[kind]
        quota: Counter[Place] = Counter()
        share = -(-enough // min(_SPREAD, len(places)))
        for place in sorted(places, key=_mixed):
            room = enough - quota.total()
            if room <= 0:
                break
            quota[place] = min(share, places[place], room)
        wanted[kind] = quota
    return wanted


def _mixed(place: Place) -> tuple[int, Place]:
    """An order of row groups that has nothing to do with their place, and is the same each time."""
    return short_id(f"{place.file}/{place.group}"), place


def _rows(seen: Survey, place: Place, quota: Counter[Kind]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and content of the first rows of each kind in a row group; shards have the order of a hash."""
    left = Counter({kind: n for kind, n in quota.items() if n})
    chosen: list[int] = []
    for row, kind in enumerate(seen.kinds_of(place)):
        if left[kind] > 0:
            left[kind] -= 1
            chosen.append(row)
    yield from zip(chosen, read_rows(seen.files[place.file], place.group, chosen), strict=True)


def _measure(result: Pixels, kind: Kind, row: dict[str, Any]) -> None:
    picture = middle(row)
    result.profiles[kind].append(np.asarray(radial_profile(picture, bins=BINS)))
    _add_spectrum(result, kind, row, picture)
    if kind.origin == "synthetic":
        return
    luma = picture.astype(np.float64) @ np.array(LUMA_WEIGHTS)
    label = np.array([row["label"]])
    result.distributions["brightness"].add(np.array([luma.mean()]), label)
    result.distributions["sharpness"].add(np.array([laplacian_variance(luma)]), label)
    for bits in clip_bits([picture]):
        result.hashes.append(bits)
        result.names.append((row["source_id"] or "", row["source_path"] or "", row["split"] or ""))


def _add_spectrum(result: Pixels, kind: Kind, row: dict[str, Any], picture: np.ndarray) -> None:
    name = row["clip_id"]
    # One name in two data sets is two people.
    known = f"{row['dataset'] or ''}/{row['subject']}" if row["subject"] else None
    subject = known or row["source_id"] or row["parent_id"] or name

    def load() -> LoadedClip:
        return LoadedClip(middle(result.row(name))[None])

    tally = result.spectra.setdefault(kind, SideTally(str(kind)))
    tally.add(ClipToCompare(name, subject, load), measure_clip(LoadedClip(picture[None]), maps=False))


def middle(row: dict[str, Any]) -> np.ndarray:
    """The frame in the middle of a clip, (H, W, 3) uint8."""
    frames: list[np.ndarray] = row["frames"]
    return frames[len(frames) // 2]
