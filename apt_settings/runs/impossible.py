"""What no run can have: a value in a condition that its setting does not take, in the words of --set."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

from ..base import AptSettings
from ..basics.escaping import shown, spelt
from ..basics.origins import Origin
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem
from ..facts.datasets import plain
from ..judging.validation_errors import details_of, refusal, words_near
from ..registry import Setting, registry
from ..registry.groups import JOB
from ..tasks import task_choice, task_words
from ..values import UNREADABLE, adapter_of, as_text, choices_of, kind_of_field, likely, read_value
from .conditions import RANGE, TITLES, Condition, has, number, value_of
from .history import PastRun
from .status import STATUSES

_STATUSES: Final = tuple(each for each in STATUSES if each != "missing")
_SLIPS: Final = (
    (r"=(.+)", r"\1"),  # seed==3
    (r"\[(.+)\]", r"\1"),  # seed=[1,2]
    (r"([0-9.]*[0-9])(?:\.{3,}|…|:|-)([0-9][0-9.]*)", r"\1..\2"),  # seed=1-5
)
"""What people write in place of a value, and what they mean."""


def problem_with(condition: Condition, runs: Sequence[PastRun]) -> Problem | None:
    """What is wrong with a value that no run can have; None where one of these has it, or another could.

    `seed=x` -> `--where seed='x' is not allowed: must be a whole number`
    """
    name, operator, text = condition
    if operator not in ("=", "!="):
        found = _order_of(_giver(name, text), name, runs)
    elif any(has(run, name, text) for run in runs):
        return None
    else:
        unknown = (each for each in condition.texts if not any(has(run, name, each) for run in runs))
        found = next(filter(None, (_value_of(_giver(name, each), name, runs) for each in unknown)), None)
    return found and found._replace(fix=_fix(name, text) or found.fix)


def _fix(name: str, text: str) -> str:
    """What was probably meant by the whole of a value: `1..5` by 1-5, 0.5 by 0,5."""
    for slip, meant in _SLIPS:
        if re.fullmatch(slip, text):
            return did_you_mean([re.sub(slip, meant, text)])
    setting = _setting(name)
    guess = setting and _is_numeric(name, ()) and likely(text, setting.field)
    return did_you_mean([guess]) if guess else ""


def _value_of(giver: Origin, name: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a text that a name cannot be."""
    text, setting = str(giver.value), _setting(name)
    if name in JOB:
        return _job_of(giver, name, runs)
    if name == "status" and text not in _STATUSES:
        must = f"one of {', '.join(_STATUSES)}"
        return Problem(giver, "is not allowed", must, did_you_mean(nearest(text, _STATUSES)), giver.raw)
    if TITLES.get(name, name) == "start":
        return _order_of(giver, name, runs)
    if _is_numeric(name, runs) and (setting is None or re.fullmatch(RANGE, text)):
        return _number_of(giver, text)
    if setting is None:
        return _of_project(giver, name, runs)
    try:
        adapter_of(setting.field).validate_python(read_value(text, setting.field.annotation))
    except ValidationError as error:
        return refusal(setting, next(iter(details_of(error).values())), giver)
    return None


def _job_of(giver: Origin, name: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a task, dataset or model that is almost a known one: it may be of a project, and of no run yet."""
    setting = _setting(name)
    here = dict.fromkeys(as_text(value_of(run, name)) for run in runs)
    ours = task_words() if name == "task" else choices_of(setting.field) if setting else ()
    if name == "task" and task_choice(giver.value):
        return None
    near = words_near(str(giver.value), (*here, *ours))
    return Problem(giver, "is that of no run", fix=did_you_mean(near), value=giver.raw) if near else None


def _of_project(giver: Origin, name: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a text that no value of these is like, of a setting whose type no code here declares."""
    values, text = [run.settings[name].value for run in runs if name in run.settings], str(giver.value)
    if values and all(isinstance(each, bool) for each in values):
        return _not_allowed(giver, "true or false") if read_value(text, bool) is UNREADABLE else None
    near = [each for each in dict.fromkeys(map(as_text, values)) if plain(each) == plain(text)]
    return Problem(giver, "is that of no run", fix=did_you_mean(near), value=giver.raw) if near else None


def _number_of(giver: Origin, text: str) -> Problem | None:
    """The problem of a text that is neither a number nor a range of them."""
    if ends := re.fullmatch(RANGE, text):
        low, high = (read_value(end, float) for end in ends.groups())
        return None if UNREADABLE not in (low, high) and low <= high else _not_allowed(giver, "a range such as 1..5")
    return _not_allowed(giver, "a number") if number(text) is None else None


def _order_of(giver: Origin, name: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a text that a name cannot be less or more than."""
    if TITLES.get(name, name) == "start":
        return Problem(giver, "is not compared", fix="write --since 2024-05-01, or --since 2d", value=giver.raw)
    if not _is_numeric(name, runs):
        return Problem(giver, "is not compared", fix=f"{spelt(name)} is no number: write = or !=", value=giver.raw)
    return _not_allowed(giver, "a number") if number(giver.value) is None else None


def _not_allowed(giver: Origin, must: str) -> Problem:
    return Problem(giver, "is not allowed", must, value=giver.raw)


def _giver(name: str, text: str) -> Origin:
    return Origin("argument", f"--where {spelt(name)}", name, text, shown(text))


def _setting(name: str) -> Setting | None:
    """The setting of a name, where our code, or a class that is named here, declares it."""
    return registry().settings_of(AptSettings).get(name)


def _is_numeric(name: str, runs: Iterable[PastRun]) -> bool:
    """Whether a name is that of a number: by its type, or by what these have where its type is not known here."""
    if setting := _setting(name):
        return kind_of_field(setting.field).of in (int, float)
    values = [value for run in runs if (value := value_of(run, name)) is not None]
    return bool(values) and all(type(each) in (int, float) for each in values)
