"""What can go wrong, in one error that holds everything, and what there is to know although nothing is wrong.

Exception
└── SettingsError       the settings are wrong; `.problems` lists everything that is
    └── CannotWriteError  a record or a picture cannot be written
UserWarning
└── SettingsWarning     the settings are valid, and there is something to know about them
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Literal, NamedTuple, ParamSpec, Self, TypeVar

from .basics.origins import Origin

P = ParamSpec("P")
T = TypeVar("T")
ProblemKind = Literal["unknown name", "bad value", "not set", "does not fit", "no script", "other"]


class Problem(NamedTuple):
    """One thing that is wrong, in the user's own spelling.

    `str()` is the whole message on one line:

        environment APT_EPOCHS='ten' is not allowed: must be a whole number, 1 <= x <= 10000
    """

    where: Origin | str
    """Who gave what is wrong; or, where it is no value of a setting, its place: `sweep.toml`, `rank 2`, `.env:3`."""
    wrong: str
    """What is wrong: `is not allowed`, `is not a setting`."""
    allowed: str = ""
    """What is allowed: `a whole number, 1 <= x <= 10000`."""
    fix: str = ""
    """What to write instead, where it can be guessed: `did you mean 1000?`."""
    value: str | None = None
    """As the user spelt it, quoted and cut to a readable length; None where there is none to show."""
    kind: ProblemKind = "other"
    setting: str = ""
    """The setting that it is a problem of; empty where it is of none."""

    @property
    def variable(self) -> str:
        """As the user spelt it: `APT_EPOCHS`, `epochs` for an argument; empty where nothing has a name."""
        return "" if isinstance(self.where, str) else self.where.variable

    @property
    def origin(self) -> str:
        """Where it stands: `environment APT_EPOCHS`, `.env:3`, `argument epochs`; empty where nobody set it."""
        return self.where if isinstance(self.where, str) else self.where.location

    @property
    def message(self) -> str:
        """What is wrong, what is allowed and what to write, for whoever shows the place beside it."""
        must = f": must be {self.allowed}" if self.allowed else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.wrong}{must}{fix}"

    def without_object(self) -> "Problem":
        """The same without the value itself, in which ${NAME} may have put a secret: an error is logged and pickled."""
        if isinstance(self.where, str):
            return self
        return self._replace(where=self.where._replace(value=None, overridden=()))

    def __str__(self) -> str:
        label = self.where if isinstance(self.where, str) else self.where.label
        value = "" if self.value is None else f"={self.value}"
        return f"{label}{value} {self.message}".strip()


class Note(NamedTuple):
    """One thing to know although nothing is wrong. `str()` is the whole sentence."""

    text: str
    setting: str = ""
    """The setting that it is about; empty where it is about none."""

    def __str__(self) -> str:
        return self.text


class SettingsError(Exception):
    """The settings are wrong: one error that holds every problem there is.

    `problems` is a tuple of `Problem`; `str()` prints one line for each. No other tool's variable is in either.

    pydantic_settings has an exception of the same name. That one says that a source could not be read, and
    stops at the first; this one is what apt-settings raises for every wrong value, name or file, and it is
    not a subclass of it, nor of ValueError: pydantic would swallow a ValueError inside its own report.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(each.without_object() for each in problems)
        super().__init__(self.problems)

    @classmethod
    def at(cls, where: Origin | str, wrong: str, allowed: str = "", fix: str = "", value: str | None = None) -> Self:
        """The error of one problem."""
        return cls([Problem(where, wrong, allowed, fix, value)])

    def _render_traceback_(self) -> list[str]:
        """What a notebook prints: the message. `traceback.print_exception(sys.last_value)` has the frames."""
        return f"{type(self).__name__}: {self}".splitlines()

    def __str__(self) -> str:
        count = len(self.problems)
        return "\n  ".join([f"{count} problem{'s' * (count != 1)} in the settings", *map(str, self.problems)])


class CannotWriteError(SettingsError):
    """A record or a picture cannot be written, whatever the settings are: another time it may be."""

    def __str__(self) -> str:
        return "\n  ".join(map(str, self.problems))


class SettingsWarning(UserWarning):
    """The settings are valid; a default no longer fits what was set, or an unknown name was allowed."""


def raised_anew(function: Callable[P, T]) -> Callable[P, T]:
    """Raise a SettingsError of the function from here: the frames below have seen the environment.

    Who prints the locals of a traceback, as `pytest -l`, rich and Sentry do, would print every variable there is.
    """

    @wraps(function)
    def called(*arguments: P.args, **keywords: P.kwargs) -> T:
        try:
            return function(*arguments, **keywords)
        except SettingsError as error:
            problems = error.problems
        del arguments, keywords
        raise SettingsError(problems)

    return called
