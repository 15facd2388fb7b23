"""Parsers of command lines, whose flags may mean our settings: argparse, HfArgumentParser and trl's."""

import argparse
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from ..base import AptSettings, values_of
from ..basics.escaping import escaped
from ..basics.files import UnreadableError, read_text
from ..errors import Problem, SettingsError
from ..facts.other_names import DERIVED, OTHER_WORDS, PRECISION_FLAGS
from ..loading import with_arguments
from ..plan import divide_batch
from ..sources.dotenv import SIZE_LIMIT
from ..sources.flags import Flag, flag_of, setting_of
from ..sources.names import variable_of
from ..values import as_text
from . import transformers
from .extras import warn_caller, world_size

_HELPING: Final = (argparse._HelpAction, argparse._VersionAction)
_GROWING: Final = (argparse._AppendAction, argparse._AppendConstAction, argparse._CountAction)
"""Actions that add to their default."""
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
    required no more. One whose choices do not have that value is left alone, and a SettingsWarning says so.
    `parse_args_into_dataclasses` of transformers and `parse_args_and_config` of trl go on in the same way; what the
    file of `--config` says counts as given. `args` are those of `sys.argv` where none are given.

    Raises SettingsError for a value that the settings refuse, and for a flag that they decide, such as
    `--gradient_accumulation_steps`. What the parser itself refuses ends as it always does.
    """
    words = list(sys.argv[1:] if args is None else args)
    parsers = list(_parsers(parser))
    actions = [action for each in parsers for action in each._actions]
    helping = {word for each in actions if isinstance(each, _HELPING) for word in each.option_strings}
    given = {} if helping.intersection(words) else _given(parser, words)
    ours = {each.dest: meant for each in actions if (meant := _meant(each, settings))}
    alone = {each.dest for each in actions} - ours.keys()
    said = [flag for dest, value in given.items() if dest not in alone and (flag := _flag(dest, value, ours, settings))]
    spellings = {each.dest: _spelling(each) for each in actions}
    problems = [*_decided(given, spellings, settings), *_at_odds(said)]
    if not problems:
        values = {flag.setting: flag.value for flag in said}
        settings = with_arguments(settings, values, {flag.setting: flag.name for flag in said})
        problems = [*_switched_off(given, spellings, settings)]
    if problems:
        raise SettingsError(problems)
    _take_for_defaults(parsers, given, ours, settings)
    return settings


def _spelling(action: argparse.Action) -> str:
    """A flag as messages name it: `--learning_rate` of `-l`, `--learning_rate`."""
    return max(action.option_strings, key=len, default=action.dest)


def _meant(action: argparse.Action, settings: AptSettings) -> tuple[str, str] | None:
    """The name by which a flag means a setting, and its spelling; None for one whose choices lack the setting's value.

    `--task {train,eval}` is no task of ours, and `--optim {sgd}` cannot train with adam.
    """
    names = (action.dest, *action.option_strings)
    name = next((each for each in names if setting_of(each, values_of(settings))), None)
    if name is None:
        return None
    setting = setting_of(name, values_of(settings))
    value = values_of(settings)[setting]
    if action.choices and not any(_same(setting, choice, value) for choice in action.choices):
        warn_caller(f"{_spelling(action)} has no choice for {setting} {as_text(value)}, and is left alone")
        return None
    return name, _spelling(action)


def _same(setting: str, choice: Any, value: Any) -> bool:
    return bool(choice == value or OTHER_WORDS.get(setting, {}).get(str(choice)) == value)


def _flag(dest: str, value: Any, ours: Mapping[str, tuple[str, str]], settings: AptSettings) -> Flag | None:
    """What was given as a flag that means a setting: on the command line, or in trl's file, where no flag has it."""
    name, spelling = ours.get(dest, (dest, dest))
    return flag_of(spelling, name, "none" if value is None else value, values_of(settings))


def _derived(settings: AptSettings) -> dict[str, Any]:
    """What the settings decide and is none of them, as trainers call it."""
    alpha = settings.scaling_factor * settings.initial_rank
    accumulation = divide_batch(settings, world_size())[1]
    return {"lora_alpha": int(alpha) if alpha.is_integer() else alpha, "gradient_accumulation_steps": accumulation}


def _decided(given: Mapping[str, Any], spellings: Mapping[str, str], settings: AptSettings) -> Iterator[Problem]:
    """A problem for each flag that the settings decide, and that says something else."""
    derived = {"auto_find_batch_size": False, **_derived(settings)}
    for dest in given.keys() & DERIVED.keys():
        if given[dest] != derived[dest]:
            yield Problem(spellings.get(dest, dest), f"is not taken: {DERIVED[dest]}")


