"""Runs folded into groups that differ in some settings alone: how they ended, and the mean of what came out."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import floor, isfinite, log10
from statistics import fmean, stdev
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped
from ..runs.conditions import number
from ..runs.history import PastRun
from ..runs.status import STATUSES

_LISTED: Final = 4
"""The most folders of one experiment that a note lists."""


class Mean(NamedTuple):
    """The mean of a result over experiments, each of which counts once."""

    mean: float
    deviation: float | None
    """The standard deviation of the sample (divided by n - 1); None for one value."""
    n: int

    def __str__(self) -> str:
        """`0.8995 ±0.0012 of 5`: as many digits as the deviation says something about."""
        if not self.deviation:
            return f"{self.mean:.6g} of {self.n}"
        digits = max(0, 1 - floor(log10(self.deviation)))
        return f"{self.mean:.{digits}f} ±{self.deviation:.{digits}f} of {self.n}"


def groups_of(runs: Sequence[PastRun], folded: Collection[str]) -> list[list[PastRun]]:
    """Runs that differ in nothing but the folded settings, and in where they ran."""
    groups: dict[str, list[PastRun]] = {}
    for run in runs:
        groups.setdefault(json.dumps(_compared(run, folded), sort_keys=True), []).append(run)
    return list(groups.values())


def _compared(run: PastRun, folded: Collection[str]) -> dict[str, Any]:
    """Setting -> value of what all runs of a group have in common."""
    rows = run.settings.items()
    return {name: each.value for name, each in rows if name not in folded and not each.where_it_runs}


def mean_of(group: Sequence[PastRun], metric: str) -> Mean | None:
    """The mean of a result; of the runs of one experiment, the newest that ended well counts. None where none did."""
    newest: dict[str, tuple[str, float]] = {}
    for run in group:
        value = number(run.metrics.get(metric))
        if run.status == "done" and run.run and value is not None and isfinite(value):
            newest[run.fingerprint] = max((run.run.start, value), newest.get(run.fingerprint, ("", 0.0)))
    values = [value for _, value in newest.values()]
    try:
        return Mean(fmean(values), stdev(values) if len(values) > 1 else None, len(values)) if values else None
    except OverflowError:  # their sum is no number
        return None


def note_on_repeated(runs: Sequence[PastRun]) -> str:
    """A sentence where several runs are the same experiment; empty where none are."""
    same: dict[str, list[PastRun]] = {}
    for run in runs:
        same.setdefault(run.fingerprint, []).append(run)
    several = [each for each in same.values() if len(each) > 1]
    if not several:
        return ""
    first, *others = several
    folders = [escaped(str(run.folder)) for run in first]
    named = ", ".join(folders) if len(folders) <= _LISTED else f"{', '.join(folders[:_LISTED])} and more"
    more = f", and those of {len(others):,} more experiment{'s' * (len(others) > 1)}" if others else ""
    return f"{len(first)} runs have the same fingerprint: {named}{more}; a mean counts the newest that is done"


def count(runs: Sequence[PastRun]) -> str:
    """`4 done, 1 failed`."""
    return ", ".join(f"{number} {status}" for status, number in _counted(runs).items())


def _counted(runs: Sequence[PastRun]) -> Mapping[str, int]:
    counted = Counter(run.status for run in runs)
    return {status: counted[status] for status in STATUSES if counted[status]}


def as_object(group: Sequence[PastRun], folded: Collection[str]) -> dict[str, Any]:
    """A group as JSON has it."""
    means = {name: mean_of(group, name) for name in dict.fromkeys(name for run in group for name in run.metrics)}
    return {
        "runs": len(group),
        "status": _counted(group),
        "settings": _compared(group[0], folded),
        "folded": {name: [*_values(group, name)] for name in folded},
        "metrics": {name: mean._asdict() for name, mean in means.items() if mean},
        "folders": [escaped(str(run.folder)) for run in group],
    }


def _values(group: Sequence[PastRun], name: str) -> Iterator[Any]:
    """Each value of a setting once."""
    found = [run.settings[name].value for run in group if name in run.settings]
    return (value for number, value in enumerate(found) if value not in found[:number])
