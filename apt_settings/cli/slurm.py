"""`job slurm`: print a batch script of SLURM, or submit it."""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Final

import click

from ..basics.escaping import shown
from ..basics.exit_status import NOT_FOUND
from ..errors import Note
from ..jobs.request import Request
from ..jobs.slurm import OPTIONS, USUAL_ARRAY_SIZE, WRITTEN, Resources, array_size, gpus_in, parts, render, submit
from ..sweeps.grid import Sweep
from .grids import ONLY, ended_well, takes_grid
from .job_options import (
    AT_ONCE,
    FULL,
    NO_EXPECT,
    ONE_LINE,
    TORCHRUN,
    WORD,
    drop_fingerprint,
    drop_unset,
    like,
    refuse_torchrun,
    text_option,
    under_torchrun,
)
from .job_requests import print_answer, request_of, usual_name
from .options import COMMAND, Job, WrappingCommand, takes_expected, takes_settings
from .output import complain, print_data
from .terminal import print_notes, print_sentences

_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_TIME: Final = r"[0-9]+(:[0-9]{2}){0,2}|[0-9]+-[0-9]+(:[0-9]{2}){0,2}|UNLIMITED|INFINITE"
_MEMORY: Final = r"[0-9]+[KMGT]?"
_GPU: Final = r"([A-Za-z][A-Za-z0-9_.-]*:)?[0-9]+"
_GPUS: Final = rf"{_GPU}(,{_GPU})*"
_GPUS_IN_WORDS: Final = "a number, or a type and a number such as a100:2"
_NODES: Final = r"[0-9]+(-[0-9]+)?"
_TO_ALL_NODES: Final = ("srun", "mpirun", "mpiexec")
_FEATURES: Final = r"[A-Za-z0-9!(\[][A-Za-z0-9_.:=+&|*!()\[\]-]*"
_GRES: Final = r"[A-Za-z][A-Za-z0-9_]*(:[A-Za-z0-9][A-Za-z0-9_.-]*)?(:[0-9]+[KMGTP]?)?"


