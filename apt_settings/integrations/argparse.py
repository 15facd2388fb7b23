"""Parsers of command lines, whose flags may mean our settings: argparse, HfArgumentParser and trl's."""

import argparse
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

from ..base import AptSettings, values_of
from ..errors import Problem, SettingsError
from ..facts.other_names import DERIVED, OTHER_WORDS
from ..loading import with_arguments
from ..sources.flags import setting_of
from . import transformers

_OF_PRECISION: Final = ("fp16", "bf16", "tf32")
_OF_THE_TRAINER: Final = "per_device_train_batch_size"


def with_flags(
    settings: AptSettings, parser: argparse.ArgumentParser, args: Sequence[str] | None = None
) -> AptSettings:
    """The settings with what a person gave on the command line, and the parser with these for its defaults.

        parser.add_argument("--learning_rate", type=float, required=True)
        settings = with_flags(settings, parser)         # --learning_rate 0.01 -> its origin is --learning_rate
        arguments = parser.parse_args()                 # without the flag: learning_rate of the settings

    A flag means a setting by its name, or by one that trainers know: `--lr`, `--num_train_epochs`, `--bf16`. What is
    given wins over all that was set before, is judged like it, and is in the record and the fingerprint of the result.
    The parser's flags keep their types and choices; those that mean a setting have its value for a default, and are
    required no more. `parse_args_into_dataclasses` of transformers and `parse_args_and_config` of trl go on in the same
    way; what the file of `--config` says counts as given. `args` are those of `sys.argv` where none are given.

    Raises SettingsError for a value that the settings refuse, and for a flag that they decide, such as
    `--gradient_accumulation_steps`. What the parser itself refuses ends as it always does.
    """
    words = list(sys.argv[1:] if args is None else args)
    names = values_of(settings)
    actions = list(_actions(parser))
    helping = {word for each in actions if each.dest in ("help", "version") for word in each.option_strings}
    given = {} if helping.intersection(words) else _given(parser, words)
    places = {each.dest: max(each.option_strings, key=len, default=each.dest) for each in actions}
    if problems := [Problem(places[dest], f"is not taken: {DERIVED[dest]}") for dest in given if dest in DERIVED]:
        raise SettingsError(problems)
    said = {dest: setting for dest in given if (setting := setting_of(dest, names)) and given[dest] is not None}
    values = {setting: _ours(dest, given[dest]) for dest, setting in said.items() if _is_said(dest, given[dest])}
    settings = with_arguments(settings, values, {setting: places.get(dest, dest) for dest, setting in said.items()})
    _take_for_defaults(actions, settings, on_cpu=bool(given.get("use_cpu")))
    return settings


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those of a parser and of its subparsers."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                yield from _actions(each)


def _given(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, Any]:
    """What the words give, and nothing that is a default."""
    with _without_defaults(parser):
        given = vars(parser.parse_known_args(words)[0])
    if hasattr(parser, "parse_args_and_config") and "--config" in words[:-1]:  # which is no flag of trl's parser
        return {**_of_file(words[words.index("--config") + 1]), **given}
    return given


def _of_file(path: str) -> dict[str, Any]:
    """The values of a file for trl's parser."""
    import yaml

    with open(path, encoding="utf-8") as file:
        content = yaml.safe_load(file)
    return content if isinstance(content, dict) else {}


@contextmanager
def _without_defaults(parser: argparse.ArgumentParser) -> Generator[None, None, None]:
    """Nothing is required and nothing has a default; a copy of a parser would do, but those of transformers fail."""
    actions = list(_actions(parser))
    kept = [(each, each.default, each.required) for each in actions]
    groups = [(each, each.required) for each in parser._mutually_exclusive_groups]
    defaults, parser._defaults = parser._defaults, {}
    for action in actions:
        action.default, action.required = argparse.SUPPRESS, False
    for group, _ in groups:
        group.required = False
    try:
        yield
    finally:
        parser._defaults = defaults
        for action, default, required in kept:
            action.default, action.required = default, required
        for group, required in groups:
            group.required = required


def _is_said(dest: str, value: Any) -> bool:
    """`--fp16 False` says nothing of the precision."""
    return dest not in _OF_PRECISION or bool(value)


def _ours(dest: str, value: Any) -> Any:
    """A parsed value in our words: 3.0 epochs are 3, adamw_torch is adamw, --bf16 is the precision bf16."""
    if dest in _OF_PRECISION:
        return dest
    value = value.value if isinstance(value, Enum) else value
    if isinstance(value, float) and setting_of(dest, ()) == "epochs" and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return ",".join(map(str, value))
    words: Mapping[str, str] = OTHER_WORDS.get(setting_of(dest, ()), {})
    return words.get(value, value) if isinstance(value, str) else value


def _take_for_defaults(actions: Iterable[argparse.Action], settings: AptSettings, *, on_cpu: bool) -> None:
    """Give each flag that means a setting the setting's value, in the words of whoever wrote the parser."""
    values = values_of(settings)
    theirs: dict[str, Any] = {"model_name_or_path": settings.model_name_or_path or settings.architecture}
    if any(each.dest == _OF_THE_TRAINER for each in actions):
        theirs |= transformers.keywords_here(settings, on_cpu=on_cpu)
        theirs["warmup_ratio"] = None  # of transformers before 5.1, and stronger there than warmup_steps, which has it
    for action in actions:
        setting = setting_of(action.dest, values)
        if action.dest in theirs:
            action.default, action.required = theirs[action.dest], False
        elif action.dest in _OF_PRECISION:
            action.default, action.required = settings.precision == action.dest, False
        elif setting:
            action.default, action.required = values[setting], False
