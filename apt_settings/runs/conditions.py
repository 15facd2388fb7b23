"""What a user asks of runs: a condition such as `target_sparsity=0.4`, a moment such as `2d`."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any, Final, NamedTuple, Self

from ..facts.datasets import plain
from ..tasks import task_choice
from ..values import as_text, read_value
from .history import PastRun

FACTS: Final = ("status", "task", "fingerprint", "folder", "commit", "host", "start", "seconds", "attempts")
"""What a run has beside settings and metrics."""
TITLES: Final = {"run": "fingerprint", "started": "start", "took": "seconds"}
"""What the columns of facts are called -> the fact."""
_FORM: Final = r"([^=<>!]+)(!=|<=|>=|=|<|>)(.*)"
RANGE: Final = r"(.+?)\.\.(.+)"
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
        return any(has(run, self.name, each) for each in dict.fromkeys((self.text, *self.texts)))


def has(run: PastRun, name: str, text: str) -> bool:
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
    if isinstance(value, list | dict):
        with suppress(ValueError, RecursionError):
            return bool(json.loads(text) == value)  # as --set takes it, too
        return False
    one = number(value)
    if one is None:
        return False
    if ends := re.fullmatch(RANGE, text):
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
