"""`job`: a job for a launcher."""

import click

from .lazy import Lazily


@click.group(cls=Lazily)
def job() -> None:
    """Write a job for SLURM, Kubernetes or docker.

    Settings and grid are checked first; the job has all that was set, wherever it runs.

    Example: apt-settings job slurm --task squad -- python train.py
    """


job.names = ("slurm", "kubernetes", "docker")
