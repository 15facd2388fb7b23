"""`job docker`: the command line of docker, and the file that it reads."""

import os
from pathlib import Path
from typing import Any, Final

import click

from ..basics.escaping import escaped
from ..basics.exit_status import IO_ERROR
from ..jobs.docker import Container, as_docker_file, render
from ..jobs.request import RECORDS, Request, given_by
from ..report.tables import notes
from ..sweeps.grid import Sweep
from .grids import INDEX, point_of, takes_grid
from .job_options import ONE_LINE, asks, like, lost_with_container
from .kubernetes import IMAGE
from .options import Job, takes_settings
from .output import complain, print_data
from .run import refuse_default_task
from .terminal import print_notes

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]+"
_OPTION: Final = r"--[a-z][^\x00-\x1f\x7f]*"


@click.command(context_settings={"allow_interspersed_args": False})
@takes_settings
@takes_grid
@INDEX
@click.option("--image", required=True, type=like(IMAGE, "the name of an image, such as registry.example/train:1"))
@asks("--name", _NAME, "letters, digits, and . _ - after the first", "The container's name.")
@asks("--gpus", ONE_LINE, "what docker run takes, such as all", "GPUs, such as all.")
@click.option(
    "--docker",
    "options",
    multiple=True,
    type=like(_OPTION, "a long option of docker run, such as --shm-size=8g"),
    metavar="OPTION",
    help="A further option of docker run; repeatable.",
)
@click.option(
    "--write-env-file",
    "written",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the settings to a new file that docker reads, in place of an option for each.",
)
@click.option(
    "--record",
    "folder",
    default="runs",
    type=like(r"[^:\x00-\x1f\x7f]+", "the path of a folder, without a colon"),
    show_default=True,
    metavar="DIR",
    help="The folder for records.",
)
@click.option("--full", is_flag=True, help="Write every setting, not only what was set.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def docker(
    job: Job,
    sweep: Sweep,
    index: int | None,
    command: tuple[str, ...],
    written: Path | None,
    folder: str,
    full: bool,
    **asked: Any,
) -> int:
    """Print the docker run line of a job.

    The command runs under apt-settings run, which the image must have, and its record comes to DIR on
    this machine. Of a grid, --index says which point.

    Example: apt-settings job docker --task squad --image train --gpus all -- python train.py
    """
    if not command:
        raise click.UsageError("a command is missing: apt-settings job docker --image train -- python train.py")
    settings = point_of(job, sweep, index)
    refuse_default_task(settings)
    request = Request("", given_by(settings, full=full), Sweep(()), command, RECORDS)
    wanted = {option: value for option, value in asked.items() if value}
    line = render(request, Container(env_file=str(written or ""), **wanted), os.path.abspath(folder))
    if written:
        try:
            with written.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(as_docker_file(request.given))
        except OSError as error:
            return complain(IO_ERROR, f"apt-settings: {escaped(str(written))} cannot be written: {error.strerror}")
    print_notes([*notes(settings), *lost_with_container(settings)], err=True)
    print_data(line)
    return 0
