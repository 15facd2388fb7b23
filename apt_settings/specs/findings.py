"""Find what is wrong with a job spec: its values, its names, and what of it is not known."""

import os
import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from ..basics.environment import process_environment
from ..basics.escaping import escaped, spelt
from ..basics.files import UnreadableError
from ..registry import registry
from ..sources.foreign import covers, is_foreign
from ..sources.layers import FOR_THE_CALLER
from ..sources.names import is_ours
from ..variables import EXTEND, FOREIGN
from .environments import Environments
from .kinds import Kind, is_template, kind_of
from .mentions import Mention, mentions
from .own import missing_groups, secrets_in_clear
from .readers import read
from .reports import Finding, SpecReport, Told
from .sandbox import confine_large
from .scheduler_names import wrong_with
from .spec import NOBODY, RELAXING, Assignment, Beside, Environment, Spec, known
from .texts import OURS, SIZE_LIMIT, decode

_MOST_GUESSES: Final = 50
_VALUE_LINE: Final = r"""[\s{,-]*["']?value["']?[ \t]*:"""


def findings(name: str, data: bytes) -> list[Finding]:
    """The findings of `judge`."""
    return judge(name, data).findings


def judge(name: str, data: bytes, beside: Beside = NOBODY) -> SpecReport:
    """Check a spec. Its name says which kind of spec it is; if not, its content does."""
    if len(data) > SIZE_LIMIT and not re.search(OURS, data):
        return SpecReport([], [])
    try:
        text = decode(data)
    except UnreadableError as error:
        return SpecReport([Finding(name, error.line, "", str(error))], [])
    kind = kind_of(name, text)
    if kind.reader != "env" and not re.search(OURS, data):
        return SpecReport([], [])
    beside = beside._replace(folder=os.path.dirname(name))
    try:
        return confine_large(lambda: _check(name, text, kind, beside), len(data))
    except UnreadableError as error:
        by_name = _check(name, text, kind._replace(reader=""), beside)
        return by_name._replace(findings=[Finding(name, error.line, "", str(error)), *by_name.findings])


def _check(name: str, text: str, kind: Kind, beside: Beside) -> SpecReport:
    """Check a spec of a known kind: what its reader finds, then all names that it does not."""
    spec = read(kind.reader, text, beside=beside)
    named = list(mentions(text, kind.comments))
    spec = _with_lines(spec, named, text)
    if kind.reader == "script":
        spec = _with_lost_lines(spec, named, text)
    return _Judge(name, spec, named, kind, beside).report()


def _with_lines(spec: Spec, named: list[Mention], text: str) -> Spec:
    """The spec with assignments at lines that have their names: a text that is quoted has its lines elsewhere."""
    rows = ["", *text.split("\n")]
    lines: dict[str, list[int]] = {}
    for each in named:
        lines.setdefault(each.name, []).append(each.line)

    @cache
    def at_its_name(assignment: Assignment) -> Assignment:
        line, those = assignment.line, lines.get(assignment.variable, [])
        is_known = assignment.variable in known().variables
        row = "".join(rows[line : line + 1])  # a reader may count other line breaks, and so more of them
        is_here = is_known and re.match(rf"{_VALUE_LINE}|.*\b{known().variables[assignment.variable]}=", row)
        if assignment.file or not those or line in those or is_here:
            return assignment
        return assignment._replace(line=min(those, key=lambda other: abs(other - line)))

    environments = (each._replace(assignments=tuple(map(at_its_name, each.assignments))) for each in spec.environments)
    return spec._replace(environments=tuple(environments))


def _with_lost_lines(spec: Spec, named: list[Mention], text: str) -> Spec:
    """The spec with assignments that the parser has lost, each read by its line alone."""
    seen = {(each.line, each.variable) for each in spec.assignments}
    seen |= {(fault.line, fault.variable) for fault in spec.faults}
    lines = text.split("\n")
    environments = list(spec.environments)
    for line, name, is_set, *_ in named:
        if (
            is_set
            and name not in spec.local
            and (line, name) not in seen
            and re.match(rf"\s*(export\s+)?{name}=", lines[line - 1])
        ):
            alone = read("script", lines[line - 1]).moved(line - 1)
            environments += [Environment(each.assignments, certain=False) for each in alone.environments]
    return spec._replace(environments=tuple(environments))


