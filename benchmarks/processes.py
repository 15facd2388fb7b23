"""What whole processes cost: run in turns, so that a busy machine slows all of them alike."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Process(NamedTuple):
    """A Python process, and what is in its environment beside what is there."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str] = MappingProxyType({})


class Cost(NamedTuple):
    """What one process took, or the medians of several."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of user and system time."""
    peak: float
    """MiB of memory, at most."""


def usual_environment() -> dict[str, str]:
    """Ours without what sets settings, and without what keeps Python from writing bytecode, as installing does."""
    left_out = ("APT_", "PYTHON")
    return {name: text for name, text in os.environ.items() if not name.startswith(left_out)}


def cost(process: Process, output: str = os.devnull) -> Cost:
    """Run a process, and say what it took. Raises RuntimeError where it fails; its errors are on stderr."""
    opened = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY, 0)]
    environ = {**usual_environment(), **process.environ}
    start = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, *process.arguments], environ, file_actions=opened)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise RuntimeError(f"{' '.join(process.arguments)} ended with status {code}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turns(rounds: int, processes: Mapping[str, Process]) -> dict[str, Cost]:
    """The medians of each process. A first round, which fills caches, does not count."""
    taken: dict[str, list[Cost]] = {name: [] for name in processes}
    for _ in range(rounds + 1):
        for name, process in processes.items():
            taken[name].append(cost(process))
    return {name: Cost(*map(median, zip(*costs[1:], strict=True))) for name, costs in taken.items()}


def ask(module: str, *arguments: str, environ: Mapping[str, str] = MappingProxyType({})) -> tuple[Any, Cost]:
    """What a module of this folder measures, which it prints as JSON, and what that took: its memory is its own."""
    with tempfile.NamedTemporaryFile() as answer:
        took = cost(Process((str(HERE / f"{module}.py"), *arguments), environ), answer.name)
        return json.loads(answer.read()), took
