"""Parsers of command lines, whose flags may mean our settings: argparse, HfArgumentParser and trl's."""

import argparse
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from ..base import AptSettings, settings_of, values_of
from ..basics.environment import process_environment
from ..basics.escaping import escaped
from ..errors import Problem, SettingsError
from ..facts.other_names import DERIVED, PRECISION_FLAGS
from ..fingerprint import compared
from ..loading import with_arguments
from ..sources.flags import Flag, flag_of, name_of, setting_of
from ..sources.names import variable_of
from ..tasks import task_choice
from ..values import UNREADABLE, as_text, kind_of_field
from ..values.reading import BOOLEANS
from ..variables import RUN_DIR
from .extras import scheduler_name, warn_caller
from .keywords import NOT_JUDGED, NOT_RECORDED, OF_THE_TRAINER, find_changed
from .parser_defaults import (
    OF_SCHEDULERS,
    choices_of,
    is_of_trainer,
    read_choice,
    take_for_defaults,
    words_of_trainers,
)
from .parser_words import Given, given_to, parsers_in
from .precision import mixed_precision


def with_flags(
    settings: AptSettings, parser: argparse.ArgumentParser, args: Sequence[str] | None = None
) -> AptSettings:
    """The settings with what a person gave on the command line, and the parser with these for its defaults.

        parser.add_argument("--learning_rate", type=float, required=True)
        settings = with_flags(settings, parser)         # --learning_rate 0.01 -> its origin is --learning_rate
        arguments = parser.parse_args()                 # without the flag: learning_rate of the settings

    A flag means a setting by its name, or by one that trainers know: `--lr`, `--num_train_epochs`, `--bf16`; but not
    where none of its choices is a value of the setting, as in `--task {train,eval}`. What is given wins over all that
    was set before, is judged like it, and is in the fingerprint of the result. Where `apt-settings run --record` has
    started the program, the record is written already: a flag may not say anything else.

    The parser's flags keep their types and choices; those that mean a setting have its value for a default, and are
    required no more. One whose choices do not have that value is left alone, and a SettingsWarning says so. Two types
    change: `type=bool`, which takes `False` for true, reads words; and names in braces in output_dir are filled in.
    `parse_args_into_dataclasses` of transformers and `parse_args_and_config` of trl go on in the same way; what the
    file of `--config` says counts as given, and so does `train.args` beside `train.py`. Other files are not read, such
    as that of `parse_json_file`, which asks for no defaults of a parser. `args` are those of `sys.argv` where none are
    given.

    Raises SettingsError for a value that the settings refuse; for a flag that they decide, such as
    `--gradient_accumulation_steps`, where it does not say what they come to with all flags; for one that undoes a
    setting, such as `--lr_scheduler_kwargs`; and for one that the record of this run has otherwise. A SettingsWarning
    names what is given to the Trainer of transformers, changes what is trained and is no setting. What the parser
    itself refuses ends as it always does.
    """
    parsers = list(parsers_in(parser))
    actions = [action for each in parsers for action in each._actions]
    names = _names(actions, settings)
    strange = {each.dest for each in actions if each.dest not in names or not _may_mean(each, names, settings)}
    _read_words(actions, names, settings)
    given = given_to(parser, list(sys.argv[1:] if args is None else args))
    said = [each._replace(name=names.get(each.name, each.name)) for each in given if each.name not in strange]
    flags = [flag for each in said if (flag := _flag(each, settings))]
    _refuse(*_at_odds(flags), *_empty(flags, settings))
    before, values = settings, {flag.setting: flag.value for flag in flags}
    settings = with_arguments(before, values, {flag.setting: flag.name for flag in flags})
    given_values = {each.name: each.value for each in given}
    theirs = words_of_trainers(parsers, given_values, settings)
    now = _names(actions, settings)
    own = [each for each in given if each.name not in names] if is_of_trainer(parsers) else []
    _refuse(
        *_decided(said, theirs),
        *_without_warmup(said, settings),
        *_switched_off(said, settings),
        *_undoing(own, actions),
        *_come_too_late(each for each in given if each.name in now.keys() - names.keys()),
        *_recorded_otherwise(flags, before, settings),
    )
    _warn_of_changed(own, actions)
    take_for_defaults(parsers, now, theirs, given_values, settings)
    return settings


def _refuse(*problems: Problem) -> None:
    if problems:
        raise SettingsError(problems)


def _names(actions: Sequence[argparse.Action], settings: AptSettings) -> dict[str, str]:
    """Dest of each flag that means a setting, or what settings decide -> the name by which it does."""
    known, found = settings_of(settings), {}
    for action in actions:
        names = map(name_of, (action.dest, *action.option_strings))
        if name := next((each for each in names if each in DERIVED or setting_of(each, known)), ""):
            found[action.dest] = name
    return found


def _may_mean(action: argparse.Action, names: Mapping[str, str], settings: AptSettings) -> bool:
    """Whether any choice of a flag is a value of its setting: `--task {train,eval}` is no task of ours."""
    name = names[action.dest]
    if not action.choices or name in DERIVED or name in PRECISION_FLAGS:
        return True
    if name == "task":
        return any(map(task_choice, choices_of(action)))
    return any(read_choice(name, each, settings) is not UNREADABLE for each in choices_of(action))


def _read_words(actions: Sequence[argparse.Action], names: Mapping[str, str], settings: AptSettings) -> None:
    """Let flags of booleans read words where their type is `bool`, for which every text but the empty one is true."""
    known = settings_of(settings)
    for action in actions:
        name = names.get(action.dest, "")
        setting = known.get(setting_of(name, known))
        if action.type is bool and setting and (name in PRECISION_FLAGS or kind_of_field(setting.field).of is bool):
            action.type = boolean


