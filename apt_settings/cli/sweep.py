"""`sweep`: every point of a grid, checked."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..basics.escaping import escaped
from ..basics.exit_status import WRONG_SETTINGS
from ..errors import Note, SettingsError
from ..fingerprint import fingerprint
from ..runs.store import last_run
from ..sweeps.checker import Checker, SweepReport, survey
from ..sweeps.grid import Sweep
from ..values import as_text
from ..variables import as_env_file, variables
from .grids import INDEX, checker_of, in_range, takes_grid
from .options import Job, takes_settings
from .output import print_data
from .terminal import print_notes

_ENOUGH_TO_WAIT_FOR = 1_000
_FINGERPRINT = 21


@click.command()
@takes_settings
@takes_grid
@INDEX
@click.option(
    "--record", "records", type=click.Path(path_type=Path), metavar="DIR", help="Say how the last run of each ended."
)
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
def sweep(job: Job, sweep: Sweep, index: int | None, records: Path | None, form: str) -> int:
    """Check a grid of settings and print its points.

    A point is one combination of the values; the last --grid varies fastest. All are checked before
    any is printed, and all that is wrong is told, with the points that it is wrong at. Points that are
    the same experiment name the first of them. With --index it is one point alone; the format env is
    its settings as a .env.

    Example: apt-settings sweep --grid task=mnli,squad --grid seed=1..3
    """
    if not sweep.axes:
        raise click.UsageError("a grid is missing: --grid seed=1..3")
    if form == "env" and index is None:
        raise click.UsageError("--format env is of one point: it needs --index")
    checker, indices = checker_of(job, sweep), range(sweep.size)
    if index is not None:
        in_range(sweep, index)
        indices = range(index, index + 1)
    if form == "env":
        print_data(as_env_file(variables(checker.settings(indices[0]))))
        return 0
    if form == "json":
        return _print_json(checker, indices)
    found = surveyed(checker, indices)
    for line in _table(checker, indices, records, repeats=bool(found.repeated.count)):
        print(line)
    nobody = "task" not in sweep.places and not checker.settings(indices[0]).origin("task").is_override
    unset = [Note("nothing sets APT_TASK: a job must say which task it is", "task")] if nobody else []
    print_notes([*found.notes, *unset], err=True)
    return 0


def surveyed(checker: Checker, indices: range) -> SweepReport:
    """Check points, with a progress bar where somebody waits for many at a terminal.

    Raises SettingsError with everything that is wrong, each thing once.
    """
    hidden = len(indices) < _ENOUGH_TO_WAIT_FOR or sys.stderr is None or not sys.stderr.isatty()
    bar = click.progressbar(
        indices, label="checking", file=sys.stderr, hidden=hidden, update_min_steps=_ENOUGH_TO_WAIT_FOR
    )
    with bar as shown:
        found = survey(checker, shown)
    if found.problems:
        raise SettingsError(found.problems)
    return found


def _table(checker: Checker, indices: range, records: Path | None, *, repeats: bool) -> Iterator[str]:
    """A line for each point, as it is made: a sweep may be larger than what fits into memory twice."""
    grid = checker.sweep
    widths = [max(len("point"), len(str(indices[-1])))]
    for column in grid.columns:
        ends = (column.values[0], column.values[-1]) if isinstance(column.values, range) else column.values
        widths.append(max(len(column.setting), *(len(as_text(value)) for value in ends)))
    widths += [_FINGERPRINT, *[len(f"point {indices[-1]}")] * repeats]
    titles = ["point", *(column.setting for column in grid.columns), "fingerprint"]
    yield _aligned([*titles, *["same as"] * repeats, *["last run"] * bool(records)], widths)
    for index in indices:
        identity, twin = fingerprint(checker.settings(index)), checker.twin(index) if repeats else index
        cells = [str(index), *map(as_text, grid.point(index).values()), identity]
        cells += [f"point {twin}" if twin != index else ""] * repeats
        yield _aligned([*cells, *([last_run(records / identity)] if records else [])], widths)


def _aligned(cells: list[str], widths: list[int]) -> str:
    return "  ".join(map(str.ljust, map(escaped, cells), [*widths, 0])).rstrip()


def _print_json(checker: Checker, indices: range) -> int:
    """A list with an object for each point, as it is made."""
    wrong = False
    print("[")
    for index in indices:
        problems, notes = checker.verdict(index)
        wrong |= bool(problems)
        row: dict[str, Any] = {"index": index, "values": checker.sweep.point(index)}
        if problems:
            row["problems"] = list(map(str, problems))
        else:
            first = checker.twin(index)
            same_as = first if first != index and not checker.verdict(first).problems else None
            row |= {
                "fingerprint": fingerprint(checker.settings(index)),
                "same_as": same_as,
                "notes": list(map(str, notes)),
            }
        print(f"  {json.dumps(row, default=str)}{'' if index == indices[-1] else ','}")
    print("]")
    return WRONG_SETTINGS if wrong else 0
