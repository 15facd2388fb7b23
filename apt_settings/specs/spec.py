"""What a job spec that somebody wrote sets, whatever its form."""

from typing import NamedTuple

from ..base import AptSettings
from ..registry import registry
from ..sources.names import Names


class Assignment(NamedTuple):
    """One variable that a spec sets."""

    variable: str
    value: str | None
    """None where it is decided when the job runs: `$(date)`, `${SLURM_JOB_ID}`, a secret."""
    line: int


class Environment(NamedTuple):
    """What one container, or a script at one of its commands, has."""

    assignments: tuple[Assignment, ...]
    """Of one variable the last counts."""
    certain: bool = True
    """Whether all of them are in force together, and not only under some condition."""


class Fault(NamedTuple):
    """What is wrong with how something is set, whatever the value."""

    line: int
    variable: str
    wrong: str


class Spec(NamedTuple):
    """What a spec says of our variables."""

    environments: tuple[Environment, ...]
    faults: tuple[Fault, ...] = ()


def known() -> Names:
    """The names that a spec can set."""
    return registry().names_of(AptSettings)
