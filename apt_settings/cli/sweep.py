"""`sweep`: check every point of a grid and print them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from ..base import json_values
from ..basics.escaping import escaped
from ..basics.exit_status import WRONG_SETTINGS
from ..errors import Note
from ..fingerprint import fingerprint
from ..pin import refuse_others
from ..report.tables import notes_on_missing
from ..runs.points import Standing, standing, standings
from ..sweeps.checker import Checker
from ..sweeps.grid import Sweep
from ..sweeps.pin import pinned_sweep
from ..values import as_text
from ..variables import as_env_file, variables
from .grids import (
    INDEX,
    check_points,
    checker_of,
    none_of_its_points,
    notes_on_shared_folder,
    refuse_out_of_range,
    set_elsewhere,
    takes_grid,
)
from .options import Job, takes_expected, takes_settings
from .output import print_data, warn
from .paths import PathOption
from .terminal import print_notes

_FINGERPRINT_WIDTH: Final = 21


@click.command()
@takes_settings
@takes_expected
@takes_grid
@INDEX
@click.option(
    "--record",
    "records",
    type=PathOption(path_type=Path),
    metavar="DIR",
    help="Add the status of each point, by the records in DIR: done, failed, running, missing.",
)
@click.option(
    "--plot", "picture", type=PathOption(path_type=Path), metavar="FILE", help="Draw the points: .svg, .png or .pdf."
)
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
def sweep(job: Job, sweep: Sweep, index: int | None, records: Path | None, picture: Path | None, form: str) -> int:
    """Check the points of a grid or sample, and print them.

    A grid lists several values for one or more settings. A point is one combination of them; the last
    --grid varies fastest. --sample takes --points points from ranges; each is computed from the seed and
    its index. All points are checked before any is printed, and an error names the points that have it.
    A point that is the same experiment as an earlier one is marked with the index of that one. --index
    chooses one point; then the format env prints its settings as a .env.

    Example: apt-settings sweep --grid task=mnli,squad --sample learning_rate=log:1e-5..1e-3 --points 16
    """
    if not sweep.axes:
        raise click.UsageError(
            "a grid is missing: --grid seed=1..3; or a sample: --sample learning_rate=log:1e-5..1e-3 --points 16"
        )
    if form == "env" and index is None:
        raise click.UsageError("--format env prints one point: it needs --index")
    if form != "table" and picture:
        raise click.UsageError(f"--plot goes with the table, and not with --format {form}")
    checker, indices = checker_of(job, sweep, complete=False), range(sweep.size)
    if index is not None:
        refuse_out_of_range(sweep, index)
        indices = range(index, index + 1)
    if form == "env":
        point = checker.settings(indices[0])
        print_data(as_env_file(variables(point)))
        print_notes(notes_on_missing(point), err=True)
        return 0
    found = standings(records, warn) if records else None
    if form == "json":
        return _print_json(checker, indices, found)
    report = check_points(checker, indices)
    refuse_others(checker.settings(indices[0]), pinned_sweep(checker))
    if picture:
        from ..sweeps.plot import draw

        draw(sweep, indices, picture)
    for line in _table(checker, indices, found, repeats=bool(report.repeated.count)):
        print(line)
    nobody = "task" not in sweep.places and not checker.settings(indices[0]).origin("task").is_override
    unset = [Note("nothing sets APT_TASK: a job must say which task it is", "task")] if nobody else []
    unknown = _on_unknown(checker, found, records) if found is not None and records and index is None else []
    shared = [] if index is not None or records else notes_on_shared_folder(checker)
    elsewhere = set_elsewhere(checker.settings(indices[0]), sweep)
    missing = notes_on_missing(checker.settings(indices[0]))
    print_notes([*elsewhere, *report.notes, *shared, *unset, *missing, *unknown], err=True)
    return 0


def _on_unknown(checker: Checker, found: Mapping[str, Standing], folder: Path) -> list[Note]:
    """A note where a folder has no record of any point."""
    known = any(fingerprint(checker.settings(index)) in found for index in range(checker.sweep.size))
    return [] if known else [Note(none_of_its_points(checker, found, folder))]


def _table(checker: Checker, indices: range, found: Mapping[str, Standing] | None, *, repeats: bool) -> Iterator[str]:
    """A header, then a line for each point. Lines are made one by one, as a sweep may have very many points."""
    grid = checker.sweep
    widths = [max(len("point"), len(str(indices[-1])))]
    for column in grid.columns:
        ends = (column.values[0], column.values[-1]) if isinstance(column.values, range) else column.values
        widths.append(max(len(column.setting), *(len(as_text(value)) for value in ends)))
    widths += [_FINGERPRINT_WIDTH, *[len(f"point {indices[-1]}")] * repeats]
    titles = ["point", *(column.setting for column in grid.columns), "fingerprint"]
    yield _aligned([*titles, *["same as"] * repeats, *["status"] * (found is not None)], widths)
    for index in indices:
        settings, twin = checker.settings(index), checker.twin(index) if repeats else index
        cells = [str(index), *map(as_text, grid.point(index).values()), fingerprint(settings)]
        cells += [f"point {twin}" if twin != index else ""] * repeats
        yield _aligned([*cells, *([standing(found, settings)[1]] if found is not None else [])], widths)


def _aligned(cells: list[str], widths: list[int]) -> str:
    return "  ".join(map(str.ljust, map(escaped, cells), [*widths, 0])).rstrip()


def _print_json(checker: Checker, indices: range, found: Mapping[str, Standing] | None) -> int:
    """Print a list with an object for each point, one by one, and return the exit status."""
    wrong = False
    print("[")
    for index in indices:
        problems, notes = checker.verdict(index)
        wrong |= bool(problems)
        point = checker.sweep.point(index)
        row: dict[str, Any] = {"index": index, "values": point}
        if problems:
            row["problems"] = list(map(str, problems))
        else:
            first = checker.twin(index)
            same_as = first if first != index and not checker.verdict(first).problems else None
            settings = checker.settings(index)
            values = json_values(settings)
            row |= {
                # a task stays as it was written: by its dataset
                "values": {name: word if name == "task" else values.get(name, word) for name, word in point.items()},
                "fingerprint": fingerprint(settings),
                "same_as": same_as,
                "notes": list(map(str, notes)),
            }
            row |= {"status": standing(found, settings)[0]} if found is not None else {}
        print(f"  {json.dumps(row, default=str)}{'' if index == indices[-1] else ','}")
    print("]")
    return WRONG_SETTINGS if wrong else 0
