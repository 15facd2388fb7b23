"""Whether the values of a spec hold: each environment in it is resolved as a job would resolve it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..basics.escaping import escaped, shown, spelt
from ..basics.origins import Origin
from ..errors import Problem, SettingsError
from ..judging.rules import RULES
from ..judging.validation_errors import nobody
from ..loading import settle
from ..pin import wrong_pin
from ..registry.groups import CHOOSING, JOB
from ..sources.layers import Layers
from ..sources.names import variable_of
from ..sources.readers import source_of
from ..sweeps.checker import Checker
from ..variables import ENV_FILE, NO_FILE
from .pins import Pins
from .reports import Told
from .spec import Assignment, Beside, Environment, known, relaxes

_MOST_POINTS: Final = 1_000
"""The most points of a sweep that are judged; the values of all are judged by themselves."""


class Environments:
    """Judges the environments of one spec."""

    def __init__(self, told: Told, beside: Beside, unnamed: Sequence[str]) -> None:
        """`unnamed` are the groups that the spec or the caller names, and that are not imported."""
        self._to = told
        self._beside = beside
        self._unnamed = unnamed
        self._pins = Pins()
        self._told: set[tuple[str, str]] = set()
        """Variable and message of each problem of a value that is told."""

    def judge(self, environments: Iterable[Environment]) -> None:
        """Tell what is wrong with their values."""
        for environment in _distinct(map(self._with_file, environments)):
            self._judge(environment)

    def judge_pins(self) -> None:
        """Tell which pins are not those of the jobs that carry them."""
        for problem, doubt in self._pins.problems():
            self._tell(problem, Environment(()), doubt)

    def _with_file(self, environment: Environment) -> Environment:
        """An environment with what the `.env` holds that it names; of one that is not here, nobody knows."""
        texts = {each.variable: each.value for each in environment.assignments}
        path = texts.get(ENV_FILE) or NO_FILE
        if path == NO_FILE:
            return environment
        held = self._beside.env_files.get(os.path.normpath(path)) or self._beside.env_file(path)
        if held is None:
            return environment._replace(certain=False, below=environment.below or path if environment.certain else "")
        more = tuple(each for each in held if each.variable not in texts)
        return environment._replace(assignments=(*more, *environment.assignments))

    def _judge(self, environment: Environment) -> None:
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
                self._to.doubt(problem.where.line or 1, problem.variable, text)
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
        where, file = problem.where, self._to.file
        variable = label = problem.variable
        line = environment.job_line or next((each.line for each in environment.assignments if not each.file), 1)
        if isinstance(where, Origin) and where.kind == "job spec":
            line, file = where.line, where.source
        elif isinstance(where, Origin) and where.kind == "argument":
            variable, label = variable_of(problem.setting), where.location
        self._told.add((variable, problem.message))
        value = "" if problem.value is None else f"={problem.value}"
        tell = self._to.note if doubt else self._to.error
        tell(line, variable, f"{label}{value} {problem.message}{doubt}".strip(), file)

    def _origin(self, assignment: Assignment) -> Origin:
        variable, value = spelt(assignment.variable), assignment.value or ""
        written = value if assignment.written is None else assignment.written
        return Origin("job spec", assignment.file or self._to.file, variable, value, shown(written), assignment.line)


def _distinct(environments: Iterable[Environment]) -> Iterator[Environment]:
    """The environments to check, without repetitions: each combination of settings once."""
    seen: set[object] = set()
    variables = known().variables
    for each in environments:
        final = {one.variable: one for one in each.assignments if not relaxes(one)}
        settings = tuple(one for name, one in final.items() if name in variables)
        values = frozenset((one.variable, one.value, one.line) for one in settings)
        key = values, each.certain, bool(each.below), bool(each.sweep), each.job_line, each.is_run, each.varied
        if (settings or each.sweep) and key not in seen:
            seen.add(key)
            yield each._replace(assignments=settings)


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
