"""Sweeps: every combination of the values in a grid. Each point is computed from its index."""

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

# Texts such as 1-5, 1...5 or 0.3..0.6: the user probably meant a range.
_ALMOST_A_RANGE: Final = r"[0-9.]*[0-9](\.\.+|:|(?<=[0-9])-)[0-9.:-]*[0-9]"
_PLAIN: Final = r"(?!.*\.\.)[^,\[][^,]*"
_LARGEST: Final = 10**100
_LONGEST_RANGE: Final = 250
_MANY_DOTS: Final = r"""(?<![\w"'-])(?:[\w"'-]++\s*+\.\s*+){17}"""  # tomllib takes quadratic memory for a.a.a = 1
_RANGE: Final = r"(-?[0-9]{1,100})\.\.(-?[0-9]{1,100})"


class GridEntry(NamedTuple):
    """The values of one setting of a grid as the user wrote them: `seed`, `1..5`, `--grid seed`."""

    setting: str
    values: Any
    """A text such as `0.3,0.4`, `1..5` or `["a,b", "c"]`, or a sequence of values."""
    place: str
    """Where the user wrote them, for messages: `--grid seed`, `sweep.toml [grid] seed`."""


class Column(NamedTuple):
    """The values of one setting of a grid, one by one."""

    setting: str
    values: Sequence[Any]
    """Texts as an environment variable would hold them, or Python values."""
    place: str
    """Where the user wrote them, as in `GridEntry`."""


@dataclass(frozen=True)
class Axis:
    """Columns of the same length, one for each setting that varies on this axis.

    An axis with `epochs` 20, 40 and `distill_epochs` 10, 20 has two positions: 20 with 10, and 40 with 20.
    """

    columns: tuple[Column, ...]

    @cached_property
    def size(self) -> int:
        """The number of positions: the length of the columns."""
        return min(len(column.values) for column in self.columns)

    def at(self, position: int) -> dict[str, Any]:
        """Setting -> its value at a position, 0 <= position < size."""
        return {column.setting: column.values[position] for column in self.columns}


