"""The values of settings as defaults of a parser's flags, in the words of whoever wrote the parser."""

import argparse
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import NoneType
from typing import Any, Final

from pydantic import Secret, SecretStr, ValidationError

from ..base import AptSettings, settings_of, values_of, written_output_dir
from ..facts.other_names import PRECISION_FLAGS
from ..plan import divide_batch, plan
from ..registry.groups import OUTPUT_DIR
from ..schedules import warmup_length
from ..sources.flags import Flag, flag_of, setting_of
from ..tasks import task_choice
from ..values import UNREADABLE, adapter_of, as_text, is_list
from ..values.kinds import LISTS
from . import transformers
from .extras import scheduler_name, warn_caller, world_size
from .parser_words import is_of_others, spelling_of
from .precision import mixed_precision

_GROWING: Final = (argparse._AppendAction, argparse._AppendConstAction, argparse._CountAction)
"""Actions that add to their default."""
OF_SCHEDULERS: Final = "lr_scheduler_type"
"""A flag whose words are those of transformers: `constant` has no warmup there, and `constant_with_warmup` has one."""
_MOST_CHOICES: Final = 1_000
_ABSENT: Final = object()
"""No default: no choice of a flag says what the settings do."""


def is_of_trainer(parsers: Iterable[argparse.ArgumentParser]) -> bool:
    """Whether the Trainer of transformers has what a parser makes."""
    return any(each.dest == "per_device_train_batch_size" for parser in parsers for each in parser._actions)


def choices_of(action: argparse.Action) -> Iterator[Any]:
    """The first choices of a flag: a range may have very many, and a container need not list them."""
    return islice(action.choices, _MOST_CHOICES) if isinstance(action.choices, Iterable) else iter(())


def read_choice(name: str, choice: Any, settings: AptSettings) -> Any:
    """What a choice of a flag is as a value of its setting, alone or as one of several; UNREADABLE for none.

    `read_choice("num_train_epochs", "3.0", settings)` -> 3
    """
    known = settings_of(settings)
    flag = flag_of(name, name, choice, known) or Flag(name, setting_of(name, known), None)
    setting = known[flag.setting]
    value = [flag.value] if is_list(setting.field) and not isinstance(flag.value, str) else flag.value
    try:
        return adapter_of(setting.field).validate_python(setting.read(value))
    except ValidationError:
        return UNREADABLE


def take_for_defaults(
    parsers: Sequence[argparse.ArgumentParser],
    names: Mapping[str, str],
    theirs: Mapping[str, Any],
    given: Container[str],
    settings: AptSettings,
) -> None:
    """Give each flag that means a setting the setting's value. Warns of one whose choices do not have it.

    `names` is dest -> the name by which a flag means a setting, or what settings decide; `theirs` what
    `words_of_trainers` says; `given` has the dest of what somebody gave.
    """
    taken: set[str] = set()
    for action in (action for each in parsers for action in each._actions):
        name = names.get(action.dest, action.dest)
        setting = setting_of(name, settings_of(settings)) if action.dest in names else ""
        if isinstance(action, argparse._SubParsersAction) or not (name in theirs or setting):
            continue
        value = _among(choices_of(action), theirs[name]) if name in theirs else _theirs(action, name, settings)
        if value is _ABSENT:
            here = f"{setting} {as_text(values_of(settings)[setting])}"
            warn_caller(f"{spelling_of(action)} has no choice for {here}, and is left alone")
            continue
        taken.add(action.dest)
        _set_default(action, value, is_given=action.dest in given)
        if name == OUTPUT_DIR:
            action.type = _filled_in(action.type, settings)
    for group in (group for each in parsers for group in each._mutually_exclusive_groups):
        group.required = group.required and taken.isdisjoint(each.dest for each in group._group_actions)


def words_of_trainers(
    parsers: Sequence[argparse.ArgumentParser], given: Mapping[str, Any], settings: AptSettings
) -> dict[str, Any]:
    """Name of a flag -> its value, where it is not simply a setting's; `given` is dest -> what somebody gave."""
    alpha = settings.scaling_factor * settings.initial_rank
    theirs: dict[str, Any] = {
        "model_name_or_path": settings.model_name_or_path or settings.architecture,
        "lora_alpha": int(alpha) if alpha.is_integer() else alpha,
        "gradient_accumulation_steps": divide_batch(settings, world_size())[1],
        "auto_find_batch_size": False,
        "mixed_precision": mixed_precision(settings.precision),
        **{name: settings.precision == name for name in PRECISION_FLAGS},
    }
    if is_of_trainer(parsers):  # pragma: no cover - in the part `training`
        theirs |= transformers.keywords_here(settings, on_cpu=bool(given.get("use_cpu")))
        theirs["warmup_ratio"] = None  # of transformers before 5.1, and stronger there than warmup_steps, which has it
    return theirs


