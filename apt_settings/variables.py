"""Settings as variables, and variables as text: one form for a shell, one for a `.env`, as neither serves both."""

import re
import shlex
from collections.abc import Mapping
from typing import Final

from .base import AptSettings
from .errors import Problem, SettingsError
from .loading import resolve
from .sources.controls import CONTROLS
from .sources.names import PREFIX
from .values import as_text

REFERENCE: Final = f"{PREFIX}REFERENCE"
ENV_FILE: Final = f"{PREFIX}ENV_FILE"
NO_FILE: Final = "/dev/null"
"""What ENV_FILE names where no `.env` shall be read."""
_BARE: Final = r"[A-Za-z0-9_.,:/@%+=~^-]+"


def variables(settings: AptSettings) -> dict[str, str]:
    """`APT_` name -> text for every setting: with these variables, `load` gives equal settings.

    Left out are defaults that do not fit what was set (`settings.misfits`): to set one would be an error. As they are
    those of APT_REFERENCE, that is among the variables where it is not the paper.
    Raises SettingsError for a value that no variable can hold, such as a subclass's dictionary.
    """
    fields = type(settings).model_fields
    names = {PREFIX + name.upper(): name for name in fields if name not in settings.misfits}
    given = {variable: as_text(getattr(settings, name)) for variable, name in names.items()}
    if settings.controls["reference"] != CONTROLS["reference"].words[0]:
        given[REFERENCE] = settings.controls["reference"]
    try:
        again = resolve(given, None, type(settings), {})
    except SettingsError as error:
        if any(problem.variable not in names for problem in error.problems):
            raise
        lost = [(names[problem.variable], problem.allowed) for problem in error.problems]
    else:
        lost = [(name, "") for name in fields if getattr(again, name) != getattr(settings, name)]
    if lost:
        wrong = "has a value that no variable can hold"
        raise SettingsError(Problem(name, "", None, wrong, allowed) for name, allowed in lost)
    return given


def as_shell(given: Mapping[str, str]) -> str:
    """Lines that a POSIX shell reads: `export APT_OUTPUT_DIR='a b'`."""
    return "".join(f"export {variable}={shlex.quote(text)}\n" for variable, text in given.items())


def as_env_file(given: Mapping[str, str]) -> str:
    """Lines that python-dotenv reads: `APT_OUTPUT_DIR='a b'`."""
    return "".join(f"{variable}={_env_file_value(text)}\n" for variable, text in given.items())


def _env_file_value(text: str) -> str:
    """A text as every version of python-dotenv reads it back.

    `${:-$}` is a dollar and `${:-\\}` a backslash: the default of the empty name, which nothing can define. Versions
    differ in what a backslash before a quote means.
    """
    if re.fullmatch(_BARE, text):
        return text
    escaped = text.replace("${", "${:-$}{").replace("\\", "${:-\\}").replace("'", "\\'")
    return f"'{escaped}'"