def _at_odds(said: Sequence[Flag]) -> Iterator[Problem]:
    """A problem for each two flags that say different things of one setting."""
    first: dict[str, Flag] = {}
    for flag in said:
        other = first.setdefault(flag.setting, flag)
        if other.value != flag.value:
            both = f"{other.name} and {flag.name}"
            yield Problem(both, f"say different things of {flag.setting}", fix="leave out one")


def _switched_off(given: Mapping[str, Any], spellings: Mapping[str, str], settings: AptSettings) -> Iterator[Problem]:
    """A problem for `--bf16 False` where the precision is bf16: it does not say what to train in."""
    dest = settings.precision
    if dest in given and flag_of(dest, dest, given[dest], values_of(settings)) is None:
        wrong = f"switches off what precision says ({settings.origin('precision')})"
        yield Problem(spellings.get(dest, dest), wrong, fix=f"write {variable_of('precision')}=fp32, and leave it out")


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and its subparsers."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                yield from _parsers(each)


def _given(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, Any]:
    """What the words give, and nothing that is a default."""
    with _without_defaults(parser) as asked:
        namespace = vars(parser.parse_known_args(words)[0])
    given = {dest: value for dest, value in namespace.items() if dest in asked}
    if hasattr(parser, "parse_args_and_config") and "--config" in words[:-1]:  # which is no flag of trl's parser
        return {**_of_file(words[words.index("--config") + 1]), **given}
    return given


def _of_file(path: str) -> dict[str, Any]:
    """The values of a file for trl's parser. Raises SettingsError."""
    import yaml

    try:
        content = yaml.safe_load(read_text(path, SIZE_LIMIT))
    except (UnreadableError, yaml.YAMLError) as error:
        raise SettingsError.at(f"--config {escaped(path)}", f"cannot be read: {escaped(str(error))}") from None
    return content if isinstance(content, dict) else {}


@contextmanager
def _without_defaults(parser: argparse.ArgumentParser) -> Generator[set[str], None, None]:
    """Nothing is required, and nothing that is asked has a default: argparse's own actions, as others may need theirs.

    A copy of the parser would do, but those of transformers cannot be copied.
    """
    parsers = list(_parsers(parser))
    kept = [(action, action.default, action.required) for each in parsers for action in each._actions]
    groups = [(group, group.required) for each in parsers for group in each._mutually_exclusive_groups]
    defaults = [(each, each._defaults) for each in parsers]
    own = [action for action, _, _ in kept if type(action).__module__ == argparse.__name__]
    for each in parsers:
        each._defaults = {}
    for action in own:
        action.default = argparse.SUPPRESS
    for action, _, _ in kept:
        action.required = False
    for group, _ in groups:
        group.required = False
    try:
        yield {action.dest for action in own}
    finally:
        for each, values in defaults:
            each._defaults = values
        for action, default, required in kept:
            action.default, action.required = default, required
        for group, required in groups:
            group.required = required


def _take_for_defaults(
    parsers: Sequence[argparse.ArgumentParser],
    given: Mapping[str, Any],
    ours: Mapping[str, tuple[str, str]],
    settings: AptSettings,
) -> None:
    """Give each flag that means a setting the setting's value, in the words of whoever wrote the parser."""
    actions = [action for each in parsers for action in each._actions]
    theirs: dict[str, Any] = {"model_name_or_path": settings.model_name_or_path or settings.architecture}
    theirs |= _derived(settings) | {name: settings.precision == name for name in PRECISION_FLAGS}
    if any(each.dest == _OF_THE_TRAINER for each in actions):  # pragma: no cover - in the part `training`
        theirs |= transformers.keywords_here(settings, on_cpu=bool(given.get("use_cpu")))
        theirs["warmup_ratio"] = None  # of transformers before 5.1, and stronger there than warmup_steps, which has it
    for action in actions:
        if action.dest in ours or action.dest in theirs:
            value = theirs[action.dest] if action.dest in theirs else _theirs(action, ours[action.dest][0], settings)
            action.required = False
            if not (action.dest in given and isinstance(action, _GROWING)):
                action.default = value
    for group in (group for each in parsers for group in each._mutually_exclusive_groups):
        group.required = group.required and not any(each.dest in ours for each in group._group_actions)


def _theirs(action: argparse.Action, name: str, settings: AptSettings) -> Any:
    """The value of the setting that a flag means, as one of its choices, as a list, or as their own word for none."""
    setting = setting_of(name, values_of(settings))
    value = values_of(settings)[setting]
    if value is None and setting == "max_steps":
        return action.default if isinstance(action.default, int) else None
    if action.choices:
        return next(choice for choice in action.choices if _same(setting, choice, value))
    if isinstance(value, tuple):
        return list(value)
    return [value] if action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction) else value