def _sbatch_option(text: str) -> str:
    """A type for click: an option of sbatch, unless the script sets it already. sbatch accepts abbreviations too."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not re.fullmatch(r"--[a-z][^\x00-\x1f\x7f]*", text) or len(words) != 1:
        raise click.BadParameter(f"{shown(text)} must be an option of sbatch in one word, such as --signal=B:TERM@120")
    name = re.split("[= ]", text)[0]
    if written := [option for option in WRITTEN if f"--{option}".startswith(name)]:
        option = f"--{written[0]}"
        meant = "" if name == option else f" is {option} to sbatch"
        fix = f"job slurm has {option}: write it without --sbatch"
        if written[0] not in OPTIONS:
            fix = f"the script has {option} already, or must not have it"
        raise click.BadParameter(f"{name}{meant}: {fix}")
    return text


def _setup_line(text: str) -> str:
    """A type for click: one line of bash that sets no APT_ variable."""
    if not re.fullmatch(ONE_LINE, text) or re.search(r"\bAPT_\w*=", text):
        raise click.BadParameter(f"{shown(text)} must be one line of bash that sets no APT_ variable: use --set for it")
    if re.match(r"\s*#SBATCH\b", text):
        raise click.BadParameter(f"{shown(text)} is for --sbatch: sbatch reads no directive below a command")
    return text


@click.command(cls=WrappingCommand)
@takes_settings
@takes_expected
@takes_grid
@ONLY
@text_option(
    "--name",
    _NAME,
    "letters, digits, and . _ - between them",
    "The job's name; by default the dataset or task.",
)
@text_option("--partition", WORD, "a partition, or several joined by commas", "The partition to run in.")
@text_option("--account", WORD, "an account", "The account to charge.")
@text_option("--qos", r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a QOS in one word", "The quality of service.")
@text_option(
    "--constraint",
    _FEATURES,
    "features joined by & or |, such as a100&nvlink|v100 or [a*2]",
    "Features of the nodes, as sbatch takes them.",
)
@text_option("--time", _TIME, "minutes, HH:MM:SS or D-HH:MM:SS", "The longest time that the job may run.")
@text_option(
    "--nodes",
    _NODES,
    "a number of nodes",
    "Nodes. The command starts on the first; to start it on all, take --torchrun, or begin it with srun.",
)
@text_option("--gpus", _GPUS, _GPUS_IN_WORDS, "GPUs.")
@text_option("--gpus-per-node", _GPUS, _GPUS_IN_WORDS, "GPUs of each node.")
@text_option(
    "--gres",
    rf"{_GRES}(,{_GRES})*",
    "NAME:COUNT or NAME:TYPE:COUNT, such as gpu:a100:2",
    "Generic resources of each node, such as gpu:a100:2.",
)
@text_option("--cpus", r"[0-9]+", "a number", "CPUs for each task.", "--cpus-per-task")
@text_option("--memory", _MEMORY, "a number with K, M, G or T", "Memory of each node.", "--mem")
@AT_ONCE
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
    help="A line of bash to run before the job, such as module load cuda; repeatable.",
)
@click.option(
    "--record",
    "records",
    default="runs",
    type=like(rf"(?!-){ONE_LINE}", "the path of a folder"),
    callback=drop_fingerprint,
    show_default=True,
    metavar="DIR",
    help="The folder for records; each fingerprint has a folder in it.",
)
@FULL
@click.option("--once", is_flag=True, help="Skip a point that has ended well before.")
@click.option(
    "--submit", "submitting", is_flag=True, help="Submit the script with sbatch, and print the id of the job."
)
@click.option("--part", type=click.IntRange(min=1), metavar="K", help="Print array K of a grid that needs several.")
@click.option(
    "--array-size",
    "at_most",
    type=click.IntRange(min=1),
    metavar="N",
    help="The cluster's MaxArraySize, if scontrol is not here to report it.",
)
@TORCHRUN
@NO_EXPECT
@COMMAND
def slurm(
    job: Job,
    sweep: Sweep,
    only: frozenset[str] | None,
    command: tuple[str, ...],
    records: str,
    full: bool,
    no_expect: bool,
    once: bool,
    submitting: bool,
    part: int | None,
    at_most: int | None,
    with_torchrun: bool,
    **options: Any,
) -> int:
    """Print a batch script of SLURM, or submit it.

    The script has the settings that you set now; on the cluster, no other APT_ variable and no .env
    counts. It runs the command with apt-settings run, which keeps a record in a folder named after the
    fingerprint. A requeued job goes on in that folder. A grid becomes one array with a task for each
    point. With --torchrun, srun starts the command on every node, and torchrun one process for each GPU.

    Example: apt-settings job slurm --task squad --grid seed=1..5 --gpus 1 -- python train.py
    """
    if not sweep.axes and (part or at_most or options["at_once"]):
        raise click.UsageError("--part, --array-size and --at-once need a grid")
    resources = Resources(**{"name": "", **drop_unset(options)})
    if with_torchrun:
        command, resources = under_torchrun(command), resources._replace(processes=_processes(resources))
        refuse_torchrun("--setup", [name for line in resources.setup for name in re.findall(r"\b(PET_\w+)=", line)])
    chosen = (only, Path(records)) if only else None
    asked = Request(sweep, command, records, once)
    settings, request = request_of(job, asked, full=full, expect=not no_expect, only=chosen)
    if submitting and not resources.setup and (not_found := _not_found(command)):
        return complain(NOT_FOUND, f"apt-settings: {not_found}")
    if not once and not only:
        print_notes(ended_well(job, settings, sweep, Path(records)), err=True)
    print_notes([Note(each) for each in _remarks(command, resources)], err=True)
    scripts = _scripts(request, resources._replace(name=resources.name or usual_name(settings, sweep)), at_most)
    if submitting:
        return _submit(scripts)
    if part is None and len(scripts) > 1:
        raise click.UsageError(
            f"the grid has {sweep.size:,} points and needs {len(scripts)} arrays: "
            f"--submit them, or print them one by one with --part 1 ... --part {len(scripts)}"
        )
    if part is not None and part > len(scripts):
        raise click.UsageError(f"there is no --part {part}: the number of arrays is {len(scripts)}")
    print_data(scripts[(part or 1) - 1])
    return 0


def _not_found(command: Sequence[str]) -> str:
    """That the command cannot be found; empty where it can."""
    return "" if shutil.which(command[0]) else f"{command[0]!r} is no command that can be found"


def _remarks(command: Sequence[str], resources: Resources) -> Iterator[str]:
    """What may keep a job from starting as it would here: a program that is not there, nodes that stay idle."""
    if not resources.setup:
        if not_found := _not_found(command):
            yield f"{not_found} here"
        if not shutil.which("apt-settings"):
            fix = "activate its environment first, or write --setup '. .venv/bin/activate'"
            yield f"apt-settings is not on the PATH, and the script names {sys.executable}: {fix}"
    script = next((word for word in command[1:] if word.endswith((".py", ".sh"))), "")
    if script and not Path(script).is_file():
        yield f"{shown(script)} is no file here, where the job would start"
    if not resources.processes and _is_several(resources.nodes) and PurePath(command[0]).name not in _TO_ALL_NODES:
        yield f"{command[0]!r} starts on the first node alone: begin the command with srun, or take --torchrun"


def _is_several(nodes: str) -> bool:
    """Whether a text of --nodes, `2` or `1-4`, may be more than one."""
    return int(nodes.rpartition("-")[2] or 1) > 1


def _processes(resources: Resources) -> int:
    """How many processes torchrun starts on each node: one for each GPU. Raises UsageError if that cannot be said."""
    of_a_node = resources.gpus_of_a_node
    if resources.gpus and not of_a_node and _is_several(resources.nodes):
        raise click.UsageError("--gpus counts those of all nodes, and torchrun must know each: write --gpus-per-node")
    return of_a_node or gpus_in(resources.gpus) or 1


def _scripts(request: Request, resources: Resources, at_most: int | None) -> list[str]:
    """The script of a job, or the scripts of a sweep: one for each array that it needs."""
    program = "apt-settings" if shutil.which("apt-settings") else f"{shlex.quote(sys.executable)} -m apt_settings"
    if not request.sweep.axes:
        return [render(request, resources, program=program)]
    size = at_most or array_size() or USUAL_ARRAY_SIZE
    return [render(request, resources, part, program) for part in parts(request.sweep.size, size, request.points)]


def _submit(scripts: list[str]) -> int:
    """Submit scripts in turn, print the id of each job, and stop at the first that is refused."""
    if len(scripts) > 1:
        print_sentences([f"note: the grid does not fit into one array: {len(scripts)} are submitted"], err=True)
    for number, script in enumerate(scripts, start=1):
        which = f" array {number} of {len(scripts)}" if len(scripts) > 1 else ""
        if status := print_answer("sbatch", partial(submit, script), which):
            return status
    return 0
