"""A plugin for pytest: tests begin with the defaults, override settings, and leave nothing to the next test.

    # conftest.py at the root of your project
    pytest_plugins = ["apt_settings.testing"]

    # a test
    def test_a_smoke_run(override_settings):
        override_settings(epochs=2, fit=True)

From when pytest loads it, nothing counts that whoever starts the tests happens to have: a `.env`, APT_EPOCHS,
APT_REFERENCE, a misspelt name. APT_EXTEND stays, as do the APT_ variables of other tools. pytest is not among the
dependencies of this package: it is what loads this module.
"""

import sys
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from ..base import AptSettings
from ..singleton import begin_override, moment, put_back
from .isolation import Isolation, keep_variables
from .modules import Modules


class OverrideSettings(Protocol):
    """The type of the fixture `override_settings`.

    def test_a_smoke_run(override_settings: OverrideSettings) -> None: ...
    """

    def __call__(self, *, fit: bool = False, **values: Any) -> AptSettings:
        """Override these settings until the test ends, and return all of them."""
        ...


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    """Isolate as soon as this plugin is loaded: modules take `settings` when tests are collected, or before."""
    if plugin is sys.modules[__name__]:
        manager.register(Isolation())


@pytest.fixture(autouse=True)
def _leave_nothing() -> Iterator[Modules]:
    """What a test does to the variables and to the settings of the process ends with the test."""
    before, modules = moment(), Modules()
    with keep_variables():
        yield modules
    put_back(before)
    modules.put_back()


@pytest.fixture
def override_settings(_leave_nothing: Modules) -> OverrideSettings:
    """A function that overrides settings until the test ends, as `apt_settings.override` does in a block.

        def test_a_smoke_run(override_settings):
            settings = override_settings(epochs=2, fit=True)

    It returns the settings. Within the test, they are what every module has that says `from apt_settings import
    settings`, whenever it was imported. Several calls nest. The environment is read anew, so that a call sees what
    `monkeypatch.setenv("APT_SEED", "3")` set before it. Raises SettingsError.
    """

    def override_settings(*, fit: bool = False, **values: Any) -> AptSettings:
        settings = begin_override(values, fit=fit, callers=2).settings
        _leave_nothing.rebind(settings)
        return settings

    return override_settings
