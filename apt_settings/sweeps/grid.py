"""Sweeps: a grid of settings, whose points are computed from their index alone."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..base import AptSettings
from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError, read_text
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem, SettingsError
from ..registry import Setting, registry
from ..values import choices_of, is_list

LIMIT: Final = 1_000_000
"""The most points that a sweep may have."""
FILE_LIMIT: Final = 64 * 1024
"""The most bytes that a file with a grid may have."""

_ALMOST_A_RANGE: Final = r"[0-9.]*[0-9](\.\.+|:|(?<=[0-9])-)[0-9.:-]*[0-9]"
_PLAIN: Final = r"(?!.*\.\.)[^,\[][^,]*"
_LARGEST: Final = 10**100
_LONGEST_RANGE: Final = 250
_MANY_DOTS: Final = r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){17}"""  # tomllib takes quadratic memory for a.a.a = 1
_RANGE: Final = r"(-?[0-9]{1,100})\.\.(-?[0-9]{1,100})"


class Written(NamedTuple):
    """What somebody wrote for one setting of a grid."""

    setting: str
    values: Any
    """A text such as `0.3,0.4`, `1..5` or `["a,b", "c"]`, or a sequence of values."""
    place: str
    """`--grid seed`, `sweep.toml [grid] seed`."""


class Column(NamedTuple):
    """The values of one setting of a grid."""

    setting: str
    values: Sequence[Any]
    """Texts as a variable would hold them, or Python values."""
    place: str


@dataclass(frozen=True)
class Axis:
    """What varies together: the column of one setting, or several of one length of which the first go together."""

    columns: tuple[Column, ...]

    @cached_property
    def size(self) -> int:
        """How long the columns are."""
        return min(len(column.values) for column in self.columns)

    def at(self, position: int) -> dict[str, Any]:
        """Setting -> its value at a position."""
        return {column.setting: column.values[position] for column in self.columns}


@dataclass(frozen=True)
class Sweep:
    """A grid: every combination of its axes is a point. Points count from 0, and the last axis varies fastest."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many points there are."""
        return prod(axis.size for axis in self.axes)

    @property
    def columns(self) -> list[Column]:
        """The columns of all axes."""
        return [column for axis in self.axes for column in axis.columns]

    @property
    def places(self) -> dict[str, str]:
        """Setting -> where its values are written."""
        return {column.setting: column.place for column in self.columns}

    def point(self, index: int) -> dict[str, Any]:
        """Setting -> value at a point, 0 <= index < size, in a time that does not depend on the size."""
        return values_at(self.axes, self.positions(index))

    def positions(self, index: int) -> list[int]:
        """Where a point is on each axis."""
        positions = []
        for axis in reversed(self.axes):
            index, position = divmod(index, axis.size)
            positions.append(position)
        return positions[::-1]

    def options(self) -> list[str]:
        """The command line that gives this sweep again: `--grid`, `seed=1..5`. Its points must all be valid."""
        alone = list(takewhile(lambda axis: len(axis.columns) == 1, self.axes))
        words: list[str] = []
        for axis in self.axes:
            written = {column.setting: _as_written(column) for column in axis.columns}
            if len(words) < 2 * len(alone):
                words += ["--grid", "=".join(*written.items())]
            else:  # --grid comes before --zip, wherever it stands
                words += ["--zip", json.dumps(written)]
        return words

    def index(self, positions: Iterable[int]) -> int:
        """The point at these positions."""
        index = 0
        for axis, position in zip(self.axes, positions, strict=True):
            index = index * axis.size + position
        return index


def values_at(axes: Sequence[Axis], positions: Iterable[int]) -> dict[str, Any]:
    """Setting -> its value at these positions."""
    return {name: value for axis, at in zip(axes, positions, strict=True) for name, value in axis.at(at).items()}


def sweep_of(axes: Iterable[Sequence[Written]]) -> Sweep:
    """The sweep of these axes, each of one setting or of several that go together.

    Raises SettingsError with all that is wrong: settings that do not exist or are written twice, no values, columns of
    different lengths on one axis, more points than LIMIT.
    """
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    built = []
    for written in axes:
        problems += _misplaced(written, seen)
        axis = Axis(tuple(_column(each, problems) for each in written))
        sizes = {column.setting: len(column.values) for column in axis.columns}
        if len(set(sizes.values())) > 1:
            lengths = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            wrong = f"goes with others, and not all are as long: {lengths}"
            problems.append(Problem(written[0].place, wrong))
        built.append(axis)
    sweep = Sweep(tuple(built))
    if not problems and sweep.size > LIMIT:
        sizes_of_axes = " x ".join(f"{axis.size:,}" for axis in built)
        wrong = f"has {sizes_of_axes} = {sweep.size:,} points"
        problems.append(Problem("the grid", wrong, f"{LIMIT:,} at most"))
    if problems:
        raise SettingsError(problems)
    return sweep


