"""Two settings of one job side by side: what differs, who set it on either side, and why."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ..base import AptSettings, json_values, settings_of, values_of
from ..basics.escaping import escaped
from ..differences import Side, differences
from ..facts.citations import cite
from ..facts.discrepancies import notes_on
from ..facts.release import pairs
from ..groups import JOB
from ..loading import resolve
from ..sources.controls import CONTROLS
from ..sources.layers import Inputs
from ..values import as_text

REFERENCES: Final = CONTROLS["reference"].words
"""The words of APT_REFERENCE."""


class Remark(NamedTuple):
    """One setting in which two jobs differ, and what there is to know of it."""

    setting: str
    one: Side
    other: Side
    note: str
    """What there is to know of the release's value, where a side has it."""


class Row(NamedTuple):
    """One difference of a task, as a table has it."""

    setting: str
    one: str
    """The value and who says so: `40 (paper, Table 6)`."""
    other: str
    on: str
    """The datasets and architectures that have it; empty where all do."""
    note: str


class Comparison(NamedTuple):
    """One job on two sides."""

    one: AptSettings
    other: AptSettings

    @property
    def differences(self) -> list[Remark]:
        """The settings that differ, in the order of their declaration."""
        found = differences(_cited(self.one), _cited(self.other))
        return [Remark(name, one, other, "; ".join(self.notes(name))) for name, one, other in found if one and other]

    def notes(self, name: str) -> tuple[str, ...]:
        """What there is to know of a setting where either side has the release's value of it."""
        released = [side for side in self if side.origin(name).kind == "release"]
        notes = (note for side in released for note in notes_on(name, side.task, side.architecture))
        return tuple(dict.fromkeys(notes))

    @property
    def remarkable(self) -> list[str]:
        """The settings of one value that mean something else in the release, which one side has."""
        ours, theirs = values_of(self.one), values_of(self.other)
        same = [name for name in ours if ours[name] == theirs[name]]
        released = {name: [side.origin(name).kind == "release" for side in self] for name in same}
        return [name for name in same if released[name].count(True) == 1 and self.notes(name)]


def job_of(settings: AptSettings) -> dict[str, str]:
    """Which of the paper's jobs settings are of."""
    return {name: getattr(settings, name) for name in JOB}


def _cited(settings: AptSettings) -> dict[str, Side]:
    """Setting -> value and who set it; of a default, its citation."""
    return {name: Side(value, _giver(settings, name)) for name, value in json_values(settings).items()}


def _giver(settings: AptSettings, name: str) -> str:
    """The origin of a value, or the citation of a default."""
    origin, citation = settings.origin(name), cite(name, settings.task)
    return str(citation) if citation and origin.kind == "class default" else str(origin)


def reference(word: str, job: Mapping[str, str]) -> AptSettings:
    """What the release has for a job, or the paper, its own word where a default is another. Raises SettingsError."""
    settings = resolve(Inputs({}, None, {**job, "reference": word}, {"reference": "diff reference"}))
    citations = {name: cite(name, settings.task) for name in settings_of(settings)}
    stated = {name: citation.paper for name, citation in citations.items() if citation and any(citation.paper)}
    if word == "release" or not stated:
        return settings
    places = {name: f"paper, {place}" for name, (_, place) in stated.items()}
    return resolve(Inputs({}, None, {**{name: value for name, (value, _) in stated.items()}, **job}, places))


class Table(NamedTuple):
    """What differs in the jobs of one task."""

    title: str
    """`glue_big: roberta-base on sst2, mnli`"""
    rows: list[Row]
    remarkable: list[str]
    """The settings of one value that mean something else in the release."""


def tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """A table for each task, where datasets and architectures that differ alike share a row."""
    return [_table(list(group)) for _, group in groupby(comparisons, lambda each: each.one.task)]


def _table(comparisons: list[Comparison]) -> Table:
    alike: dict[tuple[str, ...], list[tuple[Comparison, Remark]]] = {}
    for comparison in comparisons:
        for difference in comparison.differences:
            key = (difference.setting, as_text(difference.one.value), as_text(difference.other.value), difference.note)
            alike.setdefault(key, []).append((comparison, difference))
    order = list(settings_of(comparisons[0].one))
    rows = [
        Row(
            setting,
            f"{one} ({_origins([difference.one for _, difference in group])})",
            f"{other} ({_origins([difference.other for _, difference in group])})",
            "" if len(group) == len(comparisons) else _jobs([comparison.one for comparison, _ in group]),
            note,
        )
        for (setting, one, other, note), group in sorted(alike.items(), key=lambda item: order.index(item[0][0]))
    ]
    sides = (_title([each.one for each in comparisons]), _title([each.other for each in comparisons]))
    remarkable = dict.fromkeys(name for comparison in comparisons for name in comparison.remarkable)
    return Table(" against ".join(dict.fromkeys(sides)), rows, list(remarkable))


def _title(settings: Sequence[AptSettings]) -> str:
    return f"{settings[0].task}: {_jobs(settings)}"


def _jobs(settings: Sequence[AptSettings]) -> str:
    return pairs((each.dataset, each.architecture) for each in settings)


def _origins(sides: list[Side]) -> str:
    first, *others = dict.fromkeys(each.origin for each in sides)
    return f"{first} and {len(others)} more" if others else first


def as_json(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """Every difference of every job, with both values and origins."""
    differences = [
        {**job_of(comparison.one), **difference._asdict()}
        | {"one": difference.one._asdict(), "other": difference.other._asdict()}
        for comparison in comparisons
        for difference in comparison.differences
    ]
    return json.dumps({"one": one, "other": other, "differences": differences}, indent=2)


def as_markdown(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """A section with a table for each task in which something differs."""
    return "\n".join(_section(table, one, other) for table in tables(comparisons) if table.rows)


def _section(table: Table, one: str, other: str) -> str:
    head = f"| setting | {_as_cell(one)} | {_as_cell(other)} | on | note |\n|---|---|---|---|---|\n"
    rows = ("| " + " | ".join(map(_as_cell, row)) + " |\n" for row in table.rows)
    return f"## {table.title}\n\n{head}{''.join(rows)}"


def _as_cell(text: str) -> str:
    """A text that markdown takes for nothing but text."""
    return re.sub(r"([\\|<\[*`])", r"\\\1", escaped(text))
