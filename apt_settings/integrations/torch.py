"""Optimizer and schedule for torch, and agreement of all processes of a distributed job."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..base import AptSettings
from ..differences import Side, differences
from ..errors import Problem, SettingsError
from ..fingerprint import counted
from ..schedules import learning_rate
from .extras import needed, world_size

if TYPE_CHECKING:
    from torch.nn import Parameter
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LambdaLR


def optimizer(settings: AptSettings, parameters: "Iterable[Parameter] | Iterable[dict[str, Any]]") -> "Optimizer":
    """torch.optim.Adam, whose weight decay goes into the gradient, or AdamW, whose does not; the rest is torch's.

    Raises SettingsError where torch is missing.
    """
    with needed("torch"):
        from torch.optim import Adam, AdamW
    kind = {"adam": Adam, "adamw": AdamW}[settings.optimizer]
    return kind(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def scheduler(settings: AptSettings, optimizer: "Optimizer", total_steps: int) -> "LambdaLR":
    """A LambdaLR with the settings' rate at every step (`schedules.learning_rate`); step it after the optimizer.

    Raises SettingsError where torch is missing.
    """
    with needed("torch"):
        from torch.optim.lr_scheduler import LambdaLR
    rate = learning_rate(settings, total_steps)
    return LambdaLR(optimizer, lambda step: rate(step) / settings.learning_rate)


def require_agreement(settings: AptSettings) -> None:
    """Stop all processes of a distributed job where the settings of any are not those of the first.

    One all_gather_object over the process group that there is: call it once the group is joined, and for NCCL after
    torch.cuda.set_device. Every rank raises the same SettingsError, which names ranks, settings, both values and both
    origins; what says where a job runs may differ. Does nothing in a job of one process, and raises SettingsError
    where WORLD_SIZE has more and the group is not joined yet.
    """
    with needed("torch"):
        from torch import distributed
    if not distributed.is_available() or not distributed.is_initialized():
        _refuse_a_group_not_joined(world_size())
        return
    gathered: list[dict[str, Side] | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(gathered, counted_sides(settings))
    if problems := _disagreements([each or {} for each in gathered]):
        raise SettingsError(problems)


def _refuse_a_group_not_joined(processes: int) -> None:
    if processes > 1:
        wrong = "is a job whose processes have not joined their group yet"
        fix = "call require_agreement after init_process_group or training_arguments"
        raise SettingsError.at("environment WORLD_SIZE", wrong, fix=fix, value=str(processes))


def counted_sides(settings: AptSettings) -> dict[str, Side]:
    """Setting -> value and origin, of all that must be the same in every process; where a job runs may differ."""
    return {name: Side(value, str(settings.origin(name))) for name, value in counted(settings).items()}


def _disagreements(ranks: list[dict[str, Side]]) -> list[Problem]:
    """A problem for each setting in which ranks differ from rank 0, those with the same value together."""
    theirs: dict[tuple[str, str, str], list[int]] = {}
    for rank, each in enumerate(ranks):
        for name, first, side in differences(ranks[0], each):
            theirs.setdefault((name, _described(side), _described(first)), []).append(rank)
    return [
        Problem(f"rank {', '.join(map(str, numbers))} {name}", f"is {value}, on rank 0 {first}", setting=name)
        for (name, value, first), numbers in theirs.items()
    ]


def _described(side: Side | None) -> str:
    return f"{side.value} ({side.origin})" if side else "no such setting"
