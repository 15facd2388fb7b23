"""All sources together: what was said about one job, by whom, and what is wrong with how it was said."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from types import EllipsisType, MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from ..basics.escaping import shown
from ..basics.origins import Kind, Origin
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem
from .controls import CONTROLS
from .dotenv import UnreadableError
from .names import PREFIX
from .readers import Source, from_arguments, from_env_file, from_environment, snapshot

DEFAULT_ENV_FILE: Final = ".env"

EnvFile: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | EllipsisType | None
"""Which `.env` to read: one path, or several of which later ones win; a str may join several with `:`. None: no file.
`...`: what APT_ENV_FILE names, else `.env` in the working directory if there is one."""

MOST_ENV_FILES: Final = 8
"""The most files that APT_ENV_FILE may name."""

_MOST_GUESSES: Final = 50


class Reading(NamedTuple):
    """What the sources say about one job."""

    sources: tuple[Source, ...]
    """The strongest first: arguments, environment, `.env` files from the last to the first."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    """The absolute path of every `.env` that was read."""
    directory: str = ""
    """The working directory, where `.env` was looked for; empty where the job said which file to read."""
    reference: Source = Source({})
    """Weaker than every source: the script of the release, where APT_REFERENCE asks for it."""

    def first(self, name: str) -> Origin | None:
        """Who decides a setting or control: the strongest giver whose value is not empty; None where nobody does."""
        return next((origin for origin in self._givers(name) if not origin.is_empty), None)

    @property
    def deciding(self) -> dict[str, Origin]:
        """Who decides each setting and control that anybody gives a value."""
        deciding: dict[str, Origin] = {}
        for source in reversed((*self.sources, self.reference)):
            deciding |= {name: origin for name, origin in source.given.items() if not origin.is_empty}
        return deciding

    def origin(self, name: str, default: object) -> Origin:
        """Who decides a setting, with all that is overruled and all that was left empty."""
        givers = [*self._givers(name), Origin("class default", "class default", name, default, shown(default))]
        empty = tuple(origin.label for origin in takewhile(lambda origin: origin.is_empty, givers))
        winner, *shadows = (origin for origin in givers if not origin.is_empty)
        return winner._replace(shadows=tuple(shadows), empty=empty)

    def under(
        self, arguments: Mapping[str, Any], settings: Collection[str], places: Mapping[str, str] = MappingProxyType({})
    ) -> "Reading":
        """The same with arguments that are stronger than all of it."""
        given = from_arguments(arguments, settings, places)
        strange = [_unknown_name(origin, settings, guessing=True) for origin in given.unknown]
        together = self._replace(sources=(given, *self.sources))
        wrong_words = [problem for name, problem in _wrong_words(together) if name in given.given]
        return together._replace(problems=(*self.problems, *strange, *wrong_words))

    def without(self, name: str, *kinds: Kind) -> "Reading":
        """The same as if givers of these kinds did not name a setting."""
        return self._with_given(
            lambda given: {key: each for key, each in given.items() if key != name or each.kind not in kinds}
        )

    def with_choice(self, choice: Origin, values: Mapping[str, str]) -> "Reading":
        """The same, where one giver's word for a task stands for these values."""
        meant = {name: choice._replace(value=value) for name, value in values.items()}
        return self._with_given(lambda given: given | meant if given.get("task") is choice else given)

    def _with_given(self, change: Callable[[dict[str, Origin]], dict[str, Origin]]) -> "Reading":
        return self._replace(sources=tuple(source._replace(given=change(source.given)) for source in self.sources))

    def _givers(self, name: str) -> list[Origin]:
        return [source.given[name] for source in (*self.sources, self.reference) if name in source.given]


def read(
    environ: Mapping[str, str],
    env_file: EnvFile,
    arguments: Mapping[str, Any],
    settings: Collection[str],
    places: Mapping[str, str] = MappingProxyType({}),
) -> Reading:
    """Read every source there is. Nothing is raised: what is wrong is among the problems of the reading.

    `settings` are the names that are known, `places` how the user spells an argument that is not `argument NAME`.
    """
    known = {PREFIX + name.upper(): name for name in (*settings, *CONTROLS)}
    given = from_arguments(arguments, settings, places)
    environment = from_environment(environ, known)
    asked = _asked(env_file, environment, places)
    paths = _usual_env_file() if asked is None else _paths(asked.value)
    files, unreadable = _from_env_files(paths, asked, environ, known)
    reading = judged((given, environment, *reversed([source for _, source in files])), settings)
    return reading._replace(
        problems=(*unreadable, *reading.problems),
        env_files=tuple(os.path.abspath(os.path.expanduser(path)) for path, _ in files),
        directory=_working_directory() if asked is None else "",
    )


def judged(sources: Iterable[Source], settings: Collection[str]) -> Reading:
    """Sources, the strongest first, with what is wrong with what they say."""
    reading = Reading(tuple(sources))
    strange, passed = _unknown_names(reading, settings)
    return reading._replace(problems=(*_problems(reading), *strange), notes=passed)


