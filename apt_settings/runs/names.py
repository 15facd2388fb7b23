"""What each run of a list is called: as much of its folder's name as a command needs to find it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Final

from .history import PastRun

_DIGITS: Final = 4
"""The least that a short fingerprint has behind its version."""


def names_of(runs: Sequence[PastRun], top: Path | None = None) -> dict[Path, str]:
    """Folder -> name for each run: `apt1-e6b8`, `lr/apt1-e6b8`, `baseline`. Behind `top`, it leads to the record.

    A folder that is called after a fingerprint is shortened to what tells it from all others; any other name is whole.
    """
    whole = {run.folder: _below(top, run.folder) for run in runs}
    least = dict(_needed(sorted(set(whole.values()))))
    shortest = {run.folder: len(_before_digits(whole[run.folder], run)) + _DIGITS for run in runs if _is_usual(run)}
    return {
        folder: name[: max(least[name], shortest[folder])] if folder in shortest else name
        for folder, name in whole.items()
    }


def _below(top: Path | None, folder: Path) -> str:
    is_below = top is not None and top != folder and folder.is_relative_to(top)
    return (folder.relative_to(top) if is_below and top else folder).as_posix()


def _is_usual(run: PastRun) -> bool:
    return run.folder.name.startswith(run.fingerprint)


def _before_digits(name: str, run: PastRun) -> str:
    """`lr/apt1-` of `lr/apt1-e6b8a0c2d4869898`."""
    version = run.fingerprint.partition("-")[0]
    return name.removesuffix(run.folder.name) + f"{version}-"


def _needed(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """How many characters tell each of some sorted names from all others."""
    shared = [0, *(_alike(*pair) for pair in pairwise(names)), 0]
    for name, before, behind in zip(names, shared, shared[1:], strict=False):
        yield name, max(before, behind) + 1


def _alike(one: str, other: str) -> int:
    """With how many characters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
