"""`.env` files, read as a job reads them. The value of a variable from the job's environment stays unknown."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ..basics.escaping import spelt
from ..sources.dotenv import Entry, content_of
from ..variables import ENV_FILE, NO_FILE
from .spec import NOTHING, Assignment, Environment, Fault, Given, Spec

_MOST_LINES: Final = 5
_FOR_DOCKER: Final = rf"(?m)^{ENV_FILE}={NO_FILE}$"
"""What stands in each file that `job docker` wrote, and in no `.env`."""
_UNKNOWN: Final = "\0"
"""The value of a name that only the job knows. No `.env` can hold this character, so it marks unknown values."""


class _AnyName(dict[str, str]):
    """Variables in which every name has a value: _UNKNOWN if none is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002  dict's signature
        return self[name] if name in self.keys() else _UNKNOWN


def read(text: str, given: Given = NOTHING) -> Spec:
    """The variables that a `.env` sets, and the faults of its lines."""
    if re.search(_FOR_DOCKER, text):
        return Spec((Environment(tuple(_of_docker(text))),))
    entries, faults, *_ = content_of(text, _AnyName())
    all_faults = [
        Fault(line, spelt(name) if name else "", f"{wrong}; {fix}" if fix else wrong)
        for line, name, wrong, fix in faults
    ]
    environment = Environment(tuple(map(_assignment, entries)), given.certain, given.below)
    return Spec((environment,), tuple(_shorten(all_faults)))


def _of_docker(text: str) -> Iterator[Assignment]:
    """The lines of a file for docker --env-file, which knows neither quotes nor ${NAME}."""
    for number, line in enumerate(text.split("\n"), start=1):
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            yield Assignment(name, value, number)


def _assignment(entry: Entry) -> Assignment:
    if _UNKNOWN not in entry.value:
        return Assignment(entry.variable, entry.value, entry.line, entry.raw)
    name = re.search(r"\$\{[^}:]*", entry.raw)
    return Assignment(entry.variable, None, entry.line, unknown=f"{name[0]}}}" if name else "")


def _shorten(faults: list[Fault]) -> list[Fault]:
    """The faults; but if many lines are no assignment, one fault stands for them: it may be no `.env` at all."""
    nameless = [fault for fault in faults if not fault.variable]
    if len(nameless) <= _MOST_LINES:
        return faults
    first = nameless[0]._replace(wrong=f"and {len(nameless) - 1} more lines are no NAME=value: is it a .env?")
    return [first, *(fault for fault in faults if fault.variable)]
