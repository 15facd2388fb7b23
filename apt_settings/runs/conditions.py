"""What a user asks of runs: a condition such as `target_sparsity=0.4`, a moment such as `2d`."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any, Final, NamedTuple, Self

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
from .history import PastRun
from .status import STATUSES

FACTS: Final = ("status", "task", "fingerprint", "folder", "commit", "host", "start", "seconds", "attempts")
"""What a run has beside settings and metrics."""
TITLES: Final = {"run": "fingerprint", "started": "start", "took": "seconds"}
"""What the columns of facts are called -> the fact."""
_OF_RUNS: Final = tuple(each for each in STATUSES if each != "missing")
_FORM: Final = r"([^=<>!]+)(!=|<=|>=|=|<|>)(.*)"
_RANGE: Final = r"(.+?)\.\.(.+)"
_SLIPS: Final = (
    (r"=(.+)", r"\1"),  # seed==3
    (r"\[(.+)\]", r"\1"),  # seed=[1,2]
    (r"([0-9.]*[0-9])(?:\.{3,}|…|:|-)([0-9][0-9.]*)", r"\1..\2"),  # seed=1-5
)
"""What people write in place of a value, and what they mean."""
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def value_of(run: PastRun, name: str) -> Any:
    """What a run has under a name: a setting, else a metric, else a fact; None where it has nothing."""
    if name in run.settings:
        return run.settings[name].value
    if name in run.metrics:
        return run.metrics[name]
    name = TITLES.get(name, name)
    if name == "folder":
        return str(run.folder)
    if name == "host":
        return run.run and run.run.host
    return getattr(run, name) if name in FACTS else None


def known_names(runs: Sequence[PastRun]) -> dict[str, None]:
    """Every name that `value_of` knows for any of these runs: what somebody set, results, facts, then all others."""
    is_set = {name: None for run in runs for name, given in run.settings.items() if given.is_set}
    metrics = {name: None for run in runs for name in run.metrics}
    return is_set | metrics | dict.fromkeys((*FACTS, *TITLES)) | {name: None for run in runs for name in run.settings}


class Condition(NamedTuple):
    """What must hold of a run: `seed=1..3`, `epochs<30`, `task!=squad`, `optimizer=adam,adamw`."""

    name: str
    operator: str
    text: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The condition that a text says; None where it is none."""
        match = re.fullmatch(_FORM, text, re.DOTALL)
        return cls(*match.groups()) if match and match[3] else None

    @property
    def texts(self) -> Sequence[str]:
        """What it compares with: each of several words, where it asks whether something is one of these."""
        return self.text.split(",") if self.operator in ("=", "!=") else [self.text]

    def holds(self, run: PastRun) -> bool:
        """Whether it holds. Of what a run does not have, only `!=` holds."""
        value = value_of(run, self.name)
        is_missing = value is None and self.name not in run.settings
        if self.operator in ("=", "!="):
            return (not is_missing and self._has_any(run)) == (self.operator == "=")
        one, other = number(value), number(self.text)
        if one is None or other is None:
            return False
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[self.operator]

    def _has_any(self, run: PastRun) -> bool:
        return any(_has(run, self.name, each) for each in dict.fromkeys((self.text, *self.texts)))

    def problem(self, runs: Sequence[PastRun]) -> Problem | None:
        """What is wrong with a value that no run can have; None where one of these has it, or another could."""
        if self.operator in ("=", "!="):
            if any(_has(run, self.name, self.text) for run in runs):
                return None
            unknown = [each for each in self.texts if not any(_has(run, self.name, each) for run in runs)]
            found = next(filter(None, (_refuse(self.name, each, runs) for each in unknown)), None)
        else:
            found = _refuse_order(self.name, self.text, runs)
        return found and found._replace(fix=self._fix() or found.fix)

    def _fix(self) -> str:
        """What was probably meant by the whole of it: `1..5` by 1-5, 0.5 by 0,5."""
        for slip, meant in _SLIPS:
            if re.fullmatch(slip, self.text):
                return did_you_mean([re.sub(slip, meant, self.text)])
        setting = _setting(self.name)
        guess = setting and _is_numeric(self.name, ()) and likely(self.text, setting.field)
        return did_you_mean([guess]) if guess else ""


def _setting(name: str) -> Setting | None:
    """The setting of a name, where our code, or a class that is named here, declares it."""
    return registry().settings_of(AptSettings).get(name)


