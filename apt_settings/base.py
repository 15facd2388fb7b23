"""AptSettings: what the settings of every task have in common."""

import os
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

from pydantic import PrivateAttr, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined, to_jsonable_python
from pydantic_settings import BaseSettings, SettingsConfigDict

from .basics.origins import Origin
from .basics.suggestions import did_you_mean, nearest
from .errors import Note, Problem, SettingsError
from .facts.architectures import ArchitectureName
from .facts.datasets import DatasetName
from .groups import (
    DataSettings,
    DistillationSettings,
    ModelSettings,
    OptimizationSettings,
    PruningSettings,
    TrainingSettings,
    TuningSettings,
)
from .registry import Registry, Setting, registry
from .rules import Broken, broken
from .sources.controls import CONTROLS
from .sources.layers import EnvFile, Inputs, Layers, read
from .sources.names import PREFIX, variable_of
from .sources.readers import Source
from .validation_errors import details_of, misfit, refused, words_of
from .values import adapter_of, as_text, read_value

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

    _background: "Background" = PrivateAttr()

    if TYPE_CHECKING:  # Type checkers derive __init__ from the fields; this is how they learn of _env_file.
        _env_file: EnvFile = ...

    def __init__(
        self,
        *,
        _env_file: EnvFile = ...,
        _layers: Layers | None = None,
        _registry: Registry | None = None,
        **arguments: Any,
    ) -> None:
        """`.env:1` says 0.4 for target_sparsity -> 0.4 in self, judged by type, range and rules, or SettingsError."""
        layers = _layers or layers_for(type(self), Inputs(os.environ, _env_file, arguments))
        draft = draft_of(type(self), layers, _registry or registry())
        problems = [*draft.problems, *_judge(draft, self)]
        if problems:
            raise SettingsError(problems)
        self._background = Background(draft.layers, draft.registry, _group_values_of(draft))

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse options of pydantic-settings, and aliases: the sources are read by us, so these have no effect."""
        super().__pydantic_init_subclass__(**kwargs)
        common = AptSettings.model_config
        changed = [key for key, value in cls.model_config.items() if value != common.get(key)]
        without_effect = [f"model_config {key}" for key in changed if key.startswith(_NOT_CONSULTED)]
        without_effect += ["settings_customise_sources"] * ("settings_customise_sources" in vars(cls))
        without_effect += [f"{variable_of(name)} as a setting" for name in CONTROLS if name in cls.model_fields]
        aliased = (name for name, field in cls.model_fields.items() if field.validation_alias)
        without_effect += [f"the alias of {name}" for name in aliased]
        if without_effect:
            raise TypeError(f"{cls.__name__}: apt-settings does not consult {', '.join(without_effect)}")

    def origin(self, name: str) -> Origin:
        """Who set a setting, and what it overrides. Raises SettingsError for a name that is no setting."""
        settings = settings_of(self)
        if name not in settings:
            raise SettingsError.at(name, "is not a setting", fix=did_you_mean(nearest(name, settings)))
        return self._background.layers.origin(name, settings[name].default)

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Setting -> who set it, for every setting."""
        return MappingProxyType({name: self.origin(name) for name in settings_of(self)})

    @property
    def notes(self) -> tuple[Note, ...]:
        """What there is to know although nothing is wrong: outdated defaults, unknown names that were allowed."""
        return (*self._background.layers.notes, *(_note(self, each) for each in _outdated(self)))

    @property
    def env_files(self) -> tuple[str, ...]:
        """The absolute path of every `.env` that was read."""
        return self._background.layers.env_files

    @property
    def controls(self) -> Mapping[str, str]:
        """How the settings are read: control -> its word, or the paths of `env_file`."""
        words = {name: self._background.layers.word(name) for name, control in CONTROLS.items() if control.words}
        return {**words, "env_file": ":".join(self.env_files)}

    @property
    def directory(self) -> str:
        """The working directory in which `.env` was looked for."""
        return self._background.layers.directory

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with `update` as arguments: checked and traced like any other. Raises SettingsError."""
        if not update:
            return super().model_copy(deep=deep)
        return type(self)(_layers=self._background.layers.under(update), _registry=self._background.registry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AptSettings) and type(self) is type(other) and values_of(self) == values_of(other)

    def __hash__(self) -> int:
        return hash((type(self), *values_of(self).values()))


class Background(NamedTuple):
    """What an object of settings knows beside the values of its class."""

    layers: Layers
    registry: Registry
    """Which settings there were when it was made."""
    group_values: dict[str, Any]
    """The values of the groups that stand beside the class, by the name of the setting."""


def settings_of(settings: AptSettings) -> Mapping[str, Setting]:
    """Name -> setting, of all that an object of settings has: its class's, then those of the groups beside it."""
    return settings._background.registry.settings_of(type(settings))