def _misplaced(written: Iterable[Written], seen: dict[str, str]) -> Iterator[Problem]:
    """What cannot vary, or stands on an axis already."""
    for setting, _, place in written:
        if setting not in (*_settings(), "reference"):
            fix = did_you_mean(nearest(setting, (*_settings(), "reference")))
            yield Problem(place, "is not a setting", fix=fix, kind="unknown name")
        elif setting in seen:
            yield Problem(place, f"varies already: {seen[setting]}", setting=setting)
        seen[setting] = place


def _column(written: Written, problems: list[Problem]) -> Column:
    """The values of a setting; without any where a problem is added."""
    setting, given, place = written
    try:
        return Column(setting, _values(setting, given), place)
    except ValueError as error:
        problems.append(Problem(place, str(error), value=shown(given), setting=setting))
        return Column(setting, (), place)


def _values(setting: str, given: Any) -> Sequence[Any]:
    """What is written, value by value. Raises ValueError with what is wrong."""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise ValueError('is not an array, such as ["a", "b,c"]') from None
    elif isinstance(given, str) and _takes_lists(setting):
        one, other, *_ = choices_of(_settings()[setting].field)
        raise ValueError(f"""varies in lists: write an array of them, such as '["{one}", "{one},{other}"]'""")
    elif isinstance(given, str):
        return _items(given.split(","))
    if not isinstance(given, Sequence):
        raise ValueError("must be a text or an array of values")
    if not isinstance(given, range) and any(isinstance(each, int) and abs(each) >= _LARGEST for each in given):
        raise ValueError("has a number of too many digits")
    if not given or any(value == "" for value in given):
        raise ValueError("has an empty value" if given else "has no values")
    return given if isinstance(given, range) else tuple(given)


def _items(texts: Sequence[str]) -> Sequence[Any]:
    """Texts, of which `1..5` stands for five whole numbers. Raises ValueError."""
    parts = [_range(text) or (text,) for text in texts]
    if not all(texts):
        raise ValueError("has an empty value" if any(texts) else "has no values")
    if len(parts) == 1:
        return parts[0]
    return tuple(value for part in parts for value in part)


def _range(text: str) -> range | None:
    if not (ends := re.fullmatch(_RANGE, text)):
        if len(text) < _LONGEST_RANGE and re.fullmatch(_ALMOST_A_RANGE, text):
            raise ValueError("is no range of whole numbers, such as 1..5")
        return None
    first, last = map(int, ends.groups())
    if last < first:
        raise ValueError(f"counts down: write {last}..{first}")
    if last - first >= LIMIT:
        raise ValueError(f"has {last - first + 1:,} values, and a sweep {LIMIT:,} points at most")
    return range(first, last + 1)


def _as_written(column: Column) -> str:
    """Values as `_values` reads them back."""
    setting, values, _ = column
    if isinstance(values, range):
        return f"{values[0]}..{values[-1]}"
    plain = all(isinstance(value, str) and re.fullmatch(_PLAIN, value) for value in values)
    plain = plain and not any(re.fullmatch(_ALMOST_A_RANGE, value) for value in values)
    return ",".join(values) if plain and not _takes_lists(setting) else json.dumps(list(values))


def _takes_lists(setting: str) -> bool:
    return setting in _settings() and is_list(_settings()[setting].field)


def _settings() -> Mapping[str, Setting]:
    """What can vary, but for the reference: the settings that every task has."""
    return registry().settings_of(AptSettings)


def from_file(path: Path) -> list[list[Written]]:
    """The axes of a TOML file: a table `grid` of settings, and `[[zip]]` tables of settings that go together.

    Raises SettingsError where it cannot be read.
    """
    name = escaped(str(path))
    try:
        text = read_text(path, FILE_LIMIT)
    except UnreadableError as error:
        raise SettingsError.at(name, f"cannot be read: {error}") from None
    try:
        if re.search(_MANY_DOTS, text):
            raise ValueError("a key has more than 16 parts")
        content = tomllib.loads(text)
    except RecursionError:
        raise SettingsError.at(name, "is nested too deeply") from None
    except ValueError as error:
        raise SettingsError.at(name, f"is not a grid in TOML: {error}") from None
    grid, zipped, others = content.pop("grid", {}), content.pop("zip", []), list(content)
    wrong = f"has {shown(others[0])} at its top" if others else ""
    if not isinstance(grid, dict):
        wrong = "has a grid that is no table [grid]"
    elif not isinstance(zipped, list) or not all(map(_is_table, zipped)):
        wrong = "has a zip that is no table [[zip]]"
    if wrong:
        fix = "write [grid], and [[zip]] for settings that go together"
        raise SettingsError.at(name, wrong, fix=fix)
    axes = [[Written(setting, values, f"{name} [grid] {spelt(setting)}")] for setting, values in grid.items()]
    together = [[Written(each, table[each], f"{name} [[zip]] {spelt(each)}") for each in table] for table in zipped]
    return [*axes, *together]


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value)
