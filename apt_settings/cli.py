"""The command line: parse, call, print.

Exit status: 0 good; 1 `check` found problems; 2 the command line is wrong; 74 (EX_IOERR) the output cannot be written;
78 (EX_CONFIG) the settings are wrong.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from signal import SIGINT
from typing import Any, Final, NamedTuple, get_args

import click

from .base import AptSettings
from .catalog import Row, catalog, controls, env_example
from .errors import Problem, SettingsError
from .fingerprint import fingerprint
from .groups import DatasetName, TaskName
from .hints import did_you_mean, nearest, spelt
from .loading import replay, resolve
from .ownership import PREFIX
from .reading import EnvFile
from .report import as_json, explanation, head, lines, notes, shown_names, state
from .terminal import print_lines, print_pairs, print_sentences
from .variables import as_env_file, as_shell, variables

PROBLEMS_FOUND: Final = 1
EX_IOERR: Final = 74
EX_CONFIG: Final = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands.main(argv, prog_name="apt-settings", standalone_mode=False)
        if sys.stdout is None:
            return EX_IOERR
        sys.stdout.flush()
    except OSError as error:
        _give_up_writing(1)
        return _complain(EX_IOERR, f"apt-settings: cannot write the output: {error.strerror}")
    except click.Abort:
        return 128 + SIGINT
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        return _complain(error.exit_code, usage, f"apt-settings: {error.format_message()}")
    except SettingsError as error:
        return _complain(EX_CONFIG, *f"apt-settings: {error}".splitlines())
    return int(status or 0)


def _complain(status: int, *sentences: str) -> int:
    """Say on stderr what is wrong; where that is closed or full, the status alone has to do."""
    try:
        if sys.stderr is not None:
            print_sentences([sentence for sentence in sentences if sentence], err=True)
            sys.stderr.flush()
    except OSError:
        _give_up_writing(2)
    return status


def _give_up_writing(descriptor: int) -> None:
    """What is still buffered would fail once more when Python ends, with a status of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


class Job(NamedTuple):
    """The settings that a command line asks for."""

    given: dict[str, str]
    places: dict[str, str]
    """How the user spelt each: `--set epochs`, `--task`, `--env-file`."""
    env_file: EnvFile
    record: str | None

    def settings(self) -> AptSettings:
        """Resolve them. Raises SettingsError."""
        if self.record is not None:
            return replay(self.record, os.environ, None, self.given, self.places)
        return resolve(os.environ, self.env_file, None, self.given, self.places)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as epochs=30")
    return name, value


