"""Tensors of every kind through every public function: compiled, traced, in any memory format, precision and device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import specaug
from specaug import augment, color, spectrum
from specaug.errors import ArgumentError
from specaug.loader.views import compute_views

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402  # after the check for torch

from specaug.integrations.torch import SpectralAugment  # noqa: E402

GRATINGS = ({"u": 0.11, "v": 0.07, "amplitude": 0.1}, {"u": -0.2, "v": 0.3, "amplitude": 0.05})
PROFILE = augment.SpoofProfile.fit(
    np.random.default_rng(0).uniform(0.3, 0.7, (2, 24, 24, 3)),
    np.random.default_rng(1).uniform(0.1, 0.9, (2, 24, 24, 3)),
)
RECIPE = augment.Recipe.from_text(
    'donor = "bonafide"\n[[steps]]\noperation = "fda"\n[[steps]]\noperation = "tone"'
)
DRAWS, MOIRE = RECIPE.sample(1), augment.draw("moire", rng=2)
CHANGES: dict[str, Callable[..., Any]] = {
    "spectral_mix": lambda x, r, **kw: augment.spectral_mix(x, r, strength=0.7, **kw),
    "spectral_mix, low": lambda x, r, **kw: augment.spectral_mix(x, r, strength=0.7, high=0.08, **kw),
    "spectral_mix, soft": lambda x, r, **kw: augment.spectral_mix(
        x, r, strength=0.7, low=0.1, rolloff=0.02, **kw
    ),
    "fda": lambda x, r, **kw: augment.fda(x, r, beta=0.08, **kw),
    "bandpass_inject": lambda x, r, **kw: augment.bandpass_inject(x, r, low=0.1, high=0.4, gain=0.5, **kw),
    "band_scale": lambda x, r, **kw: augment.band_scale(x, low=0.05, high=0.4, gain=0.5, **kw),
    "recapture_blur": lambda x, r, **kw: augment.recapture_blur(x, cutoff=0.2, **kw),
    "scene_blur": lambda x, r, **kw: augment.scene_blur(x, cutoff=0.2, **kw),
    "spectral_jitter": lambda x, r, **kw: augment.spectral_jitter(x, amount=0.2, rng=3, **kw),
    "grain": lambda x, r, **kw: augment.grain(x, amplitude=0.05, cutoff=0.3, color=0.5, rng=3, **kw),
    "moire": lambda x, r, **kw: augment.moire(x, gratings=GRATINGS, **kw),
    "fourier_basis": lambda x, r, **kw: augment.fourier_basis(x, gratings=GRATINGS, **kw),
    "halftone": lambda x, r, **kw: augment.halftone(x, cell=4.3, angle=20.0, strength=0.6, **kw),
    "tone": lambda x, r, **kw: augment.tone(x, gamma=0.8, contrast=1.2, tint=(1.1, 1.0, 0.9), **kw),
    "jpeg": lambda x, r, **kw: augment.jpeg(x, quality=80, **kw),
    "profile": lambda x, r, **kw: PROFILE.apply(x, rng=1, **kw),
    "recapture_screen": lambda x, r, **kw: augment.recapture_screen(x, rng=1, **kw),
    "recapture_print": lambda x, r, **kw: augment.recapture_print(x, rng=1, **kw),
    "apply_drawn": lambda x, r, **kw: augment.apply_drawn(x, MOIRE, **kw).image,
    "recipe": lambda x, r, **kw: RECIPE.apply(x, DRAWS, r, **kw),
}
MEASURES: dict[str, Callable[..., Any]] = {
    "log_spectrum": lambda x, r, **kw: spectrum.log_spectrum(x, **kw),
    "log_spectrum, hsv": lambda x, r, **kw: spectrum.log_spectrum(x, channels="hsv", normalize="image", **kw),
    "radial_profile": lambda x, r, **kw: spectrum.radial_profile(x, bins=16, **kw),
    "radial_profile, rgb": lambda x, r, **kw: spectrum.radial_profile(x, bins=16, channels="rgb", **kw),
    "temporal_spectrum": lambda x, r, **kw: spectrum.temporal_spectrum(x, **kw),
    "temporal_spectrum, band": lambda x, r, **kw: spectrum.temporal_spectrum(x, per="band", **kw),
    "clip_spectrum": lambda x, r, **kw: spectrum.clip_spectrum(x, form="difference", **kw),
    "rgb_to_hsv": lambda x, r, **kw: color.rgb_to_hsv(x, **kw),
    "hsv_to_rgb": lambda x, r, **kw: color.hsv_to_rgb(x, **kw),
    "luma": lambda x, r, **kw: color.luma(x, **kw),
}
BYTES_ONLY = {"silent_face_spectrum": lambda x, r, **kw: spectrum.silent_face_spectrum(x, **kw)}
ALL = {**CHANGES, **MEASURES}
FIRST = {"channel_axis": -3}
every_function = pytest.mark.parametrize("name", [*ALL, *BYTES_ONLY])


def function_of(name: str) -> Callable[..., Any]:
    return {**ALL, **BYTES_ONLY}[name]


def pair(dtype: Any = torch.float32, shape: tuple[int, ...] = (2, 3, 24, 20)) -> tuple[Any, Any]:
    """Two batches, channels first, far from black and white."""
    both = torch.rand((2, *shape), generator=torch.Generator().manual_seed(3)) * 0.4 + 0.3
    both = (both * 255).round().to(torch.uint8) if dtype == torch.uint8 else both.to(dtype)
    return both[0], both[1]


def dtype_for(name: str) -> Any:
    return torch.uint8 if name in BYTES_ONLY else torch.float32


@every_function
def test_compiled_code_gives_what_plain_code_does(name):
    """There is a graph break; nothing is traced wrongly, and a second call compiles nothing."""
    x, r = pair(dtype_for(name))
    function = function_of(name)

    def step(a, b):
        return function(a.flip(-1), b, **FIRST) * 1.0 + 1

    compiled = torch.compile(step, backend="eager")
    torch._dynamo.reset()
    found = [compiled(x, r), compiled(x, r)]
    for one in found:
        assert torch.equal(one, step(x, r))


@pytest.mark.filterwarnings(
    "ignore:The .grad attribute of a Tensor that is not a leaf"
)  # torch's own, after a break
def test_gradients_flow_through_compiled_code():
    x, r = pair()
    plain, traced = x.clone().requires_grad_(), x.clone().requires_grad_()

    def loss(a):
        return spectrum.log_spectrum(augment.fda(a * 1.0, r, beta=0.1, **FIRST), **FIRST).square().sum()

    torch._dynamo.reset()
    loss(plain).backward()
    torch.compile(loss, backend="aot_eager")(traced).backward()
    assert plain.grad.abs().max() > 0
    assert torch.equal(plain.grad, traced.grad)


def test_names_of_the_package_are_loaded_in_compiled_code():
    x, r = pair()
    torch._dynamo.reset()
    compiled = torch.compile(lambda a, b: specaug.fda(a, b, beta=0.1, channel_axis=-3) + 1, backend="eager")
    assert torch.equal(compiled(x, r), specaug.fda(x, r, beta=0.1, channel_axis=-3) + 1)


def test_the_module_and_the_views_compile():
    x, _ = pair(torch.uint8)
    torch._dynamo.reset()
    module = SpectralAugment("moire", p=1.0, rng=1)
    compiled = torch.compile(module, backend="eager")(x)
    assert torch.equal(compiled, SpectralAugment("moire", p=1.0, rng=1)(x))
    frames = x.movedim(-3, -1)
    views = torch.compile(compute_views, backend="eager")(frames)
    for name, view in compute_views(frames).items():
        assert torch.equal(views[name], view)


class NoDoubles(TorchDispatchMode):
    """Refuses every step that takes or gives a tensor of float64 or complex128, as devices without them do."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        leaves = torch.utils._pytree.tree_leaves((args, kwargs, out))
        for tensor in (leaf for leaf in leaves if isinstance(leaf, torch.Tensor)):
            assert tensor.dtype not in (torch.float64, torch.complex128), f"{func} has {tensor.dtype}"
        return out


