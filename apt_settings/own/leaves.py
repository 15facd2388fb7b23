"""The fields of a group's class, each with its type, default and place; a nested object is its own fields."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from copy import copy, deepcopy
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, get_type_hints

from pydantic import BaseModel, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ..errors import SettingsError
from ..values.kinds import has_text_form, holds_secret, is_model, kind_of_field
from .classes import Group

_SECRETS: Final = (
    r"(^|_)(token|password|passwd|passphrase|secret|credentials?|apikey"
    r"|(api|access|secret|private|account|auth|encryption|signing|ssh|wandb|comet|neptune|openai|hf|hub)_key)$"
)
"""The names of plain texts that are secrets, in a class that was not written for us."""
_OF_A_TOKENIZER: Final = r"(^|_)(pad|eos|bos|unk|sep|cls|mask|image|video|audio|start|end|stop)_token$"
"""Those among them that are words of a tokenizer, and no secrets."""


class Leaf(NamedTuple):
    """One field of a group's class, or of an object in it."""

    path: tuple[str, ...]
    """Where it is in the object: `("net", "lin1_size")`."""
    field: FieldInfo
    """Type, default and metadata."""
    settable: bool
    """Whether its type has a text form, so that a variable can set it."""
    secret: bool = False
    hidden: bool = False
    """Whether it is a plain text in its class, and a secret here."""

    @property
    def has_default(self) -> bool:
        """Whether it has a default of its own, which is not made from other fields."""
        return not self.field.is_required() and not is_derived(self.field)


@cache
def leaves_of(group: Group[Any]) -> tuple[Leaf, ...]:
    """Every field that `__init__` of the class takes, in its order; those of a nested object in its place."""
    leaves = _leaves(group.kind, (), PydanticUndefined, ())
    return tuple(_as_secret(group, leaf) for leaf in leaves if leaf.path[0] not in group.leave_out)


def fields_of(kind: Any) -> dict[str, FieldInfo]:
    """The fields that `__init__` takes: of a pydantic model as it has them, of a dataclass each by itself."""
    if issubclass(kind, BaseModel):
        return dict(kind.model_fields)
    found = {}
    for each in fields(kind):
        if each.init and not each.name.startswith("_"):
            default: Any = Field() if each.default is MISSING or _is_unset(each.default) else each.default
            if each.default_factory is not MISSING:
                default = Field(default_factory=each.default_factory)
            found[each.name] = FieldInfo.from_annotated_attribute(_resolved(kind, each.name), default)
    return found


def names_of_fields(kind: Any) -> frozenset[str]:
    """Every field of a class, also what its `__init__` does not take."""
    return frozenset(kind.model_fields if issubclass(kind, BaseModel) else (each.name for each in fields(kind)))


def _is_unset(default: object) -> bool:
    """Whether a default says that somebody must set the field: MISSING of OmegaConf, in structured configs of Hydra."""
    return isinstance(default, str) and default == "???"


def is_derived(field: FieldInfo) -> bool:
    """Whether a default is made from other fields, and so cannot be known by itself."""
    if field.default_factory is None:
        return False
    try:
        parameters = list(inspect.signature(field.default_factory).parameters.values())
    except ValueError:  # of a builtin, such as dict
        return False
    return len(parameters) == 1 and parameters[0].default is inspect.Parameter.empty


def _leaves(kind: Any, path: tuple[str, ...], parent: Any, within: tuple[Any, ...]) -> Iterator[Leaf]:
    """`parent` is the default object that these are the fields of; a field of it is the leaf's default."""
    for name, declared in fields_of(kind).items():
        field = declared if parent is PydanticUndefined else _with_default(declared, getattr(parent, name))
        nested = nested_class(field)
        default = PydanticUndefined if is_derived(field) or nested in (None, *within, kind) else default_of(field)
        if nested not in (None, *within, kind) and (default is PydanticUndefined or isinstance(default, nested)):
            yield from _leaves(nested, (*path, name), default, (*within, kind))
        else:
            yield Leaf((*path, name), field, has_text_form(field.annotation))


