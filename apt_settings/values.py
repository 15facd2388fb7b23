"""Text to value and back, and what a setting takes in words; all of it is read off the setting's type."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from math import isfinite
from numbers import Integral
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .basics.suggestions import mended

TEXT_LIMIT: Final = 4096
"""The most characters that a free text may have, a path's limit on Linux."""
UNREADABLE: Final = object()
"""Not a value of the type; pydantic refuses this object for every type."""

# Patterns are texts: re compiles one when it is first used, and keeps it.
_FLOAT: Final = r"-?[0-9]{1,1000}(\.[0-9]{1,1000})?([eE][-+]?[0-9]{1,10})?"
_INTEGER: Final = r"-?[0-9]{1,1000}"
_BOOLEANS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
# Control characters, line and paragraph separators, what has no width or turns the direction of text, halves of a
# broken UTF-8 sequence.
_UNPRINTABLE: Final = (
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_LISTS: Final = (tuple, list, set, frozenset)


class Kind(NamedTuple):
    """A type as settings take it apart: `tuple[Literal["a", "b"], ...] | None` is tuple, optional, of a or b."""

    of: Any
    """The plain type, without none; `tuple`, `list`, `set` or `frozenset` where it is one of several values."""
    item: Any
    """The type of one of several values."""
    choices: tuple[Any, ...]
    """What a Literal, or a list of one, names."""
    optional: bool
    is_list: bool


@lru_cache(maxsize=1024)
def kind_of(annotation: Any) -> Kind:
    """An annotation taken apart, once."""
    plain, optional = annotation, False
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        optional = NoneType in get_args(annotation)
        plain = kinds[0] if len(kinds) == 1 else annotation
    origin = get_origin(plain)
    if (origin or plain) in _LISTS:
        item = (get_args(plain) or (str,))[0]
        return Kind(origin or plain, item, get_args(item) if get_origin(item) is Literal else (), optional, True)
    return Kind(plain, None, get_args(plain) if origin is Literal else (), optional, False)


def _kind_of(field: FieldInfo) -> Kind:
    annotation: Any = field.annotation
    return kind_of(annotation)


def read_value(value: Any, annotation: Any) -> Any:
    """A text, or a Python value, as a value of the annotated type; UNREADABLE where it is none.

    A float is ASCII `-?digits[.digits][e+-digits]` or a finite Python number, an int is ASCII digits with an optional
    minus or an integer, a bool is true/false, 1/0, yes/no, on/off in any case, a str is one line without control
    characters or surrounding space, a list is separated by commas, and `none` is None where the type allows it.
    pydantic coerces more (`1_000`, ` 5 `, inf, True for 1), which hides mistakes. Other types are left to it.
    """
    kind = kind_of(annotation)
    if kind.optional and (value is None or (isinstance(value, str) and value.lower() == "none")):
        return None
    if kind.is_list:
        return _list(value.split(",") if isinstance(value, str) else value, kind)
    if kind.choices:
        return {str(choice): choice for choice in kind.choices}.get(value, value) if isinstance(value, str) else value
    return _READERS[kind.of](value) if kind.of in _READERS else value


def _number(value: Any) -> Any:
    number = float(value) if isinstance(value, str) and re.fullmatch(_FLOAT, value) else value
    if not isinstance(number, float | int) or isinstance(number, bool):
        return UNREADABLE
    try:
        return number if isfinite(number) else UNREADABLE
    except OverflowError:
        return UNREADABLE


def _whole_number(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if re.fullmatch(_INTEGER, value) else UNREADABLE
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else UNREADABLE


def _boolean(value: Any) -> Any:
    truth = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
    return truth if isinstance(truth, bool) else UNREADABLE


def _one_line(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or value != value.strip():
        return UNREADABLE
    return UNREADABLE if re.search(_UNPRINTABLE, value) else value


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    float: _number,
    int: _whole_number,
    bool: _boolean,
    str: _one_line,
}


def _list(items: Any, kind: Kind) -> Any:
    """The items, each read; where their type names them, none twice and in the order in which it does."""
    if not isinstance(items, _LISTS):
        return UNREADABLE
    items = list(items)
    if not kind.choices:
        return tuple(read_value(each, kind.item) for each in items)
    if any(item not in kind.choices for item in items) or any(items.count(item) > 1 for item in kind.choices):
        return UNREADABLE
    return tuple(sorted(items, key=kind.choices.index))


def is_list(field: FieldInfo) -> bool:
    """Whether a setting takes several values joined by commas."""
    return _kind_of(field).is_list


def allowed(field: FieldInfo) -> str:
    """What a setting takes, in words: `a number, 0 <= x < 1`; empty for a type that is not declared here."""
    kind = _kind_of(field)
    choices = ", ".join(map(str, kind.choices))
    if choices and kind.is_list:
        words = f"a comma-separated list of {choices}, none of them twice" if kind.of is tuple else ""
    else:
        words = f"one of {choices}" if choices else _WORDS.get(kind.of, "")
    return words and f"{words}{_range(field.metadata)}{', or none' if kind.optional else ''}"


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """The words that a setting takes, where its type names them: those of a Literal, or of a list of them."""
    kind = _kind_of(field)
    return tuple(_BOOLEANS) if kind.of is bool else tuple(map(str, kind.choices))


@lru_cache(maxsize=256)  # a sweep may repeat a mistake at every point
def likely(text: str, field: FieldInfo) -> str | None:
    """What was most likely meant by a text that the setting refuses; None where no mend makes it valid."""

    def allows(candidate: str) -> bool:
        try:
            adapter_of(field).validate_python(read_value(candidate, field.annotation))
        except ValidationError:
            return False
        return True

    bounds = _bounds(field.metadata)
    fraction = bounds.get("ge") == 0 and 1 in (bounds.get("lt"), bounds.get("le"))
    return mended(text, choices_of(field), fraction, allows)


@lru_cache(maxsize=1024)
def adapter_of(field: FieldInfo) -> TypeAdapter[Any]:
    """What judges a value of a setting by itself: its type and range."""
    annotated: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotated)


_WORDS: Final = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: f"one line of at most {TEXT_LIMIT} printable characters, no space around it",
}


def _bounds(metadata: list[Any]) -> dict[str, Any]:
    return {sign: getattr(mark, sign) for sign in ("gt", "ge", "lt", "le") for mark in metadata if hasattr(mark, sign)}


def _range(metadata: list[Any]) -> str:
    bounds = _bounds(metadata)
    low = f"{bounds['ge']} <= " if "ge" in bounds else f"{bounds['gt']} < " if "gt" in bounds else ""
    high = f" <= {bounds['le']}" if "le" in bounds else f" < {bounds['lt']}" if "lt" in bounds else ""
    return f", {low}x{high}" if low or high else ""


def as_text(value: object) -> str:
    """A value as a variable would hold it: `none`, `true`, `query,value`, `0.0002`."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(as_text, cast("Collection[object]", value))) if isinstance(value, _LISTS) else str(value)
