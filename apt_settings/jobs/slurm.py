"""A job as a batch script of SLURM, and handing it over."""

import re
import shlex
import subprocess
from collections.abc import Sequence
from typing import Final, NamedTuple

from .request import Request

USUAL_ARRAY_SIZE: Final = 1001
"""MaxArraySize where a cluster does not set it (slurm.conf)."""
_SECONDS: Final = 60


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
    texts = (*request.given.values(), *request.sweep.options(), *request.command)
    literal = ["# shellcheck disable=SC2016 # what stands in single quotes is meant as it stands"]
    blocks = [
        ["#!/bin/bash", f"# {request.title}", *(f"#SBATCH {option}" for option in options)],
        [*(literal if any(re.search("[$`]", text) for text in texts) else []), "set -e", *resources.setup],
        ['unset "${!APT_@}" # what the submitting shell has set does not count', *exports],
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
    words = ["run", "--record", f"{request.records}/{{fingerprint}}", "--resume"]
    index = []
    if part:
        task = "$SLURM_ARRAY_TASK_ID" if part.first == 0 else f"$(({part.first} + SLURM_ARRAY_TASK_ID))"
        index = ["--index", f'"{task}"']
    grid = map(shlex.quote, request.sweep.options())
    command = shlex.join(request.command)
    return " ".join([program, shlex.join(words), *grid, *index, "--", command])


class RefusedError(Exception):
    """sbatch did not take a script. `status` is its own, or 127 where there is no sbatch."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def submit(script: str) -> str:
    """Hand a script to sbatch and return the id of the job. Raises RefusedError with what sbatch says."""
    try:
        done = subprocess.run(("sbatch", "--parsable"), input=script, capture_output=True, text=True)
    except FileNotFoundError:
        raise RefusedError(
            127, "there is no sbatch on the PATH: submit where SLURM is, or leave out --submit"
        ) from None
    if done.returncode:
        raise RefusedError(done.returncode, done.stderr.strip() or f"sbatch ended with status {done.returncode}")
    return done.stdout.strip().partition(";")[0]


def array_size() -> int | None:
    """How many tasks an array of this cluster may have; None where there is none to ask."""
    try:
        done = subprocess.run(("scontrol", "show", "config"), capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", done.stdout, re.MULTILINE)
    return int(found[1]) if found else None


def missing(command: Sequence[str]) -> str:
    """What is wrong with a command that cannot be found; empty where it can."""
    from shutil import which

    return "" if which(command[0]) else f"{shlex.quote(command[0])} is no command that can be found"
