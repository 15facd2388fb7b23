"""The options that list the values of a sweep. They reach a command as one Sweep."""

import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import Any, Final, TypeAlias

import click

from ..base import AptSettings, settings_of, values_of
from ..basics.escaping import escaped, shown, spelt
from ..errors import Note, SettingsError
from ..parts import check_objects
from ..pin import Known, nothing_known, refuse_others
from ..runs.points import Standing, nearest_difference, standing, standings
from ..runs.status import STATUSES, Status, covers
from ..sweeps.checker import Checker
from ..sweeps.grid import GridEntry, Sweep, axes_of, lone_zip, sweep_of, wrong_index
from ..sweeps.pin import pinned_sweep
from ..sweeps.ranges import read_ranges
from ..sweeps.sample import NumberEntry, sample_of
from ..sweeps.survey import SweepReport, survey
from ..sweeps.sweep_file import SweepFile, from_file
from ..values import as_text
from .offers import complete_assignment
from .options import Command, Job, assignment
from .output import complain, warn
from .paths import PathOption
from .terminal import is_terminal

Assignment: TypeAlias = tuple[str, str]

_MANY: Final = 1_000
"""Fewer points are checked too quickly for a progress bar."""


def _axis(text: str) -> Assignment | list[tuple[str, Any]]:
    """`seed=1..5` -> `("seed", "1..5")`; `{"epochs": [20, 40]}` -> `[("epochs", [20, 40])]`, for several settings."""
    if not text.startswith("{"):
        return assignment(text)
    try:
        content: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        content = []
    if not content:
        raise click.BadParameter('is no JSON object such as {"epochs": [20, 40], "distill_epochs": [10, 20]}')
    return content


def _index(text: str) -> int:
    """A type for click. Raises BadParameter; an empty text is what a variable is that nobody has set."""
    if text == "":
        fix = "submit the script with sbatch, or run one point with SLURM_ARRAY_TASK_ID=0 bash job.sh"
        raise click.BadParameter(f"is empty, as SLURM_ARRAY_TASK_ID is outside an array of SLURM: {fix}")
    if not re.fullmatch("[0-9]{1,9}", text):
        raise click.BadParameter(f"{shown(text)} must be a whole number, 0 or more")
    return int(text)


def _points(text: str) -> list[int]:
    """A type for click. Raises BadParameter."""
    if points := read_ranges(text):
        return points
    raise click.BadParameter(f"{shown(text)} must be ascending numbers and ranges, such as 3,7-9")


def _words(text: str) -> frozenset[str]:
    """A type for click: what --only takes. Raises BadParameter."""
    words = frozenset(text.split(","))
    if words <= set(STATUSES):
        return words
    raise click.BadParameter(f"{shown(text)} must be of {', '.join(STATUSES)}, such as failed,missing")


ONLY: Final = click.option(
    "--only",
    type=_words,
    metavar="WORDS",
    help="Only the points with this status in their records: failed,missing.",
)


_GRID: Final = click.option(
    "--grid",
    multiple=True,
    type=assignment,
    shell_complete=complete_assignment,
    metavar="NAME=VALUES",
    help="List values of a setting: seed=1..5, task=mnli,squad, or a JSON array; repeat it for every combination.",
)
_ZIP: Final = click.option(
    "--zip",
    "zipped",
    multiple=True,
    type=_axis,
    shell_complete=complete_assignment,
    metavar="NAME=VALUES",
    help="Vary settings together: the first value of every --zip, then the second; or a JSON object.",
)
_GRID_FILE: Final = click.option(
    "--grid-file",
    type=PathOption(path_type=Path),
    metavar="PATH",
    help="Read more from the tables [grid], [[zip]] and [sample] of a TOML file.",
)
_SAMPLE: Final = click.option(
    "--sample",
    "sampled",
    multiple=True,
    type=assignment,
    shell_complete=complete_assignment,
    metavar="NAME=RANGE",
    help="Sample a setting: target_sparsity=0.3..0.7, learning_rate=log:1e-5..1e-3, batch_size=8,16,32; repeat it.",
)
_POINTS: Final = click.option("--points", metavar="N", help="How many points; more keep the earlier ones.")
_SAMPLE_SEED: Final = click.option("--sample-seed", metavar="S", help="The seed of the points; 0 by default.")
AMONG: Final = click.option(
    "--among",
    type=_points,
    metavar="LIST",
    help="Count --index among these points alone, such as 3,7-9; job kubernetes --only writes it.",
)
INDEX: Final = click.option("--index", type=_index, metavar="N", help="One point, counted from 0.")


