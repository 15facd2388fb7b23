"""The pins in a text that `job` wrote: whether the settings beside each are still those that were checked."""

from collections.abc import Iterator

from ..base import AptSettings, settings_of
from ..basics.packages import version_of
from ..errors import Problem, SettingsError
from ..fingerprint import compared
from ..pin import SWEEP, Pin, refuse_others
from ..registry import registry
from ..sources.handed_on import giver, places_in
from ..variables import ENV_FILE, EXPECT, EXTEND, GIVEN_BY, NO_FILE
from .spec import Assignment, Environment, known


class Pins:
    """Each pin of a text, with the environments that carry it and the settings that these make."""

    def __init__(self) -> None:
        self._jobs: dict[Assignment, list[tuple[Environment, AptSettings | None]]] = {}

    def add(self, environment: Environment, settings: AptSettings | None) -> None:
        """Keep an environment if it has a pin; the settings are None where they are wrong or not all known.

        The pin of a sweep is left out: it is of points, which no environment has.
        """
        for each in environment.assignments:
            if each.variable == EXPECT and each.value and not each.value.startswith(SWEEP):
                is_whole = settings is not None and _is_everything(environment) and not _has_secret(settings)
                self._jobs.setdefault(each, []).append((environment, settings if is_whole else None))

    def problems(self) -> Iterator[tuple[Problem, str]]:
        """A problem for each pin that no environment has of those that carry it, and why it may be none.

        One is enough: it may be that of a command with --set.
        """
        for expect, jobs in self._jobs.items():
            found = [_problem(environment, settings) for environment, settings in jobs]
            problem = found[-1]
            if problem and all(found):
                yield problem, _doubt(expect.value or "", jobs[-1][0])


def _is_everything(environment: Environment) -> bool:
    """Whether an environment decides all settings: no `.env` is read, and its groups are those that are known here."""
    texts = {each.variable: each.value for each in environment.assignments}
    return texts.get(ENV_FILE) == NO_FILE and texts.get(EXTEND, "") == registry().word


def _has_secret(settings: AptSettings) -> bool:
    """Whether the pin is of a secret too: no text has it."""
    return any(settings_of(settings)[name].secret for name in compared(settings))


def _problem(environment: Environment, settings: AptSettings | None) -> Problem | None:
    """What is wrong with the pin of an environment; None where nothing is, or nobody knows."""
    edited = _edited(environment)
    if settings is None or not (edited or environment.certain or environment.below):
        return None
    try:
        refuse_others(settings)
    except SettingsError as error:
        problem = error.problems[0]
        verb = "was" if len(edited) == 1 else "were"
        return problem._replace(wrong=f"{problem.wrong}: {', '.join(edited)} {verb} edited") if edited else problem
    return None


def _edited(environment: Environment) -> list[str]:
    """The variables that are not what `job` wrote."""
    texts = {each.variable: each.value or "" for each in environment.assignments}
    written = places_in(texts.get(GIVEN_BY, ""))
    return [name for name in known().variables if name in written and not giver(written, name, texts.get(name, ""))]


def _doubt(pin: str, environment: Environment) -> str:
    """Why the settings may be those of the pin all the same; empty where somebody has edited them."""
    expected, here = Pin.read(pin), version_of("apt-settings")
    if _edited(environment):
        return ""
    if environment.below:
        return f"; but {environment.below} may say otherwise"
    if expected and expected.version not in ("", here):
        return f"; but it is of apt-settings {expected.version}, and this is {here}"
    return ""
