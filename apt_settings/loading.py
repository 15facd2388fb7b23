"""load() resolves settings; the singleton is what it gave once. All global state but the register is in this file."""

import os
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, overload
from weakref import WeakValueDictionary

from pydantic_core import to_jsonable_python

from .base import AptSettings, expected_by, fitting_defaults, layers_for, layers_under
from .basics.environment import process_environment
from .basics.escaping import escaped, shown
from .basics.origins import Origin
from .basics.suggestions import did_you_mean
from .errors import Note, Problem, SettingsError, SettingsWarning, raised_anew
from .fingerprint import changed
from .naming import registry_for, with_groups
from .own import Group, Place
from .registry import Registry, Setting, extend_process, in_force, registry, task_of
from .sources.handed_on import lost_on_the_way
from .sources.layers import EnvFile, Inputs, Layers, read, read_recorded
from .sources.names import variable_of
from .sources.readers import Source, from_environment
from .tasks import DEFAULT_TASK, TASKS, task_choice, task_words, tasks
from .validation_errors import WITH_FLAGS, is_python_none, or_custom, words_near
from .values import as_text, read_value

if TYPE_CHECKING:
    from .sources.record import Record, RecordedSetting

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
        _refuse_others(settings)
    return _with_warnings(settings, callers=2)


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
        return _recorded(record, inputs, settings_class, complete=complete)
    if settings_class is not None:
        return settings_class, layers_for(settings_class, inputs)
    return choose_task(read(inputs, registry().names_of(AptSettings)))


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


def _recorded(
    path: RecordPath, inputs: Inputs, settings_class: type[AptSettings] | None, *, complete: bool
) -> tuple[type[AptSettings], Layers]:
    """The class of a recorded run, and what its record gives. Raises SettingsError for a record that was changed."""
    from .sources import record as records

    record, name = records.read(path), os.fspath(path)
    task_class = settings_class or tasks().get(record.task)
    if task_class is None:
        named = record.controls.get("extend", "")
        fix = f"export {variable_of('extend')}={escaped(named)}" if named else "name its class: --extend MODULE:NAME"
        raise SettingsError.at(escaped(name), f"is of a task {shown(record.task)}, which nobody names here", fix=fix)
    if wrong := changed(record):
        raise SettingsError.at(escaped(name), wrong)
    unjudged = _unjudged(record, escaped(name), complete=complete)
    settings, names = registry().settings_of(task_class), registry().names_of(task_class)
    recorded = {name: each.value for name, each in record.settings.items()}
    today = {each.name: each.default_among(recorded) for each in settings.values()}
    defaults = {name: to_jsonable_python(default, fallback=str) for name, default in today.items()}
    given = from_environment(inputs.environ, names)
    secrets = Source({each: origin for each, origin in given.values.items() if each in names.secrets})
    known = record.without(unjudged)
    layers = read_recorded((records.source(known, name, defaults, names), secrets), inputs, names)
    notes = [*_not_read(given, record, settings), *_notes_on(unjudged)]
    return task_class, layers._replace(notes=(*layers.notes, *notes), unjudged=unjudged)


def _unjudged(record: "Record", path: str, *, complete: bool) -> dict[str, "RecordedSetting"]:
    """The settings of groups that nobody names here: to see them is fine, but no job starts with them."""
    known = {group.name for group in registry().groups}
    found = {name: each for name, each in record.settings.items() if each.group and each.group not in known}
    if found and complete:
        names = ",".join(dict.fromkeys(each.group for each in found.values()))
        fix = f"export {variable_of('extend')}={escaped(names)}"
        raise SettingsError.at(path, f"has settings of {escaped(names)}, which nobody names here", fix=fix)
    return found


def _notes_on(unjudged: Mapping[str, "RecordedSetting"]) -> Iterator[Note]:
    for name, each in unjudged.items():
        value = "secret" if each.secret else as_text(each.value)
        yield Note(f"{name} {escaped(value)} ({escaped(each.origin)}) is of {escaped(each.group)}: not judged here")


def _not_read(given: Source, record: "Record", settings: Mapping[str, Setting]) -> Iterator[Note]:
    """Where the environment says something else than the record."""
    for name in given.values.keys() & settings.keys():
        origin = given.values[name]
        if settings[name].secret:
            continue
        recorded = record.settings[name].value if name in record.settings else None
        value = to_jsonable_python(read_value(origin.value, settings[name].field.annotation), fallback=str)
        if not origin.is_empty and value != recorded:
            yield Note(f"{origin.label}={origin.raw} is not read: the record says {as_text(recorded)}", name)


def _refuse_others(settings: AptSettings) -> None:
    """Raise SettingsError where APT_EXPECT names another job than that of these settings."""
    if expected_by(settings):
        from .pin import refuse_others  # most starts expect nothing

        refuse_others(settings)


def _with_warnings(settings: AptSettings, callers: int) -> AptSettings:
    """The settings, after a warning for each note that points at the line so many callers above this one's."""
    for note in settings.notes:
        warnings.warn(str(note), SettingsWarning, stacklevel=callers + 2)
    return settings


