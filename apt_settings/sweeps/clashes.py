"""Points whose sampled values break a rule between settings, told together, as each has other values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ..errors import Problem
from ..judging.rules import Rule
from ..values import as_text, read_value
from .grid import Column, Sweep, every_setting
from .points import Points
from .sample import Sampled

_MOST_EXAMPLES: Final = 3


class Clash(NamedTuple):
    """Two values of a point that do not go together."""

    point: int
    rule: Rule
    value: Any
    """Of the rule's setting."""
    other: Any


@dataclass
class Clashes:
    """All points that break one rule."""

    rule: Rule
    sweep: Sweep
    points: Points = field(default_factory=Points)
    first: list[Clash] = field(default_factory=list)

    def add(self, clash: Clash) -> None:
        """Add a point. Its index must be larger than all before."""
        self.points.add(clash.point)
        if len(self.first) < _MOST_EXAMPLES:
            self.first.append(clash)

    def problem_at(self, where: str) -> Problem:
        """One problem for all of them; `where` says at which points: `at 17 of 64 points (0, 3-5):`."""
        setting = self.rule.setting
        examples = (f"{as_text(each.value)} with {as_text(each.other)} at point {each.point}" for each in self.first)
        wrong = f"{self.sweep.places.get(setting, setting)} is not {self.rule.demand}: {', '.join(examples)}"
        ways = " or ".join(self._ways()) or f"sample values of which each {setting} is {self.rule.demand}"
        return Problem(where, wrong, fix=ways, kind="does not fit", setting=setting)

    def _ways(self) -> Iterator[str]:
        """How one of the two may be limited so that no point breaks the rule, where it can."""
        setting, relation, other, _ = self.rule
        if relation == "|":
            return
        small, large = (setting, other) if relation in ("<", "<=") else (other, setting)
        columns = {column.setting: column for column in self.sweep.columns}
        fixed = {setting: self.first[0].value, other: self.first[0].other}
        spans = {each: _span(columns[each]) if each in columns else (fixed[each],) * 2 for each in (small, large)}
        apart = int(relation == "<")
        highest, lowest = spans[large][0] - apart, spans[small][1] + apart
        if small in columns and spans[small][0] <= highest:
            yield f"let {small} end at {as_text(highest)}"
        if large in columns and spans[large][1] >= lowest:
            yield f"let {large} begin at {as_text(lowest)}"


def _span(column: Column) -> tuple[Any, Any]:
    """The least and the greatest number of a column, none and what is no number aside."""
    setting, values, _ = column
    annotation = every_setting()[setting].field.annotation
    texts = values.spread.outermost if isinstance(values, Sampled) else values
    known = [value for value in (read_value(each, annotation) for each in texts) if isinstance(value, int | float)]
    return min(known), max(known)
