"""The options that say what varies; they reach a command as one Sweep."""

import json
from collections.abc import Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.escaping import spelt
from ..sweeps.checker import Checker
from ..sweeps.grid import Sweep, Written, from_file, sweep_of
from .options import Command, Job, assignment, complete_setting

Assignment = tuple[str, str]


def _axis(text: str) -> Assignment | list[tuple[str, Any]]:
    """`NAME=VALUES`, or a JSON object with the values of several settings."""
    if not text.startswith("{"):
        return assignment(text)
    try:
        content: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        content = []
    if not content:
        raise click.BadParameter('is no JSON object such as {"epochs": [20, 40], "distill_epochs": [10, 20]}')
    return content


_GRID: Final = click.option(
    "--grid",
    multiple=True,
    type=assignment,
    shell_complete=complete_setting,
    metavar="NAME=VALUES",
    help="Vary a setting: seed=1..5, task=mnli,squad, or a JSON array; with others, every combination.",
)
_ZIP: Final = click.option(
    "--zip",
    "zipped",
    multiple=True,
    type=_axis,
    metavar="NAME=VALUES",
    help="Vary settings together: the first value of each --zip, the second of each; or a JSON object.",
)
_GRID_FILE: Final = click.option(
    "--grid-file",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Take [grid] and [[zip]] tables from a TOML file as well.",
)
INDEX: Final = click.option("--index", type=click.IntRange(min=0), metavar="N", help="Of the grid, one point; from 0.")


def takes_grid(command: Command) -> Command:
    """Give a command --grid, --zip and --grid-file, which reach it as one Sweep, that is empty where there is none."""

    @_GRID
    @_ZIP
    @_GRID_FILE
    @wraps(command)
    def with_sweep(
        grid: list[Assignment], zipped: list[Assignment | list[tuple[str, Any]]], grid_file: Path | None, **rest: Any
    ) -> int | None:
        in_file = from_file(grid_file) if grid_file else []
        alone = [_written([each], "--grid") for each in grid]
        together = [_written(each, "--zip") for each in zipped if isinstance(each, list)]
        pairs = _written((each for each in zipped if isinstance(each, tuple)), "--zip")
        return command(sweep=sweep_of([*alone, *in_file, *([pairs] if pairs else []), *together]), **rest)

    return with_sweep


def _written(pairs: Iterable[tuple[str, Any]], option: str) -> list[Written]:
    return [Written(name, values, f"{option} {spelt(name)}") for name, values in pairs]


def checker_of(job: Job, sweep: Sweep) -> Checker:
    """Who judges the points of a sweep of a job."""
    for column in sweep.columns:
        if column.setting in job.given:
            raise click.UsageError(
                f"{column.setting} is given two values: {job.places[column.setting]}, {column.place}"
            )
    return Checker(sweep, job.layers())


def point_of(job: Job, sweep: Sweep, index: int | None) -> AptSettings:
    """The settings of a job, or where there is a grid those of one of its points. Raises SettingsError."""
    if not sweep.axes:
        if index is not None:
            raise click.UsageError("--index is of a grid: --grid seed=1..5 --index 0")
        return job.settings()
    if index is None:
        raise click.UsageError("a grid needs --index, which says which of its points is meant")
    in_range(sweep, index)
    return checker_of(job, sweep).settings(index)


def in_range(sweep: Sweep, index: int) -> None:
    """Refuse a point that is not there."""
    if index >= sweep.size:
        raise click.UsageError(f"--index {index} is not one of the {sweep.size:,} points 0 ... {sweep.size - 1}")
