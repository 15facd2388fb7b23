"""APT_EXTEND: the classes that a caller names, imported. Only a caller names them: to import runs code."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped, shown
from ..basics.files import working_directory
from ..basics.suggestions import did_you_mean, nearest
from ..errors import SettingsError
from .classes import Group, as_group, importable, named_by, unusable

_FORM: Final = r"(?=.{1,250}\Z)[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"
_importing: ContextVar[str] = ContextVar("_importing", default="")
"""The module that is being imported to learn of settings; empty when none is."""


class Place(NamedTuple):
    """Who names groups, and in which words."""

    name: str
    """`environment APT_EXTEND`, `--extend`."""
    elsewhere: bool = False
    """Whether a module of the working directory does not count: a stranger's checkout must not run at a TAB."""


def groups_named(given: str | Iterable[Any], place: Place) -> tuple[Group[Any], ...]:
    """`trainer.settings:TrainerSettings,trainer.loss:LossSettings`, or classes and handles, as groups.

    A module is looked for on sys.path and then in the working directory, which is appended to sys.path if the module is
    found there. What it prints goes to stderr. Raises SettingsError.
    """
    if module := _importing.get():
        raise _circle(module, place)
    words = given.split(",") if isinstance(given, str) else list(given)
    return tuple(_named(each.strip(), place) if isinstance(each, str) else _given(each, place) for each in words)


def _given(found: Any, place: Place) -> Group[Any]:
    """A class or handle that a program has at hand."""
    if not isinstance(found, Group) and (wrong := unusable(found)):
        raise SettingsError.at(f"{place.name} {shown(found)}", wrong)
    name = found.name if isinstance(found, Group) and found.name else named_by(found)
    if not name:
        raise SettingsError.at(place.name, "has a handle that stands in no module: give it a name in one")
    return as_group(found, name, place.name)


def _named(word: str, place: Place) -> Group[Any]:
    if not re.fullmatch(_FORM, word):
        must = "MODULE:NAME, such as trainer.settings:TrainerSettings; several are joined by commas"
        raise SettingsError.at(place.name, "is not allowed", must, value=shown(word))
    module, _, path = word.partition(":")
    found: Any = _imported(module, place)
    for name in path.split("."):
        if not hasattr(found, name):
            fix = did_you_mean(nearest(name, [key for key, each in vars(found).items() if _is_group(each)]))
            raise SettingsError.at(place.name, f"names {word}, and {module} has no {name}", fix=fix)
        found = getattr(found, name)
    return as_group(found, word, place.name)


def _is_group(found: Any) -> bool:
    return isinstance(found, Group) or not unusable(found)


def _imported(module: str, place: Place) -> Any:
    """A module. Raises SettingsError where there is none, and where it fails."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and module == importable("__main__"):
        return main
    token = _importing.set(module)
    try:
        with contextlib.redirect_stdout(sys.stderr), _working_directory_last(place.elsewhere):
            found = import_module(module)
            if getattr(found.__spec__, "_initializing", False):
                raise _circle(module, place)
            return found
    except SettingsError:
        raise
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            wrong = f"names the module {module}, which is neither on sys.path nor in {working_directory()}"
            raise SettingsError.at(place.name, wrong) from None
        raise _failed(module, place, error) from None
    except (Exception, SystemExit) as error:
        raise _failed(module, place, error) from None
    finally:
        _importing.reset(token)


def _circle(module: str, place: Place) -> SettingsError:
    fix = "take settings from apt_settings inside the function that uses them"
    return SettingsError.at(place.name, f"names {module}, which asks for the settings while it is imported", fix=fix)


@contextlib.contextmanager
def _working_directory_last(elsewhere: bool) -> Iterator[None]:
    """sys.path with the working directory at its end, which stays there if a module was found in it."""
    here = working_directory()
    if elsewhere or here in sys.path or "" in sys.path:
        yield
        return
    before = set(sys.modules)
    sys.path.append(here)
    try:
        yield
    finally:
        files = (getattr(sys.modules.get(name), "__file__", None) or "" for name in set(sys.modules) - before)
        if not any(file.startswith(os.path.join(here, "")) for file in files):
            sys.path.remove(here)


def _failed(module: str, place: Place, error: BaseException) -> SettingsError:
    """What a module raised, and where in it."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename]
    last = frames[-1] if len(frames) > 1 else None
    where = f" ({last.filename}:{last.lineno})" if last else ""
    text = f"{type(error).__name__}: {error}".strip(": ")
    return SettingsError.at(place.name, f"names {module}, which fails when it is imported: {escaped(text)}{where}")
