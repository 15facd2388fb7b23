"""How rows look: fitted to the width of a terminal, plain aligned columns everywhere else. No word is ever cut."""

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Final, TextIO

import click

from .report import Line

if TYPE_CHECKING:
    from rich.console import Console

_HEADER: Final = Line("setting", "value", "origin", "default")
_GAP: Final = "  "


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Labels with their texts; on a terminal a long text goes on below its own beginning."""
    indent = max(len(label) for label, _ in pairs) + len(_GAP)
    for label, text in pairs:
        click.echo(_fitted(label.ljust(indent) + text, sys.stdout, indent))


def print_sentences(sentences: Sequence[str], *, err: bool = False) -> None:
    """Each on lines of its own; on a terminal broken between words."""
    for sentence in sentences:
        click.echo(_fitted(sentence, sys.stderr if err else sys.stdout, len(_GAP)), err=err)


def _fitted(text: str, stream: TextIO, indent: int) -> str:
    if not _is_terminal(stream):
        return text
    width = get_terminal_size().columns
    return fill(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def print_lines(lines: Sequence[Line]) -> None:
    """Settings with value, origin and overridden default: in four columns where they fit, else one below the other."""
    if not lines:
        click.echo("nothing is overridden")
    elif not _is_terminal(sys.stdout):
        rows = [_HEADER, *lines]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            click.echo(_GAP.join(map(str.ljust, row, widths)).rstrip())
    else:
        _print_on_terminal(lines)


def _print_on_terminal(lines: Sequence[Line]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    size = get_terminal_size()
    console = Console(width=size.columns, height=size.lines, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for title in _HEADER:
        table.add_column(title, no_wrap=True)
    for line in lines:
        table.add_row(*map(Text, line), style=_style(line))
    if console.measure(table, options=console.options.update(max_width=10_000)).maximum <= size.columns:
        console.print(table)
    else:
        _print_narrow(lines, console)


def _print_narrow(lines: Sequence[Line], console: "Console") -> None:
    from rich.text import Text

    indent = max(len(line.setting) for line in lines) + len(_GAP)
    for line in lines:
        console.print(Text(line.setting.ljust(indent) + line.value, style=_style(line)), soft_wrap=True)
        below = [f"set by {line.origin}", f"default {line.default}"] if line.default else [line.origin]
        for text in below if line.origin != "class default" else []:
            console.print(Text(_fitted(" " * indent + text, sys.stdout, indent), style="dim"), soft_wrap=True)


def _style(line: Line) -> str:
    return "bold cyan" if line.default else ""


def _is_terminal(stream: TextIO | None) -> bool:
    """False as well where there is no such stream at all."""
    return bool(stream and stream.isatty())
