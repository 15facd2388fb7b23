"""The options that `job slurm`, `job kubernetes` and `job docker` share, and what they refuse."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.escaping import escaped, shown, spelt
from ..jobs.request import Mount, why_reserved
from ..jobs.torchrun import PROCESSES, VARIABLES, command_of
from ..registry import registry
from .paths import refuse_names, refuse_tilde

WORD: Final = r"[A-Za-z0-9][A-Za-z0-9_.:,@-]*"
ONE_LINE: Final = r"[^\x00-\x1f\x7f]+"
VARIABLE: Final = r"[A-Za-z_.-][A-Za-z0-9_.-]*"
_HOST: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?"
_PART: Final = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
_IMAGE: Final = rf"({_HOST}/)?{_PART}(/{_PART})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
"""`host:port/name:tag@digest`, as docker's grammar of references has it."""


def like(pattern: str, allowed: str) -> Callable[[str], str]:
    """A type for click: it returns a text that matches the pattern, and raises BadParameter for any other."""

    def text_like(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise click.BadParameter(f"{shown(text)} must be {allowed}")
        return text

    return text_like


def drop_fingerprint(_ctx: click.Context, _param: click.Parameter, folder: Any) -> Any:
    """A callback for click: `r9/{fingerprint}`, as `run` takes it, is `r9`, where each fingerprint has a folder.

    Raises BadParameter for other names in braces, as `run` does.
    """
    if folder is None:
        return None
    refuse_names(str(folder))
    refuse_tilde(str(folder))
    if PurePath(folder).name != "{fingerprint}":
        return folder
    return folder.parent if isinstance(folder, PurePath) else str(PurePath(folder).parent)


IMAGE: Final = click.option(
    "--image",
    required=True,
    type=like(_IMAGE, "the name of an image, such as registry.example/train:1"),
    metavar="IMAGE",
    help="The image, which must have apt-settings.",
)
AT_ONCE: Final = click.option(
    "--at-once", type=click.IntRange(min=1), metavar="N", help="The most points of a grid to run at a time."
)
FULL: Final = click.option("--full", is_flag=True, help="Write every setting, not only those that you set.")
NO_EXPECT: Final = click.option(
    "--no-expect", is_flag=True, help="Do not pin the job to the settings that were checked."
)
TORCHRUN: Final = click.option(
    "--torchrun",
    "with_torchrun",
    is_flag=True,
    help="Start a script on every node with torchrun, which is told where the nodes meet: -- train.py --flag.",
)


def under_torchrun(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command that starts a script under torchrun. Raises UsageError."""
    try:
        return command_of(command)
    except ValueError as error:
        raise click.UsageError(escaped(str(error))) from None


def refuse_torchrun(option: str, variables: Iterable[str]) -> None:
    """Raise UsageError where an option sets what --torchrun sets; the number of processes is the user's to change."""
    if taken := [each for each in variables if each in VARIABLES and each != PROCESSES]:
        raise click.UsageError(f"{option}: {taken[0]} is for --torchrun to set")


def text_option(option: str, pattern: str, allowed: str, meaning: str, *others: str) -> Callable[[Any], Any]:
    """An option whose text must match a pattern: `text_option("--cpus", r"[0-9]+", "a number", "CPUs.")`.

    `others` are other spellings of the option; its first one names it for the command.
    """
    name = option.removeprefix("--").replace("-", "_")
    return click.option(option, *others, name, type=like(pattern, allowed), metavar="TEXT", help=meaning)


def _variable(text: str) -> tuple[str, str]:
    """A type for click: `HF_HOME=/cache` -> `("HF_HOME", "/cache")`. The message shows nothing: it may be a secret."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(VARIABLE, name) or not re.fullmatch(ONE_LINE, f" {value}"):
        raise click.BadParameter("must be NAME=VALUE in one line, NAME of letters, digits, and . _ -")
    return name, value


ENV: Final = click.option(
    "--env",
    multiple=True,
    type=_variable,
    metavar="NAME=VALUE",
    help="A variable beside the settings; no secret, as the job's text shows it; repeatable.",
)


def refuse_variables(given: Mapping[str, Sequence[str]]) -> None:
    """Raise UsageError for a variable that is given twice, or that is not the user's to set beside the settings.

    `given` is option -> variables: `{"--env": ["HF_HOME"], "--secret-env": ["HF_TOKEN"]}`. Of our variables,
    --secret-env may give those of secrets.
    """
    seen: set[str] = set()
    names = registry().names_of(AptSettings)
    for option, variable in ((option, each) for option, variables in given.items() for each in variables):
        if option == "--secret-env" and names.is_file_of_secret(variable):
            value = variable.removesuffix("_FILE")
            fix = f"write --secret-env {value}=SECRET:KEY, or --env {variable}=/PATH for a file that is mounted"
            raise click.UsageError(f"{option}: {variable} takes a path, and a key of a Secret is the value: {fix}")
        may_be = option == "--secret-env" and names.is_secret(variable)
        if not may_be and (why := why_reserved(variable)):
            raise click.UsageError(f"{option}: {spelt(variable)} {why}")
        if variable in seen:
            raise click.UsageError(f"{option}: {spelt(variable)} is given twice")
        seen.add(variable)


def volume_option(word: str, source: str, allowed: str, meaning: str) -> Callable[[Any], Any]:
    """--volume, whose texts are a source and a path of the container: `data:/data:ro`. `word` is the source's name."""
    form = f"{word}:/PATH"

    def mount(text: str) -> Mount:
        match = re.fullmatch(r"([^:]+):([^:]+)(:ro)?", text)
        if not match or not re.fullmatch(source, match[1]) or not re.fullmatch(ONE_LINE, match[2]):
            raise click.BadParameter(f"{shown(text)} must be {form} or {form}:ro, {word} {allowed}")
        path = posixpath.normpath(match[2])
        if not match[2].startswith("/") or ".." in match[2].split("/") or not path.strip("/"):
            raise click.BadParameter(f"{shown(match[2])} must be an absolute path below /, without ..")
        return Mount(match[1], f"/{path.lstrip('/')}", bool(match[3]))

    return click.option("--volume", "mounts", multiple=True, type=mount, metavar=f"{form}[:ro]", help=meaning)


def refuse_mounts(mounts: Iterable[Mount], taken: Mapping[str, str]) -> None:
    """Raise UsageError if two volumes have one path; `taken` are the paths that other options have."""
    seen = dict(taken)
    for source, path, _ in mounts:
        if path in seen:
            raise click.UsageError(f"--volume {source}:{path}: {seen[path]} has this path already")
        seen[path] = f"--volume {source}:{path}"


def drop_unset(options: dict[str, Any]) -> dict[str, Any]:
    """The options that the command line sets: `{"gpus": 1, "name": None}` -> `{"gpus": 1}`."""
    return {name: value for name, value in options.items() if value is not None}
