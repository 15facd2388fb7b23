"""Sweeps: every combination of the values in a grid. Each point is computed from its index."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from math import prod
from typing import Any, Final, NamedTuple

from ..base import AptSettings
from ..basics.escaping import shown
from ..basics.suggestions import did_you_mean, nearest
from ..errors import Problem, SettingsError
from ..registry import Setting, registry
from ..values import choices_of, is_list
from ..values.reading import key_twice_in

LIMIT: Final = 1_000_000
"""The most points that a sweep may have."""

_RANGE: Final = r"(-?[0-9]{1,100})\.\.(-?[0-9]{1,100})"
_MISSPELT_RANGE: Final = r"(-?[0-9]{1,100})(?:\.{3,}|…|:|-)(-?[0-9]{1,100})"
# Texts such as 1-5, 1...5 or log:1e-5..1e-3: the user probably meant a range.
_ALMOST_A_RANGE: Final = r"(log:)?([-+.0-9][-+.eE0-9]*)?[0-9](\.\.+|…|:|(?<=[0-9])-)[-+.:eE0-9]*[0-9]"
_PLAIN: Final = r"(?!.*\.\.)[^,\[][^,]*"
_LARGEST: Final = 10**100
_LONGEST_RANGE: Final = 250


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

    def givers(self, index: int, position: int) -> dict[str, str]:  # noqa: ARG002  a sample's are of a position
        """Setting -> who gives its value at a point of the sweep."""
        return {column.setting: f"point {index} of the grid: {column.setting}" for column in self.columns}

    def label(self, position: int) -> str:  # noqa: ARG002  a sample's has it
        """What a sample computes a position from; empty for an axis of a grid."""
        return ""

    def options(self, *, alone: bool) -> list[str]:
        """The options that make it: `--grid`, `seed=1..5`; a `--zip` if it is not `alone`, as a --grid must be."""
        texts = {column.setting: _write_values(column) for column in self.columns}
        return ["--grid", "=".join(*texts.items())] if alone else ["--zip", json.dumps(texts)]


@dataclass(frozen=True)
class Sweep:
    """A grid, a sample, or both. Each combination of positions on the axes is a point; the last axis varies fastest."""

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
        alone = sum(1 for _ in takewhile(lambda axis: len(axis.columns) == 1, self.axes))
        # A --grid after a --zip would move its axis to the front.
        return [word for number, axis in enumerate(self.axes) for word in axis.options(alone=number < alone)]

    def givers(self, index: int) -> dict[str, str]:
        """Setting -> who gives its value at a point: `point 3 of the grid: seed`, `point 42 of sample seed 7`."""
        at = zip(self.axes, self.positions(index), strict=True)
        return {name: giver for axis, position in at for name, giver in axis.givers(index, position).items()}

    def label(self, index: int) -> str:
        """What a sample computes a point from, for its record: `sample1:7:42`; empty without a sample."""
        return "".join(axis.label(at) for axis, at in zip(self.axes, self.positions(index), strict=True))

    def along(self, number: int) -> range:
        """The points that differ from the first one on one axis alone, beginning with that one."""
        step = prod(axis.size for axis in self.axes[number + 1 :])
        return range(0, self.axes[number].size * step, step)

    def index(self, positions: Iterable[int]) -> int:
        """The point at these positions, one for each axis: the inverse of `positions`."""
        index = 0
        for axis, position in zip(self.axes, positions, strict=True):
            index = index * axis.size + position
        return index


def values_at(axes: Sequence[Axis], positions: Iterable[int]) -> dict[str, Any]:
    """Setting -> its value at these positions, one for each axis."""
    return {name: value for axis, at in zip(axes, positions, strict=True) for name, value in axis.at(at).items()}


def axes_of(
    grids: Iterable[GridEntry],
    zipped: Sequence[GridEntry | list[GridEntry]],
    in_file: Iterable[list[GridEntry]] = (),
) -> list[list[GridEntry]]:
    """The axes of a command, in the order that numbers its points: each --grid, those of a file, then those of --zip.

    What --zip names one by one varies together, and is the first of these; each of its objects varies by itself.
    """
    together = _one_by_one(zipped)
    objects = [each for each in zipped if not isinstance(each, GridEntry)]
    return [*([each] for each in grids), *in_file, *([together] if together else []), *objects]


def lone_zip(zipped: Iterable[GridEntry | list[GridEntry]]) -> GridEntry | None:
    """What --zip names one by one, where it is one alone and has nothing to vary with; else None."""
    together = _one_by_one(zipped)
    return together[0] if len(together) == 1 else None


def _one_by_one(zipped: Iterable[GridEntry | list[GridEntry]]) -> list[GridEntry]:
    return [each for each in zipped if isinstance(each, GridEntry)]


def wrong_index(sweep: Sweep, index: int) -> str:
    """What is wrong with an index that no point of a sweep has; empty for one that a point has."""
    last = sweep.size - 1
    return f"--index {index} is not one of the {sweep.size:,} points 0 ... {last}" if index > last else ""


def sweep_of(axes: Iterable[Sequence[GridEntry]], sample: Axis | None = None) -> Sweep:
    """The sweep of these axes, each with one setting or several that vary together; a sample varies fastest.

    Raises SettingsError with all problems: settings that do not exist or occur twice, no values, columns of different
    lengths on one axis, more points than LIMIT.
    """
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    sweep_axes = []
    for written in axes:
        problems += name_problems(written, seen)
        axis = Axis(tuple(_column(each, problems) for each in written))
        sizes = {column.setting: len(column.values) for column in axis.columns}
        if len(set(sizes.values())) > 1:
            lengths = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            wrong = f"varies with settings that have another number of values: {lengths}"
            problems.append(Problem(written[0].place, wrong))
        sweep_axes.append(axis)
    if sample:
        problems += name_problems((GridEntry(*column) for column in sample.columns), seen)
        sweep_axes.append(sample)
    sweep = Sweep(tuple(sweep_axes))
    if not problems and sweep.size > LIMIT:
        sizes_of_axes = " x ".join(f"{axis.size:,}" for axis in sweep_axes)
        wrong = f"has {sizes_of_axes} = {sweep.size:,} points"
        problems.append(Problem("the grid", wrong, f"{LIMIT:,} at most"))
    if problems:
        raise SettingsError(problems)
    return sweep


def name_problems(written: Iterable[GridEntry], seen: dict[str, str]) -> Iterator[Problem]:
    """A problem for each name that is not a setting or is in `seen`; adds the names to `seen`, with their places."""
    for setting, _, place in written:
        if setting not in (*every_setting(), "reference"):
            fix = did_you_mean(nearest(setting, (*every_setting(), "reference")))
            yield Problem(place, "is not a setting", fix=fix, kind="unknown name")
        elif setting != "reference" and every_setting()[setting].secret:
            yield Problem(place, "is secret, and a grid is shown and written: it cannot vary", setting=setting)
        elif setting in seen:
            yield Problem(place, f"varies already: {seen[setting]}", fix="leave one of them out", setting=setting)
        seen[setting] = place


def _column(written: GridEntry, problems: list[Problem]) -> Column:
    """The column of a setting; if its values cannot be read, an empty column, and one more problem."""
    setting, values, place = written
    try:
        return Column(setting, read_values(setting, values), place)
    except ValueError as error:
        problems.append(Problem(place, str(error), value=shown(values), setting=setting))
        return Column(setting, (), place)


def read_values(setting: str, values: Any) -> Sequence[Any]:
    """The values of `GridEntry.values`, one by one. Raises ValueError with the reason if they cannot be read."""
    if isinstance(values, str) and values.startswith("["):
        if twice := key_twice_in(values):
            raise ValueError(f"has {shown(twice)} twice in one object")
        try:
            values = json.loads(values)
        except (ValueError, RecursionError):
            raise ValueError('is not an array, such as ["a", "b,c"]') from None
    elif isinstance(values, str) and _takes_lists(setting):
        one, other = (*choices_of(every_setting()[setting].field), "a", "b")[:2]
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
        _refuse_misspelt_range(text)
        return None
    first, last = map(int, ends.groups())
    if last < first:
        raise ValueError(f"counts down: write {last}..{first}")
    if last - first >= LIMIT:
        raise ValueError(f"has {last - first + 1:,} values; a sweep has {LIMIT:,} points at most")
    return range(first, last + 1)


def _refuse_misspelt_range(text: str) -> None:
    """Raises ValueError for a text that is almost a range of whole numbers, or is one of other numbers."""
    if ends := re.fullmatch(_MISSPELT_RANGE, text):
        first, last = sorted(map(int, ends.groups()))
        raise ValueError(f"is not a range; did you mean {first}..{last}?")
    if len(text) < _LONGEST_RANGE and re.fullmatch(_ALMOST_A_RANGE, text):
        is_one_of_sample = ".." in text and "..." not in text
        sampled = "; --sample takes it, with --points 16" if is_one_of_sample else ""
        raise ValueError(f"is not a range of whole numbers, such as 1..5{sampled}")


def _write_values(column: Column) -> str:
    """The text that `read_values` reads as these values."""
    setting, values, _ = column
    if isinstance(values, range):
        return f"{values[0]}..{values[-1]}"
    plain = all(isinstance(value, str) and re.fullmatch(_PLAIN, value) for value in values)
    plain = plain and not any(re.fullmatch(_ALMOST_A_RANGE, value) for value in values)
    return ",".join(values) if plain and not _takes_lists(setting) else json.dumps(list(values))


def _takes_lists(setting: str) -> bool:
    return setting in every_setting() and is_list(every_setting()[setting].field)


def every_setting() -> Mapping[str, Setting]:
    """The settings that every task has: these can vary, and so can the reference, which is not a setting."""
    return registry().settings_of(AptSettings)
