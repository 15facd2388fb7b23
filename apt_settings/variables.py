"""Settings as variables, and variables as text: one form for a shell, one for a `.env`, as neither serves both."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import SecretStr, ValidationError

from .base import AptSettings, outdated_defaults, settings_of, unknown_to, values_of
from .basics.origins import Origin
from .errors import Problem, SettingsError
from .judging.rules import EXCLUSIVE
from .registry import Setting, Unset
from .registry.groups import OUTPUT_DIR
from .sources.controls import CONTROLS
from .sources.flags import without_secrets as hide
from .sources.handed_on import handed_on
from .sources.names import variable_of
from .values import adapter_of, allowed, as_text, literal, read_value

REFERENCE: Final = variable_of("reference")
EXTEND: Final = variable_of("extend")
ENV_FILE: Final = variable_of("env_file")
CONTAINER_IMAGE: Final = variable_of("container_image")
EXPECT: Final = variable_of("expect")
FOREIGN: Final = variable_of("foreign")
GIVEN_BY: Final = variable_of("given_by")
RUN_DIR: Final = variable_of("run_dir")
UNKNOWN: Final = variable_of("unknown")
NO_FILE: Final = "/dev/null"
"""What ENV_FILE names where no `.env` shall be read."""
_BARE: Final = r"[A-Za-z0-9_.,:/@%+=~^-]+"


def variables(settings: AptSettings) -> dict[str, str]:
    """`APT_` name -> text for every setting: with these variables, `load` gives equal settings.

    Left out are defaults that do not fit what was set: to set one would be an error. As they are those of
    APT_REFERENCE, that is among the variables where it is not the paper.
    Secrets are left out too, and a group's defaults that no text can stand for.
    Raises SettingsError for a value that no variable can hold, such as a text of several lines.
    """
    values, left_out = values_of(settings), {*outdated_defaults(settings), *_not_written(settings)}
    written = {name: setting for name, setting in settings_of(settings).items() if name not in left_out}
    wrong = "has a value that no variable can hold"
    if lost := [each for each in written.values() if not _reads_back(each, values[each.name])]:
        raise SettingsError(
            Problem(settings.origin(each.name), wrong, allowed(each.field), setting=each.name) for each in lost
        )
    texts = {setting.variable: as_text(values[name]) for name, setting in written.items()}
    texts[variable_of(OUTPUT_DIR)] = literal(texts[variable_of(OUTPUT_DIR)])  # else its braces would be read once more
    return texts | ({} if _is_paper(settings) else {REFERENCE: settings.controls["reference"]})


def given_by(origins: Mapping[str, Origin], texts: Mapping[str, str]) -> dict[str, str]:
    """APT_GIVEN_BY, which says who gave these variables of settings; nothing where there are none.

    Those that nobody set are among them, so that they are defaults in another process, too.
    """
    given = ((variable_of(name), origin) for name, origin in origins.items())
    text = handed_on((variable, texts[variable], origin) for variable, origin in given if variable in texts)
    return {GIVEN_BY: text} if text else {}


def _not_written(settings: AptSettings) -> Iterator[str]:
    """Settings that are secret, or that another one decides, or whose default no text can stand for.

    And defaults of ours that are made from others, so that they follow when the shell changes those.
    """
    values = values_of(settings)
    yield from (other for name, other in EXCLUSIVE.items() if values[name] is not None)
    for name, setting in settings_of(settings).items():
        is_default = not settings.origin(name).is_override
        follows = setting.default is Unset.DERIVED and not setting.is_own
        if setting.secret or (is_default and (follows or (setting.is_new and not _reads_back(setting, values[name])))):
            yield name


def secrets_of(settings: AptSettings) -> dict[str, str]:
    """Variable -> text of every secret that is set, for the environment of a command and for nothing else.

    For one that a file holds, the variable of the environment that names the file.
    """
    rows = settings_of(settings)
    given = {name: settings.origin(name) for name, each in rows.items() if each.secret}
    return {
        rows[name].variable: origin.value.get_secret_value()
        for name, origin in given.items()
        if isinstance(origin.value, SecretStr) and origin.is_override
        if origin.kind != "environment" or origin.variable == rows[name].variable  # else a file has it
    }


def by_environment(secret: Setting) -> str:
    """How to give a secret so that nobody sees it."""
    return f"set {secret.variable}, or {secret.variable}_FILE to a file with it, in the environment"


def without_secrets(command: Sequence[str], settings: AptSettings) -> tuple[str, ...]:
    """The words of a command as a record has them: the value of no secret, nor what a flag of one says."""
    secrets = {name: settings.origin(name) for name, each in settings_of(settings).items() if each.secret}
    known = (each.value for each in secrets.values() if each.is_override)
    return hide(command, secrets, {each.get_secret_value() for each in known if isinstance(each, SecretStr)})


def let_pass(settings: AptSettings) -> dict[str, str]:
    """Variable -> text of the names that are no settings and that APT_UNKNOWN let pass, from a `.env` or otherwise."""
    return {each.variable: each.value for each in unknown_to(settings) if isinstance(each.value, str)}


def pinned(reference: str, extend: str = "", foreign: str = "", expect: str = "") -> dict[str, str]:
    """The controls that keep a job at what was resolved, wherever it runs: no `.env`, its reference, groups and pin."""
    controls = {REFERENCE: reference, EXTEND: extend, FOREIGN: foreign, EXPECT: expect}
    return {ENV_FILE: NO_FILE} | {variable: word for variable, word in controls.items() if word}


def _is_paper(settings: AptSettings) -> bool:
    return settings.controls["reference"] == CONTROLS["reference"].words[0]


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
