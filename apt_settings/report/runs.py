"""Runs as the rows of a table, with a column for each setting that made them differ: one that somebody set."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..basics.escaping import escaped
from ..runs.conditions import number, value_of
from ..runs.history import PastRun
from ..runs.names import names_of
from ..runs.status import covers
from ..runs.traces import differences_of_code
from ..values import as_text
from .groups import as_object as as_group
from .groups import count, groups_of, mean_of
from .markdown import as_cell, as_table

_LISTED: Final = 6
"""The most values of a folded setting that are listed."""
_TRACED: Final = 10
"""The most failed runs whose traces are listed."""


class Choice(NamedTuple):
    """What a table shall have."""

    everything: bool = False
    """Whether it has what differs although nobody set it, too."""
    origins: bool = False
    """Whether each value has its origin beside it."""
    metrics: Sequence[str] = ()
    folded: Sequence[str] = ()
    """Settings that do not part one row from another."""
    sort: str = ""
    """What the runs were sorted by, where the user says it; else groups are in the order of their values."""
    descending: bool = False


class Context(NamedTuple):
    """What a run is seen among: all runs of the folders, also those that are not shown."""

    names: Mapping[Path, str]
    """Folder -> what the run is called."""
    done: frozenset[str]
    """The fingerprints of which a run has ended well."""

    @classmethod
    def of(cls, runs: Sequence[PastRun], top: Path | None = None) -> "Context":
        """That of all runs; `top` is the folder that was searched, where it is one."""
        return cls(names_of(runs, top), frozenset(run.fingerprint for run in runs if run.status == "done"))


class Table(NamedTuple):
    """Runs as cells of text."""

    shared: list[tuple[str, str]]
    """Name and text of what is the same in all runs."""
    about: tuple[str, ...]
    """The titles of the first columns, which say which run it is and how it ended."""
    names: tuple[str, ...]
    """The titles of the other columns: settings, metrics, the commit."""
    rows: list[tuple[str, ...]]
    unlike: Sequence[str] = ()
    """What else was not the same in all, and has no column: the command, the version of a package."""

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of all columns."""
        return (*self.about, *self.names)


def table(runs: Sequence[PastRun], choice: Choice, context: Context) -> Table:
    """A row for each run, or with folded settings for all runs that differ in nothing else; in their order."""
    causes, shared = parted(runs, everything=choice.everything)
    commits = {run.commit for run in runs}
    said = [(name, _shared(runs, name, choice)) for name in shared]
    said += [("commit", commit) for commit in commits if len(commits) == 1 and commit]
    code = dict(differences_of_code([run.run for run in runs if run.run]))
    unlike = [name for name in code if choice.folded or name not in ("commit", "changes")]
    if choice.folded:
        apart = [name for name in causes if name not in choice.folded]
        names = [*apart, *(name for name in choice.folded if name in causes), *choice.metrics]
        groups = _in_order(groups_of(runs, choice.folded), apart, choice)
        rows = [(str(len(group)), count(group), *(_folded(group, name, choice) for name in names)) for group in groups]
        return Table(said, ("runs", "status"), tuple(names), rows, unlike)
    names = [*causes, *choice.metrics, *["commit"] * (len(commits) > 1)]
    rows = [(*about(run, context), *(_cell(run, name, choice) for name in names)) for run in runs]
    return Table(said, ("run", "started", "took", "status"), tuple(names), rows, unlike)


def _in_order(groups: list[list[PastRun]], apart: Sequence[str], choice: Choice) -> list[list[PastRun]]:
    """Groups by the mean of the metric that sorts, or by the values that tell them apart; else as the runs are."""
    if not choice.sort:
        return sorted(groups, key=lambda group: [_sort_key(group[0], name) for name in apart])
    means = [mean_of(group, choice.sort) for group in groups]
    having = [(mean.mean, number) for number, mean in enumerate(means) if mean]
    lacking = [group for group, mean in zip(groups, means, strict=True) if not mean]
    return [*(groups[number] for _, number in sorted(having, reverse=choice.descending)), *lacking]


