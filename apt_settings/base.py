"""AptSettings: what the settings of every task have in common."""

import os
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self, get_args

from pydantic import PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from .basics.origins import Origin
from .basics.suggestions import did_you_mean, nearest
from .errors import Problem, SettingsError
from .facts.architectures import ArchitectureName
from .facts.datasets import DatasetName, TaskName
from .groups import (
    DataSettings,
    DistillationSettings,
    ModelSettings,
    OptimizationSettings,
    PruningSettings,
    TrainingSettings,
    TuningSettings,
)
from .rules import RULES
from .sources.controls import CONTROLS
from .sources.layers import EnvFile, Reading, read
from .sources.names import PREFIX
from .sources.readers import Source
from .validation_errors import DOES_NOT_FIT, refusals
from .values import read_value

_CONFIG: Final = SettingsConfigDict(
    env_prefix=PREFIX,
    extra="forbid",
    frozen=True,
    defer_build=True,
    validate_default=False,  # a default that does not fit what was set is a note, not an error
    hide_input_in_errors=True,
    protected_namespaces=(),
)
_NOT_CONSULTED: Final = ("env_", "case_", "cli_", "nested_", "secrets_")


class AptSettings(  # pyright: ignore[reportIncompatibleVariableOverride]  # BaseSettings narrows its model_config
    BaseSettings,
    OptimizationSettings,
    TuningSettings,
    PruningSettings,
    DistillationSettings,
    TrainingSettings,
    ModelSettings,
    DataSettings,
):
    """All settings of one APT job: typed, frozen, hashable, and each with its origin.

    A task's class, or a subclass of it with more fields, reads the environment when it is called:

        SquadSettings(epochs=30).origin("epochs")       # argument epochs
        SquadSettings(_env_file="prod.env")             # in place of .env; None reads none

    Raises SettingsError. Two settings are equal when their class and values are, whoever set them.
    """

    model_config = _CONFIG

    datasets: ClassVar[tuple[DatasetName, ...]] = ()
    """What the task can be trained on."""
    architectures: ClassVar[tuple[ArchitectureName, ...]] = ()
    """The models that the task is run with."""
    generates: ClassVar[bool] = False
    """Whether the model writes text, of up to max_target_length tokens."""

    _reading: Reading = PrivateAttr()

    if TYPE_CHECKING:  # type checkers make up a class's __init__ from its fields, and know this argument only as one
        _env_file: EnvFile = ...

    def __init__(self, *, _env_file: EnvFile = ..., _reading: Reading | None = None, **arguments: Any) -> None:
        draft = draft_of(type(self), _reading or reading_for(type(self), os.environ, _env_file, arguments))
        problems = list(draft.problems)
        try:
            self.__pydantic_validator__.validate_python(draft.values, self_instance=self, context=draft.released)
        except ValidationError as error:
            refused = refusals(error, type(self).__name__, type(self).model_fields, draft.givers)
            # Where the task is what is wrong, what its class would give is not missing.
            problems += refused if type(self) is not AptSettings else [each for each in refused if each.origin]
        if problems:
            raise SettingsError(problems)
        self._reading = draft.reading

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse what a subclass would say in vain, as the sources are read here: options of theirs, and aliases."""
        super().__pydantic_init_subclass__(**kwargs)
        common = AptSettings.model_config
        changed = [key for key, value in cls.model_config.items() if value != common.get(key)]
        in_vain = [f"model_config {key}" for key in changed if key.startswith(_NOT_CONSULTED)]
        in_vain += ["settings_customise_sources"] * ("settings_customise_sources" in vars(cls))
        in_vain += [f"{PREFIX}{name.upper()} as a setting" for name in CONTROLS if name in cls.model_fields]
        in_vain += [f"the alias of {name}" for name, field in cls.model_fields.items() if field.validation_alias]
        if in_vain:
            raise TypeError(f"{cls.__name__}: apt-settings does not consult {', '.join(in_vain)}")

    def origin(self, name: str) -> Origin:
        """Who set a setting, and whom that overrules. Raises SettingsError for a name that is no setting."""
        fields = type(self).model_fields
        if name not in fields:
            raise SettingsError([Problem(name, "", None, "is not a setting", fix=did_you_mean(nearest(name, fields)))])
        return self._reading.origin(name, fields[name].get_default(call_default_factory=True))

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Setting -> who set it, for every setting."""
        return MappingProxyType({name: self.origin(name) for name in type(self).model_fields})

    @property
    def misfits(self) -> tuple[str, ...]:
        """The settings whose default does not fit what was set beside it: `distill_epochs` under APT_EPOCHS=10."""
        values = self.__dict__
        return tuple(name for name, rule in RULES.items() if not rule.holds(values[name], values))

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know although nothing is wrong: defaults that no longer fit, names that were let pass."""
        return (*self._reading.notes, *map(self._note, self.misfits))

    @property
    def env_files(self) -> tuple[str, ...]:
        """The absolute path of every `.env` that was read."""
        return self._reading.env_files

    @property
    def controls(self) -> Mapping[str, str]:
        """What was said of how the settings are read, by the name of the control."""
        said = {name: self._reading.first(name) for name, control in CONTROLS.items() if control.words}
        words = {name: str(origin.value) if origin else CONTROLS[name].words[0] for name, origin in said.items()}
        return {**words, "env_file": ":".join(self.env_files)}

    @property
    def directory(self) -> str:
        """The working directory in which `.env` was looked for."""
        return self._reading.directory

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with `update` as arguments: checked and traced like any other. Raises SettingsError."""
        if not update:
            return super().model_copy(deep=deep)
        return type(self)(_reading=self._reading.under(update, type(self).model_fields))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    @field_validator("task", "dataset", "architecture", "max_target_length")
    @classmethod
    def _fits_task(cls, value: Any, info: ValidationInfo) -> Any:
        """Judge a value that was set against the task; pydantic skips defaults, the context names the release's."""
        name = str(info.field_name)
        if name not in (info.context or ()) and (demand := cls._demand_of_task(name, value)):
            raise PydanticCustomError(DOES_NOT_FIT, "{demand}", {"demand": demand})
        return value

    @field_validator(*RULES)
    @classmethod
    def _fits_others(cls, value: Any, info: ValidationInfo) -> Any:
        """Judge a value that was set against the other setting of its rule, which stands before it."""
        name, others = str(info.field_name), info.data
        rule = RULES[name]
        if name not in (info.context or ()) and not rule.holds(value, others):
            context = {"demand": rule.allowed(others), "other": rule.other, "nearest": rule.nearest(others)}
            raise PydanticCustomError(DOES_NOT_FIT, "{demand}", context)
        return value

    @classmethod
    def _demand_of_task(cls, name: str, value: Any) -> str:
        """What the task demands of a setting that does not fit it; empty where it fits or the task is not known."""
        if cls is AptSettings:
            return ""
        task = cls.model_fields["task"].default
        match name:
            case "task" if value != task:
                return f"{task}, the only task of {cls.__name__}"
            case "dataset" if value not in cls.datasets:
                return f"one of {', '.join(cls.datasets)} when the task is {task} (APT_TASK={value} chooses its own)"
            case "architecture" if value not in cls.architectures:
                return f"one of {', '.join(cls.architectures)} when the task is {task}"
            case "max_target_length" if value is not None and not cls.generates:
                return f"none when the task is {task}: it generates nothing"
        return ""

    def _note(self, misfit: str) -> str:
        rule, others = RULES[misfit], self.__dict__
        return (
            f"{misfit} stays {others[misfit]} ({self.origin(misfit)}) although it should be {rule.allowed(others)} "
            f"({self.origin(rule.other)}); to change it: {PREFIX}{misfit.upper()}={rule.nearest(others)}"
        )


