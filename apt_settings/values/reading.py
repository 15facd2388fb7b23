"""A text, or a Python value, as a value of a setting's type; and what judges such a value by itself."""

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from math import isfinite
from numbers import Integral
from pathlib import PurePath
from typing import Annotated, Any, Final, get_args

from pydantic import ConfigDict, PydanticUserError, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .kinds import LISTS, Kind, is_class, is_model, kind_of, types_of_fields
from .writing import as_text

TEXT_LIMIT: Final = 4096
"""The most characters that a free text may have, a path's limit on Linux."""
UNREADABLE: Final = object()
"""Not a value of the type; pydantic refuses this object for every type."""

# Patterns are texts: re compiles one when it is first used, and keeps it.
_FLOAT: Final = r"-?[0-9]{1,1000}(\.[0-9]{1,1000})?([eE][-+]?[0-9]{1,10})?"
_INTEGER: Final = r"-?[0-9]{1,1000}"
BOOLEANS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
# Control characters, line and paragraph separators, what has no width or turns the direction of text, halves of a
# broken UTF-8 sequence.
_UNPRINTABLE: Final = (
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_RUNS_CODE: Final = "__get_pydantic_core_schema__"
"""What AfterValidator, FilePath and their like have, and no bound."""


def read_value(value: Any, annotation: Any) -> Any:
    """A text, or a Python value, as a value of the annotated type; UNREADABLE where it is none.

    A float is ASCII `-?digits[.digits][e+-digits]` or a finite Python number, an int is ASCII digits with an optional
    minus or an integer, a bool is true/false, 1/0, yes/no, on/off in any case, a str is one line without control
    characters or surrounding space, a list is separated by commas or a JSON array, a dict or an object is a JSON
    object, an Enum goes by its values, a union by its first type that takes the text, and `none` is None where the type
    allows it. pydantic coerces more (`1_000`, ` 5 `, inf, True for 1), which hides mistakes; the rest is left to it.
    """
    kind = kind_of(annotation)
    if kind.optional and (value is None or (isinstance(value, str) and value.lower() == "none")):
        return None
    if kind.is_list:
        return _list(value, kind)
    if kind.choices:
        return {str(choice): choice for choice in kind.choices}.get(value, value) if isinstance(value, str) else value
    return _READERS[kind.of](value) if kind.of in _READERS else _other(value, kind)


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
        return _integer(value) if re.fullmatch(_INTEGER, value) else UNREADABLE
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else UNREADABLE


def _integer(digits: str) -> Any:
    try:
        return int(digits)
    except ValueError:  # more digits than PYTHONINTMAXSTRDIGITS allows
        return UNREADABLE


def _boolean(value: Any) -> Any:
    truth = BOOLEANS.get(value.lower()) if isinstance(value, str) else value
    return truth if isinstance(truth, bool) else UNREADABLE


def _one_line(value: Any) -> Any:
    return UNREADABLE if not isinstance(value, str) or wrong_with_line(value) else value


def wrong_with_line(text: str) -> str:
    """Why a text is not one line as settings take it, without showing it; empty where it is one."""
    if text != text.rstrip():
        return "ends with a space or a line break"
    if text != text.lstrip():
        return "begins with a space or a line break"
    if len(text) > TEXT_LIMIT:
        return f"has more than {TEXT_LIMIT} characters"
    return "has a line break, or a character that cannot be printed" if re.search(_UNPRINTABLE, text) else ""


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    float: _number,
    int: _whole_number,
    bool: _boolean,
    str: _one_line,
}


def _list(given: Any, kind: Kind) -> Any:
    """The items, each read; where their type names them, none twice and in the order in which it does."""
    items = given
    if isinstance(given, str):
        items = _from_json(given) if given.startswith("[") and not kind.choices else given.split(",")
    if not isinstance(items, LISTS) or (kind.items and len(kind.items) != len(items)):
        return UNREADABLE
    items = list(items)
    if kind.choices:
        if any(item not in kind.choices for item in items) or any(items.count(item) > 1 for item in kind.choices):
            return UNREADABLE
        return tuple(sorted(items, key=kind.choices.index))
    types = kind.items or (kind.item,) * len(items)
    return tuple(read_value(each, of) for each, of in zip(items, types, strict=True))


