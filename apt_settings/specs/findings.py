"""Find what is wrong with a job spec: each environment in it is resolved as a job would resolve it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

from ..basics.escaping import shown, spelt
from ..basics.files import UnreadableError, as_text
from ..basics.origins import Origin
from ..errors import Problem, SettingsError
from ..groups import CHOOSING, JOB
from ..loading import settle
from ..registry import registry
from ..rules import RULES
from ..sources.layers import Layers
from ..sources.names import is_ours, variable_of
from ..sources.readers import source_of
from . import dockerfiles, dotenv, manifests, shell
from .sandbox import confine_large
from .spec import Assignment, Environment, Spec, known

SIZE_LIMIT: Final = 1024 * 1024
"""The most bytes that a spec may have."""

_READERS: Final[Mapping[str, Callable[[str], Spec]]] = {
    "env": dotenv.read,
    "script": shell.read,
    "manifest": manifests.read,
    "dockerfile": dockerfiles.read,
}
_NAMES: Final = (
    ("manifest", r".+\.(ya?ml|json)"),
    ("dockerfile", r"(.+[.-])?(dockerfile|containerfile)([.-].+)?"),
    ("script", r".+\.(sh|bash|sbatch|slurm|job)"),
    ("env", r"(.*\.)?env|\.env\..+"),
)
_NO_SPEC: Final = r"\.(py|md|rst|txt|toml|cfg|ini|html|ipynb)$"
"""Code and prose: they may name APT_ variables, but set none."""
_CONTENTS: Final = (
    ("script", r"\A#!.*sh\b"),
    ("manifest", r"(?m)^(apiVersion|kind):"),
    ("dockerfile", r"(?mi)^from[ \t]+\S+"),
    ("script", r"(?m)^[ \t]*(export[ \t]|#SBATCH\b|srun[ \t]|module[ \t])"),
)
_MANIFEST: Final = r"""(?m)^[\s{-]*["']?(apiVersion|kind|services)["']?[ \t]*:"""
_OURS: Final = r"(?i)apt[_.-]"
"""A spec without this sets no setting and needs no check. A `.env` is checked all the same, for faulty lines."""
_ENV_LINE: Final = r"[ \t]*(#|(export[ \t]+)?\w+=|$)"


class Finding(NamedTuple):
    """One thing that is wrong. `str()` is `job.sh:12: APT_EPOCHS='ten' is not allowed: ...`."""

    file: str
    line: int
    variable: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Judgement(NamedTuple):
    """The result of checking one spec."""

    findings: list[Finding]
    """In the order of the lines, each thing once."""
    judged: bool
    """False if the spec names APT_ variables, but nothing in it could be checked."""
    unnamed: tuple[str, ...] = ()
    """The groups and tasks that the spec names and the caller does not, so that their settings are not judged."""
    remarks: tuple[str, ...] = ()
    """What there is to know although nothing is wrong: `train.sh:3 --learning_rate is for the command alone`."""


def findings(name: str, data: bytes) -> list[Finding]:
    """The findings of `judge`."""
    return judge(name, data).findings


def judge(name: str, data: bytes) -> Judgement:
    """Check a spec. Its name says which kind of spec it is; if not, its content does."""
    try:
        text = text_of(data)
        kind = _kind(name, text)
        if kind != "env" and not re.search(_OURS, text):
            nothing = kind == "manifest" and not re.search(_MANIFEST, text)
            return Judgement([], not nothing, remarks=(f"{name}: nothing in it is a job spec",) * nothing)
        return confine_large(lambda: _check(name, text, kind), len(data))
    except UnreadableError as error:
        return Judgement([Finding(name, error.line, "", str(error))], True)
    except RecursionError:
        return Judgement([Finding(name, 1, "", "is nested too deeply")], True)


def _check(name: str, text: str, kind: str) -> Judgement:
    """Check a spec of a known kind. Raises UnreadableError and RecursionError."""
    spec = _READERS[kind](text)
    found = [
        Finding(name, line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for line, variable, wrong in spec.faults
    ]
    for environment in _distinct(spec.environments):
        found += _problems(name, environment)
    seen = any(environment.assignments for environment in spec.environments)
    unnamed = (name for environment in spec.environments for name in _unnamed(environment.assignments))
    judged = bool(found) or seen or not re.search(r"\bAPT_[A-Z]", text)
    remarks = [f"{name}:{each.line} {each.wrong}" for each in spec.remarks]
    remarks += [] if judged else [f"{name} names APT_ variables, but nothing in it can be checked"]
    in_order = sorted(dict.fromkeys(found), key=lambda finding: finding.line)
    return Judgement(in_order, judged, tuple(dict.fromkeys(unnamed)), tuple(remarks))


def _unnamed(assignments: Iterable[Assignment]) -> list[str]:
    """What these name by APT_EXTEND and the caller does not. Nothing that a spec names is imported."""
    words = (each.value for each in assignments if each.variable == variable_of("extend"))
    known = registry().word.split(",")
    return [name for word in words if word for name in word.split(",") if name not in known]


def _distinct(environments: Iterable[Environment]) -> Iterator[Environment]:
    """The environments to check, without repetitions.

    Each combination of settings occurs once. Each unknown name occurs once too, in an environment of unknown names
    with the APT_UNKNOWN beside them.
    """
    seen: set[object] = set()
    variables = known().variables
    for assignments, certain in environments:
        final = {each.variable: each for each in assignments}
        settings = tuple(each for name, each in final.items() if name in variables)
        unknown = tuple(
            each for name, each in final.items() if name not in variables and is_ours(name) and each not in seen
        )
        seen.update(unknown)
        if unknown:
            policy = tuple(each for each in settings if each.variable in map(variable_of, ("unknown", "extend")))
            yield Environment((*unknown, *policy), certain)
        key = frozenset((each.variable, each.value) for each in settings), certain
        if settings and key not in seen:
            seen.add(key)
            yield Environment(settings, certain)


def text_of(data: bytes) -> str:
    """The text of a spec. Raises UnreadableError if it is too large or no text."""
    if len(data) > SIZE_LIMIT:
        raise UnreadableError(f"is larger than {SIZE_LIMIT // 1024} KiB, the most that a job spec may have")
    try:
        text = as_text(data)
    except UnreadableError as error:
        raise UnreadableError(f"is {error}", error.line) from None
    if "\0" in text:
        raise UnreadableError("is not a text file")
    return text


def _kind(name: str, text: str) -> str:
    """The kind of a spec, one of `_READERS`: by its name, else by its content. Raises UnreadableError."""
    base = PurePath(name).name.lower()
    by_name = (kind for kind, pattern in _NAMES if re.fullmatch(pattern, base))
    kind = next(by_name, None) or (None if re.search(_NO_SPEC, base) else _kind_of(text))
    if kind is None and text.strip():
        raise UnreadableError("is not a job spec: a .env, a script, a manifest or a Dockerfile")
    return kind or "env"


def _kind_of(text: str) -> str | None:
    kind = next((kind for kind, pattern in _CONTENTS if re.search(pattern, text)), None)
    return kind or ("env" if all(re.match(_ENV_LINE, line) for line in text.splitlines()) else None)


def _problems(file: str, environment: Environment) -> Iterator[Finding]:
    """What `load` would refuse, without problems that values not known here may solve."""
    names, assignments = known(), environment.assignments
    with_value = [each for each in assignments if each.value is not None or each.variable not in names.variables]
    origins = [_origin(file, each) for each in with_value]
    unknown = {names.variables[each.variable] for each in assignments if each not in with_value}
    settings = {names.variables[each.variable] for each in with_value if each.variable in names.variables}
    try:
        settle(Layers.of([source_of(origins, names)], names))
    except SettingsError as error:
        for problem in error.problems:
            if _unnamed(assignments) and (problem.kind == "unknown name" or problem.setting in JOB):
                continue  # it may be a setting of theirs, or a task
            if not _may_be_right(problem, unknown, None if environment.certain else settings):
                yield _finding(file, problem)


def _origin(file: str, assignment: Assignment) -> Origin:
    variable, value = spelt(assignment.variable), assignment.value or ""
    written = value if assignment.written is None else assignment.written
    return Origin("job spec", file, variable, value, shown(written), assignment.line)


def _finding(file: str, problem: Problem) -> Finding:
    line = 1 if isinstance(problem.where, str) else problem.where.line
    value = "" if problem.value is None else f"={problem.value}"
    return Finding(file, line, problem.variable, f"{problem.variable}{value} {problem.message}".strip())


def _may_be_right(problem: Problem, unknown: set[str], only: set[str] | None) -> bool:
    """Whether a rule between two settings may hold after all, as one of them is not known.

    `unknown` are the settings whose values are known only to the job. `only` are those that are certainly set together,
    or None if no others can be set.
    """
    if problem.kind not in ("does not fit", "no script"):
        return False
    rule = RULES.get(problem.setting)
    others = {rule.other, rule.where} - {""} if rule else {"task"}
    return bool(unknown & (CHOOSING | others)) or (only is not None and not others <= only)
