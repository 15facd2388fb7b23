"""Settings as rows of plain text for `show` and `explain`, and as JSON."""

import json
from collections import Counter
from typing import Any, NamedTuple

from ..base import AptSettings, json_values, settings_of, values_of
from ..basics.escaping import escaped
from ..errors import Note
from ..facts.datasets import DATASETS
from ..facts.discrepancies import discrepancies, notes_on
from ..facts.release import scripts
from ..fingerprint import fingerprint
from ..registry import Unset, model_of
from ..registry.groups import JOB
from ..tasks import DEFAULT_TASK
from ..values import as_jsonable, as_text
from ..variables import by_environment
from .catalog import Row
from .diff import Comparison, job_of, reference


class Line(NamedTuple):
    """One setting of one job, as `show` prints it."""

    setting: str
    value: str
    origin: str
    """Where the value came from, and what it overrides: `environment APT_EPOCHS, over .env:3 '20'`."""
    departs_from: str
    """The paper's value, or the default if the paper states none: `40 (paper, Table 6)`; empty if it is the same."""


def head(settings: AptSettings) -> list[tuple[str, str]]:
    """Label and text for what a job is: `("task", "squad")`, fingerprint, `.env` and reference."""
    chosen = settings.origin("task").is_override
    return [
        ("task", settings.task if chosen else f"{settings.task} (the default: nothing sets APT_TASK)"),
        ("fingerprint", fingerprint(settings)),
        ("env file", ", ".join(settings.env_files) or _no_env_file(settings)),
        ("reference", _reference(settings)),
    ]


def summary(settings: AptSettings) -> str:
    """One line: `squad, apt1-7e3c2819041d5c04, 3 overrides: 1 from .env, 2 from the environment`."""
    givers = Counter(origin.giver for origin in settings.origins.values() if origin.is_override)
    job = f"{settings.task}, {fingerprint(settings)}"
    if not givers:
        return f"{job}, no overrides"
    count = givers.total()
    told = ", ".join(f"{number} from {escaped(giver)}" for giver, number in sorted(givers.items()))
    return f"{job}, {count} override{'s' * (count != 1)}: {told}"


def _no_env_file(settings: AptSettings) -> str:
    if settings.directory:
        return f"none: no .env in {settings.directory}"
    task = settings.origin("task")
    is_recorded = any(each.kind == "record" for each in (task, *task.overridden))
    return "not read: a record decides" if is_recorded else "none: env_file names none"


def _reference(settings: AptSettings) -> str:
    """The reference of the defaults, and what the other one has: `paper; the release's ... has epochs 120`."""
    if settings.task not in DATASETS:
        return f"none: the defaults are those of {model_of(type(settings))}, and no paper states them for this dataset"
    word, job = settings.controls["reference"], job_of(settings)
    script = scripts().get((settings.dataset, settings.architecture))
    if script is None:
        return f"{word}; the release has no script for {settings.architecture} on {settings.dataset}"
    differences = Comparison(reference("paper", job), reference("release", job)).differences
    if word == "release":
        papers = ", ".join(f"{each.setting} {as_text(each.one.value)}" for each in differences if each.one)
        return f"release, {script.path}; without it {papers}"
    releases = ", ".join(f"{each.setting} {as_text(each.other.value)}" for each in differences if each.other)
    return f"paper; the release's {script.path} has {releases}"


def lines(settings: AptSettings, *, overrides_only: bool) -> list[Line]:
    """A line for every setting, or only for those that were set."""
    return [_line(settings, name) for name in shown_names(settings, overrides_only=overrides_only)]


def shown_names(settings: AptSettings, *, overrides_only: bool) -> list[str]:
    """The names of all settings, or only of those that were set."""
    return [name for name, origin in settings.origins.items() if origin.is_override or not overrides_only]


def _line(settings: AptSettings, name: str) -> Line:
    origin = settings.origin(name)
    overridden = [f"{each.location} {each.raw}" for each in origin.overridden if each.is_override]
    origins = ", over ".join([str(origin), *overridden])
    return Line(name, as_text(values_of(settings)[name]), origins, departs_from(settings, name))


