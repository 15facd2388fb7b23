"""`job`: a job for a launcher."""

import click

from .slurm import slurm


@click.group()
def job() -> None:
    """Write a job for a launcher: SLURM.

    Settings and grid are checked first; the job has all that was set, wherever it runs.

    Example: apt-settings job slurm --task squad -- python train.py
    """


job.add_command(slurm)