def default_of(field: FieldInfo) -> Any:
    """A default that is known by itself, in a copy: PydanticUndefined for a field that has none.

    Raises SettingsError for a default that cannot be made.
    """
    factory: Any = field.default_factory
    try:
        return factory() if factory else deepcopy(field.default)
    except Exception as error:  # whatever a factory of others does
        name = getattr(factory, "__qualname__", "a default")
        raise SettingsError.at(name, f"makes no default: {type(error).__name__}: {error}") from None


def nested_class(field: FieldInfo) -> Any:
    """The class of a field that is an object with fields, and is there always; None for any other field."""
    kind = kind_of_field(field)
    return kind.of if is_model(kind.of) and not kind.optional else None


def _with_default(field: FieldInfo, default: Any) -> FieldInfo:
    own = copy(field)
    own.default, own.default_factory = PydanticUndefined if _is_unset(default) else default, None
    return own


def _resolved(kind: type, name: str) -> Any:
    """The type of a dataclass's field, where its module defines it; else an object of no type, which nothing can set.

    Each is resolved by itself, as one that is imported for type checkers alone must not sink the others. It is the type
    that the class states: HfArgumentParser puts others into its fields.
    """
    owner = next(each for each in kind.__mro__ if name in inspect.get_annotations(each))
    alone = SimpleNamespace(__annotations__={name: inspect.get_annotations(owner)[name]})
    try:
        return get_type_hints(alone, vars(sys.modules[owner.__module__]), dict(vars(owner)), include_extras=True)[name]
    except Exception:  # an annotation is any expression
        return object


def _as_secret(group: Group[Any], leaf: Leaf) -> Leaf:
    """A leaf that is never shown, marked; a plain text among them is a SecretStr from here on."""
    kind = kind_of_field(leaf.field)
    if holds_secret(leaf.field.annotation):
        return leaf._replace(secret=True)
    by_name = not group.judges_itself and str in (kind.of, *kind.members) and _sounds_secret(leaf.path[-1].lower())
    if not (by_name if group.secret is None else leaf.path[0] in group.secret):
        return leaf
    if str not in (kind.of, *kind.members):
        return leaf._replace(secret=True)
    field = copy(leaf.field)
    field.annotation = SecretStr | None if kind.optional or field.default is None else SecretStr
    field.default = hidden(field.default)
    if leaf.field.default_factory:
        field.default_factory = lambda: hidden(default_of(leaf.field))
    return leaf._replace(field=field, secret=True, hidden=True)


def _sounds_secret(name: str) -> bool:
    return bool(re.search(_SECRETS, name)) and not re.search(_OF_A_TOKENIZER, name)


def hidden(value: Any) -> Any:
    """A text as a secret; any other value as it is."""
    return SecretStr(value) if isinstance(value, str) else value


def meaning_of(kind: type, path: tuple[str, ...]) -> str:
    """What a field without a description is about: `help` in its metadata, or the docstring below it; else empty."""
    owner = _owner(kind, path)
    if is_dataclass(owner):
        metadata = next(each.metadata for each in fields(owner) if each.name == path[-1])
        if text := metadata.get("help"):
            return " ".join(str(text).split())
    return _docstrings(owner).get(path[-1], "")


def definition_of(kind: type, path: tuple[str, ...]) -> str:
    """File and line of a field's definition: `trainer/settings.py:12`; the class alone where it has no source."""
    owner: Any = _owner(kind, path)
    for each in owner.__mro__:
        if path[-1] in inspect.get_annotations(each):
            with suppress(OSError, TypeError, SyntaxError):
                lines, first = inspect.getsourcelines(each)
                number = next(index for index, line in enumerate(lines) if re.match(rf"\s+{path[-1]}\s*:", line))
                return f"{inspect.getsourcefile(each)}:{first + number}"
    return f"{owner.__module__}:{owner.__qualname__}"


def _owner(kind: Any, path: tuple[str, ...]) -> Any:
    """The class that has the field at the end of a path."""
    for name in path[:-1]:
        kind = nested_class(fields_of(kind)[name])
    return kind


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """Field -> the text that stands as a docstring below it."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        with suppress(OSError, TypeError, SyntaxError):
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            body = definition.body if isinstance(definition, ast.ClassDef) else []
            for field, below in pairwise(body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                        found[name] = " ".join(text.split())
    return found
