"""Optimizer and schedule for torch, and agreement of all processes of a distributed job."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..fingerprint import fingerprint
from ..groups import WHERE_IT_RUNS
from ..schedules import learning_rate
from .extras import needed

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

    One all_gather over the process group that there is; nothing where there is none. Every rank raises the same
    SettingsError, which names ranks, settings, both values and both origins. What says where a job runs may differ.
    """
    with needed("torch"):
        from torch import distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return
    said: list[dict[str, tuple[Any, str]] | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(said, {"": (fingerprint(settings), ""), **_told(settings)})
    told = [each or {} for each in said]
    if problems := _disagreements(told):
        raise SettingsError(problems)


def _told(settings: AptSettings) -> dict[str, tuple[Any, str]]:
    """Setting -> value, as JSON has it, and origin; what says where a job runs may differ."""
    values, fields = settings.model_dump(mode="json"), type(settings).model_fields
    counted = (name for name in values if WHERE_IT_RUNS not in fields[name].metadata)
    return {name: (values[name], str(settings.origin(name))) for name in counted}


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
