"""Options that several commands share. Those that choose the settings reach a command as one Job."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final, NamedTuple, Self, TypeAlias

import click

from ..base import AptSettings, settings_of, values_of
from ..basics.environment import process_environment
from ..basics.escaping import spelt
from ..errors import Note, Problem, SettingsError
from ..facts.other_names import DERIVED
from ..judging.validation_errors import nobody
from ..loading import layers_of, resolve
from ..parts import check_objects
from ..pin import Known, nothing_known, refuse_others
from ..registry import Setting, registry
from ..runs.launchers import lost_by
from ..sources.env_files import EnvFile
from ..sources.flags import Flag, flags_in, name_of
from ..sources.layers import Inputs, Layers, read
from ..tasks import tasks
from ..values import as_text, choices_of, kind_of_field, says
from ..variables import by_environment
from .offers import ASSIGNMENTS, complete_assignment, complete_command, complete_task
from .paths import PathOption

Command: TypeAlias = Callable[..., int | None]


class Job(NamedTuple):
    """The options that choose the settings of a job: `--task squad --set epochs=30`."""

    overrides: dict[str, str]
    """Setting -> the text of its value: `{"task": "squad", "epochs": "30"}`."""
    places: dict[str, str]
    """Setting -> the option that sets it: `{"task": "--task", "epochs": "--set epochs"}`."""
    env_file: EnvFile
    record: str | None

    @property
    def inputs(self) -> Inputs:
        """The inputs that the settings are read from: the environment, `.env` files and the overrides."""
        return Inputs(process_environment(), self.env_file, self.overrides, self.places)

    def under(self, name: str, value: str, place: str) -> Self:
        """The same where an option, which its user calls by `place`, sets this too."""
        return self._replace(overrides={**self.overrides, name: value}, places={**self.places, name: place})

    def settings(self, *, complete: bool = True) -> AptSettings:
        """The settings of the job; to print them, they need not be `complete`. Raises SettingsError."""
        return resolve(self.inputs, record=self.record, complete=complete)

    def checked(self, known: Known = nothing_known) -> AptSettings:
        """The settings of a job that shall run; a class that asks for it makes its object too. Raises SettingsError.

        Raises it too where they are not those that APT_EXPECT names; `known` says what differs.
        """
        settings = self.settings()
        check_objects(settings)
        refuse_others(settings, known=known)
        return settings

    def layers(self) -> Layers:
        """The values of all sources, not checked yet. Raises SettingsError for a record that cannot be read."""
        if self.record is not None:
            return layers_of(self.inputs, record=self.record)[1]
        return read(self.inputs, registry().names_of(AptSettings))


def assignment(text: str) -> tuple[str, str]:
    """`epochs=30` -> `("epochs", "30")`. Raises BadParameter for any other text."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as epochs=30")
    settings, other = registry().settings_of(AptSettings), re.search(r",\s*(\w+)=", value)
    if other and other[1] in settings and name in settings and not _takes_text(settings[name]):
        raise click.BadParameter(f"names two settings, {name} and {other[1]}: write the option for each of them")
    return name, value


def _takes_text(setting: Setting) -> bool:
    """Whether any text may be a value: of `output_dir`, `a,seed=3` is one."""
    return kind_of_field(setting.field).of not in (int, float, bool) and not choices_of(setting.field)


_TASK: Final = click.option(
    "--task", multiple=True, shell_complete=complete_task, metavar="TASK", help="A task, or the dataset of a task."
)
_SET: Final = click.option(
    "--set",
    ASSIGNMENTS,
    multiple=True,
    type=assignment,
    shell_complete=complete_assignment,
    metavar="NAME=VALUE",
    help="Set a setting; overrides the environment and .env; repeatable.",
)
_ENV_FILE: Final = click.option(
    "--env-file",
    multiple=True,
    type=PathOption(),
    metavar="PATH",
    help="Read this file instead of .env; repeatable or joined by :, the last one wins.",
)
_FROM: Final = click.option(
    "--from",
    "record",
    type=PathOption(),
    metavar="PATH",
    help="Take all settings from a record; only --set overrides it.",
)
DEVICES: Final = click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="The number of devices that the job has.",
)


def _pin(text: str) -> str:
    """A type for click: it refuses an empty text, which is what a variable is that nobody has set."""
    if not text:
        raise click.BadParameter("is empty: write a fingerprint, or leave it out")
    return text


_EXPECT: Final = click.option(
    "--expect",
    type=_pin,
    metavar="PIN",
    help="Stop unless the settings have this fingerprint, or pin; in place of APT_EXPECT.",
)


def _require_command(_ctx: click.Context, _param: click.Parameter, command: tuple[str, ...]) -> tuple[str, ...]:
    if not command:
        raise click.UsageError("a command is missing: write it behind --, as in ... -- python train.py")
    return command


