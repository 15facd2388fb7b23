"""What is found in a job spec: what is wrong, what there is to know, and both together as a report."""

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong. `str()` is `job.sh:12: APT_EPOCHS='ten' is not allowed: ...`."""

    file: str
    line: int
    variable: str
    message: str
    level: Literal["error", "note"] = "error"
    """A note is something to know although nothing is wrong."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class SpecReport(NamedTuple):
    """The result of checking one spec."""

    findings: list[Finding]
    """In the order of the lines, each thing once."""
    notes: list[Finding]
    """What there is to know although nothing is wrong, in the order of the lines."""
    judged: int = 0
    """How many settings have a value here that was judged."""
    unjudged: int = 0
    """How many have one that is not known, or stands where it is not read. There is a note for each."""


class Told:
    """All that is told of one spec, each thing once."""

    def __init__(self, file: str, *, is_strict: bool) -> None:
        self.file = file
        self._is_strict = is_strict
        self.errors: dict[Finding, None] = {}
        self._notes: dict[Finding, None] = {}

    def error(self, line: int, variable: str, message: str, file: str = "") -> None:
        """Tell what is wrong."""
        self.errors[Finding(file or self.file, line, variable, message)] = None

    def note(self, line: int, variable: str, message: str, file: str = "") -> None:
        """Tell what there is to know."""
        self._notes[Finding(file or self.file, line, variable, message, "note")] = None

    def doubt(self, line: int, variable: str, message: str, file: str = "") -> None:
        """Tell what cannot be judged: a note, unless the caller is strict."""
        (self.error if self._is_strict else self.note)(line, variable, message, file)

    def report(self, judged: int, unjudged: int) -> SpecReport:
        """The result."""
        errors, notes = (
            sorted(each, key=lambda finding: (finding.line, finding.variable)) for each in (self.errors, self._notes)
        )
        return SpecReport(errors, notes, judged, unjudged)
