"""`job docker`: print a docker run command, and write the env file that it reads."""

import os
from pathlib import Path
from typing import Any, Final

import click

from ..basics.escaping import escaped
from ..basics.exit_status import IO_ERROR
from ..jobs.docker import Container, as_docker_file, render
from ..jobs.request import RECORDS, Request, variables_for
from ..report.tables import notes
from ..sweeps.grid import Sweep
from .grids import INDEX, point_of, takes_grid
from .job_options import IMAGE, NO_EXPECT, ONE_LINE, drop_unset, kept, left_out, like, lost_with_container, text_option
from .options import (
    COMMAND,
    Job,
    WrappingCommand,
    notes_on_command,
    refuse_default_task,
    takes_expected,
    takes_settings,
)
from .output import complain, print_data
from .terminal import print_notes

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]+"
_OPTION: Final = r"--[a-z][^\x00-\x1f\x7f]*"


@click.command(cls=WrappingCommand)
@takes_settings
@takes_expected
@takes_grid
@INDEX
@IMAGE
@text_option("--name", _NAME, "letters, digits, and . _ - after the first", "The container's name.")
@text_option("--gpus", ONE_LINE, "what docker run takes, such as all", "GPUs, as docker run takes them, such as all.")
@click.option(
    "--docker",
    "extra",
    multiple=True,
    type=like(_OPTION, "a long option of docker run, such as --shm-size=8g"),
    metavar="OPTION",
    help="Another option of docker run; repeatable.",
)
@click.option(
    "--write-env-file",
    "written",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the settings to a new file for docker --env-file, instead of one --env for each.",
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
@click.option("--full", is_flag=True, help="Write every setting, not only those that you set.")
@NO_EXPECT
@COMMAND
def docker(
    job: Job,
    sweep: Sweep,
    index: int | None,
    command: tuple[str, ...],
    written: Path | None,
    folder: str,
    full: bool,
    no_expect: bool,
    **options: Any,
) -> int:
    """Print the docker run line of a job.

    The line runs the command with apt-settings run, so the image must have apt-settings. The record is
    written to DIR on this machine. With a grid, --index chooses the point to run.

    Example: apt-settings job docker --task squad --image train --gpus all -- python train.py
    """
    settings = point_of(job, sweep, index)
    refuse_default_task(settings)
    request = Request(
        "", variables_for(settings, full=full, expect=not no_expect), Sweep(()), command, RECORDS, kept=kept(settings)
    )
    container = Container(env_file=str(written or ""), **drop_unset(options))
    line = render(request, container, os.path.abspath(folder))
    if written:
        try:
            with written.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(as_docker_file(request.variables))
        except OSError as error:
            return complain(IO_ERROR, f"apt-settings: {escaped(str(written))} cannot be written: {error.strerror}")
    print_notes(
        [*notes(settings), *notes_on_command(settings, command), *left_out(settings), *lost_with_container(settings)],
        err=True,
    )
    print_data(line)
    return 0
