"""The pin of a sweep: one for all of its points, so that each of them can verify it."""

import shlex
from collections.abc import Iterator
from typing import Final

from ..basics.escaping import escaped
from ..fingerprint import compared, digest_of
from ..pin import SWEEP, Pin, PinnedSweep
from .checker import Checker
from .grid import Sweep

_LONGEST: Final = 200


def of_sweep(checker: Checker) -> Pin:
    """The pin of what points share, and of the axes: `sweep1-0123456789abcdef@0.2.0`.

    It resolves the first point, and one for each other value of a setting that decides defaults, such as the task:
    its time depends on the axes and not on the number of points. Raises SettingsError where one of these is not valid.
    """
    axes = checker.sweep.options()
    points = [compared(checker.settings(index)) for index in _deciding(checker)]
    return Pin(f"{SWEEP}-{digest_of([axes, points])[:16]}")


def pinned_sweep(checker: Checker) -> PinnedSweep:
    """The sweep, for `refuse_others`; its pin is made where one is expected."""
    return PinnedSweep(lambda: of_sweep(checker), lambda: _written(checker.sweep))


def _written(sweep: Sweep) -> str:
    """The options that make a sweep, cut to a readable length."""
    text = escaped(shlex.join(sweep.options()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _deciding(checker: Checker) -> Iterator[int]:
    """The first point, and for each axis that decides defaults the point at each of its other positions."""
    yield 0
    for number in checker.choosing_axes:
        yield from checker.sweep.along(number)[1:]