def test_the_mode_sees_a_double():
    with NoDoubles(), pytest.raises(AssertionError, match="float64"):
        torch.zeros(2).double()


@every_function
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16], ids=str)
def test_there_is_no_double_where_none_came_in(name, dtype):
    if name in BYTES_ONLY and dtype != torch.uint8:
        pytest.skip("takes uint8 only")
    x, r = pair(dtype)
    with NoDoubles():
        out = function_of(name)(x, r, **FIRST)
    assert out.dtype in (dtype, torch.float32)


@pytest.mark.parametrize(
    "name", [n for n in ALL if not n.startswith("recapture_screen") and n != "recapture_print"]
)
def test_there_is_no_double_in_a_gradient(name):
    x, r = (v.requires_grad_() for v in pair())
    with NoDoubles():
        function_of(name)(x, r, **FIRST).square().sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("operation", ["moire", "fda", "spectral_mix", "halftone"])
def test_there_is_no_double_in_module_and_views(operation):
    x, _ = pair()
    x.requires_grad_()
    with NoDoubles():
        out = SpectralAugment(operation, p=1.0, rng=0)(x)
        views = compute_views(out.movedim(-3, -1))
        sum(view.sum() for view in views.values()).backward()
    assert torch.isfinite(x.grad).all()


@every_function
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=str)
def test_vmap_is_refused_and_the_error_says_what_to_do(name, dtype):
    if name in BYTES_ONLY and dtype != torch.uint8:
        pytest.skip("takes uint8 only")
    x, r = pair(dtype, (2, 3, 3, 24, 20))
    call = function_of(name)
    with pytest.raises(ArgumentError, match=r"inside torch.func.vmap.*: call it on the whole batch"):
        torch.func.vmap(lambda a, b: call(a, b, **FIRST))(x, r)
    with pytest.raises(ArgumentError, match=r"inside torch.func.vmap"):
        torch.func.vmap(lambda a: call(a, r[0], **FIRST), in_dims=1)(x)