@dataclass(frozen=True)
class Sweep:
    """A grid. Each combination of positions on its axes is a point; the last axis varies fastest."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """The number of points."""
        return prod(axis.size for axis in self.axes)

    @property
    def columns(self) -> list[Column]:
        """The columns of all axes."""
        return [column for axis in self.axes for column in axis.columns]

    @property
    def places(self) -> dict[str, str]:
        """Setting -> where the user wrote its values."""
        return {column.setting: column.place for column in self.columns}

    def point(self, index: int) -> dict[str, Any]:
        """Setting -> value at a point, 0 <= index < size. The time does not depend on the size of the sweep."""
        return values_at(self.axes, self.positions(index))

    def positions(self, index: int) -> list[int]:
        """The position of a point on each axis."""
        positions = []
        for axis in reversed(self.axes):
            index, position = divmod(index, axis.size)
            positions.append(position)
        return positions[::-1]

    def options(self) -> list[str]:
        """The command line options that make this sweep: `--grid`, `seed=1..5`. All its points must be valid."""
        alone = list(takewhile(lambda axis: len(axis.columns) == 1, self.axes))
        words: list[str] = []
        for axis in self.axes:
            texts = {column.setting: _write_values(column) for column in axis.columns}
            if len(words) < 2 * len(alone):
                words += ["--grid", "=".join(*texts.items())]
            else:  # a --grid after a --zip would move its axis to the front
                words += ["--zip", json.dumps(texts)]
        return words

    def index(self, positions: Iterable[int]) -> int:
        """The point at these positions, one for each axis: the inverse of `positions`."""
        index = 0
        for axis, position in zip(self.axes, positions, strict=True):
            index = index * axis.size + position
        return index


def values_at(axes: Sequence[Axis], positions: Iterable[int]) -> dict[str, Any]:
    """Setting -> its value at these positions, one for each axis."""
    return {name: value for axis, at in zip(axes, positions, strict=True) for name, value in axis.at(at).items()}


def sweep_of(axes: Iterable[Sequence[GridEntry]]) -> Sweep:
    """The sweep of these axes, each with one setting or several that vary together.

    Raises SettingsError with all problems: settings that do not exist or occur twice, no values, columns of different
    lengths on one axis, more points than LIMIT.
    """
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    sweep_axes = []
    for written in axes:
        problems += _name_problems(written, seen)
        axis = Axis(tuple(_column(each, problems) for each in written))
        sizes = {column.setting: len(column.values) for column in axis.columns}
        if len(set(sizes.values())) > 1:
            lengths = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            wrong = f"varies with settings that have another number of values: {lengths}"
            problems.append(Problem(written[0].place, wrong))
        sweep_axes.append(axis)
    sweep = Sweep(tuple(sweep_axes))
    if not problems and sweep.size > LIMIT:
        sizes_of_axes = " x ".join(f"{axis.size:,}" for axis in sweep_axes)
        wrong = f"has {sizes_of_axes} = {sweep.size:,} points"
        problems.append(Problem("the grid", wrong, f"{LIMIT:,} at most"))
    if problems:
        raise SettingsError(problems)
    return sweep


def _name_problems(written: Iterable[GridEntry], seen: dict[str, str]) -> Iterator[Problem]:
    """A problem for each name that is not a setting or is in `seen`; adds the names to `seen`, with their places."""
    for setting, _, place in written:
        if setting not in (*_settings(), "reference"):
            fix = did_you_mean(nearest(setting, (*_settings(), "reference")))
            yield Problem(place, "is not a setting", fix=fix, kind="unknown name")
        elif setting in seen:
            yield Problem(place, f"varies already: {seen[setting]}", setting=setting)
        seen[setting] = place


def _column(written: GridEntry, problems: list[Problem]) -> Column:
    """The column of a setting; if its values cannot be read, an empty column, and one more problem."""
    setting, values, place = written
    try:
        return Column(setting, _read_values(setting, values), place)
    except ValueError as error:
        problems.append(Problem(place, str(error), value=shown(values), setting=setting))
        return Column(setting, (), place)


def _read_values(setting: str, values: Any) -> Sequence[Any]:
    """The values of `GridEntry.values`, one by one. Raises ValueError with the reason if they cannot be read."""
    if isinstance(values, str) and values.startswith("["):
        try:
            values = json.loads(values)
        except (ValueError, RecursionError):
            raise ValueError('is not an array, such as ["a", "b,c"]') from None
    elif isinstance(values, str) and _takes_lists(setting):
        one, other = (*choices_of(_settings()[setting].field), "a", "b")[:2]
        raise ValueError(f"""takes lists: write an array of lists, such as '["{one}", "{one},{other}"]'""")
    elif isinstance(values, str):
        return _read_items(values.split(","))
    if not isinstance(values, Sequence):
        raise ValueError("must be a text or an array of values")
    if not isinstance(values, range) and any(isinstance(each, int) and abs(each) >= _LARGEST for each in values):
        raise ValueError("has a number of too many digits")
    if not values or any(value == "" for value in values):
        raise ValueError("has an empty value" if values else "has no values")
    return values if isinstance(values, range) else tuple(values)


def _read_items(texts: Sequence[str]) -> Sequence[Any]:
    """The values of these texts: `7`, `1..5` -> "7", 1, 2, 3, 4, 5. Raises ValueError."""
    parts = [_read_range(text) or (text,) for text in texts]
    if not all(texts):
        raise ValueError("has an empty value" if any(texts) else "has no values")
    if len(parts) == 1:
        return parts[0]
    return tuple(value for part in parts for value in part)


def _read_range(text: str) -> range | None:
    """`1..5` -> range(1, 6); None if the text is not a range. Raises ValueError for a misspelt or too long one."""
    if not (ends := re.fullmatch(_RANGE, text)):
        if len(text) < _LONGEST_RANGE and re.fullmatch(_ALMOST_A_RANGE, text):
            raise ValueError("is not a range of whole numbers, such as 1..5")
        return None
    first, last = map(int, ends.groups())
    if last < first:
        raise ValueError(f"counts down: write {last}..{first}")
    if last - first >= LIMIT:
        raise ValueError(f"has {last - first + 1:,} values; a sweep has {LIMIT:,} points at most")
    return range(first, last + 1)


def _write_values(column: Column) -> str:
    """The text that `_read_values` reads as these values."""
    setting, values, _ = column
    if isinstance(values, range):
        return f"{values[0]}..{values[-1]}"
    plain = all(isinstance(value, str) and re.fullmatch(_PLAIN, value) for value in values)
    plain = plain and not any(re.fullmatch(_ALMOST_A_RANGE, value) for value in values)
    return ",".join(values) if plain and not _takes_lists(setting) else json.dumps(list(values))


def _takes_lists(setting: str) -> bool:
    return setting in _settings() and is_list(_settings()[setting].field)


def _settings() -> Mapping[str, Setting]:
    """The settings that every task has: these can vary, and so can the reference, which is not a setting."""
    return registry().settings_of(AptSettings)


def from_file(path: Path) -> list[list[GridEntry]]:
    """The axes of a TOML file: its table `[grid]` has one for each setting, each `[[zip]]` table is one axis.

    Raises SettingsError if the file cannot be read or has another form.
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
        wrong = "has a grid that is not a table [grid]"
    elif not isinstance(zipped, list) or not all(map(_is_table, zipped)):
        wrong = "has a zip that is not a table [[zip]]"
    if wrong:
        fix = "write [grid], and [[zip]] for settings that vary together"
        raise SettingsError.at(name, wrong, fix=fix)
    axes = [[GridEntry(setting, values, f"{name} [grid] {spelt(setting)}")] for setting, values in grid.items()]
    zipped_axes = [
        [GridEntry(each, table[each], f"{name} [[zip]] {spelt(each)}") for each in table] for table in zipped
    ]
    return [*axes, *zipped_axes]


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value)
