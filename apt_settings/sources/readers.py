"""The sources of settings: arguments, the environment, `.env` files. Each knows the place of every value it gives."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ..basics.escaping import shown, spelt
from ..basics.origins import Origin
from ..errors import Problem
from .controls import CONTROLS
from .dotenv import read_env_file
from .names import is_foreign, is_ours


class Source(NamedTuple):
    """What one giver says."""

    given: dict[str, Origin]
    """By the name of the setting or control; empty values too."""
    unknown: tuple[Origin, ...] = ()
    """What is ours by its name or its giver, and no setting."""
    problems: tuple[Problem, ...] = ()


def from_arguments(values: Mapping[str, Any], settings: Collection[str], places: Mapping[str, str]) -> Source:
    """Keyword arguments, or a command line's; `places` tells how the user spells one that is not `argument NAME`.

    Controls that take a word may be among them.
    """
    origins = [
        Origin("argument", places.get(name, f"argument {spelt(name)}"), spelt(name), value, shown(value))
        for name, value in values.items()
    ]
    words = (name for name, control in CONTROLS.items() if control.words)
    return sorted_out(origins, {name: name for name in (*settings, *words)})


def snapshot(environ: Mapping[str, str], variables: Iterable[str]) -> dict[str, str]:
    """Those of the variables that there are; another thread may delete one meanwhile."""
    pairs = ((variable, environ.get(variable)) for variable in variables)
    return {variable: text for variable, text in pairs if text is not None}


def from_environment(environ: Mapping[str, str], known: Mapping[str, str]) -> Source:
    """The variables that are ours; `known` is variable -> setting or control."""
    ours = snapshot(environ, filter(is_ours, environ))
    origins = [
        Origin("environment", f"environment {spelt(variable)}", spelt(variable), value, shown(value))
        for variable, value in ours.items()
    ]
    return sorted_out(origins, known)


def from_env_file(path: str, scope: dict[str, str], known: Mapping[str, str]) -> Source:
    """The `APT_` lines of one `.env`. Raises `env_files.UnreadableError`."""
    entries, problems = read_env_file(path, scope)
    origins = [
        Origin("env file", entry.place, spelt(entry.variable), entry.value, shown(entry.text)) for entry in entries
    ]
    return sorted_out(origins, known, tuple(problems))


def sorted_out(origins: list[Origin], known: Mapping[str, str], problems: tuple[Problem, ...] = ()) -> Source:
    """What is given to each setting and control, and which names are ours and neither; foreign ones are passed over."""
    given = {known[origin.variable]: origin for origin in origins if origin.variable in known}
    unknown = (origin for origin in origins if origin.variable not in known and not is_foreign(origin.variable))
    return Source(given, tuple(unknown), problems)