def replaying(
    record: Source, arguments: Mapping[str, Any], settings: Collection[str], places: Mapping[str, str]
) -> Reading:
    """What a record says, and arguments that are stronger; nothing else is read."""
    problems = [_unknown_name(origin, settings, guessing=True) for origin in record.unknown]
    if "reference" in arguments:
        place = places.get("reference", "argument reference")
        problems.append(Problem("reference", place, None, "does not go with a record, which has its own"))
    reading = Reading((record,))
    problems += [problem for _, problem in _wrong_words(reading)]
    return reading._replace(problems=tuple(problems)).under(arguments, settings, places)


def _asked(env_file: EnvFile, environment: Source, places: Mapping[str, str]) -> Origin | None:
    """Who says which `.env` to read; None where nobody does."""
    if env_file is not ...:
        name = places.get("env_file", "env_file")
        return Origin("argument", places.get("env_file", "argument env_file"), name, env_file, shown(env_file))
    asked = environment.given.get("env_file")
    return asked if asked and not asked.is_empty else None


def _usual_env_file() -> list[str]:
    """None where there is none; one that cannot be looked at is there, and is told of when it is read."""
    try:
        os.lstat(DEFAULT_ENV_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        pass
    return [DEFAULT_ENV_FILE]


def _paths(env_file: Any) -> list[str]:
    if env_file is None:
        return []
    if isinstance(env_file, str):
        return env_file.split(":")
    if isinstance(env_file, os.PathLike):
        return [os.fspath(env_file)]
    return [os.fspath(path) for path in env_file]


def _from_env_files(
    paths: Sequence[str], asked: Origin | None, environ: Mapping[str, str], known: Mapping[str, str]
) -> tuple[list[tuple[str, Source]], list[Problem]]:
    """Each path with its source, and a problem for each file that cannot be read."""
    scope = snapshot(environ, environ) if paths else {}
    sources, problems = [], []
    if asked and len(paths) > MOST_ENV_FILES:
        wrong = f"names {len(paths):,} files, and {MOST_ENV_FILES} are the most that are read"
        return [], [Problem(asked.variable, asked.place, None, wrong)]
    for path in paths:
        try:
            sources.append((path, from_env_file(path, scope, known)))
        except UnreadableError as error:
            if asked:
                name = "a text of several lines" if "\n" in path else shown(path)  # perhaps what a .env holds
                wrong = f"names {name}, which cannot be read: {error}"
                problems.append(Problem(asked.variable, asked.place, None, wrong))
            else:
                problems.append(Problem("", path, None, f"cannot be read: {error}"))
    return sources, problems


def _problems(reading: Reading) -> Iterator[Problem]:
    """What the sources themselves found, and controls that say what they cannot."""
    for source in reading.sources:
        yield from source.problems
        asked = source.given.get("env_file")
        if asked and asked.kind == "env file":
            yield Problem(asked.variable, asked.place, None, "cannot stand in a .env: it says which one to read")
    yield from (problem for _, problem in _wrong_words(reading))


def _wrong_words(reading: Reading) -> Iterator[tuple[str, Problem]]:
    """The controls that say what they cannot."""
    for name, (words, _) in CONTROLS.items():
        origin = reading.first(name)
        if words and origin and origin.value not in words:
            fix = did_you_mean(nearest(str(origin.value), words))
            yield name, Problem(origin.variable, origin.place, origin.text, "is not allowed", " or ".join(words), fix)


def _unknown_names(reading: Reading, settings: Collection[str]) -> tuple[list[Problem], tuple[str, ...]]:
    """Names that are no setting: the problems, and notes of those that APT_UNKNOWN=warn lets pass."""
    asked = reading.first("unknown")
    policy = asked.value if asked else "error"
    unknown = [origin for source in reading.sources for origin in source.unknown]
    stopping = [origin for origin in unknown if origin.kind == "argument" or policy not in ("warn", "ignore")]
    passing = [origin for origin in unknown if origin.kind != "argument"] if policy == "warn" else []
    guessing = len(unknown) <= _MOST_GUESSES
    problems = [_unknown_name(origin, settings, guessing) for origin in stopping]
    return problems, tuple(str(_unknown_name(origin, settings, guessing, relief="")) for origin in passing)


def _unknown_name(
    origin: Origin, settings: Collection[str], guessing: bool, relief: str = "APT_UNKNOWN=warn lets it pass"
) -> Problem:
    word = origin.variable
    if origin.kind in ("argument", "record"):
        guess, relief = did_you_mean(nearest(word, (*settings, *CONTROLS)) if guessing else ()), ""
    else:
        close = nearest(word[len(PREFIX) :], (*settings, *CONTROLS)) if guessing else ()
        guess = did_you_mean(PREFIX + name.upper() for name in close)
    fix = f"{guess} ({relief})" if guess and relief else guess or relief
    return Problem(word, origin.place, None, "is not a setting", fix=fix)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "a working directory that is gone"
