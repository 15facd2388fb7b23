"""What modules hold that say `from apt_settings import settings`: another object for a test, and theirs after it."""

import sys
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any, Final, NamedTuple

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..singleton import process_settings, singletons

_PACKAGE: Final = __name__.partition(".")[0]


class Name(NamedTuple):
    """A global name of a module."""

    module: str
    name: str
    namespace: dict[str, Any]
    """The globals of the module."""


class Modules:
    """What modules hold when a test begins, and what the test lets them hold."""

    def __init__(self) -> None:
        self._before = singletons()  # alive as long as the test, so that no other object gets the id of one
        self._originals: dict[tuple[str, str], AptSettings] = {}

    def rebind(self, settings: AptSettings) -> None:
        """Let all names that hold the settings of the process, of now or of before, hold these."""
        for module, name, namespace in names_of(singletons()):
            if id(namespace[name]) in self._before:
                self._originals[module, name] = namespace[name]
            namespace[name] = settings

    def put_back(self) -> None:
        """Let each name hold what it held before the test; one that is new, the settings of the process.

        Raises SettingsError for a module that is new where no settings are valid without the test's values.
        """
        made = {key: each for key, each in singletons().items() if key not in self._before}
        for module, name, namespace in names_of(made) if made else ():
            original = self._originals.get((module, name))
            namespace[name] = original or _settings_of_the_process(module)


def _settings_of_the_process(module: str) -> AptSettings:
    """Those that tests begin with, for a module that has others. Raises SettingsError."""
    try:
        return process_settings()
    except SettingsError as error:
        wrong = "imports the settings, and before a test sets any they are not valid"
        fix = "set what they need for all tests, in pytest_configure of conftest.py"
        problems = (Problem(f"module {module}", wrong, fix=fix), *error.problems)
    raise SettingsError(problems)


def renew() -> None:
    """Let all names that hold settings of the process from before hold those of now. Raises SettingsError."""
    for module, name, namespace in names_of(singletons()):
        namespace[name] = _settings_of_the_process(module)


def names_of(objects: Collection[int]) -> Iterator[Name]:
    """Every global name of a module, outside this package, that holds one of these objects, which are given by id.

    Nothing of a module is asked, as one that is loaded lazily would load.
    """
    for title, module in [*sys.modules.items()]:
        if issubclass(type(module), ModuleType) and title.partition(".")[0] != _PACKAGE:
            namespace = object.__getattribute__(module, "__dict__")
            yield from (Name(title, name, namespace) for name, value in [*namespace.items()] if id(value) in objects)
