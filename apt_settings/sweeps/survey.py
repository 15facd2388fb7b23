"""Checks many points of a sweep, and says each thing that is wrong once, with all the points that have it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ..errors import Note, Problem
from ..judging.rules import Rule
from .checker import Checker
from .clashes import Clashes
from .points import Points

_MOST_SENTENCES: Final = 1_000


@dataclass
class SweepReport:
    """The result of checking several points."""

    checked: int = 0
    """The number of points that were checked."""
    problem_points: dict[str, Points] = field(default_factory=dict)
    """Problem -> the points that have it; the first thousand problems."""
    note_points: dict[str, Points] = field(default_factory=dict)
    """Note -> the points that have it; the first thousand notes."""
    clashes: dict[Rule, Clashes] = field(default_factory=dict)
    """Rule -> where sampled values break it."""
    outdated: dict[Rule, Clashes] = field(default_factory=dict)
    """Rule -> where a default breaks it, and a note says so."""
    unlisted: int = 0
    """How many more problems and notes there were, counted once for each point."""
    repeated: Points = field(default_factory=Points)
    """Points that are the same experiment as an earlier one."""

    @property
    def problems(self) -> list[Problem]:
        """Each problem once, with the points that have it."""
        problems = [Problem(self._where(points), sentence) for sentence, points in self.problem_points.items()]
        problems += [each.problem_at(self._where(each.points)) for each in self.clashes.values()]
        more = f"{self.unlisted:,} more: --format json lists them"
        return [*problems, *([Problem("and", more)] if problems and self.unlisted else [])]

    @property
    def notes(self) -> list[Note]:
        """Each note once, with the points that have it."""
        notes = [Note(f"{self._where(points)} {sentence}") for sentence, points in self.note_points.items()]
        outdated = (each.problem_at(self._where(each.points)) for each in self.outdated.values())
        return [*notes, *(Note(str(each), each.setting) for each in outdated)]

    def _where(self, points: Points) -> str:
        if points.count == self.checked:
            return "at every point:"
        return f"at {points.count:,} of {self.checked:,} points ({points}):"


def survey(checker: Checker, indices: Iterable[int]) -> SweepReport:
    """Check points one by one, in ascending order. Keeps the problems and notes, and nothing of the other points."""
    report = SweepReport()
    for index in indices:
        report.checked += 1
        problems, notes = checker.verdict(index)
        for found, points_of, clashes in (
            (problems, report.problem_points, report.clashes),
            (notes, report.note_points, report.outdated),
        ):
            for each in found:
                sentence = str(each)
                if clash := checker.clash(index, each):
                    clashes.setdefault(clash.rule, Clashes(clash.rule, checker.sweep)).add(clash)
                elif len(points_of) < _MOST_SENTENCES or sentence in points_of:
                    points_of.setdefault(sentence, Points()).add(index)
                else:
                    report.unlisted += 1
        if not problems and checker.twin(index) != index:
            report.repeated.add(index)
    return report
