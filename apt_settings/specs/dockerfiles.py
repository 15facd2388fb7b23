"""Dockerfiles: the variables that the ENV instructions of each stage set."""

import re
import shlex
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..sources.names import is_ours
from .spec import Assignment, Environment, Fault, Spec

_LONGEST: Final = 65_535  # docker's limit for a line; the time of shlex is quadratic
_INSTRUCTION: Final = r"\s*([A-Za-z]+)\s+(.*)"
_HEREDOC: Final = r"(?<!\S)[0-9]*<<-?([\"']?)(\w+)\1(?!\S)"
_FROM: Final = r"(?i)(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?"


class _Instruction(NamedTuple):
    name: str
    lines: list[tuple[int, str]]
    """The number and text of each line, without the character that continues it."""


def read(text: str) -> Spec:
    """The variables of each stage. A stage starts with those of the stage that it is built from."""
    stages: dict[str, dict[str, Assignment]] = {}
    state: dict[str, Assignment] = {}
    environments: list[Environment] = []
    faults: list[Fault] = []
    for name, lines in _instructions(text):
        if name == "FROM":
            environments += [Environment(tuple(state.values()))] if state else []
            base, stage = _stage(lines[0][1])
            state = dict(stages.get(base, {}))
            stages[stage] = state
        elif name == "ENV":
            for assignment in _assignments(lines, faults):
                if is_ours(assignment.variable):
                    state[assignment.variable] = assignment
    environments.append(Environment(tuple(state.values())))
    return Spec(tuple(environments), tuple(faults))


def _stage(text: str) -> tuple[str, str]:
    """The base and the name of a stage: `node AS build` -> `("node", "build")`; the name may be empty."""
    match = re.match(_FROM, text)
    return (match[1].lower(), (match[2] or "").lower()) if match else ("", "")


def _instructions(text: str) -> Iterator[_Instruction]:
    """Each instruction with its lines. Comments are left out, and the text of a heredoc is skipped."""
    escape = "`" if re.match(r"(\s*#.*\n)*\s*#\s*escape\s*=\s*`", text) else "\\"
    ends = {line.strip(): number for number, line in enumerate(text.splitlines(), start=1)}
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if not (match := re.match(_INSTRUCTION, line)):
            continue
        rest, parts = match[2], []
        while True:
            continued = rest.rstrip().endswith(escape)
            parts.append((number, rest.rstrip().removesuffix(escape) if continued else rest))
            if not continued:
                break
            number, rest = next(((at, each) for at, each in lines if not _is_comment(each)), (number, ""))
        for _, end in re.findall(_HEREDOC, rest) if match[1].upper() in ("RUN", "COPY", "ADD") else ():
            if ends.get(end, 0) > number:
                number = next((at for at, each in lines if each.strip() == end), number)
        yield _Instruction(match[1].upper(), parts)


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _assignments(lines: list[tuple[int, str]], faults: list[Fault]) -> Iterator[Assignment]:
    """The assignments of `ENV A=1 B="2 3"`, or of the older `ENV A 1`, whose value is the rest of the line."""
    first, text = lines[0][0], " ".join(part for _, part in lines)
    if len(text) > _LONGEST:
        faults.append(Fault(first, "", f"ENV has more than {_LONGEST:,} characters, the most that is read"))
        return
    variable, *rest = text.split(maxsplit=1) or [""]
    if "=" not in variable:
        if is_ours(variable) and len(lines) > 1:
            faults.append(Fault(first, variable, "has the next lines in its value: write NAME=value"))
        else:
            yield Assignment(variable, _value("".join(rest).rstrip()), first)
        return
    for number, part in _close_quotes(lines):
        try:
            words = shlex.split(part)
        except ValueError:
            if variable := next(filter(is_ours, re.findall(r"[A-Za-z_]\w*", part)), ""):
                faults.append(Fault(number, variable, "is in an ENV with a quote that is not closed"))
            return
        raw = re.findall(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", part)
        for word, written in zip(words, raw, strict=False):
            variable, equals, value = word.partition("=")
            if equals:
                yield Assignment(variable, value if _value(written) is not None else None, number)


def _close_quotes(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines, if every quote is closed on its line; else all of them joined into one."""
    try:
        for _, part in lines:
            shlex.split(part)
    except ValueError:
        return [(lines[0][0], " ".join(part for _, part in lines))]
    return lines


def _value(text: str) -> str | None:
    """The value that docker reads: `"a b"` -> `a b`; None if a variable is in it."""
    if re.search(r"(?<!\\)\$", re.sub(r"'[^']*'", "", text)):
        return None
    quoted = re.fullmatch(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""", text)
    return (quoted[1] if quoted[1] is not None else quoted[2]) if quoted else text
