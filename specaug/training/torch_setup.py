"""How a process computes: threads, device, seeds, and which rank of how many it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import distributed

from specaug.errors import ArgumentError
from specaug.training.train_config import TrainConfig

T = TypeVar("T")


@contextmanager
def numerics(config: TrainConfig) -> Iterator[None]:
    """Threads, a seed and deterministic algorithms for a while; what was set before comes back."""
    # Not by use_deterministic_algorithms: that loads the compiler, which takes a second and is not used here.
    threads, strict = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.set_num_threads(config.threads)
        torch.set_deterministic_debug_mode("error" if device_of(config).type == "cpu" else "default")
        torch.manual_seed(config.seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_deterministic_debug_mode(strict)


def device_of(config: TrainConfig) -> torch.device:
    """Where the network is; each local rank has a GPU of its own.

    Raises
    ------
    ArgumentError
        A GPU is asked for and there is none.
    """
    wanted = config.device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ArgumentError(
            "device: expected 'cpu' or 'auto' on a machine without a GPU that torch sees, got 'cuda'; "
            "train on the CPU: --device cpu"
        )
    if config.amp and wanted == "cpu":
        raise ArgumentError("amp: expected False on a CPU, got True")
    return torch.device(wanted, int(os.environ.get("LOCAL_RANK", 0)) if wanted == "cuda" else None)


@contextmanager
def process_group(device: torch.device) -> Iterator[tuple[int, int]]:
    """(rank, world): joins the processes that torchrun started, or (0, 1)."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1 or distributed.is_initialized():
        started = distributed.is_available() and distributed.is_initialized()
        yield (distributed.get_rank(), distributed.get_world_size()) if started else (0, 1)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield distributed.get_rank(), distributed.get_world_size()
    finally:
        distributed.destroy_process_group()


def shared(value: T | None, *, world: int) -> T:
    """What rank 0 has, on every rank."""
    said = [value]
    if world > 1:
        distributed.broadcast_object_list(said, src=0)
    return said[0]  # type: ignore[return-value]  # rank 0 always has one
