"""The log of a training with the official release, held against the plan of its job.

The lines are those of the release at commit 56eaf8b (trainer_minus.py:932-936, 1254-1286, 1338-1343, 1584).
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ..basics.escaping import escaped, shown
from ..errors import SettingsError
from .release import ReleasePlan

_LONGEST: Final = 1 << 20
"""The most characters of a line that are looked at; an example of the data may be longer."""
_STEP: Final = r"(-?[0-9]{1,18})"
_COUNT: Final = r"([0-9]{1,3}(?:,[0-9]{3}){1,5}(?![0-9])|[0-9]{1,18})"
"""As Python prints it, or as newer versions of transformers do: `67349`, `67,349`."""
_LIST: Final = r"\[([0-9., e+-]{1,10000})\]"
"""Each has an end, as a log is a file that anybody may have written."""
_PRECISION: Final = 4
"""Decimals of a kept fraction that are compared: 1.0 prints its 0.63049 in float32."""


class Line(NamedTuple):
    """One kind of line."""

    name: str
    pattern: str
    expected: Callable[[ReleasePlan], str]
    """What the plan has in its place; empty where it has nothing to say."""
    read: Callable[[re.Match[str]], str]
    """What a line says."""
    is_job: bool = False
    """Whether it tells which job it is, and not what becomes of it."""


def _first(match: re.Match[str]) -> str:
    return match[1].replace(",", "")


def _numbers(match: re.Match[str]) -> str:
    return ", ".join(match[1].replace(" ", "").split(","))


def _fractions(match: re.Match[str]) -> str:
    return _kept(float(each) for each in re.findall(r"-?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?", match[1]))


def _kept(fractions: Iterator[float]) -> str:
    return ", ".join(f"{each:.{_PRECISION}g}" for each in fractions)


def _window(match: re.Match[str]) -> str:
    return "none" if int(match[1]) < 0 else f"{match[1]} to {match[2]}"


def _planned_window(job: ReleasePlan) -> str:
    return "{} to {}".format(*job.distillation) if job.distillation else "none"


LINES: Final = (
    Line("examples", rf"Num examples = {_COUNT}", lambda job: str(job.examples), _first, is_job=True),
    Line("epochs", rf"Num Epochs = {_COUNT}", lambda job: str(job.settings.epochs), _first, is_job=True),
    Line(
        "batch",
        rf"Total train batch size .{{,80}}= {_COUNT}",
        lambda job: str(job.settings.batch_size),
        _first,
        is_job=True,
    ),
    Line("steps", rf"Total optimization steps = {_COUNT}", lambda job: str(job.total_steps), _first),
    Line(
        "prunings",
        rf"Pruning will be conducted at steps {_LIST}",
        lambda job: ", ".join(str(point.step) for point in job.points),
        _numbers,
    ),
    Line(
        "kept",
        rf"Pruning mac constraint schedule {_LIST}",
        lambda job: _kept(point.kept for point in job.points),
        _fractions,
    ),
    Line(
        "distillation",
        rf"Distillation schedule: starting from step {_STEP}, ending in step {_STEP}",
        _planned_window,
        _window,
    ),
    Line(
        "best model",
        r"(Best model loaded|No best model found)",
        lambda job: "Best model loaded" if job.distillation else "",
        _first,
    ),
)


class LogRow(NamedTuple):
    """What a log and the plan say of one thing."""

    name: str
    plan: str
    log: str

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.plan == self.log


def read_log(path: str | os.PathLike[str], job: ReleasePlan) -> list[LogRow]:
    """What a log says of a job, beside what the plan says. A log of several trainings counts with its last.

    Raises SettingsError for a file that cannot be read, has no such lines, or is the log of another job.
    """
    name, found = escaped(os.fspath(path)), _found(path)
    told = [
        LogRow(line.name, line.expected(job), line.read(found[line.name]))
        for line in LINES
        if line.name in found and line.expected(job)
    ]
    if not told:
        fix = "it is trainer.log in the folder that output_dir names"
        raise SettingsError.at(name, "has none of the lines in which the release tells its schedule", fix=fix)
    which = {line.name for line in LINES if line.is_job}
    if other := [each for each in told if each.name in which and not each.agrees]:
        differences = ", ".join(f"{each.name} {shown(each.log)[1:-1]} and not {each.plan}" for each in other)
        only_examples = [each.name for each in other] == ["examples"]
        fix = f"say --examples {other[0].log} if that is what it counted" if only_examples else ""
        raise SettingsError.at(name, f"is the log of another job: it has {differences}", fix=fix)
    return told


def _found(path: str | os.PathLike[str]) -> dict[str, re.Match[str]]:
    """Name of a line -> its last occurrence."""
    found: dict[str, re.Match[str]] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            while text := stream.readline(_LONGEST):
                if len(text) == _LONGEST and "\0" in text:
                    raise ValueError("it is no text")  # perhaps a device without end
                found |= {line.name: match for line in LINES if (match := re.search(line.pattern, text))}
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL, too
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError.at(escaped(os.fspath(path)), f"cannot be read: {reason}") from None
    return found
