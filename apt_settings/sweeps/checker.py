"""Checks a point of a sweep. What several points share is read only once."""

from collections.abc import Mapping
from functools import cached_property
from itertools import product
from typing import Any, Final, NamedTuple

from ..base import AptSettings, written_output_dir
from ..errors import Note, Problem, SettingsError
from ..judging.draft import Draft, draft_of
from ..judging.judgement import outdated_in
from ..judging.rules import RULES
from ..loading import choose_task, settle
from ..registry import registry
from ..registry.groups import CHOOSING
from ..sources.layers import Layers
from ..values import read_value
from .clashes import Clash
from .grid import Axis, Sweep, every_setting, values_at
from .sample import Sample

_MOST_DRAFTS: Final = 256


class Verdict(NamedTuple):
    """The result of checking one point; a point with problems has no notes."""

    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]


class Shared(NamedTuple):
    """What points with the same task, dataset, architecture and reference have in common."""

    draft: Draft
    verdicts: dict[object, Verdict]
    """The values that a verdict depends on -> the verdict."""


class _Firsts:
    """For each position of an axis, the first position with the same values; where a job runs does not count."""

    def __init__(self, axis: Axis) -> None:
        rows = {column.setting: every_setting()[column.setting] for column in axis.columns}
        self._axis = axis
        self._annotations = {name: row.field.annotation for name, row in rows.items() if not row.is_left_out}
        self._all_differ = any(
            isinstance(each.values, range) for each in axis.columns if each.setting in self._annotations
        )
        self._first_of: dict[object, int] = {}
        self._firsts: list[int] = []

    def __getitem__(self, position: int) -> int:
        if self._all_differ:
            return position
        for each in range(len(self._firsts), position + 1):
            values = self._axis.at(each)
            read = (_comparable(values[name], kind) for name, kind in self._annotations.items())
            self._firsts.append(self._first_of.setdefault(_key(tuple(read)), each))
        return self._firsts[position]


