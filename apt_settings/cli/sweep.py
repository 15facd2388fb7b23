"""`sweep`: every point of a grid, checked."""

import json
import sys
from collections.abc import Iterator

import click

from ..errors import SettingsError
from ..fingerprint import fingerprint
from ..sweeps import Checker, Survey, Sweep, survey
from ..values import as_text
from ..variables import as_env_file, variables
from .grids import INDEX, checker_of, in_range, takes_grid
from .options import Job, takes_overrides
from .output import EX_CONFIG, print_data

_ENOUGH_TO_WAIT_FOR = 1_000
_FINGERPRINT = 21


@click.command()
@takes_overrides
@takes_grid
@INDEX
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
def sweep(job: Job, sweep: Sweep, index: int | None, form: str) -> int:
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
    checker = checker_of(job, sweep)
    if index is not None:
        in_range(sweep, index)
    if form == "env" and index is not None:
        print_data(as_env_file(variables(checker.settings(index))))
        return 0
    indices = range(sweep.size) if index is None else range(index, index + 1)
    if form == "json":
        return _print_json(checker, indices)
    found = surveyed(checker, indices)
    for line in _table(checker, indices, repeats=bool(found.repeated.count)):
        print(line)
    return 0


def surveyed(checker: Checker, indices: range) -> Survey:
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


def _table(checker: Checker, indices: range, *, repeats: bool) -> Iterator[str]:
    """A line for each point, as it is made: a sweep may be larger than what fits into memory twice."""
    grid = checker.sweep
    widths = [max(len("point"), len(str(indices[-1])))]
    for column in grid.columns:
        ends = (column.values[0], column.values[-1]) if isinstance(column.values, range) else column.values
        widths.append(max(len(column.setting), *(len(as_text(value)) for value in ends)))
    titles = ["point", *(column.setting for column in grid.columns), "fingerprint"] + ["same as"] * repeats
    yield _aligned(titles, [*widths, _FINGERPRINT])
    for index in indices:
        values = map(as_text, grid.point(index).values())
        twin = checker.twin(index)
        cells = [str(index), *values, fingerprint(checker.settings(index)), f"point {twin}" if twin != index else ""]
        yield _aligned(cells, [*widths, _FINGERPRINT])


def _aligned(cells: list[str], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, [*widths, 0], strict=False)]
    return "  ".join(padded).rstrip()


def _print_json(checker: Checker, indices: range) -> int:
    """A list with an object for each point, as it is made."""
    wrong = False
    print("[")
    for index in indices:
        error = checker.error(index)
        wrong |= error is not None
        row = {"index": index, "values": checker.sweep.point(index)}
        if error:
            row["problems"] = list(map(str, error.problems))
        else:
            twin = checker.twin(index)
            row |= {"fingerprint": fingerprint(checker.settings(index)), "same_as": twin if twin != index else None}
        print(f"  {json.dumps(row)}{'' if index == indices[-1] else ','}")
    print("]")
    return EX_CONFIG if wrong else 0
