"""Tables and texts as markdown that shows them as they are."""

import re
from collections.abc import Iterable, Sequence

from ..basics.escaping import escaped


def as_cell(text: str) -> str:
    """A text with its special characters escaped, so that markdown shows it as it is."""
    return re.sub(r"([\\|<\[*`])", r"\\\1", escaped(text))


def as_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The lines of a table."""
    lines = [map(as_cell, titles), ["---"] * len(titles), *(map(as_cell, row) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
