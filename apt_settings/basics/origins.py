"""Who gave a value, and where it stands."""

import re
from typing import Any, Final, Literal, NamedTuple

Kind = Literal[
    "argument", "environment", "env file", "job spec", "record", "release", "project default", "class default", "nobody"
]

_DEFAULTS: Final = ("release", "project default", "class default")
_GIVERS: Final = (
    ("environment ", "the environment"),
    ("default handed on", "defaults handed on"),
    ("argument ", "arguments"),
    (r"point \d+ of the grid", "the grid"),
    (r"point \d+ of sample", "the sample"),
)
"""How a location begins -> who that is; any other begins with the one whom it names."""


def is_override(kind: Kind) -> bool:
    """Whether what is of this kind was set by somebody, and neither by the release, nor a project's class, nor ours."""
    return kind not in _DEFAULTS


class Origin(NamedTuple):
    """The giver of one value. `str()` is what a user sees: `environment APT_EPOCHS`, `.env:3`, `class default`."""

    kind: Kind
    source: str
    """What holds the value: `environment`, or who gave it where a job was handed it; `.env`, `--set epochs`,
    `run.json (.env:3)`, `release trainer_minus.py:355`; empty where nobody gave it."""
    variable: str
    """The name as it is spelt there: `APT_EPOCHS`, `epochs`."""
    value: Any = None
    """What is given there: a text, or the object that an argument or a default is."""
    raw: str = ""
    """The value as the user spelt it, quoted, `${NAME}` not expanded."""
    line: int = 0
    """The line of a file; 0 where there is none."""
    overridden: tuple["Origin", ...] = ()
    """Who else gives this setting a value, the strongest first, the class default last."""
    empty: tuple["Origin", ...] = ()
    """Stronger givers that name this setting and leave it empty, which counts as not set."""

    @property
    def location(self) -> str:
        """`environment APT_EPOCHS`, `.env:3`, `argument epochs`, `class default`."""
        if self.source == "environment":  # and not a place that was handed on with the variable
            return f"{self.source} {self.variable}"
        return f"{self.source}:{self.line}" if self.line else self.source

    @property
    def label(self) -> str:
        """Location and variable: `environment APT_EPOCHS`, `.env:3 APT_EPOCHS`."""
        names_itself = self.source == "environment" or self.kind == "argument"
        return self.location if names_itself else f"{self.location} {self.variable}".strip()

    @property
    def giver(self) -> str:
        """Who it is, for a count: `.env`, `the environment`, `--set`, `the grid`."""
        named = (giver for start, giver in _GIVERS if re.match(start, self.location))
        return next(named, re.split(r" |:\d+$", self.location)[0])

    @property
    def is_override(self) -> bool:
        """Whether somebody set this for the job, and neither the release, nor a project's class, nor ours decides."""
        return is_override(self.kind)

    @property
    def is_empty(self) -> bool:
        """Whether this is a variable without a value, which counts as not set."""
        return self.is_override and isinstance(self.value, str) and not self.value

    def __repr__(self) -> str:  # a value may hold what ${NAME} brought in, and a repr ends up in tracebacks and logs
        return f"<Origin {self}>"

    def __str__(self) -> str:
        if not self.empty:
            return self.location
        names = " and ".join(each.label for each in self.empty)
        return f"{self.location} ({names} {'is' if len(self.empty) == 1 else 'are'} empty)"
