"""The operations: how each is drawn and applied, and what it does to the label."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from specaug.arrays import check_number
from specaug.augment import (
    bands,
    control,
    dots,
    grains,
    gratings,
    mixing,
    profile,
    recapture,
    scene_noise,
    spectral_gains,
)
from specaug.augment.engine import Applied
from specaug.checked_fields import did_you_mean, quoted
from specaug.eager import eager
from specaug.errors import ArgumentError
from specaug.records import LABELS, Label
from specaug.spectrum.grid import BANDS

LabelEffect = Literal["keeps", "attack", "partner"]
"""``keeps``: the label stays. ``attack``: the result shows an attack. ``partner``: as the partner's label and the
band say, see :func:`label_after`."""

Partner = Literal["reference", "donor"]


@dataclass(frozen=True)
class Operation:
    """One operation of the registry."""

    sample: Callable[..., Any]
    """(ranges, *, rng) -> params"""
    apply: Callable[..., Applied]
    """(image, [partner,] params, *, channel_axis, clip_axis) -> Applied"""
    ranges: type
    params: type
    effect: LabelEffect
    partner: Partner | None = None
    """What the second picture is called, None where there is none."""
    species: str | None = None
    """Instrument that the result looks like: first word of a ``pai``; None where nothing tells."""


OPERATIONS: dict[str, Operation] = {
    "spectral_mix": Operation(
        mixing.sample_spectral_mix,
        mixing.apply_spectral_mix,
        mixing.SpectralMixRanges,
        mixing.SpectralMixParams,
        effect="partner",
        partner="reference",
    ),
    "fda": Operation(
        mixing.sample_fda,
        mixing.apply_fda,
        mixing.FdaRanges,
        mixing.FdaParams,
        effect="partner",
        partner="reference",
    ),
    "bandpass_inject": Operation(
        bands.sample_bandpass_inject,
        bands.apply_bandpass_inject,
        bands.BandpassInjectRanges,
        bands.BandpassInjectParams,
        effect="partner",
        partner="donor",
    ),
    "band_scale": Operation(
        bands.sample_band_scale,
        bands.apply_band_scale,
        bands.BandScaleRanges,
        bands.BandScaleParams,
        effect="keeps",
    ),
    "spectral_jitter": Operation(
        spectral_gains.sample_spectral_jitter,
        spectral_gains.apply_spectral_jitter,
        spectral_gains.SpectralJitterRanges,
        spectral_gains.SpectralJitterParams,
        effect="keeps",
    ),
    "fourier_basis": Operation(
        gratings.sample_fourier_basis,
        gratings.apply_fourier_basis,
        gratings.FourierBasisRanges,
        gratings.GratingParams,
        effect="keeps",
    ),
    "recapture_blur": Operation(
        spectral_gains.sample_recapture_blur,
        spectral_gains.apply_recapture_blur,
        spectral_gains.RecaptureBlurRanges,
        spectral_gains.RecaptureBlurParams,
        effect="attack",
    ),
    "scene_blur": Operation(
        scene_noise.sample_scene_blur,
        scene_noise.apply_scene_blur,
        scene_noise.SceneBlurRanges,
        scene_noise.SceneBlurParams,
        effect="attack",
    ),
    "moire": Operation(
        gratings.sample_moire,
        gratings.apply_moire,
        gratings.MoireRanges,
        gratings.GratingParams,
        effect="attack",
        species="replay",
    ),
    "halftone": Operation(
        dots.sample_halftone,
        dots.apply_halftone,
        dots.HalftoneRanges,
        dots.HalftoneParams,
        effect="attack",
        species="print",
    ),
    "grain": Operation(
        grains.sample_grain,
        grains.apply_grain,
        grains.GrainRanges,
        grains.GrainParams,
        effect="attack",
        species="print",
    ),
    "recapture_screen": Operation(
        recapture.sample_recapture_screen,
        recapture.apply_recapture_screen,
        recapture.RecaptureScreenRanges,
        recapture.RecaptureScreenParams,
        effect="attack",
        species="replay",
    ),
    "recapture_print": Operation(
        recapture.sample_recapture_print,
        recapture.apply_recapture_print,
        recapture.RecapturePrintRanges,
        recapture.RecapturePrintParams,
        effect="attack",
        species="print",
    ),
    "profile": Operation(
        profile.sample_profile,
        profile.apply_profile,
        profile.ProfileRanges,
        profile.ProfileParams,
        effect="attack",
    ),
    "jpeg": Operation(
        control.sample_jpeg,
        control.apply_jpeg,
        control.JpegRanges,
        control.JpegParams,
        effect="keeps",
    ),
    "tone": Operation(
        control.sample_tone,
        control.apply_tone,
        control.ToneRanges,
        control.ToneParams,
        effect="keeps",
    ),
}


EARLIER: dict[str, Operation] = {
    "recapture_screen@1": dataclasses.replace(
        OPERATIONS["recapture_screen"],
        sample=recapture.version1.sample_recapture_screen,
        ranges=recapture.version1.RecaptureScreenRanges,
        params=recapture.version1.RecaptureScreenParams,
    ),
    "recapture_print@1": dataclasses.replace(
        OPERATIONS["recapture_print"],
        sample=recapture.version1.sample_recapture_print,
        ranges=recapture.version1.RecapturePrintRanges,
        params=recapture.version1.RecapturePrintParams,
    ),
}
"""Operations as earlier versions had them, so that what was recorded with them can be done again."""


@dataclass(frozen=True)
class Drawn:
    """An operation with all its numbers: enough to apply it again."""

    operation: str
    params: Any

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"operation": self.operation, "params": dataclasses.asdict(self.params)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Drawn:
        """What :meth:`to_dict` gave, after a way through JSON.

        Examples
        --------
        >>> import json
        >>> drawn = draw("fda", rng=0)
        >>> Drawn.from_dict(json.loads(json.dumps(drawn.to_dict()))) == drawn
        True
        """
        held = values if isinstance(values, Mapping) else {}
        name, params = held.get("operation"), held.get("params")
        if not isinstance(name, str) or not isinstance(params, Mapping):
            raise ArgumentError(
                f"drawn: expected a mapping of operation and params as Drawn.to_dict gives it, got {quoted(values)}"
            )
        if _is_of_version_1(name, params):
            name = f"{name}@1"
        kind = operation(name).params
        unknown = sorted(set(map(str, params)) - {f.name for f in dataclasses.fields(kind)})
        if unknown:
            raise ArgumentError(f"drawn: expected fields of {kind.__name__}, got {unknown[0]!r}")
        try:
            return cls(name, kind(**params))
        except TypeError as error:
            raise ArgumentError(f"drawn: expected all fields of {kind.__name__}: {error}") from error


def _is_of_version_1(name: str, params: Mapping[str, Any]) -> bool:
    """Whether an operation that has versions by now was recorded without one."""
    if f"{name}@1" not in EARLIER:
        return False
    return (
        "version" in {f.name for f in dataclasses.fields(operation(name).params)} and "version" not in params
    )


def operation(name: str) -> Operation:
    """The operation of that name; ``name@1`` is its first version."""
    found = OPERATIONS.get(name) or EARLIER.get(name)
    if found is None:
        told = f"operation: expected one of {', '.join(OPERATIONS)}, got {name!r}"
        raise ArgumentError(told + did_you_mean(name, OPERATIONS))
    return found


def draw(name: str, ranges: Any = None, *, rng: np.random.Generator | int | None = None) -> Drawn:
    """Draw the parameters of an operation, from its own ranges where none are given."""
    chosen = operation(name)
    values = chosen.ranges() if ranges is None else ranges
    if not isinstance(values, chosen.ranges):
        raise ArgumentError(f"ranges: expected {chosen.ranges.__name__}, got {type(values).__name__}")
    return Drawn(name, chosen.sample(values, rng=np.random.default_rng(rng)))


@eager
def apply_drawn(
    image: Any,
    drawn: Drawn,
    partner: Any = None,
    *,
    channel_axis: int | None = -1,
    clip_axis: int | None = None,
) -> Applied:
    """Apply drawn parameters; the same draw holds for every picture of `image`.

    Parameters
    ----------
    image : (…, H, W, C) array
    drawn : Drawn
    partner : array or None
        Reference or donor, for the operations that take one.
    channel_axis, clip_axis
        As in :func:`spectral_mix`.

    Returns
    -------
    Applied

    Raises
    ------
    ArgumentError
        If a partner is missing or there is one too many, and as the operation does.
    """
    chosen = operation(drawn.operation)
    if (partner is None) != (chosen.partner is None):
        expected = f"a picture for {drawn.operation}" if chosen.partner else f"none for {drawn.operation}"
        raise ArgumentError(f"{chosen.partner or 'partner'}: expected {expected}")
    pictures = (image,) if partner is None else (image, partner)
    return chosen.apply(*pictures, drawn.params, channel_axis=channel_axis, clip_axis=clip_axis)


def label_after(drawn: Drawn, label: Label, partner_label: Label | None = None) -> Label:
    """The label of a picture after an operation.

    A partner of the same label keeps it. From an attack, a band that starts at 1/16 cycles/px or above carries the
    trace of the recapture and makes an attack. Everything else would leave a label that nobody can know, and is
    refused: a low band of an attack, which carries light and no trace, or a bona fide picture laid over an attack.

    Parameters
    ----------
    drawn : Drawn
    label : {"bonafide", "attack"}
    partner_label : {"bonafide", "attack"} or None
        For the operations that take a partner.

    Returns
    -------
    {"bonafide", "attack"}

    Raises
    ------
    ArgumentError
        For a pair whose result has no certain label.

    Examples
    --------
    >>> label_after(draw("moire", rng=0), "bonafide")
    'attack'
    >>> label_after(draw("fda", rng=0), "bonafide", "bonafide")
    'bonafide'
    """
    effect = operation(drawn.operation).effect
    for name, value in (("label", label), ("partner_label", partner_label)):
        if value not in LABELS and not (name == "partner_label" and effect != "partner"):
            raise ArgumentError(f"{name}: expected one of {', '.join(LABELS)}, got {value!r}")
    if effect == "attack":
        return "attack"
    if effect == "keeps" or partner_label == label:
        return label
    low = check_number("low", getattr(drawn.params, "low", 0.0), low=0.0)
    if partner_label == "attack" and low >= BANDS["high"][0]:
        return "attack"
    raise ArgumentError(
        f"partner_label: expected {label}, or an attack whose band starts at 1/16 cycles/px or above, "
        f"got {partner_label} from {low:g} cycles/px"
    )
