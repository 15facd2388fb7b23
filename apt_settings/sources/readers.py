"""The readers of sources: arguments, the environment, a `.env`. Each knows where every value that it gives stands."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..basics.escaping import escaped, shown, spelt
from ..basics.origins import Origin
from ..errors import Problem
from .dotenv import read_env_file
from .names import Names, is_foreign, is_ours


class Source(NamedTuple):
    """What one source gives."""

    values: dict[str, Origin]
    """By the name of the setting or control; empty values too."""
    unknown: tuple[Origin, ...] = ()
    """APT_ names, and arguments, that are no setting."""
    problems: tuple[Problem, ...] = ()


def from_arguments(values: Mapping[str, Any], names: Names, places: Mapping[str, str]) -> Source:
    """Keyword arguments, or a command line's; `places` says how the user spells one that is not `argument NAME`.

    Controls that take a word may be among them.
    """
    origins = [
        Origin("argument", places.get(name, f"argument {spelt(name)}"), spelt(name), value, shown(value))
        for name, value in values.items()
    ]
    return source_of(origins, names.arguments)


def from_environment(environ: Mapping[str, str], names: Names) -> Source:
    """The variables that are ours: {"APT_EPOCHS": "30", "HOME": "/"} -> `epochs` with origin environment APT_EPOCHS."""
    ours = snapshot(environ, filter(is_ours, environ))
    origins = [
        Origin("environment", "environment", spelt(variable), value, shown(value)) for variable, value in ours.items()
    ]
    return source_of(origins, names.variables)


def snapshot(environ: Mapping[str, str], variables: Iterable[str]) -> dict[str, str]:
    """Those of the variables that there are; another thread may delete one meanwhile."""
    pairs = ((variable, environ.get(variable)) for variable in variables)
    return {variable: text for variable, text in pairs if text is not None}


def from_env_file(path: str, scope: dict[str, str], names: Names) -> Source:
    """The `APT_` lines of one `.env`: "APT_EPOCHS=20" -> `epochs` with origin .env:1. Raises UnreadableError."""
    file = escaped(path)
    entries, faults = read_env_file(path, scope)
    origins = [
        Origin("env file", file, spelt(variable), value, shown(raw), line) for line, variable, value, raw in entries
    ]
    problems = (
        Problem(Origin("env file", file, spelt(variable) if variable else "", line=line), wrong, fix=fix)
        for line, variable, wrong, fix in faults
    )
    return source_of(origins, names.variables, tuple(problems))


def source_of(origins: list[Origin], known: Mapping[str, str], problems: tuple[Problem, ...] = ()) -> Source:
    """What is given to each setting and control, and which names are neither; `known` is name -> setting or control.

    Names of other tools are passed over.
    """
    values = {known[origin.variable]: origin for origin in origins if origin.variable in known}
    unknown = (origin for origin in origins if origin.variable not in known and not is_foreign(origin.variable))
    return Source(values, tuple(unknown), problems)
