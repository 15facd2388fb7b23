"""Checking the points of a sweep: one costs what its own values cost, and what is found is told once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Final, NamedTuple

from ..base import AptSettings, Draft, draft_of, outdated_in
from ..errors import Note, Problem, SettingsError
from ..groups import CHOOSING
from ..loading import choose_task, settle
from ..registry import Setting, registry
from ..rules import RULES
from ..sources.layers import Layers
from ..values import read_value
from .grid import Axis, Sweep, values_at

_MOST_DRAFTS: Final = 256
_MOST_RANGES: Final = 10
_MOST_SENTENCES: Final = 1_000


class Verdict(NamedTuple):
    """What is found of one point."""

    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]


class Shared(NamedTuple):
    """What all points share that choose the same task, dataset, architecture and reference."""

    draft: Draft
    verdicts: dict[object, Verdict]
    """By what the verdict depends on."""


class Checker:
    """Judges the points of a sweep. What they share is read once; a point costs what its own values cost."""

    def __init__(self, sweep: Sweep, base: Layers) -> None:
        """`base` is what all points share: arguments, environment, `.env`."""
        self.sweep = sweep
        self._base = base
        self._shared: dict[tuple[str, ...], Shared] = {}

    def settings(self, index: int) -> AptSettings:
        """The settings of a point, as `load` gives them. Raises SettingsError."""
        return settle(self._under(self.sweep.point(index)))

    def verdict(self, index: int) -> Verdict:
        """What is wrong with a point, or what there is to know of it, as `load` says it."""
        (draft, verdicts), varied = self._shared_and_varied(self.sweep.point(index))
        values = draft.values | varied
        outdated = None if draft.problems else outdated_in(draft, values, varied)
        if outdated == ():
            return Verdict((), draft.layers.notes)
        if outdated is None:
            return self._slowly(index)
        # A note depends on the draft and on the two values of its rule only, so it can be cached by them.
        key = tuple((name, values.get(name), values.get(RULES[name].other)) for name in outdated if name in RULES)
        if key not in verdicts:
            verdicts[key] = self._slowly(index)
        return verdicts[key]

    def _slowly(self, index: int) -> Verdict:
        try:
            return Verdict((), self.settings(index).notes)
        except SettingsError as error:
            return Verdict(error.problems, ())

    def twin(self, index: int) -> int:
        """The first point that is the same experiment: its own index, where no earlier point is.

        Compares axes, not fingerprints: other points may be invalid and have none.
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
        (draft, _), varied = self._shared_and_varied(choice)
        if draft.problems:
            return positions
        values = {name: each.default for name, each in draft.settings.items()} | draft.values | varied
        elsewhere = self.sweep.places.keys() - choice.keys()
        counted = (name for name, each in draft.settings.items() if not each.where_it_runs and name not in elsewhere)
        return frozenset((name, _key(values[name])) for name in counted)

    def _under(self, point: Mapping[str, Any]) -> Layers:
        return self._base.under(point, self.sweep.places)

    def _shared_and_varied(self, point: Mapping[str, Any]) -> tuple[Shared, dict[str, Any]]:
        """What a point shares with others, and its values that vary among those."""
        shared = self._share({name: value for name, value in point.items() if name in CHOOSING})
        settings = shared.draft.settings
        varied = (name for name in point if name not in CHOOSING)
        return shared, {name: read_value(point[name], settings[name].field.annotation) for name in varied}

    def _share(self, choice: Mapping[str, Any]) -> Shared:
        key = tuple(map(str, choice.values()))
        if key not in self._shared:
            if len(self._shared) >= _MOST_DRAFTS:
                self._shared.clear()
            self._shared[key] = Shared(draft_of(*choose_task(self._under(choice))), {})
        return self._shared[key]


def _first_positions(axis: Axis) -> Sequence[int]:
    """For each position of an axis, the first at which its settings make the same experiment."""
    counted = [column for column in axis.columns if not _settings()[column.setting].where_it_runs]
    if any(isinstance(column.values, range) for column in counted):
        return range(axis.size)
    annotations = [(column.values, _settings()[column.setting].field.annotation) for column in counted]
    firsts: dict[object, int] = {}
    return [
        firsts.setdefault(tuple(_key(read_value(values[position], each)) for values, each in annotations), position)
        for position in range(axis.size)
    ]


def _settings() -> Mapping[str, Setting]:
    """The settings that every task has."""
    return registry().settings_of(AptSettings)


def _key(value: Any) -> object:
    """Equal for equal values, 1 and 1.0 among them; also for what is no value of any setting."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


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
        ranges = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)
        more = self.count - sum(last - first + 1 for first, last in self.ranges)
        return f"{ranges} and {more:,} more" if more else ranges


@dataclass
class SweepReport:
    """What the check of a whole sweep found."""

    checked: int = 0
    wrong: dict[str, Points] = field(default_factory=dict)
    """What is wrong -> with which points."""
    noted: dict[str, Points] = field(default_factory=dict)
    """What there is to know -> of which points."""
    unlisted: int = 0
    """How often something was wrong or noted beyond the first thousand sentences."""
    repeated: Points = field(default_factory=Points)
    """Points that are the same experiment as an earlier one."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, each thing once with the points that it is wrong at."""
        problems = [Problem(self._place(points), sentence) for sentence, points in self.wrong.items()]
        more = f"{self.unlisted:,} more, which --format json tells"
        return [*problems, *([Problem("and", more)] if problems and self.unlisted else [])]

    @property
    def notes(self) -> list[Note]:
        """What there is to know, each thing once with the points that it is of."""
        return [Note(f"{self._place(points)} {sentence}") for sentence, points in self.noted.items()]

    def _place(self, points: Points) -> str:
        if points.count == self.checked:
            return "at every point:"
        return f"at {points.count:,} of {self.checked:,} points ({points}):"


def survey(checker: Checker, indices: Iterable[int]) -> SweepReport:
    """Check points one by one, keeping nothing of those that are good."""
    found = SweepReport()
    for index in indices:
        found.checked += 1
        problems, notes = checker.verdict(index)
        for listed, sentences in ((found.wrong, map(str, problems)), (found.noted, map(str, notes))):
            for sentence in sentences:
                if len(listed) < _MOST_SENTENCES or sentence in listed:
                    listed.setdefault(sentence, Points()).add(index)
                else:
                    found.unlisted += 1
        if not problems and checker.twin(index) != index:
            found.repeated.add(index)
    return found
