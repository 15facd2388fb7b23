"""What is wrong with a job spec: each environment in it resolved as a job would resolve it."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

from ..base import AptSettings
from ..controls import CONTROLS
from ..errors import Problem, SettingsError
from ..groups import JOB
from ..hints import shown, spelt
from ..loading import settle
from ..origins import Origin
from ..ownership import PREFIX, is_ours
from ..reading import judged
from ..rules import RULES
from ..sources import sorted_out
from . import dockerfiles, dotenv, manifests, shell
from .spec import Assignment, Environment, Spec, UnreadableError

SIZE_LIMIT: Final = 1024 * 1024
"""The most bytes that a spec may have."""

_KNOWN: Final = {PREFIX + name.upper(): name for name in (*AptSettings.model_fields, *CONTROLS)}
_CHOOSING: Final = {*JOB, "reference"}

_READERS: Final[Mapping[str, Callable[[str], Spec]]] = {
    "env": dotenv.read,
    "script": shell.read,
    "manifest": manifests.read,
    "dockerfile": dockerfiles.read,
}
_NAMES: Final = (
    ("manifest", r".+\.ya?ml"),
    ("dockerfile", r"(.+[.-])?(dockerfile|containerfile)([.-].+)?"),
    ("script", r".+\.(sh|bash|sbatch|slurm|job)"),
    ("env", r"(.*\.)?env(\..+)?"),
)
_CONTENTS: Final = (
    ("script", r"\A#!.*sh\b"),
    ("manifest", r"(?m)^(apiVersion|kind):"),
    ("dockerfile", r"(?mi)^from\s+\S+"),
    ("script", r"(?m)^\s*(export\s|#SBATCH\b|srun\s|module\s)"),
    ("env", r"(?m)^\s*\w+="),
)


class Finding(NamedTuple):
    """One thing that is wrong. `str()` is `job.sh:12: APT_EPOCHS='ten' is not allowed: ...`."""

    file: str
    line: int
    variable: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def findings(name: str, data: bytes) -> list[Finding]:
    """What is wrong with a spec of this name and content, line by line, each thing once."""
    try:
        text = _text(data)
        spec = _READERS[_kind(name, text)](text)
    except UnreadableError as error:
        return [Finding(name, error.line, "", str(error))]
    found = [
        Finding(name, line, variable, f"{spelt(variable)} {wrong}" if variable else wrong)
        for line, variable, wrong in spec.faults
    ]
    for environment in spec.environments:
        found += _problems(name, environment)
    return sorted(dict.fromkeys(found), key=lambda finding: finding.line)


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
    by_content = (kind for kind, pattern in _CONTENTS if re.search(pattern, text))
    kind = next(by_name, None) or next(by_content, None)
    if kind is None and text.strip():
        raise UnreadableError("is no job spec that is known: a .env, a script, a manifest or a Dockerfile")
    return kind or "env"


def _problems(file: str, environment: Environment) -> Iterator[Finding]:
    """What load would refuse, but for what depends on a value that is not known."""
    final = {each.variable: each for each in environment.assignments if is_ours(each.variable)}
    known = [each for each in final.values() if each.value is not None or each.variable not in _KNOWN]
    origins = [_origin(file, each) for each in known]
    undecided = {_KNOWN[name] for name, each in final.items() if each.value is None and name in _KNOWN}
    reading = judged([sorted_out(origins, _KNOWN)], AptSettings.model_fields)
    try:
        settle(reading)
    except SettingsError as error:
        for problem in error.problems:
            if not _depends(problem, undecided, certain=environment.certain):
                line = int(problem.origin.rpartition(":")[2])
                yield Finding(file, line, problem.variable, str(problem._replace(origin="")))


def _origin(file: str, assignment: Assignment) -> Origin:
    variable, value = spelt(assignment.variable), assignment.value or ""
    return Origin("environment", f"{file}:{assignment.line}", variable, value, shown(value))


def _depends(problem: Problem, undecided: set[str], *, certain: bool) -> bool:
    """Whether a problem might not be one, if what is not known were known."""
    if problem.wrong != "does not fit" and "has no script" not in problem.wrong:
        return False
    setting = _KNOWN.get(problem.variable, "")
    others = {RULES[setting].other} if setting in RULES else set()
    return not certain or bool(undecided & (_CHOOSING | others))
