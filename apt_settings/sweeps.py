"""Sweeps: a grid of settings, each of its points checked beforehand and computed from its index alone."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product, takewhile
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple

from .base import AptSettings, Draft, draft_of, misfits_of
from .errors import Problem, SettingsError
from .groups import CHOOSING, WHERE_IT_RUNS
from .hints import did_you_mean, nearest, printable, shown, spelt
from .loading import choose_task, settle
from .reading import Reading
from .rules import RULES
from .tasks import DEFAULT_TASK, TASKS
from .values import choices_of, is_list, read_value

LIMIT: Final = 1_000_000
"""The most points that a sweep may have."""
FILE_LIMIT: Final = 64 * 1024
"""The most bytes that a file with a grid may have."""

_FIELDS: Final = TASKS[DEFAULT_TASK].model_fields
_MOST_DRAFTS: Final = 256
_ALMOST_A_RANGE: Final = r"[0-9.]*[0-9](\.\.+|:|(?<=[0-9])-)[0-9.:-]*[0-9]"
_PLAIN: Final = r"(?!.*\.\.)[^,\[][^,]*"
_MOST_RANGES: Final = 10
_MOST_SENTENCES: Final = 1_000
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

    @property
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
        return _at(self.axes, self.positions(index))

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


def _at(axes: Sequence[Axis], positions: Iterable[int]) -> dict[str, Any]:
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
            told = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            problems.append(Problem("", written[0].place, None, f"goes with others, and not all are as long: {told}"))
        built.append(axis)
    sweep = Sweep(tuple(built))
    if not problems and sweep.size > LIMIT:
        told = " x ".join(f"{axis.size:,}" for axis in built)
        problems.append(Problem("", "the grid", None, f"has {told} = {sweep.size:,} points", f"{LIMIT:,} at most"))
    if problems:
        raise SettingsError(problems)
    return sweep


def _misplaced(written: Iterable[Written], seen: dict[str, str]) -> Iterator[Problem]:
    """What cannot vary, or stands on an axis already."""
    for setting, _, place in written:
        if setting not in (*_FIELDS, "reference"):
            fix = did_you_mean(nearest(setting, _FIELDS))
            yield Problem(spelt(setting), place, None, "is not a setting", fix=fix)
        elif setting in seen:
            yield Problem(setting, place, None, f"varies already: {seen[setting]}")
        seen[setting] = place


def _column(written: Written, problems: list[Problem]) -> Column:
    """The values of a setting; without any where a problem is added."""
    setting, given, place = written
    try:
        return Column(setting, _values(setting, given), place)
    except ValueError as error:
        problems.append(Problem(spelt(setting), place, shown(given), str(error)))
        return Column(setting, (), place)


def _values(setting: str, given: Any) -> Sequence[Any]:
    """What is written, value by value. Raises ValueError with what is wrong."""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise ValueError('is not an array, such as ["a", "b,c"]') from None
    elif isinstance(given, str) and _takes_lists(setting):
        one, other, *_ = choices_of(_FIELDS[setting])
        raise ValueError(f"""varies in lists: write an array of them, such as '["{one}", "{one},{other}"]'""")
    elif isinstance(given, str):
        return _items(given.split(","))
    if not isinstance(given, Sequence):
        raise ValueError("must be a text or an array of values")
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
        if re.fullmatch(_ALMOST_A_RANGE, text):
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
    return ",".join(values) if plain and not _takes_lists(setting) else json.dumps(list(values))


def _takes_lists(setting: str) -> bool:
    return setting in _FIELDS and is_list(_FIELDS[setting])


def from_file(path: Path) -> list[list[Written]]:
    """The axes of a TOML file: a table `grid` of settings, and `[[zip]]` tables of settings that go together.

    Raises SettingsError where it cannot be read.
    """
    name = printable(str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_LIMIT + 1)
        if len(data) > FILE_LIMIT:
            raise ValueError(f"is larger than {FILE_LIMIT // 1024} KiB, the most that a grid may have")
        content = tomllib.loads(data.decode())
    except OSError as error:
        raise SettingsError([Problem("", name, None, f"cannot be read: {error.strerror}")]) from None
    except (ValueError, RecursionError) as error:
        wrong = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise SettingsError([Problem("", name, None, f"is not a grid in TOML: {wrong}")]) from None
    grid, zipped, others = content.pop("grid", {}), content.pop("zip", []), list(content)
    wrong = f"has {shown(others[0])} at its top" if others else ""
    if not isinstance(grid, dict):
        wrong = "has a grid that is no table [grid]"
    elif not isinstance(zipped, list) or not all(map(_is_table, zipped)):
        wrong = "has a zip that is no table [[zip]]"
    if wrong:
        told = "write [grid], and [[zip]] for settings that go together"
        raise SettingsError([Problem("", name, None, wrong, fix=told)])
    axes = [[Written(setting, values, f"{name} [grid] {setting}")] for setting, values in grid.items()]
    together = [[Written(setting, each[setting], f"{name} [[zip]] {setting}") for setting in each] for each in zipped]
    return [*axes, *together]


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and bool(value)


class Verdict(NamedTuple):
    """What is found of one point."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


