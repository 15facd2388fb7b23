"""The register of what settings there are: those of a task's class, and those of groups that stand beside it.

Everything that must know which settings there are asks here, so that a setting of a project is one like ours.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .groups import WHERE_IT_RUNS, SettingsGroup
from .sources.names import Names, names_of, variable_of


class Setting(NamedTuple):
    """One row of the register: a setting of a task's class or of a group beside it."""

    name: str
    """As arguments, records and messages have it: `eval_every`."""
    path: tuple[str, ...]
    """Where its value is in an object of its owner."""
    owner: type[BaseModel]
    """The class that has it: a task's, or a group beside it."""
    field: FieldInfo
    """Type, range, meaning and default."""

    @property
    def variable(self) -> str:
        """`APT_EVAL_EVERY`"""
        return variable_of(self.name)

    @property
    def default(self) -> Any:
        """What it is where nobody sets it; PydanticUndefined where somebody must."""
        return self.field.get_default(call_default_factory=True)

    @property
    def where_it_runs(self) -> bool:
        """Whether it says where a job runs and not what it is: the fingerprint leaves it out."""
        return WHERE_IT_RUNS in self.field.metadata

    @property
    def concern(self) -> str:
        """The group that declares it in a word: `training`, `pruning`; a class's own setting has the class's name."""
        groups = (each for each in self.owner.__mro__ if SettingsGroup in each.__bases__)
        group = next((each for each in groups if self.name in each.__annotations__), self.owner)
        return group.__name__.removesuffix("Settings").lower()


class Registry(NamedTuple):
    """What settings there are."""

    groups: tuple[type[SettingsGroup], ...] = ()
    """The groups that stand beside every task's class."""

    def settings_of(self, task_class: type[BaseModel]) -> Mapping[str, Setting]:
        """Name -> setting, of a task's class and of the groups beside it, in the order of their declaration."""
        return _settings_of(task_class, self.groups)

    def group_settings(self) -> Mapping[str, Setting]:
        """Name -> setting, of the groups alone."""
        return _group_settings(self.groups)

    def names_of(self, task_class: type[BaseModel]) -> Names:
        """What a reader of sources must know for this class."""
        return names_of(tuple(self.settings_of(task_class)))


@cache
def _settings_of(task_class: type[BaseModel], groups: tuple[type[SettingsGroup], ...]) -> Mapping[str, Setting]:
    own = {name: Setting(name, (name,), task_class, field) for name, field in task_class.model_fields.items()}
    return MappingProxyType({**own, **_group_settings(groups)})


@cache
def _group_settings(groups: tuple[type[SettingsGroup], ...]) -> Mapping[str, Setting]:
    rows = (Setting(name, (name,), group, field) for group in groups for name, field in group.model_fields.items())
    return MappingProxyType({row.name: row for row in rows})


_registry = Registry()


def registry() -> Registry:
    """The register in force."""
    return _registry


@contextmanager
def with_groups(*groups: type[SettingsGroup]) -> Generator[Registry, None, None]:
    """Within the block, these groups stand beside every task's class."""
    global _registry
    before = _registry
    _registry = before._replace(groups=(*before.groups, *groups))
    try:
        yield _registry
    finally:
        _registry = before
