"""Optimizer and learning rate schedule for torch, and a check that all processes of a job have equal settings."""

from typing import TYPE_CHECKING, Any

from ..base import AptSettings
from ..basics.differences import Side
from ..errors import Problem, SettingsError
from ..fingerprint import compared
from ..schedules import learning_rate
from .extras import decays, gather, require, world_size
from .precision import set_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch.amp import autocast as autocast_mode
    from torch.nn import Parameter
    from torch.optim import Adam, AdamW, Optimizer
    from torch.optim.lr_scheduler import LambdaLR


def autocast(settings: AptSettings) -> "autocast_mode":
    """A torch.autocast for the precision of the settings, on the GPU if there is one: it does nothing in fp32 and tf32.

        with autocast(settings):
            loss = model(batch)

    Sets torch's switch for TF32. fp16 needs a torch.amp.GradScaler too. A SettingsWarning tells where the hardware
    lacks the precision, and fp32 is used. Raises SettingsError if torch is missing.
    """
    precision = set_here(settings)
    import torch

    types = {"fp16": torch.float16, "bf16": torch.bfloat16}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.autocast(device, types.get(precision), enabled=precision in types)


def optimizer(
    settings: AptSettings,
    parameters: "Iterable[Parameter] | Iterable[tuple[str, Parameter]] | Iterable[dict[str, Any]]",
) -> "Optimizer":
    """torch.optim.Adam or AdamW, as the setting `optimizer` says, with learning_rate and weight_decay.

        optimizer(settings, model.named_parameters())

    Adam adds weight decay to the gradient, AdamW does not. Biases and norms are spared, as in the Trainer: all tensors
    of one dimension, and those with `bias` in their names, where names are given. A group that is a dict with its own
    `weight_decay` keeps it. All other options are torch's defaults. Raises SettingsError if torch is missing.
    """
    groups = _groups(list(parameters))
    return optimizer_class(settings)(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def optimizer_class(settings: AptSettings) -> "type[Adam | AdamW]":
    """torch's class for the setting `optimizer`. Raises SettingsError if torch is missing."""
    with require("torch"):
        from torch.optim import Adam, AdamW
    kinds: dict[str, type[Adam | AdamW]] = {"adam": Adam, "adamw": AdamW}
    return kinds[settings.optimizer]


def _groups(parameters: "list[Any]") -> list[dict[str, Any]]:
    """The parameters in groups: those that decay, those that are spared, and groups that say it themselves."""
    groups = parameters if parameters and isinstance(parameters[0], dict) else [{"params": parameters}]
    return [part for group in groups for part in ([group] if "weight_decay" in group else _parted(group))]


def _parted(group: dict[str, Any]) -> "Iterator[dict[str, Any]]":
    decaying: list[Any] = []
    spared: list[Any] = []
    given = group["params"]
    for each in [given] if hasattr(given, "ndim") else given:
        name, parameter = each if isinstance(each, tuple) else ("", each)
        (decaying if decays(name, parameter) else spared).append(each)
    yield {**group, "params": decaying}
    if spared:
        yield {**group, "params": spared, "weight_decay": 0.0}


def scheduler(settings: AptSettings, optimizer: "Optimizer", total_steps: int) -> "LambdaLR":
    """A LambdaLR whose rate at each step is that of `schedules.learning_rate`; step it after the optimizer.

    It makes one step for a step of the optimizer, also if it is told more often, as by `accelerator.prepare`, which
    tells it once for each process. `total_steps` is `plan(settings).total_steps`, for any number of processes.

    Raises SettingsError if torch is missing.
    """
    with require("torch"):
        from torch.optim.lr_scheduler import LambdaLR

    class OncePerStep(LambdaLR):  # type: ignore[misc]  # torch is none of the linter's
        is_due: bool | None = None  # None: of an optimizer that tells no hook, which is never waited for

        def step(self, epoch: int | None = None) -> None:
            if self.is_due is not False:
                super().step(epoch)
                self.is_due = self.is_due and False

    rate = learning_rate(settings, total_steps)
    made = OncePerStep(optimizer, lambda step: rate(step) / settings.learning_rate)
    inner = getattr(optimizer, "optimizer", optimizer)  # of accelerate's and Lightning's wrappers
    inner.register_step_post_hook(lambda *_: setattr(made, "is_due", True))
    return made


def require_agreement(settings: AptSettings) -> None:
    """Stop all processes of a distributed job if the settings of one differ from those of the others.

    Call it after the process group is joined and, for NCCL, after torch.cuda.set_device: it calls all_gather_object
    once, on the default group. Every rank raises the same SettingsError with the ranks, the settings, both values and
    both origins. Settings that say where a job runs may differ.

    Does nothing in a job of one process. Raises SettingsError if WORLD_SIZE is larger than 1 and the group is not
    joined, and if torch is missing.
    """
    ranks = gather(_sides(settings))
    if ranks is None:
        _refuse_missing_group(world_size())
    elif problems := _disagreements(ranks):
        raise SettingsError(problems)


def _refuse_missing_group(processes: int) -> None:
    if processes > 1:
        wrong = "is a job whose processes have not joined their group yet"
        fix = "call require_agreement after init_process_group or training_arguments"
        raise SettingsError.at("environment WORLD_SIZE", wrong, fix=fix, value=str(processes))


def _sides(settings: AptSettings) -> dict[str, Side]:
    """Setting -> value and origin, for the settings that must be equal in every process."""
    return {name: Side(value, str(settings.origin(name))) for name, value in compared(settings).items()}


def _disagreements(ranks: list[dict[str, Side]]) -> list[Problem]:
    """A problem for each setting and value that most ranks do not have, with all the ranks that have it.

    Of two values that as many ranks have, that of the lowest rank is the usual one.
    """
    problems = []
    for name in dict.fromkeys(name for each in ranks for name in each):
        having: dict[str, list[int]] = {}
        for rank, each in enumerate(ranks):
            side = each.get(name)
            having.setdefault(repr(side and side.value), []).append(rank)
        usual, *others = sorted(having.values(), key=lambda numbers: (-len(numbers), numbers))
        most = f"rank {usual[0]}" if len(usual) == 1 else f"{len(usual)} of {len(ranks)} ranks"
        for numbers in others:
            wrong = f"is {_describe(ranks[numbers[0]].get(name))}, on {most} {_describe(ranks[usual[0]].get(name))}"
            problems.append(Problem(f"rank {', '.join(map(str, numbers))} {name}", wrong, setting=name))
    return problems


def _describe(side: Side | None) -> str:
    return f"{side.value} ({side.origin})" if side else "no such setting"
