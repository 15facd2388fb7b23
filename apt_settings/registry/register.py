"""The register of what settings there are: those of a task's class, and those of groups that stand beside it.

Everything that must know which settings there are asks here, so that a setting of a project is one like ours.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..basics.escaping import shown
from ..facts.other_names import DERIVED, ELSEWHERE, OTHER_NAMES
from ..own import Group, leaves_of
from ..own.leaves import default_of
from ..sources.names import Names, names_of
from ..values import allowed, choices_of, holds_secret
from ..values.kinds import kind_of_field
from ..values.reading import bounds_of
from .fields import fields_of, project_defaults
from .setting import Setting, ours, task_of

if TYPE_CHECKING:
    from ..basics.origins import Origin


class Registry(NamedTuple):
    """What settings there are."""

    groups: tuple[Group[Any], ...] = ()
    """The groups that stand beside every task's class."""
    tasks: tuple[Group[Any], ...] = ()
    """The classes of a project's own tasks."""
    restated: bool = True
    """Whether what they say of our settings holds: the defaults of the paper are asked for without it."""

    @property
    def word(self) -> str:
        """What APT_EXTEND says of these groups and tasks; empty without any."""
        return ",".join(group.name for group in (*self.groups, *self.tasks))

    def missing(self, word: str) -> list[str]:
        """Those that a text of APT_EXTEND names, and that are none of these."""
        here = self.word.split(",")
        return [name for name in word.split(",") if name and name not in here]

    def settings_of(self, task_class: type[BaseModel]) -> Mapping[str, Setting]:
        """Name -> setting, of a task's class and of the groups beside it, in the order of their declaration.

        Of a class without a task those of all tasks, as any of them may be chosen.
        """
        tasks = () if task_of(task_class) else tuple(each.kind for each in self.tasks)
        return _settings_of(task_class, tasks, self.groups)

    def names_of(self, task_class: type[BaseModel]) -> Names:
        """What a reader of sources must know for this class."""
        return _names_of(task_class, self)


@cache
def _settings_of(
    task_class: type[BaseModel], tasks: tuple[type[BaseModel], ...], groups: tuple[Group[Any], ...]
) -> Mapping[str, Setting]:
    fields = {name: (each, field) for each in (*tasks, task_class) for name, field in each.model_fields.items()}
    order = (*task_class.model_fields, *(name for name in fields if name not in task_class.model_fields))
    own = {name: row for group in groups for name, row in fields_of(group).own.items()}
    return MappingProxyType({name: _setting(name, *fields[name]) for name in order} | own)


def _setting(name: str, owner: type[BaseModel], field: FieldInfo) -> Setting:
    return Setting(name, (name,), owner, field, secret=holds_secret(field.annotation))


@cache
def _names_of(task_class: type[BaseModel], known: Registry) -> Names:
    settings = known.settings_of(task_class)
    meant, hints = dict(OTHER_NAMES), {**DERIVED, **ELSEWHERE}
    defaults: dict[str, Origin] = {}
    for group in known.groups:
        meant |= fields_of(group).meant
        hints |= fields_of(group).hints
        defaults |= project_defaults(group) if known.restated else {}
    names = names_of(settings, [name for name, each in settings.items() if each.secret])
    return names._replace(meant=meant, hints=hints, defaults=defaults)


def passed_over(name: str) -> Iterator[str]:
    """What classes that were not written for us have as their default for a setting of ours: it does not count."""
    for group in registry().groups:
        for leaf in () if group.judges_itself else leaves_of(group):
            if fields_of(group).shared.get(leaf.path) == name and leaf.has_default:
                yield f"{group.name} has {'.'.join(leaf.path)} {shown(default_of(leaf.field))}, which does not count"


def narrowed(name: str) -> Iterator[str]:
    """What classes of a project say of a setting of ours, where they do not take all that we do: it counts as well."""
    if not (our := ours().get(name)):
        return
    for group in registry().groups:
        for leaf in leaves_of(group):
            if fields_of(group).shared.get(leaf.path) == name and _is_narrower(leaf.field, our):
                yield f"{group.name} takes {allowed(leaf.field)}"


def _is_narrower(field: FieldInfo, our: FieldInfo) -> bool:
    kind, usual = kind_of_field(field), kind_of_field(our)
    bounds, choices = bounds_of(field.metadata), choices_of(field)
    return (
        (bool(bounds) and bounds != bounds_of(our.metadata))
        or (bool(choices) and choices != choices_of(our))
        or (usual.optional and not kind.optional)
    )


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
