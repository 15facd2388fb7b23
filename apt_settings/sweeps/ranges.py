"""Points of a sweep as text, ranges where they follow each other: `3,7-9`, as SLURM writes the tasks of an array."""

import re
from collections.abc import Sequence
from itertools import groupby

from .grid import LIMIT


def as_ranges(indices: Sequence[int]) -> str:
    """The text of ascending numbers: `[3, 7, 8, 9]` -> `3,7-9`."""
    runs = [[each for _, each in group] for _, group in groupby(enumerate(indices), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def read_ranges(text: str) -> list[int] | None:
    """The numbers of such a text, ascending; None for any other text, and for more than a sweep may have."""
    if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*", text):
        return None
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        following = range(int(first), int(last or first) + 1)
        if not following or len(numbers) + len(following) > LIMIT or (numbers and numbers[-1] >= following[0]):
            return None
        numbers += following
    return numbers
