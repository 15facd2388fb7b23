"""What pydantic refuses, and what breaks a rule, in the words of the user who set it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from ..basics.escaping import shown
from ..basics.origins import Origin
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem
from ..facts.datasets import plain
from ..facts.other_names import LIKELY_WORDS, OTHER_WORDS, SIZES
from ..registry import Setting, task_of
from ..registry.groups import JOB
from ..sources.names import variable_of
from ..values import allowed, choices_of, likely, wrong_default, wrong_with_line
from ..values.reading import key_twice_in
from ..values.words import CONSTRAINTS
from .rules import Broken, demanded, of_tasks, only_task

WITH_FLAGS: Final = (
    "None is what argparse gives for an option that nobody wrote: "
    "apt_settings.integrations.argparse.with_flags(settings, parser) takes what somebody did write"
)
"""What to write in place of an argument that is None."""


def details_of(error: ValidationError) -> dict[str, ErrorDetails]:
    """Setting -> what pydantic says of it; empty stands for the whole class. The error's own inputs stay out."""
    details = error.errors(include_url=False, include_input=False)
    return {str(*each["loc"][:1]): each for each in details if each["type"] != "default_factory_not_called"}


def refusal(setting: Setting, detail: ErrorDetails, giver: Origin | None) -> Problem:
    """The problem of a value that pydantic refuses, or misses."""
    if giver is None and detail["type"] != "missing":
        where = setting.group.name if setting.group else setting.owner.__name__
        return Problem(where, wrong_default(setting.name, setting.field, detail), setting=setting.name)
    if giver is None:
        where = setting.group.name if setting.group else task_of(setting.owner) and f"the task {task_of(setting.owner)}"
        fix = f"{where} requires it" if where else ""
        wrong = "is not set and has no default"
        return Problem(nobody(setting.name), wrong, fix=fix, kind="not set", setting=setting.name)
    if isinstance(giver.value, SecretStr) and (why := wrong_with_line(giver.value.get_secret_value())):
        return Problem(
            giver, f"is not allowed: the secret {why}", value=giver.raw, kind="bad value", setting=setting.name
        )
    words, must, fix = words_of(detail), allowed(setting.field), ""
    if setting.name == "task":  # of a class that somebody chose
        must = only_task(task_of(setting.owner), setting.owner)
        return Problem(giver, "is not allowed", must, "", giver.raw, "bad value", setting.name)
    if setting.name in JOB:
        must = demanded(setting.name, task_of(setting.owner), setting.owner) or must
    if words or not must or detail["type"] in CONSTRAINTS:
        wrong = f"is not allowed: {words or detail['msg']}"
        return Problem(giver, wrong, value=giver.raw, kind="bad value", setting=setting.name)
    if giver.raw == shown(giver.value) and isinstance(giver.value, str):  # not where ${NAME} brought a value in
        fix = _fix(setting, giver.value)
    if is_python_none(giver):
        fix = WITH_FLAGS
    return Problem(giver, "is not allowed", must, fix, giver.raw, "bad value", setting.name)


def is_python_none(giver: Origin) -> bool:
    """Whether a value is the None of `load(epochs=None)`, and no null of a grid."""
    return giver.value is None and giver.source == f"argument {giver.variable}"


def _fix(setting: Setting, text: str) -> str:
    """What to write in place of a text that is refused, where it can be guessed."""
    if twice := key_twice_in(text):
        return f"{shown(twice)} stands twice in it"
    if setting.name == "seed" and text.lower() == "none":
        return "a run without a seed cannot be repeated"
    if setting.name == "dataset":
        return or_custom(_of_task(words_near(text, choices_of(setting.field)), setting.owner.datasets))
    guess = OTHER_WORDS.get(setting.name, {}).get(text.lower()) or likely(text, setting.field)
    if setting.name == "architecture":
        guess = LIKELY_WORDS["architecture"].get(text.lower()) or guess
        return or_custom(_of_task([guess] if guess and _same_size(text, guess) else [], setting.owner.architectures))
    fix = did_you_mean([guess] if guess else [])
    return or_custom(fix) if setting.name in JOB else fix


def _of_task(guesses: Sequence[str], fitting: Sequence[str]) -> str:
    """The guesses that fit the task; where none does, the tasks that the likeliest is of."""
    fits = [each for each in guesses if not fitting or each in fitting]
    elsewhere = of_tasks(guesses[0]) if guesses and not fits else ""
    return f"{elsewhere};" if elsewhere else did_you_mean(fits)


def _same_size(text: str, guess: str) -> bool:
    """Whether a model may be another by a slip: not where its name says another size."""
    sizes = re.findall(SIZES, text.lower())
    return not sizes or sizes == re.findall(SIZES, guess.lower())


def words_near(text: str, words: Sequence[str]) -> Sequence[str]:
    """The tasks and datasets that a text may stand for, the likeliest first: `abisee/cnn_dailymail` -> cnndm."""
    name = plain(text).rpartition("/")[2]
    likeliest = LIKELY_WORDS["dataset"].get(name)
    return [likeliest] if likeliest and likeliest in words and name not in words else nearest(name, words)


def or_custom(guess: str) -> str:
    """A guess at a task, dataset or model, and where there is room for all that the paper does not have."""
    return f"{guess} APT_TASK=custom is for a dataset or model of your own".strip()


def misfit(broken: Broken, winners: Mapping[str, Origin]) -> Problem:
    """The problem of a value that somebody set, and that does not go with the task or another setting."""
    giver, must, fix = winners[broken.setting], broken.demand, ""
    if broken.other:
        other = winners.get(broken.other)
        must = f"{must} ({other.location if other else 'class default'})"
        nearest_values = " or ".join(map(str, broken.nearest))
        fix = f"write {nearest_values}, or change {other.variable if other else variable_of(broken.other)}"
    return Problem(giver, "does not fit", must, fix, giver.raw, "does not fit", broken.setting)


def excluded(giver: Origin, other: Origin, setting: str) -> Problem:
    """The problem of two settings that say the same in two ways."""
    wrong = f"does not go with {other.label}, which says the same in another way"
    return Problem(giver, wrong, fix="leave one of them out", value=giver.raw, kind="does not fit", setting=setting)


def nobody(setting: str) -> Origin:
    """The origin of a setting that nobody gives a value."""
    return Origin("nobody", "", variable_of(setting))


def words_of(detail: ErrorDetails) -> str:
    """What a subclass's validator said; pydantic's own errors have no such words."""
    return str(detail.get("ctx", {}).get("error", ""))


def said_by(error: Exception) -> str:
    """An exception of a class of others, in one line and without the values that pydantic repeats."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}".strip(": ") for each in error.errors())
    return f"{type(error).__name__}: {' '.join(str(error).split())}".strip(": ")
