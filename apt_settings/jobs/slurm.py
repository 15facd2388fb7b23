"""A job as a batch script of SLURM, and its submission."""

import re
import shlex
import subprocess
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from ..sources.handed_on import EXPORT, places_in
from ..sweeps.ranges import as_ranges
from ..variables import GIVEN_BY
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
    places = places_in(request.variables.get(GIVEN_BY, ""))
    exports = [
        f"export {name}={shlex.quote(value)}{f'  # {places[name][1]}' if name in places else ''}"
        for name, value in request.variables.items()
    ]
    blocks = [
        ["#!/bin/bash", *request.comments, *(f"{_DIRECTIVE}{option}" for option in options)],
        [_SHELLCHECK, "set -e", *([_IN_AN_ARRAY] if part else []), *resources.setup],
        [*_unset(request.kept), *exports, _EVERYTHING],
        [f"exec {_run(request, part, program)}"],
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
