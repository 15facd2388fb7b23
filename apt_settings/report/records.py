"""What differs between records: what somebody set first, then what follows from it. Each path stands once."""

import json
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Final, NamedTuple

from ..basics.escaping import escaped
from ..runs.history import PastRun, PastSetting
from ..runs.traces import differences_of_code
from .markdown import as_cell, as_table
from .runs import started

MOST: Final = len(ascii_uppercase)
"""The most records that can be compared: each goes by a letter."""


class Difference(NamedTuple):
    """A setting in which records differ."""

    setting: str
    is_cause: bool
    """Whether somebody set it in one of them."""
    sides: tuple[PastSetting | None, ...]
    """What each record has; None for one without such a setting."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The setting, and for each record its value with who set it: `30 (--set epochs)`."""
        return self.setting, *(f"{each.text} ({each.origin})" if each else "no setting" for each in self.sides)


def differences(runs: Sequence[PastRun]) -> list[Difference]:
    """The settings in which these differ, causes first, each kind in the order of the records."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    found = []
    for name in names:
        sides = tuple(run.settings.get(name) for run in runs)
        if len({repr(each and each.value) for each in sides}) > 1:
            found.append(Difference(name, any(each.is_set for each in sides if each), sides))
    return sorted(found, key=lambda each: not each.is_cause)


def legend(runs: Sequence[PastRun]) -> list[tuple[str, str]]:
    """Letter and text of each record: `A`, `runs/1: squad, apt1-7e3c2819041d5c04, 2024-05-01 10:00, done`."""
    return [
        (letter, f"{run.folder}: {', '.join(filter(None, (run.task, run.fingerprint, started(run), run.ended)))}")
        for letter, run in zip(ascii_uppercase, runs, strict=False)
    ]


def sections(runs: Sequence[PastRun], found: Sequence[Difference]) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Title and rows: what somebody set, what follows, and the code; none that has no rows."""
    for title, is_cause in (("what somebody set", True), ("what follows", False)):
        if rows := [each.cells for each in found if each.is_cause == is_cause]:
            yield title, rows
    if rows := code(runs):
        yield "the code", rows


def titles(runs: Sequence[PastRun]) -> tuple[str, ...]:
    """The titles of the columns: `setting`, `A`, `B`."""
    return "setting", *ascii_uppercase[: len(runs)]


def code(runs: Sequence[PastRun]) -> list[tuple[str, ...]]:
    """Rows of what differs beside settings: commit, changes, command, versions. A record without a run has none."""
    return [(name, *(side or "none" for side in sides)) for name, sides in differences_of_code([r.run for r in runs])]


def as_json(runs: Sequence[PastRun], found: Sequence[Difference]) -> str:
    """JSON with the records, and for each difference what each of them has."""
    rows = [
        {
            "setting": each.setting,
            "set": each.is_cause,
            "sides": [side and {"value": side.value, "origin": side.origin} for side in each.sides],
        }
        for each in found
    ]
    records = [escaped(str(run.folder)) for run in runs]
    ran = [{"name": name, "sides": sides} for name, *sides in code(runs)]
    return json.dumps({"records": records, "differences": rows, "code": ran}, indent=2)


def as_markdown(runs: Sequence[PastRun], found: Sequence[Difference]) -> str:
    """Markdown with a list of the records and a table for each section."""
    parts = ["".join(f"- {letter}: {as_cell(text)}\n" for letter, text in legend(runs))]
    for title, rows in sections(runs, found):
        parts.append(f"## {title.capitalize()}\n\n{as_table(titles(runs), rows)}")
    return "\n".join(parts)