def _among(choices: Iterable[Any], value: Any) -> Any:
    """The choice that says a value, as `true` says True; the value itself where none does."""
    return next((each for each in choices if as_text(each).lower() == as_text(value)), value)


def _set_default(action: argparse.Action, value: Any, *, is_given: bool) -> None:
    """Give a flag a default that nothing is added to; an action of others keeps its own where it was given."""
    action.required = False
    if is_given and isinstance(action, _GROWING):
        action.default = None
    elif not (is_given and is_of_others(action)):
        action.default = value
    if isinstance(value, list) and action.choices and not action.option_strings:
        action.choices = _Choices(action.choices)


class _Choices(list[Any]):
    """The choices of a positional that takes several, of which argparse asks whether its default is one."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, list) or super().__contains__(value)


def _filled_in(kind: Any, settings: AptSettings) -> Callable[[str], Any]:
    """A type of a flag that puts values in the place of their names, as the settings have it: `runs/{seed}`."""
    written, filled = written_output_dir(settings), settings.output_dir
    make = kind if callable(kind) else str

    def output_dir(text: str) -> Any:
        made = make(text)
        return make(filled) if str(made) == written else made

    return output_dir


def _theirs(action: argparse.Action, name: str, settings: AptSettings) -> Any:
    """The value of the setting that a flag means, as the parser would make it; _ABSENT where no choice says it."""
    setting = setting_of(name, settings_of(settings))
    value = values_of(settings)[setting]
    if value is None and name == "num_warmup_steps":  # of scripts that have no flag for a fraction
        return warmup_length(settings, plan(settings).total_steps)
    word = scheduler_name(settings)
    if setting == "lr_scheduler" and (_has(action.choices, word) if action.choices else name == OF_SCHEDULERS):
        return word
    if value is None and setting == "max_steps":
        return action.default if isinstance(action.default, int) else None
    gathers = isinstance(action, argparse._AppendAction | argparse._AppendConstAction)
    several = action.nargs not in (None, argparse.OPTIONAL, 0)
    if value is None or not (several or gathers):
        is_line = isinstance(value, LISTS) and not action.choices
        return as_text(value) if is_line else _word(action, name, value, settings)
    parts = [type(value)([each]) for each in value] if isinstance(value, LISTS) else [value]
    items = [_word(action, name, each, settings) for each in parts]
    if any(each is _ABSENT for each in items):
        return _ABSENT
    return [items] if _is_nested(action) else items


def _is_nested(action: argparse.Action) -> bool:
    """Whether a flag gathers a list for each time that it is written."""
    appends = isinstance(action, argparse._AppendAction) and not isinstance(action, argparse._ExtendAction)
    return appends and action.nargs not in (None, argparse.OPTIONAL)


def _word(action: argparse.Action, name: str, value: Any, settings: AptSettings) -> Any:
    """One value, or a list of one, as one of a flag's choices, or as what its type makes of a text."""
    one = next(iter(value)) if isinstance(value, LISTS) and len(value) == 1 else value
    if action.choices:
        said = (each for each in choices_of(action) if _is_choice_for(each, name, value, settings))
        return one if _has(action.choices, one) else next(said, _ABSENT)
    is_known = type(one) in (str, int, float, bool, NoneType, SecretStr, Secret)
    return one if is_known or action.type not in (None, str) else as_text(one)


def _has(choices: Any, value: Any) -> bool:
    try:
        return value in choices
    except TypeError:  # of a value that no set can have
        return False


def _is_choice_for(choice: Any, name: str, value: Any, settings: AptSettings) -> bool:
    if setting_of(name, settings_of(settings)) == "task" and (chosen := task_choice(choice)):
        return all(values_of(settings)[key] == word for key, word in chosen[1].items())
    return bool(read_choice(name, choice, settings) == value)
