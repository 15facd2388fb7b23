"""All sources together, the strongest first: who gives a setting its value, and what is wrong with how it is given."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..basics.escaping import shown
from ..basics.files import working_directory
from ..basics.origins import Kind, Origin
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Note, Problem
from .controls import CONTROLS
from .env_files import EnvFile, read_env_files, requested_by
from .foreign import covers, wrong_entries
from .names import Names, variable_of
from .readers import Source, from_arguments, from_environment

if TYPE_CHECKING:
    from .record import RecordedSetting

_MOST_GUESSES: Final = 50
_NAME: Final = r"[A-Za-z]\w*(\.\w+)*"
_ONE_OF_YOUR_OWN: Final = "one of your own needs APT_EXTEND or --extend"
"""What a name may be that is near none of ours."""
FOR_THE_CALLER: Final = {
    "env_file": "it says which one to read",
    "given_by": "apt-settings job and run write it for what they start",
    "container_image": "apt-settings job writes it for the container that it starts",
    "run_dir": "apt-settings run --record sets it for its command",
    "expect": "a file that changes would change what is expected of it",
    "foreign": "who starts the job says which names are of other tools: export it",
    "extend": "it names code to import, which only who starts the job does: export it, or write --extend",
}
"""Control -> why it cannot stand in a `.env`."""


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

    def replaced(self, origins: Mapping[str, Origin]) -> "Layers":
        """The same with these in the place of what the environment gives to their settings."""
        return self._changed(
            lambda values: {
                key: origins[key] if key in origins and each.kind == "environment" else each
                for key, each in values.items()
            }
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
    requested = requested_by(inputs.env_file, inputs.places.get("env_file", "argument env_file"), environment)
    files = read_env_files(requested, inputs.environ, names)
    layers = Layers.of((arguments, environment, *reversed(files.sources)), names)
    return layers._replace(
        problems=(*files.problems, *layers.problems),
        notes=(*layers.notes, *files.notes),
        env_files=files.paths,
        directory=working_directory() if requested is None else "",
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


def _problems(layers: Layers) -> Iterator[Problem]:
    """What the sources themselves found, and controls that say what they cannot."""
    for source in layers.sources:
        yield from source.problems
        for name, why in FOR_THE_CALLER.items():
            origin = source.values.get(name)
            if origin and origin.kind == "env file":
                yield Problem(origin, f"cannot stand in a .env: {why}")
    yield from _wrong_words(layers)
    if entries := layers.winner("foreign"):
        yield from wrong_entries(entries, layers.names.variables)


def _wrong_words(layers: Layers) -> Iterator[Problem]:
    """The controls whose word is none of theirs; and a pin that an argument leaves empty, which would pin nothing."""
    for expect in (source.values.get("expect") for source in layers.sources):
        if expect and expect.kind == "argument" and expect.is_empty:
            yield Problem(expect, "is empty", fix="write a fingerprint, or leave it out", setting="expect")
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
    own = _ONE_OF_YOUR_OWN if origin.kind != "record" and re.fullmatch(_NAME, origin.variable) else ""
    guessed = guess(origin.variable) or own if guessing else ""
    fix = f"{guessed} ({relief})" if guessed and relief else guessed or relief
    return Problem(origin, "is not a setting", fix=fix, kind="unknown name")
