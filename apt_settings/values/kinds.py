"""A type taken apart, as settings read and write it: optional, one of several, a list of choices, a union."""

from collections.abc import Mapping, MutableMapping, MutableSequence, MutableSet, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

LISTS: Final = (tuple, list, set, frozenset)
MAPPINGS: Final = (dict, Mapping, MutableMapping)
_LIKE_LISTS: Final = {Sequence: tuple, MutableSequence: list, AbstractSet: frozenset, MutableSet: set}
_SCALARS: Final = (str, int, float, bool, datetime, date, time, timedelta, Decimal, UUID)


class Kind(NamedTuple):
    """A type as settings take it apart: `tuple[Literal["a", "b"], ...] | None` is tuple, optional, of a or b."""

    of: Any
    """The plain type, without none; `tuple`, `list`, `set` or `frozenset` where it is one of several values."""
    item: Any
    """The type of one of several values, or of the values of a dict, with what Annotated says of it."""
    choices: tuple[Any, ...]
    """What a Literal, or a list of one, names."""
    optional: bool
    is_list: bool
    members: tuple[Any, ...] = ()
    """The types of a union, none aside, in its order."""
    items: tuple[Any, ...] = ()
    """The type of each value of a tuple that has so many: `tuple[int, float]`."""
    key: Any = str
    """The type of the keys of a dict."""


@lru_cache(maxsize=4096)
def kind_of(annotation: Any) -> Kind:
    """An annotation taken apart, once."""
    plain, optional = _bare(annotation), False
    if get_origin(plain) in (Union, UnionType):
        members: tuple[Any, ...] = tuple(kind for kind in map(_bare, get_args(plain)) if kind is not NoneType)
        optional = NoneType in get_args(plain)
        if len(members) != 1:
            return Kind(plain, None, (), optional, False, members)
        plain = members[0]
    origin, arguments = get_origin(plain), get_args(plain)
    of = _LIKE_LISTS.get(origin or plain, origin or plain)
    if of in LISTS:
        items = arguments if origin is tuple and arguments[-1] is not ... else ()
        item = arguments[0] if arguments else str
        choices = get_args(_bare(item)) if get_origin(_bare(item)) is Literal else ()
        return Kind(of, item, choices, optional, True, items=items)
    if of in MAPPINGS:
        key, item = arguments or (str, str)
        return Kind(dict, item, (), optional, False, key=key)
    return Kind(of if origin is None else plain, None, arguments if origin is Literal else (), optional, False)


def _bare(annotation: Any) -> Any:
    """A type without what Annotated says of it, and what an alias or a NewType stands for."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        elif hasattr(annotation, "__supertype__"):  # NewType
            annotation = annotation.__supertype__
        else:
            return annotation


def is_class(kind: Any, *bases: type) -> bool:
    """Whether a type is a class below one of these."""
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, bases)


def is_model(kind: Any) -> bool:
    """Whether a type is a class with fields: a pydantic model or a dataclass."""
    return is_class(kind, BaseModel) or (is_class(kind, object) and is_dataclass(kind))


@cache
def types_of_fields(model: Any) -> Mapping[str, Any]:
    """Name -> type of each field of a pydantic model or a dataclass. Raises NameError for a name nobody defines."""
    if is_class(model, BaseModel):
        return {name: field.annotation for name, field in model.model_fields.items()}
    types = get_type_hints(model, include_extras=True)
    return {field.name: types[field.name] for field in fields(model) if field.init}


def kind_of_field(field: FieldInfo) -> Kind:
    """The kind of a setting's type."""
    annotation: Any = field.annotation
    return kind_of(annotation)


def is_list(field: FieldInfo) -> bool:
    """Whether a setting takes several values joined by commas."""
    return kind_of_field(field).is_list


def has_text_form(annotation: Any, _within: tuple[Any, ...] = ()) -> bool:
    """Whether a text can stand for each value of a type, or of one type of a union: not for a Callable or a TypeVar."""
    kind = kind_of(annotation)
    if kind.members:
        return any(has_text_form(each, _within) for each in kind.members)
    if kind.is_list:
        return all(has_text_form(each, _within) for each in kind.items or (kind.item,))
    if kind.of is dict:
        return is_class(kind.key, str, int) and (kind.item is Any or has_text_form(kind.item, _within))
    if is_model(kind.of):
        return kind.of in _within or _has_text_form(kind.of, (*_within, kind.of))
    return bool(kind.choices) or kind.of in (*_SCALARS, SecretStr) or is_class(kind.of, Enum, PurePath)


def _has_text_form(model: Any, within: tuple[Any, ...]) -> bool:
    try:
        return all(has_text_form(each, within) for each in types_of_fields(model).values())
    except NameError:
        return False


def holds_secret(annotation: Any, _within: tuple[Any, ...] = ()) -> bool:
    """Whether a value of a type may have a secret in it: `list[SecretStr]`, a model with a field of `SecretBytes`."""
    plain = _bare(annotation)
    if is_class(get_origin(plain) or plain, SecretStr, SecretBytes, Secret):
        return True
    inner: tuple[Any, ...] = get_args(plain)
    if is_model(plain) and plain not in _within:
        with suppress(NameError):
            inner = tuple(types_of_fields(plain).values())
    return any(holds_secret(each, (*_within, plain)) for each in inner)
