"""What must hold between settings, and what a task demands of its own: one pure function over values."""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from ..facts.architectures import tasks_with
from ..facts.datasets import plain, task_with
from ..own import TaskClass

_HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    "|": lambda part, whole: whole % part == 0,
}
_WORDS: Final = {"<=": "at most", "<": "less than", ">=": "at least", "|": "a divisor of"}


class Rule(NamedTuple):
    """`setting` stands in `relation` to `other`, where neither is none, and `where` is not 0."""

    setting: str
    relation: Literal["<=", "<", ">=", "|"]
    other: str
    where: str = ""
    """The setting without which this means nothing; empty where there is none."""

    @property
    def demand(self) -> str:
        """What the setting must be: `at least initial_rank`."""
        return f"{_WORDS[self.relation]} {self.other}"

    def broken_by(self, values: Mapping[str, Any]) -> "Broken | None":
        """What is demanded of values that break the rule; an absent value breaks none."""
        setting, relation, other, where = self
        if where and not values.get(where, True):
            return None
        value, bound = values.get(setting), values.get(other)
        if value is None or bound is None or _HOLDS[relation](value, bound):
            return None
        nearest = divisors_around(value, bound) if relation == "|" else (bound - 1 if relation == "<" else bound,)
        return Broken(setting, f"{self.demand}, which is {bound}", other, nearest)


class Broken(NamedTuple):
    """A setting that does not go with the task, or with another setting."""

    setting: str
    demand: str
    """What it must be: `at most epochs, which is 40`."""
    other: str = ""
    """The setting that demands it; empty where the task does."""
    nearest: tuple[Any, ...] = ()
    """The values closest to the present one that keep the rule, below it and above; empty where the task demands it."""

    @property
    def closest(self) -> Any:
        """The first of them; None where there is none, which is what a task demands of what it does not have."""
        return next(iter(self.nearest), None)


RULES: Final = {
    rule.setting: rule
    for rule in (
        Rule("distill_epochs", "<=", "epochs"),
        Rule("pruning_end_epoch", "<=", "epochs", where="target_sparsity"),
        Rule("sparsity_warmup_epochs", "<", "pruning_end_epoch", where="target_sparsity"),
        Rule("initial_sparsity", "<=", "target_sparsity"),
        Rule("max_rank", ">=", "initial_rank"),
        Rule("per_device_batch_size", "|", "batch_size"),
    )
}
"""By the setting that each belongs to."""


EXCLUSIVE: Final[Mapping[str, str]] = {"warmup_steps": "warmup_ratio"}
"""Setting -> another one that says the same in another way: a job sets one of them."""


def divisors_around(size: int, whole: int) -> tuple[int, ...]:
    """The divisors of `whole` that are next to `size`, below it and above: 12 of 32 -> (8, 16); 64 of 32 -> (32,)."""
    below = next(each for each in range(min(size, whole), 0, -1) if whole % each == 0)
    above = next((each for each in range(size, whole + 1) if whole % each == 0), below)
    return tuple(dict.fromkeys((below, above)))


def broken(values: Mapping[str, Any], task: str, task_class: type[TaskClass]) -> list[Broken]:
    """Every rule and demand that values break; those of the task only where it is known.

    `{"epochs": 10, "distill_epochs": 20}` -> `Broken("distill_epochs", "at most epochs, which is 10", "epochs", 10)`
    """
    found = [each for rule in RULES.values() if (each := rule.broken_by(values))]
    return [*found, *_broken_by_task(values, task, task_class)] if task else found


def fit(values: Mapping[str, Any], task: str, task_class: type[TaskClass]) -> dict[str, Broken]:
    """For values of which only defaults break a rule, setting -> what it breaks; with each at its nearest, all fits.

    `{"epochs": 2, "pruning_end_epoch": 24, "sparsity_warmup_epochs": 4}` -> nearest 2 for `pruning_end_epoch`, and
    therefore nearest 1 for `sparsity_warmup_epochs`
    """
    found: dict[str, Broken] = {}
    for _ in RULES:  # the longest way from one setting to another
        fitting = {name: each.closest for name, each in found.items()}
        found |= {each.setting: each for each in broken({**values, **fitting}, task, task_class)}
    return found


def _broken_by_task(values: Mapping[str, Any], task: str, task_class: type[TaskClass]) -> Iterator[Broken]:
    dataset, architecture = values.get("dataset"), values.get("architecture")
    if "task" in values and values["task"] != task:
        yield Broken("task", only_task(task, task_class))
    if dataset is not None and task_class.datasets and dataset not in task_class.datasets:
        chooses = f" (APT_TASK={plain(dataset)} chooses its own)" if task_with(dataset) else ""
        yield Broken("dataset", f"{demanded('dataset', task, task_class)}{chooses}")
    if dataset is not None and not task_class.datasets and (of_paper := task_with(dataset)):
        chooses = f"(APT_TASK={plain(dataset)} chooses it)"
        yield Broken("dataset", f"no dataset of the paper when the task is {task}: it is of {of_paper} {chooses}")
    if architecture is not None and task_class.architectures and architecture not in task_class.architectures:
        others = f" ({words})" if (words := of_tasks(architecture)) else ""
        yield Broken("architecture", f"{demanded('architecture', task, task_class)}{others}")
    if values.get("max_target_length") is not None and not task_class.generates:
        yield Broken("max_target_length", f"none when the task is {task}: it generates nothing")


def only_task(task: str, task_class: type[TaskClass]) -> str:
    """What the setting `task` must be where a class is chosen already."""
    return f"{task}, the only task of {task_class.__name__}"


def demanded(setting: str, task: str, task_class: type[TaskClass]) -> str:
    """What a task demands of a setting: `one of squad_v2, squad when the task is squad`; empty for nothing."""
    fitting = {"dataset": task_class.datasets, "architecture": task_class.architectures}.get(setting)
    return f"one of {', '.join(fitting)} when the task is {task}" if fitting else ""


def of_tasks(name: str) -> str:
    """Which tasks of the paper have a dataset or architecture: `sst2 is of the task glue_big`; empty where none has."""
    names = tasks_with(name) or tuple(filter(None, (task_with(name),)))
    return f"{name} is of the task{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""