def _completions(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def _complete_task(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _completions((*get_args(TaskName), *get_args(DatasetName)), incomplete)


def _complete_setting(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _completions((row.name for row in catalog()), incomplete)


_TASK: Final = click.option(
    "--task", multiple=True, shell_complete=_complete_task, metavar="TASK", help="A task, or a dataset of one."
)
_SET: Final = click.option(
    "--set",
    "assignments",
    multiple=True,
    type=_assignment,
    shell_complete=_complete_setting,
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
    help="Take all from a run.json; only --set and --task beat it.",
)


def takes_settings(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command --task, --set and --env-file, which reach it as one Job."""

    @_TASK
    @_SET
    @_ENV_FILE
    @_FROM
    @wraps(command)
    def with_job(
        task: list[str], assignments: list[tuple[str, str]], env_file: list[str], record: str | None, **rest: Any
    ) -> int | None:
        said = [("task", each, "--task") for each in task]
        said += [(name, value, f"--set {spelt(name)}") for name, value in assignments]
        names = [name for name, _, _ in said]
        if twice := {name for name in names if names.count(name) > 1}:
            raise click.UsageError(f"{', '.join(sorted(twice))} is given two values")
        if record is not None and (env_file or task):
            raise click.UsageError(
                "--from takes the task and all else from a record: --task and --env-file do not go with it"
            )
        places = {"env_file": "--env-file"} | {name: place for name, _, place in said}
        given = {name: value for name, value, _ in said}
        return command(Job(given, places, ":".join(env_file) if env_file else ..., record), **rest)

    return with_job


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="apt-settings", message="%(prog)s %(version)s")
def commands() -> None:
    """What an APT job runs with, and who says so.

    The first wins: --set, the environment (APT_ and the name in upper case), .env, the paper's Table 6.
    APT_ENV_FILE names another .env; APT_UNKNOWN=warn lets names pass that are no setting.

    Example: APT_TARGET_SPARSITY=0.4 apt-settings show

    Exit status: 0 good, 1 check found problems, 2 the command line is wrong, 74 the output cannot be
    written, 78 the settings are wrong.
    """


@commands.command()
@takes_settings
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
@click.option("--overrides-only", is_flag=True, help="Leave out what nobody set.")
def show(job: Job, form: str, overrides_only: bool) -> None:
    """Print all settings, and who set them.

    Each has its value, who set it, whom that overrules and, where it is overridden, its default. The
    format env is lines for a .env; with it and json, notes go to stderr.

    Example: APT_EPOCHS=30 apt-settings show --task squad
    """
    settings = job.settings()
    if form == "table":
        print_pairs(head(settings))
        click.echo()
        print_lines(lines(settings, overrides_only=overrides_only))
        if told := notes(settings):
            click.echo()
            print_sentences(told)
        return
    if form == "json":
        click.echo(as_json(settings, overrides_only=overrides_only))
    else:
        wanted = {PREFIX + name.upper() for name in shown_names(settings, overrides_only=overrides_only)}
        _print_data(as_env_file({name: text for name, text in variables(settings).items() if name in wanted}))
    print_sentences(notes(settings), err=True)


def _print_data(text: str) -> None:
    """For programs: UTF-8, whatever the encoding of the terminal."""
    click.echo(text.encode(), nl=False)


@commands.command()
@takes_settings
@click.argument("name", shell_complete=_complete_setting)
def explain(job: Job, name: str) -> None:
    """Explain one setting.

    What it means and takes, where its default comes from, what it is now and who set it.

    Example: apt-settings explain target_sparsity
    """
    row = _row(name)
    pairs = explanation(row)
    try:
        if row in catalog():
            pairs += state(job.settings(), row.name)
    finally:  # wrong settings are told below the explanation
        print_pairs(pairs)


def _row(name: str) -> Row:
    """A setting or control by its name or its variable."""
    rows = {row.name: row for row in (*catalog(), *controls())}
    word = name.lower().replace("-", "_").removeprefix(PREFIX.lower())
    if word not in rows:
        guess = did_you_mean(nearest(word, rows)) or "apt-settings show lists all"
        raise click.UsageError(f"{spelt(name)} is not a setting; {guess}")
    return rows[word]


@commands.command()
@takes_settings
def check(job: Job) -> int:
    """Exit 0, or 1 with everything that is wrong.

    Example: apt-settings check --env-file job.env
    """
    try:
        settings = job.settings()
    except SettingsError as error:
        print_sentences(list(map(str, error.problems)))
        return PROBLEMS_FOUND
    empty = [f"note: {place} is empty: not set" for origin in settings.origins.values() for place in origin.empty]
    print_sentences([f"good: {settings.task}, {fingerprint(settings)}", *empty, *notes(settings)])
    return 0


@commands.command()
@takes_settings
@click.option("--format", "form", type=click.Choice(("shell", "dotenv")), default="shell", show_default=True)
@click.option("--example", is_flag=True, help="A .env with every setting commented out and explained.")
def env(job: Job, form: str, example: bool) -> None:
    """Print the resolved settings as variables.

    For a shell to read, or as a .env; neither can read the other's. Where the settings are wrong, what
    a shell reads is a command that fails with status 78. Write a .env to a new file, not to the one
    that is read.

    Example: eval "$(apt-settings env --task squad)" || exit
    """
    if example:
        _print_data(env_example())
        return
    try:
        settings = job.settings()
    except SettingsError:
        if form == "shell":
            _print_data(f"(exit {EX_CONFIG})\n")
        raise
    _print_data(as_shell(variables(settings)) if form == "shell" else as_env_file(variables(settings)))
    print_sentences(notes(settings), err=True)


@commands.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@click.option("--record", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Write a run.json below DIR.")
@click.option("--resume", is_flag=True, help="Go on in DIR itself, if its record says the same.")
@click.option("--once", is_flag=True, help="Do nothing if a run with these settings has ended well below DIR.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def run(job: Job, folder: Path | None, resume: bool, once: bool, command: tuple[str, ...]) -> int:
    """Check the settings, then run a command with them.

    The command gets every setting as a variable, and its signals and exit status are those of this
    one. Without --record this process becomes the command; with it, run.json in a folder of the run's
    own says what ran with what, where, and how it ended. Wrong settings and a forgotten task end with
    78 before the command starts.

    Example: apt-settings run --task squad --record runs -- python train.py
    """
    from .process import CannotStartError, become
    from .running import job_environment, run_recorded

    if not command:
        raise click.UsageError("a command is missing: apt-settings run -- python train.py")
    if folder is None and (resume or once):
        raise click.UsageError("--resume and --once need --record")
    settings = job.settings()
    if not settings.origin("task").is_override:
        raise SettingsError([Problem("APT_TASK", "", None, "is not set: a job must say which task it is")])
    print_sentences(notes(settings), err=True)
    environ = job_environment(os.environ, settings)
    if folder is not None:
        status, told = run_recorded(settings, command, environ, folder, resume=resume, once=once)
        sys.exit(_complain(status, f"apt-settings: {told}" if told else ""))  # whatever has become of our stdout
    try:
        become(command, environ)
    except CannotStartError as error:
        return _complain(error.status, f"apt-settings: {error}")


@commands.command()
@takes_settings
def schema(job: Job) -> None:
    """Print the JSON Schema of the settings.

    With the meaning, range and default of each, for the task that is chosen.

    Example: apt-settings schema --task alpaca
    """
    click.echo(json.dumps(type(job.settings()).model_json_schema(), indent=2))
