"""Samples: points within ranges of settings, spread evenly. Each point is computed from the seed and its index."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property, lru_cache
from math import ceil, exp, floor, prod
from typing import Any, Final, NamedTuple, Protocol, overload

from pydantic import ValidationError

from ..basics.escaping import escaped, shown
from ..errors import Problem, SettingsError
from ..registry import Setting
from ..values import adapter_of, allowed, choices_of, kind_of
from .grid import LIMIT, Axis, Column, GridEntry, every_setting, name_problems, read_values
from .halton import ALGORITHM, Halton

MOST_SEED: Final = 2**32 - 1
DEFAULT_SEED: Final = 0
_NUMBER: Final = r"([-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,2})?)"
_RANGE: Final = rf"(log:)?{_NUMBER}\.\.{_NUMBER}(?::{_NUMBER})?"
# Texts such as 0.3-0.7, 0.3:0.7, log(1e-5,1e-3) or inf..1: the user probably meant a range.
_ALMOST_A_RANGE: Final = r"log.*|.*(\.\.|…).*|[-+.eE0-9]*[0-9](:|(?<=[0-9])-)[-+.eE0-9:]*[0-9]"
_EXACT: Final = Context(prec=20)
_A_BIT_LESS, _A_BIT_MORE = 1 - 1e-11, 1 + 1e-11
"""Far more than the last bits of a float."""
_MOST_WHOLE: Final = 2**53
_ENDLESS: Final = 10**9
"""The distinct values of a range around 0, whose three digits may stand behind any number of zeros."""


class Spread(Protocol):
    """What a setting is sampled from."""

    @property
    def outermost(self) -> Sequence[Any]:
        """Values among which are the least and the greatest."""
        ...

    @property
    def distinct(self) -> int:
        """How many values there are."""
        ...

    def at(self, part: int, whole: int) -> Any:
        """The value at `part` / `whole` of the way, 0 <= part < whole."""
        ...


@dataclass(frozen=True)
class Choices:
    """Values that come equally often: those of a list, or the whole numbers of a range."""

    values: Sequence[Any]

    @property
    def outermost(self) -> Sequence[Any]:
        """Values among which are the least and the greatest."""
        return self.values[:: len(self.values) - 1 or 1] if isinstance(self.values, range) else self.values

    @property
    def distinct(self) -> int:
        """How many values there are."""
        return len(self.values) if isinstance(self.values, range) else len(set(map(str, self.values)))

    def at(self, part: int, whole: int) -> Any:
        """The value at `part` / `whole` of the way."""
        return self.values[part * len(self.values) // whole]


@dataclass(frozen=True)
class _Range:
    first: float
    last: float

    @property
    def outermost(self) -> Sequence[float]:
        """The least and the greatest value."""
        return self.first, self.last


@dataclass(frozen=True)
class Uniform(_Range):
    """Numbers of three significant digits, as dense at one end of a range as at the other."""

    @property
    def distinct(self) -> int:
        """How many values there are."""
        return _ENDLESS if self.first <= 0 <= self.last else _steps_between(*sorted(map(abs, self.outermost)))

    def at(self, part: int, whole: int) -> float:
        """The value at `part` / `whole` of the way."""
        share = part / whole
        value = float(f"{self.first * (1 - share) + self.last * share:.2e}")
        return min(max(value, self.first), self.last)


@dataclass(frozen=True)
class Logarithmic(_Range):
    """Numbers of three significant digits, as many between 1 and 10 as between 10 and 100; whole ones if it says so."""

    are_whole: bool = False

    @property
    def distinct(self) -> int:
        """How many values there are."""
        if not self.are_whole:
            return _steps_between(self.first, self.last)
        small = max(0, min(int(self.last), 999) - int(self.first) + 1)
        return small + (_steps_between(max(1_000, self.first), self.last) if self.last >= 1_000 else 0)

    def at(self, part: int, whole: int) -> float:
        """The value at `part` / `whole` of the way."""
        start, length = self._logarithms
        value = exp(start + length * (part / whole))
        rounded = self._round(value * _A_BIT_LESS)
        if rounded != self._round(value * _A_BIT_MORE):  # the last bit, in which machines differ, would decide
            rounded = self._round(self._exact(part, whole))
        return min(max(rounded, self.first), self.last)

    def _round(self, value: float) -> float:
        return int(float(f"{int(value):.2e}")) if self.are_whole else float(f"{value:.2e}")

    def _exact(self, part: int, whole: int) -> float:
        """The value by the logarithms of decimal, which are the same on every machine."""
        start, length = self._exact_logarithms
        return float(_EXACT.exp(_EXACT.fma(length, _EXACT.divide(part, whole), start)))

    @cached_property
    def _exact_logarithms(self) -> tuple[Decimal, Decimal]:
        """Where the range starts, and how long it is; a whole number reaches to the next one."""
        first, last = (_EXACT.ln(Decimal(str(end))) for end in (self.first, self.last + self.are_whole))
        return first, _EXACT.subtract(last, first)

    @cached_property
    def _logarithms(self) -> tuple[float, float]:
        start, length = self._exact_logarithms
        return float(start), float(length)


def _steps_between(low: float, high: float) -> int:
    """How many numbers of three significant digits there are from one to another, both above 0."""
    first, last = (f"{end:.2e}".split("e") for end in (low, high))
    return round((float(last[0]) - float(first[0])) * 100) + (int(last[1]) - int(first[1])) * 900 + 1


@dataclass(frozen=True)
class Sampled(Sequence[Any]):
    """The values of one setting at every point. None is kept, so that a million of them cost nothing."""

    spread: Spread
    halton: Halton
    points: int
    written: Any
    """As the user wrote them: `log:1e-5..1e-3`, or what TOML has."""

    @property
    def text(self) -> str:
        """What --sample reads as these values: `log:1e-5..1e-3`. All points must be valid."""
        return self.written if isinstance(self.written, str) else json.dumps(list(self.written))

    def __len__(self) -> int:
        return self.points

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(self.points)[index]]
        return self.spread.at(self.halton.at(range(self.points)[index]), self.halton.whole)


@dataclass(frozen=True)
class Sample(Axis):
    """An axis whose positions are the points of a sample; the values of each column are `Sampled`."""

    seed: int

    def at(self, position: int) -> dict[str, Any]:
        """Setting -> its value at a position, 0 <= position < size."""
        return self._computed(position)

    @cached_property
    def _computed(self) -> Callable[[int], dict[str, Any]]:
        """Computes a point. The last one is kept, as a check asks for it twice."""
        parts = [(name, each.spread.at, each.halton.at, each.halton.whole) for name, each in self.settings.items()]
        return lru_cache(maxsize=1)(
            lambda position: {name: at(part(position), whole) for name, at, part, whole in parts}
        )

    @property
    def settings(self) -> dict[str, Sampled]:
        """Setting -> its values."""
        return {name: values for name, values, _ in self.columns if isinstance(values, Sampled)}

    def givers(self, index: int, position: int) -> dict[str, str]:  # noqa: ARG002  a grid's are of a point
        """Setting -> who gives its value at a position: `point 42 of sample seed 7`."""
        return dict.fromkeys(self.settings, f"point {position} of sample seed {self.seed}")

    def options(self, *, alone: bool) -> list[str]:  # noqa: ARG002  this axis stands behind all others
        """The options that make it: `--sample`, `learning_rate=log:1e-5..1e-3`, `--points`, `64`, ..."""
        words = [word for name, each in self.settings.items() for word in ("--sample", f"{name}={each.text}")]
        return [*words, "--points", str(self.size), "--sample-seed", f"{ALGORITHM}:{self.seed}"]

    def label(self, position: int) -> str:
        """What a point is computed from, for a record: `sample1:7:42`."""
        return f"{ALGORITHM}:{self.seed}:{position}"


class NumberEntry(NamedTuple):
    """A number that a sample needs beside its ranges, as the user wrote it: `64`, `--points`."""

    value: Any
    """A text, or what TOML has."""
    place: str


def sample_of(written: Sequence[GridEntry], points: NumberEntry | None, seed: NumberEntry | None) -> Sample | None:
    """The sample of these ranges and choices; None without any. Without a seed, it is DEFAULT_SEED.

    Raises SettingsError with all problems: settings that do not exist or occur twice, ranges that cannot be read or
    are outside of the setting's, no points, more points than there are different ones, a seed out of range.
    """
    if not written:
        if alone := points or seed:
            fix = "write --sample too, such as --sample learning_rate=log:1e-5..1e-3"
            raise SettingsError.at(alone.place, "has nothing to sample", fix=fix)
        return None
    problems: list[Problem] = []
    if points is None:
        problems.append(Problem(written[0].place, "does not say how many points", fix="write --points 64"))
    size = _read_number(points, 1, LIMIT, problems) if points else 1
    number = _read_number(_without_algorithm(seed, problems), 0, MOST_SEED, problems) if seed else DEFAULT_SEED
    spreads = _read_spreads(written, problems)
    distinct = prod(each.distinct for each in spreads.values())
    if points and not problems and size > distinct:
        wrong = f"is more than there are different points, which is {distinct:,}"
        problems.append(Problem(points.place, wrong, fix="write fewer, or wider ranges", value=shown(points.value)))
    if problems:
        raise SettingsError(problems)
    columns = [
        Column(name, Sampled(spreads[name], Halton(number, axis, name), size, values), place)
        for axis, (name, values, place) in enumerate(written)
    ]
    return Sample(tuple(columns), number)


def spreads_of(written: Sequence[GridEntry]) -> dict[str, Spread]:
    """Setting -> its range or choices. Raises SettingsError with all problems, as `sample_of` does."""
    problems: list[Problem] = []
    spreads = _read_spreads(written, problems)
    if problems:
        raise SettingsError(problems)
    return spreads


def _without_algorithm(seed: NumberEntry, problems: list[Problem]) -> NumberEntry:
    """A seed without the name of the algorithm that a job's text has before it: `sample1:7` -> `7`."""
    algorithm, colon, number = str(seed.value).rpartition(":")
    if colon and algorithm != ALGORITHM:
        wrong = f"is of another algorithm, and this apt-settings has {ALGORITHM}"
        fix = f"take the version that wrote it, or write {escaped(number)} for other points"
        problems.append(Problem(seed.place, wrong, fix=fix, value=shown(seed.value)))
    return NumberEntry(number, seed.place) if colon else seed


