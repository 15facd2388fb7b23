"""--extend, an option of every command: the groups of a project's own settings."""

import os
from functools import wraps
from typing import Any, Final

import click

from ..basics.environment import process_environment
from ..errors import SettingsError
from ..registry import Registry, in_force, registry
from ..registry.naming import registry_for
from ..sources.layers import Inputs
from ..variables import EXTEND

_OPTION: Final = "extend"
_IMPORTS_NOTHING: Final = ("runs",)
"""Commands that show what records say, whatever the settings are here."""


def named_by(extend: tuple[str, ...]) -> Registry:
    """The settings that there are with the groups of --extend, or else of APT_EXTEND. Raises SettingsError.

    The option stands in the environment from then on, for what the command starts and writes.
    """
    if not extend:
        return registry_for(Inputs(os.environ))
    os.environ[EXTEND] = ",".join(extend)
    return registry_for(Inputs(os.environ, places={_OPTION: "--extend"}, extend=os.environ[EXTEND]))


def installed() -> Registry:
    """The same with the groups of APT_EXTEND that are installed: what stands in the working directory is not run."""
    try:
        return registry_for(Inputs(process_environment()), elsewhere=True)
    except SettingsError:
        return registry()


def takes_groups(command: click.Command) -> click.Command:
    """Add --extend to a command, for which the settings of the groups that it or APT_EXTEND names are settings too."""
    callback = command.callback
    is_ready = command.name in _IMPORTS_NOTHING or any(each.name == _OPTION for each in command.params)
    if isinstance(command, click.Group) or callback is None or is_ready:
        return command

    @wraps(callback)
    def with_groups(*arguments: Any, extend: tuple[str, ...], **options: Any) -> Any:
        with in_force(named_by(extend)):
            return callback(*arguments, **options)

    help_text = "Settings of your own, from a class; repeatable; as APT_EXTEND says."
    command.params.append(click.Option(["--extend"], multiple=True, metavar="MODULE:NAME", help=help_text))
    command.callback = with_groups
    return command
