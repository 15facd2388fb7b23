"""The command line: each command parses its options, calls the package and prints.

Exit status: 0 good; 1 `check` found problems, `diff` found differences; 2 the command line is wrong; 74 (EX_IOERR) the
output or a record cannot be written; 78 (EX_CONFIG) the settings are wrong.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from signal import SIGINT
from typing import Final

import click

from ..base import AptSettings
from ..basics.escaping import escaped
from ..basics.exit_status import IO_ERROR, WRONG_SETTINGS
from ..basics.suggestions import did_you_mean, nearest
from ..errors import CannotWriteError, SettingsError
from ..registry import registry
from ..sources.flags import setting_of
from .lazy import LazyGroup
from .offers import ASSIGNMENTS, CONDITIONS
from .output import complain, give_up_writing

_COMPLETING: Final = "_APT_SETTINGS_COMPLETE"
"""Set by a shell that asks what to offer."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if _COMPLETING in os.environ:
        from .completion import register

        register()
    try:
        status = commands.main(argv, prog_name="apt-settings", complete_var=_COMPLETING, standalone_mode=False)
        if sys.stdout is None:
            return complain(IO_ERROR, "apt-settings: cannot write the output: stdout is closed")
        sys.stdout.flush()
    except OSError as error:
        give_up_writing(1)
        what = f"{escaped(str(error.filename))} fails" if error.filename else "cannot write the output"
        return complain(IO_ERROR, f"apt-settings: {what}: {error.strerror or error}")
    except click.Abort:
        return 128 + SIGINT
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        return complain(error.exit_code, usage, f"apt-settings: {_message(error)}")
    except SettingsError as error:
        status = IO_ERROR if isinstance(error, CannotWriteError) else WRONG_SETTINGS
        return complain(status, *f"apt-settings: {error}".splitlines())
    return int(status or 0)


def _message(error: click.UsageError) -> str:
    """What is wrong with a command line."""
    if isinstance(error, click.NoSuchOption) and error.ctx:
        return _no_option(error, error.ctx) or error.format_message()
    return error.format_message()


def _no_option(error: click.NoSuchOption, ctx: click.Context) -> str:
    """What to write in place of what is no option: a setting has one that takes it; empty where nothing is near."""
    command, word = ctx.command, error.option_name
    if isinstance(command, LazyGroup) and command is not commands:
        return f"{word} stands before the launcher: write {command.name} {' or '.join(command.names)} first"
    params = command.get_params(ctx)
    taken = {each.name for each in params}
    way, names = "", list[str]()
    if ASSIGNMENTS in taken:
        way, names = "--set", [*registry().settings_of(AptSettings)]
    elif CONDITIONS in taken:
        from ..runs.conditions import FACTS

        way, names = "--where", [*registry().settings_of(AptSettings), *FACTS]
    if way and (setting := setting_of(word, names)):
        return f"{word} is no option: write {way} {setting}=..."
    options = [each for param in params for each in param.opts]
    guesses = [f"{way} {each}=..." if each in names else each for each in nearest(word, (*names, *options))]
    return f"{word} is no option; {did_you_mean(guesses)}" if guesses else ""


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked:
        from ..basics.packages import version_of

        click.echo(f"apt-settings {version_of('apt-settings')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    names=("show", "explain", "check", "env", "schema", "diff", "run", "runs", "plan", "sweep", "job", "release-args"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version and exit."
)
def commands() -> None:
    """Print, check and launch the settings of an APT job.

    Each setting has the value of the first of these that sets it: --set, the environment (APT_ and the
    name in upper case), .env, the paper's Table 6. APT_REFERENCE=release takes the defaults from the
    official release instead of the paper. APT_ENV_FILE names another .env. APT_UNKNOWN=warn turns
    errors about unknown APT_ names into notes. --extend MODULE:NAME, or APT_EXTEND, names a class whose
    fields are settings too.

    Example: APT_TARGET_SPARSITY=0.4 apt-settings show

    Exit status: 0 good, 1 check found problems or diff differences, 2 the command line is wrong, 74 the
    output or a record cannot be written, 78 the settings are wrong. run ends as its command does, and
    job --submit as sbatch or kubectl does.
    """