def values_of(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, in the order of `settings_of`."""
    return {**settings.__dict__, **settings._background.group_values}


def json_values(settings: AptSettings) -> dict[str, Any]:
    """Name -> value of every setting, as JSON has it."""
    values: dict[str, Any] = to_jsonable_python(values_of(settings))
    return values


def outdated_defaults(settings: AptSettings) -> tuple[str, ...]:
    """The settings whose default does not fit what was set beside it: `distill_epochs` under APT_EPOCHS=10."""
    return tuple(each.setting for each in _outdated(settings))


def unusable(settings: AptSettings, name: str, wrong: str, allowed: str = "", fix: str = "") -> SettingsError:
    """The error for a valid value that something cannot use: a batch that the devices cannot share."""
    value = as_text(values_of(settings)[name])
    return SettingsError([Problem(settings.origin(name), wrong, allowed, fix, value, setting=name)])


class Draft(NamedTuple):
    """What an object is made of, before its values are judged."""

    task_class: type[AptSettings]
    task: str
    """The task of the class; empty for AptSettings itself, which has none."""
    registry: Registry
    settings: Mapping[str, Setting]
    """Name -> setting, of the class and of the groups beside it."""
    layers: Layers
    winners: dict[str, Origin]
    """Setting -> who decides it, where anybody does."""
    values: dict[str, Any]
    """Setting -> the value that its winner gives, read by the setting's type."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong before any value is judged."""
        return (*self.layers.problems, *self.layers.release.problems)


def draft_of(task_class: type[AptSettings], layers: Layers, known: Registry) -> Draft:
    """What the sources give to a class, with the release as the weakest of them if APT_REFERENCE=release.

    Layers in which environment APT_EPOCHS "30" is over .env:1 "20" -> winner environment APT_EPOCHS, value 30
    """
    layers = layers._replace(release=_release(task_class, layers))
    settings = known.settings_of(task_class)
    winners = {name: giver for name, giver in layers.winners().items() if name in settings}
    values = {name: read_value(giver.value, settings[name].field.annotation) for name, giver in winners.items()}
    return Draft(task_class, _task_of(task_class), known, settings, layers, winners, values)


def outdated_in(draft: Draft, values: Mapping[str, Any], varied: Collection[str]) -> tuple[str, ...] | None:
    """The outdated defaults of an object with these values; None where the values are not valid.

    `values` are the draft's, except for the settings in `varied`, whose values replace the draft's.
    """
    instance = draft.task_class.__new__(draft.task_class)
    if _validate(draft, values, instance):
        return None
    outdated = []
    for each in broken(instance.__dict__, draft.task, draft.task_class):
        if each.setting in varied or (each.setting in values and draft.winners[each.setting].kind != "release"):
            return None
        outdated.append(each.setting)
    return tuple(outdated)


def layers_for(task_class: type[AptSettings], inputs: Inputs) -> Layers:
    """What the sources give to a task's class. It ignores APT_TASK, and a note says so.

    Raises TypeError for a class without a task.
    """
    task = _task_of(task_class)
    if not task:
        raise TypeError(f"{task_class.__name__} has no task: call load(), or use a task's class, such as SquadSettings")
    layers = read(inputs, registry().names_of(task_class))
    choice = layers.winner("task")
    if choice is None or choice.kind == "argument":
        return layers
    layers = layers.without("task", "environment", "env file")
    if str(choice.value).lower().replace("-", "_") == task:
        return layers
    text = f"{choice.label}={choice.raw} is not read by {task_class.__name__}, whose task is {task}"
    return layers._replace(notes=(*layers.notes, Note(text, "task")))


def _task_of(task_class: type[AptSettings]) -> str:
    """The task of a class; empty for AptSettings itself, which has none."""
    task = task_class.model_fields["task"]
    return "" if task.is_required() else str(task.default)


def _judge(draft: Draft, instance: AptSettings) -> Iterator[Problem]:
    """Put the values of a draft into an object; yields everything that is wrong with them, in the settings' order."""
    details = _validate(draft, draft.values, instance)
    values = instance.__dict__ if not details else _defaults(draft) | draft.values
    misfits = {each.setting: each for each in broken(_without(details, values), draft.task, draft.task_class)}
    wrong = details.keys() | misfits.keys()
    for name, setting in draft.settings.items() if wrong else ():
        giver = draft.winners.get(name)
        if name in details:
            # Where no class is chosen, what a class would give is not missing, and the task is refused already.
            if draft.task or (giver and name != "task"):
                yield refused(setting, details[name], giver)
        elif name in misfits and giver and giver.kind != "release":
            yield misfit(misfits[name], draft.winners)
    for name in details.keys() - draft.settings.keys():
        yield Problem(draft.task_class.__name__, words_of(details[name]) or details[name]["msg"])


def _validate(draft: Draft, values: Mapping[str, Any], instance: AptSettings) -> dict[str, ErrorDetails]:
    """Put values into an object of the class; setting -> what pydantic refuses. Those beside it stand alone."""
    of_groups = draft.registry.group_settings()
    details: dict[str, ErrorDetails] = {}
    try:
        of_class = _without(of_groups, values)
        instance.__pydantic_validator__.validate_python(of_class, self_instance=instance)
    except ValidationError as error:
        details = details_of(error)
    for name, setting in of_groups.items():
        if name in values:
            try:
                adapter_of(setting.field).validate_python(values[name])
            except ValidationError as error:
                details[name], *_ = details_of(error).values()
    return details


def _group_values_of(draft: Draft) -> dict[str, Any]:
    """The values of the groups beside the class, all of which are valid."""
    return {
        name: adapter_of(setting.field).validate_python(draft.values[name]) if name in draft.values else setting.default
        for name, setting in draft.registry.group_settings().items()
    }


def _defaults(draft: Draft) -> dict[str, Any]:
    defaults = ((name, setting.default) for name, setting in draft.settings.items())
    return {name: default for name, default in defaults if default is not PydanticUndefined}


def _without(names: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in names} if names else values


def _outdated(settings: AptSettings) -> list[Broken]:
    """The rules that valid settings break: only a default can, as what somebody sets must fit."""
    return broken(settings.__dict__, _task_of(type(settings)), type(settings))


def _note(settings: AptSettings, outdated: Broken) -> Note:
    name, value = outdated.setting, settings.__dict__[outdated.setting]
    demanded_by = f" ({settings.origin(outdated.other)})" if outdated.other else ""
    text = (
        f"{name} stays {value} ({settings.origin(name)}) although it should be {outdated.demand}{demanded_by}; "
        f"to change it: {variable_of(name)}={as_text(outdated.nearest)}"
    )
    return Note(text, name)


def _release(task_class: type[AptSettings], layers: Layers) -> Source:
    """What the release gives to a class, if APT_REFERENCE=release; a problem where it has no script for the job."""
    reference = layers.winner("reference")
    if reference is None or reference.value != "release":
        return Source({})
    from .facts.release import pairs, scripts
    from .sources.release import source_of

    dataset, architecture = (
        giver.value if (giver := layers.winner(name)) else task_class.model_fields[name].default
        for name in ("dataset", "architecture")
    )
    if dataset not in task_class.datasets or architecture not in task_class.architectures:
        return Source({})  # which is refused for that
    if script := scripts().get((dataset, architecture)):
        return source_of(script) if reference.kind != "record" else Source({})  # a record has the values itself
    wrong = f"has no script for {architecture} on {dataset}"
    fitting = ", ".join(name for each, name in scripts() if each == dataset) or "none"
    fix = f"for {dataset} it has {fitting}; in all {pairs(scripts())}"
    return Source({}, problems=(Problem(reference, wrong, fix=fix, value=reference.raw, kind="no script"),))
