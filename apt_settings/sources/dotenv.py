"""Reading `.env` files: every line's name, value and place, and what is wrong with it."""

import os
import re
from collections.abc import Mapping
from io import StringIO
from typing import Final, NamedTuple

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

from ..basics.escaping import escaped
from ..basics.files import read_text
from .names import is_ours

SIZE_LIMIT: Final = 256 * 1024
"""The most bytes that a `.env` may have."""

# python-dotenv takes quadratic time for each of these, and `${A}${A}` doubles.
_LONGEST: Final = 8192  # twice what a setting may have
_MOST_NAMES: Final = 100  # in one value
_MOST_BLANKS: Final = 1_000

# Patterns are texts: re compiles one when it is first used, and keeps it.
_BLANKS: Final = r"[^\S\r\n]+"
_NEWLINE: Final = r"\r\n|\n|\r"
_LINE_OF_OURS: Final = r"[\r\n][^\S\r\n]*(export\s+)?APT_\w+\s*="
_SECOND_ASSIGNMENT: Final = r"[\s;,|&](export\s+)?[A-Za-z_]\w*="
_SHELL_NAME: Final = r"\$([A-Za-z_]\w*)"


class Entry(NamedTuple):
    """One `NAME=value` of a `.env`."""

    line: int
    variable: str
    value: str
    """With every `${NAME}` expanded."""
    raw: str
    """As it stands in the file."""


class LineFault(NamedTuple):
    """What is wrong with one line of a `.env`. Nothing of the line's text is in it, as that may be a secret."""

    line: int
    variable: str
    """The name on the line if it is ours, else empty."""
    wrong: str
    fix: str = ""


def read_env_file(path: str, scope: dict[str, str]) -> tuple[list[Entry], list[LineFault]]:
    """The entries of a `.env` that are ours by their name, and what is wrong with any line of the file.

    `${NAME}` and `${NAME:-x}` expand from `scope`, to which every line read is added. Raises files.UnreadableError.
    """
    return entries_of(read_text(os.path.expanduser(path), SIZE_LIMIT), scope)


def entries_of(content: str, scope: dict[str, str]) -> tuple[list[Entry], list[LineFault]]:
    """As `read_env_file`, of a content that is read already."""
    entries: dict[str, Entry] = {}
    faults: list[LineFault] = []
    for blanks in re.finditer(_BLANKS, content):
        if len(blanks[0]) > _MOST_BLANKS:
            line = len(re.findall(_NEWLINE, content[: blanks.start()])) + 1
            return [], [LineFault(line, "", f"has more than {_MOST_BLANKS:,} blanks in a row")]
    for binding in parse_stream(StringIO(content, newline="")):
        line = _line(binding)
        name = "" if binding.key is None or re.search(_NEWLINE, binding.key) else binding.key
        fault = _fault(binding, entries, scope)
        if fault:
            faults.append(LineFault(line, name if is_ours(name) else "", *fault))
        if name and binding.value is not None:
            scope[name] = "" if fault else _expanded(binding.value, scope)
            if is_ours(name):
                entries.setdefault(name, Entry(line, name, scope[name], binding.value))
    return list(entries.values()), faults


def _fault(binding: Binding, entries: Mapping[str, Entry], scope: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a line, and what to do; the text of the line stays out of it, as it may hold a secret."""
    text, name, value = binding.original.string.strip(), binding.key or "", binding.value
    ours = is_ours(name)
    if binding.error or (ours and value is None):
        return "cannot be read as NAME=value", "write NAME=value, and close every quote"
    if re.search(_NEWLINE, text) and (ours or re.search(_LINE_OF_OURS, text)):
        return "opens a quote that is not closed on its line", "close the quote"
    if not ours or value is None:
        return None
    if name in entries:
        return f"stands twice, first in line {entries[name].line}", "delete one of them"
    if undefined := _undefined_name(value, scope):
        name = escaped(undefined)
        return f"uses ${{{name}}}, which is not defined", f"write ${{{name}:-x}} for a default of x"
    if value.count("${") > _MOST_NAMES:
        return f"has more than {_MOST_NAMES} names in its value", "write the value itself"
    if len(_expanded(value, scope)) > _LONGEST:
        return f"has a value of more than {_LONGEST:,} characters", "shorten it, and what its names stand for"
    _, _, written = text.partition("=")
    written = written.lstrip()
    if not written.startswith(("'", '"')) and re.search(_SECOND_ASSIGNMENT, value):
        return "is followed by another NAME=value on its line", "give each a line of its own, or quote the value"
    if not written.startswith("'") and (literal := re.search(_SHELL_NAME, value)):
        return f"uses {literal[0]}, which a .env does not expand", f"write ${{{literal[1]}}}, or single quotes for a $"
    return None


def _line(binding: Binding) -> int:
    """The line of the name itself: the parser counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + len(re.findall(_NEWLINE, blank))


def _undefined_name(value: str, scope: Mapping[str, str]) -> str | None:
    if _is_too_long(value):
        return None
    names = (atom for atom in parse_variables(value) if isinstance(atom, Variable))
    return next((each.name for each in names if each.default is None and each.name not in scope), None)


def _is_too_long(value: str) -> bool:
    return len(value) > _LONGEST or value.count("${") > _MOST_NAMES


def _expanded(value: str, scope: Mapping[str, str]) -> str:
    """A value with its names expanded; where that is too long, no more of it than shows so."""
    if "${" not in value or _is_too_long(value):
        return value
    expanded = ""
    for atom in parse_variables(value):
        expanded += atom.resolve(scope)[: _LONGEST + 1 - len(expanded)]
    return expanded
