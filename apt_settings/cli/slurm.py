"""`job slurm`: a batch script, or its submission."""

import re
import shlex
import shutil
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from ..base import AptSettings
from ..errors import Problem, SettingsError
from ..fingerprint import fingerprint
from ..jobs.request import Request, given_by
from ..jobs.slurm import USUAL_ARRAY_SIZE, RefusedError, Resources, array_size, missing, parts, render, submit
from ..process import NOT_FOUND
from ..report import notes
from ..sweeps import Sweep
from ..terminal import print_sentences
from .grids import checker_of, takes_grid
from .options import Job, takes_settings
from .output import complain, print_data
from .run import refuse_default_task
from .sweep import surveyed

_WORD: Final = r"[A-Za-z0-9][A-Za-z0-9_.:,@-]*"
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_TIME: Final = r"\d+(:\d\d){0,2}|\d+-\d+(:\d\d){0,2}|UNLIMITED|INFINITE"
_MEMORY: Final = r"\d+[KMGT]?"
_NODES: Final = r"\d+(-\d+)?"
_LINE: Final = r"--[a-z][^\x00-\x1f\x7f]*"
_ONE_LINE: Final = r"[^\x00-\x1f\x7f]+"


def _like(pattern: str, allowed: str) -> Callable[[str], str]:
    """A reader of an option's text; click tells what it raises."""

    def text_like(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise click.BadParameter(f"{text!r} must be {allowed}")
        return text

    return text_like


def _asks(option: str, pattern: str, allowed: str, meaning: str) -> Callable[[Any], Any]:
    return click.option(option, type=_like(pattern, allowed), metavar="TEXT", help=meaning)


@click.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@takes_grid
@_asks("--name", _NAME, "letters, digits, and . _ - between them", "The job's name; the task's where not given.")
@_asks("--partition", _WORD, "a partition, or several joined by commas", "Where to run.")
@_asks("--account", _WORD, "an account", "Whom to charge.")
@_asks("--time", _TIME, "minutes, HH:MM:SS or D-HH:MM:SS", "The longest that it may run.")
@_asks("--nodes", _NODES, "a number of nodes", "Nodes; the command starts on the first, srun starts it on all.")
@_asks("--gpus", _WORD, "a number, or a type and a number such as a100:2", "GPUs.")
@_asks("--cpus", r"\d+", "a number", "CPUs for each task.")
@_asks("--memory", _MEMORY, "a number with K, M, G or T", "Memory of each node.")
@click.option("--at-once", type=click.IntRange(min=1), metavar="N", help="Of a grid, the most points to run at a time.")
@click.option(
    "--sbatch",
    "lines",
    multiple=True,
    type=_like(_LINE, "an option of sbatch, such as --signal=B:TERM@120"),
    metavar="OPTION",
    help="A further #SBATCH line; repeatable.",
)
@click.option(
    "--setup",
    multiple=True,
    type=_like(_ONE_LINE, "one line of bash"),
    metavar="LINE",
    help="Run this before the job, such as module load cuda; repeatable.",
)
@click.option(
    "--record",
    "records",
    default="runs",
    show_default=True,
    metavar="DIR",
    help="A folder for each fingerprint, in it.",
)
@click.option("--full", is_flag=True, help="Write every setting, not only what was set.")
@click.option("--submit", "submitting", is_flag=True, help="Hand it to sbatch, and print the id of the job.")
@click.option("--part", type=click.IntRange(min=1), metavar="K", help="Of a grid that needs several arrays, the K-th.")
@click.option(
    "--array-size",
    "at_most",
    type=click.IntRange(min=1),
    metavar="N",
    help="The cluster's MaxArraySize, where it cannot be asked.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def slurm(
    job: Job,
    sweep: Sweep,
    command: tuple[str, ...],
    records: str,
    full: bool,
    submitting: bool,
    part: int | None,
    at_most: int | None,
    **asked: Any,
) -> int:
    """Print a batch script of SLURM, or submit it.

    The job has what was set and no other APT_ variable or .env, runs under apt-settings run, and keeps
    its record in a folder of its fingerprint, where a requeued job goes on. A grid becomes one array
    with a task for each point.

    Example: apt-settings job slurm --task squad --grid seed=1..5 --gpus 1 -- python train.py
    """
    if not command:
        raise click.UsageError("a command is missing: apt-settings job slurm -- python train.py")
    if full and sweep.axes:
        raise click.UsageError("--full writes the settings of one job, and a grid has several")
    not_found = "" if asked["setup"] else missing(command)
    if not_found and submitting:
        return complain(NOT_FOUND, f"apt-settings: {not_found}")
    settings = _first_of(job, sweep)
    name = asked.pop("name") or settings.task
    title = f"{settings.task}, {fingerprint(settings)}"
    if sweep.axes:
        title = f"{sweep.size:,} points over {', '.join(column.setting for column in sweep.columns)}"
    request = Request(title, given_by(settings, sweep, full=full), sweep, command, records)
    wanted = {option: value for option, value in asked.items() if value}
    scripts = _scripts(request, Resources(name=name, **wanted), at_most)
    print_sentences([*notes(settings), *([f"note: {not_found} here"] if not_found else [])], err=True)
    if submitting:
        return _submit(scripts)
    if part is None and len(scripts) > 1:
        raise click.UsageError(
            f"the grid has {sweep.size:,} points and needs {len(scripts)} arrays: "
            f"--submit them, or print one after the other with --part 1 ... --part {len(scripts)}"
        )
    if part is not None and part > len(scripts):
        raise click.UsageError(f"--part {part} is not there: all points fit into {len(scripts)}")
    print_data(scripts[(part or 1) - 1])
    return 0


def _first_of(job: Job, sweep: Sweep) -> AptSettings:
    """The settings of a job, or of the first point of a grid that is right as a whole. Raises SettingsError."""
    if not sweep.axes:
        settings = job.settings()
    else:
        checker = checker_of(job, sweep)
        found = surveyed(checker, range(sweep.size))
        if found.repeated.count:
            wrong = "are the same experiments as earlier ones, and would share their folders"
            raise SettingsError([Problem("", f"points {found.repeated}", None, wrong)])
        settings = checker.settings(0)
    refuse_default_task(settings)
    return settings


def _scripts(request: Request, resources: Resources, at_most: int | None) -> list[str]:
    """One for each array that the cluster needs; of one job, its own."""
    program = "apt-settings" if shutil.which("apt-settings") else f"{shlex.quote(sys.executable)} -m apt_settings"
    if not request.sweep.axes:
        return [render(request, resources, program=program)]
    size = at_most or array_size() or USUAL_ARRAY_SIZE
    return [render(request, resources, part, program) for part in parts(request.sweep.size, size)]


def _submit(scripts: list[str]) -> int:
    """Print the id of each job; where one is refused, say which were not."""
    if len(scripts) > 1:
        print_sentences([f"note: the grid is more than one array may have: {len(scripts)} are submitted"], err=True)
    for number, script in enumerate(scripts, start=1):
        try:
            click.echo(submit(script))
        except RefusedError as refused:
            which = f" array {number} of {len(scripts)}" if len(scripts) > 1 else ""
            return complain(refused.status, f"apt-settings: not submitted{which}: {refused}")
    return 0
