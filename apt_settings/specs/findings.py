"""What is wrong with a job spec: each environment in it resolved as a job would resolve it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

from ..base import AptSettings
from ..basics.escaping import shown, spelt
from ..basics.origins import Origin
from ..errors import Problem, SettingsError
from ..groups import CHOOSING
from ..loading import settle
from ..rules import RULES
from ..sources.layers import judged
from ..sources.names import is_ours
from ..sources.readers import sorted_out
from . import dockerfiles, dotenv, manifests, shell
from .sandbox import confined
from .spec import KNOWN, Assignment, Environment, Spec, UnreadableError

SIZE_LIMIT: Final = 1024 * 1024
"""The most bytes that a spec may have."""

_SMALL: Final = 8 * 1024  # no parser needs much for fewer bytes

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
"""Code and prose, whose APT_ names set nothing."""
_CONTENTS: Final = (
    ("script", r"\A#!.*sh\b"),
    ("manifest", r"(?m)^(apiVersion|kind):"),
    ("dockerfile", r"(?mi)^from[ \t]+\S+"),
    ("script", r"(?m)^[ \t]*(export[ \t]|#SBATCH\b|srun[ \t]|module[ \t])"),
)
_OURS: Final = r"(?i)apt[_.-]"
"""What any spec has that sets something of ours; a `.env` must be right whatever it holds."""
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
    """What is said of one spec."""

    findings: list[Finding]
    """Line by line, each thing once."""
    judged: bool
    """Whether anything in it could be judged, or nothing in it names us."""


def findings(name: str, data: bytes) -> list[Finding]:
    """What is wrong with a spec of this name and content."""
    return judge(name, data).findings


def judge(name: str, data: bytes) -> Judgement:
    """What is wrong with a spec of this name and content, and whether it could be judged."""
    try:
        text = _text(data)
        kind = _kind(name, text)
        if kind != "env" and not re.search(_OURS, text):
            return Judgement([], True)
        return _judged(name, text, kind) if len(data) < _SMALL else confined(lambda: _judged(name, text, kind))
    except UnreadableError as error:
        return Judgement([Finding(name, error.line, "", str(error))], True)
    except RecursionError:
        return Judgement([Finding(name, 1, "", "is nested too deeply")], True)


def _judged(name: str, text: str, kind: str) -> Judgement:
    """As `judge`, of a text of a known kind. Raises UnreadableError and RecursionError."""
    spec = _READERS[kind](text)
    found = [
        Finding(name, line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for line, variable, wrong in spec.faults
    ]
    for environment in _distinct(spec.environments):
        found += _problems(name, environment)
    seen = any(environment.assignments for environment in spec.environments)
    return Judgement(
        sorted(dict.fromkeys(found), key=lambda finding: finding.line),
        bool(found) or seen or not re.search(r"\bAPT_[A-Z]", text),
    )


def _distinct(environments: Iterable[Environment]) -> Iterator[Environment]:
    """Each combination of settings once; names that are none once each, with what APT_UNKNOWN says beside them."""
    told: set[object] = set()
    for assignments, certain in environments:
        final = {each.variable: each for each in assignments}
        known = tuple(each for name, each in final.items() if name in KNOWN)
        strange = tuple(
            each for name, each in final.items() if name not in KNOWN and is_ours(name) and each not in told
        )
        told.update(strange)
        if strange:
            policy = tuple(each for each in known if each.variable == "APT_UNKNOWN")
            yield Environment((*strange, *policy), certain)
        key = frozenset((each.variable, each.value) for each in known), certain
        if known and key not in told:
            told.add(key)
            yield Environment(known, certain)


def _text(data: bytes) -> str:
    if len(data) > SIZE_LIMIT:
        raise UnreadableError(f"is larger than {SIZE_LIMIT // 1024} KiB, the most that a job spec may have")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8", data[: error.start].count(b"\n") + 1) from None
    if "\0" in text:
        raise UnreadableError("is no text")
    return text


def _kind(name: str, text: str) -> str:
    """Which kind of spec it is, by its name, else by what stands in it."""
    base = PurePath(name).name.lower()
    by_name = (kind for kind, pattern in _NAMES if re.fullmatch(pattern, base))
    kind = next(by_name, None) or (None if re.search(_NO_SPEC, base) else _kind_of(text))
    if kind is None and text.strip():
        raise UnreadableError("is no job spec that is known: a .env, a script, a manifest or a Dockerfile")
    return kind or "env"


def _kind_of(text: str) -> str | None:
    kind = next((kind for kind, pattern in _CONTENTS if re.search(pattern, text)), None)
    return kind or ("env" if all(re.match(_ENV_LINE, line) for line in text.splitlines()) else None)


def _problems(file: str, environment: Environment) -> Iterator[Finding]:
    """What load would refuse, but for what depends on a value that is not known."""
    known = [each for each in environment.assignments if each.value is not None or each.variable not in KNOWN]
    origins = [_origin(file, each) for each in known]
    undecided = {KNOWN[each.variable] for each in environment.assignments if each.value is None and each not in known}
    given = {KNOWN[each.variable] for each in known if each.variable in KNOWN}
    reading = judged([sorted_out(origins, KNOWN)], AptSettings.model_fields)
    try:
        settle(reading)
    except SettingsError as error:
        for problem in error.problems:
            if not _depends(problem, undecided, None if environment.certain else given):
                line = int(problem.origin.rpartition(":")[2])
                yield Finding(file, line, problem.variable, str(problem._replace(origin="")))


def _origin(file: str, assignment: Assignment) -> Origin:
    variable, value = spelt(assignment.variable), assignment.value or ""
    return Origin("environment", f"{file}:{assignment.line}", variable, value, shown(value))


def _depends(problem: Problem, undecided: set[str], given: set[str] | None) -> bool:
    """Whether a problem might not be one, if all were known; `given` is what is, where that is not everything."""
    if problem.wrong != "does not fit" and "has no script" not in problem.wrong:
        return False
    setting = KNOWN.get(problem.variable, "")
    others = {RULES[setting].other} if setting in RULES else {"task"}
    return bool(undecided & (CHOOSING | others)) or (given is not None and not others <= given)