def _other(value: Any, kind: Kind) -> Any:
    """A value of a type that our own settings do not have."""
    if kind.members:
        accepted = (_accepted(value, member) for member in kind.members)
        return next((each for each in accepted if each is not UNREADABLE), UNREADABLE)
    if is_class(kind.of, Enum):
        return {as_text(each.value): each for each in kind.of}.get(as_text(value), UNREADABLE)
    if is_class(kind.of, PurePath):
        return value if isinstance(value, kind.of) else _made(kind.of, _one_line(value))
    if kind.of is SecretStr:
        return _made(SecretStr, _one_line(value.get_secret_value() if isinstance(value, SecretStr) else value))
    if kind.of is dict or is_model(kind.of):
        return _object(value, kind)
    return value


def _made(of: Callable[[str], Any], line: Any) -> Any:
    return line if line is UNREADABLE else of(line)


def _accepted(value: Any, member: Any) -> Any:
    """A value as one type of a union has it; UNREADABLE where that type refuses it."""
    read = read_value(value, member)
    try:
        return read if read is UNREADABLE else _adapter(member).validate_python(read)
    except (ValidationError, PydanticUserError):
        return UNREADABLE


def _object(given: Any, kind: Kind) -> Any:
    """A dict, or the fields of an object, each read; a key that is no field is a mistake, which pydantic would drop."""
    items = _from_json(given) if isinstance(given, str) else given
    if is_model(kind.of) and (isinstance(items, kind.of) or not isinstance(items, Mapping)):
        return items if isinstance(items, kind.of) else UNREADABLE
    if not isinstance(items, Mapping):
        return UNREADABLE
    if kind.of is dict:
        pairs = ((read_value(key, kind.key), each) for key, each in items.items())
        return {key: each if kind.item is Any else read_value(each, kind.item) for key, each in pairs}
    types = types_of_fields(kind.of)
    return (
        {key: read_value(each, types[key]) for key, each in items.items()}
        if items.keys() <= types.keys()
        else UNREADABLE
    )


def _from_json(text: str) -> Any:
    """What a JSON text says; UNREADABLE where it is none, has a key twice, or a number that JSON does not know."""
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_only_once)
    except (ValueError, RecursionError):
        return UNREADABLE


def _refuse(constant: str) -> None:
    raise ValueError(constant)


class _TwiceError(ValueError):
    """A key stands twice in an object, of which Python would take the last."""


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def key_twice_in(text: str) -> str:
    """The key that stands twice in an object of a JSON text; empty where none does."""
    try:
        json.loads(text, object_pairs_hook=_only_once)
    except _TwiceError as error:
        return str(error)
    except (ValueError, RecursionError):
        pass
    return ""


@lru_cache(maxsize=1024)
def adapter_of(field: FieldInfo) -> TypeAdapter[Any]:
    """What judges a value of a setting by itself: its type and range."""
    marks = field.metadata  # not the field itself: default, alias and the like mean nothing for a value by itself
    annotated: Any = Annotated[field.annotation, *marks] if marks else field.annotation
    return _adapter(annotated)


def accepts(field: FieldInfo, value: object) -> bool:
    """Whether a setting takes a text, or a Python value, by its type and range."""
    try:
        adapter_of(field).validate_python(read_value(value, field.annotation))
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=1024)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation)
    except PydanticUserError:  # one type of a union that pydantic does not know: its instances are its values
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))


def refused_as_default(field: FieldInfo, default: Any, *, is_shown: bool = True) -> ErrorDetails | None:
    """What type and range of a field say of its default, which is among it if it may be shown; None if they take it.

    A default need not have a text form: it may be of several lines. No validator that stands in the type is run, and
    what pydantic judges itself is left to it.
    """
    annotation: Any = field.annotation
    kind, marks = kind_of(annotation), [mark for mark in field.metadata if not hasattr(mark, _RUNS_CODE)]
    if field.validate_default or _runs_code(annotation) or (default is None and kind.optional):
        return None
    if not marks and type(default) is kind.of in _READERS:  # most are: no adapter is built for them
        return None
    try:
        _adapter(Annotated[annotation, *marks] if marks else annotation).validate_python(default)
    except ValidationError as error:
        refused = error.errors(include_url=False, include_input=False)[0]
        return {**refused, "input": default} if is_shown else refused
    except Exception:  # whatever a class of others within the type does: nothing is known against the default
        return None
    return None


def _runs_code(annotation: Any) -> bool:
    """Whether a validator stands within a type: `list[FilePath]`."""
    marks = getattr(annotation, "__metadata__", ())
    return any(hasattr(mark, _RUNS_CODE) for mark in marks) or any(map(_runs_code, get_args(annotation)))


def bounds_of(metadata: list[Any]) -> dict[str, Any]:
    """The bounds of a number, from what its type says: `{"ge": 0, "lt": 1}`."""
    return {sign: getattr(mark, sign) for sign in ("gt", "ge", "lt", "le") for mark in metadata if hasattr(mark, sign)}
