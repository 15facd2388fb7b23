"""What pydantic refuses, in the words of the user who set it."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .basics.escaping import shown
from .basics.origins import Origin
from .basics.suggestions import did_you_mean, nearest
from .errors import Problem
from .facts.datasets import DatasetName, TaskName
from .sources.names import PREFIX
from .values import allowed, likely

DOES_NOT_FIT: Final = "does_not_fit"
"""The type of the error that a value raises which does not go with the task or with another setting. Its context says
what it must be (`demand`) and, where another setting demands that, which one (`other`) and the `nearest` that fits."""


def refusals(
    error: ValidationError, class_name: str, fields: Mapping[str, FieldInfo], givers: Mapping[str, Origin]
) -> list[Problem]:
    """One problem for each setting that is refused; `givers` says who set it. The error's own inputs stay out."""
    details = {str(*detail["loc"][:1]): detail for detail in error.errors(include_url=False, include_input=False)}
    return [
        _refusal(name, detail, fields[name], givers)
        if name in fields
        else Problem("", class_name, None, _own_words(detail) or detail["msg"])
        for name, detail in details.items()
    ]


def _refusal(name: str, detail: ErrorDetails, field: FieldInfo, givers: Mapping[str, Origin]) -> Problem:
    if name not in givers:
        return Problem(PREFIX + name.upper(), "", None, "is not set and has no default")
    giver, own_words = givers[name], _own_words(detail)
    wrong, must, fix = "is not allowed", allowed(field), ""
    if detail["type"] == DOES_NOT_FIT:
        wrong, must, fix = "does not fit", *_demand(detail.get("ctx", {}), givers)
    elif own_words or not must:
        wrong, must = f"is not allowed: {own_words or detail['msg']}", ""
    elif name == "task":
        must += ", or a dataset of one of them"
        fix = did_you_mean(nearest(str(giver.value), (*get_args(TaskName), *get_args(DatasetName))))
    elif giver.text == shown(giver.value) and isinstance(giver.value, str):  # not where ${NAME} brought a value in
        guess = likely(giver.value, field)
        fix = did_you_mean([guess] if guess else [])
    return Problem(giver.variable, giver.place, giver.text, wrong, must, fix)


def _own_words(detail: ErrorDetails) -> str:
    """What a subclass's validator said; pydantic's own errors and ours have no such words."""
    return str(detail.get("ctx", {}).get("error", ""))


def _demand(context: Mapping[str, Any], givers: Mapping[str, Origin]) -> tuple[str, str]:
    """What a setting must be to go with the task or with another setting, and what to do."""
    demand, other = str(context["demand"]), context.get("other")
    if other is None:
        return demand, ""
    giver = givers.get(other)
    place, variable = (giver.place, giver.variable) if giver else ("class default", PREFIX + other.upper())
    return f"{demand} ({place})", f"write {context['nearest']}, or change {variable}"