class Checker:
    """Checks the points of a sweep. It reads the values that points share once, then only those that vary."""

    def __init__(self, sweep: Sweep, base: Layers, *, complete: bool = True) -> None:
        """`base` holds the values that all points share: arguments, environment, `.env`."""
        self.sweep = sweep
        self._complete = complete
        self._base = base
        self._shared: dict[tuple[str, ...], Shared] = {}

    def settings(self, index: int) -> AptSettings:
        """The settings of a point, as `load` gives them; who sets what varies is the point. Raises SettingsError."""
        return self._settle(index, self.sweep.givers(index))

    def verdict(self, index: int) -> Verdict:
        """The problems of a point or, if it is valid, its notes: the same as `load` reports."""
        point = self.sweep.point(index)
        (draft, verdicts), varied = self._shared_and_varied(point)
        values = draft.values | varied
        is_of_task = point.keys() <= draft.settings.keys() | CHOOSING
        outdated = outdated_in(draft, values, varied) if is_of_task and not draft.problems else None
        if outdated == ():
            return Verdict((), draft.layers.notes)
        if outdated is None:
            return self._load(index)
        # A note depends on the draft and on the two values of its rule only, so it can be cached by them.
        key = tuple((name, values.get(name), values.get(RULES[name].other)) for name in outdated if name in RULES)
        if key not in verdicts:
            verdicts[key] = self._load(index)
        return verdicts[key]

    def shared_folder(self) -> str:
        """The output_dir that points which differ on one axis have in common; empty where none do."""
        for number, axis in enumerate(self.sweep.axes):
            tried = self.sweep.along(number)[: axis.size if number in self.choosing_axes else 2]
            if len({self.settings(index).output_dir for index in tried}) < len(tried):
                return written_output_dir(self.settings(0))
        return ""

    def _load(self, index: int) -> Verdict:
        try:
            return Verdict((), self._settle(index, self.sweep.places).notes)
        except SettingsError as error:
            return Verdict(error.problems, ())

    def _settle(self, index: int, givers: Mapping[str, str]) -> AptSettings:
        layers = self._base.under(self.sweep.point(index), givers)._replace(point=index)
        return settle(layers, complete=self._complete)

    def clash(self, index: int, found: Problem | Note) -> Clash | None:
        """The rule that a sampled value breaks at a point, with its two values; None where it is of something else."""
        rule = RULES.get(found.setting)
        if rule is None or not {rule.setting, rule.other} & self._sampled:
            return None
        if isinstance(found, Problem) and found.kind != "does not fit":
            return None
        (draft, _), varied = self._shared_and_varied(self.sweep.point(index))
        values = _defaults(draft) | draft.values | varied
        return Clash(index, rule, values[rule.setting], values[rule.other]) if rule.broken_by(values) else None

    @cached_property
    def _sampled(self) -> frozenset[str]:
        """The settings that a sample varies."""
        return frozenset(name for axis in self.sweep.axes if isinstance(axis, Sample) for name in axis.settings)

    def twin(self, index: int) -> int:
        """The first point that is the same experiment as this one: `index` itself if no earlier point is.

        Compares axes, not fingerprints: other points may be invalid and have none.
        """
        positions = self.sweep.positions(index)
        for number, firsts in self._firsts.items():
            positions[number] = firsts[positions[number]]
        choice = tuple(positions[number] for number in self.choosing_axes)
        for number, position in zip(self.choosing_axes, self._first_choices[choice], strict=True):
            positions[number] = position
        return self.sweep.index(positions)

    @cached_property
    def choosing_axes(self) -> list[int]:
        """The numbers of the axes with a task, dataset, architecture or reference, which decide other defaults."""
        return [number for number, axis in enumerate(self.sweep.axes) if CHOOSING & axis.at(0).keys()]

    @cached_property
    def _firsts(self) -> dict[int, _Firsts]:
        """Number of every other axis -> for each of its positions, the first one with an equal value."""
        axes = enumerate(self.sweep.axes)
        return {number: _Firsts(axis) for number, axis in axes if number not in self.choosing_axes}

    @cached_property
    def _first_choices(self) -> dict[tuple[int, ...], tuple[int, ...]]:
        """Positions on the axes of `choosing_axes` -> the first positions that make the same experiment."""
        axes = [self.sweep.axes[number] for number in self.choosing_axes]
        firsts: dict[object, tuple[int, ...]] = {}
        return {
            positions: firsts.setdefault(self._meaning(axes, positions), positions)
            for positions in product(*(range(axis.size) for axis in axes))
        }

    def _meaning(self, axes: list[Axis], positions: tuple[int, ...]) -> object:
        """All values that identify the experiment, without those that the other axes set."""
        choice = values_at(axes, positions)
        (draft, _), varied = self._shared_and_varied(choice)
        if draft.problems:
            return positions
        values = _defaults(draft) | draft.values | varied
        on_other_axes = self.sweep.places.keys() - choice.keys()
        names = (name for name, each in draft.settings.items() if not each.is_left_out and name not in on_other_axes)
        return frozenset((name, _key(values[name])) for name in names)

    def _shared_and_varied(self, point: Mapping[str, Any]) -> tuple[Shared, dict[str, Any]]:
        """What a point shares with others, and the point's values of the settings that vary among them."""
        shared = self._shared_by({name: value for name, value in point.items() if name in CHOOSING})
        settings = shared.draft.settings
        names = (name for name in point if name not in CHOOSING and name in settings)
        return shared, {name: read_value(point[name], settings[name].field.annotation) for name in names}

    def _shared_by(self, choice: Mapping[str, Any]) -> Shared:
        key = tuple(map(str, choice.values()))
        if key not in self._shared:
            if len(self._shared) >= _MOST_DRAFTS:
                self._shared.clear()
            self._shared[key] = Shared(
                draft_of(*choose_task(self._base.under(choice, self.sweep.places)), registry()), {}
            )
        return self._shared[key]


def _defaults(draft: Draft) -> dict[str, Any]:
    return {name: each.default for name, each in draft.settings.items()}


def _comparable(value: Any, annotation: Any) -> Any:
    """A value that equals any other way to write it; a number is that already, which most sampled values are."""
    return value if type(value) in (float, int) else read_value(value, annotation)


def _key(value: Any) -> object:
    """The value, or its repr if it cannot be hashed. Keys are equal for equal values, such as 1 and 1.0."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
