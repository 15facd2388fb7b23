"""How the points of a sweep stand: which are done, failed, running or missing, by the records of a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from .history import Complain, PastRun, past_runs
from .status import Status

_FIRST: Final[tuple[Status, ...]] = ("done", "running")
"""What counts for a point that has several runs; else the last one does."""


class Standing(NamedTuple):
    """How a point stands."""

    run: PastRun
    """The run that says it."""
    runs: int
    """How many runs the point has."""

    @property
    def ended(self) -> str:
        """`failed with 3`; `done, 2 runs`, where one of them may have failed."""
        return f"{self.run.ended}, {self.runs} runs" if self.runs > 1 else self.run.ended


def standings(folder: Path, complain: Complain) -> Mapping[str, Standing]:
    """Fingerprint -> how its point stands; what a fingerprint has no run of is missing."""
    found: dict[str, Standing] = {}
    for run in past_runs([folder], complain) if folder.is_dir() else ():
        other = found.get(run.fingerprint)
        counts = run if other is None or _rank(run) >= _rank(other.run) else other.run
        found[run.fingerprint] = Standing(counts, other.runs + 1 if other else 1)
    return found


def _rank(run: PastRun) -> tuple[int, float]:
    order = len(_FIRST) - _FIRST.index(run.status) if run.status in _FIRST else 0
    return order, run.start.timestamp() if run.start else 0.0


def standing(found: Mapping[str, Standing], fingerprint: str) -> tuple[Status, str]:
    """The status of a point, and the same with how it failed: `("failed", "failed with 3")`."""
    point = found.get(fingerprint)
    return (point.run.status, point.ended) if point else ("missing", "missing")
