"""A job as a batch script of SLURM, and handing it over."""

import re
import shlex
import subprocess
from typing import Final, NamedTuple

from .hand_over import hand_over
from .request import Request

USUAL_ARRAY_SIZE: Final = 1001
"""MaxArraySize where a cluster does not set it (slurm.conf)."""
WRITTEN: Final = (
    *("job-name", "requeue", "no-requeue", "open-mode", "array", "partition", "account", "time", "nodes", "gpus"),
    *("cpus-per-task", "mem", "export"),
)
"""The options that a script has, or sets aside, by itself."""
_DIRECTIVE: Final = "#SBATCH "
_SHELLCHECK: Final = "# shellcheck disable=SC1090,SC1091,SC2016,SC2088 # single quotes mean what stands in them"
_SECONDS: Final = 20


class Resources(NamedTuple):
    """What a job asks of the cluster, in the words of sbatch; empty is what the cluster gives unasked."""

    name: str
    partition: str = ""
    account: str = ""
    time: str = ""
    nodes: str = ""
    gpus: str = ""
    cpus: str = ""
    memory: str = ""
    at_once: int = 0
    """How many points of a sweep may run at the same time; 0: no bound."""
    lines: tuple[str, ...] = ()
    """Further options of sbatch, such as `--signal=B:TERM@120`."""
    setup: tuple[str, ...] = ()
    """Lines of bash before the job: modules, conda."""


class Part(NamedTuple):
    """The points of a sweep that fit into one array, as one script runs them."""

    first: int
    size: int


def parts(size: int, array_size: int) -> list[Part]:
    """The arrays that a sweep of a size needs where an array has at most so many tasks."""
    return [Part(first, min(array_size, size - first)) for first in range(0, size, array_size)]


def render(request: Request, resources: Resources, part: Part | None = None, program: str = "apt-settings") -> str:
    """The script: of one job, or of a part of a sweep. Its size does not depend on the number of points."""
    options = [
        f"--job-name={resources.name}",
        "--requeue",
        "--open-mode=append",
        *(f"--{name}={value}" for name, value in _asked(resources) if value),
        *([_array(part, resources.at_once)] if part else []),
        *resources.lines,
    ]
    exports = [f"export {name}={shlex.quote(value)}" for name, value in request.given.items()]
    blocks = [
        ["#!/bin/bash", f"# {request.title}", *(f"{_DIRECTIVE}{option}" for option in options)],
        [_SHELLCHECK, "set -e", *resources.setup],
        ["# What the submitting shell has set does not count.", 'unset "${!APT_@}" "${!apt_@}"', *exports],
        [f"exec {_run(request, part, program)}"],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _asked(resources: Resources) -> list[tuple[str, str]]:
    return [
        ("partition", resources.partition),
        ("account", resources.account),
        ("time", resources.time),
        ("nodes", resources.nodes),
        ("gpus", resources.gpus),
        ("cpus-per-task", resources.cpus),
        ("mem", resources.memory),
    ]


def _array(part: Part, at_once: int) -> str:
    return f"--array=0-{part.size - 1}{f'%{at_once}' if at_once else ''}"


def _run(request: Request, part: Part | None, program: str) -> str:
    """What the script becomes. A point's index is that of its task, counted from the first of the part."""
    index = []
    if part:
        task = "$SLURM_ARRAY_TASK_ID" if part.first == 0 else f"$(({part.first} + SLURM_ARRAY_TASK_ID))"
        index = ["--index", f'"{task}"']
    return " ".join([program, shlex.join(request.start), *index, shlex.join(request.end)])


def submit(script: str) -> str:
    """Hand a script to sbatch and return the id of the job. Raises RefusedError with what sbatch says.

    Its options are given once more on the command line: SBATCH_ variables are stronger than those of a script.
    """
    head = script.partition("\n\n")[0].split("\n")
    options = [word for line in head if line.startswith(_DIRECTIVE) for word in shlex.split(line[len(_DIRECTIVE) :])]
    return hand_over(("sbatch", "--parsable", "--export=ALL", *options), script, "SLURM").partition(";")[0]


def array_size() -> int | None:
    """How many tasks an array of this cluster may have; None where there is none to ask."""
    try:
        done = subprocess.run(("scontrol", "show", "config"), capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(rb"^MaxArraySize\s*=\s*([0-9]+)", done.stdout, re.MULTILINE)
    return int(found[1]) if found else None
