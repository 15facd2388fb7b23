"""Reading `.env` files: every line's name, value and place, and what is wrong with it.

Every place where something like one of our names is set, outside of comments and of what are really the texts of
others, is read as a setting or refused with its line. Nothing of ours is lost without a word.
"""

import os
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Final, NamedTuple

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Atom, Variable, parse_variables

from ..basics.escaping import escaped
from ..basics.files import UnreadableError, read_text
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
_OURS: Final = r"""(?:export\s+|\$?env:)?["'`]?apt[_.-]\w+["'`]?[^\S\r\n]*="""
"""Something like one of our names that is set, in any case and quoting."""
_AT_START: Final = rf"(?i)^[^\w#\r\n]*{_OURS}"
_AT_START_OF_LINE: Final = rf"(?i)[\r\n][^\w#\r\n]*{_OURS}"
_BEHIND_A_VALUE: Final = rf"(?i)[\s;|&]{_OURS}"
_INVISIBLE: Final = r"[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_SECOND_ASSIGNMENT: Final = r"[\s;,|&](export\s+)?[A-Za-z_]\w*="
_SHELL_NAME: Final = r"\$([A-Za-z_]\w*)"
_ONLY_IN_A_SHELL: Final = {
    r"^~(?=/|$)": "~ at its start",
    r"\$\(.*\)": "$(...)",
    r"`.*`": "`...`",
    r"\$\$": "$$",
    r"\\ ": "a backslash before a blank",
}
"""What a shell would expand and a `.env` does not -> what it is called."""


class Entry(NamedTuple):
    """One `NAME=value` of a `.env`."""

    line: int
    variable: str
    value: str
    """With every `${NAME}` expanded."""
    raw: str
    """As it stands in the file."""


class LineNote(NamedTuple):
    """What there is to know of one line of ours, although nothing is wrong."""

    line: int
    variable: str
    text: str


class LineFault(NamedTuple):
    """What is wrong with one line of a `.env`. Nothing of the line's text is in it, as that may be a secret."""

    line: int
    variable: str
    """The name on the line if it is ours, else empty."""
    wrong: str
    fix: str = ""


class Content(NamedTuple):
    """What a `.env` holds."""

    entries: list[Entry]
    """Those that are ours by their name."""
    faults: list[LineFault]
    """What is wrong with any line of it."""
    notes: list[LineNote]
    others: list[tuple[int, str]]
    """Line and name of all others that are set."""


def read_env_file(path: str, scope: dict[str, str]) -> Content:
    """What a `.env` holds. `${NAME}` and `${NAME:-x}` expand from `scope`, to which every line read is added.

    Raises files.UnreadableError.
    """
    return content_of(read_text(os.path.expanduser(path), SIZE_LIMIT), scope)


def content_of(text: str, scope: dict[str, str]) -> Content:
    """As `read_env_file`, of a text that is read already. Raises files.UnreadableError for one with a NUL."""
    if "\0" in text:
        line = _line_at(text, text.index("\0"))
        reason = f"has a NUL in line {line}: it is UTF-16 or UTF-32, or was cut by a crash; save it as UTF-8"
        raise UnreadableError(reason, line)
    entries: dict[str, Entry] = {}
    faults: list[LineFault] = []
    notes: list[LineNote] = []
    others: list[tuple[int, str]] = []
    for blanks in re.finditer(_BLANKS, text):
        if len(blanks[0]) > _MOST_BLANKS:
            line = _line_at(text, blanks.start())
            return Content([], [LineFault(line, "", f"has more than {_MOST_BLANKS:,} blanks in a row")], [], [])
    for binding in parse_stream(StringIO(text, newline="")):
        line = _line(binding)
        name = "" if binding.key is None or re.search(_NEWLINE, binding.key) else binding.key
        fault = _fault(binding, entries, scope)
        if fault:
            faults.append(LineFault(line, name if is_ours(name) else "", *fault))
        if name and binding.value is None:
            scope.pop(name, None)  # a name without a value: nothing stands for it below
        elif name and binding.value is not None:
            notes += [] if fault or not is_ours(name) else _notes(binding, name, line, scope)
            scope[name] = "" if fault else _expanded(binding.value, scope)
            if not is_ours(name):
                others.append((line, name))
            else:
                entries.setdefault(name, Entry(line, name, scope[name], binding.value))
    return Content(list(entries.values()), faults, notes, others)


