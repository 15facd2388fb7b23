"""`schema`: print the JSON Schema of the settings."""

import json

import click

from ..report.schema import json_schema
from .options import Job, takes_settings


@click.command()
@takes_settings
def schema(job: Job) -> None:
    """Print the JSON Schema of the settings.

    It has the meaning, range and default of each setting, for the task that you choose.

    Example: apt-settings schema --task alpaca
    """
    click.echo(json.dumps(json_schema(job.settings(complete=False)), indent=2))
