"""How the points of a sweep stand: which are done, failed, running or missing, by the records of a folder."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import JsonValue

from ..base import AptSettings
from ..fingerprint import canonical, compared, fingerprint
from ..values import as_text
from .history import Complain, PastRun, past_runs
from .status import Status

_FIRST: Final[tuple[Status, ...]] = ("done", "running")
"""What counts for a point that has several runs; else the last one does."""
_TOLD: Final = 3
"""The most settings in which a run differs that are told."""


class Standing(NamedTuple):
    """How a point stands."""

    runs: Sequence[PastRun]
    """All that it has."""

    @property
    def run(self) -> PastRun:
        """The run that says it."""
        return max(self.runs, key=_rank)

    @property
    def ended(self) -> str:
        """`failed with 3`; `done, 2 runs`, where one of them may have failed."""
        return f"{self.run.ended}, {len(self.runs)} runs" if len(self.runs) > 1 else self.run.ended


def standings(folder: Path, complain: Complain) -> Mapping[str, Standing]:
    """Fingerprint -> how its point stands; what a fingerprint has no run of is missing."""
    found: dict[str, list[PastRun]] = {}
    for run in past_runs([folder], complain) if folder.is_dir() else ():
        found.setdefault(run.fingerprint, []).insert(0, run)  # of two that start together, the last found counts
    return {identity: Standing(runs) for identity, runs in found.items()}


def _rank(run: PastRun) -> tuple[int, float]:
    order = len(_FIRST) - _FIRST.index(run.status) if run.status in _FIRST else 0
    return order, run.start.timestamp() if run.start else 0.0


def standing(found: Mapping[str, Standing], settings: AptSettings) -> tuple[Status, str]:
    """The status of a point, and the same with how it failed: `("failed", "failed with 3")`.

    A run with another default of a project is of another point, although the fingerprint leaves both defaults out.
    """
    if not (same := found.get(fingerprint(settings))):
        return "missing", "missing"
    here = compared(settings)
    point = Standing([run for run in same.runs if not _differing(run, here)])
    return (point.run.status, point.ended) if point.runs else ("missing", "missing")


def nearest_difference(found: Iterable[Standing], settings: AptSettings, varied: Collection[str]) -> str:
    """Where the run that is nearest to these settings differs: `epochs (40 there, 30 here)`; there is one at least.

    What a sweep varies counts only where nothing else differs.
    """
    here = compared(settings)
    every = [_differing(each.run, here) for each in found]
    nearest = min(every, key=lambda names: len(names.keys() - varied))
    told = {name: text for name, text in nearest.items() if name not in varied} or nearest
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(f"{name} ({text})" for name, text in [*told.items()][:_TOLD]) + more


def _differing(run: PastRun, here: Mapping[str, JsonValue]) -> dict[str, str]:
    there = {name: each for name, each in run.settings.items() if name in here and here[name] != canonical(each.value)}
    return {name: f"{each.text} there, {as_text(here[name])} here" for name, each in there.items()}
