"""The settings of a recorded run, from its record alone."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from .base import AptSettings
from .basics.escaping import escaped, shown
from .errors import Note, SettingsError
from .fingerprint import changed
from .registry import Setting, Unset, registry
from .sources import record as records
from .sources.layers import Inputs, Layers, read_recorded
from .sources.names import variable_of
from .sources.readers import Source, from_environment
from .sources.record import Record, RecordedSetting
from .tasks import tasks
from .values import as_jsonable, as_text


def layers_of_record(
    path: str | os.PathLike[str], inputs: Inputs, settings_class: type[AptSettings] | None, *, complete: bool
) -> tuple[type[AptSettings], Layers]:
    """The class of a recorded run, and what its record gives. Raises SettingsError for a record that was changed."""
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
    today |= {each: origin.value for each, origin in names.defaults.items()}
    defaults = {name: as_jsonable(default) for name, default in today.items()}
    given = from_environment(inputs.environ, names)
    secrets = Source({each: origin for each, origin in given.values.items() if each in names.secrets})
    same = not any(_says_otherwise(inputs.arguments[each], each, record, settings) for each in inputs.arguments)
    gone = [each for each, row in record.settings.items() if row.at_default and each not in {*settings, *unjudged}]
    recorded_source = records.source(record.without([*unjudged, *gone]), name, defaults, names, same=same)
    layers = read_recorded((_with_defaults(recorded_source, record, settings), secrets), inputs, names)
    left = (Note(f"{escaped(each)} is no setting any more, and the record has it at its default") for each in gone)
    notes = [*_not_read(given, record, settings), *_notes_on(unjudged), *left]
    return task_class, layers._replace(notes=(*layers.notes, *notes), unjudged=unjudged)


def _with_defaults(source: Source, record: Record, settings: Mapping[str, Setting]) -> Source:
    """The same, where what nobody set is a default: one of a project that is made from others may be made otherwise."""
    made = {
        name: source.values[name]._replace(kind="class default", source=setting.default_origin)
        for name, setting in settings.items()
        if name in source.values and setting.is_own and setting.default is Unset.DERIVED
        if record.settings[name].kind == "class default"
    }
    return source._replace(values={**source.values, **made})


def _unjudged(record: Record, path: str, *, complete: bool) -> dict[str, RecordedSetting]:
    """The settings of groups that nobody names here: to see them is fine, but no job starts with them."""
    known = {group.name for group in registry().groups}
    found = {name: each for name, each in record.settings.items() if each.group and each.group not in known}
    if found and complete:
        names = ",".join(dict.fromkeys(each.group for each in found.values()))
        fix = f"export {variable_of('extend')}={escaped(names)}"
        raise SettingsError.at(path, f"has settings of {escaped(names)}, which nobody names here", fix=fix)
    return found


def _notes_on(unjudged: Mapping[str, RecordedSetting]) -> Iterator[Note]:
    for name, each in unjudged.items():
        value = "secret" if each.secret else as_text(each.value)
        yield Note(f"{name} {escaped(value)} ({escaped(each.origin)}) is of {escaped(each.group)}: not judged here")


def _not_read(given: Source, record: Record, settings: Mapping[str, Setting]) -> Iterator[Note]:
    """Where the environment says something else than the record."""
    for name, setting in settings.items():
        origin = given.values.get(name)
        if origin is None or setting.secret or origin.is_empty:
            continue
        recorded = record.settings[name].value if name in record.settings else None
        if _to_json(origin.value, setting) != recorded:
            yield Note(f"{origin.label}={origin.raw} is not read: the record says {as_text(recorded)}", name)


def _says_otherwise(value: object, name: str, record: Record, settings: Mapping[str, Setting]) -> bool:
    """Whether an argument makes another job of a recorded one: where it runs may be another place."""
    if name not in settings or name not in record.settings or settings[name].where_it_runs:
        return False
    return bool(_to_json(value, settings[name]) != record.settings[name].value)


def _to_json(value: object, setting: Setting) -> Any:
    return as_jsonable(setting.hide(setting.read(value)))
