"""Tables and sentences, printed to fit a terminal, or plain where no terminal reads them. No word is ever cut.

All text is escaped here, so that no value can send control sequences to the terminal.
"""

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

import click

from ..basics.escaping import escaped
from ..errors import Note
from ..report.display import in_columns

if TYPE_CHECKING:
    from rich.console import Console

Cells: TypeAlias = Sequence[str]

_GAP: Final = "  "
_MARK: Final = "bold cyan"
_NOT_PRINTED: Final = ("", "value", "class default")
"""Titles and cells that a narrow terminal leaves out."""


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print a line for each label and its text. On a terminal, a long text continues below where it begins."""
    indent = max(len(label) for label, _ in pairs) + len(_GAP)
    for label, text in pairs:
        click.echo(_fitted(label.ljust(indent) + escaped(text), sys.stdout, indent))


def print_sentences(sentences: Sequence[str], *, err: bool = False) -> None:
    """Print each sentence on a new line. On a terminal, long ones are broken between words."""
    for sentence in sentences:
        click.echo(_fitted(escaped(sentence), sys.stderr if err else sys.stdout, len(_GAP)), err=err)


def print_lines(lines: Sequence[str], *, indent: int = 0) -> None:
    """Print lines that are not empty, without the space behind them; what does not fit continues indented."""
    for line in lines:
        if line.strip():
            click.echo(_fitted(escaped(line.rstrip()), sys.stdout, indent))


def print_notes(notes: Sequence[Note], *, err: bool = False) -> None:
    """Print each note as a sentence: `note: epochs: ...`."""
    print_sentences([f"note: {note}" for note in notes], err=err)


def _fitted(text: str, stream: TextIO, indent: int) -> str:
    if not is_terminal(stream):
        return text
    width = get_terminal_size().columns
    return fill(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def print_table(header: Cells, rows: Sequence[Cells], *, marking: int | None = None) -> None:
    """Print rows in columns; on a terminal that is too narrow, cells stand below each other.

    On a terminal, a row is coloured if its cell with the index `marking` is not empty.
    """
    header, *rows = (tuple(map(escaped, cells)) for cells in (header, *rows))
    if not is_terminal(sys.stdout):
        for line in in_columns((header, *rows)):
            click.echo(line)
    else:
        _print_on_terminal(header, rows, marking)


def _print_on_terminal(header: Cells, rows: Sequence[Cells], marking: int | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    size = get_terminal_size()
    console = Console(width=size.columns, height=size.lines, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for title in header:
        table.add_column(Text(title), no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row), style=_style(row, marking))
    if console.measure(table, options=console.options.update(max_width=10_000)).maximum <= size.columns:
        console.print(table)
    else:
        _print_narrow(header, rows, marking, console)


def _print_narrow(header: Cells, rows: Sequence[Cells], marking: int | None, console: "Console") -> None:
    from rich.text import Text

    indent = max(len(row[0]) for row in rows) + len(_GAP)
    for row in rows:
        value = row[1] if header[1] in _NOT_PRINTED else f"{header[1]} {row[1]}"
        console.print(Text(row[0].ljust(indent) + value, style=_style(row, marking)), soft_wrap=True)
        for title, cell in zip(header[2:], row[2:], strict=True):
            if cell not in _NOT_PRINTED:
                text = _fitted(f"{' ' * indent}{title} {cell}", sys.stdout, indent)
                console.print(Text(text, style="dim"), soft_wrap=True)


def _style(row: Cells, marking: int | None) -> str:
    return _MARK if marking is not None and row[marking] else ""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; Python sets a closed stream to None."""
    return bool(stream and stream.isatty())
