"""load() resolves settings; the singleton is what it gave once. The only global state is in this file."""

import os
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, overload

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from .base import AptSettings, reading_for, task_word
from .basics.escaping import printable, shown
from .basics.origins import Origin
from .errors import Problem, SettingsError, SettingsWarning
from .facts.datasets import TaskName
from .sources.layers import EnvFile, Reading, read, replaying
from .sources.names import PREFIX
from .sources.readers import from_environment
from .tasks import DEFAULT_TASK, TASKS
from .values import as_text, read_value

if TYPE_CHECKING:
    from .runs.store import Record

RecordPath: TypeAlias = str | os.PathLike[str]
S = TypeVar("S", bound=AptSettings)


@overload
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    settings_class: None = None,
    record: RecordPath | None = None,
    **overrides: Any,
) -> AptSettings: ...
@overload
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    *,
    settings_class: type[S],
    record: RecordPath | None = None,
    **overrides: Any,
) -> S: ...
def load(
    environ: Mapping[str, str] | None = None,
    env_file: EnvFile = ...,
    settings_class: type[AptSettings] | None = None,
    record: RecordPath | None = None,
    **overrides: Any,
) -> AptSettings:
    """The settings of one job; for each, the first of these that gives a value wins:

        override > environment > `.env` > the release, where APT_REFERENCE asks for it > class default

    With `{"APT_TASK": "squad", "APT_EPOCHS": "30"}` and a `.env` that says `APT_EPOCHS=20`, the result is a
    SquadSettings with 30 epochs; their origin is `environment APT_EPOCHS`, and it shadows `.env:1`.

    The class is `settings_class`, or that of the task, which APT_TASK may name by one of its datasets too. `environ` is
    os.environ where none is given, and stays as it is. `EnvFile` says what `env_file` may be. `reference="release"` and
    `unknown="warn"` are overrides too. Nothing is cached.

    With a `record`, the path of a `run.json` or of its folder, the values are those of that run, on whatever machine:
    only overrides are stronger, and a note tells where the environment says something else.

    Raises SettingsError with everything that is wrong. Warns (SettingsWarning) once for each of the settings' notes.
    """
    variables = os.environ if environ is None else environ
    if record is None:
        settings = resolve(variables, env_file, settings_class, overrides)
    else:
        settings = replay(record, variables, settings_class, overrides)
    return _with_warnings(settings, callers=1)


def resolve(
    environ: Mapping[str, str],
    env_file: EnvFile,
    settings_class: type[AptSettings] | None,
    arguments: Mapping[str, Any],
    places: Mapping[str, str] = MappingProxyType({}),
) -> AptSettings:
    """As `load`, without its warnings. `places` tells how the user spells an argument: `{"epochs": "--set epochs"}`."""
    if not isinstance(environ, Mapping):
        raise TypeError(f"environ is a mapping of variables, no {type(environ).__name__}; a task is load(task='squad')")
    if settings_class is not None:
        return settings_class(_reading=reading_for(settings_class, environ, env_file, arguments))
    return settle(read(environ, env_file, arguments, AptSettings.model_fields, places))


def settle(reading: Reading) -> AptSettings:
    """The settings of the task that a reading chooses. Raises SettingsError."""
    task_class, reading = choose_task(reading)
    return task_class(_reading=reading)


def replay(
    path: RecordPath,
    environ: Mapping[str, str],
    settings_class: type[AptSettings] | None,
    arguments: Mapping[str, Any],
    places: Mapping[str, str] = MappingProxyType({}),
) -> AptSettings:
    """The settings of a recorded run. Raises SettingsError for a record that was changed or has unknown settings."""
    task_class, reading = read_record(path, environ, settings_class, arguments, places)
    return task_class(_reading=reading)


