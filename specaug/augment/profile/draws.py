"""From where a transfer of spectra is drawn: a profile in a file, or the one that comes with the library."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from specaug.arrays import ArrayT
from specaug.augment.profile.operation import ProfileParams
from specaug.augment.profile.spoof import SpoofProfile


@dataclass(frozen=True)
class ProfileRanges:
    """From where a transfer is drawn."""

    file: str = "demo"
    """A file that ``SpoofProfile.save`` wrote, or ``demo``: one of simulated attacks that comes with the library."""
    pai: str | None = None
    """Species; None takes one of those in the file for each draw."""
    strength: tuple[float, float] = (0.5, 1.5)
    residual: tuple[float, float] = (0.5, 1.0)
    scale: float = 1.0

    def at_scale(self, scale: float) -> ProfileRanges:
        """The same for crops of `scale` source px per px."""
        return replace(self, scale=scale)


def named_profile(name: str) -> SpoofProfile:
    """The profile ``demo`` that comes with the library, or the one in a file, as that file is now."""
    if name == "demo":
        return _shipped()
    try:
        state = Path(name).stat()
    except OSError:
        return SpoofProfile.load(name)  # which says what is wrong
    return _loaded(name, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=16)
def _loaded(name: str, *state: int) -> SpoofProfile:
    """A profile from a file in this state: each draw asks for it."""
    return SpoofProfile.load(name)


@lru_cache(maxsize=1)
def _shipped() -> SpoofProfile:
    with resources.as_file(
        resources.files("specaug.augment").joinpath("recipes", "shipped", "demo-profile.npz")
    ) as path:
        return SpoofProfile.load(path)


def profile(
    image: ArrayT,
    *,
    file: str = "demo",
    pai: str | None = None,
    strength: float = 1.0,
    residual: float = 1.0,
    scale: float = 1.0,
    rng: np.random.Generator | int | None = None,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> ArrayT:
    """Give a bona fide picture the spectrum of an attack, as a profile has learned it.

    Parameters
    ----------
    image : (…, H, W, C) array
        uint8 or float in [0, 1]; NumPy or torch.
    file : str
        A file that :func:`specaug.fit_profile` wrote, or ``demo``: one of simulated attacks that comes with the
        library.
    pai, strength, residual, scale, rng
        As in :meth:`specaug.SpoofProfile.apply`, which this calls.
    channel_axis, clip_axis
        As in :func:`specaug.spectral_mix`.

    Returns
    -------
    array of the shape and dtype of `image`

    Raises
    ------
    ArgumentError
        The file cannot be read, a species is unknown, a number is out of range, or `image` is none.

    Examples
    --------
    >>> grey = np.full((16, 16, 3), 128, np.uint8)
    >>> bool((profile(grey, strength=0.0) == grey).all())
    True
    """
    return named_profile(file).apply(
        image,
        strength=strength,
        pai=pai,
        residual=residual,
        scale=scale,
        rng=rng,
        channel_axis=channel_axis,
        clip_axis=clip_axis,
    )


def sample_profile(ranges: ProfileRanges = ProfileRanges(), *, rng: np.random.Generator) -> ProfileParams:
    """Draw a species, the strength and the noise."""
    profile = named_profile(ranges.file)
    species = sorted(profile.attack) if ranges.pai is None else [ranges.pai]
    return profile.params(
        pai=species[int(rng.integers(len(species)))],
        strength=float(rng.uniform(*ranges.strength)),
        residual=float(rng.uniform(*ranges.residual)),
        scale=ranges.scale,
        seed=int(rng.integers(2**53)),
    )