def _fault(binding: Binding, entries: Mapping[str, Entry], scope: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a line, and what to do; the text of the line stays out of it, as it may hold a secret."""
    text, name, value = binding.original.string.strip(), binding.key or "", binding.value
    ours = is_ours(name)
    if binding.error or (ours and value is None):
        return "cannot be read as NAME=value", "write NAME=value, and close every quote"
    seen = text if text.isascii() else re.sub(_INVISIBLE, "", text)
    if re.search(_NEWLINE, text) and (ours or re.search(_AT_START_OF_LINE, seen)):
        return "opens a quote that is not closed on its line", "close the quote"
    if not ours or value is None:
        return _of_others(seen)
    if name in entries:
        return f"stands twice, first in line {entries[name].line}", "delete one of them"
    if undefined := _undefined_name(value, scope):
        name = escaped(undefined)
        return f"uses ${{{name}}}, which is not defined", f"write ${{{name}:-x}} for a default of x"
    if value.count("${") > _MOST_NAMES:
        return f"has more than {_MOST_NAMES} names in its value", "write the value itself"
    if len(_expanded(value, scope)) > _LONGEST:
        return f"has a value of more than {_LONGEST:,} characters", "shorten it, and what its names stand for"
    written = _written(text)
    if not written.startswith(("'", '"')) and re.search(_SECOND_ASSIGNMENT, value):
        return "is followed by another NAME=value on its line", "give each a line of its own, or quote the value"
    if not written.startswith("'") and (literal := re.search(_SHELL_NAME, value)):
        return f"uses {literal[0]}, which a .env does not expand", f"write ${{{literal[1]}}}, or single quotes for a $"
    return None


def _of_others(text: str) -> tuple[str, str] | None:
    """What is wrong with a line of another tool: that something like one of our names is set on it."""
    if text.startswith("#"):
        return None
    if re.search(_AT_START, text):
        return "has something before an APT_ name, or quotes around it", "write APT_NAME=value and nothing before it"
    written = _written(text)
    if not written.startswith(("'", '"')) and re.search(_BEHIND_A_VALUE, re.split(r"\s#", written, maxsplit=1)[0]):
        return "has an APT_ name behind another value", "give each a line of its own, or quote the value"
    return None


def _written(text: str) -> str:
    """A value as it stands, with its quotes."""
    return text.partition("=")[2].lstrip()


def _notes(binding: Binding, name: str, line: int, scope: Mapping[str, str]) -> Iterator[LineNote]:
    """What a shell would make of a value that has no fault, and this does not."""
    value, written = binding.value or "", _written(binding.original.string.strip())
    for atom in parse_variables(value):
        if isinstance(atom, Variable) and atom.default is not None and scope.get(atom.name) == "":
            yield LineNote(line, name, f"uses what stands behind :- for ${{{escaped(atom.name)}}}, which is empty")
    if not written.startswith(("'", '"')) or (written.startswith('"') and "$" in value):
        for pattern, what in _ONLY_IN_A_SHELL.items():
            if re.search(pattern, value if written.startswith('"') else re.split(r"\s#", written, maxsplit=1)[0]):
                yield LineNote(line, name, f"is taken as it stands: a .env does not expand {what}")


def _line_at(text: str, position: int) -> int:
    return len(re.findall(_NEWLINE, text[:position])) + 1


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
        expanded += _resolved(atom, scope)[: _LONGEST + 1 - len(expanded)]
    return expanded


def _resolved(atom: Atom, scope: Mapping[str, str]) -> str:
    """What an atom stands for. `${N:-x}` is x where N is empty too, as in every shell."""
    if isinstance(atom, Variable) and atom.default is not None and not scope.get(atom.name):
        return atom.default
    return atom.resolve(scope)