_lock = RLock()
_resolved: AptSettings | None = None


@dataclass(frozen=True, eq=False)
class _Block:
    """One override that is in force."""

    values: Mapping[str, Any]
    fit: bool
    settings: AptSettings
    before: AptSettings | None
    """The singleton when it began; None where there was none yet."""


_blocks: list[_Block] = []
"""The outermost first."""
_singletons: WeakValueDictionary[int, AptSettings] = WeakValueDictionary()
"""Every object that was the singleton and that somebody still has, by its id."""


@raised_anew
def singleton() -> AptSettings:
    """The settings of this process: `load()`, once. Raises SettingsError, and tries again the next time."""
    global _resolved
    with _lock:
        if _resolved is None:
            settings = _resolve_under_blocks({}, fit=False)
            if not _blocks:
                _refuse_others(settings)
            for note in (*lost_on_the_way(process_environment()), *settings.notes):
                warnings.warn(str(note), SettingsWarning, stacklevel=4)
            _resolved = settings
            _singletons[id(_resolved)] = _resolved
        return _resolved


def extend(*groups: str | type[Any] | Group[Any]) -> None:
    """Let the fields of these classes be settings of this process, as APT_EXTEND does. The same class twice is nothing.

        import apt_settings
        apt_settings.extend(Args)
        args = apt_settings.part(apt_settings.settings, Args)

    Raises SettingsError for a class that cannot be used, and where the settings of the process are there already.
    """
    with _lock:
        known = with_groups(groups, Place("extend"))
        if known == registry():
            return
        if _resolved is not None:
            name = (*known.groups, *known.tasks)[-1].title
            lines = f"import apt_settings; apt_settings.extend({name}); settings = apt_settings.settings"
            raise SettingsError.at("extend", "comes too late: the settings are resolved already", fix=f"write {lines}")
        extend_process(known)


def reset() -> None:
    """Forget the singleton: the next use reads the environment anew. Names already imported keep the old object."""
    global _resolved
    with _lock:
        _resolved = None


@contextmanager
def override(*, fit: bool = False, **values: Any) -> Generator[AptSettings, None, None]:
    """Within the block, which gets them, the settings are those of the process with these values. For tests.

        with override(epochs=2, fit=True) as settings:
            settings.distill_epochs                     # 2, fitted to epochs

    They are what `apt_settings.settings` is within the block, and what it imports from there; names imported before
    keep their object, but for those of the fixture `override_settings` of `apt_settings.testing`. Blocks may nest. They
    are those of the whole process: threads and asyncio tasks that run at the same time see each other's, so a task with
    values of its own takes `load(...)` and hands the object on. A child that is spawned sees none of them.

    With `fit`, here or in a block around this one, a default that does not fit what was set takes the nearest value
    that does, where it would be a note otherwise. What somebody set is never fitted. Raises SettingsError.
    """
    global _resolved
    block = begin_override(values, fit=fit, callers=3)
    try:
        yield block.settings
    finally:
        with _lock:
            if block in _blocks:  # and not left open by a test that has ended since
                _blocks.remove(block)
                # Where it was reset, or another thread's block began meanwhile, what is left is resolved anew.
                _resolved = block.before if _resolved is block.settings else None


def begin_override(values: Mapping[str, Any], *, fit: bool, callers: int) -> _Block:
    """Let an override be in force; its warnings point so many callers above this one's. Raises SettingsError."""
    global _resolved
    with _lock:
        settings = _with_warnings(_resolve_under_blocks(values, fit=fit), callers)
        block = _Block(values, fit, settings, _resolved)
        _blocks.append(block)
        _resolved = settings
        _singletons[id(settings)] = settings
    return block


class Moment(NamedTuple):
    """What the settings of the process are at a moment."""

    resolved: AptSettings | None
    blocks: tuple[_Block, ...]
    registry: Registry


def moment() -> Moment:
    """What they are now, for `put_back`."""
    with _lock:
        return Moment(_resolved, tuple(_blocks), registry())


def put_back(before: Moment) -> None:
    """Let the settings of the process be what they were; a block that began since is over."""
    global _resolved
    with _lock:
        _resolved, _blocks[:], _ = before
        extend_process(before.registry)


def singletons() -> dict[int, AptSettings]:
    """Every object that is or was the settings of the process and that somebody still has, by its id."""
    with _lock:
        return dict(_singletons)


@raised_anew
def _resolve_under_blocks(values: Mapping[str, Any], *, fit: bool) -> AptSettings:
    """What the process reads, under all overrides that are in force and under these values."""
    together = {name: value for each in (*(block.values for block in _blocks), values) for name, value in each.items()}
    settings = resolve(Inputs(process_environment(), arguments=together))
    if not (fit or any(block.fit for block in _blocks)):
        return settings
    fitting = fitting_defaults(settings)
    places = {name: f"fitted to {other}" for name, (_, other) in fitting.items()}
    return with_arguments(settings, {name: value for name, (value, _) in fitting.items()}, places)


def _unlock_after_fork() -> None:
    """A fork copies the lock as it is, held perhaps by a thread that the child does not have."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_unlock_after_fork)
