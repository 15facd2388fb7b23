"""A value as a variable holds it, as something that can be hashed, and as something that nothing shows."""

import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel, Secret, SecretStr
from pydantic_core import to_jsonable_python

from .kinds import LISTS

_PLAIN: Final = (str, int, float)


def as_text(value: Any) -> str:
    """A value as a variable would hold it: `none`, `true`, `query,value`, `0.0002`, `{"a": 1}`.

    A list whose items commas cannot part is a JSON array: `["a,b"]`; one without items is `[]`.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return as_text(value.value)
    if isinstance(value, LISTS):
        items = list(value) if isinstance(value, tuple | list) else sorted(value, key=as_text)
        texts = list(map(as_text, items))
        return ",".join(texts) if texts and all(map(_goes_with_commas, items, texts)) else _as_json(items)
    if isinstance(value, Mapping | BaseModel) or hasattr(value, "__dataclass_fields__"):
        return _as_json(value)
    return str(to_jsonable_python(value)) if isinstance(value, date | time | timedelta) else str(value)


def says(text: Any, value: Any) -> bool:
    """Whether what others write is a value: `2e-4` is 0.0002."""
    try:
        return str(text) == as_text(value) or float(text) == value
    except ValueError:
        return False


def _goes_with_commas(item: Any, text: str) -> bool:
    if isinstance(item, (*LISTS, Mapping, BaseModel)) or hasattr(item, "__dataclass_fields__"):
        return False
    return bool(text) and "," not in text and text == text.strip() and text[0] not in "[{"


def as_jsonable(value: Any) -> Any:
    """A value as JSON has it, the same in every process: a set is a sorted list."""
    return to_jsonable_python(_ordered(value), fallback=str)


def _ordered(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(map(as_jsonable, value), key=repr)
    if isinstance(value, Mapping):
        return {key: _ordered(item) for key, item in value.items()}
    return [_ordered(item) for item in value] if isinstance(value, tuple | list) else value


def _as_json(value: Any) -> str:
    return json.dumps(as_jsonable(value), ensure_ascii=False)


def frozen(value: Any) -> Any:
    """A value as something that can be hashed: lists and sets as tuples, dicts as pairs, objects by their fields."""
    if isinstance(value, BaseModel) or hasattr(value, "__dataclass_fields__"):
        return type(value), frozen(vars(value))
    if isinstance(value, Mapping):
        return frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    return tuple(map(frozen, value)) if isinstance(value, tuple | list) else value


def hide(value: Any) -> Any:
    """A value of any type as a secret, which nothing shows; None as it is, as it says that there is no secret."""
    if value is None or isinstance(value, SecretStr | Secret):
        return value
    return SecretStr(value) if isinstance(value, str) else Secret(value)
