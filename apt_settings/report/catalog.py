"""One row per setting, made from its declaration. Every table, file and help text about settings uses these rows."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from ..facts.citations import Citation, cite
from ..facts.datasets import TaskName
from ..registry import Registry, Setting, registry
from ..sources.controls import CONTROLS
from ..sources.names import variable_of
from ..tasks import DEFAULT_TASK, TASKS
from ..values import allowed, as_text


class Row(NamedTuple):
    """What is true of one setting or control in every job."""

    name: str
    variable: str
    group: str
    """The group that it belongs to: `training`, `pruning`, `control`."""
    meaning: str
    allowed: str
    """The type and range in words."""
    defaults: Mapping[TaskName, str]
    """Task -> default, as a variable would hold it."""
    citations: Mapping[TaskName, Citation]
    """Task -> where that default comes from; empty for a control."""

    @property
    def default(self) -> str:
        """One default if all tasks share it, else one for each task in Table 6's order: `32 / 32 / 32 / 16 / 32`."""
        values = list(self.defaults.values())
        return values[0] if len(set(values)) == 1 else " / ".join(values)


def catalog() -> tuple[Row, ...]:
    """A row for every setting, group by group."""
    return _catalog(registry())


@cache
def _catalog(known: Registry) -> tuple[Row, ...]:
    of_tasks: dict[TaskName, Mapping[str, Setting]] = {task: known.settings_of(each) for task, each in TASKS.items()}
    rows = [_row(setting, of_tasks) for setting in of_tasks[DEFAULT_TASK].values()]
    concerns = list(dict.fromkeys(row.group for row in rows))
    return tuple(sorted(rows, key=lambda row: concerns.index(row.group)))


def _row(setting: Setting, settings_of_tasks: Mapping[TaskName, Mapping[str, Setting]]) -> Row:
    name, field = setting.name, setting.field
    defaults: dict[TaskName, str] = {task: as_text(each[name].default) for task, each in settings_of_tasks.items()}
    if name == "task":  # the default of a class is its task, but a job without APT_TASK has this one
        defaults = dict.fromkeys(TASKS, DEFAULT_TASK)
    citations: dict[TaskName, Citation] = {task: citation for task in TASKS if (citation := cite(name, task))}
    return Row(
        name,
        setting.variable,
        setting.concern,
        setting.meaning or "No description.",
        allowed(field),
        defaults,
        citations,
    )


def controls() -> Iterator[Row]:
    """A row for each variable that says how settings are read, such as APT_ENV_FILE."""
    for name, control in CONTROLS.items():
        words = " or ".join(control.words) or control.takes
        defaults = dict.fromkeys(TASKS, control.words[0] if control.words else control.default)
        yield Row(name, variable_of(name), "control", control.meaning, words, defaults, {})


def by_group() -> Iterator[tuple[str, list[Row]]]:
    """Each group with its rows: `("training", [...])`."""
    for group, rows in groupby(catalog(), lambda row: row.group):
        yield group, list(rows)


def env_example() -> str:
    """A `.env` with every setting commented out, below its meaning, the values that it takes and its default."""
    lines = [
        "# Every setting of apt-settings. Uncomment a line to set it; what stays commented out keeps its default.",
        "# A comment needs a line of its own. Where several defaults are listed, they are, in this order, those of:",
        f"# {' / '.join(TASKS)}.",
    ]
    for group, rows in by_group():
        lines += ["", f"# ---- {group} ----"]
        for row in rows:
            lines += ["", f"# {row.meaning}", f"# {row.allowed}; default {row.default}"]
            lines += [f"#{row.variable}={row.defaults[DEFAULT_TASK]}"]
    return "\n".join(lines) + "\n"
