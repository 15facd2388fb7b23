"""What the words of a command line give to a parser of argparse, and nothing that is one of its defaults."""

import argparse
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped
from ..basics.files import UnreadableError, read_text
from ..errors import SettingsError
from ..sources.dotenv import SIZE_LIMIT
from ..values.kinds import LISTS
from .extras import warn_caller

_HELPING: Final = (argparse._HelpAction, argparse._VersionAction)
_NOBODY: Final = object()
"""What a positional has for a default that nobody gives."""


class Given(NamedTuple):
    """What a person gave for one flag, or in one line of a file for trl's parser."""

    spelling: str
    """As messages name it: `--learning_rate`."""
    name: str
    """What it is called in the namespace: `learning_rate`."""
    value: Any


def parsers_in(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and its subparsers."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                yield from parsers_in(each)


def is_of_others(action: argparse.Action) -> bool:
    """Whether an action is of a class that is none of argparse's."""
    return type(action).__module__ != argparse.__name__


def given_to(parser: argparse.ArgumentParser, words: list[str]) -> list[Given]:
    """What the words give: `["--lr", "0.1"]` -> `Given("--lr", "lr", 0.1)`; nothing where they ask for help.

    What the parser refuses ends as it always does. Raises SettingsError for a file of trl's parser, or one beside the
    script for that of transformers, that cannot be read. Warns of other files that are named, which are not read.
    """
    file: dict[str, Any] = {}
    if hasattr(parser, "parse_args_and_config") and "--config" in words[:-1]:  # which is no flag of trl's parser
        index = words.index("--config")
        file, words = _of_file(words[index + 1]), words[:index] + words[index + 2 :]
    is_of_transformers = hasattr(parser, "parse_args_into_dataclasses")
    if is_of_transformers:
        words = [*_beside_script(), *words]
    with _watched(list(parsers_in(parser))) as called:
        namespace, others = parser.parse_known_args(words)
    if any(isinstance(action, _HELPING) for action in called):
        return []
    for each in others if is_of_transformers else ():
        if os.path.isfile(each.rpartition("=")[2]):
            warn_caller(f"{escaped(each)} is not read by with_flags: what it says is in no setting; write it as flags")
    given = {each.dest: Given(option, each.dest, vars(namespace)[each.dest]) for each, option in called.items()}
    return list(({name: Given(name, name, value) for name, value in file.items()} | given).values())


def spelling_of(action: argparse.Action) -> str:
    """A flag as messages name it: `--learning_rate` of `-l`, `--learning_rate`."""
    return max(action.option_strings, key=len, default=action.dest)


def _of_file(path: str) -> dict[str, Any]:
    """The values of a file for trl's parser. Raises SettingsError."""
    import yaml

    try:
        content = yaml.safe_load(read_text(path, SIZE_LIMIT))
    except (UnreadableError, yaml.YAMLError) as error:
        raise SettingsError.at(f"--config {escaped(path)}", f"cannot be read: {escaped(str(error))}") from None
    return content if isinstance(content, dict) else {}


def _beside_script() -> list[str]:
    """The words of `train.args` beside `train.py`, as the parser of transformers has them. Raises SettingsError."""
    path = f"{os.path.splitext(sys.argv[0])[0]}.args"
    try:
        return read_text(path, SIZE_LIMIT).split() if os.path.exists(path) else []
    except UnreadableError as error:
        raise SettingsError.at(escaped(path), f"cannot be read: {escaped(str(error))}") from None


@contextmanager
def _watched(parsers: Sequence[argparse.ArgumentParser]) -> Generator[dict[argparse.Action, str], None, None]:
    """Within the block, nothing is required, and nothing has a default: the dict has what is called, and how.

    Actions of others may need their default, and have a copy of it. A copy of the parser would do, but those of
    transformers cannot be copied.
    """
    actions = [action for each in parsers for action in each._actions]
    kept = [(each, type(each), each.default, each.required, each.choices) for each in actions]
    groups = [(group, group.required) for each in parsers for group in each._mutually_exclusive_groups]
    defaults = [(each, each._defaults) for each in parsers]
    called: dict[argparse.Action, str] = {}
    for parser in parsers:
        parser._defaults = {}
    for group, _ in groups:
        group.required = False
    for action in actions:
        _take_default(action)
        _watch(action, called)
    try:
        yield called
    finally:
        for each, values in defaults:
            each._defaults = values
        for action, kind, default, required, choices in kept:
            action.__class__, action.default, action.required, action.choices = kind, default, required, choices
        for group, required in groups:
            group.required = required


def _take_default(action: argparse.Action) -> None:
    """Take a flag's default away. A positional may be called with it, and is then asked whether it is a choice."""
    action.required = False
    if is_of_others(action):
        action.default = copy(action.default) if isinstance(action.default, (*LISTS, dict)) else action.default
    elif _may_be_left_out(action):
        action.default = _NOBODY
        action.choices = None if action.nargs == argparse.ZERO_OR_MORE else action.choices
    else:
        action.default = argparse.SUPPRESS


def _may_be_left_out(action: argparse.Action) -> bool:
    return not action.option_strings and action.nargs in (argparse.OPTIONAL, argparse.ZERO_OR_MORE)


def _watch(action: argparse.Action, called: dict[argparse.Action, str]) -> None:
    """Let it be noted that an action is called with more than its default; one that helps does nothing else."""
    kind = type(action)

    def call(self: argparse.Action, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        if not (_may_be_left_out(self) and values is self.default):
            called[self] = option if option and option.startswith("--") else spelling_of(self)
        if not isinstance(self, _HELPING):
            kind.__call__(self, parser, namespace, values, option)

    action.__class__ = type(kind.__name__, (kind,), {"__call__": call})
