"""The readers of sources: arguments, the environment, a `.env`. Each knows where every value that it gives stands."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError, read_text
from ..basics.origins import Origin
from ..errors import Note, Problem
from ..values import TEXT_LIMIT, hide
from .dotenv import read_env_file
from .foreign import is_foreign
from .handed_on import giver, places_in
from .names import Names, is_ours, variable_of

_GIVEN_BY: Final = variable_of("given_by")


class Source(NamedTuple):
    """What one source gives."""

    values: dict[str, Origin]
    """By the name of the setting or control; empty values too."""
    unknown: tuple[Origin, ...] = ()
    """APT_ names, and arguments, that are no setting."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def from_arguments(values: Mapping[str, Any], names: Names, places: Mapping[str, str]) -> Source:
    """Keyword arguments, or a command line's; `places` says how the user spells one that is not `argument NAME`.

    Controls that take a word may be among them.
    """
    origins = [
        Origin("argument", places.get(name, f"argument {spelt(name)}"), spelt(name), value, shown(value))
        for name, value in _flat(values, names)
    ]
    return source_of(origins, names, names.arguments)


def _flat(values: Mapping[str, Any], names: Names) -> Iterator[tuple[str, Any]]:
    """`{"net": {"lin1_size": 64}}` -> `net.lin1_size` 64, where `net` is an object whose fields are settings."""
    for name, value in values.items():
        is_object = isinstance(value, Mapping) and any(each.startswith(f"{name}.") for each in names.settings)
        if is_object:
            yield from _flat({f"{name}.{field}": each for field, each in value.items()}, names)
        else:
            yield name, value


def from_environment(environ: Mapping[str, str], names: Names) -> Source:
    """The variables that are ours: {"APT_EPOCHS": "30", "HOME": "/"} -> `epochs` with origin environment APT_EPOCHS."""
    ours = snapshot(environ, filter(is_ours, environ))
    places = places_in(ours.get(_GIVEN_BY, ""))
    origins = [
        Origin("environment", giver(places, variable, value) or "environment", spelt(variable), value, shown(value))
        for variable, value in ours.items()
    ]
    return source_of(origins, names)


def snapshot(environ: Mapping[str, str], variables: Iterable[str]) -> dict[str, str]:
    """Those of the variables that there are; another thread may delete one meanwhile."""
    pairs = ((variable, environ.get(variable)) for variable in variables)
    return {variable: text for variable, text in pairs if text is not None}


def from_env_file(path: str, scope: dict[str, str], names: Names) -> Source:
    """The `APT_` lines of one `.env`: "APT_EPOCHS=20" -> `epochs` with origin .env:1. Raises UnreadableError."""
    file = escaped(path)
    entries, faults, remarks, others = read_env_file(path, scope)
    origins = [
        Origin("env file", file, spelt(variable), value, shown(raw), line) for line, variable, value, raw in entries
    ]
    problems = (
        Problem(Origin("env file", file, spelt(variable) if variable else "", line=line), wrong, fix=fix)
        for line, variable, wrong, fix in faults
    )
    notes = [
        Note(f"{file}:{line} {spelt(variable)} {text}", names.variables.get(variable, ""))
        for line, variable, text in remarks
    ]
    notes += [
        Note(f"{file}:{line} {name} sets nothing here: {variable_of(name)} is the setting", name.lower())
        for line, name in others
        if name.lower() in names.settings and name == name.upper()
    ]
    return source_of(origins, names, problems=tuple(problems))._replace(notes=tuple(notes))


def source_of(
    origins: Iterable[Origin], names: Names, known: Mapping[str, str] | None = None, problems: tuple[Problem, ...] = ()
) -> Source:
    """What is given to each setting and control, and which names are neither.

    `known` is name -> setting or control, else the variables. Names of other tools are passed over. The value of a
    secret is hidden, and read from its file where APT_HUB_TOKEN_FILE names one.
    """
    known = names.variables if known is None else known
    values: dict[str, Origin] = {}
    unknown, wrong = [], [*problems]
    for origin in origins:
        name = known.get(origin.variable)
        if name is None:
            unknown += [] if is_foreign(origin.variable) else [origin]
        elif name not in names.secrets:
            values[name] = origin
        elif name in values and not (origin.is_empty or values[name].is_empty):
            wrong.append(Problem(origin, f"does not go with {values[name].label}: it is the same secret"))
        else:
            try:
                values[name] = _hidden(origin, from_file=names.is_file_of_secret(origin.variable))
            except UnreadableError as error:
                wrong.append(Problem(origin, f"names a file that cannot be read: {error}", value=origin.raw))
    return Source(values, tuple(unknown), tuple(wrong))


def _hidden(origin: Origin, *, from_file: bool) -> Origin:
    """A secret's origin, whose value nothing prints. Raises UnreadableError for a file that cannot be read."""
    if origin.is_empty or origin.value is None:
        return origin
    if not from_file:
        return origin._replace(value=hide(origin.value), raw="'**********'")
    if origin.kind == "job spec":  # the file is where the job runs
        return origin._replace(value=None)
    return origin._replace(value=SecretStr(read_text(Path(origin.value), TEXT_LIMIT).rstrip("\n")))
