"""`job docker`: print a docker run command, and write the env file that it reads."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from ..base import AptSettings
from ..basics.escaping import escaped, spelt
from ..basics.exit_status import IO_ERROR
from ..basics.files import UnreadableError, read_text
from ..errors import Note, SettingsError
from ..jobs.docker import Container, as_docker_file, render, variables_in
from ..jobs.request import RECORDS, Mount, Request, variables_for, why_reserved
from ..registry import registry
from ..report.tables import notes
from ..sweeps.grid import Sweep
from .grids import INDEX, ONLY, check_points, checker_of, chosen_points, point_of, takes_grid
from .job_options import (
    ENV,
    FULL,
    IMAGE,
    NO_EXPECT,
    ONE_LINE,
    drop_fingerprint,
    drop_unset,
    like,
    refuse_mounts,
    refuse_variables,
    text_option,
    volume_option,
)
from .job_requests import hand_on, left_out, lost_with_container
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
from .paths import PathOption
from .terminal import print_notes

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]+"
_OPTION: Final = r"--(?!env(-file)?\b)[a-z][^\x00-\x1f\x7f]*"
_ALLOWED: Final = "a long option of docker run, such as --ipc=host; --env and --env-from are options of their own"
_SIZE: Final = r"[1-9][0-9]*[bkmgBKMG]"
_SOURCE: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]+|\.{1,2}|[^:\x00-\x1f\x7f]*/[^:\x00-\x1f\x7f]*"
_SIZE_LIMIT: Final = 1024 * 1024
"""In bytes, of a file of --env-from."""


@click.command(cls=WrappingCommand)
@takes_settings
@takes_expected
@takes_grid
@INDEX
@ONLY
@IMAGE
@text_option("--name", _NAME, "letters, digits, and . _ - after the first", "The container's name.")
@text_option("--gpus", ONE_LINE, "what docker run takes, such as all", "GPUs, as docker run takes them, such as all.")
@click.option(
    "--docker",
    "extra",
    multiple=True,
    type=like(_OPTION, _ALLOWED),
    metavar="OPTION",
    help="Another option of docker run; repeatable.",
)
@ENV
@click.option(
    "--env-from",
    multiple=True,
    type=like(rf"(?!-){ONE_LINE}", "the path of a file"),
    metavar="FILE",
    help="A file of more variables, such as secrets, as docker --env-file reads it; repeatable.",
)
@volume_option(
    "SOURCE",
    _SOURCE,
    "a volume, or a folder with a / in it",
    "Mount a volume or a folder, :ro to read it only; repeatable.",
)
@text_option("--shm", _SIZE, "a number with b, k, m or g, such as 8g", "The size of /dev/shm.")
@click.option(
    "--write-env-file",
    "written",
    type=PathOption(path_type=Path),
    metavar="PATH",
    help="Write the settings to a new file for docker --env-file, instead of one --env for each.",
)
@click.option(
    "--record",
    "folder",
    default="runs",
    type=like(r"[^:\x00-\x1f\x7f]+", "the path of a folder, without a colon"),
    callback=drop_fingerprint,
    show_default=True,
    metavar="DIR",
    help="The folder for records.",
)
@FULL
@NO_EXPECT
@COMMAND
def docker(
    job: Job,
    sweep: Sweep,
    index: int | None,
    only: frozenset[str] | None,
    command: tuple[str, ...],
    written: Path | None,
    folder: str,
    mounts: tuple[Mount, ...],
    full: bool,
    no_expect: bool,
    **options: Any,
) -> int:
    """Print the docker run line of a job.

    The line runs the command with apt-settings run, so the image must have apt-settings. The record is
    written to DIR on this machine. With a grid, --index chooses the point to run, or --only prints a line
    for each point with that status.

    Example: apt-settings job docker --task squad --image train --gpus all -- python train.py
    """
    refuse_variables({"--env": [variable for variable, _ in options["env"]]})
    refuse_mounts(mounts, {RECORDS: f"--record {folder}"})
    if only and (index is not None or written):
        raise click.UsageError("--only prints a line for each point: --index and --write-env-file do not go with it")
    from_files, remarks = _variables_in(options["env_from"])
    given = [*from_files, *dict(options["env"])]
    mounts = tuple(mount._replace(source=_absolute(mount.source)) for mount in mounts)
    container = Container(env_file=str(written or ""), mounts=mounts, **drop_unset(options))
    every = [point_of(job, sweep, point) for point in (_points(job, sweep, only, folder) if only else [index])]
    refuse_default_task(every[0])
    requests = []
    for settings in every:
        texts = variables_for(settings, full=full, expect=not no_expect)
        request = hand_on(Request(Sweep(()), command, RECORDS, variables=texts), settings, given)
        requests.append(request.in_container(container.image))
        lost = lost_with_container(settings, mounts)
        remarks += [*notes(settings), *notes_on_command(settings, command), *left_out(settings, given), *lost]
    lines = [render(request, container, os.path.abspath(folder)) for request in requests]
    if written and (wrong := _write(written, as_docker_file(requests[0].variables))):
        return complain(IO_ERROR, f"apt-settings: {escaped(str(written))} cannot be written: {wrong}")
    print_notes(list(dict.fromkeys(remarks)), err=True)
    print_data("".join(lines))
    return 0


def _write(path: Path, text: str) -> str | None:
    """Write a text to a new file; returns what is wrong, if anything is."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        return error.strerror
    return None


def _points(job: Job, sweep: Sweep, only: frozenset[str], folder: str) -> list[int]:
    """The points of a grid that stand so by the records of a folder. Raises SettingsError if any point is wrong."""
    if not sweep.axes:
        raise click.UsageError("--only needs a grid")
    checker = checker_of(job, sweep)
    check_points(checker, range(sweep.size))
    return chosen_points(checker, only, Path(folder))


def _absolute(source: str) -> str:
    """A source of docker: a folder by its absolute path, a volume by its name."""
    return os.path.abspath(os.path.expanduser(source)) if "/" in source or source in (".", "..") else source


def _variables_in(files: Sequence[str]) -> tuple[list[str], list[Note]]:
    """The variables in files of --env-from, and a note for each that is not here. Raises SettingsError for one of ours.

    A secret setting may stand there: that is how it reaches the container.
    """
    names = registry().names_of(AptSettings)
    variables: list[str] = []
    remarks = []
    for file in files:
        place = escaped(file)
        try:
            found = variables_in(read_text(file, _SIZE_LIMIT))
        except UnreadableError as error:
            remarks.append(Note(f"{place} cannot be read here: {error}; nothing checks that it sets no setting"))
            continue
        for line, variable in found:
            if not names.is_secret(variable) and (why := why_reserved(variable)):
                raise SettingsError.at(f"{place}:{line}", f"{spelt(variable)} {why}")
            variables.append(variable)
    return variables, remarks
