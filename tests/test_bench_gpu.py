"""The benchmark for GPUs runs on a CPU, in small."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from bench_gpu import Scale, measure

from specaug.augment.recipes.recipe_toml import shipped_names


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_all_parts_run_and_give_rates(device, request):
    if device == "cuda":
        request.getfixturevalue("cuda")
    rates = measure(Scale.of(torch.device(device), tiny=True), workers=0)["clips_a_second"]
    assert set(rates) == {"views", "recipes", "training step", "loading"}
    assert set(rates["recipes"]) == set(shipped_names())
    assert all(rate > 0 for part in ("views", "recipes", "training step") for rate in rates[part].values())
    assert 0 <= rates["loading"]["device_waits"] <= 1
