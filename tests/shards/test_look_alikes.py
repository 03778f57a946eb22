"""Copies of clips are found by their pictures, however they were altered, and different clips are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from specaug.shards import look_alikes
from specaug.shards.look_alikes import (
    ALIKE,
    MIRROR,
    NO_BITS,
    LookAlikes,
    bits_set,
    clip_bits,
    picture_bits,
    row_bits,
)


def scene(number: int, *, side: int = 64, t: float = 0.0) -> np.ndarray:
    """(side, side, 3) uint8 with the falling spectrum of photos, drifting with `t`."""
    rng = np.random.default_rng(number)
    v, u = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    radius = np.maximum(np.hypot(u, v), 1 / side)
    field = np.fft.rfft2(rng.normal(size=(side, side))) / radius * np.exp(2j * np.pi * (u + v) * t)
    plane = np.fft.irfft2(field, s=(side, side))
    plane = 128 + 40 * (plane - plane.mean()) / plane.std()
    return np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(frame).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def half(frame: np.ndarray) -> np.ndarray:
    side = frame.shape[0]
    small = Image.fromarray(frame).resize((side // 2, side // 2), Image.Resampling.BOX)
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))


CLIP = [scene(0, t=t) for t in range(8)]
COPIES = {
    "the same": CLIP,
    "encoded again": [jpeg(frame, 30) for frame in CLIP],
    "scaled": [half(frame) for frame in CLIP],
    "mirrored": [frame[:, ::-1] for frame in CLIP],
    "cut shorter": [scene(0, t=t) for t in np.linspace(2.3, 5.7, 8)],
    "a photo": [jpeg(CLIP[3], 80)],
    "a mirrored photo": [jpeg(CLIP[5][:, ::-1].copy(), 80)],
    "darker": [(frame * 0.6).astype(np.uint8) for frame in CLIP],
}


def found_of(*clips: tuple[str, str, list[np.ndarray]]):
    alike = LookAlikes()
    for name, split, frames in clips:
        alike.add(name, split, clip_bits(frames))
    return alike.found()


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_in_another_split_is_found(how):
    (pair,) = found_of(("original", "train", CLIP), ("copy", "test", COPIES[how]))
    assert {pair.clip, pair.other} == {"original", "copy"}
    assert pair.bits <= ALIKE


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_in_the_same_split_is_none_of_its_business(how):
    assert found_of(("original", "train", CLIP), ("copy", "train", COPIES[how])) == []


def test_different_clips_do_not_look_alike():
    clips = [(f"{n}", ("train", "dev", "test")[n % 3], [scene(n, t=t) for t in range(4)]) for n in range(60)]
    assert found_of(*clips) == []


def test_every_clip_is_told_with_its_closest():
    near, far = [jpeg(CLIP[0], 90)], [jpeg(CLIP[0], 8)]
    found = found_of(("a", "train", CLIP), ("far", "test", far), ("near", "test", near))
    assert [(pair.clip, pair.other) for pair in found] == [("near", "a"), ("far", "a")]
    assert found[0].bits < found[1].bits
    assert str(found[0]) == f"near (test) and a (train), {found[0].bits} of 255 bits"


def test_a_notice_counts_pairs_and_names_the_first():
    alike = LookAlikes()
    assert alike.notice() is None
    for n in range(5):
        alike.add(f"train/{n}.mp4", "train", clip_bits([scene(n)]))
        alike.add(f"test/{n}.mp4", "test", clip_bits([scene(n)]))
    notice = alike.notice()
    assert notice is not None
    assert (notice.kind, notice.count) == ("look_alikes", 5)
    assert "5 pairs of clips in different splits" in notice.detail
    assert "test/0.mp4 (test) and train/0.mp4 (train), 0 of 255 bits" in notice.detail
    assert notice.detail.count(".mp4") == 6
    assert "; …" in notice.detail


@pytest.mark.parametrize("number", range(5))
def test_bits_of_a_mirrored_picture_are_known_without_it(number):
    luma = scene(number)[..., 0].astype(float)
    np.testing.assert_array_equal(picture_bits(luma[:, ::-1]), picture_bits(luma) ^ MIRROR)
    assert bits_set(MIRROR) == 128


@pytest.mark.parametrize(("v", "u"), [(0, 1), (3, 2), (15, 15), (7, 8), (8, 7)])
def test_a_bit_is_the_sign_of_one_cosine(v, u):
    x = (np.arange(32) + 0.5) / 32
    wave = np.cos(np.pi * v * x)[:, None] * np.cos(np.pi * u * x)
    rest = scene(3, side=32)[..., 0].astype(float)
    turned = picture_bits(rest + 1000 * wave) ^ picture_bits(rest - 1000 * wave)
    assert bits_set(turned) == 1
    assert (turned[0] > 0) == (max(u, v) < 8)  # the first word, by which the search sorts
    assert (turned & MIRROR).any() == (u % 2 == 1)


def test_pictures_of_one_grey_level_say_nothing():
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert clip_bits([flat]).shape == (0, 4)
    assert found_of(("a", "train", [flat]), ("b", "test", [flat])) == []
    halves = (scene(1) > 128).astype(np.uint8)
    assert len(clip_bits([100 + halves])) == 0  # half a grey level: what rounding makes
    assert len(clip_bits([100 + 4 * halves])) == 1


def test_a_frame_that_is_there_twice_counts_once():
    assert len(clip_bits([CLIP[0], CLIP[0], CLIP[4]])) == 2


def test_frames_that_are_no_pictures_are_left_out():
    stream = io.BytesIO()
    Image.fromarray(CLIP[0]).save(stream, "PNG")
    row = {"frames": [{"bytes": b"no picture"}, {"bytes": None}, {"bytes": stream.getvalue()}]}
    np.testing.assert_array_equal(row_bits(row, 64), clip_bits([CLIP[0]]))
    raw = {"frames_raw": np.stack(CLIP).tobytes()}
    np.testing.assert_array_equal(row_bits(raw, 64), clip_bits(CLIP))
    for empty in ({"frames": None}, {"frames_raw": None}, {"frames_raw": b"short"}):
        assert len(row_bits(empty, 64)) == 0


def bits_near(rng: np.random.Generator, bits: np.ndarray, apart: int) -> np.ndarray:
    """The same but for so many bits; low frequencies are a third as likely to turn, as in true copies."""
    flat = np.unpackbits(bits.view(np.uint8))
    weights = np.r_[np.full(64, 1 / 3), np.ones(192)]
    turned = rng.choice(256, apart, replace=False, p=weights / weights.sum())
    flat[turned] ^= 1
    return np.packbits(flat).view(np.uint64)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_search_finds_what_comparing_all_finds(rng, mirrored):
    alike = LookAlikes()
    n, true = 2000, 200
    originals = rng.integers(0, 1 << 63, (n, 4), dtype=np.uint64)
    for i, bits in enumerate(originals):
        alike.add(f"a{i}", "train", bits[None])
        copy = (
            bits_near(rng, bits, int(rng.integers(0, ALIKE + 1))) if i < true else rng.integers(0, 1 << 63, 4)
        )
        alike.add(f"b{i}", "dev", (copy.astype(np.uint64) ^ (MIRROR if mirrored else np.uint64(0)))[None])
    found = {(pair.clip, pair.other) for pair in alike.found()}
    assert found <= {(f"b{i}", f"a{i}") for i in range(true)}
    assert len(found) >= 0.97 * true


def test_comparisons_grow_with_clips_and_not_with_pairs(rng, monkeypatch):
    real, compared = look_alikes.bits_set, []
    monkeypatch.setattr(
        look_alikes, "bits_set", lambda words: compared.append(words[..., 0].size) or real(words)
    )

    def comparisons(n: int) -> int:
        compared.clear()
        alike = LookAlikes()
        bits = rng.integers(0, 1 << 63, (n, 4), dtype=np.uint64)
        for i in range(n):
            alike.add(str(i), ("train", "test")[i % 2], bits[i : i + 1])
        alike.found()
        return sum(compared)

    assert comparisons(4000) == 2 * comparisons(2000) > 0


def test_a_clip_without_bits_is_nobody():
    alike = LookAlikes()
    alike.add("a", "train", NO_BITS)
    alike.add("b", "test", NO_BITS)
    assert alike.found() == []