class Draft(NamedTuple):
    """What a class is to be made of, before it is validated."""

    reading: Reading
    givers: dict[str, Origin]
    """Setting -> who decides it, where anybody does."""
    values: dict[str, Any]
    released: set[str]
    """The settings whose value is the release's."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong already."""
        return (*self.reading.problems, *self.reading.reference.problems)


def draft_of(cls: type[AptSettings], reading: Reading) -> Draft:
    """A draft of a class by what the sources say, and the release where the job asks for it."""
    reading = reading._replace(reference=_release(cls, reading))
    fields = cls.model_fields
    givers = {name: giver for name, giver in reading.deciding.items() if name in fields}
    values = {name: read_value(giver.value, fields[name].annotation) for name, giver in givers.items()}
    released = {name for name, giver in givers.items() if giver.kind == "release"}
    return Draft(reading, givers, values, released)


def misfits_of(cls: type[AptSettings], values: Mapping[str, Any], released: Collection[str]) -> tuple[str, ...] | None:
    """The misfits of an instance of a class with these values, that are read; None where they are not valid."""
    instance = cls.__new__(cls)
    try:
        cls.__pydantic_validator__.validate_python(values, self_instance=instance, context=released)
    except ValidationError:
        return None
    return instance.misfits


def reading_for(
    cls: type[AptSettings], environ: Mapping[str, str], env_file: EnvFile, arguments: Mapping[str, Any]
) -> Reading:
    """What the sources say to a class with a task of its own: APT_TASK does not count, and a note says so.

    Raises TypeError for a class without a task.
    """
    task = cls.model_fields["task"].default
    if task not in get_args(TaskName):
        raise TypeError(f"{cls.__name__} has no task: call load(), or use a task's class, such as SquadSettings")
    reading = read(environ, env_file, arguments, cls.model_fields)
    asked = reading.first("task")
    if asked is None or asked.kind == "argument":
        return reading
    reading = reading.without("task", "environment", "env file")
    if task_word(asked.value) == task:
        return reading
    note = f"{asked.label}={asked.text} is not read by {cls.__name__}, whose task is {task}"
    return reading._replace(notes=(*reading.notes, note))


def _release(cls: type[AptSettings], reading: Reading) -> Source:
    """What the release says to a class, where the job asks for it; a problem where it has no script for the job."""
    asked = reading.first("reference")
    if asked is None or asked.value != "release":
        return Source({})
    from .facts.release import pairs, scripts, source_of

    dataset, architecture = (
        giver.value if (giver := reading.first(name)) else cls.model_fields[name].default
        for name in ("dataset", "architecture")
    )
    if dataset not in cls.datasets or architecture not in cls.architectures:
        return Source({})  # which is refused for that
    if script := scripts().get((dataset, architecture)):
        return source_of(script) if asked.kind != "record" else Source({})  # a record has the values itself
    wrong = f"has no script for {architecture} on {dataset}"
    fitting = ", ".join(name for each, name in scripts() if each == dataset) or "none"
    fix = f"for {dataset} it has {fitting}; in all {pairs(scripts())}"
    return Source({}, problems=(Problem(asked.variable, asked.place, asked.text, wrong, fix=fix),))


def task_word(given: object) -> str:
    """A task as a user may spell it, in any case and with `-` for `_`, as its name is written."""
    return given.lower().replace("-", "_") if isinstance(given, str) else ""
