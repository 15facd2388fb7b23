"""What a job spec that somebody wrote sets, whatever its form."""

from typing import Final, NamedTuple

from ..base import AptSettings
from ..sources.controls import CONTROLS
from ..sources.names import PREFIX

KNOWN: Final = {PREFIX + name.upper(): name for name in (*AptSettings.model_fields, *CONTROLS)}
"""Variable -> setting or control."""


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


class UnreadableError(Exception):
    """A spec cannot be read; the message says why."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message, line)
        self.line = line

    def __str__(self) -> str:
        return str(self.args[0])