class _Judge:
    """Judges one spec."""

    def __init__(self, file: str, spec: Spec, named: list[Mention], kind: Kind, beside: Beside) -> None:
        self._to = Told(file, is_strict=beside.is_strict)
        self._named = named
        self._kind = kind
        self._spec = spec
        assignments = [each for each in spec.assignments if not each.file]
        lists = [each.value or "" for each in assignments if each.variable == FOREIGN]
        self._foreign = {name for each in lists for name in each.split(",")}
        """What the spec says is of other tools: that holds for its job, and not for who checks it."""
        self._values = {(each.line, each.variable) for each in assignments if each.value is not None}
        self._unknown = {(each.line, each.variable): each.unknown for each in assignments if each.value is None}
        self._unnamed = list(dict.fromkeys([*beside.unnamed, *_unnamed(assignments)]))
        self._environments = Environments(self._to, beside, self._unnamed)
        self._is_private = file in beside.private or is_template(file)

    def report(self) -> SpecReport:
        """The result."""
        for line, variable, wrong in self._spec.faults:
            self._to.error(line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for line, variable, wrong in self._spec.remarks:
            self._to.note(line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        self._environments.judge(self._spec.environments)
        self._judge_names()
        self._judge_controls()
        self._judge_own()
        if not self._to.errors:  # to mend those may make the pin right again
            self._environments.judge_pins()
        self._note_groups()
        variables = known().variables
        judged = {place for place in self._values if place[1] in variables}
        unjudged = self._note_not_judged(judged)
        self._note_relaxing()
        return self._to.report(len(judged), unjudged)

    def _judge_names(self) -> None:
        """Names that are no settings, wherever they stand; but for those that no command gets."""
        local = self._spec.local
        named = [each for each in self._named if each.is_set or each.name not in self._foreign]
        places = {(each.line, each.name) for each in named if not each.is_part and each.name not in local}
        places |= self._values | set(self._unknown)
        foreign = process_environment().get(FOREIGN, "")  # of who checks: a spec cannot let its own names pass
        wrong = [
            (line, name)
            for line, name in sorted(places)
            if name not in known().variables and is_ours(name) and not (is_foreign(name) or covers(foreign, name))
        ]
        guessing = len({name for _, name in wrong}) <= _MOST_GUESSES
        guesses = {name: known().guess_variable(name) if guessing else "" for name in {name for _, name in wrong}}
        groups = escaped(",".join(self._unnamed))
        is_told = any(each.variable == EXTEND for each in self._spec.assignments)
        maybe = f"it may be of {groups}{'' if is_told else f'; --extend {groups} judges it'}"
        for line, name in wrong:
            guess = f"export {FOREIGN}={name} for check, too" if name in self._foreign else guesses[name]
            if self._unnamed and not guess:
                self._to.doubt(line, name, f"{spelt(name)} is not judged: {maybe}")
            else:
                self._to.error(line, name, f"{spelt(name)} is not a setting{'; ' * bool(guess)}{guess}")

    def _judge_controls(self) -> None:
        """What cannot stand in a `.env`. A file of another name may be one for docker or systemd."""
        if self._kind.reader != "env" or not os.path.basename(self._to.file).startswith(".env"):
            return
        for each in self._spec.assignments:
            if why := FOR_THE_CALLER.get(known().variables.get(each.variable, "")):
                self._to.error(each.line, each.variable, f"{each.variable} cannot stand in a .env: {why}")

    def _note_groups(self) -> None:
        """Tell which groups the spec names and the caller does not."""
        for each in self._spec.assignments:
            for group in _unnamed([each]):
                text = f"the names of {escaped(group)} are not judged: --extend {escaped(group)}"
                self._to.doubt(each.line, each.variable, text, each.file)

    def _judge_own(self) -> None:
        """Secrets that stand in clear, and own settings whose class nothing names; a `.env` must not name it."""
        if not self._is_private:
            for line, variable, wrong in secrets_in_clear(self._spec.environments):
                self._to.error(line, variable, f"{variable} {wrong}")
        if self._kind.reader != "env":
            for (line, variable, wrong), is_sure in missing_groups(self._spec.environments, self._kind.reader):
                (self._to.error if is_sure else self._to.note)(line, variable, f"{variable} {wrong}")

    def _note_not_judged(self, judged: set[tuple[int, str]]) -> int:
        """Settings whose value is not known, or is not read where it stands. Returns how many there are."""
        reasons = {
            place: f"the value is {unknown}" if unknown else "only the job knows the value"
            for place, unknown in self._unknown.items()
            if place[1] in known().variables and not known().is_secret(place[1])  # it is where it should be
        }
        for line, name, is_set, is_use, is_part in self._named:
            is_read = is_set if self._kind.reader else not is_use
            if is_part:
                reasons[line, name] = "only the job knows the rest of the name"
            elif (
                name in known().variables
                and is_read
                and name not in self._spec.local
                and not (self._kind.reader and known().is_secret(name))  # a reader tells one that stands in clear
            ):
                reasons.setdefault((line, name), "check reads no value here")
        for (line, name), unknown in self._unknown.items():
            if name in known().variables and (wrong := wrong_with(unknown)):
                self._to.error(line, name, f"{name} {wrong}")
        told = {(each.line, each.variable) for each in self._to.errors}
        left = {place: reason for place, reason in reasons.items() if place not in judged and place not in told}
        for (line, name), reason in left.items():
            self._to.note(line, name, f"{name} is not judged: {reason}")
        return len(left)

    def _note_relaxing(self) -> None:
        """Tell that the spec lets unknown names pass."""
        for each in self._spec.assignments:
            if known().variables.get(each.variable) in RELAXING and each.value and not each.file:
                text = f"{each.variable} is for the job: the names are judged here all the same"
                self._to.note(each.line, each.variable, text)


def _unnamed(assignments: Iterable[Assignment]) -> list[str]:
    """What these name by APT_EXTEND and the caller does not. Nothing that a spec names is imported."""
    extend = [each for each in assignments if each.variable == EXTEND]
    words = [each.value if each.value is not None else each.unknown or "..." for each in extend]
    return list(dict.fromkeys(name for word in words for name in registry().missing(word)))
