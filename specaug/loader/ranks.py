"""Which process this is among those that share the data, as torch knows it where it runs."""

from __future__ import annotations

import sys


def rank_and_world() -> tuple[int, int]:
    """This process and their number, of torch.distributed; (0, 1) where that does not run."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def worker_and_workers() -> tuple[int, int] | None:
    """This worker of a DataLoader and their number; None in any other process."""
    data = sys.modules.get("torch.utils.data")
    info = None if data is None else data.get_worker_info()
    return None if info is None else (info.id, info.num_workers)


def base_seed() -> int:
    """What all workers of a pass of a DataLoader have from torch, and those of another pass have not; 0 elsewhere."""
    data = sys.modules.get("torch.utils.data")
    info = None if data is None else data.get_worker_info()
    return 0 if info is None else (info.seed - info.id) % 2**63
