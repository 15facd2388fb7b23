"""`job`: write a job for SLURM, Kubernetes or docker."""

import click

from .lazy import LazyGroup


@click.group(cls=LazyGroup, names=("slurm", "kubernetes", "docker"))
def job() -> None:
    """Write a job for SLURM, Kubernetes or docker.

    The settings and the grid are checked first. The job has every setting that you set, on whatever
    machine it runs.

    Example: apt-settings job slurm --task squad -- python train.py
    """
