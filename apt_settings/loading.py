"""load(): the settings of one job, from all its sources."""

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar, overload

from .base import AptSettings, background_of, layers_under
from .basics.environment import process_environment
from .basics.escaping import shown
from .basics.origins import Origin
from .basics.suggestions import did_you_mean
from .errors import Problem, SettingsError, SettingsWarning, raised_anew
from .judging.draft import layers_for
from .judging.validation_errors import WITH_FLAGS, is_python_none, or_custom, words_near
from .own import Group
from .registry import in_force, registry, task_of
from .registry.naming import registry_for
from .sources.env_files import EnvFile
from .sources.layers import Inputs, Layers, read
from .sources.names import variable_of
from .tasks import DEFAULT_TASK, TASKS, task_choice, task_words, tasks

RecordPath: TypeAlias = str | os.PathLike[str]
Extend: TypeAlias = str | Iterable[str | type[Any] | Group[Any]] | None
"""Groups of a project's own settings: classes, handles, or their names, `trainer.settings:TrainerSettings`."""
S = TypeVar("S", bound=AptSettings)


@overload
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    settings_class: None = None,
    record: RecordPath | None = None,
    extend: Extend = None,
    **overrides: Any,
) -> AptSettings: ...
@overload
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    *,
    settings_class: type[S],
    record: RecordPath | None = None,
    extend: Extend = None,
    **overrides: Any,
) -> S: ...
@raised_anew
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    settings_class: type[AptSettings] | None = None,
    record: RecordPath | None = None,
    extend: Extend = None,
    **overrides: Any,
) -> AptSettings:
    """The settings of one job; for each, the first of these that gives a value wins:

        override > environment > `.env` > the release, where APT_REFERENCE asks for it > a project's default > ours

    With `{"APT_TASK": "squad", "APT_EPOCHS": "30"}` and a `.env` that says `APT_EPOCHS=20`, the result is a
    SquadSettings with 30 epochs; their origin is `environment APT_EPOCHS`, and it overrides `.env:1`.

    The class is `settings_class`, or that of the task, which APT_TASK may name by one of its datasets too. `environ` is
    os.environ where none is given, and stays as it is. `EnvFile` says what `env_file` may be. `reference="release"` and
    `unknown="warn"` are overrides too. `extend` are groups of a project's own settings, or their names, in place of
    what APT_EXTEND names. Nothing is cached.

    With a `record`, the path of a `run.json` or of its folder, the values are those of that run, on whatever machine:
    only overrides are stronger, and a note tells where the environment says something else.

    `expect` is the fingerprint, or the pin, that the settings must have, in place of APT_EXPECT. That variable is
    compared with what environment and files say: not with overrides, a class of one's own, or a record.

    Raises SettingsError with everything that is wrong. Warns (SettingsWarning) once for each of the settings' notes.
    """
    given = process_environment() if environ is None else environ
    inputs = Inputs(given, env_file, overrides, extend=extend)
    settings = resolve(inputs, settings_class=settings_class, record=record)
    if "expect" in overrides or not (overrides or settings_class or record):
        refuse_unexpected(settings)
    return with_warnings(settings, callers=2)


@raised_anew
def resolve(
    inputs: Inputs,
    *,
    settings_class: type[AptSettings] | None = None,
    record: RecordPath | None = None,
    complete: bool = True,
) -> AptSettings:
    """As `load`, without its warnings; where they need not be `complete`, a required setting may be missing.

    environ {"APT_TARGET_SPARSITY": "0.4"}, `.env` "APT_TARGET_SPARSITY=0.5" -> 0.4, environment APT_TARGET_SPARSITY,
    which overrides .env:1
    """
    if settings_class is not None and not (
        isinstance(settings_class, type) and issubclass(settings_class, AptSettings)
    ):
        raise TypeError(f"settings_class is a class below AptSettings, and not {shown(settings_class)}")
    if not isinstance(inputs.environ, Mapping):
        kind = type(inputs.environ).__name__
        raise TypeError(f"environ is a mapping of variables, no {kind}; a task is load(task='squad')")
    with in_force(registry_for(inputs)):
        _refuse_settings_in(inputs.environ)
        task_class, layers = layers_of(inputs, settings_class=settings_class, record=record, complete=complete)
        return task_class(_layers=layers, _complete=complete)


def _refuse_settings_in(environ: Mapping[str, str]) -> None:
    """Raises SettingsError for {"epochs": 30}, which is no environment; a whole one may have any name."""
    if "PATH" in environ:
        return
    wrong = "is a setting, and an environment has variables"
    problems = [
        Problem(f"environ {name}", wrong, fix=f"write load({name}=...), or {variable_of(name)} for the variable")
        for name in environ
        if name in registry().names_of(AptSettings).settings
    ]
    if problems:
        raise SettingsError(problems)


