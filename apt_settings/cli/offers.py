"""What a shell offers at a TAB; click's interface for completion."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from ..base import AptSettings
from ..registry import Setting
from ..tasks import task_words
from ..values import as_text, choices_of, is_list, kind_of_field
from .extending import installed

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ASSIGNMENTS: Final = "assignments"
"""The parameter of --set, which takes one value; --grid and --zip list several."""
CONDITIONS: Final = "conditions"
"""The parameter of --where."""


def completions(words: Iterable[str], incomplete: str) -> list[str]:
    """The words that begin with what the user has typed, each once."""
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def complete_task(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The tasks and their datasets."""
    return completions(task_words(installed()), incomplete)


def complete_setting(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names of the settings."""
    return completions(installed().settings_of(AptSettings), incomplete)


def complete_assignment(_ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """`epo` -> `epochs=`; `lr_scheduler=co` -> `lr_scheduler=cosine`, `lr_scheduler=constant`; lists item by item."""
    settings = installed().settings_of(AptSettings)
    name, equals, text = incomplete.partition("=")
    if not equals:
        return completions((f"{each}=" for each in settings), incomplete)
    if name not in settings:
        return []
    several = param.name != ASSIGNMENTS or is_list(settings[name].field)
    done, comma, _ = text.rpartition(",") if several else ("", "", "")
    words = (word for word in _words(settings[name]) if word not in done.split(","))
    return completions((f"{name}={done}{comma}{word}" for word in words), incomplete)


def complete_command(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    """Files, which the shell itself completes."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _words(setting: Setting) -> Iterable[str]:
    """The values of a setting that have a name."""
    if setting.name == "task":
        return task_words(installed())
    kind = kind_of_field(setting.field)
    words = ("true", "false") if kind.of is bool else choices_of(setting.field)
    return (*words, as_text(None)) if kind.optional else words