def _refuse(name: str, text: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a text that a name cannot be, in the words of --set where it is a setting."""
    giver, setting = _giver(name, text), _setting(name)
    if name in JOB:  # a task or dataset may be one of a project's own, and one of no run yet
        here = dict.fromkeys(as_text(value_of(run, name)) for run in runs)
        known = (*here, *(task_words() if name == "task" else choices_of(setting.field) if setting else ()))
        near = () if name == "task" and task_choice(text) else words_near(text, known)
        return Problem(giver, "is that of no run", fix=did_you_mean(near), value=giver.raw) if near else None
    if name == "status" and text not in _OF_RUNS:
        near = nearest(text, _OF_RUNS)
        return Problem(giver, "is not allowed", f"one of {', '.join(_OF_RUNS)}", did_you_mean(near), giver.raw)
    if TITLES.get(name, name) == "start":
        return _refuse_order(name, text, runs)
    numeric = _is_numeric(name, runs)
    if numeric and (ends := re.fullmatch(_RANGE, text)):
        low, high = (read_value(end, float) for end in ends.groups())
        is_range = UNREADABLE not in (low, high) and low <= high
        return None if is_range else _not_numeric(giver, "a range such as 1..5")
    if setting is None:
        return _not_numeric(giver, "a number") if numeric and number(text) is None else None
    try:
        adapter_of(setting.field).validate_python(read_value(text, setting.field.annotation))
    except ValidationError as error:
        return refusal(setting, next(iter(details_of(error).values())), giver)
    return None


def _refuse_order(name: str, text: str, runs: Sequence[PastRun]) -> Problem | None:
    """The problem of a text that a name cannot be less or more than."""
    giver = _giver(name, text)
    if TITLES.get(name, name) == "start":
        return Problem(giver, "is not compared", fix="write --since 2024-05-01, or --since 2d", value=giver.raw)
    if not _is_numeric(name, runs):
        return Problem(giver, "is not compared", fix=f"{spelt(name)} is no number: write = or !=", value=giver.raw)
    return _not_numeric(giver, "a number") if number(text) is None else None


def _not_numeric(giver: Origin, must: str) -> Problem:
    return Problem(giver, "is not allowed", must, value=giver.raw)


def _giver(name: str, text: str) -> Origin:
    return Origin("argument", f"--where {spelt(name)}", name, text, shown(text))


def _is_numeric(name: str, runs: Iterable[PastRun]) -> bool:
    """Whether a name is that of a number: by its type, or by what these have where its type is not known here."""
    if setting := _setting(name):
        return kind_of_field(setting.field).of in (int, float)
    values = [value for run in runs if (value := value_of(run, name)) is not None]
    return bool(values) and all(type(each) in (int, float) for each in values)


def _has(run: PastRun, name: str, text: str) -> bool:
    """Whether a run has under a name what a text says; a task may be named by its dataset, too, as everywhere."""
    if name == "task":
        _, meant = task_choice(text) or (None, {"task": text})
        return all(plain(as_text(value_of(run, each))) == plain(word) for each, word in meant.items())
    if name == "commit" and run.run and (git := run.run.git):
        commit, star, changes = text.partition("*")  # any number of digits of each
        return git.commit.startswith(commit) and git.dirty == bool(star) and git.diff.startswith(changes)
    return _is(value_of(run, name), text)


def _is(value: Any, text: str) -> bool:
    """Whether a value is what a text says: `0.4`, `4e-1`, `0.3..0.5`; a fingerprint may be its beginning."""
    own = as_text(value)
    if own == text or (text and own.startswith(text) and own.startswith("apt1-")):
        return True
    if isinstance(value, bool):
        return read_value(text, bool) is value
    one = number(value)
    if one is None:
        return False
    if ends := re.fullmatch(_RANGE, text):
        low, high = number(ends[1]), number(ends[2])
        return low is not None and high is not None and low <= one <= high
    return one == number(text)


def number(value: Any) -> float | None:
    """A value as a number; None where it is none."""
    try:
        found = None if value is None or isinstance(value, bool | list | dict | datetime) else float(value)
    except (ValueError, OverflowError):
        return None
    return None if found is None or isnan(found) else found


def moment(text: str, now: datetime) -> datetime | None:
    """The moment that a text says: `2d` is two days before now, `2024-05-01` a day here; None where it is none."""
    if match := re.fullmatch(r"(\d{1,5})([smhdw])", text, re.ASCII):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
