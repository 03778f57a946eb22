"""Words of folders and lists: which class, split and species they mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.catalog.vocabulary import SPECIES, attack_pai, meant, parse_label, parse_split, species
from specaug.errors import ArgumentError

BONAFIDE = (
    *("bonafide", "bona_fide", "bona-fide", "bona fide", "bonafides", "live", "real", "genuine", "genuines"),
    *("client", "real_face", "live_face", "Live Faces", "real-videos", "genuineface"),
)
ATTACK = (
    *(
        "attack",
        "attacks",
        "spoof",
        "spoofs",
        "spoofed",
        "spoofing",
        "fake",
        "fakes",
        "imposter",
        "impostors",
    ),
    *("fake_face", "spoof face", "attack-videos"),
)
LISTED = "bonafide, live, real, genuine, client, attack, spoof, fake, imposter, impostor"
SPLITS = {
    "train": ("train", "training"),
    "dev": ("dev", "devel", "development", "val", "valid", "validation"),
    "test": ("test", "testing", "eval", "evaluation"),
}


@pytest.mark.parametrize(("words", "label"), [(BONAFIDE, "bonafide"), (ATTACK, "attack")])
def test_class_words_are_read_without_regard_to_case_and_margins(words, label):
    for word in words:
        assert parse_label(word) == parse_label(f" {word.upper()}\t") == parse_label(word.title()) == label


@pytest.mark.parametrize(("split", "words"), SPLITS.items())
def test_split_words_are_read_without_regard_to_case_and_margins(split, words):
    for word in words:
        assert parse_split(word) == parse_split(f"\n{word.upper()} ") == split


@pytest.mark.parametrize("text", ["", " ", "re al", "bonafide/live", "none", "train", "surface"])
def test_a_word_that_is_no_class_is_refused_with_the_choices(text):
    with pytest.raises(ArgumentError) as error:
        parse_label(text)
    assert str(error.value) == f"label: expected one of {LISTED}, got {text!r}"


@pytest.mark.parametrize("text", ["0", "1", " 1 ", "-1", "1.0"])
def test_a_number_is_refused_with_what_would_say_its_class(text):
    with pytest.raises(
        ArgumentError, match=r"--label-map bonafide=1,attack=0, or in the header, as 'is_attack'"
    ):
        parse_label(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Genuin", "genuine"),
        ("atack", "attack"),
        ("Trian", "train"),
        ("live", None),
        ("s01", None),
        ("val", None),
    ],
)
def test_a_misspelt_word_is_told_from_another_one(text, word):
    assert meant(text) == word


@pytest.mark.parametrize("text", ["", "trains", "holdout", "1", "dev test", "live"])
def test_a_word_that_is_no_split_is_refused_with_the_choices(text):
    words = ", ".join(word for group in SPLITS.values() for word in group)
    with pytest.raises(ArgumentError) as error:
        parse_split(text)
    assert str(error.value) == f"split: expected one of {words}, got {text!r}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A species alone, in any case.
        ("print", "print"),
        ("  RePlay ", "replay"),
        # Further words become the detail, joined by one underscore, whatever stood between them.
        ("print/2", "print/2"),
        ("print-a4  photo", "print/a4_photo"),
        ("mask__half//face", "mask/half_face"),
        ("2_print", "print/2"),
        # A word that hints at a species is kept as detail.
        ("prints", "print/prints"),
        ("paper", "print/paper"),
        ("Screen", "replay/screen"),
        ("display_hd", "replay/display_hd"),
        ("silicone", "mask/silicone"),
        ("mannequin head", "mask/mannequin_head"),
        # A proper species word counts before a word that only hints at one.
        ("paper mask", "mask/paper"),
        ("video print", "print/video"),
        ("screen_replay", "replay/screen"),
        # The first of two species decides, the other is detail.
        ("mask_print", "mask/print"),
        ("makeup-partial", "makeup/partial"),
        ("print_print", "print"),
        # Digital attacks: the word alone, with a kind, or a kind alone.
        ("digital", "digital"),
        ("digital/face_swap", "digital/face_swap"),
        ("Digital-FaceSwap", "digital/face_swap"),
        ("digital/reenactment", "digital/reenactment"),
        ("adversarial", "digital/adversarial"),
        ("deepfake video", "digital/deepfake_video"),
        ("face swap", "digital/face_swap"),
        ("attack digital", "digital/attack"),
        # Said first it decides; else what was before a camera does.
        ("digital/mask_edit", "digital/mask_edit"),
        ("replay deepfake", "replay/deepfake"),
        ("print_adversarial", "print/adversarial"),
        # A digital photo or video is one on a screen.
        ("digital photo", None),
        ("digital_video", "replay/digital_video"),
        ("digital screen", "replay/digital_screen"),
        # Parts of words are not words.
        ("printer", None),
        ("unmasked", None),
        ("", None),
        ("/-_", None),
        ("s01", None),
    ],
)
def test_a_name_speaks_of_a_species(text, expected):
    assert species(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("replay", "replay"),
        ("paper mask", "mask/paper"),
        ("", "unknown"),
        ("  ", "unknown"),
        ("Wax Figure", "unknown/wax_figure"),
        ("wax/figure", "unknown/wax_figure"),
        ("wax \t/ figure", "unknown/wax_figure"),
        ("wax-figure", "unknown/wax-figure"),
        ("3D", "unknown/3d"),
    ],
)
def test_an_attack_of_no_known_species_keeps_its_words(text, expected):
    assert attack_pai(text) == expected


WORDS = st.sampled_from([*SPECIES, "paper", "screen", "a4", "2", "s01"])


@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from("/_- "))
@settings(deadline=None, max_examples=80, derandomize=True)
def test_the_sign_between_words_does_not_matter(words, sign):
    assert species(sign.join(words)) == species(" ".join(words).upper())


@given(st.lists(WORDS, min_size=1, max_size=4))
@settings(deadline=None, max_examples=80, derandomize=True)
def test_a_species_read_again_is_itself_and_has_at_most_one_slash(words):
    found = attack_pai(" ".join(words))
    first, _, detail = found.partition("/")
    assert first in (*SPECIES, "unknown")
    assert "/" not in detail
    assert " " not in found
    named = [word for word in words if word in SPECIES]
    if named:
        assert first == named[0]
        assert attack_pai(found) == found
