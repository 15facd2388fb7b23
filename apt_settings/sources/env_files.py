"""Which `.env` files a job reads, and what they give."""

import os
from collections.abc import Iterable, Mapping
from types import EllipsisType
from typing import Any, Final, NamedTuple, TypeAlias

from ..basics.escaping import shown
from ..basics.files import UnreadableError
from ..basics.origins import Origin
from ..errors import Note, Problem
from .names import Names
from .nearby import nearby
from .readers import Source, from_env_file, snapshot

_USUAL: Final = ".env"

EnvFile: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | EllipsisType | None
"""Which `.env` to read: one path, or several of which later ones win; a str may join several with `:`. None: no file.
`...`: what APT_ENV_FILE names, else `.env` in the working directory if there is one."""

MOST_ENV_FILES: Final = 8
"""The most files that APT_ENV_FILE may name."""


class EnvFiles(NamedTuple):
    """What the `.env` files of a job give."""

    paths: tuple[str, ...] = ()
    """The absolute path of each that was read."""
    sources: tuple[Source, ...] = ()
    """What each of them gives; the last is the strongest."""
    problems: tuple[Problem, ...] = ()
    """One for each file that cannot be read."""
    notes: tuple[Note, ...] = ()
    """Files that nobody reads, where nobody says which to read."""


def requested_by(env_file: EnvFile, place: str, environment: Source) -> Origin | None:
    """Who says which `.env` to read: an argument, which its user calls by `place`, or APT_ENV_FILE; None: nobody."""
    if env_file is not ...:
        return Origin("argument", place, "env_file", env_file, shown(env_file))
    origin = environment.values.get("env_file")
    return origin if origin and not origin.is_empty else None


def _usual() -> list[str]:
    """`.env` if it exists or cannot be inspected (then reading it says why), else nothing."""
    try:
        os.lstat(_USUAL)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:  # pragma: no cover - whoever is root may look into every folder
        pass
    return [_USUAL]


def _paths(env_file: Any) -> list[str]:
    if env_file is None:
        return []
    if isinstance(env_file, str):
        return env_file.split(":")
    if isinstance(env_file, os.PathLike):
        return [os.fspath(env_file)]
    return [os.fspath(path) for path in env_file]


def read_env_files(requested: Origin | None, environ: Mapping[str, str], names: Names) -> EnvFiles:
    """What the files give: those that somebody requests, else the usual one. Nothing is raised."""
    paths = _usual() if requested is None else _paths(requested.value)
    if requested and len(paths) > MOST_ENV_FILES:
        wrong = f"names {len(paths):,} files, and {MOST_ENV_FILES} are the most that are read"
        return EnvFiles(problems=(Problem(requested, wrong),))
    scope = snapshot(environ, environ) if paths else {}
    read, sources, problems = [], [], []
    for path in paths:
        try:
            sources.append(_from_env_file(path, scope, names))
            read.append(os.path.abspath(os.path.expanduser(path)))
        except UnreadableError as error:
            if requested:
                name = "a text of several lines" if "\n" in path else shown(path)  # perhaps what a .env holds
                problems.append(Problem(requested, f"names {name}, which cannot be read: {error}"))
            elif _usual():  # and not gone since it was looked for, as where an editor writes it anew
                problems.append(Problem(path, f"cannot be read: {error}"))
    return EnvFiles(tuple(read), tuple(sources), tuple(problems), () if requested or paths else tuple(nearby()))


def _from_env_file(path: str, scope: dict[str, str], names: Names) -> Source:
    """As from_env_file; a file that is being replaced is looked for once more. Raises UnreadableError."""
    try:
        return from_env_file(path, scope, names)
    except UnreadableError:
        if not os.path.lexists(os.path.expanduser(path)):
            raise
    return from_env_file(path, scope, names)
