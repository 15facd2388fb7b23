"""What a setting takes, in words."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..basics.escaping import shown
from ..basics.suggestions import mended
from .kinds import is_class, is_model, kind_of, kind_of_field
from .reading import BOOLEANS, TEXT_LIMIT, accepts, bounds_of
from .writing import as_text

CONSTRAINTS: Final = frozenset(
    {
        "string_pattern_mismatch",
        "string_too_short",
        "string_too_long",
        "too_short",
        "too_long",
        "multiple_of",
        "path_not_file",
        "path_not_directory",
        "path_exists",
    }
)
"""What pydantic says itself of a value of the right type, as `allowed` has no words for it."""
_NONE: Final = ("null", "nil", "~")
"""What none is called elsewhere."""
_WORDS: Final = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: f"one line of at most {TEXT_LIMIT} printable characters, no space around it",
    SecretStr: "one line that is never shown",
    dict: "a JSON object",
    date: "a date, such as 2024-05-01",
    datetime: "a date and time, such as 2024-05-01T10:00",
    time: "a time, such as 10:00",
    timedelta: "a duration: seconds, or a text such as PT1H30M",
    Decimal: "a number",
    UUID: "a UUID",
}


def allowed(field: FieldInfo) -> str:
    """What a setting takes, in words: `a number, 0 <= x < 1`; empty for a type that is not declared here."""
    words = _of(field.annotation)
    return words and f"{words}{_range(field.metadata)}{', or none' if kind_of_field(field).optional else ''}"


def wrong_default(name: str, field: FieldInfo, refused: ErrorDetails) -> str:
    """What a class does whose default its type refuses: `gives eval_every the default 0, and it must be ...`."""
    value = f"the default {shown(refused['input'])}" if "input" in refused else "a default"
    must = "" if refused["type"] in CONSTRAINTS else allowed(field)
    demand = f"must be {must}" if must else f"is not allowed: {refused['msg']}"
    return f"gives {name} {value}, and it {demand}"


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """The words that a setting takes, where its type names them: a Literal, an Enum, or a list of a Literal's."""
    kind = kind_of_field(field)
    return tuple(BOOLEANS) if kind.of is bool else tuple(map(as_text, kind.choices or _members(kind.of)))


@lru_cache(maxsize=256)  # a sweep may repeat a mistake at every point
def likely(text: str, field: FieldInfo) -> str | None:
    """What was most likely meant by a text that the setting refuses; None where no mend makes it valid."""
    if kind_of_field(field).optional and text.lower() in _NONE:
        return as_text(None)
    bounds = bounds_of(field.metadata)
    fraction = bounds.get("ge") == 0 and 1 in (bounds.get("lt"), bounds.get("le"))
    return mended(text, choices_of(field), fraction, lambda candidate: accepts(field, candidate))


def _of(annotation: Any) -> str:
    """What a type takes, none aside."""
    if get_origin(annotation) is Annotated:
        plain, *marks = get_args(annotation)
        return _of(plain) + _range([each for mark in marks for each in getattr(mark, "metadata", [mark])])
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(dict.fromkeys(filter(None, map(_of, get_args(annotation)))))
    kind = kind_of(annotation)
    if kind.is_list:
        return _of_list(kind.item, kind.choices, kind.items)
    if choices := kind.choices or _members(kind.of):
        return f"one of {', '.join(map(as_text, choices))}"
    if is_class(kind.of, PurePath):
        return "a path"
    return "a JSON object" if is_model(kind.of) else _WORDS.get(kind.of, "")


def _of_list(item: Any, choices: tuple[Any, ...], items: tuple[Any, ...]) -> str:
    if choices:
        return f"a comma-separated list of {', '.join(map(str, choices))}, none of them twice"
    if items:
        return f"{len(items)} values joined by commas: {', '.join(map(_of, items))}"
    words = _of(item)
    if kind_of(item).is_list or kind_of(item).of is dict or is_model(kind_of(item).of):
        return "a JSON array"
    return words and f"a comma-separated list, or a JSON array, each {words}"


def _members(kind: Any) -> tuple[Any, ...]:
    return tuple(kind) if is_class(kind, Enum) else ()


def _range(metadata: list[Any]) -> str:
    bounds = bounds_of(metadata)
    low = f"{bounds['ge']} <= " if "ge" in bounds else f"{bounds['gt']} < " if "gt" in bounds else ""
    high = f" <= {bounds['le']}" if "le" in bounds else f" < {bounds['lt']}" if "lt" in bounds else ""
    return f", {low}x{high}" if low or high else ""