class WrappingCommand(click.Command):
    """A command that takes another one behind its options: `run --task squad -- python train.py`."""

    allow_interspersed_args = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's. Raises UsageError for words before the `--`, which click would take for the command."""
        options = self.make_parser(ctx).parse_args(args.copy())[0]
        parsed = options.get("command")
        command = parsed if isinstance(parsed, tuple) else ()  # where it is missing, or at a TAB behind an option
        unfinished = any("=" not in each for each in options.get(ASSIGNMENTS) or ())  # `--set epochs 30`
        if "--" in command and not unfinished and args[-len(command) - 1 :][:1] != ["--"] and not ctx.resilient_parsing:
            stray = " ".join(command[: command.index("--")])
            fix = "quote a value of several words, or write the command behind the --"
            raise click.UsageError(f"{stray} stands before the --: {fix}", ctx)
        return super().parse_args(ctx, args)


COMMAND: Final = click.argument(
    "command",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="-- COMMAND...",
    callback=_require_command,
    shell_complete=complete_command,
)


_OURS: Final = frozenset(
    {"--env-file", "--expect", "--extend", "--from", "--grid", "--once", "--record", "--sample", "--set", "--submit"}
)
"""Options of ours that hardly any trainer has."""


def notes_on_command(settings: AptSettings, command: Sequence[str]) -> list[Note]:
    """A note where a command begins with a launcher that drops the settings, and for its flags that mean a setting."""
    lost = lost_by(command, process_environment())
    return [*[Note(lost)] * bool(lost), *_notes_on_options(command), *_notes_on_flags(settings, command)]


def _notes_on_options(command: Sequence[str]) -> list[Note]:
    """A note for each option of ours behind the command, which alone gets it."""
    written = dict.fromkeys(word.partition("=")[0] for word in command[1:])
    return [Note(f"{each} is for the command alone: write it before the --") for each in written if each in _OURS]


def _notes_on_flags(settings: AptSettings, command: Sequence[str]) -> list[Note]:
    """A note for each flag of the command that means a setting: what it says is in no record."""
    values = values_of(settings)
    derived = (word.partition("=")[0] for word in command if word.startswith("--"))
    return [
        *(Note(f"{each} is for the command alone: {why}") for each in derived if (why := DERIVED.get(name_of(each)))),
        *(
            Note(_on_flag(flag, settings), flag.setting)
            for flag in flags_in(command, values)
            if not says(flag.value, values[flag.setting])
        ),
    ]


def _on_flag(flag: Flag, settings: AptSettings) -> str:
    setting = settings_of(settings)[flag.setting]
    if setting.secret:
        return f"{flag.name} shows a secret in ps: {by_environment(setting)}"
    return (
        f"{flag.name} is for the command alone: settings, fingerprint and record have {flag.setting} "
        f"{as_text(values_of(settings)[flag.setting])}; write --set {flag.setting}=... before the --"
    )


def refuse_default_task(settings: AptSettings, command: Sequence[str] = ()) -> None:
    """Raise SettingsError if nothing sets the task: a job must not run with the default task by mistake."""
    if not settings.origin("task").is_override:
        wrong, fix = "is not set: a job must say which task it is", f"write --task, with one of {', '.join(tasks())}"
        if any(word.partition("=")[0] == "--task" for word in command):
            fix = "write --task before the command: behind it, it is for the command alone"
        raise SettingsError([Problem(nobody("task"), wrong, fix=fix, setting="task")])


def takes_settings(command: Command) -> Command:
    """Add --task, --set, --env-file and --from to a command, which gets them as one Job."""
    return takes_overrides(_FROM(command))


def takes_expected(command: Command) -> Command:
    """Add --expect to a command that starts or checks a job; it stands below takes_settings."""

    @_EXPECT
    @wraps(command)
    def with_expected(job: Job, expect: str | None, **rest: Any) -> int | None:
        if expect is not None:
            job = job.under("expect", expect, "--expect")
        return command(job=job, **rest)

    return with_expected


def takes_overrides(command: Command) -> Command:
    """Add --task, --set and --env-file to a command, which gets them as one Job."""

    @_TASK
    @_SET
    @_ENV_FILE
    @wraps(command)
    def with_job(
        task: list[str], assignments: list[tuple[str, str]], env_file: list[str], record: str | None = None, **rest: Any
    ) -> int | None:
        triples = [("task", each, "--task") for each in task]
        triples += [(name, value, f"--set {spelt(name)}") for name, value in assignments]
        times = Counter(name for name, _, _ in triples)
        if twice := sorted(name for name in times if times[name] > 1):
            raise click.UsageError(f"{', '.join(map(spelt, twice))} is given two values")
        if record is not None and (env_file or task):
            raise click.UsageError(
                "--from takes the task and all settings from a record: --task and --env-file do not go with it"
            )
        places = {"env_file": "--env-file"} | {name: place for name, _, place in triples}
        overrides = {name: value for name, value, _ in triples}
        return command(job=Job(overrides, places, ":".join(env_file) if env_file else ..., record), **rest)

    return with_job
