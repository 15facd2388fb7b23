"""A scrambled Halton sequence: numbers that cover (0, 1) evenly, each from the seed and its index alone.

Halton (1960) writes an index in a prime base, mirrors its digits at the point, and takes another prime for each axis.
Here every digit goes through Faure's permutation of the base (1992), which keeps the number of points in any interval
within log2(n) of equal in each base, and then through a rotation that SHA-256 makes of seed, axis and digit.
"""

from functools import cache
from hashlib import sha256
from itertools import count, product
from math import log
from typing import Final

ALGORITHM: Final = "sample1"
"""What computes the numbers. Another one, or a change of this one, gets another name."""
_RESOLUTION: Final = 2**53
_TABLE: Final = 256


class Halton:
    """One axis of the sequence. `halton.at(42) / halton.whole` is a number x of 0 <= x < 1."""

    def __init__(self, seed: int, number: int, name: str) -> None:
        """The axis counted from 0 chooses the base; its name, and the seed, choose how digits are scrambled."""
        base = _prime(number)
        digits = next(each for each in count(1) if base**each >= _RESOLUTION)
        self.whole: int = base**digits
        added: list[list[int]] = []
        """For each digit of an index, the least first: digit -> what it adds to the number."""
        for position in range(digits):
            turn = int.from_bytes(sha256(f"{ALGORITHM}:{seed}:{name}:{position}".encode()).digest())
            value = base ** (digits - 1 - position)
            added.append([(each + turn) % base * value for each in _faure(base)])
        # Several digits are looked up at once, as if they were one of a larger base.
        several = max(1, int(log(_TABLE, base)))
        self._base = base**several
        groups = [added[position : position + several] for position in range(0, digits, several)]
        self._tables = [[sum(each) for each in product(*reversed(group))] for group in groups]
        self._rest = [sum(table[0] for table in self._tables[position:]) for position in range(len(groups) + 1)]

    def at(self, index: int) -> int:
        """The number of an index, 0 <= index < `whole`, times `whole`. Exact, and the same on every machine."""
        total, position = 0, 0
        while index:
            index, digit = divmod(index, self._base)
            total += self._tables[position][digit]
            position += 1
        return total + self._rest[position]


@cache
def _prime(number: int) -> int:
    """The prime of this number: 2, 3, 5 for 0, 1, 2."""
    smaller = [_prime(each) for each in range(number)]
    return next(each for each in count(smaller[-1] + 1 if smaller else 2) if all(each % prime for prime in smaller))


@cache
def _faure(base: int) -> tuple[int, ...]:
    """Faure's permutation of the digits of a base: the one of half the base twice over, with a middle if it is odd."""
    if base == 2:
        return 0, 1
    if base % 2 == 0:
        half = _faure(base // 2)
        return (*(2 * each for each in half), *(2 * each + 1 for each in half))
    middle = base // 2
    around = [each + (each >= middle) for each in _faure(base - 1)]
    return (*around[:middle], middle, *around[middle:])