class Checker:
    """Judges the points of a sweep. What they share is read once; a point costs what its own values cost."""

    def __init__(self, sweep: Sweep, base: Reading) -> None:
        """`base` is what all points share: arguments, environment, `.env`."""
        self.sweep = sweep
        self._base = base
        self._drafts: dict[tuple[str, ...], tuple[type[AptSettings], Draft]] = {}
        self._told: dict[tuple[Any, ...], Verdict] = {}

    def settings(self, index: int) -> AptSettings:
        """The settings of a point, as `load` gives them. Raises SettingsError."""
        return settle(self._under(self.sweep.point(index)))

    def verdict(self, index: int) -> Verdict:
        """What is wrong with a point, or what there is to know of it, as `load` says it."""
        task_class, draft, own = self._draft_and_own(self.sweep.point(index))
        values = draft.values | own
        misfits = None if draft.problems else misfits_of(task_class, values, draft.released - own.keys())
        if misfits == ():
            return Verdict((), draft.reading.notes)
        # What is told of a misfit names the two settings of its rule and their givers, and nothing else.
        told = (id(draft), *((name, values.get(name), values.get(RULES[name].other)) for name in misfits or ()))
        if misfits is None or told not in self._told:
            self._told[told] = self._slowly(index)
        return self._told[told]

    def _slowly(self, index: int) -> Verdict:
        try:
            return Verdict((), self.settings(index).notes)
        except SettingsError as error:
            return Verdict(error.problems, ())

    def twin(self, index: int) -> int:
        """The first point that is the same experiment: its own index, where no earlier point is.

        Found on the axes, so that no fingerprint of another point is needed; that one may be wrong, where this is not.
        """
        positions = self.sweep.positions(index)
        for number, firsts in self._firsts.items():
            positions[number] = firsts[positions[number]]
        choice = tuple(positions[number] for number in self._choosing)
        for number, position in zip(self._choosing, self._first_choices[choice], strict=True):
            positions[number] = position
        return self.sweep.index(positions)

    @cached_property
    def _choosing(self) -> list[int]:
        """The axes that say what other settings are where nobody sets them."""
        return [number for number, axis in enumerate(self.sweep.axes) if CHOOSING & axis.at(0).keys()]

    @cached_property
    def _firsts(self) -> dict[int, Sequence[int]]:
        """Each other axis -> for its positions, the first of the same meaning."""
        axes = enumerate(self.sweep.axes)
        return {number: _first_positions(axis) for number, axis in axes if number not in self._choosing}

    @cached_property
    def _first_choices(self) -> dict[tuple[int, ...], tuple[int, ...]]:
        """Positions on the choosing axes together -> the first of the same meaning."""
        axes = [self.sweep.axes[number] for number in self._choosing]
        firsts: dict[object, tuple[int, ...]] = {}
        return {
            positions: firsts.setdefault(self._meaning(axes, positions), positions)
            for positions in product(*(range(axis.size) for axis in axes))
        }

    def _meaning(self, axes: list[Axis], positions: tuple[int, ...]) -> object:
        """Every value of the experiment but for those that the other axes give."""
        choice = _at(axes, positions)
        task_class, draft, own = self._draft_and_own(choice)
        if draft.problems:
            return positions
        values = {name: field.default for name, field in task_class.model_fields.items()} | draft.values | own
        elsewhere = self.sweep.places.keys() - choice.keys()
        return frozenset((name, _key(values[name])) for name in values if _counts(name) and name not in elsewhere)

    def _under(self, point: Mapping[str, Any]) -> Reading:
        return self._base.under(point, _FIELDS, self.sweep.places)

    def _draft_and_own(self, point: Mapping[str, Any]) -> tuple[type[AptSettings], Draft, dict[str, Any]]:
        """What a point shares with others, and the values that are its own."""
        task_class, draft = self._draft({name: value for name, value in point.items() if name in CHOOSING})
        fields = task_class.model_fields
        own = {name: read_value(point[name], fields[name].annotation) for name in point if name not in CHOOSING}
        return task_class, draft, own

    def _draft(self, choice: Mapping[str, Any]) -> tuple[type[AptSettings], Draft]:
        """What all points share that choose the same task, dataset, architecture and reference."""
        key = tuple(map(str, choice.values()))
        if key not in self._drafts:
            if len(self._drafts) >= _MOST_DRAFTS:
                self._drafts.clear()
                self._told.clear()
            task_class, reading = choose_task(self._under(choice))
            self._drafts[key] = task_class, draft_of(task_class, reading)
        return self._drafts[key]


