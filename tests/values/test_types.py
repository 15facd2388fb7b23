"""Types that a project may use: which have a text form, and that it reads back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo
from support import TEXTS
from typing_extensions import TypeAliasType

from apt_settings.values import UNREADABLE, allowed, as_text, choices_of, frozen, read_value
from apt_settings.values.kinds import has_text_form
from apt_settings.values.reading import BOOLEANS


class Word(Enum):
    """Texts with commas in them."""

    ONE = "a,b"
    TWO = "c"


class Number(IntEnum):
    """Numbers by name."""

    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """A dataclass."""

    x: int = 0
    y: float = 0.5


class Model(BaseModel):
    """A model with a model in it."""

    name: str = "n"
    points: list[int] = []


@dataclass
class Unknown:
    """Its field is of a type that nobody defines."""

    x: "NoSuchType"  # type: ignore[name-defined]  # noqa: F821


@dataclass
class Linked:
    """Holds one of its own kind."""

    next: "Linked | None" = None


class Odd:
    """A class that pydantic does not know."""


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = TEXTS.filter(lambda text: text.lower() != "none")
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**70), 2**70),
    float: FLOATS,
    bool: st.booleans(),
    str: WORDS,
    Literal["a", "b,c"]: st.sampled_from(["a", "b,c"]),
    Word: st.sampled_from(Word),
    Number: st.sampled_from(Number),
    Path: WORDS.map(Path),
    int | None: st.none() | st.integers(),
    int | Literal["auto"]: st.integers() | st.just("auto"),
    int | float | None: st.none() | st.integers() | FLOATS.filter(lambda number: not str(number).isdigit()),
    bool | str: st.booleans() | WORDS.filter(lambda text: text.lower() not in BOOLEANS),
    list[str]: st.lists(TEXTS),
    list[int]: st.lists(st.integers()),
    tuple[float, ...]: st.lists(FLOATS).map(tuple),
    tuple[int, str]: st.tuples(st.integers(), WORDS),
    set[str]: st.sets(TEXTS),
    frozenset[int]: st.frozensets(st.integers()),
    Sequence[int]: st.lists(st.integers()).map(tuple),
    list[Word]: st.lists(st.sampled_from(Word)),
    list[list[int]]: st.lists(st.lists(st.integers())),
    list[int | None]: st.lists(st.none() | st.integers()),
    dict[str, float]: st.dictionaries(WORDS, FLOATS),
    Mapping[str, list[str]]: st.dictionaries(WORDS, st.lists(TEXTS)),
    dict[int, bool]: st.dictionaries(st.integers(), st.booleans()),
    Point | None: st.none() | st.builds(Point, st.integers(), FLOATS),
    list[Point]: st.lists(st.builds(Point, st.integers(), FLOATS)),
    Model | None: st.none() | st.builds(Model, name=WORDS, points=st.lists(st.integers())),
    date: st.dates(),
    datetime: st.datetimes(),
    time: st.times(),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=999)),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=3),
    UUID: st.uuids(),
    Annotated[int, Field(ge=1)] | Literal["all"]: st.integers(1) | st.just("all"),
}  # fmt: skip


@given(st.data())
def test_every_type_has_one_text_form_that_reads_back(data: st.DataObject) -> None:
    """A value as a text, read again, is that value, of the same type; and it can be hashed."""
    annotation = data.draw(st.sampled_from(sorted(VALUES, key=str)))
    value = data.draw(VALUES[annotation])
    text = as_text(value)
    again = TypeAdapter(annotation).validate_python(read_value(text, annotation))

    assert has_text_form(annotation)
    assert (again, type(again)) == (value, type(value)), text
    assert "\n" not in text
    assert hash(frozen(value)) == hash(frozen(again))


@pytest.mark.parametrize(
    "annotation",
    [Callable[[], None], object, Any, TypeVar("T"), bytes, complex, list[object], dict[str, Odd], Unknown, type[int]],
)
def test_other_types_have_none(annotation: Any) -> None:
    """No variable can set them."""
    assert not has_text_form(annotation)


def test_a_union_with_a_type_that_has_none_is_set_by_the_others() -> None:
    """Its instances are values, given by a program."""
    assert read_value("3", Odd | int | None) == 3
    assert isinstance(read_value(odd := Odd(), Odd | int), Odd)
    assert read_value(odd, Odd | int) is odd
    assert has_text_form(Linked)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Word, "ONE"),
        (dict[str, int], "{"),
        (dict[str, int], "[1]"),
        (dict[str, int], '{"a": 1, "a": 2}'),
        (dict[str, int], '{"": 1, "": 1}'),
        (dict[str, Any], 3),
        (Point | None, "[1]"),
        (Point | None, '{"z": 1}'),
        (tuple[int, str], "1"),
        (Path, " a"),
        (SecretStr, "a\nb"),
        (int | float, "x"),
        (list[int], 3),
    ],
)
def test_what_is_no_value_is_unreadable(annotation: Any, value: object) -> None:
    """Nothing is coerced, and no key is dropped."""
    assert read_value(value, annotation) is UNREADABLE


def test_python_values_are_taken_as_they_are() -> None:
    """Objects of the type, and dicts that stand for them."""
    assert read_value(Path("x"), Path) == Path("x")
    assert read_value(Point(1), Point | None) == Point(1)
    assert read_value({"x": "1"}, Point | None) == {"x": 1}  # which pydantic makes the object of
    assert read_value({"a": object}, dict[str, Any]) == {"a": object}
    assert read_value(SecretStr("x"), SecretStr) == SecretStr("x")


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Word, "one of a,b, c"),
        (Path, "a path"),
        (list[int], "a comma-separated list, or a JSON array, each a whole number"),
        (list[dict[str, int]], "a JSON array"),
        (tuple[int, str], "2 values joined by commas: a whole number, one line"),
        (dict[str, int] | None, "a JSON object, or none"),
        (int | Literal["auto"], "a whole number or one of auto"),
        (Model, "a JSON object"),
        (SecretStr, "one line that is never shown"),
        (Odd, ""),
    ],
)
def test_what_is_allowed_is_said(annotation: Any, words: str) -> None:
    """In the words of messages and tables."""
    assert allowed(FieldInfo.from_annotation(annotation)).startswith(words)


def test_aliases_stand_for_their_type() -> None:
    """A type that has a name, where Python has such."""
    alias = TypeAliasType("alias", int)

    assert read_value("3", alias) == 3
    assert read_value("none", alias | None) is None
    assert choices_of(FieldInfo.from_annotation(Word)) == ("a,b", "c")
