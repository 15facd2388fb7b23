"""Points of a sweep as a message names them: by ranges of their numbers."""

from dataclasses import dataclass, field
from typing import Final

_MOST_RANGES: Final = 10


@dataclass
class Points:
    """A count of points, and the first ranges of them: `str()` is `0-2, 6, 9-11 and 30 more`."""

    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    """First and last index of each of the first ten ranges."""

    def add(self, index: int) -> None:
        """Add a point. Its index must be larger than all before."""
        self.count += 1
        if self.ranges and self.ranges[-1][1] == index - 1:
            self.ranges[-1][1] = index
        elif len(self.ranges) < _MOST_RANGES:
            self.ranges.append([index, index])

    def __str__(self) -> str:
        ranges = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)
        more = self.count - sum(last - first + 1 for first, last in self.ranges)
        return f"{ranges} and {more:,} more" if more else ranges
