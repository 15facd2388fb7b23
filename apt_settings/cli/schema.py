"""`schema`: print the JSON Schema of the settings, or of the file of a sweep."""

import json

import click

from ..report.schema import json_schema
from ..report.sweep_schema import sweep_schema
from .options import Job, takes_settings


@click.command()
@takes_settings
@click.option(
    "--for",
    "what",
    type=click.Choice(("job", "sweep")),
    default="job",
    show_default=True,
    help="Print the schema of the settings of a job, or of the TOML file of a sweep.",
)
def schema(job: Job, what: str) -> None:
    """Print the JSON Schema of the settings.

    It has the meaning, range and default of each setting, for the task that you choose. With --for
    sweep, it is the schema of the file that --grid-file reads, for all tasks.

    Example: apt-settings schema --task alpaca
    """
    click.echo(json.dumps(json_schema(job.settings(complete=False)) if what == "job" else sweep_schema(), indent=2))
