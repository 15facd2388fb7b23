"""--extend, an option of every command: the groups of a project's own settings."""

import os
from functools import wraps
from typing import Any, Final

import click

from ..registry import in_force
from ..registry.naming import registry_for
from ..sources.layers import Inputs
from ..variables import EXTEND

_OPTION: Final = "extend"
_IMPORTS_NOTHING: Final = ("runs",)
"""Commands that show what records say, whatever the settings are here."""


def takes_groups(command: click.Command) -> click.Command:
    """Add --extend to a command, for which the settings of the groups that it names, or APT_EXTEND, are settings too.

    The option stands in the environment from then on, for what the command starts and writes.
    """
    callback = command.callback
    is_ready = command.name in _IMPORTS_NOTHING or any(each.name == _OPTION for each in command.params)
    if isinstance(command, click.Group) or callback is None or is_ready:
        return command

    @wraps(callback)
    def with_groups(*arguments: Any, extend: tuple[str, ...], **options: Any) -> Any:
        if extend:
            os.environ[EXTEND] = ",".join(extend)
        place = {_OPTION: "--extend"} if extend else {}
        with in_force(registry_for(Inputs(os.environ, places=place, extend=os.environ[EXTEND] if extend else None))):
            return callback(*arguments, **options)

    help_text = "Settings of your own, from a class; repeatable; as APT_EXTEND says."
    command.params.append(click.Option(["--extend"], multiple=True, metavar="MODULE:NAME", help=help_text))
    command.callback = with_groups
    return command
