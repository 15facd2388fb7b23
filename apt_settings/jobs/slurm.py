"""A job as a batch script of SLURM, and its submission."""

import re
import shlex
import subprocess
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ..sources.handed_on import EXPORT
from ..sweeps.ranges import as_ranges
from . import torchrun
from .hand_over import Answer, hand_over
from .request import Request

USUAL_ARRAY_SIZE: Final = 1001
"""The default of MaxArraySize in slurm.conf."""
OPTIONS: Final = (
    *("partition", "account", "qos", "constraint", "time", "nodes", "gpus", "gpus-per-node", "gres", "cpus-per-task"),
    "mem",
)
"""The options of sbatch that Resources has, in the order of the script."""
WRITTEN: Final = ("job-name", "requeue", "no-requeue", "open-mode", "array", "export", *OPTIONS)
"""The options that the user may not add: the script or the submission sets them, or they would break it."""
_DIRECTIVE: Final = "#SBATCH "
_SHELLCHECK: Final = "# shellcheck disable=SC1090,SC1091,SC2016,SC2088 # single quotes mean what stands in them"
_IN_AN_ARRAY: Final = (
    ': "${SLURM_ARRAY_TASK_ID:?is not set: submit this script with sbatch, '
    'or run one point with SLURM_ARRAY_TASK_ID=0 bash $0}"'
)
"""Stops a script of an array that no array runs: bash would count from 0 there."""
_IN_A_JOB: Final = ': "${SLURM_JOB_NODELIST:?is not set: submit this script with sbatch}"'
"""Stops a script of several nodes that no job runs."""
_ON_EACH_NODE: Final = (
    "# Here and not on the nodes, where a container may have no scontrol.",
    f'read -r {torchrun.MASTER} < <(scontrol show hostnames "$SLURM_JOB_NODELIST")  # the first node: rank 0',
    # below the ports that Linux gives to whoever asks for any (ip_local_port_range), and another one for each job
    f"{torchrun.PORT}=$((10000 + SLURM_JOB_ID % 20000))",
    f"{torchrun.IDENTITY}=$SLURM_JOB_ID.${{SLURM_RESTART_COUNT:-0}}",
    f"{torchrun.NODES}=$SLURM_JOB_NUM_NODES",
)
"""What torchrun is told on every node, but for the number of its processes."""
_SRUN: Final = (
    'srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1',
    "--kill-on-bad-exit=1",  # the others would wait for a process that has ended
)
_RANKED: Final = f"""bash -c '{torchrun.NODE_RANK}=$SLURM_NODEID exec "$0" "$@"'"""
"""Starts a command with the number of its node, which only the node knows."""
_SECONDS: Final = 20
_EVERYTHING: Final = f"export {EXPORT}=ALL  # else srun hands nothing on where the job was submitted with --export=NONE"


class Resources(NamedTuple):
    """Options of sbatch; the script leaves out an empty one, so that the cluster's default holds."""

    name: str
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    time: str = ""
    nodes: str = ""
    gpus: str = ""
    gpus_per_node: str = ""
    gres: str = ""
    cpus: str = ""
    memory: str = ""
    at_once: int = 0
    """How many points of a sweep may run at the same time; 0: all."""
    lines: tuple[str, ...] = ()
    """Other options of sbatch, such as `--signal=B:TERM@120`."""
    setup: tuple[str, ...] = ()
    """Lines of bash before the job, such as `module load cuda`."""
    processes: int = 0
    """How many processes torchrun, with which the command begins, starts on each node; 0: there is no torchrun."""

    @property
    def gpus_of_a_node(self) -> int:
        """As far as the options say it: 2 for `--gpus-per-node a100:2` or `--gres gpu:2`, 0 where they do not."""
        gres = [each for each in self.gres.split(",") if each.partition(":")[0] == "gpu"]
        return gpus_in(self.gpus_per_node or ",".join(gres))


def gpus_in(text: str) -> int:
    """The number of GPUs in a text for sbatch: `gpus_in("a100:2,v100:1")` is 3. A type without a number is one."""
    counts = (each.rpartition(":")[2] for each in text.split(",") if each)
    return sum(int(count) if count.isdecimal() else 1 for count in counts)


class Part(NamedTuple):
    """The points of a sweep that one array runs: `size` points, the first of which is `first`."""

    first: int
    size: int
    tasks: tuple[int, ...] = ()
    """The tasks of the array where not every point runs, counted from `first`; empty: all of them."""


