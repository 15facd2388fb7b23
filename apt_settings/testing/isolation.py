"""The variables of tests: those of whoever starts them decide nothing, and those that a test sets end with it."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import pytest

from ..errors import SettingsError
from ..singleton import reset
from ..sources.foreign import is_foreign
from ..sources.names import is_ours
from ..variables import ENV_FILE, EXTEND, NO_FILE
from .modules import renew


class Isolation:
    """A plugin: from when it is made until pytest ends, the variables of whoever started it decide no setting."""

    def __init__(self) -> None:
        self._variables = variables_of_ours()
        kept = {EXTEND: self._variables[EXTEND]} if EXTEND in self._variables else {}
        set_variables({**kept, ENV_FILE: NO_FILE})
        reset()

    @pytest.hookimpl(trylast=True)  # after a conftest.py has set what all its tests need
    def pytest_configure(self) -> None:
        """Let what was imported before this have the settings of tests: a conftest.py comes before its plugins."""
        try:
            renew()
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_unconfigure(self) -> None:
        """Give the variables back."""
        set_variables(self._variables)


@contextmanager
def keep_variables() -> Generator[None, None, None]:
    """Our variables are after the block what they were before it; in this frame, which no traceback shows."""
    variables = variables_of_ours()
    yield
    set_variables(variables)


def variables_of_ours() -> dict[str, str]:
    """The variables that decide settings or how they are read, and those that claim to."""
    return {name: text for name, text in os.environ.items() if is_ours(name) and not is_foreign(name)}


def set_variables(variables: Mapping[str, str]) -> None:
    """Let these be all of our variables."""
    for name in variables_of_ours().keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
