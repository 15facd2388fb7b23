"""What must hold between settings, and what a task demands of its own: one pure function over values."""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from .facts.datasets import plain, task_with
from .own import TaskClass

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
        nearest = bound - 1 if relation == "<" else bound
        return Broken(setting, f"{self.demand}, which is {bound}", other, nearest)


class Broken(NamedTuple):
    """A setting that does not go with the task, or with another setting."""

    setting: str
    demand: str
    """What it must be: `at most epochs, which is 40`."""
    other: str = ""
    """The setting that demands it; empty where the task does."""
    nearest: Any = None
    """The value closest to the present one that keeps the rule; None where the task demands it."""


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


def broken(values: Mapping[str, Any], task: str, task_class: type[TaskClass]) -> list[Broken]:
    """Every rule and demand that values break; those of the task only where it is known.

    `{"epochs": 10, "distill_epochs": 20}` -> `Broken("distill_epochs", "at most epochs, which is 10", "epochs", 10)`
    """
    found = [each for rule in RULES.values() if (each := rule.broken_by(values))]
    return [*found, *_broken_by_task(values, task, task_class)] if task else found


def _broken_by_task(values: Mapping[str, Any], task: str, task_class: type[TaskClass]) -> Iterator[Broken]:
    datasets, architectures = task_class.datasets, task_class.architectures
    dataset, architecture = values.get("dataset"), values.get("architecture")
    if "task" in values and values["task"] != task:
        yield Broken("task", f"{task}, the only task of {task_class.__name__}")
    if dataset is not None and datasets and dataset not in datasets:
        chooses = f" (APT_TASK={plain(dataset)} chooses its own)" if task_with(dataset) else ""
        yield Broken("dataset", f"one of {', '.join(datasets)} when the task is {task}{chooses}")
    if dataset is not None and not datasets and (of_paper := task_with(dataset)):
        chooses = f"(APT_TASK={plain(dataset)} chooses it)"
        yield Broken("dataset", f"no dataset of the paper when the task is {task}: it is of {of_paper} {chooses}")
    if architecture is not None and architectures and architecture not in architectures:
        yield Broken("architecture", f"one of {', '.join(architectures)} when the task is {task}")
    if values.get("max_target_length") is not None and not task_class.generates:
        yield Broken("max_target_length", f"none when the task is {task}: it generates nothing")
