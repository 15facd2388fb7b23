"""What a spec says of a project's own settings: secrets that stand in clear, and a class that nothing names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..basics.escaping import escaped
from ..registry import registry
from ..sources.names import variable_of
from ..tasks import TASKS, tasks
from ..variables import EXTEND
from .spec import Assignment, Environment, Fault, known, setting_of

_TASK: Final = variable_of("task")
_NONE: Final = ("", "none", "null")
_LINES: Final[Mapping[str, str]] = {"script": "export {}={}", "dockerfile": "ENV {}={}"}
"""Reader -> how a line of it sets a variable."""


def secrets_in_clear(environments: Iterable[Environment]) -> Iterator[Fault]:
    """A fault for each value of a secret that whoever reads the file can read; it never shows the value."""
    for each in _assignments(environments):
        setting = setting_of(each.variable)
        is_shown = setting is not None and setting.secret and not known().is_file_of_secret(each.variable)
        if is_shown and (each.value or "").strip().lower() not in _NONE:
            fix = f"take it from the environment or a Secret, or name its file by {each.variable}_FILE"
            yield Fault(each.line, each.variable, f"is secret, and stands in clear here: {fix}")


def missing_groups(environments: Iterable[Environment], reader: str) -> Iterator[tuple[Fault, bool]]:
    """What there is to know where own settings are set, and nothing beside them names their class; and if it is wrong.

    A job that starts there refuses them, unless its program or its image names the class.
    """
    environments = list(environments)
    named = {each for one in environments if _names_group(one) for each in one.assignments}
    # a table of a manifest may be one that several containers share: each of these has an image below
    together = [each for each in environments if each.below or (each.certain and reader in _LINES)]
    line = _LINES.get(reader, "{}={}").format(EXTEND, escaped(registry().word))
    for environment in together:
        is_whole = environment.is_run and environment.certain and environment.reads_no_file
        own = [each for each in _assignments([environment]) if _is_own(each) and (is_whole or each not in named)]
        if own and not _names_group(environment):
            wrong = f"is of your own class, and nothing here names it: add {line}"
            unless = "" if is_whole else ", unless the image or the program does"
            yield Fault(own[0].line, own[0].variable, wrong + unless), is_whole


def _assignments(environments: Iterable[Environment]) -> Iterator[Assignment]:
    return (each for one in environments for each in one.assignments if not each.file)


def _names_group(environment: Environment) -> bool:
    return any(each.variable == EXTEND for each in environment.assignments)


def _is_own(assignment: Assignment) -> bool:
    setting = setting_of(assignment.variable)
    is_own_task = assignment.variable == _TASK and assignment.value in (tasks().keys() - TASKS)
    return is_own_task or (setting is not None and setting.is_own)
