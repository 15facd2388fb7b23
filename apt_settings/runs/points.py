"""How the points of a sweep stand: which are done, failed, running or missing, by the records of a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .history import Complain, PastRun, past_runs
from .status import Status

_FIRST: Final[tuple[Status, ...]] = ("done", "running")
"""What counts for a point that has several runs; else the last one does."""


def standings(folder: Path, complain: Complain) -> Mapping[str, PastRun]:
    """Fingerprint -> the run that says how its point stands; what a fingerprint has none of is missing."""
    found: dict[str, PastRun] = {}
    for run in past_runs([folder], complain) if folder.is_dir() else ():
        other = found.get(run.fingerprint)
        if other is None or _rank(run) >= _rank(other):
            found[run.fingerprint] = run
    return found


def _rank(run: PastRun) -> tuple[int, float]:
    order = len(_FIRST) - _FIRST.index(run.status) if run.status in _FIRST else 0
    return order, run.start.timestamp() if run.start else 0.0


def standing(found: Mapping[str, PastRun], fingerprint: str) -> tuple[Status, str]:
    """The status of a point, and the same with how it failed: `("failed", "failed with 3")`."""
    run = found.get(fingerprint)
    return (run.status, run.ended) if run else ("missing", "missing")
