"""Find what is wrong with a job spec: each environment in it is resolved as a job would resolve it."""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, Literal, NamedTuple

from ..basics.environment import process_environment
from ..basics.escaping import escaped, shown, spelt
from ..basics.files import UnreadableError
from ..basics.origins import Origin
from ..errors import Problem, SettingsError
from ..judging.rules import RULES
from ..judging.validation_errors import nobody
from ..loading import settle
from ..pin import wrong_pin
from ..registry import registry
from ..registry.groups import CHOOSING, JOB
from ..sources.controls import CONTROLS
from ..sources.foreign import covers, is_foreign
from ..sources.layers import FOR_THE_CALLER, Layers
from ..sources.names import is_ours, variable_of
from ..sources.readers import source_of
from ..sweeps.checker import Checker
from ..variables import ENV_FILE, EXTEND, FOREIGN, NO_FILE
from .kinds import Kind, is_template, kind_of
from .mentions import Mention, mentions
from .own import missing_groups, secrets_in_clear
from .pins import Pins
from .readers import read
from .sandbox import confine_large
from .scheduler_names import misspelt
from .spec import NOBODY, Assignment, Beside, Environment, Spec, known
from .texts import OURS, SIZE_LIMIT, decode

_RELAXING: Final = ("unknown", "foreign")
"""Controls that let a job run in spite of a name that is no setting. Here its names are judged all the same."""
_MOST_GUESSES: Final = 50
_MOST_POINTS: Final = 1_000
"""The most points of a sweep that are judged; the values of all are judged by themselves."""
_VALUE_LINE: Final = r"""[\s{,-]*["']?value["']?[ \t]*:"""


