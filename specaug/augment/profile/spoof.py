"""The spoof profile: what recapture does to spectra, learned from a data set, holding no face."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from specaug.arrays import ArrayT, check_number
from specaug.augment.profile.file import read_arrays
from specaug.augment.profile.measure import BINS, MOST_BINS, PLANES, Mean, bin_centres
from specaug.augment.profile.operation import ProfileParams, apply_profile, limited
from specaug.eager import eager
from specaug.errors import ArgumentError

_VERSION = 1
_DIGITS = 2
"""Decimals of the stored logarithms: finer ones would only tell one data set from another."""
_LARGEST = 25
"""Of the logarithm of an amplitude: that of any 8-bit picture at any scale lies within."""


@dataclass(frozen=True, eq=False)
class SpoofProfile:
    """Mean log-amplitude of bona fide and of attack crops by frequency of the source, in luma and in colour.

    It holds a few hundred rounded means and no phase, so no face; it can be shared where the data cannot.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> live = rng.uniform(0.3, 0.7, (4, 32, 32, 3))
    >>> spoof = 0.5 + 0.5 * (live - 0.5)
    >>> profile = SpoofProfile.fit(live, spoof)
    >>> round(float(profile.log_gain()[0, 20]), 1)  # half the contrast: log(1/2)
    -0.7
    """

    bonafide: np.ndarray
    """(3, bins) float64: luma, red − luma, blue − luma."""
    attack: dict[str, np.ndarray]
    """Species to (3, bins) float64."""
    clips: dict[str, int] = field(default_factory=dict)
    """How many clips each mean is of, ``none`` for bona fide."""

    def __post_init__(self) -> None:
        shape = self.bonafide.shape
        if len(shape) != 2 or shape[0] != len(PLANES) or not shape[1]:
            raise ArgumentError(f"bonafide: expected shape (3, bins), got {shape}")
        if shape[1] > MOST_BINS:
            raise ArgumentError(f"bonafide: expected at most {MOST_BINS} bins, got {shape[1]}")
        if not self.attack:
            raise ArgumentError("attack: expected at least one species, got none")
        if "none" in self.attack:
            raise ArgumentError("attack: expected names of attack species, got 'none', which is bona fide")
        for name, values in (("bonafide", self.bonafide), *self.attack.items()):
            if values.shape != shape or not (np.abs(values) <= _LARGEST).all():
                raise ArgumentError(
                    f"attack: expected {shape} logarithms within ±{_LARGEST} for {name!r}, got shape {values.shape}"
                )
        for name, number in self.clips.items():
            if not float(number).is_integer() or number < 0:
                raise ArgumentError(f"clips: expected whole numbers from 0, got {number!r} for {name!r}")

    def __repr__(self) -> str:
        species = ", ".join(f"{name}: {self.clips.get(name, 0)}" for name in self.attack)
        return f"SpoofProfile(bins={self.bonafide.shape[1]}, clips bona fide: {self.clips.get('none', 0)}, {species})"

    @classmethod
    def fit(
        cls,
        bonafide: Iterable[Any],
        attack: Iterable[Any] | Mapping[str, Iterable[Any]],
        *,
        scale: float = 1.0,
        bins: int = BINS,
    ) -> SpoofProfile:
        """Learn a profile; pictures stream through, only sums are held.

        Parameters
        ----------
        bonafide : iterable of arrays
            Crops (H, W, 3), clips (T, H, W, 3), or pairs of one of these with its scale.
        attack : iterable of arrays, or mapping of species to such
        scale : float
            Source px per crop px, of what comes without one.
        bins : int

        Returns
        -------
        SpoofProfile

        Raises
        ------
        ArgumentError
            For an empty side, and for pictures that are none.
        """
        fit = ProfileFit(bins)
        species = attack if isinstance(attack, Mapping) else {"unknown": attack}
        if "none" in species:
            raise ArgumentError("attack: expected names of attack species, got 'none', which is bona fide")
        sides = {"none": bonafide, **species}
        for pai, items in sides.items():
            for pictures, own in _with_scale(items, scale):
                fit.add(pictures, pai=pai, scale=own)
        return fit.result()

    @classmethod
    def load(cls, path: str | Path) -> SpoofProfile:
        """A profile that :meth:`save` wrote; nothing in the file is executed.

        Raises
        ------
        ArgumentError
            The file cannot be read, or is no profile.
        """
        values = read_arrays(path)
        try:
            if int(values["version"]) != _VERSION:
                raise ArgumentError(f"expected version {_VERSION}, got {values['version']}")
            names = [str(name) for name in values["pai"]]
            if len(set(names)) != len(names):
                raise ArgumentError(f"pai: expected each species once, got {', '.join(names)}")
            attack = dict(zip(names, _reals(values["attack"]), strict=True))
            clips = dict(zip(["none", *names], values["clips"].tolist(), strict=True))
            return cls(_reals(values["bonafide"]), attack, clips)
        except (KeyError, ValueError, TypeError) as error:
            raise ArgumentError(f"profile: {os.fspath(path)!r} is no spoof profile: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the profile as ``.npz`` without pickle; the same profile gives the same bytes."""
        final = Path(path)
        names = sorted(self.attack)
        temporary = final.with_name(final.name + ".part")
        with temporary.open("wb") as stream:
            np.savez(
                stream,
                version=np.int64(_VERSION),
                bonafide=self.bonafide,
                attack=np.stack([self.attack[name] for name in names]),
                pai=np.array(names),
                clips=np.array([self.clips.get(name, 0) for name in ("none", *names)], np.int64),
            )
        temporary.replace(final)

    @property
    def frequencies(self) -> np.ndarray:
        """(bins,) middle frequencies, cycles per px of the source."""
        return bin_centres(self.bonafide.shape[1])

    def log_gain(self, pai: str | None = None) -> np.ndarray:
        """(3, bins) logarithm of the gain from bona fide to attack; over all species for None."""
        return np.asarray(self._attack(pai) - self.bonafide)

    def _attack(self, pai: str | None) -> np.ndarray:
        if pai is None:
            return np.asarray(np.mean([self.attack[name] for name in sorted(self.attack)], axis=0))
        if pai not in self.attack:
            raise ArgumentError(f"pai: expected one of {', '.join(sorted(self.attack))}, got {pai!r}")
        return self.attack[pai]

    def params(
        self,
        *,
        pai: str | None = None,
        strength: float = 1.0,
        residual: float = 1.0,
        scale: float = 1.0,
        seed: int = 0,
    ) -> ProfileParams:
        """The transfer to one species as a record, in itself enough to be replayed."""
        gain, extra = limited(self.log_gain(pai), self._attack(pai), self.bonafide)
        return ProfileParams(
            gains=tuple(tuple(round(float(v), 4) for v in row) for row in gain),
            extra=tuple(tuple(round(float(v), 6) for v in row) for row in extra),
            strength=strength,
            residual=residual,
            scale=scale,
            pai=pai or "unknown",
            seed=seed,
        )

    @eager
    def apply(
        self,
        image: ArrayT,
        *,
        strength: float = 1.0,
        pai: str | None = None,
        residual: float = 1.0,
        scale: float = 1.0,
        rng: np.random.Generator | int | None = None,
        channel_axis: int | None = -1,
        clip_axis: int | None = None,
    ) -> ArrayT:
        r"""Give a bona fide picture the spectrum of an attack: :math:`X\,G^\gamma`, and noise beneath.

        Parameters
        ----------
        image : (…, H, W, C) array
            uint8 or float in [0, 1]; NumPy or torch.
        strength : float
            γ; 0 leaves the picture as it is.
        pai : str or None
            Species; None takes the mean of all.
        residual : float
            Share of the noise that stands in for what an attack has and the picture has not, 0 to 1.
        scale : float
            Source px per crop px of the picture.
        rng : numpy.random.Generator, int or None
            Of the noise.
        channel_axis, clip_axis
            As in :func:`specaug.spectral_mix`.

        Returns
        -------
        array of the shape and dtype of `image`

        Raises
        ------
        ArgumentError
            For an unknown species, numbers out of range, and images that are none.
        """
        seed = int(np.random.default_rng(rng).integers(2**53))
        params = self.params(pai=pai, strength=strength, residual=residual, scale=scale, seed=seed)
        return apply_profile(image, params, channel_axis=channel_axis, clip_axis=clip_axis).image  # type: ignore[no-any-return]

    def distance(self, other: SpoofProfile, pai: str | None = None) -> np.ndarray:
        """(3,) root mean square difference of the gains of each plane, dB.

        Raises
        ------
        ArgumentError
            The other has another number of bins, or one of them lacks the species.
        """
        if other.bonafide.shape != self.bonafide.shape:
            raise ArgumentError(
                f"other: expected {self.bonafide.shape[1]} bins, got {other.bonafide.shape[1]}"
            )
        difference = (self.log_gain(pai) - other.log_gain(pai)) * (20 / np.log(10))
        return np.asarray(np.sqrt(np.mean(difference**2, axis=1)))

    def compare(self, *others: SpoofProfile, names: Iterable[str] = ()) -> str:
        """The gains of this profile and others as a picture: SVG text, one panel for each plane.

        Every species is a line. `names` are those of the profiles, this one first.
        """
        from specaug.augment.profile.plot import gains_as_svg

        profiles = (self, *others)
        given = list(names) or [f"profile {i}" for i in range(len(profiles))]
        if len(given) != len(profiles):
            raise ArgumentError(f"names: expected {len(profiles)}, got {len(given)}")
        lines = {
            f"{name}: {pai}" if len(profiles) > 1 else pai: profile.log_gain(pai) * (20 / np.log(10))
            for name, profile in zip(given, profiles, strict=True)
            for pai in sorted(profile.attack)
        }
        return gains_as_svg(self.frequencies, lines)

    def _repr_html_(self) -> str:
        return self.compare()