def layers_of(
    inputs: Inputs,
    *,
    settings_class: type[AptSettings] | None = None,
    record: RecordPath | None = None,
    complete: bool = True,
) -> tuple[type[AptSettings], Layers]:
    """The class of a job's settings, and what all sources give to it; with a record, the record alone.

    environ {"APT_TASK": "squad"} -> SquadSettings, and Layers in which `task` has the origin environment APT_TASK

    Raises SettingsError for a record that was changed, and nothing else: what is wrong is among the layers' problems.
    """
    if record is not None:
        from .replay import layers_of_record

        return layers_of_record(record, inputs, settings_class, complete=complete)
    if settings_class is not None:
        return settings_class, layers_for(settings_class, inputs)
    return choose_task(read(inputs, registry().names_of(AptSettings)))


def refuse_unexpected(settings: AptSettings) -> None:
    """Raise SettingsError where APT_EXPECT, or the argument `expect`, names another job than these settings'."""
    if background_of(settings).layers.winner("expect"):
        from .pin import refuse_others  # most starts expect nothing

        refuse_others(settings)


def with_warnings(settings: AptSettings, callers: int) -> AptSettings:
    """The settings, after a warning for each note that points at the line so many callers above this one's."""
    for note in settings.notes:
        warnings.warn(str(note), SettingsWarning, stacklevel=callers + 2)
    return settings


def settle(layers: Layers, *, complete: bool = True) -> AptSettings:
    """The settings of the task that layers choose. Raises SettingsError."""
    task_class, layers = choose_task(layers)
    return task_class(_layers=layers, _complete=complete)


def with_arguments(settings: AptSettings, values: Mapping[str, Any], places: Mapping[str, str]) -> AptSettings:
    """These settings with arguments that a user spells as `places` says: {"epochs": "--num_train_epochs"}.

    A task among them chooses another class. Raises SettingsError.
    """
    layers, known = layers_under(settings, values, places)
    with in_force(known):
        return settle(layers) if "task" in values else type(settings)(_layers=layers, _registry=known)


def choose_task(layers: Layers) -> tuple[type[AptSettings], Layers]:
    """The class that APT_TASK names, and the layers with what that word stands for.

    `task` given as "MNLI" -> GlueBigSettings, and Layers that give task "glue_big" and dataset "mnli"

    AptSettings itself, which has no task, where it names none: the layers then have the problem.
    """
    choice = layers.winner("task")
    if choice is None:
        return TASKS[DEFAULT_TASK], _fitting(TASKS[DEFAULT_TASK], layers)
    chosen = task_choice(choice.value)
    if chosen is None:
        must = f"one of {', '.join(tasks())}, or a dataset of one of them"
        is_written = choice.raw == shown(choice.value)  # and no ${NAME} brought another tool's text in
        fix = or_custom(did_you_mean(words_near(str(choice.value), task_words()) if is_written else []))
        fix = WITH_FLAGS if is_python_none(choice) else fix
        problem = Problem(choice, "is not allowed", must, fix, choice.raw, "bad value", "task")
        return AptSettings, layers._replace(problems=(*layers.problems, problem))
    task_class, meant = chosen
    problems = _contradictions(layers, choice, meant["dataset"]) if "dataset" in meant else ()
    layers = layers._replace(problems=(*layers.problems, *problems)).with_choice(choice, meant)
    return task_class, _fitting(task_class, layers)


def _fitting(task_class: type[AptSettings], layers: Layers) -> Layers:
    """The layers without what is a setting of another task alone, which is a name like any other unknown one."""
    if not registry().tasks:
        return layers
    names, everything = registry().names_of(task_class), registry().settings_of(AptSettings)
    others = {name: task_of(each.owner) for name, each in everything.items() if name not in names.settings}
    one = task_of(task_class)
    wrong = {name: f"is a setting of the task {task}, and this one is {one}" for name, task in others.items()}
    return layers.not_of(wrong)._replace(names=names)


def _contradictions(layers: Layers, choice: Origin, dataset: str) -> Iterator[Problem]:
    """Where the giver that names the task by its dataset names another dataset as well."""
    for source in layers.sources:
        other = source.values.get("dataset")
        if source.values.get("task") is choice and other and not other.is_empty and other.value != dataset:
            must = f"{dataset}, as {choice.location} says {choice.raw}"
            yield Problem(other, "does not fit", must, value=other.raw, kind="does not fit", setting="dataset")
