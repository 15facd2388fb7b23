"""All sources together, the strongest first: who gives a setting its value, and what is wrong with how it is given."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from types import EllipsisType, MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from ..basics.escaping import shown
from ..basics.files import UnreadableError
from ..basics.origins import Kind, Origin
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Note, Problem
from .controls import CONTROLS
from .foreign import covers, wrong_entries
from .names import Names, variable_of
from .nearby import nearby
from .readers import Source, from_arguments, from_env_file, from_environment, snapshot

if TYPE_CHECKING:
    from .record import RecordedSetting

DEFAULT_ENV_FILE: Final = ".env"

EnvFile: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | EllipsisType | None
"""Which `.env` to read: one path, or several of which later ones win; a str may join several with `:`. None: no file.
`...`: what APT_ENV_FILE names, else `.env` in the working directory if there is one."""

MOST_ENV_FILES: Final = 8
"""The most files that APT_ENV_FILE may name."""

_MOST_GUESSES: Final = 50
_FOR_THE_CALLER: Final = {
    "env_file": "it says which one to read",
    "given_by": "apt-settings job and run write it for what they start",
    "container_image": "apt-settings job writes it for the container that it starts",
    "run_dir": "apt-settings run --record sets it for its command",
    "expect": "a file that changes would change what is expected of it",
    "foreign": "who starts the job says which names are of other tools: export it",
    "extend": "it names code to import, which only who starts the job does: export it, or write --extend",
}


class Inputs(NamedTuple):
    """What settings are read from."""

    environ: Mapping[str, str]
    env_file: EnvFile = ...
    arguments: Mapping[str, Any] = MappingProxyType({})
    places: Mapping[str, str] = MappingProxyType({})
    """How the user spells an argument that is not `argument NAME`: `{"epochs": "--set epochs"}`."""
    extend: str | Iterable[Any] | None = None
    """The groups of a project's own settings, or their names; None: what APT_EXTEND names."""


class Layers(NamedTuple):
    """What the sources of one job give."""

    sources: tuple[Source, ...]
    """The strongest first: arguments, environment, `.env` files from the last to the first."""
    names: Names
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    env_files: tuple[str, ...] = ()
    """The absolute path of every `.env` that was read."""
    directory: str = ""
    """The working directory, where `.env` was looked for; empty where the job said which file to read."""
    unjudged: Mapping[str, "RecordedSetting"] = {}
    """What a record says of settings whose groups nobody names here."""
    point: int | None = None
    """The number of the point of a sweep that these are of; None where they are of none."""
    release: Source = Source({})
    """Weaker than every source: the script of the release, where APT_REFERENCE asks for it."""

    @classmethod
    def of(cls, sources: Iterable[Source], names: Names) -> "Layers":
        """These sources, the strongest first, with everything that is wrong with how they give their values."""
        layers = _drop_foreign(cls(tuple(sources), names))
        unknown, allowed = _unknown_names(layers)
        told = (note for source in layers.sources for note in source.notes)
        return layers._replace(problems=(*_problems(layers), *unknown), notes=(*told, *allowed))

    def winner(self, name: str) -> Origin | None:
        """Who decides a setting or control: the strongest giver whose value is not empty; None where nobody does."""
        return next((origin for origin in self._givers(name) if not origin.is_empty), None)

    def word(self, control: str) -> str:
        """What a control says: the word of whoever decides it, else its default; empty where it has no words."""
        winner = self.winner(control)
        return str(winner.value) if winner else next(iter(CONTROLS[control].words), "")

    def winners(self) -> dict[str, Origin]:
        """Who decides each setting and control that anybody gives a value."""
        winners = dict(self.names.defaults)
        for source in reversed((*self.sources, self.release)):
            winners |= {name: origin for name, origin in source.values.items() if not origin.is_empty}
        return winners

    def origin(self, name: str, default: object, source: str = "class default") -> Origin:
        """Who decides a setting, with everyone it overrides and all that was left empty; `source` names the default."""
        last = Origin("class default", source, variable_of(name), default, shown(default))
        givers = [*self._givers(name), last]
        empty = tuple(takewhile(lambda origin: origin.is_empty, givers))
        winner, *overridden = (origin for origin in givers if not origin.is_empty)
        return winner._replace(overridden=tuple(overridden), empty=empty)

    def under(self, arguments: Mapping[str, Any], places: Mapping[str, str] = MappingProxyType({})) -> "Layers":
        """The same with arguments that are stronger than all of it."""
        source = from_arguments(arguments, self.names, places)
        together = self._replace(sources=(source, *self.sources))
        problems = [_unknown_name(self.names, origin) for origin in source.unknown]
        problems += [problem for problem in _wrong_words(together) if problem.setting in source.values]
        return together._replace(problems=(*self.problems, *problems))

    def without(self, names: Collection[str], *kinds: Kind) -> "Layers":
        """The same as if givers of these kinds did not name these settings."""
        return self._changed(
            lambda values: {key: each for key, each in values.items() if key not in names or each.kind not in kinds}
        )

    def not_of(self, names: Mapping[str, str]) -> "Layers":
        """The same without these settings, which the chosen task does not have; `names` says what is wrong with each.

        Whoever sets one is told as of any other unknown name: APT_UNKNOWN decides whether that is an error.
        """
        problems = [
            Problem(source.values[name], wrong, kind="does not fit", setting=name)
            for source in self.sources
            for name, wrong in names.items()
            if name in source.values
        ]
        if not problems:
            return self
        policy = self.word("unknown")
        left = self._changed(lambda values: {name: each for name, each in values.items() if name not in names})
        if policy == "error":
            return left._replace(problems=(*self.problems, *problems))
        notes = [Note(str(each)) for each in problems] if policy == "warn" else []
        return left._replace(notes=(*self.notes, *notes))

    def with_choice(self, choice: Origin, values: Mapping[str, str]) -> "Layers":
        """The same, where one giver's word for a task stands for these values."""
        meant = {name: choice._replace(value=value) for name, value in values.items()}
        return self._changed(lambda given: given | meant if given.get("task") is choice else given)

    def _changed(self, change: Callable[[dict[str, Origin]], dict[str, Origin]]) -> "Layers":
        return self._replace(sources=tuple(source._replace(values=change(source.values)) for source in self.sources))

    def _givers(self, name: str) -> list[Origin]:
        givers = [source.values[name] for source in (*self.sources, self.release) if name in source.values]
        return [*givers, self.names.defaults[name]] if name in self.names.defaults else givers


