"""Looks back: the runs that have their records in some folders, each as it is now."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pydantic import JsonValue

from ..basics.escaping import escaped, listed, shown
from ..basics.origins import Kind, is_override
from ..errors import SettingsError
from ..fingerprint import changed
from ..sources.record import FILE_NAME, Record, RecordedSetting, Run, read
from ..values import as_text
from .metrics import NONE, Metrics, results_of
from .peers import Peer, peers_in
from .status import Status, how_ended, status_of
from .traces import job_of, point_in

Complain: TypeAlias = Callable[[str], None]
"""Gets a sentence about each record that cannot be shown."""


class PastSetting(NamedTuple):
    """What a run had for a setting, and who set it."""

    value: JsonValue
    origin: str
    kind: Kind | None
    where_it_runs: bool
    is_of_project: bool
    """Whether a project decides it where nobody sets it: by its own default for ours, or as a setting of its own."""

    @property
    def is_set(self) -> bool:
        """Whether somebody set it, and no default decides."""
        return self.kind is not None and is_override(self.kind)

    @property
    def text(self) -> str:
        """The value as a variable has it."""
        return as_text(self.value)


_Interned: TypeAlias = dict[tuple[object, ...], PastSetting]


class PastRun(NamedTuple):
    """What a record says, of its last run where it has several."""

    folder: Path
    task: str
    fingerprint: str
    settings: Mapping[str, PastSetting]
    status: Status
    run: Run | None
    """The last one; None where the record has none."""
    attempts: int
    """How often the run was started."""
    metrics: Metrics
    peers: Sequence[Peer]
    """The other processes of the last run."""
    left_out: Sequence[str] = ()
    """The names of results that are no numbers."""

    @property
    def ended(self) -> str:
        """`done`, `failed with 3`, `running`, `done, process 1 failed with 3`."""
        return how_ended(self.status, self.run, self.peers)

    @property
    def start(self) -> datetime | None:
        """When its last attempt started."""
        return datetime.fromisoformat(self.run.start) if self.run else None

    @property
    def seconds(self) -> float | None:
        """How long its last attempt took, or runs already; None where that cannot be known."""
        if self.status == "running" and self.start:
            return max(0.0, (datetime.now(UTC) - self.start).total_seconds())
        return self.run.seconds if self.run else None

    @property
    def commit(self) -> str:
        """The first digits of the commit, and behind a `*` those of what was not committed; empty where there is none.

        `474551d`, `474551d*3f2a9c1`
        """
        git = self.run.git if self.run else None
        return f"{git.commit[:7]}{f'*{git.diff[:7]}' * git.dirty}" if git else ""

    @property
    def point(self) -> int | None:
        """The point of a sweep that it is; None where it is of none."""
        return point_in([each.origin for each in self.settings.values()])

    @property
    def job(self) -> str:
        """`SLURM job 1200_7`; empty where no scheduler has started it."""
        return job_of(self.run.scheduler) if self.run else ""


def past_runs(folders: Iterable[Path], complain: Complain) -> Iterator[PastRun]:
    """The run of each record in these folders, and below them.

    `complain` gets one sentence for each record that is damaged, of others or of a newer version, for each file of
    results that is no JSON object, and at the end one for all results that are no numbers.
    """
    interned: _Interned = {}  # thousands of runs share most of what they have
    left_out: dict[str, Path] = {}
    for file in find_records(folders, complain):
        try:
            run = run_of(file, complain, interned)
        except SettingsError as error:
            for problem in error.problems:
                complain(str(problem))
        else:
            for name in run.left_out:
                left_out.setdefault(name, run.folder)
            yield run
    if left_out:
        verb = "is no number, and is" if len(left_out) == 1 else "are no numbers, and are"
        first = escaped(str(next(iter(left_out.values()))))
        complain(f"{listed(left_out)} {verb} left out of the results, as in {first}")


def run_of(path: Path, complain: Complain, interned: _Interned | None = None) -> PastRun:
    """The run of one record, by its path or its folder's. Raises SettingsError for one that is no record, or changed.

    `complain` gets what is wrong with its metrics. `interned` holds what the runs before it have.
    """
    record = read(path)
    if wrong := changed(record):
        raise SettingsError.at(escaped(str(path)), wrong)
    if record.runs:
        _refuse_times(path, record.runs[-1])
    return _past_run(path if path.is_dir() else path.parent, record, {} if interned is None else interned, complain)


def _refuse_times(path: Path, run: Run) -> None:
    """Raise SettingsError for times that are none: a record is a file that anybody may have written."""
    place = escaped(str(path))
    for name, text in (("start", run.start), ("end", run.end or run.start)):
        try:
            has_zone = datetime.fromisoformat(text).tzinfo is not None
            datetime.fromisoformat(text).astimezone()
        except (ValueError, OverflowError):
            has_zone = False
        if not has_zone:
            raise SettingsError.at(place, f"is not a record: its {name} {shown(text)} is no time with its zone")
    if run.seconds is not None and not isfinite(run.seconds):
        raise SettingsError.at(place, f"is not a record: it took {run.seconds} seconds")


def find_records(folders: Iterable[Path], complain: Complain) -> Iterator[Path]:
    """Every `run.json` in these folders and below them, each once; a folder itself may be the path of a record.

    No link is followed, and no folder is searched whose name begins with a dot, or that has a record of its own.
    """
    seen: set[str] = set()
    for folder in folders:
        for file in _records_below(folder, complain) if folder.is_dir() else [folder]:
            if (real := os.path.realpath(file)) not in seen:
                seen.add(real)
                yield file


def _records_below(top: Path, complain: Complain) -> Iterator[Path]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            complain(f"{escaped(str(folder))} cannot be read: {error.strerror}")
            continue
        record = next((entry for entry in entries if entry.name == FILE_NAME), None)
        if record and record.is_symlink():
            complain(f"{escaped(record.path)} is a link, and is not followed")
        elif record:
            yield Path(record.path)
        if not record or folder == top:
            below = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
            waiting += [Path(entry.path) for entry in reversed(below) if not entry.name.startswith(".")]


def _past_run(folder: Path, record: Record, interned: _Interned, complain: Complain) -> PastRun:
    run = record.runs[-1] if record.runs else None
    output_dir = record.settings.get("output_dir")
    results = NONE
    try:
        results = results_of(folder, output_dir and (output_dir.filled or output_dir.value), run)
    except SettingsError as error:
        complain(str(error.problems[0]))
    return PastRun(
        folder,
        record.task,
        record.fingerprint,
        {name: _past_setting(each, interned) for name, each in record.settings.items()},
        status_of(folder, run),
        run,
        len(record.runs),
        results.metrics,
        peers_in(folder, len(record.runs)),
        results.left_out,
    )


def _past_setting(recorded: RecordedSetting, interned: _Interned) -> PastSetting:
    of_project = recorded.kind == "project default" or bool(recorded.group)
    given = PastSetting(recorded.value, recorded.origin, recorded.kind, recorded.where_it_runs, of_project)
    return interned.setdefault((repr(given.value), *given[1:]), given)
