"""The differences between two settings objects of one job: values, origins, and notes on the release."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ..base import AptSettings, background_of, json_values, settings_of
from ..basics.differences import Side, differences
from ..basics.escaping import escaped
from ..facts.discrepancies import notes_on
from ..facts.release import pairs
from ..loading import resolve
from ..registry import in_force, registry
from ..registry.groups import JOB
from ..sources.controls import CONTROLS
from ..sources.layers import Inputs
from ..values import as_text
from .markdown import as_table

REFERENCES: Final = CONTROLS["reference"].words
"""The words that APT_REFERENCE takes: paper and release."""


class NotedDifference(NamedTuple):
    """One setting in which two jobs differ, with a note; None is the side that has no such setting."""

    setting: str
    one: Side | None
    other: Side | None
    note: str
    """A note on the release's value; empty if no side has that value, or there is no note."""


class Row(NamedTuple):
    """One difference as a row of a table. Jobs that differ alike share it."""

    setting: str
    one: str
    """The value and its origin: `40 (paper, Table 6)`."""
    other: str
    on: str
    """The datasets and architectures that differ so: `roberta-base on sst2`; empty if all do."""
    note: str


class Comparison(NamedTuple):
    """Two settings objects of one job."""

    one: AptSettings
    other: AptSettings
    paths: tuple[str, str] = ("", "")
    """The paths of the sides that are records, which then do not stand in their origins."""

    @property
    def sides(self) -> tuple[dict[str, Side], dict[str, Side]]:
        """Setting -> its value and origin, of both."""
        return _cited(self.one, self.paths[0]), _cited(self.other, self.paths[1])

    @property
    def differences(self) -> list[NotedDifference]:
        """The settings that differ, in the order of their declaration."""
        return [NotedDifference(*each, "; ".join(self.notes(each.setting))) for each in differences(*self.sides)]

    def notes(self, name: str) -> tuple[str, ...]:
        """The notes on a setting's value in the release; empty if no side has that value."""
        notes = (note for side in self._released(name) for note in notes_on(name, side.task, side.architecture))
        return tuple(dict.fromkeys(notes))

    def _released(self, name: str) -> list[AptSettings]:
        """The sides that have a setting's value of the release."""
        return [side for side in self[:2] if name in settings_of(side) and side.origin(name).kind == "release"]

    @property
    def used_differently(self) -> list[str]:
        """The settings with the same value on both sides that the release, which is one side, uses differently."""
        differing = {each.setting for each in self.differences}
        same = [name for name in settings_of(self.one) if name not in differing]
        return [name for name in same if len(self._released(name)) == 1 and self.notes(name)]


def job_of(settings: AptSettings) -> dict[str, str]:
    """The job of the paper that settings are for: `{"task": "squad", "dataset": ..., "architecture": ...}`."""
    return {name: getattr(settings, name) for name in JOB}


def _cited(settings: AptSettings, path: str) -> dict[str, Side]:
    """Setting -> its value and origin; a default has its citation as origin, and the path of a record is left out.

    What a record has of a class that nobody names here is among them, as the record has it.
    """
    values, unjudged = json_values(settings).items(), background_of(settings).layers.unjudged.items()
    own = {name: Side(value, _without(path, _origin(settings, name))) for name, value in values}
    return own | {name: Side(each.value, each.origin) for name, each in unjudged}


def _without(path: str, origin: str) -> str:
    """`runs/1 (--set epochs)` -> `--set epochs`."""
    before = f"{escaped(path)} ("
    return origin[len(before) : -1] if path and origin.startswith(before) else origin


def _origin(settings: AptSettings, name: str) -> str:
    """The origin of a value, or the citation of a default: `environment APT_EPOCHS`, `paper, Table 6`."""
    origin, citation = settings.origin(name), settings_of(settings)[name].citation
    return str(citation) if citation and origin.kind == "class default" else str(origin)


def reference(word: str, job: Mapping[str, str]) -> AptSettings:
    """The settings that the paper or the release has for a job. Raises SettingsError.

    A default may depart from what the paper states; then the paper's settings have the stated value.
    """
    with in_force(registry()._replace(restated=False)):
        return _reference(word, job)


def _reference(word: str, job: Mapping[str, str]) -> AptSettings:
    settings = resolve(Inputs({}, None, {**job, "reference": word}, {"reference": "diff reference"}), complete=False)
    citations = {name: each.citation for name, each in settings_of(settings).items()}
    stated = {name: citation.paper for name, citation in citations.items() if citation and any(citation.paper)}
    if word == "release" or not stated:
        return settings
    places = {name: f"paper, {place}" for name, (_, place) in stated.items()}
    arguments = {**{name: value for name, (value, _) in stated.items()}, **job}
    return resolve(Inputs({}, None, arguments, places), complete=False)


class Table(NamedTuple):
    """The differences in the jobs of one task."""

    title: str
    """`glue_big: roberta-base on sst2, mnli`"""
    rows: list[Row]
    used_differently: list[str]
    """The settings with the same value on both sides that the release uses differently."""


def tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """A table for each task. Datasets and architectures that differ alike share a row."""
    return [_table(list(group)) for _, group in groupby(comparisons, lambda each: each.one.task)]


def _table(comparisons: list[Comparison]) -> Table:
    alike: dict[tuple[str, ...], list[tuple[Comparison, NotedDifference]]] = {}
    for comparison in comparisons:
        for difference in comparison.differences:
            key = (difference.setting, _value(difference.one), _value(difference.other), difference.note)
            alike.setdefault(key, []).append((comparison, difference))
    order = list(dict.fromkeys(name for side in comparisons[0].sides for name in side))
    rows = [
        Row(
            setting,
            one + _origins([difference.one for _, difference in group]),
            other + _origins([difference.other for _, difference in group]),
            "" if len(group) == len(comparisons) else _jobs([comparison.one for comparison, _ in group]),
            note,
        )
        for (setting, one, other, note), group in sorted(alike.items(), key=lambda item: order.index(item[0][0]))
    ]
    sides = (_title([each.one for each in comparisons]), _title([each.other for each in comparisons]))
    used_differently = dict.fromkeys(name for comparison in comparisons for name in comparison.used_differently)
    return Table(" against ".join(dict.fromkeys(sides)), rows, list(used_differently))


def _title(settings: Sequence[AptSettings]) -> str:
    return f"{settings[0].task}: {_jobs(settings)}"


def _jobs(settings: Sequence[AptSettings]) -> str:
    return pairs((each.dataset, each.architecture) for each in settings)


def _value(side: Side | None) -> str:
    return as_text(side.value) if side else "no setting"


def _origins(sides: list[Side | None]) -> str:
    """Behind a value: ` (.env:1)`, ` (.env:1 and 2 more)`; empty where there is no such setting."""
    first, *others = dict.fromkeys(each.origin if each else "" for each in sides)
    return f" ({first} and {len(others)} more)" if others else f" ({first})" if first else ""


def as_json(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """JSON with every difference of every job: the job, the setting, and both values and origins."""
    differences = [
        {**job_of(comparison.one), **difference._asdict()}
        | {name: side and side._asdict() for name, side in zip(("one", "other"), difference[1:3], strict=True)}
        for comparison in comparisons
        for difference in comparison.differences
    ]
    return json.dumps({"one": one, "other": other, "differences": differences}, indent=2)


def as_markdown(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """Markdown with a section and a table for each task that has differences."""
    return "\n".join(_section(table, one, other) for table in tables(comparisons) if table.rows)


def _section(table: Table, one: str, other: str) -> str:
    return f"## {table.title}\n\n{as_table(('setting', one, other, 'on', 'note'), table.rows)}"