def parts(size: int, array_size: int, points: Sequence[int] = ()) -> list[Part]:
    """The arrays that a sweep needs: `parts(5, 2)` has the sizes 2, 2 and 1.

    Of some points, those arrays that have one: `parts(5, 2, [1, 4])` has a task 1 and a task 0, of the point 4.
    """
    whole = [Part(first, min(array_size, size - first)) for first in range(0, size, array_size)]
    if not points:
        return whole
    return [
        whole[number]._replace(tasks=tuple(point - number * array_size for point in group))
        for number, group in groupby(points, lambda point: point // array_size)
    ]


def render(request: Request, resources: Resources, part: Part | None = None, program: str = "apt-settings") -> str:
    """The script of one job, or of a part of a sweep; it computes its point, so more points make it no longer."""
    options = [
        f"--job-name={resources.name}",
        "--requeue",
        "--open-mode=append",
        *(f"--{name}={value}" for name, value in _options(resources) if value),
        *([_array(part, resources.at_once)] if part else []),
        *resources.lines,
    ]
    places = request.places
    exports = [
        f"export {name}={shlex.quote(value)}{f'  # {places[name]}' if name in places else ''}"
        for name, value in request.variables.items()
    ]
    guards = [*([_IN_AN_ARRAY] if part else []), *([_IN_A_JOB] if resources.processes else [])]
    blocks = [
        ["#!/bin/bash", *request.comments, *(f"{_DIRECTIVE}{option}" for option in options)],
        [_SHELLCHECK, "set -e", *guards, *resources.setup],
        [*_unset(request.kept), *request.guards, *exports, _EVERYTHING],
        *([_rendezvous(resources)] if resources.processes else []),
        [f"exec {_on_each_node(resources)}{_run(request, part, program)}"],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _unset(kept: Sequence[str]) -> list[str]:
    """What the submitting shell has set goes, but for secrets and the like, which are not written."""
    if not kept:
        return ["# What the submitting shell has set does not count.", 'unset "${!APT_@}" "${!apt_@}"']
    loop = (
        f'for each in "${{!APT_@}}" "${{!apt_@}}"; do case $each in {"|".join(kept)}) ;; *) unset "$each" ;; esac; done'
    )
    return [f"# What the submitting shell has set does not count, but for {', '.join(kept)}.", loop]


def _options(resources: Resources) -> list[tuple[str, str]]:
    """Option of sbatch -> value: `("cpus-per-task", "4")`; the value may be empty."""
    names = {"cpus-per-task": "cpus", "mem": "memory"}
    return [(option, getattr(resources, names.get(option, option.replace("-", "_")))) for option in OPTIONS]


def _array(part: Part, at_once: int) -> str:
    tasks = as_ranges(part.tasks) if part.tasks else f"0-{part.size - 1}"
    return f"--array={tasks}{f'%{at_once}' if at_once else ''}"


def _rendezvous(resources: Resources) -> list[str]:
    told = [name for name in torchrun.VARIABLES if name != torchrun.NODE_RANK]
    is_told = any(re.search(rf"\b{torchrun.PROCESSES}=", line) for line in resources.setup)
    processes = [] if is_told else [f"{torchrun.PROCESSES}={resources.processes}"]
    return [*_ON_EACH_NODE, *processes, f"export {' '.join(told)}"]


def _on_each_node(resources: Resources) -> str:
    """What starts the command once on each node; empty if it starts on the first alone.

    srun takes the CPUs of a task from no option of sbatch (slurm.schedmd.com/srun.html, --cpus-per-task).
    """
    if not resources.processes:
        return ""
    cpus = [f"--cpus-per-task={resources.cpus}"] if resources.cpus else []
    return " ".join([*_SRUN, *cpus, _RANKED, ""])


def _run(request: Request, part: Part | None, program: str) -> str:
    """The command of the script. The index of a point is the first of the part plus the number of the array's task."""
    index = []
    if part:
        task = "$SLURM_ARRAY_TASK_ID" if part.first == 0 else f"$(({part.first} + SLURM_ARRAY_TASK_ID))"
        index = ["--index", f'"{task}"']
    return " ".join([program, shlex.join(request.start), *index, shlex.join(request.end)])


def submit(script: str) -> Answer:
    """Hand a script to sbatch; the answer's text is the id of the job. Raises RefusedError with the message of sbatch.

    The options of the script are repeated on the command line: SBATCH_ variables would override those in the script.
    """
    head = script.partition("\n\n")[0].split("\n")
    options = [word for line in head if line.startswith(_DIRECTIVE) for word in shlex.split(line[len(_DIRECTIVE) :])]
    answer = hand_over(("sbatch", "--parsable", "--export=ALL", *options), script, "SLURM")
    return answer._replace(text=answer.text.partition(";")[0])


def array_size() -> int | None:
    """The cluster's MaxArraySize; None if scontrol does not report it here."""
    try:
        done = subprocess.run(("scontrol", "show", "config"), capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(rb"^MaxArraySize\s*=\s*([0-9]+)", done.stdout, re.MULTILINE)
    return int(found[1]) if found else None
