"""The options that say which settings are meant; they reach a command as one Job."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, NamedTuple, TypeAlias

import click

from ..base import AptSettings
from ..basics.escaping import spelt
from ..loading import layers_of, resolve
from ..registry import registry
from ..sources.layers import EnvFile, Inputs, Layers, read
from ..tasks import task_words

Command: TypeAlias = Callable[..., int | None]


class Job(NamedTuple):
    """The settings that a command line asks for."""

    given: dict[str, str]
    places: dict[str, str]
    """How the user spelt each: `--set epochs`, `--task`, `--env-file`."""
    env_file: EnvFile
    record: str | None

    @property
    def inputs(self) -> Inputs:
        """What its settings are read from."""
        return Inputs(os.environ, self.env_file, self.given, self.places)

    def settings(self) -> AptSettings:
        """Resolve them. Raises SettingsError."""
        return resolve(self.inputs, record=self.record)

    def layers(self) -> Layers:
        """What all sources give, before it is judged. Raises SettingsError for a record that cannot be read."""
        if self.record is not None:
            return layers_of(self.inputs, record=self.record)[1]
        return read(self.inputs, registry().names_of(AptSettings))


def assignment(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, in two."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as epochs=30")
    return name, value


def completions(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def _complete_task(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return completions(task_words(), incomplete)


def complete_setting(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return completions(registry().settings_of(AptSettings), incomplete)


_TASK: Final = click.option(
    "--task", multiple=True, shell_complete=_complete_task, metavar="TASK", help="A task, or a dataset of one."
)
_SET: Final = click.option(
    "--set",
    "assignments",
    multiple=True,
    type=assignment,
    shell_complete=complete_setting,
    metavar="NAME=VALUE",
    help="Beats the environment and .env; repeatable.",
)
_ENV_FILE: Final = click.option(
    "--env-file",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="Read this in place of .env; repeatable or joined by :, the last one wins.",
)
_FROM: Final = click.option(
    "--from",
    "record",
    type=click.Path(),
    metavar="PATH",
    help="Take all from a run.json; only --set beats it.",
)


def takes_settings(command: Command) -> Command:
    """Give a command --task, --set, --env-file and --from, which reach it as one Job."""
    return takes_overrides(_FROM(command))


def takes_overrides(command: Command) -> Command:
    """Give a command --task, --set and --env-file, which reach it as one Job."""

    @_TASK
    @_SET
    @_ENV_FILE
    @wraps(command)
    def with_job(
        task: list[str], assignments: list[tuple[str, str]], env_file: list[str], record: str | None = None, **rest: Any
    ) -> int | None:
        options = [("task", each, "--task") for each in task]
        options += [(name, value, f"--set {spelt(name)}") for name, value in assignments]
        times = Counter(name for name, _, _ in options)
        if twice := sorted(name for name in times if times[name] > 1):
            raise click.UsageError(f"{', '.join(map(spelt, twice))} is given two values")
        if record is not None and (env_file or task):
            raise click.UsageError(
                "--from takes the task and all else from a record: --task and --env-file do not go with it"
            )
        places = {"env_file": "--env-file"} | {name: place for name, _, place in options}
        given = {name: value for name, value, _ in options}
        return command(job=Job(given, places, ":".join(env_file) if env_file else ..., record), **rest)

    return with_job
