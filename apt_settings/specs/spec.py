"""The result of reading a job spec of any kind: the variables that it sets, its faults, and the texts inside it."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from ..base import AptSettings
from ..registry import Setting, registry
from ..sources.controls import CONTROLS
from ..sources.names import Names
from ..sweeps.grid import Sweep
from ..variables import ENV_FILE, NO_FILE

T = TypeVar("T")

MARK: Final = "\0"
"""Stands around what only the job knows, in the text of a value: `seed-\\0$s\\0`. No spec can hold this character."""
_MOST_TEXTS: Final = 64
"""The most texts that one word may stand for; of more, only that they are not known is kept."""

_LONGEST: Final = 65_536
"""The most characters of a text that is put together: `A=$A$A` doubles it."""

_PLACEHOLDER: Final = r"\{\}|^\{\w+\}$"
"""What xargs, parallel and MLflow put another text in place of."""

RELAXING: Final = ("unknown", "foreign")
"""Controls that let a job run in spite of a name that is no setting. Where a spec is checked, all names are judged."""

Values = Mapping[str, Sequence[str]]
"""What variables of a script, or of a matrix, may hold: `{"s": ["1", "2"]}`."""


Words = Sequence[tuple[str, int]]
"""The words of a command with their lines; what only the running script knows stands in marks."""


class Assignment(NamedTuple):
    """One variable that a spec sets."""

    variable: str
    value: str | None
    """None if the value is known only when the job runs: `$(date)`, `${SLURM_JOB_ID}`, a secret."""
    line: int
    written: str | None = None
    """The value as it stands, where ${NAME} brings the value of another variable in; None: it stands as it is."""
    unknown: str = ""
    """What the value depends on, where it is not known: `$SLURM_JOB_ID`."""
    file: str = ""
    """The file in which it stands, if that is another one."""
    is_option: bool = False
    """Whether an option of our command sets it, which is stronger than a variable."""


class Environment(NamedTuple):
    """The variables of one container, or of a script at one of its commands."""

    assignments: tuple[Assignment, ...]
    """If a variable occurs twice, the last one counts."""
    certain: bool = True
    """False if some may not be set, as in a branch of an `if`, or others may be set too."""
    below: str = ""
    """What may set other variables, and is not read: `the image r/apt-squad`. Then it is not certain."""
    sweep: Sweep | None = None
    """What its command varies, by options such as `--grid seed=1..5`."""
    job_line: int = 0
    """The line of its command, where that takes settings: `apt-settings run`, `python train.py`; else 0."""
    is_run: bool = False
    """Whether its command is `apt-settings run`, which starts no job whose task nobody sets."""
    varied: frozenset[str] = frozenset()
    """Variables whose values are others for some commands: each of these is judged elsewhere."""

    @property
    def reads_no_file(self) -> bool:
        """Whether no `.env` says more, as in a text that `job` wrote."""
        return {each.variable: each.value for each in self.assignments}.get(ENV_FILE) == NO_FILE


class Fault(NamedTuple):
    """A mistake in how a variable is set, whatever its value."""

    line: int
    variable: str
    wrong: str


class Given(NamedTuple):
    """What a text inside another one gets from it."""

    assignments: tuple[Assignment, ...] = ()
    """The variables of the environment that it runs in."""
    values: Mapping[str, Sequence[str]] = {}
    certain: bool = True
    """False if it is only a part, as a line that is added to a file."""
    below: str = ""
    """As of an Environment."""
    is_part: bool = False
    """Whether it stands in another text: then nobody reads it with `source`."""

    def moved(self, lines: int) -> "Given":
        """The same, as seen from so many lines further up."""
        return self._replace(assignments=tuple(each._replace(line=each.line + lines) for each in self.assignments))


class Beside(NamedTuple):
    """What the other files of the same call hold."""

    config_maps: Mapping[tuple[str, str], Mapping[str, Assignment]] = {}
    """Kind and name of a ConfigMap or Secret -> what it holds, by its keys."""
    env_files: Mapping[str, tuple[Assignment, ...]] = {}
    """The path of a `.env` -> what it sets."""
    unnamed: tuple[str, ...] = ()
    """The groups that the caller names and that are not imported."""
    is_strict: bool = False
    """Whether a name that cannot be judged is wrong."""
    private: frozenset[str] = frozenset()
    """The paths of `.env` files that git does not have and would not add: secrets may stand there."""
    folder: str = ""
    """The folder of the file that is read."""

    def env_file(self, path: str) -> tuple[Assignment, ...] | None:
        """What a `.env` sets whose path is seen from the file that is read; None for one that is not here."""
        return self.env_files.get(os.path.normpath(os.path.join(self.folder, path)))


NOTHING: Final = Given()
"""What a file gets that stands by itself."""
NOBODY: Final = Beside()
"""What a file has beside it that is checked alone."""


class Inner(NamedTuple):
    """A text inside a spec that is a spec of its own: the script of `bash -c`, a file in a ConfigMap."""

    text: str
    line: int
    """The line in which its first line stands."""
    kind: str = ""
    """How it is read; empty: as `name` says."""
    name: str = ""
    """The file that it is written to; empty: as its content says."""
    given: Given = Given(is_part=True)


class Spec(NamedTuple):
    """Everything that a spec sets. Each environment is checked by itself."""

    environments: tuple[Environment, ...] = ()
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    """What there is to know although nothing is wrong."""
    inner: tuple[Inner, ...] = ()
    local: frozenset[str] = frozenset()
    """Variables and functions of scripts that no command gets."""

    @property
    def assignments(self) -> Iterator[Assignment]:
        """Those of all its environments."""
        return (each for environment in self.environments for each in environment.assignments)

    def moved(self, lines: int) -> "Spec":
        """The same, so many lines further down."""
        environments = tuple(
            each._replace(
                assignments=tuple(one._replace(line=one.line + lines) for one in each.assignments),
                job_line=each.job_line and each.job_line + lines,
            )
            for each in self.environments
        )
        faults = tuple(each._replace(line=each.line + lines) for each in self.faults)
        remarks = tuple(each._replace(line=each.line + lines) for each in self.remarks)
        return self._replace(environments=environments, faults=faults, remarks=remarks)


def known() -> Names:
    """The names of settings and controls, which a spec can set."""
    return registry().names_of(AptSettings)


def setting_of(variable: str) -> Setting | None:
    """The setting that a variable sets; None for a control and for any other name."""
    return registry().settings_of(AptSettings).get(known().variables.get(variable, ""))


def marked(what: str) -> str:
    """The text of a value that only the job knows: `$s` -> `\\0$s\\0`."""
    return f"{MARK}{what}{MARK}"


def assigned(variable: str, text: str, line: int) -> Assignment:
    """An assignment of a text that may have marks; then its value is not known."""
    if MARK not in text and not re.search(_PLACEHOLDER, text):
        return Assignment(variable, text, line)
    if MARK not in text:
        return Assignment(variable, None, line, unknown="{...}")
    return Assignment(variable, None, line, unknown=text.split(MARK)[1])


def joined(parts: Sequence[Sequence[str]]) -> list[str]:
    """Each text that parts make, of which each may be one of several: `[["a"], ["1", "2"]]` -> `["a1", "a2"]`."""
    texts = [""]
    for part in parts:
        if len(texts) * len(part) > _MOST_TEXTS:
            part = [next((each for each in part if MARK in each), marked("..."))]
        texts = [text + each for text in texts for each in part]
        if max(map(len, texts)) > _LONGEST:
            return [marked("...")]
    return texts


def abreast(columns: Iterable[Sequence[T]]) -> list[list[T]]:
    """One of each column at a time, of a shorter one its last: `[["a"], ["1", "2"]]` -> `[["a", "1"], ["a", "2"]]`."""
    filled = [column for column in columns if column]
    rows = range(max(map(len, filled), default=1))
    return [[column[min(row, len(column) - 1)] for column in filled] for row in rows]


def either(*alternatives: Sequence[str]) -> list[str]:
    """Each text that may stand here, once."""
    texts = list(dict.fromkeys(text for each in alternatives for text in each))
    return texts if len(texts) <= _MOST_TEXTS else [marked("...")]


def relaxes(assignment: Assignment) -> bool:
    """Whether an assignment lets a job run in spite of a name that is no setting."""
    control = known().variables.get(assignment.variable, "")
    return control in RELAXING and assignment.value in CONTROLS[control].words
