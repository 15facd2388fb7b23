"""Dockerfiles: the variables that each stage sets, and its instructions that are scripts."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from ..sources.names import is_ours
from .launchers import SHELLS, base_of
from .spec import MARK, Assignment, Environment, Fault, Given, Inner, Spec, Values, assigned, joined, marked

_LONGEST: Final = 65_535  # docker's limit for a line; the time of shlex is quadratic
_INSTRUCTION: Final = r"\s*([A-Za-z]+)\s+(.*)"
_HEREDOC: Final = r"(?<!\S)[0-9]*<<-?([\"']?)(\w+)\1(?!\S)"
_FROM: Final = r"(?i)(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?"
_REFERENCE: Final = r"\\\$|\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?[^}]*\})"
_WORD: Final = r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+"""
_SCRIPTS: Final = ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK")


class _Instruction(NamedTuple):
    name: str
    lines: list[tuple[int, str]]
    """The number and text of each line, without the character that continues it."""
    heredocs: list[tuple[int, str]]
    """The line and text of each here-document."""


class _Stage(NamedTuple):
    """What a stage has set so far."""

    below: str
    """The image that it is built on, which may set more."""
    state: dict[str, Assignment]
    values: dict[str, list[str]]
    """What each variable may be here, those of ARG too."""

    def environment(self) -> Environment:
        return Environment(tuple(self.state.values()), certain=False, below=self.below)


def read(text: str) -> Spec:
    """The variables of each stage. A stage starts with those of the stage that it is built from."""
    reader = _Reader()
    for instruction in _instructions(text):
        reader.follow(instruction)
    return reader.spec()


class _Reader:
    """Follows a Dockerfile from instruction to instruction."""

    def __init__(self) -> None:
        self._stages: dict[str, _Stage] = {}
        self._global: dict[str, list[str]] = {}
        """The values of each ARG before the first FROM."""
        self._stage = _Stage("", {}, self._global)
        self._environments: list[Environment] = []
        self._faults: list[Fault] = []
        self._inner: list[Inner] = []

    def spec(self) -> Spec:
        """The result."""
        environments = (*self._environments, self._stage.environment())
        return Spec(environments, tuple(self._faults), inner=tuple(self._inner))

    def follow(self, instruction: _Instruction) -> None:
        """Follow one instruction."""
        name, lines, heredocs = instruction
        if name == "FROM":
            self._from(lines[0][1])
        elif name in ("ENV", "ARG"):
            self._set(name, lines)
        elif name in _SCRIPTS:
            stage = self._stage
            given = Given(tuple(stage.state.values()), stage.values, True, stage.below, is_part=True)
            self._inner += _scripts(lines, heredocs, given)
        else:
            target = lines[-1][1].split()[-1:] or [""]
            self._inner += [Inner(body, number, name=target[0]) for number, body in heredocs]

    def _from(self, text: str) -> None:
        self._environments += [self._stage.environment()] if self._stage.state else []
        base, name = _stage(text)
        below, state, values = self._stages.get(base, _Stage(f"the image {base}", {}, self._global))
        self._stages[name] = self._stage = _Stage(below, dict(state), dict(values))

    def _set(self, name: str, lines: list[tuple[int, str]]) -> None:
        """Set the variables of an ENV or an ARG. An ARG is what it says unless the build says otherwise."""
        for assignment, texts in _assignments(name, lines, self._faults, self._stage.values):
            variable, _, line, *_ = assignment
            self._stage.values[variable] = [marked(f"${variable}"), *texts] if name == "ARG" else texts
            if not is_ours(variable):
                continue
            if name == "ENV":
                self._stage.state[variable] = assignment
            if name == "ARG" or len(texts) > 1:
                alone = [assigned(variable, text, line) for text in texts if MARK not in text]
                self._environments += [Environment((each,), certain=False) for each in alone]


def _stage(text: str) -> tuple[str, str]:
    """The base and the name of a stage: `node AS build` -> `("node", "build")`; the name may be empty."""
    match = re.match(_FROM, text)
    return (match[1].lower(), (match[2] or "").lower()) if match else ("", "")


def _instructions(text: str) -> Iterator[_Instruction]:
    """Each instruction with its lines. Comments are left out."""
    escape = "`" if re.match(r"(\s*#.*\n)*\s*#\s*escape\s*=\s*`", text) else "\\"
    numbered = list(enumerate(text.replace("\r\n", "\n").split("\n"), start=1))
    ends = {line.strip(): number for number, line in numbered}
    lines = iter(numbered)
    for number, line in lines:
        if not (match := re.match(_INSTRUCTION, line)):
            continue
        rest, parts, heredocs = match[2], [], []
        while True:
            continued = rest.rstrip().endswith(escape)
            parts.append((number, rest.rstrip().removesuffix(escape) if continued else rest))
            if not continued:
                break
            number, rest = next(((at, each) for at, each in lines if not _is_comment(each)), (number, ""))
        for _, end in re.findall(_HEREDOC, rest) if match[1].upper() in ("RUN", "COPY", "ADD") else ():
            if ends.get(end, 0) > number:
                body = _lines_until(end, lines)
                heredocs.append((number + 1, "\n".join(body)))
                number += len(body) + 1
        yield _Instruction(match[1].upper(), parts, heredocs)


