"""The register of what settings there are: those of a task's class, and those of groups that stand beside it.

Everything that must know which settings there are asks here, so that a setting of a project is one like ours.
"""

import inspect
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .basics.escaping import shown
from .basics.origins import Origin
from .facts.datasets import DATASETS
from .facts.other_names import DERIVED, ELSEWHERE, OTHER_NAMES
from .groups import GROUPS
from .own import (
    ADDED_LATER,
    WHERE_IT_RUNS,
    Group,
    Leaf,
    SettingsGroup,
    decided_in,
    definition_of,
    leaves_of,
    meaning_of,
)
from .own.leaves import default_of, is_derived, is_secret
from .sources.names import Names, names_of, variable_of

if TYPE_CHECKING:
    from .facts.citations import Citation


class Unset(Enum):
    """What stands in place of a value that a setting does not have."""

    REQUIRED = "required, not set"
    """Somebody must set it, and nobody does."""
    DERIVED = "made from other settings"
    """A default that is not known by itself."""


class Setting(NamedTuple):
    """One row of the register: a setting of a task's class or of a group beside it."""

    name: str
    """As arguments, records and messages have it: `eval_every`, `net.lin1_size`."""
    path: tuple[str, ...]
    """Where its value is in an object of its owner: `("net", "lin1_size")`."""
    owner: type[Any]
    """The class that has it: a task's, or a group's."""
    field: FieldInfo
    """Type, range, meaning and default."""
    group: Group[Any] | None = None
    """The group beside the task's class that has it; None for a setting of the task's class."""
    secret: bool = False
    """Whether its value is never shown, recorded or written into a job's text."""

    @property
    def variable(self) -> str:
        """`APT_EVAL_EVERY`, `APT_NET__LIN1_SIZE`"""
        return variable_of(self.name)

    @property
    def default(self) -> Any:
        """What it is where nobody sets it; Unset.REQUIRED where somebody must."""
        if self.field.is_required():
            return Unset.REQUIRED
        return Unset.DERIVED if is_derived(self.field) else default_of(self.field)

    def default_among(self, values: Mapping[str, Any]) -> Any:
        """What one of ours is where nobody sets it, and the others have these values; of a project's own, `default`."""
        if self.is_own or self.default is not Unset.DERIVED:
            return self.default
        return self.field.get_default(call_default_factory=True, validated_data=dict(values))

    @property
    def is_own(self) -> bool:
        """Whether it is a project's and not ours: of a group, or added by the class of a task."""
        return self.name not in ours()

    @property
    def restated_by(self) -> str:
        """The class of a project, below one of ours, that gives a setting of ours its default; empty without one."""
        declaring = next(each for each in self.owner.__mro__ if self.path[0] in inspect.get_annotations(each))
        return "" if self.is_own or declaring.__module__.partition(".")[0] == __package__ else declaring.__name__

    @property
    def citation(self) -> "Citation | None":
        """Where the default comes from; None for a setting that is not ours, or has no default."""
        from .facts.citations import Citation, borrowed, cite  # no plain start asks for it

        if self.is_own or self.restated_by or self.field.is_required():
            return Citation("project", self.restated_by) if self.restated_by else None
        model = model_of(self.owner)
        return cite(self.name, model) if task_of(self.owner) in ("", model) else borrowed(self.name, model)

    @property
    def default_origin(self) -> str:
        """What the origin of the default reads: `class default`, `Gsm8kSettings default`."""
        return _default_origin(self)

    @property
    def where_it_runs(self) -> bool:
        """Whether it says where a job runs and not what it is: the fingerprint leaves it out."""
        marked = self.group.where_it_runs if self.group else ()
        return WHERE_IT_RUNS in self.field.metadata or self.path[0] in marked

    @property
    def is_new(self) -> bool:
        """Whether it counts only where it is not at its default, so that it changed no fingerprint when it came."""
        added = self.is_own and (self.group is not None or task_of(self.owner) not in DATASETS)
        return added or ADDED_LATER in self.field.metadata

    @property
    def meaning(self) -> str:
        """What it is about; empty where nobody says so."""
        return self.field.description or (meaning_of(self.owner, self.path) if self.is_own else "")

    @property
    def definition(self) -> str:
        """File and line of the field in a project's class: `trainer/settings.py:12`; empty for one of ours."""
        return definition_of(self.owner, self.path) if self.is_own or self.restated_by else ""

    @property
    def concern(self) -> str:
        """The group that declares it: `training`, `pruning`, `TrainerSettings`; a class's own setting has its name."""
        if self.group:
            return self.group.title
        groups = (each for each in self.owner.__mro__ if SettingsGroup in each.__bases__)
        group = next((each for each in groups if self.name in each.__annotations__), self.owner)
        return group.__name__.removesuffix("Settings").lower()