def parted(runs: Sequence[PastRun], *, everything: bool) -> tuple[list[str], list[str]]:
    """The settings that somebody set and that differ, or with `everything` all that differ; and what was set alike.

    A project's defaults may differ by themselves, as its code changes; they are among the first. Those that say where a
    run ran are the last of them.
    """
    names = dict.fromkeys(name for run in runs for name in run.settings)
    seen: dict[str, set[str]] = {name: set() for name in names}
    is_set: set[str] = set()
    is_of_project: set[str] = set()
    where_it_runs: set[str] = set()
    for run in runs:
        for name in names:
            given = run.settings.get(name)
            seen[name].add(repr(given and given.value))
            if given and given.is_set:
                is_set.add(name)
            if given and given.is_of_project:
                is_of_project.add(name)
            if given and given.where_it_runs:
                where_it_runs.add(name)
    differing = [name for name in names if len(seen[name]) > 1 and (everything or name in is_set | is_of_project)]
    alike = [name for name in names if len(seen[name]) == 1 and name in is_set]
    return sorted(differing, key=lambda name: name in where_it_runs), alike


def about(run: PastRun, context: Context) -> tuple[str, ...]:
    """Which run it is and how it ended: name, start, duration, status."""
    again = f", {run.attempts} attempts" if run.attempts > 1 else ""
    # `sweep --record` and `job --only` call such a point done
    elsewhere = ", done elsewhere" if run.status != "done" and run.fingerprint in context.done else ""
    return context.names[run.folder], started(run), duration(run.seconds), run.ended + again + elsewhere


def trace(run: PastRun, *, log: bool = True) -> str:
    """Where to look why it failed: `point 7, SLURM job 1200_7, log slurm-1200_7.out`; empty where nothing is known."""
    point = "" if run.point is None else f"point {run.point}"
    path = f"log {run.run.log}" if log and run.run and run.run.log else ""
    return ", ".join(filter(None, (point, run.job, path)))


def traces(runs: Iterable[PastRun], context: Context) -> list[str]:
    """A line for each run that failed or died and has left something to look at, up to ten."""
    failed = [run for run in runs if covers(("failed",), run.status) and trace(run)]
    lines = [f"{context.names[run.folder]}: {trace(run)}" for run in failed[:_TRACED]]
    more = f"and {len(failed) - _TRACED:,} more: --format json has them all"
    return [*lines, *[more] * (len(failed) > _TRACED)]


def started(run: PastRun) -> str:
    """When its last attempt started, by the clock of this place."""
    return run.start.astimezone().strftime("%Y-%m-%d %H:%M") if run.start else ""


def duration(seconds: float | None) -> str:
    """`12s`, `3m05s`, `1h02m`, `2d03h`; empty where nobody knows."""
    if seconds is None:
        return ""
    whole = int(seconds)
    for unit, part, size, below in (("d", "h", 86_400, 3_600), ("h", "m", 3_600, 60), ("m", "s", 60, 1)):
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // below:02}{part}"
    return f"{whole}s"


def _shared(runs: Sequence[PastRun], name: str, choice: Choice) -> str:
    """What all runs have, whoever gave it to each of them."""
    origins = dict.fromkeys(run.settings[name].origin for run in runs if name in run.settings)
    if not choice.origins or len(origins) < 2:
        return _cell(runs[0], name, choice)
    first, *others = origins
    return f"{runs[0].settings[name].text} ({first}, and {len(others)} other{'s' * (len(others) > 1)})"


def _cell(run: PastRun, name: str, choice: Choice) -> str:
    if (given := run.settings.get(name)) is not None:
        return f"{given.text} ({given.origin})" if choice.origins else given.text
    return _number(run.metrics[name]) if name in run.metrics else as_text(value_of(run, name) or "")