def _read_number(given: NumberEntry, least: int, most: int, problems: list[Problem]) -> int:
    """A whole number; the least, and one more problem, if it is none or out of range."""
    is_text = isinstance(given.value, str) and re.fullmatch(r"[0-9]{1,20}", given.value)
    is_number = isinstance(given.value, int) and not isinstance(given.value, bool)
    if (is_text or is_number) and least <= int(given.value) <= most:
        return int(given.value)
    must = f"a whole number, {least} <= x <= {most}"
    problems.append(Problem(given.place, "is not allowed", must, value=shown(given.value)))
    return least


def _read_spreads(written: Sequence[GridEntry], problems: list[Problem]) -> dict[str, Spread]:
    """Setting -> its range or choices; without those that cannot be read, each of which is one more problem."""
    settings = every_setting()
    problems += name_problems(written, {})
    spreads: dict[str, Spread] = {}
    for setting, values, place in written:
        if setting in settings or setting == "reference":
            try:
                spreads[setting] = _read_spread(settings.get(setting), values, setting)
            except ValueError as error:
                problems.append(Problem(place, str(error), value=shown(values), setting=setting))
    return spreads


def _read_spread(row: Setting | None, values: Any, setting: str) -> Spread:
    """The range or choices of a setting; the reference has no row. Raises ValueError with the reason."""
    annotation: Any = row.field.annotation if row else str
    kind = kind_of(annotation).of
    found = re.fullmatch(_RANGE, values) if isinstance(values, str) else None
    if found and row and kind in (int, float):
        return _read_range(row, *found.groups(), are_whole=kind is int)
    if found and row:
        raise ValueError(
            f"is a range, which it does not take: list values, such as {','.join(choices_of(row.field)) or 'a,b'}"
        )
    if kind in (int, float) and isinstance(values, str) and re.fullmatch(_ALMOST_A_RANGE, values):
        form = "8..64" if kind is int else "0.3..0.7"
        many = "; among choices there is no range" if "," in values else ""
        raise ValueError(f"is not a range of numbers, such as {form} or log:{form}{many}")
    choices = Choices(read_values(setting, values))
    if isinstance(values, str) and choices.distinct == 1:
        form = "a range such as 0.3..0.7 or log:1e-5..1e-3, or several values" if kind in (int, float) else "several"
        raise ValueError(f"is one value, and nothing to sample: write {form}, or --set {setting}=...")
    return choices