@cache
def _default_origin(setting: Setting) -> str:
    if setting.restated_by:
        return f"{setting.restated_by} default"
    from .facts.citations import cite

    is_borrowed = setting.citation and setting.citation != cite(setting.name, model_of(setting.owner))
    return "class default, of no paper" if is_borrowed else "class default"


class Fields(NamedTuple):
    """What the fields of a group are."""

    own: Mapping[str, Setting]
    """Name -> setting, of those that are settings of their own."""
    shared: Mapping[tuple[str, ...], str]
    """Path -> our setting, of those that have its value."""
    hints: Mapping[str, str]
    """Name -> what to do instead, of those that are no settings."""


@cache
def ours() -> Mapping[str, FieldInfo]:
    """Name -> declaration, of the settings that every task has."""
    return {name: field for each in GROUPS for name, field in each.model_fields.items()}


def task_of(kind: type[Any]) -> str:
    """The task of a task's class; empty for AptSettings, which has none, and for any other class."""
    field = getattr(kind, "model_fields", {}).get("task")
    return "" if field is None or field.is_required() else str(field.default)


def model_of(task_class: type[Any]) -> str:
    """The task of the paper whose defaults a class has: its own or the nearest above it; for a custom one GLUE-big."""
    return next((task for each in task_class.__mro__ if (task := task_of(each)) in DATASETS), "glue_big")


@cache
def fields_of(group: Group[Any]) -> Fields:
    """Which fields of a group are settings of their own, which have our values, and which nothing can set."""
    own: dict[str, Setting] = {}
    shared: dict[tuple[str, ...], str] = {}
    hints: dict[str, str] = {}
    decided = decided_in(group.kind)
    means = {**dict.fromkeys(decided.fields if decided else (), ""), **dict(group.means)}
    for leaf in leaves_of(group):
        path, top = leaf.path, leaf.path[0]
        if len(path) == 1 and (top in means or (top in ours() and top not in group.apart)):
            if decided is None:  # pragma: no branch - else transformers' integration fills it
                shared[path] = means.get(top, top)
            hints |= {top: f"that is {variable_of(means[top])}"} if means.get(top) else {}
            continue
        name = _name_of(group, leaf)
        for parent in accumulate(name.split(".")[:-1], "{}.{}".format):
            hints.setdefault(parent, "its fields are settings:")
            hints[parent] += f" {name}"
        if leaf.settable:
            own[name] = Setting(name, path, group.kind, leaf.field, group, leaf.secret)
        else:
            kind = getattr(leaf.field.annotation, "__name__", str(leaf.field.annotation))
            hints[name] = f"its type {kind} has no text form: it keeps its default"
    return Fields(own, shared, hints)


def _name_of(group: Group[Any], leaf: Leaf) -> str:
    return ".".join((f"{group.prefix}_{leaf.path[0]}" if group.prefix else leaf.path[0], *leaf.path[1:]))


