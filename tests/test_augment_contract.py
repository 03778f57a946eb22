"""What every operation owes its caller: dtype, shape, batch, axes, torch, gradients, seeds, and errors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specaug.augment import (
    band_scale,
    bandpass_inject,
    fda,
    fourier_basis,
    grain,
    halftone,
    moire,
    recapture_blur,
    scene_blur,
    spectral_jitter,
    spectral_mix,
    tone,
)
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

WAVES = [(0.11, 0.23, 0.1, 0.4), (-0.2, 0.05, 0.05, 1.0)]
ALONE = {
    "band_scale": lambda x, **kw: band_scale(x, low=0.05, high=0.4, gain=0.5, **kw),
    "recapture_blur": lambda x, **kw: recapture_blur(x, cutoff=0.2, **kw),
    "scene_blur": lambda x, **kw: scene_blur(x, cutoff=0.2, **kw),
    "grain": lambda x, **kw: grain(x, amplitude=0.05, cutoff=0.3, color=0.5, rng=3, **kw),
    "spectral_jitter": lambda x, **kw: spectral_jitter(x, amount=0.2, rng=3, **kw),
    "moire": lambda x, **kw: moire(x, gratings=WAVES, **kw),
    "fourier_basis": lambda x, **kw: fourier_basis(x, gratings=WAVES, **kw),
    "halftone": lambda x, **kw: halftone(x, cell=4.3, angle=20.0, strength=0.6, **kw),
    "tone": lambda x, **kw: tone(x, gamma=0.8, contrast=1.2, tint=(1.1,), **kw),
}
PAIRS = {
    "fda": lambda x, r, **kw: fda(x, r, beta=0.08, **kw),
    "fda_full": lambda x, r, **kw: fda(x, r, beta=0.4, **kw),
    "spectral_mix": lambda x, r, **kw: spectral_mix(x, r, strength=0.7, **kw),
    "soft_mix": lambda x, r, **kw: spectral_mix(x, r, strength=0.7, low=0.1, high=0.3, rolloff=0.02, **kw),
    "bandpass_inject": lambda x, d, **kw: bandpass_inject(x, d, low=0.1, high=0.4, gain=0.5, **kw),
}
ALL = {
    **{name: (lambda x, r, f=f, **kw: f(x, **kw)) for name, f in ALONE.items()},
    **PAIRS,
}
every_operation = pytest.mark.parametrize("name", ALL)


def pair(shape, dtype="float64", seed=0):
    x, r = np.random.default_rng(seed).uniform(0.3, 0.7, (2, *shape))
    if dtype == "uint8":
        return np.rint(255 * x).astype(np.uint8), np.rint(255 * r).astype(np.uint8)
    return x.astype(dtype), r.astype(dtype)


@every_operation
@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_shape_and_dtype_are_those_of_the_image(name, data):
    batch = data.draw(st.lists(st.integers(1, 2), max_size=2))
    size = data.draw(st.tuples(st.integers(8, 24), st.integers(8, 24), st.sampled_from([1, 3, 4])))
    dtype = data.draw(st.sampled_from(["uint8", "float16", "float32", "float64"]))
    x, r = pair((*batch, *size), dtype)
    out = ALL[name](x, r)
    assert out.shape == x.shape
    assert out.dtype == x.dtype
    assert out.min() >= 0
    assert out.max() <= (255 if dtype == "uint8" else 1)


@every_operation
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_batch_equals_loop(name, dtype):
    x, r = pair((2, 3, 20, 17, 3), dtype)
    batch = ALL[name](x, r)
    for i in np.ndindex(2, 3):
        np.testing.assert_array_equal(batch[i], ALL[name](x[i], r[i]))


@every_operation
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", [(24, 24, 3), (2, 21, 30, 1)])
def test_torch_equals_numpy(name, dtype, shape):
    x, r = pair(shape, dtype)
    ours, theirs = ALL[name](x, r), ALL[name](torch.asarray(x), torch.asarray(r))
    assert isinstance(theirs, torch.Tensor)
    assert str(theirs.dtype) == f"torch.{dtype}"
    difference = np.abs(theirs.numpy().astype(float) - ours)
    if dtype == "uint8":  # a tie may be rounded to either side
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3
    else:
        assert difference.max() < 1e-5


@every_operation
def test_bfloat16_tensors_are_calculated_in_float32(name):
    x, r = (torch.asarray(v).to(torch.bfloat16) for v in pair((16, 16, 3), "float32"))
    expected = ALL[name](x.to(torch.float32), r.to(torch.float32)).to(torch.bfloat16)
    torch.testing.assert_close(ALL[name](x, r), expected)


@every_operation
@pytest.mark.parametrize("axis", [0, 1, -3, 2])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_channel_axis_only_moves_axes(name, axis, library):
    x, r = pair((2, 20, 17, 3))
    expected = ALL[name](x, r)
    moved = [np.moveaxis(v, -1, axis) for v in (x, r)]
    if library == "torch":
        moved = [torch.asarray(v) for v in moved]
    ours = np.asarray(ALL[name](*moved, channel_axis=axis))
    np.testing.assert_allclose(np.moveaxis(ours, axis, -1), expected, atol=1e-12)


@every_operation
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_grey_pictures_need_no_channel_axis(name, library):
    x, r = pair((2, 20, 17))
    expected = ALL[name](x[..., None], r[..., None])[..., 0]
    grey = (x, r) if library == "numpy" else (torch.asarray(x), torch.asarray(r))
    np.testing.assert_allclose(np.asarray(ALL[name](*grey, channel_axis=None)), expected, atol=1e-12)


@every_operation
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_frames_of_a_clip_get_the_same_draw(name, library):
    """Equal frames stay equal, and a calm clip is what its frames are alone."""
    x, r = pair((20, 17, 3))
    clip, donors = np.stack([x] * 3), np.stack([r] * 3)
    if library == "torch":
        clip, donors = torch.asarray(clip), torch.asarray(donors)
    out = np.asarray(ALL[name](clip, donors, clip_axis=0))
    for frame in out:
        np.testing.assert_allclose(frame, ALL[name](x, r), atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_one_reference_serves_a_batch(name, library):
    x, r = pair((4, 20, 17, 3))
    r = r[0]
    expected = np.stack([PAIRS[name](image, r) for image in x])
    if library == "torch":
        x, r = torch.asarray(x), torch.asarray(r)
    np.testing.assert_allclose(np.asarray(PAIRS[name](x, r)), expected, atol=1e-12)
    if library == "numpy":
        several = PAIRS[name](np.stack([x, x]), np.stack([r, r])[:, None])
        np.testing.assert_allclose(several, [expected, expected], atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_reference_of_another_dtype_is_brought_to_the_images(name):
    x, r = pair((20, 17, 3), "uint8")
    np.testing.assert_allclose(PAIRS[name](x / 255.0, r), PAIRS[name](x / 255.0, r / 255.0), atol=1e-12)
    np.testing.assert_array_equal(PAIRS[name](x, r / 255.0), PAIRS[name](x, r))


@every_operation
def test_input_is_read_only_and_stays_as_it_is(name):
    x, r = pair((2, 20, 17, 3), "float32")
    kept = x.copy(), r.copy()
    x.flags.writeable = r.flags.writeable = False
    out = ALL[name](x, r)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(r, kept[1])
    assert out.flags.writeable


@every_operation
def test_strided_views_are_read_as_they_look(name):
    x, r = pair((20, 34, 3), "float32")
    views = x[:, ::2], r[::-1, ::2]
    np.testing.assert_array_equal(ALL[name](*views), ALL[name](*map(np.ascontiguousarray, views)))


@every_operation
def test_same_call_same_bytes(name):
    x, r = pair((2, 40, 40, 3), "uint8")
    assert ALL[name](x, r).tobytes() == ALL[name](x, r).tobytes()


@every_operation
def test_an_empty_batch_stays_empty(name):
    assert ALL[name](*pair((0, 16, 16, 3))).shape == (0, 16, 16, 3)


@every_operation
@pytest.mark.parametrize("axis", [-1, 1])
def test_gradient(name, axis):
    x, r = (torch.asarray(v, dtype=torch.float64) for v in pair((1, 11, 12, 2)))
    x, r = (v.movedim(-1, axis).contiguous().requires_grad_() for v in (x, r))
    if name in ALONE:
        assert torch.autograd.gradcheck(lambda v: ALL[name](v, None, channel_axis=axis), (x,))
    else:
        assert torch.autograd.gradcheck(lambda v, w: ALL[name](v, w, channel_axis=axis), (x, r))


@pytest.mark.parametrize("name", [n for n in ALL if n != "bandpass_inject"])
def test_gradient_of_a_flat_picture_is_finite(name):
    x = torch.full((16, 16, 3), 0.5, requires_grad=True)
    ALL[name](x, torch.rand(16, 16, 3)).sum().backward()
    assert torch.isfinite(x.grad).all()


@every_operation
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("n", [1, 4])
def test_memory_stays_below_three_float_copies_of_the_batch(name, n, dtype):
    x, r = pair((n, 160, 160, 3), dtype)
    ALL[name](x, r)  # masks and tables are made
    tracemalloc.start()
    ALL[name](x, r)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 3 * 4 * x.size


@every_operation
@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda x: x.astype(np.int32), "image: expected dtype uint8 or .*, got int32"),
        (lambda x: x.astype(complex), "image: expected dtype uint8 or .*, got complex128"),
        (lambda x: np.where(x > 0.69, np.nan, x), "image: expected finite numbers, got values from nan"),
        (
            lambda x: np.where(x > 0.69, np.inf, x),
            "image: expected finite numbers, got values from .* to inf",
        ),
        (lambda x: x * 255, r"image: expected floats in \[0, 1\], got values from .* to 17"),
        (lambda x: x[0, 0], r"image: expected shape \(…, H, W, C\), got \(3,\)"),
        (lambda x: x[:0], r"image: expected at least one pixel, got shape \(0, 17, 3\)"),
        (lambda x: x.tolist(), "image: expected a NumPy array or a torch tensor, got list"),
    ],
)
def test_bad_image_is_named(name, spoil, match):
    x, r = pair((20, 17, 3))
    with pytest.raises(ArgumentError, match=match):
        ALL[name](spoil(x), r)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda r: r[:-1], r"got shape \(19, 17, 3\) beside \(20, 17, 3\)"),
        (lambda r: r[..., :1], r"got shape \(20, 17, 1\) beside \(20, 17, 3\)"),
        (lambda r: np.stack([r, r]), r"a batch that broadcasts to its own, got shape \(2, 20, 17, 3\)"),
        (lambda r: r * np.nan, "expected finite numbers"),
        (lambda r: r.astype(np.int16), "expected dtype uint8"),
        (lambda r: None, "got NoneType"),
        (lambda r: torch.asarray(r), "expected the same library as image, got Tensor beside ndarray"),
    ],
)
def test_bad_partner_is_named(name, spoil, match):
    x, r = pair((20, 17, 3))
    partner = "donor" if name == "bandpass_inject" else "reference"
    with pytest.raises(ArgumentError, match=f"{partner}: .*{match}|{partner}: {match}"):
        PAIRS[name](x, spoil(r))


@every_operation
@pytest.mark.parametrize(
    ("axes", "match"),
    [
        ({"channel_axis": 4}, "channel_axis: expected -4 to 3 for 4 axes, got 4"),
        ({"channel_axis": "last"}, "channel_axis: expected an integer or None, got 'last'"),
        ({"clip_axis": 1}, "clip_axis: expected an axis before rows and columns, got 1"),
        ({"clip_axis": -1}, "clip_axis: expected an axis before rows and columns, got -1"),
    ],
)
def test_bad_axis_is_named(name, axes, match):
    with pytest.raises(ArgumentError, match=match):
        ALL[name](*pair((2, 20, 17, 3)), **axes)