def _lines_until(end: str, lines: Iterator[tuple[int, str]]) -> list[str]:
    """The lines of a here-document, up to the one that ends it."""
    return [line for _, line in takewhile(lambda row: row[1].strip() != end, lines)]


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _scripts(lines: list[tuple[int, str]], heredocs: list[tuple[int, str]], given: Given) -> Iterator[Inner]:
    """The scripts of an instruction: its text, or the words of its list, and its here-documents."""
    first, text = lines[0]
    texts = list(heredocs)
    if text.lstrip().startswith("["):
        texts.append((first, _from_list(" ".join(part for _, part in lines))))
    elif not heredocs or not re.match(r"<<", text.lstrip()):
        by_line = dict(lines)
        last = lines[-1][0]
        rows = [by_line.get(number, "") + (" \\" if number < last else "") for number in range(first, last + 1)]
        rows[0] = re.sub(r"^(\s*--\S+)+", "", rows[0])
        texts.append((first, "\n".join(rows)))
    for number, script in texts:
        if "APT" in script.upper():
            yield Inner(script, number, "script", given=given.moved(1 - number))


def _from_list(text: str) -> str:
    """`["bash", "-c", "A=1 x"]` -> `A=1 x`; other lists are the words of one command."""
    try:
        words = [str(each) for each in json.loads(text)]
    except (ValueError, TypeError):
        return ""
    if words[1:2] and base_of(words[0]) in SHELLS and re.fullmatch(r"-\w*c", words[1]):
        return " ".join(words[2:3])
    return shlex.join(words)


def _assignments(
    name: str, lines: list[tuple[int, str]], faults: list[Fault], values: Values
) -> Iterator[tuple[Assignment, list[str]]]:
    """The assignments of `ENV A=1 B="2 3"`, or of the older `ENV A 1`, whose value is the rest of the line.

    With each, the texts that it may be.
    """
    first, text = lines[0][0], " ".join(part for _, part in lines)
    if len(text) > _LONGEST:
        faults.append(Fault(first, "", f"{name} has more than {_LONGEST:,} characters, the most that is read"))
        return
    variable, *rest = text.split(maxsplit=1) or [""]
    if "=" not in variable:
        if is_ours(variable) and len(lines) > 1:
            faults.append(Fault(first, variable, "has the next lines in its value: write NAME=value"))
        elif name == "ENV":
            yield _assigned(variable, "".join(rest).rstrip(), first, values)
        return
    for number, part in _close_quotes(lines):
        try:
            words = shlex.split(part)
        except ValueError:
            if variable := next(filter(is_ours, re.findall(r"[A-Za-z_]\w*", part)), ""):
                faults.append(Fault(number, variable, f"is in an {name} with a quote that is not closed"))
            return
        for word, written in zip(words, re.findall(_WORD, part), strict=False):
            variable, equals, _ = word.partition("=")
            if equals:
                yield _assigned(variable, written.partition("=")[2], number, values)


def _assigned(variable: str, written: str, line: int, values: Values) -> tuple[Assignment, list[str]]:
    texts = _texts(written, values)
    if len(texts) == 1:
        return assigned(variable, texts[0], line), texts
    return Assignment(variable, None, line), texts


def _close_quotes(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines, if every quote is closed on its line; else all of them joined into one."""
    try:
        for _, part in lines:
            shlex.split(part)
    except ValueError:
        return [(lines[0][0], " ".join(part for _, part in lines))]
    return lines


def _texts(written: str, values: Values) -> list[str]:
    """The texts that docker may read: `"a b"` -> `a b`; `$A`, where `ARG A=60` stands above -> unknown, or 60."""
    parts: list[list[str]] = []
    for piece in re.findall(r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?:[^'"\\]|\\.)+|.""", written):
        quote = piece[0] if len(piece) > 1 and piece[0] == piece[-1] and piece[0] in "'\"" else ""
        plain = piece[1:-1] if quote else piece
        parts += [[plain]] if quote == "'" else _expanded(plain, values)
    return joined(parts)


def _expanded(text: str, values: Values) -> list[list[str]]:
    parts, position = [], 0
    for match in re.finditer(_REFERENCE, text):
        parts.append([re.sub(r"\\(.)", r"\1", text[position : match.start()])])
        name, default = match[1] or match[2], match[3]
        if name is None:
            parts.append(["$"])
        elif default is None:
            parts.append(list(values.get(name, [marked(f"${name}")])))
        else:
            parts.append(list(values.get(name, [marked(f"${name}"), default])))
        position = match.end()
    return [*parts, [re.sub(r"\\(.)", r"\1", text[position:])]]
