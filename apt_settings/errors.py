"""What can go wrong, told once and whole.

Exception
└── SettingsError       the settings are wrong; `.problems` lists everything that is
UserWarning
└── SettingsWarning     the settings are right, and there is something to know about them
"""

from collections.abc import Iterable
from typing import NamedTuple


def label(place: str, variable: str) -> str:
    """Where something stands, with the variable's name where the place does not hold it."""
    return place if variable in place else f"{place} {variable}".strip()


class Problem(NamedTuple):
    """One thing that is wrong, in the user's own spelling.

    `str()` is the whole message on one line:

        environment APT_EPOCHS='ten' is not allowed: must be a whole number, 1 <= x <= 10000
    """

    variable: str
    """As the user spelt it: `APT_EPOCHS`, `epochs` for an argument, empty for a line without a name."""
    origin: str
    """Where it stands: `environment APT_EPOCHS`, `.env:3`, `argument epochs`; empty where nobody set it."""
    value: str | None
    """As the user spelt it, quoted and cut to a readable length; None where there is none to show."""
    wrong: str
    """What is wrong: `is not allowed`, `is not a setting`."""
    allowed: str = ""
    """What is allowed: `a whole number, 1 <= x <= 10000`."""
    fix: str = ""
    """What to write instead, where it can be guessed: `did you mean 1000?`."""

    def __str__(self) -> str:
        said = "" if self.value is None else f"={self.value}"
        must = f": must be {self.allowed}" if self.allowed else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{label(self.origin, self.variable)}{said} {self.wrong}{must}{fix}"


class SettingsError(Exception):
    """The settings are wrong: one error that holds every problem there is.

    `problems` is a tuple of `Problem`; `str()` prints one line for each. No other tool's variable is in either.

    pydantic_settings has an exception of the same name. That one says that a source could not be read, and
    stops at the first; this one is what apt-settings raises for every wrong value, name or file, and it is
    not a subclass of it, nor of ValueError: pydantic would swallow a ValueError inside its own report.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        return "\n  ".join([f"{count} problem{'s' * (count != 1)} in the settings", *map(str, self.problems)])


class SettingsWarning(UserWarning):
    """The settings hold, and a default among them no longer fits or a name was let pass."""
