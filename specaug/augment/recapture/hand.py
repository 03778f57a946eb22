"""How a hand moves: slow drift and the tremble of muscles, in degrees and Hz.

A sum of sine waves of random phase, so that it is known at any time and its spectrum is what is said. Drift lies
between 0.1 and 2 Hz and falls as 1/f, as the sway of a held object does; physiological tremor stands at 8 to 12 Hz
(Elble and Koller 1990; McAuley and Marsden 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRIFT_HZ = (0.1, 2.0)
TREMOR_WIDTH = 1.5
"""Half of the width of the band of a tremor, Hz."""
_WAVES = 8

Floats = npt.NDArray[np.float64]


def drift(times: Floats, amplitude: float, *, rng: np.random.Generator) -> Floats:
    """(T,) slow movement with the root mean square `amplitude`, at `times` in seconds."""
    edges = np.geomspace(*DRIFT_HZ, _WAVES + 1)
    frequencies = rng.uniform(edges[:-1], edges[1:])
    return _waves(times, frequencies, 1 / frequencies, amplitude, rng)


def tremor(times: Floats, amplitude: float, *, middle: float, rng: np.random.Generator) -> Floats:
    """(T,) tremble about `middle` Hz with the root mean square `amplitude`, at `times` in seconds."""
    edges = np.linspace(middle - TREMOR_WIDTH, middle + TREMOR_WIDTH, _WAVES + 1)
    frequencies = rng.uniform(edges[:-1], edges[1:])
    return _waves(times, frequencies, np.ones(_WAVES), amplitude, rng)


def _waves(
    times: Floats, frequencies: Floats, shape: Floats, amplitude: float, rng: np.random.Generator
) -> Floats:
    """A sum of sine waves whose root mean square over all time is `amplitude`."""
    phases = rng.uniform(0, 2 * np.pi, frequencies.size)
    strengths = amplitude * shape * np.sqrt(2 / np.square(shape).sum())
    return np.asarray(np.sin(2 * np.pi * np.outer(times, frequencies) + phases) @ strengths, np.float64)


@dataclass(frozen=True)
class Pose:
    """Where something flat is in one frame, against its mean place in the clip: a similarity, since it is rigid."""

    x: float = 0.0
    """Px to the right."""
    y: float = 0.0
    roll: float = 0.0
    """Radians."""
    zoom: float = 1.0


def hand_poses(
    frames: int,
    *,
    interval: float,
    slow: float,
    fast: float,
    middle: float,
    degree: float,
    approach: float = 0.0,
    rng: np.random.Generator,
) -> tuple[Pose, ...]:
    """Movement of a hand-held phone or sheet over a clip, about its mean, since the crop was cut about the face.

    Parameters
    ----------
    frames : int
    interval : float
        Seconds from frame to frame.
    slow, fast : float
        Root mean square of drift and of tremor, degrees along each axis; the roll has the same drift.
    middle : float
        Frequency of the tremor, Hz.
    degree : float
        Px for one degree.
    approach : float
        Root mean square of the change of distance, as a share of it.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of Pose
        One a frame.
    """
    times: Floats = np.arange(frames, dtype=np.float64) * interval
    moved = [
        degree * (drift(times, slow, rng=rng) + tremor(times, fast, middle=middle, rng=rng)) for _ in range(2)
    ]
    turned, nearer = np.radians(drift(times, slow, rng=rng)), drift(times, approach, rng=rng)
    x, y, roll, zoom = (values - values.mean() for values in (*moved, turned, nearer))
    return tuple(
        Pose(float(a), float(b), float(c), 1 + float(d)) for a, b, c, d in zip(x, y, roll, zoom, strict=True)
    )
