"""Whether the values of a draft hold: each by its type and range, and together by the rules."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem
from ..own import Group, TaskClass, judge, leaves_of
from ..registry import Unset, fields_of
from ..registry.groups import JOB, OUTPUT_DIR
from ..values import allowed, as_text, names_in, nearly_names_in
from .draft import Draft
from .rules import EXCLUSIVE, broken
from .validation_errors import details_of, excluded, misfit, refusal, words_of

_OF_A_JOB: Final = ("fingerprint", "index")
"""Names in braces that are no settings: what a job is, and which point of a sweep."""


class Judgement(NamedTuple):
    """What came of judging the values of a draft."""

    refused: dict[str, ErrorDetails]
    """What pydantic refuses, by the setting; a class that refuses its values as a whole goes by its own name."""
    group_values: dict[str, Any]
    """The values of the groups beside the class, by the name of the setting."""


def problems_in(draft: Draft, judgement: Judgement, instance: TaskClass, *, complete: bool) -> Iterator[Problem]:
    """Everything that is wrong with the values of a draft, in the settings' order.

    Where the settings need not be `complete`, a setting of a project that is required and not set is none of it.
    """
    refused = judgement.refused
    if not complete:
        refused = {name: each for name, each in refused.items() if name in (*JOB, *draft.values) or not _missing(each)}
    of_class = any(draft.settings[name].group is None for name in refused if name in draft.settings)
    values = _defaults(draft) | draft.values if of_class or not instance.__dict__ else instance.__dict__
    misfits = {each.setting: each for each in broken(_without(refused, values), draft.task, draft.task_class)}
    wrong = refused.keys() | misfits.keys()
    for name, setting in draft.settings.items() if wrong else ():
        giver = draft.winners.get(name)
        if name in refused:
            # Where no class is chosen, what a class would give is not missing, and the task is refused already.
            if draft.task or (giver and name != "task"):
                yield refusal(setting, refused[name], giver)
        elif name in misfits and giver and giver.is_override:
            yield misfit(misfits[name], draft.winners)
    for name, each in _without(draft.settings, refused).items():
        yield Problem(name, words_of(each) or each["msg"])
    if OUTPUT_DIR not in refused and OUTPUT_DIR in values:
        where = draft.winners.get(OUTPUT_DIR) or OUTPUT_DIR
        for part, fix in _unknown_parts(draft, values[OUTPUT_DIR], has_index=draft.layers.point is not None):
            yield Problem(where, part, fix=fix, setting=OUTPUT_DIR)
    for name in _both_set(draft, draft.values):
        yield excluded(draft.winners[name], draft.winners[EXCLUSIVE[name]], name)


def _unknown_parts(draft: Draft, text: str, *, has_index: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with the names in braces of output_dir, and what to write."""
    for name in names_in(text):
        setting = draft.settings.get(name)
        if setting and name in _OF_A_JOB:
            yield f"has {{{name}}}, which is that of a job and a setting of {setting.concern}", "give that another name"
        elif name == "index" and not has_index:
            yield "has {index}, and this is no point of a grid", "write {fingerprint} for a folder of its own"
        elif setting and (setting.secret or name == OUTPUT_DIR):
            yield f"has {{{name}}}, which {'is secret' if setting.secret else 'is itself'}", ""
        elif not setting and name not in _OF_A_JOB:
            known = did_you_mean([f"{{{each}}}" for each in nearest(name, [*draft.settings, *_OF_A_JOB])])
            fix = "; ".join(filter(None, (known, f"{{{{{name}}}}} is the text itself")))
            yield f"has {{{name}}}, which is no setting", fix
    for part, name in nearly_names_in(text):
        if name in (*draft.settings, *_OF_A_JOB):
            yield f"has {part}, which is more than a name", f"write {{{name}}}; {{{part}}} is the text itself"


def _both_set(draft: Draft, values: Mapping[str, Any], varied: Collection[str] = ()) -> Iterator[str]:
    """The settings that somebody sets together with the one that says the same in another way."""
    for name, other in EXCLUSIVE.items():
        pair = [each for each in (name, other) if each in values]
        chosen = len(pair) == 2 and all(each in varied or draft.winners[each].is_override for each in pair)
        if chosen and values[name] is not None:
            yield name


def validate(draft: Draft, values: Mapping[str, Any], instance: TaskClass) -> Judgement:
    """Put values into an object of the class, and judge those of the groups beside it."""
    refused: dict[str, ErrorDetails] = {}
    fields = draft.task_class.model_fields  # pydantic looks it up anew at every use
    of_class = {name: value for name, value in values.items() if name in fields}
    try:
        instance.__pydantic_validator__.validate_python(of_class, self_instance=instance)
    except ValidationError as error:
        refused = {name or draft.task_class.__name__: each for name, each in details_of(error).items()}
        if all(map(_missing, refused.values())):  # then the rest can be shown, where settings need not be complete
            instance.__setstate__(draft.task_class._not_judged(of_class).__getstate__())  # noqa: SLF001 - no user calls it
    group_values: dict[str, Any] = {}
    ours_known = not refused
    for group in draft.registry.groups:
        own, shared, *_ = fields_of(group)
        ours = {path: instance.__dict__[name] for path, name in shared.items() if name in instance.__dict__}
        judged = judge(group, ours | {each.path: values[name] for name, each in own.items() if name in values})
        names = {each.path: name for name, each in own.items()}
        group_values |= {names[path]: value for path, value in judged.values.items() if path in names}
        if not ours_known:  # and what a class refuses may be for want of them
            judged = judged._replace(refused={path: each for path, each in judged.refused.items() if path in names})
        for path, each in judged.refused.items() if draft.registry.restated else ():  # else nobody uses these values
            where = names.get(path) or " ".join((group.name, *path))
            refused[where] = each if path not in shared else {**each, "msg": _not_ours(draft, group, path, ours[path])}
    return Judgement(refused, group_values)


def _missing(refused: ErrorDetails) -> bool:
    return refused["type"] == "missing"


def _not_ours(draft: Draft, group: Group[Any], path: tuple[str, ...], value: object) -> str:
    """What a group says of our value, which its own type or range refuses."""
    name = fields_of(group).shared[path]
    giver, must = draft.winners.get(name), allowed(next(each.field for each in leaves_of(group) if each.path == path))
    by = f" ({giver.location})" if giver else ""
    fix = "say apart=(...) and give the group a prefix if it is another setting"
    return f"stands for our {name}, and does not take {as_text(value)}{by}: must be {must}; {fix}"


def _defaults(draft: Draft) -> dict[str, Any]:
    defaults = ((name, setting.default) for name, setting in draft.settings.items())
    return {name: default for name, default in defaults if not isinstance(default, Unset)}


def _without(names: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in names} if names else values


def outdated_in(draft: Draft, values: Mapping[str, Any], varied: Collection[str]) -> tuple[str, ...] | None:
    """The outdated defaults of an object with these values; None where the values are not valid.

    `values` are the draft's, except for the settings in `varied`, whose values replace the draft's.
    """
    instance = draft.task_class.__new__(draft.task_class)
    if validate(draft, values, instance).refused or any(_both_set(draft, values, varied)):
        return None
    if any(_unknown_parts(draft, instance.__dict__[OUTPUT_DIR], has_index=True)):
        return None
    outdated = []
    for each in broken(instance.__dict__, draft.task, draft.task_class):
        if each.setting in varied or (each.setting in values and draft.winners[each.setting].is_override):
            return None
        outdated.append(each.setting)
    return tuple(outdated)
