"""`.env` files, read as a job reads them. The value of a variable from the job's environment stays unknown."""

from typing import Any, Final

from ..basics.escaping import spelt
from ..sources.dotenv import content_of
from .spec import Assignment, Environment, Fault, Spec

_MOST_LINES: Final = 5
_UNKNOWN: Final = "\0"
"""The value of a name that only the job knows. No `.env` can hold this character, so it marks unknown values."""


class _AnyName(dict[str, str]):
    """Variables in which every name has a value: _UNKNOWN if none is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002  dict's signature
        return self[name] if name in self.keys() else _UNKNOWN


def read(text: str) -> Spec:
    """The variables that a `.env` sets, and the faults of its lines."""
    entries, faults, *_ = content_of(text, _AnyName())
    assignments = (
        Assignment(entry.variable, None if _UNKNOWN in entry.value else entry.value, entry.line, entry.raw)
        for entry in entries
    )
    all_faults = [
        Fault(line, spelt(name) if name else "", f"{wrong}; {fix}" if fix else wrong)
        for line, name, wrong, fix in faults
    ]
    return Spec((Environment(tuple(assignments)),), tuple(_shorten(all_faults)))


def _shorten(faults: list[Fault]) -> list[Fault]:
    """The faults; but if many lines are no assignment, one fault stands for them: it may be no `.env` at all."""
    nameless = [fault for fault in faults if not fault.variable]
    if len(nameless) <= _MOST_LINES:
        return faults
    first = nameless[0]._replace(wrong=f"and {len(nameless) - 1} more lines are no NAME=value: is it a .env?")
    return [first, *(fault for fault in faults if fault.variable)]