def departs_from(settings: AptSettings, name: str) -> str:
    """The paper's value, or the default if the paper states none: `40 (paper, Table 6)`; empty if a setting has it.

    Also empty for the settings that choose the job or say where it runs: they depart from nothing.
    """
    value, default, setting = values_of(settings)[name], _default(settings, name), settings_of(settings)[name]
    citation = setting.citation
    if name in JOB or setting.is_left_out:
        return ""
    if citation and all(citation.paper):
        stated, place = citation.paper
        return "" if stated == as_text(value) else f"{stated} (paper, {place})"
    if value == default or as_text(value) == as_text(default):  # the latter of a secret
        return ""
    return f"{as_text(default)} ({citation})" if citation else as_text(default)


def _default(settings: AptSettings, name: str) -> Any:
    """The value that a setting has if nothing sets it. A class of a task has that task as default, a job another."""
    origin = settings.origin(name)
    return DEFAULT_TASK if name == "task" else [origin, *origin.overridden][-1].value


def notes(settings: AptSettings) -> list[Note]:
    """The settings' notes, and cautions about the defaults in use for those who reproduce the paper."""
    cautions = ((name, caution) for name in settings_of(settings) for caution in _cautions(settings, name))
    secrets = (each for each in settings_of(settings).values() if each.secret)
    typed = (each for each in secrets if settings.origin(each.name).location == f"--set {each.name}")
    return [
        *settings.notes,
        *(Note(f"{name}: {caution}", name) for name, caution in cautions),
        *(
            Note(f"--set {each.name} shows a secret in ps and the shell's history: {by_environment(each)}", each.name)
            for each in typed
        ),
        *notes_on_missing(settings),
    ]


def notes_on_missing(settings: AptSettings) -> list[Note]:
    """A note for each setting that somebody must set, and nobody does."""
    missing = [name for name, value in values_of(settings).items() if value is Unset.REQUIRED]
    return [Note(f"{name} is required, and not set: a job would not start", name) for name in missing]


def notes_on_empty(settings: AptSettings) -> list[Note]:
    """A note for each variable that is empty, which means not set: perhaps it was made from a misspelt one."""
    empty = ((name, each) for name, origin in settings.origins.items() for each in origin.empty)
    return [Note(f"{each.label} is empty: not set", name) for name, each in empty]


def _cautions(settings: AptSettings, name: str) -> list[str]:
    kind, citation = settings.origin(name).kind, settings_of(settings)[name].citation
    if kind == "release":
        return [each.note for each in discrepancies() if each.caution and each.concerns(name, settings.task)]
    return [citation.caution] if citation and citation.caution and kind == "class default" else []


def as_json(settings: AptSettings, *, overrides_only: bool) -> str:
    """JSON with task, fingerprint and `.env`, and for every setting its value, origin, default and citation."""
    values = json_values(settings)
    rows = {
        name: {
            "value": values[name],
            "origin": str(settings.origin(name)),
            "default": as_jsonable(_default(settings, name)),
            "citation": str(citation) if (citation := settings_of(settings)[name].citation) else None,
            "departs_from": departs_from(settings, name) or None,
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
    """Label and text for what is true of a setting in every job: `("meaning", ...)`, variable, default, notes."""
    defaults: dict[str, list[str]] = {}
    remarks: dict[str, list[str]] = {}
    for task, default in row.defaults.items():
        citation = row.citations.get(task)
        defaults.setdefault(f"{default} ({citation})" if citation else default, []).append(task)
        caution = (citation.caution,) if citation and citation.caution else ()
        for remark in (*notes_on(row.name, task), *caution):
            remarks.setdefault(remark, []).append(task)
    return [
        ("meaning", row.meaning),
        ("variable", row.variable),
        ("takes", row.allowed),
        *(("default", f"{default}{_where(tasks, row)}") for default, tasks in defaults.items()),
        *(("note", f"{remark}{_where(tasks, row)}") for remark, tasks in remarks.items()),
    ]


def _where(tasks: list[str], row: Row) -> str:
    """The tasks that a text is for, as ` [squad, cnn_dm]`; empty if it is for all."""
    return "" if len(tasks) == len(row.defaults) else f" [{', '.join(tasks)}]"


def state(settings: AptSettings, name: str) -> list[tuple[str, str]]:
    """Label and text for what a setting is now: `("now", "30")`, `("set by", "environment APT_EPOCHS")`, notes."""
    if name not in settings_of(settings):
        return [("now", f"no setting of the task {settings.task}")]
    line = _line(settings, name)
    notes_here = [("note", str(note)) for note in settings.notes if note.setting == name]
    return [("now", line.value), ("set by", line.origin), *notes_here]