def read_record(
    path: RecordPath,
    environ: Mapping[str, str],
    settings_class: type[AptSettings] | None,
    arguments: Mapping[str, Any],
    places: Mapping[str, str],
) -> tuple[type[AptSettings], Reading]:
    """The class of a recorded run, and what its record says. Raises SettingsError for a record that was changed."""
    from .runs.store import changed, source_of
    from .runs.store import read as record_at

    record = record_at(path)
    if record.task not in TASKS:
        wrong = f"is of a task {shown(record.task)}, which this version does not have"
        raise SettingsError([Problem("", printable(os.fspath(path)), None, wrong)])
    task_class = settings_class or TASKS[cast("TaskName", record.task)]
    fields = task_class.model_fields
    if problems := changed(record, os.fspath(path), fields):
        raise SettingsError(problems)
    defaults = {
        name: to_jsonable_python(field.get_default(call_default_factory=True), fallback=str)
        for name, field in fields.items()
    }
    reading = replaying(source_of(record, os.fspath(path), defaults), arguments, fields, places)
    notes = _not_read(environ, record, fields)
    return task_class, reading._replace(notes=(*reading.notes, *notes))


def _not_read(environ: Mapping[str, str], record: "Record", fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """Where the environment says something else than the record."""
    said = from_environment(environ, {PREFIX + name.upper(): name for name in fields}).given
    for name, origin in said.items():
        recorded = record.settings[name].value if name in record.settings else None
        value = to_jsonable_python(read_value(origin.value, fields[name].annotation), fallback=str)
        if not origin.is_empty and value != recorded:
            yield f"{origin.label}={origin.text} is not read: the record says {as_text(recorded)}"


def _with_warnings(settings: AptSettings, callers: int) -> AptSettings:
    """The settings, after a warning for each note that points at the line so many callers above this one's."""
    for note in settings.notes:
        warnings.warn(note, SettingsWarning, stacklevel=callers + 2)
    return settings


def choose_task(reading: Reading) -> tuple[type[AptSettings], Reading]:
    """The class that APT_TASK names; AptSettings itself, which refuses it, where it names none."""
    choice = reading.first("task")
    if choice is None:
        return TASKS[DEFAULT_TASK], reading
    word = task_word(choice.value)
    for task, task_class in TASKS.items():
        if word == task:
            return task_class, reading.with_choice(choice, {"task": task})
    for task, task_class in TASKS.items():
        if word in task_class.datasets:
            contradicted = reading._replace(problems=(*reading.problems, *_contradictions(reading, choice, word)))
            return task_class, contradicted.with_choice(choice, {"task": task, "dataset": word})
    return AptSettings, reading


def _contradictions(reading: Reading, choice: Origin, dataset: str) -> Iterator[Problem]:
    """Where the giver that names the task by its dataset names another dataset as well."""
    for source in reading.sources:
        other = source.given.get("dataset")
        if source.given.get("task") is choice and other and not other.is_empty and other.value != dataset:
            must = f"{dataset}, as {choice.place} says {choice.text}"
            yield Problem(other.variable, other.place, other.text, "does not fit", must)


_lock = RLock()
_resolved: AptSettings | None = None
_blocks: list[Mapping[str, Any]] = []
"""The values of every override that is in force, the outermost first."""


def singleton() -> AptSettings:
    """The settings of this process: `load()`, once. Raises SettingsError, and tries again the next time."""
    global _resolved
    with _lock:
        if _resolved is None:
            _resolved = _with_warnings(resolve(os.environ, ..., None, _overridden()), callers=2)
        return _resolved


def reset() -> None:
    """Forget the singleton: the next use reads the environment anew. Names already imported keep the old object."""
    global _resolved
    with _lock:
        _resolved = None


@contextmanager
def override(**values: Any) -> Generator[AptSettings, None, None]:
    """Within the block, which gets them, the settings are those of the process with these values. For tests.

    They are what `apt_settings.settings` is within the block, and what it imports from there; names imported before
    keep their object. Blocks may nest. Raises SettingsError.
    """
    global _resolved
    with _lock:
        before = _resolved
        overridden = _with_warnings(resolve(os.environ, ..., None, {**_overridden(), **values}), callers=2)
        _blocks.append(values)
        _resolved = overridden
    try:
        yield overridden
    finally:
        with _lock:
            _blocks[:] = [block for block in _blocks if block is not values]
            # Where it was reset, or another thread's block began meanwhile, what is left is resolved anew.
            _resolved = before if _resolved is overridden else None


def _overridden() -> dict[str, Any]:
    """What all overrides together say."""
    return {name: value for block in _blocks for name, value in block.items()}


def _unlock_after_fork() -> None:
    """A fork copies the lock as it is, held perhaps by a thread that the child does not have."""
    global _lock
    _lock = RLock()


os.register_at_fork(after_in_child=_unlock_after_fork)