@every_function
def test_tensors_of_the_meta_device_are_refused(name):
    x, r = (v.to("meta") for v in pair(dtype_for(name)))
    with pytest.raises(
        ArgumentError, match=r"^(image|clip|frames): .*on the meta device: make it on cpu or cuda"
    ):
        function_of(name)(x, r, **FIRST)


@every_function
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=str)
def test_the_memory_format_does_not_matter(name, dtype):
    if name in BYTES_ONLY and dtype != torch.uint8:
        pytest.skip("takes uint8 only")
    x, r = pair(dtype)
    strided = [v.contiguous(memory_format=torch.channels_last) for v in (x, r)]
    assert not strided[0].is_contiguous()
    found, expected = function_of(name)(*strided, **FIRST), function_of(name)(x, r, **FIRST)
    torch.testing.assert_close(found, expected, atol=1 if found.dtype == torch.uint8 else 1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_calculated_in_float32_and_comes_back(name, half):
    x, r = pair(half)
    found = function_of(name)(x, r, **FIRST)
    assert found.dtype == half
    assert torch.equal(found, function_of(name)(x.float(), r.float(), **FIRST).to(half))


@pytest.mark.parametrize("name", ["fda", "spectral_mix", "moire", "log_spectrum", "rgb_to_hsv"])
def test_gradients_of_torch_func_are_those_of_autograd(name):
    x, r = pair()
    weights = torch.rand(function_of(name)(x, r, **FIRST).shape, generator=torch.Generator().manual_seed(1))

    def loss(a):
        return (function_of(name)(a, r, **FIRST) * weights).sum()

    leaf = x.clone().requires_grad_()
    loss(leaf).backward()
    torch.testing.assert_close(torch.func.grad(loss)(x), leaf.grad)


@every_function
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32], ids=str)
def test_images_that_lie_the_other_way_are_refused(name, dtype):
    if name in BYTES_ONLY and dtype != torch.uint8:
        pytest.skip("takes uint8 only")
    x, r = pair(dtype)
    with pytest.raises(
        ArgumentError, match=r"^(image|clip): expected .* channels on axis -1, .*channel_axis=-3"
    ):
        function_of(name)(x, r)


@pytest.mark.parametrize("views", [("rgb",), ("hsv",), ("spectrum",)])
def test_views_of_channels_first_frames_are_refused(views):
    with pytest.raises(ArgumentError, match=r"expected 3 channels on axis -1, got shape \(2, 3, 24, 20\)"):
        compute_views(pair()[0], views)


def test_the_module_refuses_channels_last():
    with pytest.raises(ArgumentError, match=r"on axis -3, got shape .*: pass channel_axis=-1"):
        SpectralAugment("moire", p=1.0)(torch.rand(2, 24, 20, 3))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 255.0), (-2.1, 2.6)])
def test_floats_of_other_ranges_are_refused_by_all_alike(name, library, low, high):
    images = [low + (high - low) * v for v in (torch.rand(2, 3, 24, 20), torch.rand(2, 3, 24, 20))]
    if library == "numpy":
        images = [v.numpy() for v in images]
    with pytest.raises(ArgumentError, match=r"^(image|clip): expected floats in \[0, 1\], got .* first$"):
        function_of(name)(*images, **FIRST)


@pytest.mark.cuda
@every_function
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16], ids=str)
def test_the_gpu_gives_what_the_cpu_does(name, dtype, cuda):
    if name in BYTES_ONLY and dtype != torch.uint8:
        pytest.skip("takes uint8 only")
    x, r = pair(dtype)
    found, expected = function_of(name)(x.to(cuda), r.to(cuda), **FIRST), function_of(name)(x, r, **FIRST)
    assert found.device.type == "cuda"
    assert found.dtype == expected.dtype
    tolerance = {torch.uint8: 1, torch.float16: 2e-3}.get(found.dtype, 1e-4)
    torch.testing.assert_close(found.cpu(), expected, atol=tolerance, rtol=1e-4)


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["fda", "spectral_mix", "moire", "log_spectrum", "radial_profile"])
def test_gradients_on_the_gpu_are_those_on_the_cpu(name, cuda):
    leaves = [pair()[0].to(device).requires_grad_() for device in ("cpu", cuda)]
    for leaf in leaves:
        function_of(name)(leaf, pair()[1].to(leaf.device), **FIRST).square().sum().backward()
    torch.testing.assert_close(leaves[1].grad.cpu(), leaves[0].grad, atol=1e-3, rtol=1e-3)


@pytest.mark.cuda
@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ["fda", "spectral_mix, low", "moire", "log_spectrum", "rgb_to_hsv"])
def test_autocast_on_the_gpu_changes_nothing(name, half, cuda):
    x, r = (v.to(cuda) for v in pair())
    plain = function_of(name)(x, r, **FIRST)
    with torch.autocast("cuda", half):
        assert torch.equal(function_of(name)(x, r, **FIRST), plain)
