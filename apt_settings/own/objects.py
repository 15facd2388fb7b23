"""The values of a group: judged, each by its own type; and the object that is made of them."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from ..values import adapter_of, refused_as_default
from .classes import Group
from .leaves import Leaf, default_of, fields_of, hidden, is_derived, leaves_of, nested_class

T = TypeVar("T")
Path = tuple[str, ...]


class Judged(NamedTuple):
    """What came of the values that were given to a group."""

    values: dict[Path, Any]
    """Every value that the class has, given or not; without those that are required and not given."""
    refused: dict[Path, ErrorDetails]
    """What is wrong, by its field; `()` is the class itself."""


def judge(group: Group[Any], given: Mapping[Path, Any]) -> Judged:
    """Judge what was given to the fields of a group's class, and complete it with the class's defaults.

    A SettingsGroup judges itself, with its validators. Of a class that was not written for us no object is made.
    """
    alone = _judge_fields(group, given)
    if not group.judges_itself or any(each["type"] != "missing" for each in alone.refused.values()):
        return alone
    try:
        whole = group.kind.model_validate(_tree(group, given))
    except ValidationError as error:
        paths = {leaf.path for leaf in leaves_of(group)}
        refused = (each for each in _details(error) if each["type"] != "default_factory_not_called")
        return Judged(alone.values, {_known(each["loc"], paths): each for each in refused})
    except Exception as error:  # a validator of the class fails otherwise than by a ValueError
        message = f"{type(error).__name__}: {error}"
        return Judged(alone.values, {(): {"type": "value_error", "loc": (), "msg": message, "input": None}})
    values = [(leaf, _at(whole, leaf.path)) for leaf in leaves_of(group)]
    derived = ((leaf, value) for leaf, value in values if leaf.path not in given and is_derived(leaf.field))
    wrong = {leaf.path: wrong for leaf, value in derived if (wrong := wrong_with_default(group, leaf, value))}
    return Judged({leaf.path: hidden(value) if leaf.hidden else value for leaf, value in values}, wrong)


def _judge_fields(group: Group[Any], given: Mapping[Path, Any]) -> Judged:
    """Each field by its own type."""
    values: dict[Path, Any] = {}
    refused: dict[Path, ErrorDetails] = {}
    for leaf in leaves_of(group):
        if leaf.path in given:
            try:
                values[leaf.path] = adapter_of(leaf.field).validate_python(given[leaf.path])
            except ValidationError as error:
                refused[leaf.path] = _details(error)[0]
        elif leaf.has_default:
            values[leaf.path] = default_of(leaf.field)
            if leaf.field.default_factory and (wrong := wrong_with_default(group, leaf, values[leaf.path])):
                refused[leaf.path] = wrong
        elif leaf.field.is_required():
            refused[leaf.path] = {"type": "missing", "loc": leaf.path, "msg": "is not set", "input": None}
    return Judged(values, refused)


@cache
def wrong_defaults(group: Group[Any]) -> Mapping[Path, ErrorDetails]:
    """What is wrong with the defaults that stand in a group's class, by the field; `judge` judges those it makes."""
    known = (leaf for leaf in leaves_of(group) if leaf.has_default and not leaf.field.default_factory)
    wrong = ((leaf.path, wrong_with_default(group, leaf, default_of(leaf.field))) for leaf in known)
    return {path: each for path, each in wrong if each}


def wrong_with_default(group: Group[Any], leaf: Leaf, default: Any) -> ErrorDetails | None:
    """What the type of a field says of its default; None where it takes it.

    None is kept as the default of any field of a class that was not written for us, as many have it.
    """
    judged_by_pydantic = getattr(group.kind, "model_config", {}).get("validate_default")
    if not leaf.settable or judged_by_pydantic or (default is None and not group.judges_itself):
        return None
    return refused_as_default(leaf.field, default, is_shown=not leaf.secret)


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _known(location: tuple[Any, ...], paths: set[Path]) -> Path:
    """The field that an error is about: the longest beginning of its location that is one."""
    return next((location[:end] for end in range(len(location), 0, -1) if location[:end] in paths), ())


def made(group: Group[T], given: Mapping[Path, Any]) -> T:
    """A new object of a group's class, from what was given. Raises whatever the class raises."""
    return group.kind(**keywords_of(group, given))


def keywords_of(group: Group[Any], given: Mapping[Path, Any]) -> dict[str, Any]:
    """The keywords that make an object of a group's class from what was given, in copies: trainers change them."""
    return _keywords(group.kind, deepcopy(_tree(group, given)))


def _tree(group: Group[Any], given: Mapping[Path, Any]) -> dict[str, Any]:
    """`{("net", "lin1_size"): 64}` -> `{"net": {"lin1_size": 64, "lin2_size": 32}}`: of a nested object every field.

    Its other fields have the values of the default object, and not those of its class.
    """
    nested = {path[0] for path in given if len(path) > 1}
    tree: dict[str, Any] = {}
    for leaf in leaves_of(group):
        if leaf.path in given or (leaf.path[0] in nested and leaf.has_default):
            *parents, name = leaf.path
            place = tree
            for each in parents:
                place = place.setdefault(each, {})
            value = given[leaf.path] if leaf.path in given else default_of(leaf.field)
            place[name] = value.get_secret_value() if leaf.hidden and isinstance(value, SecretStr) else value
    return tree


def _keywords(kind: Any, tree: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords for a class, in which nested objects are made by their own classes."""
    keywords, declared = {}, fields_of(kind)
    for name, value in tree.items():
        field = declared[name]
        nested = nested_class(field)
        key = field.alias if issubclass(kind, BaseModel) and field.alias else name
        keywords[key] = nested(**_keywords(nested, value)) if nested and isinstance(value, dict) else value
    return keywords


def _at(whole: Any, path: Path) -> Any:
    for name in path:
        whole = getattr(whole, name)
    return whole
