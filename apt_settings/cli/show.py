"""`show`: print every setting with its value and origin."""

import click

from ..report.display import COLUMNS
from ..report.tables import as_json, head, lines, notes, shown_names
from ..sources.names import variable_of
from ..variables import REFERENCE, as_env_file, variables
from .options import Job, takes_settings
from .output import print_data
from .terminal import print_notes, print_pairs, print_table


@click.command()
@takes_settings
@click.option("--format", "form", type=click.Choice(("table", "json", "env")), default="table", show_default=True)
@click.option("--overrides-only", is_flag=True, help="Print only the settings that were set, not defaults.")
def show(job: Job, form: str, overrides_only: bool) -> None:
    """Print every setting with its value and where it came from.

    The table also has what a value overrides, and the paper's value if that is another one. The format
    env prints lines for a .env. With env and json, notes go to stderr.

    Example: APT_EPOCHS=30 apt-settings show --task squad
    """
    settings = job.settings(complete=False)
    if form == "table":
        print_pairs(head(settings))
        click.echo()
        if rows := lines(settings, overrides_only=overrides_only):
            print_table(COLUMNS, rows, marking=3)
        else:
            click.echo("nothing is overridden")
        if remarks := notes(settings):
            click.echo()
            print_notes(remarks)
        return
    if form == "json":
        click.echo(as_json(settings, overrides_only=overrides_only))
    else:
        names = shown_names(settings, overrides_only=overrides_only)
        printed = {REFERENCE, *(variable_of(name) for name in names)}
        print_data(as_env_file({name: text for name, text in variables(settings).items() if name in printed}))
    print_notes(notes(settings), err=True)
