"""What settings look like where Python shows an object: as one line, as the table of `show`, in a notebook, by rich."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from ..base import AptSettings
from ..basics.escaping import escaped
from ..fingerprint import fingerprint
from .tables import head, lines, notes, summary

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS: Final = ("setting", "value", "origin", "departs from")
_LONGEST_LINE: Final = 270
"""In characters, before how many overrides are left is told."""


def as_line(settings: AptSettings) -> str:
    """Less than 300 characters: `SquadSettings(squad, apt1-7e3c2819041d5c04, epochs by --set epochs)`."""
    line = f"{type(settings).__name__}({settings.task}, {fingerprint(settings)}"
    given = [f"{name} by {origin}" for name, origin in settings.origins.items() if origin.is_override]
    for number, each in enumerate(given):
        if len(line) + len(each) > _LONGEST_LINE:
            return f"{line}, and {len(given) - number} more)"
        line += f", {each}"
    return f"{line})"


def as_text(settings: AptSettings) -> str:
    """What `show` prints, for a text of any width."""
    pairs = head(settings)
    indent = max(len(label) for label, _ in pairs)
    about = [f"{label.ljust(indent)}  {escaped(text)}" for label, text in pairs]
    told = [f"note: {escaped(str(note))}" for note in notes(settings)]
    parts = [about, in_columns([COLUMNS, *_rows(settings)]), told]
    return "\n\n".join("\n".join(part) for part in parts if part)


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def as_html(settings: AptSettings) -> str:
    """A table for a notebook; what departs from the paper is bold."""

    def row(cells: Sequence[str], tag: str) -> str:
        bold = " style='font-weight: bold'" * (tag == "td" and bool(cells[-1]))
        return f"<tr{bold}>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in _rows(settings))
    told = "".join(f"<p>note: {escape(escaped(str(note)))}</p>" for note in notes(settings))
    caption = f"<caption>{escape(summary(settings))}</caption>"
    return f"<table>{caption}<thead>{row(COLUMNS, 'th')}</thead><tbody>{body}</tbody></table>{told}"


def as_rich(settings: AptSettings) -> "Table":
    """A table for rich, which fits it to its terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*COLUMNS, title=Text(summary(settings)), box=None, title_justify="left")
    for cells in _rows(settings):
        table.add_row(*map(Text, cells), style="bold" if cells[-1] else "")
    return table


def _rows(settings: AptSettings) -> list[tuple[str, ...]]:
    return [tuple(map(escaped, line)) for line in lines(settings, overrides_only=False)]