def takes_grid(command: Command) -> Command:
    """Add --grid, --zip, --sample and what belongs to them to a command, which gets one Sweep, or an empty one."""

    @_GRID
    @_ZIP
    @_SAMPLE
    @_POINTS
    @_SAMPLE_SEED
    @_GRID_FILE
    @wraps(command)
    def with_sweep(
        grid: list[Assignment],
        zipped: list[Assignment | list[tuple[str, Any]]],
        sampled: list[Assignment],
        points: str | None,
        sample_seed: str | None,
        grid_file: Path | None,
        **rest: Any,
    ) -> int | None:
        in_file = from_file(grid_file) if grid_file else SweepFile([], [], None, None)
        zips = [
            _entry("--zip", *each) if isinstance(each, tuple) else [_entry("--zip", *pair) for pair in each]
            for each in zipped
        ]
        if lone := lone_zip(zips):
            raise click.UsageError(f"{lone.place} has no other --zip to vary with: write --grid for a setting alone")
        sample = sample_of(
            # What is appended to a file moves no axis of it.
            [*in_file.sample, *(_entry("--sample", *each) for each in sampled)],
            NumberEntry(points, "--points") if points is not None else in_file.points,
            NumberEntry(sample_seed, "--sample-seed") if sample_seed is not None else in_file.seed,
        )
        axes = axes_of([_entry("--grid", *each) for each in grid], zips, in_file.axes)
        return command(sweep=sweep_of(axes, sample), **rest)

    return with_sweep


def _entry(option: str, name: str, values: Any) -> GridEntry:
    return GridEntry(name, values, f"{option} {spelt(name)}")


def checker_of(job: Job, sweep: Sweep, *, complete: bool = True) -> Checker:
    """The checker of a job's sweep. Raises UsageError if an option and the grid both set a setting."""
    for column in sweep.columns:
        if column.setting in job.overrides:
            raise click.UsageError(
                f"{column.setting} is given two values: {job.places[column.setting]}, {column.place}"
            )
    return Checker(sweep, job.layers(), complete=complete)


def check_points(checker: Checker, indices: range) -> SweepReport:
    """Check points and return the report; on a terminal, many points get a progress bar.

    Raises SettingsError with everything that is wrong, each thing once.
    """
    hidden = len(indices) < _MANY or not is_terminal(sys.stderr)
    with click.progressbar(
        indices, label="checking", file=sys.stderr, hidden=hidden, update_min_steps=_MANY
    ) as with_progress:
        report = survey(checker, with_progress)
    if report.problems:
        raise SettingsError(report.problems)
    return report


def notes_on_shared_folder(checker: Checker) -> list[Note]:
    """A note where points write to one folder, with the line that mends it."""
    folder = checker.shared_folder()
    if not folder:
        return []
    apart = f"--set output_dir={quote(f'{folder}/{{fingerprint}}')} gives each its own"
    return [Note(f"points share output_dir {folder}, and overwrite each other there: {apart}", "output_dir")]


def set_elsewhere(settings: AptSettings, sweep: Sweep) -> list[Note]:
    """A note that names what variables and files set here, which no option of the command line shows."""
    origins = ((name, origin) for name, origin in settings.origins.items() if name not in sweep.places)
    values = values_of(settings)
    told = [
        f"{name} {as_text(values[name])} ({origin})"
        for name, origin in origins
        if origin.kind in ("environment", "env file") and not settings_of(settings)[name].secret
    ]
    return [Note(f"{'every point' if sweep.axes else 'the job'} has {', '.join(told)}")] if told else []