def boolean(text: str) -> bool:
    """A word as a boolean: `False`, `no` and `0` are false. Raises ValueError for a word that is none."""
    if text.lower() not in BOOLEANS:
        raise ValueError(text)
    return BOOLEANS[text.lower()]


def _flag(given: Given, settings: AptSettings) -> Flag | None:
    """What was given as a flag that means a setting; None where it says nothing of one."""
    value = "none" if given.value is None else given.value
    if isinstance(value, list) and any(isinstance(each, list) for each in value):  # one for each time it was written
        value = [item for each in value for item in each]
    return flag_of(given.spelling, given.name, value, settings_of(settings))


def _decided(said: Sequence[Given], theirs: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each flag that the settings decide, and that says something else."""
    for each in said:
        decided = theirs[each.name] if each.name in DERIVED else each.value
        if each.value != decided and as_text(each.value) != as_text(decided):
            yield Problem(each.spelling, f"is not taken: {DERIVED[each.name]}", as_text(decided), "or leave it out")


def _without_warmup(said: Sequence[Given], settings: AptSettings) -> Iterator[Problem]:
    """A problem for `constant` of transformers, which has no warmup, where the settings have one."""
    warmup = settings.warmup_ratio if settings.warmup_steps is None else settings.warmup_steps
    word = scheduler_name(settings)
    for each in said:
        if each.name == OF_SCHEDULERS and warmup and as_text(each.value).lower() == settings.lr_scheduler != word:
            wrong, fix = "has no warmup, and the settings have one", f"or set {variable_of('warmup_steps')}=0"
            yield Problem(each.spelling, wrong, word, fix, as_text(each.value))


def _at_odds(flags: Sequence[Flag]) -> Iterator[Problem]:
    """A problem for each two flags that say different things of one setting."""
    first: dict[str, Flag] = {}
    for flag in flags:
        other = first.setdefault(flag.setting, flag)
        if other.value != flag.value:
            both = f"{other.name} and {flag.name}"
            yield Problem(both, f"say different things of {flag.setting}", fix="leave out one")


def _empty(flags: Sequence[Flag], settings: AptSettings) -> Iterator[Problem]:
    """A problem for each flag with an empty text, which counts as not set, where the setting has a value."""
    for flag in flags:
        if flag.value == "" and as_text(values_of(settings)[flag.setting]):
            yield Problem(flag.name, "is empty, which sets nothing", fix="leave it out, or write a value")


def _switched_off(said: Sequence[Given], settings: AptSettings) -> Iterator[Problem]:
    """A problem for `--bf16 False` where the precision is bf16: it does not say what to train in."""
    switches = {settings.precision, *(["mixed_precision"] if mixed_precision(settings.precision) != "no" else [])}
    for each in said:
        if each.name in switches and _flag(each, settings) is None:
            wrong = f"switches off what precision says ({settings.origin('precision')})"
            yield Problem(each.spelling, wrong, fix=f"write {variable_of('precision')}=fp32, and leave it out")


def _undoing(given: Sequence[Given], actions: Iterable[argparse.Action]) -> Iterator[Problem]:
    """A problem for each flag of the Trainer that undoes a setting, unless it says its own default."""
    for each in _changed(given, actions, OF_THE_TRAINER):  # pragma: no cover - in the part `training`
        setting = OF_THE_TRAINER[each.name]
        yield Problem(each.spelling, f"undoes {setting}", fix=f"leave it out: {variable_of(setting)} decides")


def _warn_of_changed(given: Sequence[Given], actions: Sequence[argparse.Action]) -> None:
    for each in _changed(given, actions, NOT_RECORDED):  # pragma: no cover - in the part `training`
        warn_caller(f"{each.spelling} changes what is trained, and is no setting: no record or fingerprint has it")
    for each in _changed(given, actions, NOT_JUDGED):  # pragma: no cover - in the part `training`
        warn_caller(f"{each.spelling} may decide what the settings decide, and is not judged")


def _changed(given: Iterable[Given], actions: Iterable[argparse.Action], names: Iterable[str]) -> list[Given]:
    """What is given for one of these names, and is not the default of its flag."""
    by_name = {each.name: each for each in given}
    made: Any = SimpleNamespace(**{name: each.value for name, each in by_name.items()})
    usual: Any = SimpleNamespace(**{each.dest: each.default for each in actions})
    return [by_name[name] for name in find_changed(made, usual, by_name.keys() & names)]


def _come_too_late(given: Iterable[Given]) -> Iterator[Problem]:
    """A problem for each flag that is a setting only of the task that another flag chooses."""
    for each in given:
        wrong = "is a setting of the task that the command line chooses, and was not known before"
        yield Problem(each.spelling, wrong, fix=f"export {variable_of('task')}")


def _recorded_otherwise(flags: Sequence[Flag], before: AptSettings, settings: AptSettings) -> Iterator[Problem]:
    """A problem for each flag that changes what the record of this run has, which was written before it started."""
    if not (record := process_environment().get(RUN_DIR)):
        return
    then, now = compared(before), compared(settings)
    changed = {name for name, value in now.items() if then.get(name) != value}
    for flag in flags:
        if changed & ({"task", "dataset"} if flag.setting == "task" else {flag.setting}):
            wrong = f"changes {flag.setting}, and the record {escaped(record)} has it as it was"
            said = shlex.quote(f"{flag.setting}={as_text(flag.value)}")
            yield Problem(flag.name, wrong, fix=f"write apt-settings run --set {said} before the --, in its place")