def _read_range(row: Setting, log: str, start: str, end: str, step: str, *, are_whole: bool) -> Spread:
    """`log:`, `1e-5`, `1e-3` -> Logarithmic. Raises ValueError with the reason."""
    name, log = row.name, log or ""
    first, last = Decimal(start), Decimal(end)
    if are_whole and not all(re.fullmatch("[-+]?[0-9]+", each) for each in (start, end, step or "1")):
        raise ValueError(f"has a number that is not whole: write {log}{ceil(first)}..{floor(last)}")
    if are_whole and max(abs(first), abs(last)) > _MOST_WHOLE:
        raise ValueError(f"reaches beyond {_MOST_WHOLE:,}, and no larger whole numbers are sampled")
    if last <= first:
        again = f"write {log}{end}..{start}" if last < first else f"write --set {name}={start}"
        raise ValueError(f"counts down: {again}" if last < first else f"has one value: {again}")
    if log and first <= 0:
        above = 1 if are_whole else float(last) / 1_000
        raise ValueError(f"has no logarithm at {start}: write a start above 0, such as log:{above:g}..{end}")
    for text in (start, end):
        try:
            adapter_of(row.field).validate_python(int(text) if are_whole else float(text))
        except ValidationError:
            raise ValueError(f"reaches {text}, which is not allowed: must be {allowed(row.field)}") from None
    if step:
        return Choices(_read_steps(first, last, Decimal(step), log, are_whole=are_whole))
    if log:
        return Logarithmic(int(first), int(last), are_whole) if are_whole else Logarithmic(float(first), float(last))
    return Choices(range(int(first), int(last) + 1)) if are_whole else Uniform(float(first), float(last))


def _read_steps(first: Decimal, last: Decimal, step: Decimal, log: str, *, are_whole: bool) -> Sequence[float]:
    """`8`, `64`, `8` -> 8, 16, ..., 64. Raises ValueError with the reason."""
    if log:
        raise ValueError(f"has steps, which log has not: write {log}{first}..{last}")
    if step <= 0 or step > last - first:
        raise ValueError(f"has a step that leads nowhere: write one above 0 and at most {last - first}")
    if over := (last - first) % step:
        raise ValueError(f"ends between two steps: write {first}..{last - over}:{step}")
    if (last - first) / step >= LIMIT:
        raise ValueError(f"has more than {LIMIT:,} steps: write {first}..{last}")
    if are_whole:
        return range(int(first), int(last) + 1, int(step))
    return tuple(float(first + number * step) for number in range(int((last - first) / step) + 1))
