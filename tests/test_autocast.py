"""Operations and spectra under torch's autocast: as precise as without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import specaug
from specaug.spectrum import radial_profile

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
HALVES = (torch.float16, torch.bfloat16)
GRATINGS = ({"u": 0.11, "v": 0.07, "amplitude": 0.1},)
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "fda": lambda a, b: specaug.fda(a, b, beta=0.05, channel_axis=-3),
    "spectral_mix, low": lambda a, b: specaug.spectral_mix(a, b, strength=0.7, high=0.05, channel_axis=-3),
    "spectral_mix, all": lambda a, b: specaug.spectral_mix(a, b, strength=0.7, high=0.7, channel_axis=-3),
    "bandpass_inject": lambda a, b: specaug.bandpass_inject(
        a, b, low=0.0, high=0.08, gain=0.5, channel_axis=-3
    ),
    "moire": lambda a, b: specaug.moire(a, gratings=GRATINGS, channel_axis=-3),
    "log_spectrum": lambda a, b: specaug.log_spectrum(a, channel_axis=-3),
    "radial_profile": lambda a, b: radial_profile(a, channel_axis=-3),
    "rgb_to_hsv": lambda a, b: specaug.rgb_to_hsv(a, channel_axis=-3),
}


def pair(dtype: torch.dtype, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    low = torch.rand((2, 1, 3, 9, 9), generator=generator)
    both = torch.nn.functional.interpolate(low.flatten(0, 1), (size, size), mode="bicubic")
    both = (0.2 + 0.6 * both.clip(0, 1)).unsqueeze(1)
    if dtype == torch.uint8:
        both = (255 * both).round().to(torch.uint8)
    return both[0], both[1]


@pytest.mark.parametrize("half", HALVES, ids=str)
@pytest.mark.parametrize(("dtype", "size"), [(torch.uint8, 64), (torch.float32, 64), (torch.float32, 300)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_under_autocast_are_those_without(name, dtype, size, half):
    images = pair(dtype, size)
    plain = FUNCTIONS[name](*images)
    with torch.autocast("cpu", half):
        found = FUNCTIONS[name](*images)
    assert found.dtype == plain.dtype
    assert torch.equal(found, plain)
    assert not torch.equal(plain, torch.zeros_like(plain))