class Finding(NamedTuple):
    """One thing that is wrong. `str()` is `job.sh:12: APT_EPOCHS='ten' is not allowed: ...`."""

    file: str
    line: int
    variable: str
    message: str
    level: Literal["error", "note"] = "error"
    """A note is something to know although nothing is wrong."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class SpecReport(NamedTuple):
    """The result of checking one spec."""

    findings: list[Finding]
    """In the order of the lines, each thing once."""
    notes: list[Finding]
    """What there is to know although nothing is wrong, in the order of the lines."""
    judged: int = 0
    """How many settings have a value here that was judged."""
    unjudged: int = 0
    """How many have one that is not known, or stands where it is not read. There is a note for each."""


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
    """Judges one spec: its values, its names, and what of it is not known."""

    def __init__(self, file: str, spec: Spec, named: list[Mention], kind: Kind, beside: Beside) -> None:
        self._file = file
        self._named = named
        self._kind = kind
        self._spec = spec
        self._errors: dict[Finding, None] = {}
        self._notes: dict[Finding, None] = {}
        self._pins = Pins()
        self._told: set[tuple[str, str]] = set()
        """Variable and message of each problem of a value that is told."""
        assignments = [each for each in spec.assignments if not each.file]
        lists = [each.value or "" for each in assignments if each.variable == FOREIGN]
        self._foreign = {name for each in lists for name in each.split(",")}
        """What the spec says is of other tools: that holds for its job, and not for who checks it."""
        self._values = {(each.line, each.variable) for each in assignments if each.value is not None}
        self._unknown = {(each.line, each.variable): each.unknown for each in assignments if each.value is None}
        self._unnamed = list(dict.fromkeys([*beside.unnamed, *_unnamed(assignments)]))
        self._env_files = beside.env_files
        self._is_private = file in beside.private or is_template(file)
        self._doubt = self._error if beside.is_strict else self._note

    def report(self) -> SpecReport:
        """The result."""
        for line, variable, wrong in self._spec.faults:
            self._error(line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for line, variable, wrong in self._spec.remarks:
            self._note(line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for environment in _distinct(map(self._with_file, self._spec.environments)):
            self._judge_values(environment)
        self._judge_names()
        self._judge_controls()
        self._judge_own()
        if not self._errors:  # to mend those may make the pin right again
            for problem, doubt in self._pins.problems():
                self._tell(problem, Environment(()), doubt)
        self._note_groups()
        variables = known().variables
        judged = {place for place in self._values if place[1] in variables}
        unjudged = self._note_not_judged(judged)
        self._note_relaxing()
        in_order = sorted(self._errors, key=lambda finding: (finding.line, finding.variable))
        notes = sorted(self._notes, key=lambda finding: (finding.line, finding.variable))
        return SpecReport(in_order, notes, len(judged), unjudged)

    def _error(self, line: int, variable: str, message: str, file: str = "") -> None:
        self._errors[Finding(file or self._file, line, variable, message)] = None

    def _note(self, line: int, variable: str, message: str, file: str = "") -> None:
        self._notes[Finding(file or self._file, line, variable, message, "note")] = None

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
                self._doubt(line, name, f"{spelt(name)} is not judged: {maybe}")
            else:
                self._error(line, name, f"{spelt(name)} is not a setting{'; ' * bool(guess)}{guess}")

    def _judge_controls(self) -> None:
        """What cannot stand in a `.env`. A file of another name may be one for docker or systemd."""
        if self._kind.reader != "env" or not os.path.basename(self._file).startswith(".env"):
            return
        for each in self._spec.assignments:
            if why := FOR_THE_CALLER.get(known().variables.get(each.variable, "")):
                self._error(each.line, each.variable, f"{each.variable} cannot stand in a .env: {why}")

    def _note_groups(self) -> None:
        """Tell which groups the spec names and the caller does not."""
        for each in self._spec.assignments:
            for group in _unnamed([each]):
                text = f"the names of {escaped(group)} are not judged: --extend {escaped(group)}"
                self._doubt(each.line, each.variable, text, each.file)

    def _judge_own(self) -> None:
        """Secrets that stand in clear, and own settings whose class nothing names; a `.env` must not name it."""
        if not self._is_private:
            for line, variable, wrong in secrets_in_clear(self._spec.environments):
                self._error(line, variable, f"{variable} {wrong}")
        if self._kind.reader != "env":
            for (line, variable, wrong), is_sure in missing_groups(self._spec.environments, self._kind.reader):
                (self._error if is_sure else self._note)(line, variable, f"{variable} {wrong}")

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
            if name in known().variables and (meant := misspelt(unknown)):
                self._error(line, name, f"{name} is {unknown}, which nothing sets here; did you mean ${meant}?")
        told = {(each.line, each.variable) for each in self._errors}
        left = {place: reason for place, reason in reasons.items() if place not in judged and place not in told}
        for (line, name), reason in left.items():
            self._note(line, name, f"{name} is not judged: {reason}")
        return len(left)

    def _note_relaxing(self) -> None:
        """Tell that the spec lets unknown names pass."""
        for each in self._spec.assignments:
            if known().variables.get(each.variable) in _RELAXING and each.value and not each.file:
                text = f"{each.variable} is for the job: the names are judged here all the same"
                self._note(each.line, each.variable, text)

    def _with_file(self, environment: Environment) -> Environment:
        """An environment with what the `.env` holds that it names; of one that is not here, nobody knows."""
        texts = {each.variable: each.value for each in environment.assignments}
        path = texts.get(ENV_FILE) or NO_FILE
        if path == NO_FILE:
            return environment
        held = self._env_files.get(os.path.normpath(path)) or self._env_files.get(
            os.path.normpath(os.path.join(os.path.dirname(self._file), path))
        )
        if held is None:
            return environment._replace(certain=False, below=environment.below or path if environment.certain else "")
        more = tuple(each for each in held if each.variable not in texts)
        return environment._replace(assignments=(*more, *environment.assignments))

    def _judge_values(self, environment: Environment) -> None:
        """What `load` would refuse, without problems that values not known here may solve."""
        names, assignments = known(), environment.assignments
        unknown = {names.variables[each.variable] for each in assignments if each.value is None}
        held = [each for each in assignments if each.value is not None]
        sources = [[self._origin(each) for each in held if each.is_option == is_option] for is_option in (True, False)]
        layers = Layers.of([source_of(origins, names) for origins in sources], names)
        if wrong := wrong_pin(layers):
            self._tell(wrong, environment)
        if environment.sweep:
            checker = Checker(environment.sweep, layers)
            self._pins.add_sweep(environment, None if unknown else checker)
            self._judge_points(checker, environment, unknown)
            if "task" not in checker.sweep.places:
                self._judge_task(layers, environment, unknown)
            return
        self._judge_task(layers, environment, unknown)
        unknown |= {names.variables[name] for name in environment.varied if name in names.variables}
        try:
            made = settle(layers._replace(point=0))  # it may be one of a grid
            self._pins.add(environment, None if unknown or wrong else made)
        except SettingsError as error:
            self._pins.add(environment, None)
            for problem in error.problems:
                self._judge_problem(problem, environment, unknown)

    def _judge_points(self, checker: Checker, environment: Environment, unknown: set[str]) -> None:
        """What is wrong with the first wrong point of a sweep, but for what is told of a value by itself."""
        for index in range(min(checker.sweep.size, _MOST_POINTS)):
            problems = checker.verdict(index).problems
            for problem in problems:
                if (variable_of(problem.setting), problem.message) not in self._told:
                    self._judge_problem(problem, environment, unknown)
            if problems:
                return

    def _judge_task(self, layers: Layers, environment: Environment, unknown: set[str]) -> None:
        """Tell where `run` would refuse a job as nobody sets its task; a `.env` that is not here may."""
        if environment.is_run and environment.reads_no_file and layers.winner("task") is None:
            wrong = "is not set: a job must say which task it is"
            problem = Problem(nobody("task"), wrong, kind="not set", setting="task")
            self._judge_problem(problem, environment, unknown)

    def _judge_problem(self, problem: Problem, environment: Environment, unknown: set[str]) -> None:
        """Tell a problem that is one in any case, and as a note one that what is not read here may solve."""
        if self._unnamed and problem.setting in JOB:
            if isinstance(problem.where, Origin) and problem.kind != "not set":
                groups = escaped(",".join(self._unnamed))
                text = f"{problem.variable}={problem.value} is not judged: it may be of a task of {groups}"
                self._doubt(problem.where.line or 1, problem.variable, text)
            return
        values = {each.variable: each.value for each in environment.assignments if each.value is not None}
        certain = None if environment.certain else {known().variables[name] for name in values}
        if problem.kind == "not set" and not (environment.job_line or environment.below):
            return  # not all of a job stands here
        if not _may_be_right(problem, unknown, certain):
            may_be_in_file = problem.kind == "not set" and not environment.reads_no_file
            self._tell(problem, environment, "; but a .env may set it" if may_be_in_file else "")
        elif environment.below and not _may_be_right(problem, unknown, None):
            self._tell(problem, environment, f"; but {environment.below} may say otherwise")

    def _tell(self, problem: Problem, environment: Environment, doubt: str = "") -> None:
        """Tell it at the line of the value, or of the command whose options or want of a value it is."""
        where, file = problem.where, self._file
        variable = label = problem.variable
        line = environment.job_line or next((each.line for each in environment.assignments if not each.file), 1)
        if isinstance(where, Origin) and where.kind == "job spec":
            line, file = where.line, where.source
        elif isinstance(where, Origin) and where.kind == "argument":
            variable, label = variable_of(problem.setting), where.location
        self._told.add((variable, problem.message))
        value = "" if problem.value is None else f"={problem.value}"
        tell = self._note if doubt else self._error
        tell(line, variable, f"{label}{value} {problem.message}{doubt}".strip(), file)

    def _origin(self, assignment: Assignment) -> Origin:
        variable, value = spelt(assignment.variable), assignment.value or ""
        written = value if assignment.written is None else assignment.written
        return Origin("job spec", assignment.file or self._file, variable, value, shown(written), assignment.line)


def _unnamed(assignments: Iterable[Assignment]) -> list[str]:
    """What these name by APT_EXTEND and the caller does not. Nothing that a spec names is imported."""
    extend = [each for each in assignments if each.variable == EXTEND]
    words = [each.value if each.value is not None else each.unknown or "..." for each in extend]
    return list(dict.fromkeys(name for word in words for name in registry().missing(word)))


def _distinct(environments: Iterable[Environment]) -> Iterator[Environment]:
    """The environments to check, without repetitions: each combination of settings once."""
    seen: set[object] = set()
    variables = known().variables
    for each in environments:
        final = {one.variable: one for one in each.assignments if not _is_relaxing(one)}
        settings = tuple(one for name, one in final.items() if name in variables)
        values = frozenset((one.variable, one.value, one.line) for one in settings)
        key = values, each.certain, bool(each.below), bool(each.sweep), each.job_line, each.is_run, each.varied
        if (settings or each.sweep) and key not in seen:
            seen.add(key)
            yield each._replace(assignments=settings)


def _is_relaxing(assignment: Assignment) -> bool:
    control = known().variables.get(assignment.variable, "")
    return control in _RELAXING and assignment.value in CONTROLS[control].words


def _may_be_right(problem: Problem, unknown: set[str], only: set[str] | None) -> bool:
    """Whether a rule between two settings may hold after all, as one of them is not known.

    `unknown` are the settings whose values are known only to the job. `only` are those that are certainly set together,
    or None if no others can be set.
    """
    if problem.kind == "not set" or isinstance(problem.where, str):
        return bool(unknown) or only is not None
    if problem.setting in JOB and problem.setting != "task" and ("task" in unknown or "task" not in (only or {"task"})):
        return True
    if problem.kind not in ("does not fit", "no script"):
        return False
    rule = RULES.get(problem.setting)
    others = {rule.other, rule.where} - {""} if rule else {"task"}
    return bool(unknown & (CHOOSING | others)) or (only is not None and not others <= only)
