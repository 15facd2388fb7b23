"""`env`: print the settings as variables."""

from typing import Any

import click

from ..basics.exit_status import WRONG_SETTINGS
from ..errors import Note, SettingsError
from ..report.catalog import env_example
from ..report.tables import notes
from ..variables import EXTEND, as_env_file, as_shell, variables
from .job_requests import left_out
from .options import Job, takes_settings
from .output import print_data
from .terminal import print_notes


class _ForEval(click.Command):
    """A command whose output a shell evaluates: where it fails, the output is a command that fails."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError:
            if ctx.params["form"] == "shell":
                print_data(f"(exit {WRONG_SETTINGS})\n")
            raise


@click.command(cls=_ForEval)
@takes_settings
@click.option("--format", "form", type=click.Choice(("shell", "dotenv")), default="shell", show_default=True)
@click.option("--example", is_flag=True, help="Print a .env instead that explains every setting, all commented out.")
def env(job: Job, form: str, example: bool) -> None:
    """Print the resolved settings as variables.

    The format is shell, which a shell reads, or dotenv, which is for a .env; neither can read the other.
    If the settings are wrong, the shell format is a command that fails with status 78. Write a .env to a
    new file, not to the one that is read.

    Example: eval "$(apt-settings env --task squad)" || exit
    """
    if example:
        print_data(env_example())
        return
    settings = job.settings(complete=False)
    groups = settings.controls.get("extend", "")
    if form == "shell":
        print_data(as_shell(({EXTEND: groups} if groups else {}) | variables(settings)))
    else:
        print_data(as_env_file(variables(settings)))
    beside = [Note(f"{EXTEND}={groups} cannot stand in a .env: export it beside this one")] if groups else []
    print_notes([*notes(settings), *left_out(settings), *(beside if form == "dotenv" else [])], err=True)
