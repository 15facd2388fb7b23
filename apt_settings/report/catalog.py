"""One row per setting, made from its declaration. Every table, file and help text about settings uses these rows."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from ..facts.citations import Citation
from ..registry import Registry, Setting, registry
from ..sources.controls import CONTROLS
from ..sources.names import variable_of
from ..tasks import DEFAULT_TASK, TASKS, tasks
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
    defaults: Mapping[str, str]
    """Task -> default, as a variable would hold it; without the tasks that do not have the setting."""
    citations: Mapping[str, Citation]
    """Task -> where that default comes from; empty for a control."""

    @property
    def default(self) -> str:
        """One default if all tasks share it, else one for each task in Table 6's order: `32 / 32 / 32 / 16 / 32`."""
        values = list(self.defaults.values())
        return values[0] if len(set(values)) == 1 else " / ".join(values)

    @property
    def example(self) -> str:
        """The default of the task that a job has where nobody chooses, or of the first that has the setting."""
        return self.defaults.get(DEFAULT_TASK) or next(iter(self.defaults.values()))


def catalog() -> tuple[Row, ...]:
    """A row for every setting, group by group."""
    return _catalog(registry())


@cache
def _catalog(known: Registry) -> tuple[Row, ...]:
    of_tasks = {task: known.settings_of(each) for task, each in tasks(known).items()}
    names = dict.fromkeys(name for task in (DEFAULT_TASK, *of_tasks) for name in of_tasks[task])
    rows = [_row(name, of_tasks) for name in names]
    concerns = list(dict.fromkeys(row.group for row in rows))
    return tuple(sorted(rows, key=lambda row: concerns.index(row.group)))


def _row(name: str, of_tasks: Mapping[str, Mapping[str, Setting]]) -> Row:
    having = {task: settings[name] for task, settings in of_tasks.items() if name in settings}
    first = having.get(DEFAULT_TASK) or next(iter(having.values()))
    defaults = {task: as_text(each.default_among(_defaults(of_tasks[task]))) for task, each in having.items()}
    takes = _takes(having)
    if name == "task":  # the default of a class is its task, but a job without APT_TASK has this one
        defaults, takes = dict.fromkeys(of_tasks, DEFAULT_TASK), f"one of {', '.join(of_tasks)}"
        having = dict.fromkeys(of_tasks, first)
    citations = {task: citation for task, each in having.items() if (citation := each.citation)}
    return Row(
        name,
        first.variable,
        first.concern,
        first.meaning or "No description.",
        takes,
        defaults,
        citations,
    )


def _defaults(settings: Mapping[str, Setting]) -> dict[str, object]:
    return {name: setting.default for name, setting in settings.items()}


def _takes(having: Mapping[str, Setting]) -> str:
    """What the setting takes in the tasks: `one of mrpc, cola; when the task is custom: one line`."""
    tasks_with: dict[str, list[str]] = {}
    for task, setting in having.items():
        tasks_with.setdefault(allowed(setting.field), []).append(task)
    (usual, _), *others = tasks_with.items()
    return "; ".join((usual, *(f"when the task is {' or '.join(each)}: {words}" for words, each in others)))


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
        f"# {' / '.join(tasks())}.",
    ]
    for group, rows in by_group():
        lines += ["", f"# ---- {group} ----"]
        for row in rows:
            lines += ["", f"# {row.meaning}", f"# {row.allowed}; default {row.default}"]
            lines += [f"#{row.variable}={row.example}"]
    return "\n".join(lines) + "\n"