class ProfileFit:
    """A profile in the making, of constant size."""

    def __init__(self, bins: int = BINS) -> None:
        self._bins = int(check_number("bins", bins, low=1, high=MOST_BINS))
        self._means: dict[str, Mean] = {}

    def add(self, pictures: Any, *, pai: str, scale: float = 1.0) -> None:
        """Add a picture (H, W, 3) or the frames of a clip (T, H, W, 3) of species `pai`, ``none`` for bona fide."""
        self._means.setdefault(pai, Mean(self._bins)).add(pictures, scale)

    def result(self) -> SpoofProfile:
        """The profile of all that was added.

        Raises
        ------
        ArgumentError
            There was no bona fide clip, or no attack.
        """
        species = sorted(set(self._means) - {"none"})
        for side, missing in (("bonafide", "none" not in self._means), ("attack", not species)):
            if missing:
                raise ArgumentError(f"{side}: expected at least one picture, got none")
        means = {name: np.round(mean.value(), _DIGITS) for name, mean in self._means.items()}
        counts = {name: mean.clips for name, mean in self._means.items()}
        return SpoofProfile(means["none"], {name: means[name] for name in species}, counts)


def _reals(values: np.ndarray) -> np.ndarray:
    """Numbers as float64; complex ones and text are none."""
    if values.dtype.kind not in "fiu":
        raise ArgumentError(f"expected real numbers, got {values.dtype}")
    return np.asarray(values, np.float64)


def _with_scale(items: Iterable[Any], scale: float) -> Iterator[tuple[Any, float]]:
    for item in items:
        if isinstance(item, tuple) and len(item) == 2:
            yield item[0], float(item[1])
        else:
            yield item, scale