def _number(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def summary(runs: Sequence[PastRun], of: int) -> str:
    """`12 of 40 runs: 9 done, 2 failed, 1 running`."""
    part = f"{len(runs):,} of " if len(runs) < of else ""
    return f"{part}{of:,} run{'s' * (of != 1)}{': ' * bool(runs)}{count(runs)}"


def _folded(group: Sequence[PastRun], name: str, choice: Choice) -> str:
    """What several runs have under a name: the mean of a metric, the values of a setting."""
    if name in choice.metrics:
        return str(mean_of(group, name) or "")
    ordered = sorted(group, key=lambda run: _sort_key(run, name)) if name in choice.folded else group
    texts = list(dict.fromkeys(_cell(run, name, choice) for run in ordered))
    return ", ".join(texts) if len(texts) <= _LISTED else f"{len(texts)} values"


def in_order(runs: Iterable[PastRun], name: str, *, descending: bool) -> list[PastRun]:
    """Runs in the order of a name, then of their start, then of their folder; what lacks the name comes last."""
    usual = sorted(runs, key=lambda run: (_sort_key(run, "start"), str(run.folder)))
    having = [run for run in usual if value_of(run, name) is not None]
    lacking = [run for run in usual if value_of(run, name) is None]
    return [*sorted(having, key=lambda run: _sort_key(run, name), reverse=descending), *lacking]


def _sort_key(run: PastRun, name: str) -> tuple[bool, float, str]:
    """What orders runs by a name: numbers and times first, then texts, and last what a run does not have."""
    value = value_of(run, name)
    found = value.timestamp() if isinstance(value, datetime) else number(value)
    if found is not None:
        return False, found, ""
    return value is None, float("inf"), as_text(value)


def as_markdown(content: Table) -> str:
    """A table for a page, with what all share above it."""
    shared = "; ".join(f"{as_cell(name)} {as_cell(text)}" for name, text in content.shared)
    head = f"The same in all: {shared}.\n\n" if shared else ""
    head += f"Not the same in all: {', '.join(map(as_cell, content.unlike))}.\n\n" if content.unlike else ""
    return head + as_table(content.titles, content.rows)


def as_json(runs: Sequence[PastRun], choice: Choice) -> Iterator[str]:
    """The lines of a JSON array with an object for each run, or for each group: all that is known of it."""
    objects: Iterable[dict[str, Any]] = map(as_object, runs)
    if choice.folded:
        apart = [name for name in parted(runs, everything=True)[0] if name not in choice.folded]
        groups = _in_order(groups_of(runs, choice.folded), apart, choice)
        objects = (as_group(group, choice.folded) for group in groups)
    before = "[\n"
    for each in objects:
        yield f"{before}  {json.dumps(each, ensure_ascii=True)}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_object(run: PastRun) -> dict[str, Any]:
    """A run as JSON has it."""
    last = run.run
    return {
        "folder": escaped(str(run.folder)),
        "task": run.task,
        "fingerprint": run.fingerprint,
        "status": run.status,
        "start": last and last.start,
        "end": last and last.end,
        "seconds": run.seconds,
        "exit_status": last and last.exit_status,
        "signal": last and last.signal,
        "host": last and last.host,
        "commit": last and last.git and last.git.commit,
        "dirty": last and last.git and last.git.dirty,
        "diff": last and last.git and last.git.diff,
        "command": last and last.command,
        "scheduler": last and last.scheduler,
        "image": last and last.image,
        "log": last and last.log,
        "point": run.point,
        "versions": last and last.versions,
        "attempts": run.attempts,
        "processes": {each.rank: each.exit_status for each in run.peers},
        "settings": {
            name: {"value": each.value, "origin": each.origin, "set": each.is_set}
            for name, each in run.settings.items()
        },
        "metrics": {name: finite(each) for name, each in run.metrics.items()},
    }


def finite(value: float) -> float | str:
    """A number as JSON can hold it: NaN and the infinite ones are texts there."""
    return value if isinstance(value, int) or isfinite(value) else str(value)
