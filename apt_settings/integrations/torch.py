"""Optimizer and schedule for torch, and agreement of all processes of a distributed job."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..fingerprint import canonical, fingerprint
from ..groups import WHERE_IT_RUNS
from ..schedules import learning_rate
from .extras import needed, world_size

if TYPE_CHECKING:
    from torch.nn import Parameter
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LambdaLR

_ABSENT: Final = "no such setting"


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
    said: list[dict[str, tuple[Any, str]] | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(said, {"": (fingerprint(settings), ""), **_told(settings)})
    told = [each or {} for each in said]
    if problems := _disagreements(told):
        raise SettingsError(problems)


def _refuse_a_group_not_joined(processes: int) -> None:
    if processes > 1:
        wrong = "is a job whose processes have not joined their group yet"
        fix = "call require_agreement after init_process_group or training_arguments"
        raise SettingsError([Problem("WORLD_SIZE", "environment", str(processes), wrong, fix=fix)])


def _told(settings: AptSettings) -> dict[str, tuple[Any, str]]:
    """Setting -> value, as JSON has it, and origin; what says where a job runs may differ."""
    fields = type(settings).model_fields
    counted = (name for name, field in fields.items() if WHERE_IT_RUNS not in field.metadata)
    return {name: (canonical(getattr(settings, name)), str(settings.origin(name))) for name in counted}


def _disagreements(told: list[dict[str, tuple[Any, str]]]) -> list[Problem]:
    """A problem for each setting in which ranks differ from rank 0, those with the same value together."""
    first = told[0]
    if all(each[""] == first[""] for each in told):
        return []
    names = dict.fromkeys(name for each in told for name in each if name)
    return [problem for name in names for problem in _differing(name, told)]


def _differing(name: str, told: list[dict[str, tuple[Any, str]]]) -> list[Problem]:
    first, ranks = told[0].get(name, (_ABSENT, "")), dict[str, list[int]]()
    for rank, each in enumerate(told):
        value, origin = each.get(name, (_ABSENT, ""))
        if value != first[0]:
            ranks.setdefault(f"{value} ({origin})", []).append(rank)
    return [
        Problem(name, f"rank {', '.join(map(str, numbers))}", None, f"is {theirs}, on rank 0 {first[0]} ({first[1]})")
        for theirs, numbers in ranks.items()
    ]
