"""Settings as variables, and variables as text: one form for a shell, one for a `.env`, as neither serves both."""

import re
import shlex
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from .base import AptSettings, outdated_defaults, settings_of, values_of
from .basics.origins import Origin
from .errors import Problem, SettingsError
from .registry import Setting
from .sources.controls import CONTROLS
from .sources.names import variable_of
from .values import adapter_of, allowed, as_text, read_value

REFERENCE: Final = variable_of("reference")
ENV_FILE: Final = variable_of("env_file")
NO_FILE: Final = "/dev/null"
"""What ENV_FILE names where no `.env` shall be read."""
_BARE: Final = r"[A-Za-z0-9_.,:/@%+=~^-]+"


def variables(settings: AptSettings) -> dict[str, str]:
    """`APT_` name -> text for every setting: with these variables, `load` gives equal settings.

    Left out are defaults that do not fit what was set: to set one would be an error. As they are those of
    APT_REFERENCE, that is among the variables where it is not the paper.
    Raises SettingsError for a value that no variable can hold, such as a subclass's dictionary.
    """
    values, outdated = values_of(settings), outdated_defaults(settings)
    written = {name: setting for name, setting in settings_of(settings).items() if name not in outdated}
    wrong = "has a value that no variable can hold"
    if lost := [each for each in written.values() if not _reads_back(each, values[each.name])]:
        raise SettingsError(
            Problem(settings.origin(each.name), wrong, allowed(each.field), setting=each.name) for each in lost
        )
    texts = {setting.variable: as_text(values[name]) for name, setting in written.items()}
    return texts | ({} if _is_paper(settings) else {REFERENCE: settings.controls["reference"]})


def pinned(reference: str) -> dict[str, str]:
    """The controls that keep a job at what was resolved, wherever it runs: no `.env`, and its reference, if any."""
    return {ENV_FILE: NO_FILE} | ({REFERENCE: reference} if reference else {})


def _is_paper(settings: AptSettings) -> bool:
    return settings.controls["reference"] == CONTROLS["reference"].words[0]


def _lost(origin: Origin, setting: Setting) -> Problem:
    return Problem(origin, "has a value that no variable can hold", allowed(setting.field), setting=setting.name)


def _reads_back(setting: Setting, value: object) -> bool:
    """Whether the text of a value is read as that value again."""
    text = as_text(value)
    if not text:  # which means not set
        return bool(setting.default == value)
    again = read_value(text, setting.field.annotation)
    if again == value:
        return True
    try:
        return bool(adapter_of(setting.field).validate_python(again) == value)
    except ValidationError:
        return False


def as_shell(variables: Mapping[str, str]) -> str:
    """Lines that a POSIX shell reads: `export APT_OUTPUT_DIR='a b'`."""
    return "".join(f"export {variable}={shlex.quote(text)}\n" for variable, text in variables.items())


def as_env_file(variables: Mapping[str, str]) -> str:
    """Lines that python-dotenv reads: `APT_OUTPUT_DIR='a b'`."""
    return "".join(f"{variable}={_env_file_value(text)}\n" for variable, text in variables.items())


def _env_file_value(text: str) -> str:
    """A text as every version of python-dotenv reads it back.

    `${:-$}` is a dollar and `${:-\\}` a backslash: the default of the empty name, which nothing can define. Versions
    differ in what a backslash before a quote means.
    """
    if re.fullmatch(_BARE, text):
        return text
    escaped = text.replace("${", "${:-$}{").replace("\\", "${:-\\}").replace("'", "\\'")
    return f"'{escaped}'"
