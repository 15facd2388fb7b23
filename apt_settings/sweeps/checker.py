"""Checking the points of a sweep: one costs what its own values cost, and what is found is told once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Final, NamedTuple

from ..base import AptSettings, Draft, draft_of, misfits_of
from ..errors import Problem, SettingsError
from ..groups import CHOOSING, WHERE_IT_RUNS
from ..loading import choose_task, settle
from ..rules import RULES
from ..sources.layers import Reading
from ..values import read_value
from .grid import FIELDS, Axis, Sweep, values_at

_MOST_DRAFTS: Final = 256
_MOST_RANGES: Final = 10
_MOST_SENTENCES: Final = 1_000


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
        choice = values_at(axes, positions)
        task_class, draft, own = self._draft_and_own(choice)
        if draft.problems:
            return positions
        values = {name: field.default for name, field in task_class.model_fields.items()} | draft.values | own
        elsewhere = self.sweep.places.keys() - choice.keys()
        return frozenset((name, _key(values[name])) for name in values if _counts(name) and name not in elsewhere)

    def _under(self, point: Mapping[str, Any]) -> Reading:
        return self._base.under(point, FIELDS, self.sweep.places)

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
    annotations = [(column.values, FIELDS[column.setting].annotation) for column in counted]
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
    return WHERE_IT_RUNS not in FIELDS[setting].metadata


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
