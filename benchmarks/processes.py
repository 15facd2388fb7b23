"""What whole processes cost: run in turns, so that a busy machine slows all of them alike."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Cost(NamedTuple):
    """What one process took, or the medians of several."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of user and system time."""
    peak: float
    """MiB of memory, at most."""


def cost(arguments: Sequence[str], environ: Mapping[str, str]) -> Cost:
    """Run Python with these arguments, its output thrown away, and say what it took."""
    silenced = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, *arguments], environ, file_actions=silenced)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turns(rounds: int, commands: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> dict[str, Cost]:
    """The medians of each command. A first round, which fills caches, does not count."""
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, arguments in commands.items():
            taken[name].append(cost(arguments, environ))
    return {name: Cost(*map(median, zip(*costs[1:], strict=True))) for name, costs in taken.items()}
