"""The pins in a text that `job` wrote: whether the settings beside each are still those that were checked."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ..base import AptSettings, settings_of
from ..basics.packages import version_of
from ..errors import Problem, SettingsError
from ..fingerprint import compared
from ..pin import SWEEP, Pin, PinnedSweep, refuse_others
from ..registry import registry
from ..sources.handed_on import giver, places_in
from ..sweeps.checker import Checker
from ..sweeps.pin import of_sweep, pinned_sweep
from ..variables import EXPECT, EXTEND, GIVEN_BY
from .spec import Assignment, Environment, known, setting_of

_MOST_POINTS: Final = 1_000
"""The most points that are resolved for the pin of a sweep."""


class _Job(NamedTuple):
    """What an environment with a pin makes."""

    environment: Environment
    settings: AptSettings | None = None
    """Those of the first point of a sweep; None where they are wrong or not all known."""
    sweep: PinnedSweep | None = None
    """The sweep that they are of."""


class Pins:
    """Each pin of a text, with the environments that carry it and the settings that these make."""

    def __init__(self) -> None:
        self._jobs: dict[Assignment, list[_Job]] = {}

    def add(self, environment: Environment, settings: AptSettings | None) -> None:
        """Keep an environment if it has the pin of one job; the settings are None where they are wrong or not known."""
        self._add(_Job(environment, settings), is_sweep=False)

    def add_sweep(self, environment: Environment, checker: Checker | None) -> None:
        """Keep an environment if it has the pin of a sweep; the checker is None where not all of it is known."""
        few = checker and sum(checker.sweep.axes[number].size for number in checker.choosing_axes) <= _MOST_POINTS
        try:
            job = _job_of(environment, checker) if checker and few else _Job(environment)
        except SettingsError:
            job = _Job(environment)
        self._add(job, is_sweep=True)

    def _add(self, job: _Job, *, is_sweep: bool) -> None:
        environment, settings, _ = job
        for each in environment.assignments:
            if each.variable == EXPECT and each.value and each.value.startswith(SWEEP) == is_sweep:
                is_whole = settings is not None and _is_everything(environment) and not _has_secret(settings)
                self._jobs.setdefault(each, []).append(job if is_whole else _Job(environment))

    def problems(self) -> Iterator[tuple[Problem, str]]:
        """A problem for each pin that is not that of a job which carries it, and why it may be none.

        Where nobody knows which command is the job, one environment with the pin is enough.
        """
        for expect, held in self._jobs.items():
            jobs = [each for each in held if each.environment.job_line]
            found = [(problem, each) for each in jobs or held if (problem := _problem(each))]
            if found and (jobs or len(found) == len(held)):
                problem, job = found[-1]
                yield problem, _doubt(expect.value or "", job)


def _job_of(environment: Environment, checker: Checker) -> _Job:
    """The job of a sweep. Raises SettingsError where a point that decides its pin is wrong."""
    pin = of_sweep(checker)
    return _Job(environment, checker.settings(0), pinned_sweep(checker)._replace(pin=lambda: pin))


def _is_everything(environment: Environment) -> bool:
    """Whether an environment decides all settings: no `.env` is read, and its groups are those that are known here."""
    texts = {each.variable: each.value for each in environment.assignments}
    return environment.reads_no_file and texts.get(EXTEND, "") == registry().word


def _has_secret(settings: AptSettings) -> bool:
    """Whether the pin is of a secret too: no text has it."""
    return any(settings_of(settings)[name].secret for name in compared(settings))


def _problem(job: _Job) -> Problem | None:
    """What is wrong with the pin of an environment; None where nothing is, or nobody knows."""
    environment, settings, sweep = job
    edited = _edited(environment)
    if settings is None or not (edited or environment.certain or environment.below):
        return None
    try:
        refuse_others(settings, sweep)
    except SettingsError as error:
        problem = error.problems[0]
        verb = "was" if len(edited) == 1 else "were"
        return problem._replace(wrong=f"{problem.wrong}: {', '.join(edited)} {verb} edited") if edited else problem
    return None


def _edited(environment: Environment) -> list[str]:
    """The variables that are not what `job` wrote, and those that an option of the command sets beside them."""
    texts = {each.variable: each.value or "" for each in environment.assignments}
    written = places_in(texts.get(GIVEN_BY, ""))
    behind = [each for each in environment.assignments if written and 0 < environment.job_line <= each.line]
    told = written.keys() | {each.variable for each in behind if setting_of(each.variable)}
    return [name for name in known().variables if name in told and not giver(written, name, texts.get(name, ""))]


def _doubt(pin: str, job: _Job) -> str:
    """Why the settings may be those of the pin all the same; empty where somebody has edited them."""
    expected, here = Pin.read(pin), version_of("apt-settings")
    if _edited(job.environment):
        return ""
    if job.environment.below and not job.sweep:  # no image changes the points
        return f"; but {job.environment.below} may say otherwise"
    if expected and expected.version not in ("", here):
        return f"; but it is of apt-settings {expected.version}, and this is {here}"
    return ""
