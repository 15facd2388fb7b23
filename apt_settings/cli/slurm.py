"""`job slurm`: a batch script, or its submission."""

import re
import shlex
import shutil
import sys
from typing import Any, Final

import click

from ..basics.escaping import shown
from ..basics.exit_status import NOT_FOUND
from ..jobs.hand_over import RefusedError
from ..jobs.request import Request
from ..jobs.slurm import USUAL_ARRAY_SIZE, WRITTEN, Resources, array_size, parts, render, submit
from ..sweeps.grid import Sweep
from .grids import takes_grid
from .job_options import ONE_LINE, WORD, asks, like, request_of
from .options import Job, takes_settings
from .output import complain, print_data
from .terminal import print_sentences

_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_TIME: Final = r"[0-9]+(:[0-9]{2}){0,2}|[0-9]+-[0-9]+(:[0-9]{2}){0,2}|UNLIMITED|INFINITE"
_MEMORY: Final = r"[0-9]+[KMGT]?"
_GPUS: Final = r"([A-Za-z][A-Za-z0-9_.-]*:)?[0-9]+"
_NODES: Final = r"[0-9]+(-[0-9]+)?"


def _sbatch_option(text: str) -> str:
    """An option of sbatch that the script does not write itself; sbatch takes abbreviations, too."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not re.fullmatch(r"--[a-z][^\x00-\x1f\x7f]*", text) or len(words) != 1:
        raise click.BadParameter(f"{shown(text)} must be an option of sbatch in one word, such as --signal=B:TERM@120")
    name = re.split("[= ]", text)[0]
    if own := [option for option in WRITTEN if f"--{option}".startswith(name)]:
        raise click.BadParameter(f"{name} is --{own[0]} to sbatch, which the script has already, or must not have")
    return text


def _setup_line(text: str) -> str:
    if not re.fullmatch(ONE_LINE, text) or re.search(r"\bAPT_\w*=", text):
        raise click.BadParameter(f"{shown(text)} must be one line of bash, and sets no APT_ variable: --set does")
    return text


@click.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@takes_grid
@asks("--name", _NAME, "letters, digits, and . _ - between them", "The job's name; the task's where not given.")
@asks("--partition", WORD, "a partition, or several joined by commas", "Where to run.")
@asks("--account", WORD, "an account", "Whom to charge.")
@asks("--time", _TIME, "minutes, HH:MM:SS or D-HH:MM:SS", "The longest that it may run.")
@asks("--nodes", _NODES, "a number of nodes", "Nodes; the command starts on the first, srun starts it on all.")
@asks("--gpus", rf"{_GPUS}(,{_GPUS})*", "a number, or a type and a number such as a100:2", "GPUs.")
@asks("--cpus", r"[0-9]+", "a number", "CPUs for each task.")
@asks("--memory", _MEMORY, "a number with K, M, G or T", "Memory of each node.")
@click.option("--at-once", type=click.IntRange(min=1), metavar="N", help="Of a grid, the most points to run at a time.")
@click.option(
    "--sbatch",
    "lines",
    multiple=True,
    type=_sbatch_option,
    metavar="OPTION",
    help="A further #SBATCH line; repeatable.",
)
@click.option(
    "--setup",
    multiple=True,
    type=_setup_line,
    metavar="LINE",
    help="Run this before the job, such as module load cuda; repeatable.",
)
@click.option(
    "--record",
    "records",
    default="runs",
    type=like(ONE_LINE, "the path of a folder"),
    show_default=True,
    metavar="DIR",
    help="A folder for each fingerprint, in it.",
)
@click.option("--full", is_flag=True, help="Write every setting, not only what was set.")
@click.option("--once", is_flag=True, help="Do nothing for a point that has ended well before.")
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
    once: bool,
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
    if not sweep.axes and (part or at_most or asked["at_once"]):
        raise click.UsageError("--part, --array-size and --at-once are of a grid")
    settings, request = request_of(job, sweep, command, records, full=full, once=once)
    not_found = "" if asked["setup"] or shutil.which(command[0]) else f"{command[0]!r} is no command that can be found"
    if not_found and submitting:
        return complain(NOT_FOUND, f"apt-settings: {not_found}")
    wanted = {option: value for option, value in asked.items() if value}
    scripts = _scripts(request, Resources(**{"name": settings.task, **wanted}), at_most)
    print_sentences([f"note: {not_found} here"] if not_found else [], err=True)
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
