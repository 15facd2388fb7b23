"""A training of a few steps by all processes that torchrun started; a second start goes on with its checkpoint."""

import os
import sys
import time
from pathlib import Path

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from apt_settings import settings

STEPS = 6
CHECKPOINT = Path("checkpoint.pt")


def main(what: str = "") -> None:
    """Train, and write what came of it; `fail` ends rank 1 in the midst, `wait` stops the first start there."""
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    torch.manual_seed(settings.seed)
    model = DistributedDataParallel(torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    first = 0
    if CHECKPOINT.exists():
        first, weights = torch.load(CHECKPOINT)
        model.module.load_state_dict(weights)
    for step in range(first, STEPS):
        optimizer.zero_grad()
        model(torch.full((2, 4), float(rank + 1))).square().mean().backward()
        optimizer.step()
        if rank == 0:
            torch.save((step + 1, model.module.state_dict()), "draft.pt")
            Path("draft.pt").replace(CHECKPOINT)
        distributed.barrier()
        if step == STEPS // 2:
            stop(what, rank)
    weight = model.module.weight.sum().item()
    told = f"{settings.epochs} epochs, node {os.environ['GROUP_RANK']}, {distributed.get_world_size()} ranks"
    Path(f"trained.{rank}").write_text(f"{told}, from step {first}: {weight}")
    distributed.destroy_process_group()


def stop(what: str, rank: int) -> None:
    if what == "fail" and rank == 1:
        sys.exit(3)
    if what == "wait" and not Path("again").exists():
        Path(f"started.{rank}").touch()
        time.sleep(100)


if __name__ == "__main__":
    main(*sys.argv[1:])
