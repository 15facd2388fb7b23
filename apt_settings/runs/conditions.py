"""What a user asks of runs: a condition such as `target_sparsity=0.4`, a moment such as `2d`."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any, Final, NamedTuple, Self

from ..base import AptSettings
from ..registry import registry
from ..values import as_text, choices_of, read_value
from .history import PastRun
from .status import STATUSES

FACTS: Final = ("status", "task", "fingerprint", "folder", "commit", "host", "start", "seconds", "attempts")
"""What a run has beside settings and metrics."""
_OF_RUNS: Final = tuple(each for each in STATUSES if each != "missing")
_FORM: Final = r"([^=<>!]+)(!=|<=|>=|=|<|>)(.*)"
_RANGE: Final = r"(.+?)\.\.(.+)"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def value_of(run: PastRun, name: str) -> Any:
    """What a run has under a name: a setting, else a metric, else a fact; None where it has nothing."""
    if name in run.settings:
        return run.settings[name].value
    if name in run.metrics:
        return run.metrics[name]
    if name == "folder":
        return str(run.folder)
    if name == "host":
        return run.run and run.run.host
    return getattr(run, name) if name in FACTS else None


def known_names(runs: Iterable[PastRun]) -> dict[str, None]:
    """Every name that `value_of` knows for any of these runs, settings first."""
    names: dict[str, None] = {}
    for run in runs:
        names |= dict.fromkeys((*run.settings, *run.metrics))
    return names | dict.fromkeys(FACTS)


def known_words(runs: Iterable[PastRun], name: str) -> dict[str, None]:
    """What a name may be, where it is one of some words: those of these runs first; empty where it may be anything."""
    here = [value_of(run, name) for run in runs]
    setting = registry().settings_of(AptSettings).get(name)
    possible = choices_of(setting.field) if setting else _OF_RUNS if name == "status" else ()
    if not possible or not all(type(each) is str for each in here):  # of booleans and lists there are other texts, too
        return {}
    return dict.fromkeys((*here, *possible))


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
    def words(self) -> Sequence[str]:
        """What it compares with, where it asks whether something is one of several words."""
        return self.text.split(",") if self.operator in ("=", "!=") else ()

    def holds(self, run: PastRun) -> bool:
        """Whether it holds. Of what a run does not have, only `!=` holds."""
        value = value_of(run, self.name)
        is_missing = value is None and self.name not in run.settings
        if self.operator in ("=", "!="):
            return (not is_missing and _is_any_of(value, self.text)) == (self.operator == "=")
        one, other = number(value), number(self.text)
        if one is None or other is None:
            return False
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[self.operator]


def _is_any_of(value: Any, text: str) -> bool:
    return any(_is(value, each) for each in dict.fromkeys((text, *text.split(","))))


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
