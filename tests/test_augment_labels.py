"""Labels after an operation, what the registry promises of each, and draws of the right kind."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from specaug.augment import (
    OPERATIONS,
    BandpassInjectParams,
    Drawn,
    FdaParams,
    RecaptureBlurParams,
    SpectralMixParams,
    apply_drawn,
    draw,
    label_after,
)
from specaug.errors import ArgumentError

PROMISED = {  # effect on the label, what the second picture is called, what instrument the result looks like
    "spectral_mix": ("partner", "reference", None),
    "fda": ("partner", "reference", None),
    "bandpass_inject": ("partner", "donor", None),
    "band_scale": ("keeps", None, None),
    "spectral_jitter": ("keeps", None, None),
    "fourier_basis": ("keeps", None, None),
    "recapture_blur": ("attack", None, None),
    "scene_blur": ("attack", None, None),
    "moire": ("attack", None, "replay"),
    "halftone": ("attack", None, "print"),
    "grain": ("attack", None, "print"),
    "recapture_screen": ("attack", None, "replay"),
    "recapture_print": ("attack", None, "print"),
    "profile": ("attack", None, None),
    "jpeg": ("keeps", None, None),
    "tone": ("keeps", None, None),
}
LABELS = ("bonafide", "attack")


def test_every_operation_keeps_what_it_promises():
    assert {n: (o.effect, o.partner, o.species) for n, o in OPERATIONS.items()} == PROMISED


@pytest.mark.parametrize("name", [n for n, (effect, *_) in PROMISED.items() if effect != "partner"])
@pytest.mark.parametrize("label", LABELS)
def test_an_operation_of_one_picture_keeps_the_label_or_makes_an_attack(name, label):
    drawn = draw(name, rng=0)
    assert label_after(drawn, label) == (label if PROMISED[name][0] == "keeps" else "attack")


BELOW, AT = np.nextafter(1 / 16, 0), 1 / 16
TWO_PICTURES = {
    "mix below": (Drawn("spectral_mix", SpectralMixParams(1.0, low=BELOW)), False),
    "mix at": (Drawn("spectral_mix", SpectralMixParams(1.0, low=AT)), True),
    "mix above": (Drawn("spectral_mix", SpectralMixParams(1.0, low=0.3)), True),
    "inject below": (Drawn("bandpass_inject", BandpassInjectParams(BELOW, 0.5, 1.0)), False),
    "inject at": (Drawn("bandpass_inject", BandpassInjectParams(AT, 0.5, 1.0)), True),
    "fda": (Drawn("fda", FdaParams(0.5)), False),
}


@pytest.mark.parametrize("case", TWO_PICTURES)
@pytest.mark.parametrize(("label", "partner"), list(itertools.product(LABELS, LABELS)))
def test_two_pictures_have_a_label_where_it_can_be_known(case, label, partner):
    drawn, carries_trace = TWO_PICTURES[case]
    if label == partner:
        assert label_after(drawn, label, partner) == label
    elif partner == "attack" and carries_trace:
        assert label_after(drawn, label, partner) == "attack"
    else:
        with pytest.raises(
            ArgumentError, match=rf"^partner_label: expected {label}, .* got {partner} from 0"
        ):
            label_after(drawn, label, partner)


@pytest.mark.parametrize("bad", [None, "", "Attack", "live", 1])
def test_a_label_that_is_none_is_refused_by_name(bad):
    for name in ("moire", "jpeg", "fda"):
        with pytest.raises(ArgumentError, match=r"^label: expected one of bonafide, attack, got"):
            label_after(draw(name, rng=0), bad, "attack")
    with pytest.raises(ArgumentError, match=r"^partner_label: expected one of bonafide, attack, got"):
        label_after(draw("fda", rng=0), "attack", bad)


@pytest.mark.parametrize("name", [n for n, (_, partner, _) in PROMISED.items() if partner])
def test_a_missing_partner_is_called_by_its_name(name):
    with pytest.raises(ArgumentError, match=f"^{PROMISED[name][1]}: expected a picture for {name}$"):
        apply_drawn(np.zeros((8, 8, 3)), draw(name, rng=0))


@pytest.mark.parametrize("name", [n for n, (_, partner, _) in PROMISED.items() if not partner])
def test_a_partner_too_many_is_refused(name):
    with pytest.raises(ArgumentError, match=f"^partner: expected none for {name}$"):
        apply_drawn(np.zeros((8, 8, 3)), draw(name, rng=0), np.zeros((8, 8, 3)))


def test_ranges_of_another_operation_are_refused():
    for name, other in itertools.pairwise([*OPERATIONS, "spectral_mix"]):
        theirs, wanted = OPERATIONS[other].ranges, OPERATIONS[name].ranges
        if theirs is wanted:
            continue
        with pytest.raises(ArgumentError, match=f"ranges: expected {wanted.__name__}, got {theirs.__name__}"):
            draw(name, theirs())
    with pytest.raises(ArgumentError, match="ranges: expected FdaRanges, got dict"):
        draw("fda", {})


def test_axes_are_handed_on_to_the_operation():
    clip = np.random.default_rng(0).uniform(0.3, 0.7, (3, 2, 16, 18))
    drawn = Drawn("recapture_blur", RecaptureBlurParams(0.2))
    applied = apply_drawn(clip, drawn, channel_axis=0, clip_axis=1)
    expected = apply_drawn(np.moveaxis(clip, 0, -1), drawn).image
    np.testing.assert_allclose(np.moveaxis(applied.image, 0, -1), expected, atol=1e-12)
    assert applied.clipped.shape == ()


@pytest.mark.parametrize("name", OPERATIONS)
def test_draws_are_of_the_kind_of_record_that_is_registered(name):
    drawn = draw(name, rng=0)
    assert drawn.operation == name
    assert type(drawn.params) is OPERATIONS[name].params
    assert draw(name, OPERATIONS[name].ranges(), rng=0) == drawn


@pytest.mark.parametrize("name", ["moire", "halftone", "recapture_blur"])
def test_what_makes_an_attack_makes_one_whatever_partner_is_named(name):
    drawn = draw(name, rng=0)
    if label_after(drawn, "bonafide") == "attack":
        assert label_after(drawn, "bonafide", "bonafide") == "attack"
    assert OPERATIONS[name].effect in ("attack", "keeps")
