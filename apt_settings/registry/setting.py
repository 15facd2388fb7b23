"""One setting: what it is called, who has it, where its default comes from, and whether it counts."""

import inspect
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Secret, SecretStr
from pydantic.fields import FieldInfo

from ..facts.datasets import DATASETS
from ..own import ADDED_LATER, NOT_COUNTED, WHERE_IT_RUNS, Group, SettingsGroup, definition_of, meaning_of
from ..own.leaves import default_of, is_derived
from ..sources.names import variable_of
from ..values import hide, read_value
from .groups import GROUPS

if TYPE_CHECKING:
    from ..facts.citations import Citation


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
        return Unset.DERIVED if is_derived(self.field) else self.hide(default_of(self.field))

    def read(self, given: Any) -> Any:
        """What is given, as a value of the setting's type; UNREADABLE where it is none."""
        plain = given.get_secret_value() if self.secret and isinstance(given, SecretStr | Secret) else given
        return read_value(plain, self.field.annotation)

    def hide(self, value: Any) -> Any:
        """A value as it is told: of a secret it is hidden, whatever its type."""
        return hide(value) if self.secret and not isinstance(value, Unset) else value

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
        return "" if self.is_own or declaring.__module__.startswith("apt_settings.") else declaring.__name__

    @property
    def citation(self) -> "Citation | None":
        """Where the default comes from; None for a setting that is not ours, or has no default."""
        from ..facts.citations import Citation, borrowed, cite  # no plain start asks for it

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
    def is_said_elsewhere(self) -> bool:
        """Whether the fingerprint leaves it out and all that runs one job must share it: the dataset says it."""
        return NOT_COUNTED in self.field.metadata

    @property
    def is_left_out(self) -> bool:
        """Whether the fingerprint leaves it out, whatever its value is."""
        return self.where_it_runs or self.is_said_elsewhere

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
    from ..facts.citations import cite

    is_borrowed = setting.citation and setting.citation != cite(setting.name, model_of(setting.owner))
    return "class default, of no paper" if is_borrowed else "class default"


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
