"""How a process computes: settings of torch that come back, devices, ranks."""

from __future__ import annotations

import pytest
import torch

from specaug.errors import ArgumentError
from specaug.training import TrainConfig
from specaug.training.torch_setup import device_of, numerics, process_group, shared


def settings():
    return (
        torch.get_num_threads(),
        torch.get_deterministic_debug_mode(),
        torch.random.get_rng_state().tolist(),
    )


class TestNumerics:
    def test_threads_and_strictness_are_those_of_the_run_on_a_cpu(self):
        with numerics(TrainConfig(threads=2, device="cpu")):
            assert torch.get_num_threads() == 2
            assert torch.are_deterministic_algorithms_enabled()

    def test_no_compiler_is_loaded(self, monkeypatch):
        """use_deterministic_algorithms sets up the compiler too: a second at the start of each command."""
        monkeypatch.delattr(torch, "use_deterministic_algorithms")
        with numerics(TrainConfig(device="cpu")):
            assert torch.are_deterministic_algorithms_enabled()

    @pytest.mark.parametrize("strict", ["default", "warn", "error"])
    def test_what_was_set_before_comes_back_even_after_an_error(self, strict):
        torch.set_deterministic_debug_mode(strict)
        try:
            before = settings()
            with pytest.raises(RuntimeError, match="size"), numerics(TrainConfig(threads=3, device="cpu")):
                torch.rand(5) @ torch.rand(6)
            assert settings() == before
        finally:
            torch.set_deterministic_debug_mode("default")

    def test_the_seed_decides_what_is_drawn(self):
        drawn = []
        for seed in (3, 3, 4):
            with numerics(TrainConfig(seed=seed, device="cpu")):
                drawn.append(torch.rand(4).tolist())
        assert drawn[0] == drawn[1] == torch.rand(4, generator=torch.Generator().manual_seed(3)).tolist()
        assert drawn[0] != drawn[2]


class TestDevice:
    @pytest.mark.parametrize("wanted", ["auto", "cpu"])
    def test_it_is_the_processor_where_there_is_no_gpu(self, monkeypatch, wanted):
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        monkeypatch.setenv("LOCAL_RANK", "3")
        assert device_of(TrainConfig(device=wanted)) == torch.device("cpu")

    @pytest.mark.parametrize("wanted", ["auto", "cuda"])
    @pytest.mark.parametrize(("local", "index"), [(None, 0), ("0", 0), ("3", 3)])
    def test_each_local_rank_has_a_gpu_of_its_own(self, monkeypatch, wanted, local, index):
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        monkeypatch.delenv("LOCAL_RANK", raising=False)
        if local is not None:
            monkeypatch.setenv("LOCAL_RANK", local)
        assert device_of(TrainConfig(device=wanted)) == torch.device("cuda", index)

    def test_the_processor_can_be_asked_for_beside_a_gpu(self, monkeypatch):
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        assert device_of(TrainConfig(device="cpu")) == torch.device("cpu")
        assert device_of(TrainConfig(device="cuda", amp=True)).type == "cuda"

    def test_what_a_machine_has_not_is_refused(self, monkeypatch):
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        with pytest.raises(
            ArgumentError,
            match=r"^device: expected 'cpu' or 'auto' on a machine without a GPU that torch sees, .*--device cpu$",
        ):
            device_of(TrainConfig(device="cuda"))
        for wanted in ("auto", "cpu"):
            with pytest.raises(ArgumentError, match=r"^amp: expected False on a CPU, got True$"):
                device_of(TrainConfig(device=wanted, amp=True))


class TestRanks:
    @pytest.mark.parametrize("world", [None, "1"])
    def test_a_process_alone_is_the_first_of_one(self, monkeypatch, world):
        monkeypatch.delenv("WORLD_SIZE", raising=False)
        if world:
            monkeypatch.setenv("WORLD_SIZE", world)
        with process_group(torch.device("cpu")) as found:
            assert found == (0, 1)
        assert not torch.distributed.is_initialized()

    def test_a_group_that_was_started_is_joined_and_left_running(self, tmp_path):
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1
        )
        try:
            with process_group(torch.device("cpu")) as found:
                assert found == (0, 1)
            assert torch.distributed.is_initialized()
        finally:
            torch.distributed.destroy_process_group()

    @pytest.mark.parametrize("value", [{"loss": 0.5}, [1, 2], "text", 0])
    def test_what_the_first_rank_has_is_shared(self, tmp_path, value):
        assert shared(value, world=1) is value