def _first_positions(axis: Axis) -> Sequence[int]:
    """For each position of an axis, the first at which its settings make the same experiment."""
    counted = [column for column in axis.columns if _counts(column.setting)]
    if any(isinstance(column.values, range) for column in counted):
        return range(axis.size)
    annotations = [(column.values, _FIELDS[column.setting].annotation) for column in counted]
    firsts: dict[object, int] = {}
    return [
        firsts.setdefault(tuple(_key(read_value(values[position], each)) for values, each in annotations), position)
        for position in range(axis.size)
    ]


def _key(value: Any) -> object:
    """Equal for equal values, 1 and 1.0 among them; also for what is no value of any setting."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _counts(setting: str) -> bool:
    """Whether a setting is part of what the experiment is."""
    return WHERE_IT_RUNS not in _FIELDS[setting].metadata


@dataclass
class Points:
    """Points of a sweep, counted and told in ranges: `0-2, 6, 9-11 and 30 more`."""

    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    """First and last of the first few."""

    def add(self, index: int) -> None:
        """Take in one more, larger than all before."""
        self.count += 1
        if self.ranges and self.ranges[-1][1] == index - 1:
            self.ranges[-1][1] = index
        elif len(self.ranges) < _MOST_RANGES:
            self.ranges.append([index, index])

    def __str__(self) -> str:
        told = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)
        more = self.count - sum(last - first + 1 for first, last in self.ranges)
        return f"{told} and {more:,} more" if more else told


@dataclass
class Survey:
    """What the check of a whole sweep found."""

    checked: int = 0
    wrong: dict[str, Points] = field(default_factory=dict)
    """What is wrong -> with which points."""
    noted: dict[str, Points] = field(default_factory=dict)
    """What there is to know -> of which points."""
    untold: int = 0
    """How often something was wrong or noted beyond the first thousand sentences."""
    repeated: Points = field(default_factory=Points)
    """Points that are the same experiment as an earlier one."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, each thing once with the points that it is wrong at."""
        told = [Problem("", self._place(points), None, sentence) for sentence, points in self.wrong.items()]
        more = f"{self.untold:,} more, which --format json tells"
        return [*told, *([Problem("", "and", None, more)] if told and self.untold else [])]

    @property
    def notes(self) -> list[str]:
        """What there is to know, each thing once with the points that it is of."""
        return [f"note: {self._place(points)} {sentence}" for sentence, points in self.noted.items()]

    def _place(self, points: Points) -> str:
        if points.count == self.checked:
            return "at every point:"
        return f"at {points.count:,} of {self.checked:,} points ({points}):"


def survey(checker: Checker, indices: Iterable[int]) -> Survey:
    """Check points one by one, keeping nothing of those that are good."""
    found = Survey()
    for index in indices:
        found.checked += 1
        problems, notes = checker.verdict(index)
        for told, sentences in ((found.wrong, map(str, problems)), (found.noted, notes)):
            for sentence in sentences:
                if len(told) < _MOST_SENTENCES or sentence in told:
                    told.setdefault(sentence, Points()).add(index)
                else:
                    found.untold += 1
        if not problems and checker.twin(index) != index:
            found.repeated.add(index)
    return found
