"""`.env` files, read as a job would read them, but for names that only the job's environment knows."""

from typing import Any, Final

from ..basics.escaping import spelt
from ..sources.dotenv import entries_of
from .spec import Assignment, Environment, Fault, Spec

_MOST_LINES: Final = 5
_UNKNOWN: Final = "\0"
"""Stands for the value of a name that is not known here; no `.env` can hold it."""


class _AnyName(dict[str, str]):
    """A scope in which every name has a value, known or not."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002  an unknown name may well be set
        return self[name] if name in self.keys() else _UNKNOWN


def read(text: str) -> Spec:
    """What a `.env` sets, and what is wrong with its lines."""
    entries, faults = entries_of(text, _AnyName())
    assignments = (
        Assignment(entry.variable, None if _UNKNOWN in entry.value else entry.value, entry.line) for entry in entries
    )
    found = [
        Fault(line, spelt(name) if name else "", f"{wrong}; {fix}" if fix else wrong)
        for line, name, wrong, fix in faults
    ]
    return Spec((Environment(tuple(assignments)),), tuple(_shortened(found)))


def _shortened(faults: list[Fault]) -> list[Fault]:
    """The faults; where many lines are no assignment, it may be no `.env` at all, and one of them says so."""
    nameless = [fault for fault in faults if not fault.variable]
    if len(nameless) <= _MOST_LINES:
        return faults
    first = nameless[0]._replace(wrong=f"and {len(nameless) - 1} more lines are no NAME=value: is it a .env?")
    return [first, *(fault for fault in faults if fault.variable)]