class Registry(NamedTuple):
    """What settings there are."""

    groups: tuple[Group[Any], ...] = ()
    """The groups that stand beside every task's class."""
    tasks: tuple[Group[Any], ...] = ()
    """The classes of a project's own tasks."""
    restated: bool = True
    """Whether the defaults that they restate for our settings hold: those of the paper are asked for without them."""

    @property
    def word(self) -> str:
        """What APT_EXTEND says of these groups and tasks; empty without any."""
        return ",".join(group.name for group in (*self.groups, *self.tasks))

    def settings_of(self, task_class: type[BaseModel]) -> Mapping[str, Setting]:
        """Name -> setting, of a task's class and of the groups beside it, in the order of their declaration.

        Of a class without a task those of all tasks, as any of them may be chosen.
        """
        tasks = () if task_of(task_class) else tuple(each.kind for each in self.tasks)
        return _settings_of(task_class, tasks, self.groups)

    def group_settings(self) -> Mapping[str, Setting]:
        """Name -> setting, of the groups alone."""
        return _group_settings(self.groups)

    def names_of(self, task_class: type[BaseModel]) -> Names:
        """What a reader of sources must know for this class."""
        return _names_of(task_class, self)


@cache
def _settings_of(
    task_class: type[BaseModel], tasks: tuple[type[BaseModel], ...], groups: tuple[Group[Any], ...]
) -> Mapping[str, Setting]:
    fields = {name: (each, field) for each in (*tasks, task_class) for name, field in each.model_fields.items()}
    order = (*task_class.model_fields, *(name for name in fields if name not in task_class.model_fields))
    return MappingProxyType({name: _setting(name, *fields[name]) for name in order} | dict(_group_settings(groups)))


def _setting(name: str, owner: type[BaseModel], field: FieldInfo) -> Setting:
    return Setting(name, (name,), owner, field, secret=is_secret(field))


@cache
def _group_settings(groups: tuple[Group[Any], ...]) -> Mapping[str, Setting]:
    return MappingProxyType({name: row for group in groups for name, row in fields_of(group).own.items()})


@cache
def _names_of(task_class: type[BaseModel], known: Registry) -> Names:
    settings = known.settings_of(task_class)
    hints = {name: f"that is {variable_of(meant)}" for name, meant in OTHER_NAMES.items()} | {**DERIVED, **ELSEWHERE}
    defaults: dict[str, Origin] = {}
    for group in known.groups:
        hints |= fields_of(group).hints
        defaults |= project_defaults(group) if known.restated else {}
    names = names_of(settings, [name for name, each in settings.items() if each.secret])
    return names._replace(hints=hints, defaults=defaults)


def project_defaults(group: Group[Any]) -> dict[str, Origin]:
    """Our setting -> the default that a SettingsGroup restates for it: `TrainerSettings default`."""
    if not group.judges_itself:
        return {}
    declared = {leaf.path: leaf for leaf in leaves_of(group) if leaf.has_default}
    values = {
        name: default_of(declared[path].field) for path, name in fields_of(group).shared.items() if path in declared
    }
    return {
        name: Origin("project default", f"{group.title} default", variable_of(name), value, shown(value))
        for name, value in values.items()
    }


def passed_over(name: str) -> Iterator[str]:
    """What classes that were not written for us have as their default for a setting of ours: it does not count."""
    for group in registry().groups:
        for leaf in () if group.judges_itself else leaves_of(group):
            if fields_of(group).shared.get(leaf.path) == name and leaf.has_default:
                yield f"{group.name} has {'.'.join(leaf.path)} {shown(default_of(leaf.field))}, which does not count"


_process = Registry()
"""What settings there are in this process, where nobody says otherwise."""
_in_force: ContextVar[Registry | None] = ContextVar("_in_force", default=None)


def registry() -> Registry:
    """The register in force."""
    return _in_force.get() or _process


@contextmanager
def in_force(known: Registry) -> Generator[Registry, None, None]:
    """Within the block, there are these settings."""
    token = _in_force.set(known)
    try:
        yield known
    finally:
        _in_force.reset(token)


def extend_process(known: Registry) -> None:
    """Let these be the settings of this process, where nobody says otherwise."""
    global _process
    _process = known