def ended_well(job: Job, settings: AptSettings, sweep: Sweep, folder: Path) -> list[Note]:
    """A note where records say that a job, or points of its sweep, have ended well: they would run again."""
    found = standings(folder, warn)
    if not sweep.axes:
        is_done = standing(found, settings)[0] == "done"
        again = f"this job has ended well in {escaped(str(folder))}, and runs again there"
        return [Note(f"{again}: --once skips it, another --record keeps both")] * is_done
    count = list(_statuses(checker_of(job, sweep), found)).count("done") if found else 0
    again = f"{count:,} of {sweep.size:,} points have ended well in {escaped(str(folder))}, and run again there"
    return [Note(f"{again}: --once skips them, --only failed,missing leaves them out")] if count else []


def point_of(job: Job, sweep: Sweep, index: int | None, known: Known = nothing_known) -> AptSettings:
    """The settings of a job; with a grid, those of the point `index`. Raises SettingsError.

    `known` says what differs from the job that is expected, where that is another one.
    """
    if not sweep.axes:
        if index is not None:
            raise click.UsageError("--index needs a grid or a sample: --grid seed=1..5 --index 0")
        return job.checked(known)
    if index is None:
        raise click.UsageError("a grid or a sample needs --index, the number of one of its points")
    refuse_out_of_range(sweep, index)
    checker = checker_of(job, sweep)
    settings = checker.settings(index)
    check_objects(settings)
    refuse_others(settings, pinned_sweep(checker), known, is_point=True)
    return settings


def point_among(sweep: Sweep, points: Sequence[int] | None, index: int | None) -> int | None:
    """The point that --index chooses; with --among, among those. Raises UsageError."""
    if points is None:
        return index
    if index is None:
        raise click.UsageError("--among needs --index")
    if points[-1] >= sweep.size:
        raise click.UsageError(f"--among reaches point {points[-1]}, and the last point is {sweep.size - 1}")
    if index >= len(points):
        raise click.UsageError(f"--index {index} is not one of the {len(points):,} --among 0 ... {len(points) - 1}")
    return points[index]


def chosen_points(checker: Checker, words: Collection[str], folder: Path) -> list[int]:
    """The points that stand as these words say, by the records of a folder.

    Ends the command well where there are none: nothing is left to run. Raises UsageError where the folder has no record
    of any point, unless only missing points are asked for: then it is a start, and a note says so.
    """
    found = standings(folder, warn)
    statuses = list(_statuses(checker, found))
    counted = Counter(statuses)
    chosen = [index for index, status in enumerate(statuses) if covers(words, status)]
    if counted["missing"] == checker.sweep.size:
        why = none_of_its_points(checker, found, folder)
        if words != {"missing"}:
            fix = "look at --record and --set; where nothing has run yet, write --only missing"
            raise click.UsageError(f"--only {','.join(sorted(words))}: {why}; {fix}")
        complain(0, f"note: {why}: every point is to run")
    told = ", ".join(f"{counted[status]:,} {status}" for status in STATUSES if counted[status])
    if not chosen:
        wanted = " or ".join(each for each in STATUSES if each in words)
        complain(0, f"apt-settings: nothing to run: no point has the status {wanted} ({told})")
        raise click.exceptions.Exit(0)
    complain(0, f"note: {len(chosen):,} of {checker.sweep.size:,} points are to run ({told})")
    return chosen


def _statuses(checker: Checker, found: Mapping[str, Standing]) -> Iterator[Status]:
    """The status of each point, in their order."""
    for index in range(checker.sweep.size):
        yield standing(found, checker.settings(index))[0]


def none_of_its_points(checker: Checker, found: Mapping[str, Standing], folder: Path) -> str:
    """Why a folder has no record of any point: it does not exist, or its records are of something else."""
    if not folder.is_dir():
        return f"{escaped(str(folder))} does not exist"
    if not found:
        return f"{escaped(str(folder))} has no records"
    differ = nearest_difference(found.values(), checker.settings(0), checker.sweep.places)
    count = sum(len(each.runs) for each in found.values())
    records = f"{count:,} record{'s' * (count > 1)}"
    return f"{escaped(str(folder))} has {records} and none of these points: they differ in {escaped(differ)}"


def refuse_out_of_range(sweep: Sweep, index: int) -> None:
    """Raise UsageError for an index that no point has."""
    if wrong := wrong_index(sweep, index):
        raise click.UsageError(wrong)