def read(inputs: Inputs, names: Names) -> Layers:
    """Read every source there is. Nothing is raised: what is wrong is among the problems of the layers.

    environ {"APT_EPOCHS": "30"}, `.env` "APT_EPOCHS=20" -> Layers in which `epochs` has the origins environment
    APT_EPOCHS ("30") and, weaker, .env:1 ("20")
    """
    arguments = from_arguments(inputs.arguments, names, inputs.places)
    environment = from_environment(inputs.environ, names)
    requested = _requested_env_file(inputs, environment)
    paths = _usual_env_file() if requested is None else _paths(requested.value)
    files, unreadable = _read_env_files(paths, requested, inputs.environ, names)
    layers = Layers.of((arguments, environment, *reversed([source for _, source in files])), names)
    return layers._replace(
        problems=(*unreadable, *layers.problems),
        notes=(*layers.notes, *(nearby() if requested is None and not paths else ())),
        env_files=tuple(os.path.abspath(os.path.expanduser(path)) for path, _ in files),
        directory=_working_directory() if requested is None else "",
    )


def read_recorded(recorded: tuple[Source, ...], inputs: Inputs, names: Names) -> Layers:
    """What a record gives, with the secrets that it does not hold, and arguments that are stronger; nothing else."""
    layers = Layers(recorded, names)
    unknown = [origin for source in recorded for origin in source.unknown]
    few = len(unknown) <= _MOST_GUESSES
    problems = [_unknown_name(layers.names, origin, guessing=few) for origin in unknown[:_MOST_GUESSES]]
    if not few:
        more = f"has {len(unknown) - _MOST_GUESSES:,} more names that are no settings"
        problems.append(Problem(unknown[0].location, more))
    if "reference" in inputs.arguments:
        place = inputs.places.get("reference", "argument reference")
        problems.append(Problem(place, "does not go with a record, which has its own"))
    problems += _wrong_words(layers)
    return layers._replace(problems=tuple(problems)).under(inputs.arguments, inputs.places)


def _requested_env_file(inputs: Inputs, environment: Source) -> Origin | None:
    """Who says which `.env` to read; None where nobody does."""
    if inputs.env_file is not ...:
        place = inputs.places.get("env_file", "argument env_file")
        return Origin("argument", place, "env_file", inputs.env_file, shown(inputs.env_file))
    origin = environment.values.get("env_file")
    return origin if origin and not origin.is_empty else None


