"""What the command line says of settings: rows of plain text, and JSON."""

import json
from typing import Any, NamedTuple

from .base import AptSettings
from .catalog import Row
from .citations import cite
from .fingerprint import fingerprint
from .tasks import DEFAULT_TASK
from .values import as_text


class Line(NamedTuple):
    """One setting of one job, as `show` prints it."""

    setting: str
    value: str
    origin: str
    """Who set it, whom that overrules: `environment APT_EPOCHS, over .env:3 '20'`."""
    default: str
    """The default that was overridden and where it comes from; empty where the value is the default."""


def head(settings: AptSettings) -> list[tuple[str, str]]:
    """Task, fingerprint and `.env` of a job."""
    chosen = settings.origin("task").is_override
    return [
        ("task", settings.task if chosen else f"{settings.task} (the default: nothing sets APT_TASK)"),
        ("fingerprint", fingerprint(settings)),
        ("env file", ", ".join(settings.env_files) or _no_env_file(settings)),
    ]


def _no_env_file(settings: AptSettings) -> str:
    return f"none: no .env in {settings.directory}" if settings.directory else "not read: a record decides"


def lines(settings: AptSettings, *, overrides_only: bool) -> list[Line]:
    """A line for every setting, or for those alone that somebody set."""
    return [_line(settings, name) for name in shown_names(settings, overrides_only=overrides_only)]


def shown_names(settings: AptSettings, *, overrides_only: bool) -> list[str]:
    """The names of all settings, or of those alone that somebody set."""
    return [name for name, origin in settings.origins.items() if origin.is_override or not overrides_only]


def _line(settings: AptSettings, name: str) -> Line:
    origin, citation = settings.origin(name), cite(name, settings.task)
    overruled = [f"{each.place} {each.text}" for each in origin.shadows if each.is_override]
    default = as_text(_default(settings, name))
    cited = f"{default} ({citation})" if citation else default
    value = as_text(getattr(settings, name))
    return Line(name, value, ", over ".join([str(origin), *overruled]), cited if origin.is_override else "")


def _default(settings: AptSettings, name: str) -> Any:
    """What a setting is where nobody sets it; for the task that is not the task of the class."""
    origin = settings.origin(name)
    return DEFAULT_TASK if name == "task" else [origin, *origin.shadows][-1].value


def notes(settings: AptSettings) -> list[str]:
    """The settings' own notes, and what whoever reproduces the paper must know of the defaults in use."""
    used = [name for name, origin in settings.origins.items() if not origin.is_override]
    cited = [(name, citation.caution) for name in used if (citation := cite(name, settings.task))]
    own = [*settings.notes, *(f"{name}: {caution}" for name, caution in cited if caution)]
    return [f"note: {note}" for note in own]


def as_json(settings: AptSettings, *, overrides_only: bool) -> str:
    """Task, fingerprint and `.env`, and value, origin, default and citation of every setting."""
    values = settings.model_dump(mode="json")
    rows = {
        name: {
            "value": values[name],
            "origin": str(settings.origin(name)),
            "default": _default(settings, name),
            "citation": str(cite(name, settings.task)),
        }
        for name in shown_names(settings, overrides_only=overrides_only)
    }
    about = {
        "task": settings.task,
        "fingerprint": fingerprint(settings),
        "env_file": ":".join(settings.env_files) or None,
    }
    return json.dumps({**about, "settings": rows}, indent=2)


def explanation(row: Row) -> list[tuple[str, str]]:
    """What there is to know of a setting or control, whatever a job sets: label and text."""
    defaults: dict[str, list[str]] = {}
    remarks: dict[str, list[str]] = {}
    for task, default in row.defaults.items():
        citation = row.citations.get(task)
        defaults.setdefault(f"{default} ({citation})" if citation else default, []).append(task)
        for remark in filter(None, (citation.note, citation.caution) if citation else ()):
            remarks.setdefault(remark, []).append(task)
    return [
        ("meaning", row.meaning),
        ("variable", row.variable),
        ("takes", row.allowed),
        *(("default", f"{default}{_where(tasks, row)}") for default, tasks in defaults.items()),
        *(("note", f"{remark}{_where(tasks, row)}") for remark, tasks in remarks.items()),
    ]


def _where(tasks: list[str], row: Row) -> str:
    return "" if len(tasks) == len(row.defaults) else f" [{', '.join(tasks)}]"


def state(settings: AptSettings, name: str) -> list[tuple[str, str]]:
    """What a setting is now, who set it, and what there is to know of that: label and text."""
    line = _line(settings, name)
    told = [note for note in settings.notes if note.startswith(f"{name} ")]
    return [("now", line.value), ("set by", line.origin), *(("note", note) for note in told)]
