"""What differs between two that have settings: two jobs, a job and its record, two processes of a job."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Side(NamedTuple):
    """What one of two has for a setting."""

    value: Any
    """As JSON has it."""
    origin: str
    """Who set it, as a user sees it."""


class Difference(NamedTuple):
    """One setting that differs; None is the side that has no such setting."""

    setting: str
    one: Side | None
    other: Side | None


def differences(one: Mapping[str, Side], other: Mapping[str, Side]) -> Iterator[Difference]:
    """The settings whose values differ, in the order of the first side."""
    for name in dict.fromkeys((*one, *other)):
        mine, theirs = one.get(name), other.get(name)
        if not (mine and theirs and mine.value == theirs.value):
            yield Difference(name, mine, theirs)
