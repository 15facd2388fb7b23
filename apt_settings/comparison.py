"""Two settings of one job side by side: what differs, who says so on either side, and why."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from .base import AptSettings
from .citations import cite
from .controls import CONTROLS
from .discrepancies import notes_on
from .loading import resolve
from .release import pairs
from .values import as_text

JOB: Final = ("task", "dataset", "architecture")
"""What is trained: the settings that choose a script of the release."""
REFERENCES: Final = CONTROLS["reference"].words
"""The words of APT_REFERENCE."""


class Told(NamedTuple):
    """A value and who says so: its origin, or for a default its citation."""

    value: Any
    """As JSON has it."""
    origin: str


class Difference(NamedTuple):
    """One setting in which two sides differ."""

    setting: str
    one: Told
    other: Told
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
    def job(self) -> tuple[str, str, str]:
        """Task, dataset and architecture."""
        return self.one.task, self.one.dataset, self.one.architecture

    @property
    def differences(self) -> list[Difference]:
        """The settings that differ, in the order of their declaration."""
        ours, theirs = self.one.model_dump(mode="json"), self.other.model_dump(mode="json")
        return [self._difference(name, ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]]

    def _difference(self, name: str, one: Any, other: Any) -> Difference:
        sides = (self.one, self.other)
        release = next((side for side in sides if side.origin(name).kind == "release"), None)
        notes = notes_on(name, release.task, release.architecture) if release else ()
        return Difference(name, Told(one, told(self.one, name)), Told(other, told(self.other, name)), "; ".join(notes))


def told(settings: AptSettings, name: str) -> str:
    """Who says so: the origin of a value, or the citation of a default."""
    origin, citation = settings.origin(name), cite(name, settings.task)
    if origin.kind != "class default" or not citation:
        return str(origin)
    return f"{citation}, in place of {citation.paper}" if citation.paper else str(citation)


def reference(word: str, job: Mapping[str, Any], places: Mapping[str, str] = MappingProxyType({})) -> AptSettings:
    """What the paper or the release has for a job, whatever the environment says. Raises SettingsError.

    `places` tells how the user spells a setting of the job.
    """
    return resolve({}, None, None, {**job, "reference": word}, {**places, "reference": "reference"})


class Table(NamedTuple):
    """What differs in the jobs of one task."""

    title: str
    """`glue_big: roberta-base on sst2, mnli`"""
    rows: list[Row]


def tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """A table for each task, where datasets and architectures that differ alike share a row."""
    return [_table(task, list(group)) for task, group in groupby(comparisons, lambda each: each.one.task)]


def _table(task: str, comparisons: list[Comparison]) -> Table:
    alike: dict[tuple[str, ...], list[tuple[Comparison, Difference]]] = {}
    for comparison in comparisons:
        for difference in comparison.differences:
            key = (difference.setting, as_text(difference.one.value), as_text(difference.other.value), difference.note)
            alike.setdefault(key, []).append((comparison, difference))
    order = list(type(comparisons[0].one).model_fields)
    rows = [
        Row(
            setting,
            f"{one} ({_origins([difference.one for _, difference in group])})",
            f"{other} ({_origins([difference.other for _, difference in group])})",
            "" if len(group) == len(comparisons) else pairs(comparison.job[1:] for comparison, _ in group),
            note,
        )
        for (setting, one, other, note), group in sorted(alike.items(), key=lambda item: order.index(item[0][0]))
    ]
    return Table(f"{task}: {pairs(comparison.job[1:] for comparison in comparisons)}", rows)


def _origins(told: list[Told]) -> str:
    first, *others = dict.fromkeys(each.origin for each in told)
    return f"{first} and {len(others)} more" if others else first


def as_json(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """Every difference of every job, with both values and origins."""
    differences = [
        {**dict(zip(JOB, comparison.job, strict=True)), **difference._asdict()}
        | {"one": difference.one._asdict(), "other": difference.other._asdict()}
        for comparison in comparisons
        for difference in comparison.differences
    ]
    return json.dumps({"one": one, "other": other, "differences": differences}, indent=2)


def as_markdown(comparisons: Sequence[Comparison], one: str, other: str) -> str:
    """A section with a table for each task in which something differs."""
    return "\n".join(_section(table, one, other) for table in tables(comparisons) if table.rows)


def _section(table: Table, one: str, other: str) -> str:
    head = f"| setting | {one} | {other} | on | note |\n|---|---|---|---|---|\n"
    rows = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in table.rows)
    return f"## {table.title}\n\n{head}{''.join(rows)}"
