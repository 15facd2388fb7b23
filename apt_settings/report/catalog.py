"""One row per setting, read off its declaration; every table, file and help text about settings is made from these."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from ..base import AptSettings
from ..facts.citations import Citation, cite
from ..facts.datasets import TaskName
from ..groups import Group
from ..sources.controls import CONTROLS
from ..sources.names import PREFIX
from ..tasks import DEFAULT_TASK, TASKS
from ..values import allowed, as_text


class Row(NamedTuple):
    """What there is to say about one setting or control, whatever a job sets."""

    name: str
    variable: str
    group: str
    """The concern it belongs to: `training`, `pruning`, `control`."""
    meaning: str
    allowed: str
    """The type and range in words."""
    defaults: Mapping[TaskName, str]
    """Task -> default, as a variable would hold it."""
    citations: Mapping[TaskName, Citation]
    """Task -> where that default comes from; empty for a control."""

    @property
    def default(self) -> str:
        """The default of every task, or those of all tasks in Table 6's order: `32 / 32 / 32 / 16 / 32`."""
        values = list(self.defaults.values())
        return values[0] if len(set(values)) == 1 else " / ".join(values)


@cache
def catalog() -> tuple[Row, ...]:
    """A row for every setting, group by group."""
    groups = [base for base in reversed(AptSettings.__bases__) if issubclass(base, Group)]
    return tuple(_setting(name, group) for group in groups for name in group.model_fields)


def _setting(name: str, group: type[Group]) -> Row:
    field = TASKS[DEFAULT_TASK].model_fields[name]
    defaults: dict[TaskName, str] = {task: as_text(each.model_fields[name].default) for task, each in TASKS.items()}
    if name == "task":  # each class has its own; this is what a job has when nobody chooses
        defaults = dict.fromkeys(TASKS, DEFAULT_TASK)
    citations: dict[TaskName, Citation] = {task: citation for task in TASKS if (citation := cite(name, task))}
    concern = group.__name__.removesuffix("Settings").lower()
    return Row(name, PREFIX + name.upper(), concern, field.description or "", allowed(field), defaults, citations)


def controls() -> Iterator[Row]:
    """A row for each variable that says how settings are read."""
    for name, control in CONTROLS.items():
        words = " or ".join(control.words) or "paths joined by :, of which later ones win"
        defaults = dict.fromkeys(TASKS, control.words[0] if control.words else ".env, if there is one")
        yield Row(name, PREFIX + name.upper(), "control", control.meaning, words, defaults, {})


def by_group() -> Iterator[tuple[str, list[Row]]]:
    """Each group of settings with its rows."""
    for group, rows in groupby(catalog(), lambda row: row.group):
        yield group, list(rows)


def env_example() -> str:
    """A `.env` with every setting commented out: what it means, what it takes, its default."""
    lines = [
        "# Every setting of apt-settings. Uncomment a line to set it; what stays commented out keeps its default.",
        "# A comment needs a line of its own. Several defaults are those of the tasks:",
        f"# {' / '.join(TASKS)}.",
    ]
    for group, rows in by_group():
        lines += ["", f"# ---- {group} ----"]
        for row in rows:
            lines += ["", f"# {row.meaning}", f"# {row.allowed}; default {row.default}"]
            lines += [f"#{row.variable}={row.defaults[DEFAULT_TASK]}"]
    return "\n".join(lines) + "\n"
