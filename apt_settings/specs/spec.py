"""The result of reading a job spec of any kind: the variables that it sets, and its faults."""

from typing import NamedTuple

from ..base import AptSettings
from ..registry import registry
from ..sources.names import Names


class Assignment(NamedTuple):
    """One variable that a spec sets."""

    variable: str
    value: str | None
    """None if the value is known only when the job runs: `$(date)`, `${SLURM_JOB_ID}`, a secret."""
    line: int
    written: str | None = None
    """The value as it stands, where ${NAME} brings the value of another variable in; None: it stands as it is."""


class Environment(NamedTuple):
    """The variables of one container, or of a script at one of its commands."""

    assignments: tuple[Assignment, ...]
    """If a variable occurs twice, the last one counts."""
    certain: bool = True
    """False if some may not be set, as in a branch of an `if`, or others may be set too."""


class Fault(NamedTuple):
    """A mistake in how a variable is set, whatever its value."""

    line: int
    variable: str
    wrong: str


class Spec(NamedTuple):
    """Everything that a spec sets. Each environment is checked by itself."""

    environments: tuple[Environment, ...]
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    """What there is to know although nothing is wrong."""


def known() -> Names:
    """The names of settings and controls, which a spec can set."""
    return registry().names_of(AptSettings)