def _usual_env_file() -> list[str]:
    """`.env` if it exists or cannot be inspected (then reading it says why), else nothing."""
    try:
        os.lstat(DEFAULT_ENV_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:  # pragma: no cover - whoever is root may look into every folder
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


def _read_env_files(
    paths: Sequence[str], requested: Origin | None, environ: Mapping[str, str], names: Names
) -> tuple[list[tuple[str, Source]], list[Problem]]:
    """Each path with its source, and a problem for each file that cannot be read."""
    scope = snapshot(environ, environ) if paths else {}
    sources, problems = [], []
    if requested and len(paths) > MOST_ENV_FILES:
        wrong = f"names {len(paths):,} files, and {MOST_ENV_FILES} are the most that are read"
        return [], [Problem(requested, wrong)]
    for path in paths:
        try:
            sources.append((path, _from_env_file(path, scope, names)))
        except UnreadableError as error:
            if not requested and not _usual_env_file():
                continue  # gone since it was looked for, as where an editor writes it anew
            if requested:
                name = "a text of several lines" if "\n" in path else shown(path)  # perhaps what a .env holds
                problems.append(Problem(requested, f"names {name}, which cannot be read: {error}"))
            else:
                problems.append(Problem(path, f"cannot be read: {error}"))
    return sources, problems


def _from_env_file(path: str, scope: dict[str, str], names: Names) -> Source:
    """As from_env_file; a file that is being replaced is looked for once more. Raises UnreadableError."""
    try:
        return from_env_file(path, scope, names)
    except UnreadableError:
        if not os.path.lexists(os.path.expanduser(path)):
            raise
    return from_env_file(path, scope, names)


def _problems(layers: Layers) -> Iterator[Problem]:
    """What the sources themselves found, and controls that say what they cannot."""
    for source in layers.sources:
        yield from source.problems
        for name, why in _FOR_THE_CALLER.items():
            origin = source.values.get(name)
            if origin and origin.kind == "env file":
                yield Problem(origin, f"cannot stand in a .env: {why}")
    yield from _wrong_words(layers)
    if entries := layers.winner("foreign"):
        yield from wrong_entries(entries, layers.names.variables)


def _wrong_words(layers: Layers) -> Iterator[Problem]:
    """The controls whose word is none of theirs."""
    for name, control in CONTROLS.items():
        words, origin = control.words, layers.winner(name)
        if words and origin and origin.value not in words:
            fix = did_you_mean(nearest(str(origin.value), words))
            yield Problem(origin, "is not allowed", " or ".join(words), fix, origin.raw, "bad value", name)


def _drop_foreign(layers: Layers) -> Layers:
    """The same without the names that APT_FOREIGN says are of other tools; no file may say it."""
    entries = layers.winner("foreign")
    if entries is None or entries.kind != "environment":
        return layers
    kept = (
        source._replace(unknown=tuple(each for each in source.unknown if not covers(entries.value, each.variable)))
        for source in layers.sources
    )
    return layers._replace(sources=tuple(kept))


def _unknown_names(layers: Layers) -> tuple[list[Problem], tuple[Note, ...]]:
    """Names that are no setting: the problems, and notes of those that APT_UNKNOWN=warn allows."""
    policy = layers.word("unknown")
    unknown = [origin for source in layers.sources for origin in source.unknown]
    problems, notes = [], []
    guessing = len(unknown) <= _MOST_GUESSES
    for origin in unknown:
        if origin.kind == "argument":
            problems.append(_unknown_name(layers.names, origin, guessing=guessing))
        elif policy == "warn":
            notes.append(Note(str(_unknown_name(layers.names, origin, guessing=guessing))))
        elif policy != "ignore":
            relief = "APT_UNKNOWN=warn lets it pass"
            problems.append(_unknown_name(layers.names, origin, guessing=guessing, relief=relief))
    return problems, tuple(notes)


def _unknown_name(names: Names, origin: Origin, *, guessing: bool = True, relief: str = "") -> Problem:
    """What to say of a name that is no setting; `relief` is how it could be allowed."""
    guess = names.guess if origin.kind in ("argument", "record") else names.guess_variable
    guessed = guess(origin.variable) if guessing else ""
    fix = f"{guessed} ({relief})" if guessed and relief else guessed or relief
    return Problem(origin, "is not a setting", fix=fix, kind="unknown name")


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "a working directory that is gone"
